//! State in a table that many instances share: cells, profiles and alerts, merged in the pure core and replaced only
//! while nobody else has replaced them.

#[cfg(feature = "aws")]
pub mod dynamo;
pub mod port;
pub mod units;

pub use port::{Freshness, Item, Outlook, Place, Put, Span, Table, TableError};
