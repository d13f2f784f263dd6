//! Rules: Sigma YAML, the built-in pack and the user's own, as data for the engine.

mod card;
mod condition;
pub mod coverage;
mod example;
mod fields;
mod json;
mod keys;
pub mod listed;
pub mod load;
mod needs;
pub mod parse;
pub mod prove;
mod quick;
mod ready;
pub mod section;
