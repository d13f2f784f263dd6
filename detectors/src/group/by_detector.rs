//! The alerts of one entity by their detectors, in the order of their ids. Most entities have those of one or two: a tree
//! has room for eleven from the first on.

use super::course::Course;

/// The alerts of one entity.
#[derive(Debug, Default)]
pub(super) struct ByDetector(Vec<(&'static str, Vec<Course>)>);

impl ByDetector {
    fn place(&self, detector: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(held, _)| (*held).cmp(detector))
    }

    /// Those of a detector, to be added to.
    pub(super) fn of(&mut self, detector: &'static str) -> &mut Vec<Course> {
        let place = self.place(detector).unwrap_or_else(|place| {
            self.0.reserve_exact(1);
            self.0.insert(place, (detector, Vec::new()));
            place
        });
        &mut self.0[place].1
    }

    pub(super) fn get(&self, detector: &str) -> Option<&Vec<Course>> {
        self.place(detector).ok().map(|place| &self.0[place].1)
    }

    pub(super) fn get_mut(&mut self, detector: &str) -> Option<&mut Vec<Course>> {
        self.place(detector).ok().map(|place| &mut self.0[place].1)
    }

    pub(super) fn remove(&mut self, detector: &str) {
        self.0.retain(|(held, _)| *held != detector);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the detectors whose alerts pass.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Vec<Course>) -> bool) {
        self.0.retain_mut(|(_, courses)| keep(courses));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Vec<Course>)> {
        self.0.iter().map(|(detector, courses)| (*detector, courses))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Vec<Course>> {
        self.0.iter().map(|(_, courses)| courses)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Vec<Course>> {
        self.0.iter_mut().map(|(_, courses)| courses)
    }
}

/// Room for one more, and hardly any beside: of its own accord a vector begins with four places and then doubles, and of
/// alerts there are many with a few of each.
pub(super) fn make_room<T>(of: &mut Vec<T>) {
    if of.len() == of.capacity() {
        of.reserve_exact(1 + of.len() / 4);
    }
}
