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
/// The most that is counted of visits and of spread, the spread of what came once, and the visits that it is a mean of.
const MOST: u8 = 15;
const SPREAD: u8 = 3;
const SPREAD_VISITS: f64 = 4.0;
/// Sizes differ by as much where they never did, in tenths.
const LEAST_SPREAD: f64 = 1.0;
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
    /// How often it came, up to 15; 0 of an empty place.
    pub(in crate::stats) visits: u8,
    /// How much its size changes from one visit to the next, up to 15: the mean of |ln of the ratio|, in tenths.
    pub(in crate::stats) spread: u8,
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

/// What earlier days had at some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::stats) struct Usual {
    /// The most events in each window.
    pub(in crate::stats) peaks: [f64; 4],
    /// How often it came.
    pub(in crate::stats) visits: u8,
    /// The mean of |ln of the ratio| of its sizes.
    pub(in crate::stats) spread: f64,
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

    /// The spread when it has come once more, with so many events in its widest window.
    fn spread_with(&self, events: Log) -> u8 {
        let ratio = f64::from(events.0.abs_diff(self.peaks[3].0)) / STEPS * std::f64::consts::LN_2 * 10.0;
        let weight = 1.0 / (f64::from(self.visits) + 1.0).min(SPREAD_VISITS);
        let spread = f64::from(self.spread) * (1.0 - weight) + ratio * weight;
        ((spread + 0.5) as u8).min(MOST)
    }
}

impl Recurring {
    /// The most that earlier days had in each window at this time.
    pub(in crate::stats) fn at(&self, minute: i32) -> Option<Usual> {
        let mut usual = Usual { peaks: [0.0; 4], visits: 0, spread: 0.0 };
        for excess in self.known.iter().filter(|excess| excess.fits(minute, WIDTHS[3])) {
            for (w, _) in WIDTHS.into_iter().enumerate().filter(|(_, width)| excess.fits(minute, *width)) {
                usual.peaks[w] = excess.peaks[w].get().max(usual.peaks[w]);
            }
            usual.visits = usual.visits.max(excess.visits);
            usual.spread = usual.spread.max((f64::from(excess.spread) + LEAST_SPREAD) / 10.0);
        }
        (usual.visits > 0).then_some(usual)
    }

    /// Has an excess come at this time often enough that the next one teaches nothing about other times?
    pub(in crate::stats) fn is_usual(&self, minute: i32) -> bool {
        self.at(minute).is_some_and(|usual| usual.visits >= USUAL)
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
        let from = open.from.rem_euclid(DAY) as u16;
        let new = Excess { from, span: span as u8, visits: 1, spread: SPREAD, day, peaks: open.peaks };
        if let Some(same) = self.known.iter_mut().find(|excess| excess.fits(open.from, 0)) {
            let mut peaks = same.peaks;
            for (peak, new) in peaks.iter_mut().zip(open.peaks) {
                *peak = Log(new.0.max(peak.0.saturating_sub(1)));
            }
            // It may come as early and as late as it did, a minute less for each visit.
            let after = (i32::from(from) - i32::from(same.from) + NEAR).rem_euclid(DAY) - NEAR;
            let (begin, end) = (after.min(1), (after + span).max(i32::from(same.span) - 1));
            *same = Excess {
                visits: (same.visits + 1).min(MOST),
                spread: same.spread_with(open.peaks[3]),
                peaks,
                from: (i32::from(same.from) + begin).rem_euclid(DAY) as u16,
                span: (end - begin).clamp(0, LONGEST_KNOWN) as u8,
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
