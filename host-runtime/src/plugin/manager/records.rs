//! What is written down of plugins, and whose turn it is to write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use host_store::{PluginRecord, PluginState, Turn};

use super::super::instance::Running;
use super::Inner;
use super::error::ManageError;
use super::state::{self, Entry, PluginStatus};

/// What a record's `pending` says was begun.
pub(super) mod pending {
    pub(in super::super) const ENABLE: &str = "enable";
    pub(in super::super) const DISABLE: &str = "disable";
    /// The version that runs is about to be replaced by another, or its grants are: it goes on, and no job of it begins.
    pub(in super::super) const EXCHANGE: &str = "exchange";
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

    /// Takes the turn to write, if there are other hosts.
    pub(super) async fn take_turn(&self, patience: Duration) -> Result<(), ManageError> {
        let turn = self.store.plugins().turn(patience).await?;
        let turn = turn.ok_or(ManageError::OtherHost)?;
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(turn));
        Ok(())
    }

    pub(super) async fn end_turn(&self) {
        let turn = self
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(turn) = turn.and_then(Arc::into_inner) {
            turn.end().await;
        }
    }

    /// The turn that was taken.
    pub(super) fn turn(&self) -> Result<Arc<Turn>, ManageError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        turn.clone().ok_or(ManageError::OtherHost)
    }

    /// Writes a record.
    pub(super) async fn write(&self, record: &PluginRecord) -> Result<(), ManageError> {
        Ok(self.store.plugins().save(record, &*self.turn()?).await?)
    }

    /// Writes a record and shows it.
    pub(super) async fn save(
        &self,
        record: &PluginRecord,
        running: Option<Arc<Running>>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        self.write(record).await?;
        let status = Arc::new(state::status(record)?);
        let entry = Entry {
            status: status.clone(),
            running,
            pending: record.pending.clone(),
        };
        self.put_in_place(&record.id, entry);
        if record.pending.is_none() {
            self.tell(&record.id, Some(Seen::of(record))).await;
        }
        Ok(status)
    }

    /// From now on readers see this of a plugin, and jobs of one that runs are taken.
    pub(super) fn put_in_place(&self, id: &str, entry: Entry) {
        let runs = entry.running.is_some();
        self.shared
            .change(|s| drop(s.plugins.insert(id.to_owned(), entry)));
        if runs {
            self.store.jobs().look_again();
        }
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
}
