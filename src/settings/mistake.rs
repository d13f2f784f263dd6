//! What is wrong with the settings: all of it at once, each with its place, and a way out.

use std::fmt;

use crate::report::clean::clean;

/// As much of a value or a key as a message repeats, in characters.
const QUOTE_LIMIT: usize = 80;

/// More names than these are too many for a hint.
const LISTED: usize = 20;

/// One mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its line, from 1; `None` for a variable of the environment.
    pub line: Option<usize>,
    /// The key or the variable; empty where the text is not even TOML.
    pub key: String,
    /// What was found, and what was wanted.
    pub what: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Every mistake of one settings file, or of the environment; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The file as its user named it, or `environment`.
    pub place: String,
    /// In the order of their lines.
    pub found: Vec<Mistake>,
}

/// One `PLACE:LINE: KEY: WHAT` for each, and a `hint:` line below it where there is one.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.found.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}lapwing: {}:", quote(&self.place))?;
            if let Some(line) = mistake.line {
                write!(f, "{line}:")?;
            }
            if !mistake.key.is_empty() {
                write!(f, " {}:", mistake.key)?;
            }
            write!(f, " {}", mistake.what)?;
            if let Some(hint) = &mistake.hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

/// Why a value was refused; the reader adds what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Goes on after "… is not ".
    pub(super) wanted: String,
    /// What to write instead.
    pub(super) hint: Option<String>,
}

impl Wrong {
    pub(super) fn new(wanted: impl Into<String>) -> Wrong {
        Wrong { wanted: wanted.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Wrong {
        Wrong { hint: Some(hint.into()), ..self }
    }
}

/// A piece of the user's text, safe on a terminal and not too long.
pub(super) fn quote(text: &str) -> String {
    clean(text, QUOTE_LIMIT).into_owned()
}

/// A hint to the nearest of the known names, or to all of them where none is near.
pub(super) fn did_you_mean(found: &str, known: &[&str]) -> Option<String> {
    match nearest(found, known) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None if known.len() > LISTED => Some("`lapwing detectors` lists them".to_owned()),
        None => Some(format!("known here: {}", known.join(", "))),
    }
}

/// The known name that is most like a found one, if any is alike enough to be meant.
#[must_use]
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    // Below 0.8, names that share little but a letter or two come up.
    let folded = |name: &str| name.to_lowercase().replace('_', "-");
    let likeness = |name: &str| strsim::jaro_winkler(&folded(found), &folded(name));
    let (best, name) = known.iter().map(|name| (likeness(name), *name)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best >= 0.8).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_meant() {
        for (found, wanted) in [
            ("denid-burst", Some("denied-burst")),
            ("denied", Some("denied-burst")),
            ("denied_burst", Some("denied-burst")),
            ("RootUse", Some("root-use")),
            ("enable", Some("enabled")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(found, &["denied-burst", "root-use", "enabled"]), wanted, "{found:?}");
        }
    }
}
