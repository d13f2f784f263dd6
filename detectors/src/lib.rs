//! The pure core of Lapwing: what an event is, what a delivery teaches, what a minute means.
//!
//! Nothing here reads a file, asks for the time, draws a random number or prints. That is what makes a replay on a
//! laptop equal to the Lambda function, and every law of `docs/architecture.md` testable.

pub mod alert;
pub mod apis;
pub mod beats;
pub mod catalog;
pub mod cause;
pub mod cell;
mod change;
pub mod correlation;
mod crash;
pub mod day;
mod deed;
pub mod detector;
pub mod entity;
pub mod event;
pub mod familiar;
pub mod fold;
mod gauge;
mod gauged;
pub mod group;
pub mod habit;
pub mod hash;
mod index;
pub mod judge;
mod lanes;
#[cfg(test)]
mod laws;
pub mod level;
mod line_kind;
mod long;
pub mod measure;
pub mod meter;
pub mod notes;
pub mod novelty;
pub mod observe;
mod origin;
pub mod profile;
mod query;
pub mod rate;
mod request;
pub mod rule;
#[cfg(test)]
mod script;
mod sensitive;
mod series;
pub mod settings;
pub mod severity;
pub mod share;
pub mod shown;
mod sign_in;
pub mod stage;
mod stand;
pub mod stats;
pub mod tactic;
pub mod time;
mod watch;
pub mod window;
