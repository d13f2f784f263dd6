//! Many instances over one shared table: the same findings and alerts as one instance that takes everything in order.

mod table;
mod table_laws;
mod world;
