//! Settings of a detector: its struct is the whole of it. One method per detector names each field once, with its
//! meaning and range; reading a config file, overrides, help text and the documentation page all walk through it.

use serde::{Deserialize, Serialize};

use crate::severity::Severity;

/// A span of whole minutes of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minutes(pub u32);

/// One field of a detector's settings, as a person meets it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key in the config file, in snake_case.
    pub name: &'static str,
    /// What it decides, in one sentence without a full stop.
    pub doc: &'static str,
    /// The smallest value allowed (minutes for a [`Value::Minutes`]).
    pub min: f64,
    /// The largest value allowed.
    pub max: f64,
}

/// The value of a field, to be read or set.
#[derive(Debug)]
pub enum Value<'a> {
    /// A whole number of things.
    Count(&'a mut u32),
    /// A span of event time, written `"10m"` or `"1h"`.
    Minutes(&'a mut Minutes),
    /// A share between 0 and 100, in per cent.
    Percent(&'a mut f64),
    /// How many times the usual.
    Ratio(&'a mut f64),
    /// A severity by its name.
    Severity(&'a mut Severity),
}

/// Somebody who walks through the fields of a detector.
pub trait Visit {
    /// Called once for each field, in the order of the documentation.
    fn field(&mut self, field: Field, value: Value<'_>);
}
