//! Tests of the whole: the real component in the real host against the provider fakes.
//!
//! The library is what the tests, the demo and its `--check` share: a client of the HTTP API that holds the host to its OpenAPI
//! document, a person at a provider's sign-in pages, the programs as processes that can be killed, and the main job as steps.

pub mod bucket;
pub mod chaos;
pub mod client;
pub mod cluster;
pub mod consent;
pub mod endurance;
pub mod json;
pub mod main_job;
pub mod openapi;
mod process;
pub mod programs;
pub mod providers;
pub mod report;
pub mod signing_in;
pub mod site;
pub mod stack;
pub mod wait;
