//! One data folder, opened, and its database: a file in it, or a server that several hosts share.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::api_tokens::ApiTokens;
use crate::audit::Audit;
use crate::blobs::{BlobFiles, BlobPlace, Blobs};
use crate::clock::Clock;
use crate::collections::{Catalog, Collections};
use crate::components::{self, Components};
use crate::data_folder;
use crate::database::{self, Database};
use crate::db::{Among, Db, Listener, Signal, WithoutHosts, sql};
use crate::error::Error;
use crate::events::{EventSignal, Events};
use crate::jobs::{JobSignals, Jobs};
use crate::keys::KeyRing;
use crate::locks::{LockSignals, Locks};
use crate::migrate;
use crate::notices::Notices;
use crate::oauth_flows::OauthFlows;
use crate::plugins::{PluginSignal, Plugins};
use crate::secrets::Secrets;
use crate::sessions::Sessions;
use crate::tries::Tries;
use crate::users::Users;

/// What a data folder is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run plugins. With the database in the folder, one process at a time, which takes over at once what an earlier one left running. With
    /// a server several may, and what one left running is taken over when its lease lapses.
    Serve,
    /// To run plugins for a moment, from the command line: as [`Serve`](Self::Serve), and nobody else may serve the folder meanwhile, since what is
    /// changed here would pass unnoticed there.
    Administer,
    /// To look or to change a little from the command line, beside a serving process.
    Tool,
    /// To change what nobody else may use meanwhile: no other process has the folder, or a connection to the server's database.
    Alone,
}

/// How a store is opened. [`new`](Self::new) has everything in the data folder.
#[derive(Clone)]
pub struct Options {
    /// Where rows are.
    pub database: Database,
    /// Where blobs are kept.
    pub blobs: BlobPlace,
    /// The file of keys, which hosts of one database must have in common; none: in the data folder.
    pub key_file: Option<PathBuf>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What it is opened for.
    pub purpose: Purpose,
}

impl Options {
    /// Rows and blobs are in the data folder.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, purpose: Purpose) -> Self {
        Self {
            database: Database::default(),
            blobs: BlobPlace::default(),
            key_file: None,
            clock,
            purpose,
        }
    }

    /// … but rows are here.
    #[must_use]
    pub fn database(self, database: &Database) -> Self {
        Self {
            database: database.clone(),
            ..self
        }
    }

    /// … but keys are in this file.
    #[must_use]
    pub fn key_file(self, file: &Path) -> Self {
        Self {
            key_file: Some(file.to_owned()),
            ..self
        }
    }

    /// … but blobs are kept here.
    #[must_use]
    pub fn blobs(self, place: &BlobPlace) -> Self {
        Self {
            blobs: place.clone(),
            ..self
        }
    }
}

/// Everything the host remembers. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: KeyRing,
    pub(crate) catalog: Catalog,
    pub(crate) events: EventSignal,
    pub(crate) jobs: JobSignals,
    pub(crate) locks: LockSignals,
    pub(crate) plugins: PluginSignal,
    pub(crate) blobs: BlobFiles,
    /// Batches that others crossed wait here for each other.
    pub(crate) crossed: tokio::sync::Mutex<()>,
    folder: PathBuf,
    /// Whether nobody else can use it.
    pub(crate) alone: bool,
    /// Held as long as this process serves the folder: alone, or together with others.
    _serving: Option<File>,
    _without_hosts: Option<Mutex<WithoutHosts>>,
    listening: OnceLock<AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get() {
            listening.abort();
        }
    }
}

impl Inner {
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Call it after a commit that changed jobs.
    pub(crate) fn jobs_changed(&self) {
        self.jobs.changed();
        self.tell("host_jobs");
    }

    /// Call it after a commit with an event.
    pub(crate) fn event_committed(&self, id: i64) {
        let Some(server) = self.db.server() else {
            self.events.committed(id);
            return;
        };
        let (server, events) = (server.clone(), self.events.clone());
        tokio::spawn(async move {
            match server.number_events().await {
                Ok(newest) => events.committed(newest),
                // Whoever looks next does it.
                Err(error) => tracing::debug!(%error, "events were not numbered"),
            }
        });
    }

    /// Tells other hosts, if there can be such.
    pub(crate) fn tell(&self, channel: &'static str) {
        if let Some(server) = self.db.server() {
            server.tell(channel);
        }
    }

    async fn heard(&self, signal: Signal) {
        let all = signal == Signal::Lost;
        if all || signal == Signal::Jobs {
            self.jobs.changed();
        }
        if all || signal == Signal::Locks {
            self.locks.changed();
        }
        if all || matches!(signal, Signal::Plugins | Signal::Tick) {
            self.plugins.changed();
        }
        if all || signal == Signal::Catalog {
            self.catalog.forget_all();
        }
        if let Some(server) = self.db.server()
            && (all || matches!(signal, Signal::Events | Signal::Tick))
        {
            match server.number_events().await {
                Ok(newest) => self.events.committed(newest),
                Err(error) => tracing::debug!(%error, "events were not looked for"),
            }
        }
        if all && let Err(error) = self.agree_on_time().await {
            tracing::debug!(%error, "the server's time is not known");
        }
    }

    /// Leases are kept by whichever clock looks at them: they must not show different times.
    async fn agree_on_time(&self) -> Result<(), Error> {
        if let Some(server) = self.db.server() {
            self.clock.agree(server.time().await?);
        }
        Ok(())
    }
}

/// Finished job runs are kept this long for people to look at.
const KEEP_RUNS: Duration = Duration::from_secs(7 * 86_400);

/// Events are kept this long for pages that reconnect.
const KEEP_EVENTS: Duration = Duration::from_secs(600);

impl Store {
    /// Opens a data folder with everything in it, which is made if it isn't there.
    ///
    /// # Errors
    ///
    /// As for [`open_with`](Self::open_with).
    pub async fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        Self::open_with(folder, Options::new(clock, purpose)).await
    }

    /// Opens a data folder, which is made if it isn't there. If the blobs are elsewhere, that place may be away: only blobs are then unavailable.
    /// Hosts that share a server have a folder each, and the same keys; they share blobs, which are in a bucket or in a folder of all.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if another process serves the folder, [`Error::Unfinished`] if a [`migration`](crate::migrate) into the database is not
    /// over, [`Error::Corrupt`] if it was written by a newer version, its key file is damaged or another one's, or the blobs are not in this place,
    /// [`Error::Unavailable`] if it can't be read or written or the server can't be reached.
    pub async fn open_with(folder: &Path, options: Options) -> Result<Self, Error> {
        let Options {
            database,
            blobs,
            key_file,
            clock,
            purpose,
        } = options;
        data_folder::make(folder)?;
        let shared = matches!(database, Database::Postgres { .. });
        let serving = match purpose {
            Purpose::Serve => Some(data_folder::lock(folder, shared)?),
            Purpose::Administer | Purpose::Alone => Some(data_folder::lock(folder, false)?),
            Purpose::Tool => None,
        };
        let key_file = key_file.unwrap_or_else(|| database::usual_key_file(folder));
        let among = match purpose {
            Purpose::Alone => Among::Nobody,
            _ => Among::Hosts,
        };
        let db = database::open(folder, &database, &key_file, among).await?;
        let without_hosts = match (among, db.server()) {
            (Among::Nobody, Some(server)) => Some(server.without_hosts().await?),
            _ => None,
        };
        // Before anything is written to it, such as a mark of keys.
        migrate::refuse_unfinished(&db).await?;
        let keys = KeyRing::open(&key_file)?;
        keys.claim(&db).await?;
        let blobs = BlobFiles::open(&folder.join("blobs"), &blobs)?;
        let store = Self {
            inner: Arc::new(Inner {
                events: EventSignal::open(&db).await?,
                db,
                clock,
                keys,
                catalog: Catalog::default(),
                jobs: JobSignals::default(),
                locks: LockSignals::default(),
                plugins: PluginSignal::default(),
                blobs,
                crossed: tokio::sync::Mutex::default(),
                folder: folder.to_owned(),
                alone: purpose == Purpose::Alone,
                _serving: serving,
                _without_hosts: without_hosts.map(Mutex::new),
                listening: OnceLock::new(),
            }),
        };
        store.inner.agree_on_time().await?;
        if matches!(purpose, Purpose::Serve | Purpose::Administer) {
            store.blobs().claim_place().await?;
        }
        if let Some(server) = store.inner.db.server() {
            let listener = server.listen().await?;
            let task = tokio::spawn(listen(Arc::downgrade(&store.inner), listener));
            store.inner.listening.get_or_init(|| task.abort_handle());
        }
        if purpose != Purpose::Tool && !shared {
            components::adopt(&store.inner.db, folder).await?;
            // Nobody else can be alive, so that whatever holds a lease or a lock is dead.
            store.jobs().recover_all().await?;
            store
                .inner
                .db
                .execute(sql!("DELETE FROM host_locks"))
                .await?;
        }
        Ok(store)
    }

    /// Whether other hosts may use the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.inner.db.server().is_some()
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// What time it is here.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.clock)
    }

    /// Rows of plugins.
    #[must_use]
    pub fn collections(&self) -> Collections {
        Collections(Arc::clone(&self.inner))
    }

    /// Work to be done later.
    #[must_use]
    pub fn jobs(&self) -> Jobs {
        Jobs(Arc::clone(&self.inner))
    }

    /// Named, timed locks of plugins.
    #[must_use]
    pub fn locks(&self) -> Locks {
        Locks(Arc::clone(&self.inner))
    }

    /// Bytes too large for rows.
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        Blobs(Arc::clone(&self.inner))
    }

    /// Encrypted values of plugins, and sealing for the host's own.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets(Arc::clone(&self.inner))
    }

    /// People.
    #[must_use]
    pub fn users(&self) -> Users {
        Users(Arc::clone(&self.inner))
    }

    /// Who is signed in.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions(Arc::clone(&self.inner))
    }

    /// Tokens for programs.
    #[must_use]
    pub fn api_tokens(&self) -> ApiTokens {
        ApiTokens(Arc::clone(&self.inner))
    }

    /// OAuth flows under way.
    #[must_use]
    pub fn oauth_flows(&self) -> OauthFlows {
        OauthFlows(Arc::clone(&self.inner))
    }

    /// Installed plugins.
    #[must_use]
    pub fn plugins(&self) -> Plugins {
        Plugins(Arc::clone(&self.inner))
    }

    /// The components of plugins.
    #[must_use]
    pub fn components(&self) -> Components {
        Components(Arc::clone(&self.inner))
    }

    /// What may be done only so often.
    #[must_use]
    pub fn tries(&self) -> Tries {
        Tries(Arc::clone(&self.inner))
    }

    /// What people are still to be told.
    #[must_use]
    pub fn notices(&self) -> Notices {
        Notices(Arc::clone(&self.inner))
    }

    /// Who changed what.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit(Arc::clone(&self.inner))
    }

    /// What open pages hear.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(Arc::clone(&self.inner))
    }

    /// Throws away what is past its time: sessions, flows, uploads, blobs that no row names, old events and job runs. Call it every few
    /// minutes; it may be interrupted at any point.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; what was done so far stays done.
    pub async fn housekeep(&self) -> Result<(), Error> {
        let now = self.inner.now();
        let before = |span: Duration| {
            now.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
        };
        let db = &self.inner.db;
        db.execute(sql!("DELETE FROM host_sessions WHERE expires_at <= ?", now))
            .await?;
        db.execute(sql!(
            "DELETE FROM host_oauth_flows WHERE expires_at <= ?",
            before(KEEP_EVENTS)
        ))
        .await?;
        db.execute(sql!("DELETE FROM host_locks WHERE held_until <= ?", now))
            .await?;
        db.execute(sql!("DELETE FROM host_tries WHERE expires_at <= ?", now))
            .await?;
        db.execute(sql!("DELETE FROM host_notices WHERE expires_at <= ?", now))
            .await?;
        db.execute(sql!(
            "DELETE FROM host_events WHERE at <= ?",
            before(KEEP_EVENTS)
        ))
        .await?;
        db.execute(sql!(
            "DELETE FROM host_job_runs WHERE ended_at <= ?",
            before(KEEP_RUNS)
        ))
        .await?;
        crate::usage::fold(db).await?;
        self.blobs().collect_garbage().await
    }

    /// Whether the database answers: for readiness.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.inner
            .db
            .fetch(sql!("SELECT COUNT(*) FROM host_schema"))
            .await
            .map(drop)
    }

    /// Lets running statements end and closes the database.
    pub async fn close(&self) {
        if let Some(listening) = self.inner.listening.get() {
            listening.abort();
        }
        self.inner.db.close().await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("folder", &self.inner.folder)
            .finish_non_exhaustive()
    }
}

/// After so many ticks everything is looked at that somebody may have failed to say; events are at each.
const TRUST: u64 = 10;

/// Hears other hosts for as long as the store is there.
async fn listen(store: Weak<Inner>, mut listener: Listener) {
    let mut ticks = 0_u64;
    loop {
        let mut signal = listener.next().await;
        if signal == Signal::Tick {
            ticks += 1;
            if ticks.is_multiple_of(TRUST) {
                signal = Signal::Lost;
            }
        }
        match store.upgrade() {
            Some(inner) => inner.heard(signal).await,
            None => return,
        }
    }
}
