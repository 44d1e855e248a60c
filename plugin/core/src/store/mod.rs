//! What the plugin remembers. Nothing outside this module names a collection or a field.
//!
//! `rows` says what is kept and why it has that shape, `schema` how it is looked up, `commit` changes mail: it alone writes
//! messages, and computes what follows from them (threads, listings, counters) in the same batch.

pub(crate) mod accounts;
pub(crate) mod column;
pub mod commit;
pub(crate) mod folders;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod people;
mod place;
pub(crate) mod query;
pub(crate) mod queues;
pub(crate) mod reads;
pub mod rows;
pub mod schema;
pub(crate) mod spending;
pub(crate) mod subscriptions;
mod summary;
pub(crate) mod writing;
