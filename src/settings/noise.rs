//! Which noise profiles are on.

use std::collections::BTreeSet;

use super::toml::Section;
use crate::noise::profiles;

/// Which noise profiles are switched off; none unless set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// By name.
    pub off: BTreeSet<&'static str>,
}

impl Noise {
    /// Is the profile of that name on?
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        !self.off.contains(name)
    }

    pub(super) fn read(&mut self, section: &Section<'_>) {
        for profile in &profiles().all {
            if section.flag(profile.name()) == Some(false) {
                self.off.insert(profile.name());
            }
        }
        section.finish();
    }
}
