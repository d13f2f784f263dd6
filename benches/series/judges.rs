//! The models, as a series meets them: each minute judged at once, then learnt.

use std::f64::consts::LN_10;
use std::rc::Rc;

use lapwing_detectors::stats::errors::{ErrorProfile, ErrorWindows};
use lapwing_detectors::stats::rate::{RateProfile, RateWindows};
use lapwing_detectors::stats::reference::ReferenceRate;
use lapwing_detectors::stats::tails::neg_binomial_ln_sf;
use lapwing_detectors::stats::windows::{LastHour, WIDTHS};

/// Monday 2026-10-05, 00:00 UTC, in minutes since 1970.
const START: i32 = 29_852_640;
/// The size of a negative binomial that is as good as Poisson's distribution, and the windows that four nested ones are worth.
const POISSON: f64 = 1e6;
const SCALES: f64 = 2.2;

/// One of the two forms of the count models, or who knows the mean of each minute and makes the same test.
#[derive(Clone)]
pub(crate) enum Judge {
    Current(Box<(RateProfile, LastHour)>),
    Reference(Box<ReferenceRate>),
    Knowing(Rc<[f64]>, Box<LastHour>),
}

impl Judge {
    pub(crate) fn current() -> Judge {
        Judge::Current(Box::new((RateProfile::new(START), LastHour::new(START))))
    }

    pub(crate) fn reference() -> Judge {
        Judge::Reference(Box::default())
    }

    pub(crate) fn knowing(means: &[f64]) -> Judge {
        Judge::Knowing(means.into(), Box::new(LastHour::new(START)))
    }

    /// The score of minute `i` of a series, which is learnt.
    pub(crate) fn step(&mut self, i: usize, count: u32) -> f64 {
        let minute = START + i as i32;
        match self {
            Judge::Reference(reference) => reference.step(minute, f64::from(count)),
            Judge::Current(_) | Judge::Knowing(..) if count == 0 => 0.0,
            Judge::Knowing(means, hour) => {
                hour.add(minute, count);
                against(&means[..=i], &hour.sums(minute))
            }
            Judge::Current(known) => {
                let (profile, hour) = known.as_mut();
                profile.advance(minute);
                hour.add(minute, count);
                let score = profile.judge(&RateWindows { minute, sums: hour.sums(minute), known_to: minute }).t;
                profile.learn(minute, count);
                score
            }
        }
    }
}

/// The score of windows that end with the last of these means.
fn against(means: &[f64], sums: &[f64; 4]) -> f64 {
    let likelihood = |(seen, width): (&f64, i32)| {
        let mean = means.iter().rev().take(width as usize).sum::<f64>();
        if *seen > mean { -neg_binomial_ln_sf(*seen, mean, POISSON) } else { 0.0 }
    };
    let least = sums.iter().zip(WIDTHS).map(likelihood).fold(0.0, f64::max);
    (least - SCALES.ln()).max(0.0) / LN_10
}

/// The score of each minute of errors and calls.
pub(crate) fn errors(rows: &[(u32, u32)]) -> Vec<f64> {
    let (mut profile, mut errors, mut calls) = (ErrorProfile::new(START), LastHour::new(START), LastHour::new(START));
    let mut step = |(i, (e, n)): (usize, &(u32, u32))| {
        let minute = START + i as i32;
        if *n == 0 {
            return 0.0;
        }
        profile.advance(minute);
        errors.add(minute, *e);
        calls.add(minute, *n);
        let asked = ErrorWindows { minute, errors: errors.sums(minute), calls: calls.sums(minute) };
        let score = if *e == 0 { 0.0 } else { profile.judge(&asked).t };
        profile.learn(minute, *e, *n);
        score
    };
    rows.iter().enumerate().map(&mut step).collect()
}

/// The highest score of each incident: a run above 1.5 that 60 quiet minutes close.
pub(crate) fn incidents(scores: &[f64]) -> Vec<f64> {
    let (mut peaks, mut last): (Vec<f64>, Option<usize>) = (Vec::new(), None);
    for (i, t) in scores.iter().enumerate().filter(|(_, t)| **t > 1.5) {
        match (peaks.last_mut(), last) {
            (Some(peak), Some(last)) if i - last <= 60 => *peak = peak.max(*t),
            _ => peaks.push(*t),
        }
        last = Some(i);
    }
    peaks
}
