//! The minutes of an alert, in order. Most alerts have one or two: a tree would take ten times the room.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::detector::Verdict;
use crate::judge::Finding;
use crate::settings::Minutes;
use crate::severity::Severity;
use crate::time::Minute;

/// A number that most minutes are without, in the room of a number. It is never NaN.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(from = "Option<f64>", into = "Option<f64>")]
pub struct Maybe(f64);

impl Maybe {
    /// The number, where there is one.
    #[must_use]
    pub fn get(self) -> Option<f64> {
        (!self.0.is_nan()).then_some(self.0)
    }
}

impl From<Option<f64>> for Maybe {
    fn from(number: Option<f64>) -> Maybe {
        Maybe(number.unwrap_or(f64::NAN))
    }
}

impl From<Maybe> for Option<f64> {
    fn from(number: Maybe) -> Option<f64> {
        number.get()
    }
}

impl PartialEq for Maybe {
    fn eq(&self, other: &Maybe) -> bool {
        self.get() == other.get()
    }
}

/// What a minute of an alert amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// How grave.
    pub severity: Severity,
    /// How many were seen.
    pub seen: u64,
    /// What is usual.
    pub expected: Maybe,
    /// How unlikely that is, as -log10 of p.
    pub surprise: Maybe,
    /// The window that they were seen in.
    pub window: Minutes,
    /// Whether the minute was complete when it was judged.
    pub confirmed: bool,
}

impl Mark {
    pub(super) fn of(finding: &Finding) -> Mark {
        let verdict = &finding.verdict;
        let Finding { confirmed, .. } = *finding;
        let (severity, seen) = (verdict.severity, verdict.seen);
        let Verdict { expected, window, .. } = *verdict;
        let (expected, surprise) = (expected.into(), verdict.surprise.map(|surprise| surprise.t).into());
        Mark { severity, seen, expected, surprise, window, confirmed }
    }
}

/// What each minute of an alert amounts to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Marks(SmallVec<[(Minute, Mark); 1]>);

impl Marks {
    fn place(&self, minute: Minute) -> Result<usize, usize> {
        // Findings come nearly in order.
        match self.0.last() {
            Some((last, _)) if *last < minute => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&minute, |(minute, _)| *minute),
        }
    }

    pub(super) fn get(&self, minute: Minute) -> Option<&Mark> {
        self.place(minute).ok().map(|place| &self.0[place].1)
    }

    /// Puts a minute in its place, instead of what was held of it.
    pub(super) fn insert(&mut self, minute: Minute, mark: Mark) {
        match self.place(minute) {
            Ok(place) => self.0[place].1 = mark,
            Err(place) => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact(1 + self.0.len() / 4);
                }
                self.0.insert(place, (minute, mark));
            }
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(Minute) -> bool) {
        self.0.retain(|(minute, _)| keep(*minute));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn first(&self) -> Option<Minute> {
        self.0.first().map(|(minute, _)| *minute)
    }

    pub(super) fn last(&self) -> Option<Minute> {
        self.0.last().map(|(minute, _)| *minute)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Minute, &Mark)> {
        self.0.iter().map(|(minute, mark)| (*minute, mark))
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.0.iter().map(|(_, mark)| mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_in_order_and_the_last_word_stands() {
        let mark = |seen| Mark {
            severity: Severity::Low,
            seen,
            expected: None.into(),
            surprise: None.into(),
            window: Minutes(1),
            confirmed: true,
        };
        let mut minutes = Marks::default();
        for (minute, seen) in [(5, 1), (9, 2), (7, 3), (5, 4), (1, 5), (9, 6)] {
            minutes.insert(Minute(minute), mark(seen));
        }
        let held: Vec<(i32, u64)> = minutes.iter().map(|(minute, mark)| (minute.0, mark.seen)).collect();
        assert_eq!(held, [(1, 5), (5, 4), (7, 3), (9, 6)]);
        assert_eq!((minutes.first(), minutes.last()), (Some(Minute(1)), Some(Minute(9))));
        assert_eq!((minutes.get(Minute(7)).map(|m| m.seen), minutes.get(Minute(8))), (Some(3), None));
        minutes.retain(|minute| minute.0 > 4);
        assert_eq!(minutes.len(), 3);
    }
}
