//! What is written down of plugins: their records, and their components as files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_store::{PluginRecord, PluginState};

use super::super::instance::Running;
use super::Inner;
use super::error::ManageError;
use super::state::{self, Entry, PluginStatus};

/// What a record's `pending` says was begun.
pub(super) mod pending {
    pub(in super::super) const ENABLE: &str = "enable";
    pub(in super::super) const DISABLE: &str = "disable";
    pub(in super::super) const REMOVE: &str = "remove";
    pub(in super::super) const REMOVE_DATA: &str = "remove-data";
}

/// The event that tells open pages.
const CHANGED: &str = "plugins.changed";

/// What open pages know of each plugin.
pub(super) type Told = Mutex<BTreeMap<String, Seen>>;

/// What people see of a plugin: when it changes, they are told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    state: PluginState,
    digest: String,
    grants: Option<serde_json::Value>,
}

impl Seen {
    fn of(record: &PluginRecord) -> Self {
        Self {
            state: record.state,
            digest: record.digest.clone(),
            grants: record.grants.clone(),
        }
    }
}

impl Inner {
    pub(super) async fn record(&self, id: &str) -> Result<PluginRecord, ManageError> {
        self.store
            .plugins()
            .get(id)
            .await?
            .ok_or_else(|| ManageError::Unknown(id.to_owned()))
    }

    /// Writes a record and shows it.
    pub(super) async fn save(
        &self,
        record: &PluginRecord,
        running: Option<Arc<Running>>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        self.store.plugins().save(record).await?;
        let status = Arc::new(state::status(record)?);
        let entry = Entry {
            status: status.clone(),
            running,
        };
        self.shared
            .change(|s| drop(s.plugins.insert(record.id.clone(), entry)));
        if record.pending.is_none() {
            self.tell(&record.id, Some(Seen::of(record))).await;
        }
        Ok(status)
    }

    /// Remembers how plugins were when the host stopped, so that a start which changes nothing is no news.
    pub(super) fn remember(&self, records: &[PluginRecord]) {
        let seen = records.iter().map(|r| (r.id.clone(), Seen::of(r)));
        self.told().extend(seen);
    }

    /// Tells all open pages if a plugin is not what they know: they ask anew which pages and plugins there are.
    pub(super) async fn tell(&self, id: &str, now: Option<Seen>) {
        let before = match now.clone() {
            Some(now) => self.told().insert(id.to_owned(), now),
            None => self.told().remove(id),
        };
        if before == now {
            return;
        }
        let payload = serde_json::json!({ "plugin": id });
        let published = self.store.events().publish(CHANGED, None, &payload).await;
        if let Err(error) = published {
            tracing::warn!(plugin = id, %error, "open pages were not told of a change");
        }
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a component in the data folder; answers its place there. Written beside and renamed, so that no half file is ever run.
    pub(super) async fn keep_file(
        &self,
        id: &str,
        digest: &str,
        bytes: Vec<u8>,
    ) -> Result<String, ManageError> {
        let name = format!("plugins/{id}/{digest}.wasm");
        let path = self.store.folder().join(&name);
        let failed = |path: &Path, e: &std::io::Error| {
            ManageError::File(format!("{} can't be written: {e}", path.display()))
        };
        let written = path.clone();
        tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            use std::io::Write as _;
            let parent = written.parent().unwrap_or(&written);
            std::fs::create_dir_all(parent)?;
            let beside = written.with_extension("part");
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&beside, &written)
        })
        .await
        .map_err(|e| ManageError::File(e.to_string()))?
        .map_err(|e| failed(&path, &e))?;
        Ok(name)
    }

    pub(super) async fn discard_file(&self, name: &str) {
        let path = self.store.folder().join(name);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(file = %path.display(), %error, "an obsolete version could not be deleted");
        }
    }
}
