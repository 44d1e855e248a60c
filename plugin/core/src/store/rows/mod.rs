//! What is remembered, one struct per collection.
//!
//! The shapes follow from how mail is read:
//! - A list page is one index range of `listings` (folder, latest): a row per thread and folder, narrow, with what lists are
//!   filtered by. The lines themselves are `threads` rows, fetched by key.
//! - Bodies are apart from messages, so that reading light state never drags bodies through the cache; they carry the full text,
//!   with the user as scope, so that one search covers all accounts of a user.
//! - A thread's row, its listings and the folders' counters are computed from the messages in the very batch that changes them
//!   (`commit`), guarded by the account's `revision`: they can't drift.

mod account;
mod mail;
mod work;

pub use account::*;
pub use mail::*;
pub use work::*;
