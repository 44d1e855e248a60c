//! One data folder, opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::api_tokens::ApiTokens;
use crate::audit::Audit;
use crate::blobs::{BlobFiles, BlobPlace, Blobs};
use crate::clock::Clock;
use crate::collections::{Catalog, Collections};
use crate::db::{Db, sql};
use crate::error::Error;
use crate::events::{EventSignal, Events};
use crate::jobs::{JobSignals, Jobs};
use crate::keys::KeyRing;
use crate::locks::{LockSignals, Locks};
use crate::oauth_flows::OauthFlows;
use crate::plugins::Plugins;
use crate::secrets::Secrets;
use crate::sessions::Sessions;
use crate::users::Users;

/// What a data folder is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run plugins. One process at a time; what an earlier one left running is taken over at once.
    Serve,
    /// To look or to change a little from the command line, beside a serving process.
    Tool,
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
    pub(crate) blobs: BlobFiles,
    folder: PathBuf,
    /// Held as long as this process serves the folder.
    serving: Option<File>,
}

impl Inner {
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Keeps other processes from serving the folder until it is dropped; none: this one does.
    pub(crate) fn alone(&self) -> Result<Option<File>, Error> {
        match self.serving {
            Some(_) => Ok(None),
            None => lock_folder(&self.folder).map(Some),
        }
    }
}

/// Finished job runs are kept this long for people to look at.
const KEEP_RUNS: Duration = Duration::from_secs(7 * 86_400);

/// Events are kept this long for pages that reconnect.
const KEEP_EVENTS: Duration = Duration::from_secs(600);

impl Store {
    /// Opens a data folder, which is made if it isn't there, with the blobs in it.
    ///
    /// # Errors
    ///
    /// As for [`open_with`](Self::open_with).
    pub async fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        Self::open_with(folder, &BlobPlace::Folder, clock, purpose).await
    }

    /// Opens a data folder, which is made if it isn't there. If the blobs are elsewhere, that place may be away: only blobs are then unavailable.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if another process serves the folder, [`Error::Corrupt`] if it was written by a newer version, its key file is damaged, or
    /// the blobs are not in this place, [`Error::Unavailable`] if it can't be read or written.
    pub async fn open_with(
        folder: &Path,
        place: &BlobPlace,
        clock: Arc<dyn Clock>,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        make_folder(folder)?;
        let serving = match purpose {
            Purpose::Serve => Some(lock_folder(folder)?),
            Purpose::Tool => None,
        };
        let (database, key_file) = (folder.join("host.db"), folder.join("keys.json"));
        if database.exists() && !key_file.exists() {
            // A new key would open nothing of what is there, and make it harder to mend.
            return Err(Error::Corrupt(format!(
                "the key file {} is missing, without which the secrets in the database can't be read: restore it",
                key_file.display()
            )));
        }
        let keys = KeyRing::open(&key_file)?;
        let db = Db::open(&database).await?;
        let blobs = BlobFiles::open(&folder.join("blobs"), place)?;
        let store = Self {
            inner: Arc::new(Inner {
                events: EventSignal::open(&db).await?,
                db,
                clock,
                keys,
                catalog: Catalog::default(),
                jobs: JobSignals::default(),
                locks: LockSignals::default(),
                blobs,
                folder: folder.to_owned(),
                serving,
            }),
        };
        if purpose == Purpose::Serve {
            store.blobs().claim_place().await?;
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

fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        // It will hold people's mail: nobody else's business.
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| {
        Error::Unavailable(format!(
            "the data folder {} can't be made: {error}",
            folder.display()
        ))
    })
}

fn lock_folder(folder: &Path) -> Result<File, Error> {
    let path = folder.join("serving.lock");
    let failed = |error| Error::Unavailable(format!("{} can't be opened: {error}", path.display()));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(format!(
            "another process serves the data folder {}",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
