//! State in a table that many instances share: cells, profiles and alerts, merged in the pure core and replaced only
//! while nobody else has replaced them.

mod access;
mod cell_item;
mod census;
pub mod codec;
mod daily;
#[cfg(feature = "aws")]
pub mod dynamo;
mod enrolled;
mod exchange;
mod fold;
mod held;
pub mod keys;
mod ledger;
mod levels;
pub mod port;
mod reading;
mod store;
mod tick;
pub mod units;
mod view;
mod whole;

pub use port::{Freshness, Item, Outlook, Place, Put, Span, Table, TableError};
pub use store::TableStore;
