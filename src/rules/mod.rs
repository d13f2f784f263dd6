//! Rules: Sigma YAML, the built-in pack and the user's own, as data for the engine.

mod card;
mod condition;
pub mod correlation;
pub mod coverage;
mod example;
mod fields;
mod json;
mod keys;
pub mod listed;
pub mod load;
mod needs;
pub mod parse;
mod plan;
pub mod prove;
pub mod prove_correlation;
mod samples;
pub mod section;

use rsigma_eval::CompiledRule;
use rsigma_eval::compiler::eval_condition;

use self::fields::Seen;

/// Does a rule hold for an event?
fn holds(rule: &CompiledRule, event: &Seen<'_>) -> bool {
    let mut matched = Vec::new();
    rule.conditions.iter().any(|condition| eval_condition(condition, &rule.detections, event, &mut matched))
}
