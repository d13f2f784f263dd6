//! Rules: Sigma YAML, the built-in pack and the user's own, as data for the engine.

mod asked;
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
mod path;
mod plan;
pub mod prove;
pub mod prove_correlation;
mod quick;
mod ready;
mod samples;
pub mod section;
