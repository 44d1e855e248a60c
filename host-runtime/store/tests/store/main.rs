//! What the store promises, thing by thing. One program, so that it is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backup;
mod blob_hosts;
mod blob_places;
mod blobs;
mod bucket;
mod events;
mod jobs;
mod locks;
mod mistakes;
mod model;
mod people;
mod plans;
mod search;
mod secrets;
mod storage;
mod support;
