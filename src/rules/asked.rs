//! Conditions that several rules have in common: compiled once, and asked once of each event. So a correlation costs
//! next to nothing beside the rules that it names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lapwing_detectors::event::{Asked, What};
use rsigma_eval::CompiledMatcher;
use rsigma_eval::matcher::GroupMode;
use xxhash_rust::xxh3::xxh3_128;

use super::fields::Seen;
use super::ready::Node;

/// Answers that cost less than this to find are not worth remembering.
const WORTH: usize = 4;

/// A condition that other rules may have too.
#[derive(Debug)]
pub(super) struct Shared {
    node: Node,
    about: About,
    /// The number under which the answer is remembered, where it is.
    number: OnceLock<u8>,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// Any member of the event. Its answers are remembered once a second rule has it.
    Event,
    /// Who did it and nothing else: the answer is the same for all events with the same text there.
    Caller,
}

/// The conditions of all rules that were made ready, by a hash of what they say.
#[derive(Default)]
struct Held {
    nodes: HashMap<u128, Arc<Shared>>,
    /// How many numbers were given, for each of [`About`].
    numbers: [u8; 2],
}

impl Held {
    fn number(&mut self, shared: &Shared) {
        let given = &mut self.numbers[shared.about as usize];
        if *given < Asked::MOST && shared.number.set(*given).is_ok() {
            *given += 1;
        }
    }
}

static HELD: OnceLock<Mutex<Held>> = OnceLock::new();

impl Shared {
    /// The condition that says the same, or this one where there is none yet. What costs little, or cannot be spelt, stays
    /// as it is.
    pub(super) fn of(node: Node) -> Node {
        let Some(spelling) = Some(&node).filter(|node| node.cost() >= WORTH).and_then(Node::spelling) else {
            return node;
        };
        let spelling = xxh3_128(spelling.as_bytes());
        // What a panic left behind is still right.
        let mut held = HELD.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = held.nodes.get(&spelling).map(Arc::clone) {
            held.number(&shared);
            return Node::Shared(shared);
        }
        let about = if node.is_of_caller() { About::Caller } else { About::Event };
        let shared = Arc::new(Shared { node, about, number: OnceLock::new() });
        if about == About::Caller {
            held.number(&shared);
        }
        held.nodes.insert(spelling, Arc::clone(&shared));
        Node::Shared(shared)
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Does it hold?
    pub(super) fn holds(&self, event: &Seen<'_>) -> bool {
        let (Some(number), What::Call(call)) = (self.number.get(), &event.0.what) else {
            return self.node.holds(event);
        };
        match (self.about, call.recall) {
            (About::Caller, Some(recall)) => recall.asked.ask(*number, || self.node.holds(event)),
            (About::Caller, None) => self.node.holds(event),
            (About::Event, _) => call.asked.ask(*number, || self.node.holds(event)),
        }
    }
}

/// What a matcher says, in full: two that are spelt alike say the same. Nothing of those that rules seldom share.
pub(super) fn spelt(matcher: &CompiledMatcher) -> Option<String> {
    let text = |kind: &str, value: &str, folded: &bool| Some(format!("{kind} {folded} {value:?}"));
    let all = |kind: &str, parts: &[CompiledMatcher]| {
        Some(format!("{kind} [{}]", parts.iter().map(spelt).collect::<Option<Vec<_>>>()?.join(", ")))
    };
    match matcher {
        CompiledMatcher::Exact { value, case_insensitive } => text("exact", value, case_insensitive),
        CompiledMatcher::Contains { value, case_insensitive } => text("contains", value, case_insensitive),
        CompiledMatcher::StartsWith { value, case_insensitive } => text("starts", value, case_insensitive),
        CompiledMatcher::EndsWith { value, case_insensitive } => text("ends", value, case_insensitive),
        // Its flags stand in it.
        CompiledMatcher::Regex(regex) => Some(format!("regex {:?}", regex.as_str())),
        CompiledMatcher::AhoCorasickSet { case_insensitive, needles, .. } => {
            Some(format!("needles {case_insensitive} {needles:?}"))
        }
        CompiledMatcher::Cidr(net) => Some(format!("cidr {net}")),
        CompiledMatcher::Null => Some("null".to_owned()),
        CompiledMatcher::BoolEq(value) => Some(format!("bool {value}")),
        CompiledMatcher::NumericEq(n) => Some(format!("number {n}")),
        CompiledMatcher::Not(inner) => spelt(inner).map(|inner| format!("not ({inner})")),
        CompiledMatcher::AnyOf(parts) => all("any", parts),
        CompiledMatcher::AllOf(parts) => all("all", parts),
        CompiledMatcher::CaseInsensitiveGroup { children, mode: GroupMode::Any } => all("folded any", children),
        CompiledMatcher::CaseInsensitiveGroup { children, mode: GroupMode::All } => all("folded all", children),
        _ => None,
    }
}
