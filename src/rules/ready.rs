//! A rule's conditions, made ready to be asked often: selections looked up, paths taken apart, and what costs little
//! asked first. It says what `rsigma_eval` says of the same rule.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use lapwing_detectors::event::Event;
use lapwing_detectors::rule::Condition;
use memchr::memchr2_iter;
use rsigma_eval::compiler::eval_condition;
use rsigma_eval::{CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule, EventValue};
use rsigma_parser::{ConditionExpr, Quantifier};

use super::asked::{Shared, spelt};
use super::fields::{Field, Seen};
use super::keys::fits;

/// Conditions, of which one that holds is enough.
#[derive(Clone, Debug)]
pub(super) struct Ready(Vec<Node>);

/// A part of a condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    /// So many of them, at least.
    Some(u64, Vec<Node>),
    Not(Box<Node>),
    Item(Arc<Item>),
    /// What is left to `rsigma_eval`: members of lists, and words anywhere.
    Left(HashMap<String, CompiledDetection>),
    /// What other rules ask as well.
    Shared(Arc<Shared>),
}

/// What one member must be.
#[derive(Clone, Debug)]
pub(super) struct Item {
    field: Field,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// It must be there, or not.
    Exists(bool),
    /// It is, or has, one of these words, in lower case, in whichever case it is written. The matcher says the same, and
    /// of other letters than those of ASCII it alone does.
    Word(Words, CompiledMatcher),
    Other(CompiledMatcher),
}

/// What is left of a condition for calls to one API.
enum Left {
    /// All of it.
    Whole,
    /// This.
    Node(Node),
    /// Nothing: it holds, or does not.
    Known(bool),
}

/// Words one after the other: most are told from a text by their lengths, and those lie close together.
#[derive(Clone, Debug, Default)]
struct Words {
    text: String,
    ends: Vec<(usize, Part)>,
}

/// Which part of a text a word must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Start,
    End,
    Any,
}

impl Words {
    fn of(words: &[(String, Part)]) -> Words {
        words.iter().fold(Words::default(), |mut all, (word, part)| {
            all.text.push_str(word);
            all.ends.push((all.text.len(), *part));
            all
        })
    }

    fn are_whole(&self) -> bool {
        self.ends.iter().all(|(_, part)| *part == Part::Whole)
    }

    fn hold(&self, text: &str) -> bool {
        let mut start = 0;
        self.ends.iter().any(|(end, part)| {
            let word = &self.text.as_bytes()[std::mem::replace(&mut start, *end)..*end];
            part.holds(word, text.as_bytes())
        })
    }
}

impl Part {
    fn holds(self, word: &[u8], text: &[u8]) -> bool {
        let Some(rest) = text.len().checked_sub(word.len()) else { return false };
        match self {
            Part::Whole => rest == 0 && text.eq_ignore_ascii_case(word),
            Part::Start => text[..word.len()].eq_ignore_ascii_case(word),
            Part::End => text[rest..].eq_ignore_ascii_case(word),
            Part::Any => {
                let Some(first) = word.first() else { return true };
                let mut begins = memchr2_iter(*first, first.to_ascii_uppercase(), &text[..=rest]);
                begins.any(|at| text[at..at + word.len()].eq_ignore_ascii_case(word))
            }
        }
    }
}

/// Roughly, what it costs to match a pattern, as [`Field::cost`] reckons.
const MATCHED: usize = 3;
/// The name of a selection that stands alone.
const ALONE: &str = "alone";

type Named = HashMap<String, CompiledDetection>;

impl Ready {
    pub(super) fn of(rule: &CompiledRule) -> Ready {
        Ready(rule.conditions.iter().map(|condition| Shared::of(of_condition(condition, &rule.detections))).collect())
    }

    /// Does the rule hold?
    pub(super) fn holds(&self, event: &Seen<'_>) -> bool {
        self.0.iter().any(|node| node.holds(event))
    }

    /// What is left to ask of calls to the same API as this one: the same, without what the names of the API answer.
    pub(super) fn narrowed(&self, like: &Seen<'_>) -> Ready {
        match Node::some_left(1, &self.0, like) {
            Left::Whole => self.clone(),
            Left::Node(node) => Ready(vec![node]),
            Left::Known(true) => Ready(vec![Node::All(Vec::new())]),
            Left::Known(false) => Ready(Vec::new()),
        }
    }

    /// Does it hold for nothing?
    pub(super) fn is_never(&self) -> bool {
        self.0.is_empty()
    }
}

impl Condition for Ready {
    fn holds(&self, event: &Event<'_>) -> bool {
        Ready::holds(self, &Seen(event))
    }
}

fn of_condition(condition: &ConditionExpr, named: &Named) -> Node {
    let all = |parts: &[ConditionExpr]| parts.iter().map(|part| of_condition(part, named)).collect();
    match condition {
        ConditionExpr::And(parts) => Node::all(all(parts)),
        ConditionExpr::Or(parts) => Node::some(1, all(parts)),
        ConditionExpr::Not(inner) => Node::Not(Box::new(of_condition(inner, named))),
        ConditionExpr::Identifier(name) => named.get(name).map_or(Node::some(1, Vec::new()), of_detection),
        ConditionExpr::Selector { quantifier, pattern } => {
            let fitting = named.iter().filter(|(name, _)| fits(pattern, name));
            let nodes = fitting.map(|(_, detection)| of_detection(detection)).collect();
            match quantifier {
                Quantifier::All => Node::all(nodes),
                Quantifier::Any => Node::some(1, nodes),
                Quantifier::Count(n) => Node::some(*n, nodes),
            }
        }
    }
}

fn of_detection(detection: &CompiledDetection) -> Node {
    let node = match detection {
        CompiledDetection::AllOf(items) => Node::all(items.iter().map(of_item).collect()),
        CompiledDetection::AnyOf(parts) => Node::some(1, parts.iter().map(of_detection).collect()),
        CompiledDetection::And(parts) => Node::all(parts.iter().map(of_detection).collect()),
        CompiledDetection::Keywords(_)
        | CompiledDetection::ArrayMatch { .. }
        | CompiledDetection::Conditional { .. } => Node::Left(HashMap::from([(ALONE.to_owned(), detection.clone())])),
    };
    Shared::of(node)
}

fn of_item(item: &CompiledDetectionItem) -> Node {
    let Some(path) = &item.field else {
        let alone = CompiledDetection::AllOf(vec![item.clone()]);
        return Node::Left(HashMap::from([(ALONE.to_owned(), alone)]));
    };
    let test = match (item.exists, words(&item.matcher)) {
        (Some(wanted), _) => Test::Exists(wanted),
        (None, Some(words)) => Test::Word(Words::of(&words), item.matcher.clone()),
        (None, None) => Test::Other(item.matcher.clone()),
    };
    Shared::of(Node::Item(Arc::new(Item { field: Field::of(path), test })))
}

/// The words of which a matcher wants one.
fn words(matcher: &CompiledMatcher) -> Option<Vec<(String, Part)>> {
    let one = |word: &String, part| {
        let lower = word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        lower.then(|| vec![(word.clone(), part)])
    };
    match matcher {
        CompiledMatcher::Exact { value, case_insensitive: true } => one(value, Part::Whole),
        CompiledMatcher::StartsWith { value, case_insensitive: true } => one(value, Part::Start),
        CompiledMatcher::EndsWith { value, case_insensitive: true } => one(value, Part::End),
        CompiledMatcher::Contains { value, case_insensitive: true } => one(value, Part::Any),
        CompiledMatcher::AnyOf(all)
        | CompiledMatcher::CaseInsensitiveGroup { children: all, mode: rsigma_eval::matcher::GroupMode::Any } => {
            all.iter().map(words).collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        _ => None,
    }
}

impl Node {
    /// All of them must hold: first what costs little.
    fn all(mut nodes: Vec<Node>) -> Node {
        nodes.sort_by(Node::cheaper);
        Node::All(nodes)
    }

    fn some(n: u64, mut nodes: Vec<Node>) -> Node {
        nodes.sort_by(Node::cheaper);
        Node::Some(n, nodes)
    }

    fn cheaper(&self, other: &Node) -> Ordering {
        self.cost().cmp(&other.cost())
    }

    /// Roughly, what it costs to ask.
    pub(super) fn cost(&self) -> usize {
        match self {
            Node::All(nodes) | Node::Some(_, nodes) => nodes.iter().map(Node::cost).sum(),
            Node::Not(inner) => inner.cost(),
            Node::Item(item) => item.cost(),
            Node::Left(_) => 1_000,
            Node::Shared(shared) => shared.node().cost(),
        }
    }

    /// What it says, in full; nothing where that cannot be told.
    pub(super) fn spelling(&self) -> Option<String> {
        let all = |nodes: &[Node]| Some(nodes.iter().map(Node::spelling).collect::<Option<Vec<_>>>()?.join(", "));
        match self {
            Node::All(nodes) => all(nodes).map(|nodes| format!("all [{nodes}]")),
            Node::Some(n, nodes) => all(nodes).map(|nodes| format!("{n} of [{nodes}]")),
            Node::Not(inner) => inner.spelling().map(|inner| format!("not ({inner})")),
            Node::Item(item) => item.spelling(),
            Node::Left(_) => None,
            Node::Shared(shared) => shared.node().spelling(),
        }
    }

    /// Does it look at who did it, and at nothing else?
    pub(super) fn is_of_caller(&self) -> bool {
        match self {
            Node::All(nodes) | Node::Some(_, nodes) => nodes.iter().all(Node::is_of_caller),
            Node::Not(inner) => inner.is_of_caller(),
            Node::Item(item) => item.is_of_caller(),
            Node::Left(_) => false,
            Node::Shared(shared) => shared.node().is_of_caller(),
        }
    }

    fn left(&self, like: &Seen<'_>) -> Left {
        match self {
            Node::All(nodes) => Node::some_left(nodes.len() as u64, nodes, like),
            Node::Some(n, nodes) => Node::some_left(*n, nodes, like),
            Node::Not(inner) => match inner.left(like) {
                Left::Whole => Left::Whole,
                Left::Node(node) => Left::Node(Node::Not(Box::new(node))),
                Left::Known(holds) => Left::Known(!holds),
            },
            Node::Item(item) => item.known(like).map_or(Left::Whole, Left::Known),
            Node::Left(_) => Left::Whole,
            Node::Shared(shared) => shared.node().left(like),
        }
    }

    /// What is left where so many of some must hold.
    fn some_left(n: u64, nodes: &[Node], like: &Seen<'_>) -> Left {
        let (mut held, mut left, mut whole) = (0, Vec::new(), true);
        for node in nodes {
            let part = node.left(like);
            whole &= matches!(part, Left::Whole);
            match part {
                Left::Whole => left.push(node.clone()),
                Left::Node(node) => left.push(node),
                Left::Known(holds) => held += u64::from(holds),
            }
        }
        if whole && !nodes.is_empty() {
            return Left::Whole;
        }
        let (wanted, there) = (n.saturating_sub(held), left.len() as u64);
        match left.pop() {
            _ if wanted == 0 => Left::Known(true),
            _ if wanted > there => Left::Known(false),
            Some(only) if there == 1 => Left::Node(only),
            last => {
                left.extend(last);
                Left::Node(if wanted == there { Node::All(left) } else { Node::Some(wanted, left) })
            }
        }
    }

    pub(super) fn holds(&self, event: &Seen<'_>) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.holds(event)),
            Node::Some(1, nodes) => nodes.iter().any(|node| node.holds(event)),
            Node::Some(n, nodes) => nodes.iter().filter(|node| node.holds(event)).count() as u64 >= *n,
            Node::Not(inner) => !inner.holds(event),
            Node::Item(item) => item.holds(event),
            Node::Left(named) => {
                eval_condition(&ConditionExpr::Identifier(ALONE.to_owned()), named, event, &mut Vec::new())
            }
            Node::Shared(shared) => shared.holds(event),
        }
    }
}

impl Item {
    fn cost(&self) -> usize {
        let matched = match &self.test {
            Test::Exists(_) => false,
            Test::Word(words, _) => !words.are_whole(),
            Test::Other(_) => true,
        };
        self.field.cost() + if matched { MATCHED } else { 0 }
    }

    fn is_of_caller(&self) -> bool {
        // `fieldref` looks at another member, and cannot be spelt.
        self.field.is_of_caller() && self.spelling().is_some()
    }

    /// The answer that the names of the API of a call give: the same for all calls to it.
    fn known(&self, like: &Seen<'_>) -> Option<bool> {
        let named = self.field.is_of_api() && self.spelling().is_some() && self.field.value(like.0).is_some();
        named.then(|| self.holds(like))
    }

    fn spelling(&self) -> Option<String> {
        let test = match &self.test {
            Test::Exists(wanted) => format!("exists {wanted}"),
            Test::Word(_, matcher) | Test::Other(matcher) => spelt(matcher)?,
        };
        Some(format!("{:?} {test}", self.field.path()))
    }

    fn holds(&self, event: &Seen<'_>) -> bool {
        let value = self.field.value(event.0);
        match (&self.test, value) {
            (Test::Exists(wanted), value) => value.is_some_and(|value| !value.is_null()) == *wanted,
            (Test::Word(words, _), Some(EventValue::Str(text))) if text.is_ascii() => words.hold(&text),
            (Test::Word(_, matcher) | Test::Other(matcher), Some(value)) => matcher.matches(&value, event),
            (Test::Word(_, matcher) | Test::Other(matcher), None) => matches!(matcher, CompiledMatcher::Null),
        }
    }
}

#[cfg(test)]
mod tests;
