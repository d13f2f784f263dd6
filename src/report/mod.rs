//! Reports: alerts as text for people, as JSON for programs, and for chat. Rendering only: sending is `sink`'s work.

pub mod chat;
pub mod clean;
pub mod json;
pub mod text;

#[cfg(test)]
pub(crate) mod sample;
