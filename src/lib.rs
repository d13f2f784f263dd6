//! Lapwing's shell: reading logs, keeping state, saying what was found. The core is `lapwing_detectors`.

pub mod cli;
pub mod decode;
#[cfg(feature = "aws")]
pub mod lambda;
pub mod pipeline;
pub mod report;
pub mod settings;
pub mod sink;
pub mod store;
