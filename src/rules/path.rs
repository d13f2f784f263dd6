//! Paths to members of JSON objects.

use rsigma_parser::fieldpath::{first_unescaped, unescape_brackets};

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Into a member, of every member of a list.
    Key(String),
    /// To one member of a list; negative from its end.
    Index(i64),
}

/// A path such as `userIdentity.type` or `requestParameters.items[0].name`.
#[derive(Clone, Debug)]
pub(super) struct Path(Vec<Step>);

impl Path {
    pub(super) fn of(path: &str) -> Path {
        let mut steps = Vec::new();
        for part in path.split('.') {
            match first_unescaped(part, b'[').and_then(|at| Some((&part[..at], indexes(&part[at..])?))) {
                Some((name, indexes)) => {
                    if !name.is_empty() {
                        steps.push(Step::Key(unescape_brackets(name).into_owned()));
                    }
                    steps.extend(indexes.into_iter().map(Step::Index));
                }
                None => steps.push(Step::Key(unescape_brackets(part).into_owned())),
            }
        }
        Path(steps)
    }

    /// The path without its first member.
    pub(super) fn below(&self) -> Path {
        Path(self.0.iter().skip(1).cloned().collect())
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of its last member.
    pub(super) fn last(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| if let Step::Key(name) = step { Some(name.as_str()) } else { None })
    }
}

fn indexes(text: &str) -> Option<Vec<i64>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.split("][").map(|index| index.parse().ok()).collect()
}
