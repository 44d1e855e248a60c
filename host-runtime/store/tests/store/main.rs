//! What the store promises, thing by thing, on either engine: every module below `sqlite` and `postgres` is compiled twice, so that a test that
//! fails names its engine. One program, so that it is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::duplicate_mod,
    reason = "a test fails by panicking, and is run on two engines"
)]

mod bucket;
mod engine;
mod postgres;
mod sqlite;
