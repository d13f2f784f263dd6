//! The search for a window that ends in a minute and holds what a correlation wants.

use hashbrown::{HashMap, HashSet};

use crate::cell::Occurrence;
use crate::time::Minute;

use super::plan::{Count, Pattern, Plan, STEPS};

/// An occurrence of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held<'a> {
    pub(super) occurrence: &'a Occurrence,
    step: usize,
    /// The second that it happened in: the resolution of CloudTrail.
    at: i64,
}

impl<'a> Held<'a> {
    pub(super) fn of(step: usize, occurrence: &'a Occurrence) -> Held<'a> {
        Held { occurrence, step, at: occurrence.example.time.timestamp() }
    }

    fn place(&self) -> (u64, i64, u64, usize) {
        (self.group(), self.at, self.occurrence.event, self.step)
    }

    fn group(&self) -> u64 {
        self.occurrence.value >> 32
    }

    fn is_in(&self, minute: Minute) -> bool {
        Minute::of(self.occurrence.example.time) == minute
    }
}

impl PartialEq for Held<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.step, self.occurrence.event) == (other.step, other.occurrence.event)
    }
}

/// What of the occurrences of an hour windows that end in later ones need: of such an hour they hold a part that ends
/// with it, so the last ones of each group tell all.
pub(super) fn sift<'a>(plan: &Plan, mut held: Vec<Held<'a>>) -> Vec<Held<'a>> {
    held.sort_by_key(Held::place);
    let groups = held.chunk_by(|one, other| one.group() == other.group());
    let kept = groups.map(|group| match plan.pattern {
        Pattern::Events(count) => group[group.len().saturating_sub(count.kept().into())..].to_vec(),
        Pattern::Values(count) => last_values(group, count.kept().into()),
        Pattern::Together(_) => last_of_each(group),
        Pattern::Ordered => last_chains(plan.steps, group),
    });
    kept.flatten().collect()
}

/// The last occurrence of each of the values that came last.
fn last_values<'a>(group: &[Held<'a>], most: usize) -> Vec<Held<'a>> {
    let mut values = HashSet::new();
    group.iter().rev().filter(|held| values.insert(held.occurrence.value)).take(most).copied().collect()
}

/// For each step, the latest chain of it and those before it: windows that end later go on from one of them.
fn last_chains<'a>(steps: usize, group: &[Held<'a>]) -> Vec<Held<'a>> {
    let mut kept: Vec<Held<'a>> = Vec::new();
    for step in 0..steps {
        let Some(end) = group.iter().rfind(|held| held.step == step) else { continue };
        for held in chain(group, *end, i64::MIN) {
            if !kept.contains(&held) {
                kept.push(held);
            }
        }
    }
    kept
}

/// What was found in a window.
#[derive(Debug)]
pub(super) struct Met<'a> {
    /// How many events, values or steps.
    pub(super) seen: u64,
    /// What it rests on, by time.
    pub(super) held: Vec<Held<'a>>,
}

impl Met<'_> {
    /// Of several windows, the fullest, and of those the latest is shown.
    fn rank(&self) -> (u64, Option<(i64, u64)>) {
        (self.seen, self.held.last().map(|held| (held.at, held.occurrence.event)))
    }
}

/// The fullest window that ends in the minute and holds what is wanted, of any one group.
pub(super) fn search<'a>(plan: &Plan, minute: Minute, mut held: Vec<Held<'a>>) -> Option<Met<'a>> {
    held.sort_by_key(Held::place);
    let groups = held.chunk_by(|one, other| one.group() == other.group());
    let groups = groups.filter(|group| group.iter().any(|held| held.is_in(minute)));
    groups.filter_map(|group| in_group(plan, minute, group)).max_by_key(Met::rank)
}

fn in_group<'a>(plan: &Plan, minute: Minute, group: &[Held<'a>]) -> Option<Met<'a>> {
    match plan.pattern {
        Pattern::Events(count) => counted(plan, (minute, group), count, |held| held.occurrence.event),
        Pattern::Values(count) => counted(plan, (minute, group), count, |held| held.occurrence.value),
        Pattern::Together(enough) => together(plan, (minute, group), enough),
        Pattern::Ordered => ordered(plan, (minute, group)),
    }
}

/// The windows that end with each second of the minute, as the first and the last of a group that are in them.
fn windows<'g>(span: u32, minute: Minute, group: &'g [Held<'_>]) -> impl Iterator<Item = (usize, usize)> + 'g {
    let mut first = 0;
    let ends = (0..group.len()).filter(move |at| {
        let next = group.get(at + 1).map(|next| next.at);
        group[*at].is_in(minute) && next != Some(group[*at].at)
    });
    ends.map(move |last| {
        let start = group[last].at - i64::from(span);
        first += group[first..=last].iter().take_while(|held| held.at <= start).count();
        (first, last)
    })
}

fn counted<'a>(
    plan: &Plan,
    (minute, group): (Minute, &[Held<'a>]),
    count: Count,
    key: impl Fn(&Held<'a>) -> u64,
) -> Option<Met<'a>> {
    let mut tally: HashMap<u64, usize> = HashMap::new();
    let (mut from, mut to) = (0, 0);
    let mut best: Option<(usize, usize, usize)> = None;
    for (first, last) in windows(plan.span, minute, group) {
        group[to..=last].iter().for_each(|held| *tally.entry(key(held)).or_default() += 1);
        for held in &group[from..first] {
            if let Some(n) = tally.get_mut(&key(held)) {
                *n -= 1;
            }
        }
        tally.retain(|_, n| *n > 0);
        (from, to) = (first, last + 1);
        let seen = tally.len();
        if count.holds(seen) && best.is_none_or(|(most, ..)| most <= seen) {
            best = Some((seen, first, last));
        }
    }
    best.map(|(seen, first, last)| Met { seen: seen as u64, held: group[first..=last].to_vec() })
}

fn together<'a>(plan: &Plan, (minute, group): (Minute, &[Held<'a>]), enough: u64) -> Option<Met<'a>> {
    let met = windows(plan.span, minute, group).filter_map(|(first, last)| {
        let held = &group[first..=last];
        let set = held.iter().fold(0_u64, |set, held| set | 1 << held.step.min(STEPS));
        (enough >> set & 1 == 1).then(|| Met { seen: u64::from(set.count_ones()), held: last_of_each(held) })
    });
    met.max_by_key(Met::rank)
}

/// The last event of each step: enough to show what came together.
fn last_of_each<'a>(held: &[Held<'a>]) -> Vec<Held<'a>> {
    let mut last: Vec<Held<'a>> = Vec::new();
    for held in held.iter().rev() {
        if last.iter().all(|other| other.step != held.step) {
            last.push(*held);
        }
    }
    last.reverse();
    last
}

/// The latest chain of all steps that ends in the minute. Going back from its end, the latest event of a step leaves
/// the most room for those before it.
fn ordered<'a>(plan: &Plan, (minute, group): (Minute, &[Held<'a>])) -> Option<Met<'a>> {
    let last_step = plan.steps.checked_sub(1)?;
    let ends = group.iter().rev().filter(|held| held.step == last_step && held.is_in(minute));
    let whole = |end: &Held<'a>| {
        let held = chain(group, *end, end.at - i64::from(plan.span));
        (held.len() == plan.steps).then_some(Met { seen: plan.steps as u64, held })
    };
    ends.filter_map(whole).next()
}

/// The latest events of the steps before that of `end`, each before the next one and after `start`, as far as there are.
fn chain<'a>(group: &[Held<'a>], end: Held<'a>, start: i64) -> Vec<Held<'a>> {
    let mut chain = vec![end];
    for step in (0..end.step).rev() {
        let next = chain[chain.len() - 1];
        let fits = |held: &&Held<'_>| {
            held.step == step
                && start < held.at
                && held.at <= next.at
                && chain.iter().all(|other| other.occurrence.event != held.occurrence.event)
        };
        let Some(held) = group.iter().rev().find(fits) else { break };
        chain.push(*held);
    }
    chain.reverse();
    chain
}
