//! Lapwing's shell: reading logs, keeping state, saying what was found. The core is `lapwing_detectors`.

pub mod cli;
pub mod decode;
#[cfg(feature = "aws")]
pub mod lambda;
pub mod noise;
pub mod pipeline;
pub mod replay;
pub mod report;
pub mod rules;
pub mod settings;
#[cfg(feature = "aws")]
pub mod sink;
pub mod source;
pub mod store;
