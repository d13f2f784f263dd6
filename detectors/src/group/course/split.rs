//! Alerts that late events cut in two.

use super::Course;
use crate::group::QUIET_MINUTES;
use crate::time::Minute;

impl Course {
    /// Cuts off what begins a quiet hour or more after the minutes before it, once those in between were taken back: that
    /// is an alert of its own, of which nothing was said yet. What was said is of the older one.
    pub(in crate::group) fn split(&mut self) -> Option<Course> {
        let minutes = || self.minutes.iter().map(|(minute, _)| minute);
        let apart = |(before, after): &(Minute, Minute)| *after >= before.plus(QUIET_MINUTES);
        let (last, first) = minutes().zip(minutes().skip(1)).find(apart).filter(|_| !self.is_fault())?;
        let mut younger = Course { said: None, resolved: false, merged: Vec::new(), ..self.clone() };
        self.keep(|minute| minute <= last);
        younger.keep(|minute| minute >= first);
        // It may have been an alert of its own before: that it is part of the older one is true no more.
        self.merged.retain(|id| *id != younger.id());
        Some(younger)
    }

    /// Keeps some of its minutes, with what belongs to them.
    fn keep(&mut self, keeps: impl Fn(Minute) -> bool) {
        self.minutes.retain(&keeps);
        self.causes.retain(&keeps);
        let (from, to) = (self.start(), self.last().end());
        self.examples.retain(|example| (from..to).contains(&example.time));
        if self.minutes.get(self.best.minute).is_none() {
            self.show_heaviest();
        }
        self.name();
    }
}
