//! The Lambda function: payloads of six services and the ticks of a schedule in, alerts and metrics out.

pub mod aws;
pub mod handler;
pub mod log;
pub mod objects;
pub mod payload;
mod reading;
pub mod schedule;
pub mod subscription;
