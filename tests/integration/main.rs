//! What the whole program does, from the outside: one binary, one module a subject.

#[cfg(feature = "aws")]
mod aws;
mod cli;
mod documents;
mod logs;
mod payload;
mod replay;
mod samples;
mod simulation;
mod tidy;
