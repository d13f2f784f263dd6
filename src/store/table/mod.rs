//! State in a table that many instances share: cells, profiles and alerts, merged in the pure core and replaced only
//! while nobody else has replaced them.

pub mod port;

pub use port::{Freshness, Item, Outlook, Place, Put, Span, Table, TableError};
