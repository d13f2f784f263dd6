//! The examples of a cell: a few events by which people find the others.

use std::sync::Arc;

use super::Cell;
use crate::alert::Example;
use crate::measure::Measure;

/// Examples kept for each measure of a cell.
const EXAMPLES: usize = 3;

impl Cell {
    /// Would an example of this time be kept? Spares making one that would not be.
    pub fn wants_example(&self, measure: Measure, time: chrono::DateTime<chrono::Utc>) -> bool {
        let mut held = self.examples.iter().filter(|(m, _)| *m == measure);
        held.nth(EXAMPLES - 1).is_none_or(|(_, last)| time <= last.time)
    }

    /// Keeps an example, if it is one of the three smallest by time and id of its measure.
    pub fn exemplify(&mut self, measure: Measure, example: Arc<Example>) {
        let smaller = |(m, held): &(Measure, Arc<Example>)| (*m, held.as_ref()) < (measure, example.as_ref());
        // Logs come nearly in order: most often it comes last.
        let place = self.examples.iter().rposition(smaller).map_or(0, |at| at + 1);
        if self.examples.get(place).is_some_and(|(m, held)| *m == measure && *held == example) {
            return;
        }
        let ahead = self.examples[..place].iter().rev().take_while(|(m, _)| *m == measure).count();
        if ahead >= EXAMPLES {
            return;
        }
        self.examples.insert(place, (measure, example));
        let behind = self.examples[place + 1..].iter().take_while(|(m, _)| *m == measure).count();
        if ahead + behind >= EXAMPLES {
            self.examples.remove(place + behind);
        }
    }

    /// The examples of a measure, by time and id.
    pub fn examples(&self, measure: Measure) -> impl Iterator<Item = &Arc<Example>> {
        self.examples.iter().filter(move |(m, _)| *m == measure).map(|(_, example)| example)
    }
}
