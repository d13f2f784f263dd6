//! The Lambda function: subscription payloads and the ticks of a schedule in, alerts and metrics out.

pub mod aws;
pub mod handler;
pub mod log;
pub mod schedule;
pub mod subscription;
