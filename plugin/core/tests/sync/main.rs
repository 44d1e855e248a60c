//! The whole engine on the simulated providers, over real HTTP and on one clock: whatever happens, what is here becomes what is there, and
//! within what the provider grants.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod engine;
mod faults;
mod histories;
mod lost;
mod pacing;
mod pages;
mod push;
mod random;
mod restored;
mod sending;
mod shared;
#[path = "../support/mod.rs"]
mod support;
