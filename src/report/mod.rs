//! Reports: alerts as text for people, as JSON for programs, and for chat. Rendering only: sending is `sink`'s work.
//! Nothing that a log contains may act on the place where it is shown.

pub mod chat;
pub mod clean;
pub mod coverage;
pub mod digest;
pub mod json;
pub mod manual;
pub mod noise_list;
pub mod rule_list;
pub mod text;
pub mod wanted;
pub mod wrap;

#[cfg(test)]
pub(crate) mod sample;
