//! The engine on a scripted mailbox and a host in memory: histories with crashes, lost answers and lost cursors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod accounts;
mod double;
mod histories;
mod listing;
mod reading;
mod sending;
mod world;
