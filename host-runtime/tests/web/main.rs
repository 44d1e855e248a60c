//! Over HTTP, people get exactly what is theirs to have, and everything else is a problem that says what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod access;
mod api;
mod bucket;
#[path = "../support/mod.rs"]
mod support;
