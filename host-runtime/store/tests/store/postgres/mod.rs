//! Everything on PostgreSQL, and what only a server has.

use super::engine::Engine;

const ENGINE: Engine = Engine::Postgres;

#[path = "../support.rs"]
mod support;

// What both must answer the same.
#[path = "../blob_hosts.rs"]
mod blob_hosts;
#[path = "../blob_places.rs"]
mod blob_places;
#[path = "../blobs.rs"]
mod blobs;
#[path = "../conflicts.rs"]
mod conflicts;
#[path = "../edges.rs"]
mod edges;
#[path = "../events.rs"]
mod events;
#[path = "../jobs.rs"]
mod jobs;
#[path = "../locks.rs"]
mod locks;
#[path = "../mistakes.rs"]
mod mistakes;
#[path = "../model.rs"]
mod model;
#[path = "../people.rs"]
mod people;
#[path = "../rotation.rs"]
mod rotation;
#[path = "../search.rs"]
mod search;
#[path = "../secrets.rs"]
mod secrets;
#[path = "../storage.rs"]
mod storage;

// Its own.
mod hosts;
mod isolation;
mod migrate;
mod plans;
mod silence;
mod wire;
