//! Excesses that come at the same time of the day again: a nightly job, a report at nine. The first one is remarkable,
//! the next is what was to be expected at that time.

use crate::stats::windows::WIDTHS;

/// As many are remembered.
pub(in crate::stats) const REMEMBERED: usize = 5;
/// It counts as the same time when it is this near, in minutes.
const NEAR: i32 = 20;
/// Longer excesses are changes of level, not jobs.
const LONGEST: i32 = 90;
/// The length of one that is going on is known up to this, which is far too long.
const LONGEST_KNOWN: i32 = 255;
/// Days that an excess is remembered after it came last: weekly jobs come again within them.
const DAYS: i32 = 8;
/// Visits that make a habit.
const USUAL: u8 = 2;
/// Minutes without an excess that end one.
const QUIET: i32 = 60;
const DAY: i32 = 1440;

/// An excess and when it came.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::stats) struct Excess {
    /// The minute of the day when it began.
    pub(in crate::stats) from: u16,
    /// How long it lasted, in minutes.
    pub(in crate::stats) span: u8,
    /// How often it came; 0 of an empty place.
    pub(in crate::stats) visits: u8,
    /// The day when it came last, in days since 1970, less whole multiples of 256.
    pub(in crate::stats) day: u8,
    /// The largest counts of the windows, as [`Log`].
    pub(in crate::stats) peaks: [Log; 4],
}

/// A count to within 3 %, in a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::stats) struct Log(pub(in crate::stats) u8);

/// Steps of [`Log`] to a doubling.
const STEPS: f64 = 12.0;

impl Log {
    fn new(count: f64) -> Log {
        Log((libm::log2(count + 1.0) * STEPS + 0.5).clamp(0.0, 255.0) as u8)
    }

    fn get(self) -> f64 {
        libm::exp2(f64::from(self.0) / STEPS) - 1.0
    }
}

/// The excess that is going on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::stats) struct Open {
    pub(in crate::stats) from: i32,
    pub(in crate::stats) last: i32,
    pub(in crate::stats) peaks: [Log; 4],
}

/// The excesses of one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::stats) struct Recurring {
    pub(in crate::stats) known: [Excess; REMEMBERED],
    pub(in crate::stats) open: Option<Open>,
}

impl Excess {
    fn days_ago(&self, minute: i32) -> i32 {
        i32::from((minute.div_euclid(DAY) as u8).wrapping_sub(self.day))
    }

    /// Did it come at this time of the day, lately, or within the `width` minutes before?
    fn fits(&self, minute: i32, width: i32) -> bool {
        let since = (minute.rem_euclid(DAY) - i32::from(self.from) + NEAR).rem_euclid(DAY);
        self.visits > 0 && self.days_ago(minute) <= DAYS && since <= i32::from(self.span) + 2 * NEAR + width
    }
}

impl Recurring {
    /// The most that earlier days had in each window at this time, and how often it came.
    pub(in crate::stats) fn at(&self, minute: i32) -> Option<([f64; 4], u8)> {
        let mut visits = 0;
        let mut peaks = [0.0; 4];
        for excess in self.known.iter().filter(|excess| excess.visits > 0) {
            for (w, width) in WIDTHS.into_iter().enumerate().filter(|(_, width)| excess.fits(minute, *width)) {
                peaks[w] = excess.peaks[w].get().max(peaks[w]);
                visits = visits.max(if width == 60 { excess.visits } else { 0 });
            }
        }
        (visits > 0).then_some((peaks, visits))
    }

    /// Has an excess come at this time often enough that the next one teaches nothing about other times?
    pub(in crate::stats) fn is_usual(&self, minute: i32) -> bool {
        self.at(minute).is_some_and(|(_, visits)| visits >= USUAL)
    }

    /// Notes that the windows that end with `minute` hold far more than is usual.
    pub(in crate::stats) fn note(&mut self, minute: i32, sums: &[f64; 4]) {
        self.settle(minute);
        let new = sums.map(Log::new);
        match &mut self.open {
            None => self.open = Some(Open { from: minute, last: minute, peaks: new }),
            Some(open) => {
                open.last = minute;
                open.from = open.from.max(minute - LONGEST_KNOWN);
                for (peak, new) in open.peaks.iter_mut().zip(new) {
                    *peak = (*peak).max(new);
                }
            }
        }
    }

    /// Remembers the excess that was going on, if it is over by `minute`.
    pub(in crate::stats) fn settle(&mut self, minute: i32) {
        let Some(open) = self.open.filter(|open| minute - open.last > QUIET) else { return };
        self.open = None;
        let span = open.last - open.from;
        if span > LONGEST {
            return;
        }
        let day = open.from.div_euclid(DAY) as u8;
        let new =
            Excess { from: open.from.rem_euclid(DAY) as u16, span: span as u8, visits: 1, day, peaks: open.peaks };
        if let Some(same) = self.known.iter_mut().find(|excess| excess.fits(open.from, 0)) {
            let mut peaks = same.peaks;
            for (peak, new) in peaks.iter_mut().zip(open.peaks) {
                *peak = Log(new.0.max(peak.0.saturating_sub(1)));
            }
            *same = Excess {
                visits: same.visits.saturating_add(1),
                peaks,
                span: new.span.max(same.span.saturating_sub(1)),
                ..new
            };
            return;
        }
        let worth = |excess: &&mut Excess| {
            (excess.visits > 0, excess.days_ago(open.from) <= DAYS, excess.visits, -excess.days_ago(open.from))
        };
        if let Some(least) = self.known.iter_mut().min_by_key(worth) {
            *least = new;
        }
    }
}
