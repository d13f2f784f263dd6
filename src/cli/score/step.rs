//! Rows of a regular step: one for each five minutes, each hour.
//!
//! Such a row says what came from its time on until the next one. In the models events come in a minute; the middle of the
//! step is the one that stands for it best, because what is usual is known for the middles of hours.

/// Steps that are told by so many first rows that are equally far apart.
const TOLD_BY: usize = 3;
/// The steps that rows may have, in minutes. Others are no steps of a file, or too long for a model of hours.
const STEPS: [i32; 6] = [5, 10, 15, 20, 30, 60];

/// Where the rows of one series stand.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The minutes of the first rows.
    begun: Vec<i32>,
    /// Minutes between rows, as long as all keep to them; 0 before that is known, and of rows without a step.
    step: i32,
    /// The minute that the last row stands for.
    latest: Option<i32>,
}

impl Step {
    /// The minute that a row stands for: from the third row of a step on, its middle.
    pub(super) fn place(&mut self, minute: i32) -> i32 {
        if self.begun.len() < TOLD_BY {
            self.begun.push(minute);
            self.step = step_of(&self.begun);
        } else if self.begun.first().is_some_and(|first| !self.keeps_to(minute, *first)) {
            self.step = 0;
        }
        let placed = minute.saturating_add(self.step / 2);
        // A row between shows that there is no such step after all: those before it are not gone back behind.
        *self.latest.insert(self.latest.map_or(placed, |latest| latest.max(placed)))
    }

    fn keeps_to(&self, minute: i32, first: i32) -> bool {
        self.step == 0 || (i64::from(minute) - i64::from(first)) % i64::from(self.step) == 0
    }
}

/// The step of the first rows; 0 where they have none.
fn step_of(begun: &[i32]) -> i32 {
    let [first, second, third] = *begun else { return 0 };
    let (before, gap) = (i64::from(second) - i64::from(first), i64::from(third) - i64::from(second));
    STEPS.into_iter().find(|step| before == gap && i64::from(*step) == gap).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minutes that rows of these minutes stand for.
    fn check(minutes: &[i32], wanted: &[i32]) {
        let mut step = Step::default();
        let placed: Vec<i32> = minutes.iter().map(|minute| step.place(*minute)).collect();
        assert_eq!(placed, wanted, "{minutes:?}");
    }

    #[test]
    fn rows_stand_in_the_middle_of_their_step() {
        check(&[0, 1, 2, 3], &[0, 1, 2, 3]);
        check(&[-60, 0, 60, 120, 300], &[-60, 0, 90, 150, 330]);
        check(&[0, 5, 10, 15], &[0, 5, 12, 17]);
        check(&[0, 7, 14, 21], &[0, 7, 14, 21]);
        check(&[0, 5, 15, 20], &[0, 5, 15, 20]);
        check(&[3, 3, 3, 4], &[3, 3, 3, 4]);
        check(&[i32::MIN, 0, i32::MAX], &[i32::MIN, 0, i32::MAX]);
        // A row between: those before it are not gone back behind.
        check(&[0, 60, 120, 125, 160, 161], &[0, 60, 150, 150, 160, 161]);
    }
}
