//! The Lambda function: subscription payloads in, alerts and metrics out.

pub mod aws;
pub mod handler;
pub mod log;
pub mod subscription;
