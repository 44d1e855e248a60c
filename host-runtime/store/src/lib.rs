//! Everything the reference host remembers: rows of plugins, jobs, locks, blobs, secrets, people, plugins, events.
//!
//! [`Store`] is one data folder: a file of keys; a database, which is SQLite in the folder or a PostgreSQL server that several hosts share
//! ([`Database`]); blobs, which are files of the folder or objects of a bucket ([`BlobPlace`]). It hands out one small view for each thing
//! remembered; views are cheap to clone and share one state. Nothing here knows of components, HTTP or mail.
//!
//! Four rules hold throughout:
//!
//! - time comes from the [`Clock`], so that tests decide what time it is;
//! - whose data is touched comes from the host ([`Caller`] or a plugin's id), never from a plugin's argument;
//! - what belongs together is one transaction: rows, the jobs and events about them, and the check that the caller still holds the work;
//! - secrets are sealed before they reach the database, and tokens are kept as hashes only.
//!
//! Only `db` knows the database engines; all that is tested is tested on both.

mod api_tokens;
mod audit;
pub mod backup;
mod blobs;
mod clock;
mod collections;
mod components;
mod data_folder;
mod database;
mod db;
mod error;
mod events;
mod jobs;
mod keys;
mod locks;
pub mod migrate;
mod model;
mod notices;
mod oauth_flows;
mod plugins;
mod random;
mod rotation;
mod secrets;
mod sessions;
mod store;
mod tokens;
mod tries;
mod turn;
mod usage;
mod users;

pub use api_tokens::{ApiToken, ApiTokens};
pub use audit::{Audit, AuditEntry};
pub use blobs::{BlobPlace, BlobStream, Blobs, S3};
pub use clock::{Clock, SystemClock, TestClock};
pub use collections::Collections;
pub use components::Components;
pub use database::Database;
pub use error::{BlobError, Error, StorageError};
pub use events::{Event, Events, Subscription};
pub use jobs::{JobInfo, JobRun, JobState, Jobs, Lease, Outcome, Schedule};
pub use locks::{LockGuard, Locks};
pub use model::*;
pub use notices::{Notice, Notices};
pub use oauth_flows::{FlowError, NewFlow, OauthFlow, OauthFlows};
pub use plugins::{Fault, PluginRecord, PluginState, Plugins, Usage};
pub use rotation::{KeyUse, OldKeys, Rotation};
pub use secrets::Secrets;
pub use sessions::{Session, Sessions};
pub use store::{Options, Purpose, Store};
pub use tokens::tokenize;
pub use tries::{Limit, Tries};
pub use turn::Turn;
pub use users::{NewUser, Role, User, Users};

/// On whose behalf a plugin's call is made, and what it must still hold for its writes to count. Made by the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whose namespace.
    pub plugin: String,
    /// The person, if there is one; jobs and webhooks have none.
    pub user: Option<String>,
    /// The job lease and the locks under which this call runs, all of which must hold when a batch is committed.
    pub fences: Vec<Fence>,
}

/// A claim to work that may lapse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fence {
    /// The lease of a running job.
    Job {
        /// [`Lease::id`].
        id: i64,
        /// [`Lease::token`].
        token: i64,
    },
    /// A lock that the call took.
    Lock {
        /// Its name.
        name: String,
        /// [`LockGuard::token`].
        token: i64,
    },
}
