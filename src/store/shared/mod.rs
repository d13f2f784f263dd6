//! State that many instances share: cells, profiles and alerts in one table, merged in the pure core and replaced only
//! while nobody else has replaced them.

pub mod table;
