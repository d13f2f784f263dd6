//! A cell as it was in time: what levels rest on.
//!
//! Sums and the memory of log streams do not say when they came: nothing that has a chance looks at them.

use super::{Arrival, Cell};
use crate::habit::Habits;

impl Cell {
    /// Did anything in it come late?
    pub(crate) fn has_late(&self) -> bool {
        self.counters.iter().any(|c| c.late > 0)
            || self.occurrences.iter().any(|o| o.arrival == Arrival::Late)
            || self.readings.iter().any(|reading| reading.late > 0)
            || self.habits.all().iter().any(|habit| !habit.on_time)
    }

    /// The same without what came late.
    pub(crate) fn in_time(&self) -> Cell {
        let mut cell = Cell { habits: Habits::default(), ..self.clone() };
        cell.counters.iter_mut().for_each(|c| c.late = 0);
        cell.counters.retain(|c| c.on_time > 0);
        cell.readings.iter_mut().for_each(|reading| reading.late = 0);
        cell.readings.retain(|reading| reading.on_time > 0);
        cell.occurrences.retain(|o| o.arrival == Arrival::OnTime);
        let in_time = self.habits.all().iter().filter(|habit| habit.on_time);
        in_time.for_each(|habit| cell.habits.show(habit.clone()));
        cell
    }
}
