//! Rows of a regular step: one for each five minutes, each hour.
//!
//! Such a row says what came from its time on until the next one. In the models events come in a minute; the middle of the
//! step is the one that stands for it best, because what is usual is known for the middles of hours.

/// Steps that are told by so many first rows that are equally far apart.
const TOLD_BY: usize = 3;
/// The steps that rows may have, in minutes. Others are no steps of a file, or too long for a model of hours.
const STEPS: [i32; 6] = [5, 10, 15, 20, 30, 60];

/// Where the rows of one series stand, each of which counts `N`.
#[derive(Debug, Default)]
pub(super) struct Step<N> {
    /// The first rows.
    begun: Vec<(i32, N)>,
    /// Minutes by which rows are moved.
    moved: i32,
    /// Minutes between rows, if that is known; 0 before, and of rows without a step.
    step: i32,
    /// The minute that the last row stands for.
    latest: i32,
}

impl<N: Copy> Step<N> {
    /// The minute that a row stands for. With the third row of a step: the rows so far, as they stand from now on.
    pub(super) fn place(&mut self, minute: i32, count: N) -> (i32, Vec<(i32, N)>) {
        let mut again = Vec::new();
        if self.begun.len() < TOLD_BY {
            self.begun.push((minute, count));
            if let [(first, _), (second, _), (third, _)] = self.begun[..]
                && let (gap, before) = (i64::from(third) - i64::from(second), i64::from(second) - i64::from(first))
                && gap == before
                && let Some(step) = STEPS.into_iter().find(|step| i64::from(*step) == gap)
            {
                (self.step, self.moved) = (step, step / 2);
                again = self.begun[..TOLD_BY - 1]
                    .iter()
                    .map(|(at, count)| (at.saturating_add(self.moved), *count))
                    .collect();
                self.latest = i32::MIN;
            }
        } else if self.moved > 0
            && self
                .begun
                .first()
                .is_some_and(|(first, _)| (i64::from(minute) - i64::from(*first)) % i64::from(self.step) != 0)
        {
            // A row between: there is no such step after all.
            self.moved = 0;
        }
        let placed = minute.saturating_add(self.moved);
        self.latest = if self.begun.len() == 1 { placed } else { placed.max(self.latest) };
        (self.latest, again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where rows of these minutes stand in the end, and the minutes that were moved with the third.
    fn check(minutes: &[i32], wanted: &[i32], moved: &[i32]) {
        let (mut step, mut again) = (Step::default(), Vec::new());
        let placed: Vec<i32> = minutes
            .iter()
            .map(|minute| {
                let (placed, rows) = step.place(*minute, 1);
                again.extend(rows.into_iter().map(|(at, _)| at));
                placed
            })
            .collect();
        assert_eq!((&placed[..], &again[..]), (wanted, moved), "{minutes:?}");
    }

    #[test]
    fn rows_stand_in_the_middle_of_their_step() {
        check(&[0, 1, 2, 3], &[0, 1, 2, 3], &[]);
        check(&[-60, 0, 60, 120, 300], &[-60, 0, 90, 150, 330], &[-30, 30]);
        check(&[0, 5, 10, 15], &[0, 5, 12, 17], &[2, 7]);
        check(&[0, 7, 14, 21], &[0, 7, 14, 21], &[]);
        check(&[0, 5, 15, 20], &[0, 5, 15, 20], &[]);
        check(&[3, 3, 3, 4], &[3, 3, 3, 4], &[]);
        check(&[i32::MIN, 0, i32::MAX], &[i32::MIN, 0, i32::MAX], &[]);
        // A row between: those before it are not gone back behind.
        check(&[0, 60, 120, 125, 160, 161], &[0, 60, 150, 150, 160, 161], &[30, 90]);
    }
}
