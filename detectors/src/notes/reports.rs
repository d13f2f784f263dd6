//! What is noted of the reports of invocations.

use super::{Notes, Shown};
use crate::cell::Cell;
use crate::event::{Event, Line, What};
use crate::hash::hash_one;
use crate::meter::Steps;

/// What a report measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported {
    /// The place of its touch.
    touch: u32,
    steps: Steps,
    /// The most megabytes that its sandbox used; 0 where it does not say.
    used: u16,
}

impl Reported {
    pub(super) fn touch(&self) -> usize {
        self.touch as usize
    }

    pub(super) fn of_touch(&self, touch: u32) -> Reported {
        Reported { touch, ..*self }
    }
}

impl Notes {
    /// Notes a report, for the touch that comes next.
    pub(super) fn report(&mut self, event: &Event<'_>, steps: &Steps) {
        let used = match event.what {
            What::Log(log) => match log.line {
                Line::Report(report) => report.memory_used_mb.unwrap_or(0).min(u32::from(u16::MAX)) as u16,
                _ => 0,
            },
            What::Call(_) => 0,
        };
        self.reports.push(Reported { touch: self.touches.len() as u32, steps: *steps, used });
    }

    /// The report that the touch at that place is, if it is one.
    pub(super) fn reported(&self, place: usize) -> Option<&Reported> {
        let at = self.reports.binary_search_by_key(&place, |held| held.touch as usize).ok()?;
        self.reports.get(at)
    }

    /// Adds what the touch at that place measured to a cell.
    pub fn read(&self, place: usize, cell: &mut Cell) {
        let Some(report) = self.reported(place) else { return };
        let touch = &self.touches[place];
        let minute = touch.minute.of_hour();
        cell.read(minute, &report.steps);
        let stream = self.shown(self.note(touch), Shown::Session);
        if report.used > 0 && !stream.is_empty() {
            cell.track(minute, hash_one(stream) as u32, report.used);
        }
    }
}
