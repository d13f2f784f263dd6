//! What the whole program does, from the outside: one binary, one module a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must say where")]

#[cfg(feature = "aws")]
mod aws;
mod cli;
mod documents;
mod exports;
mod logs;
mod noise;
mod payload;
mod replay;
mod samples;
mod score;
mod simulation;
mod state;
mod table;
mod tidy;
