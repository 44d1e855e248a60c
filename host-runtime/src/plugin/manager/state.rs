//! What readers see of the plugins: a snapshot that is replaced as a whole, so that nobody ever waits for a change under way.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use host_store::{PluginRecord, PluginState};
use serde::{Deserialize, Serialize};

use super::super::call::CallError;
use super::super::inspect::Inspection;
use super::super::instance::Running;
use super::super::manifest::Grants;
use super::error::ManageError;

/// A plugin as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PluginStatus {
    /// Its id.
    pub id: String,
    /// Whether it runs.
    pub state: PluginState,
    /// Why it is broken.
    pub reason: Option<String>,
    /// What it is and wants.
    pub inspection: Inspection,
    /// What it was granted; none: nothing was approved yet.
    pub grants: Option<Grants>,
    /// Whether it brings mail.
    pub brings_mail: bool,
}

/// What the record's `manifest` holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub inspection: Inspection,
    /// Users who were removed while the plugin could not be told.
    #[serde(default)]
    pub removed_users: Vec<String>,
}

pub(super) fn remembered(record: &PluginRecord) -> Result<Remembered, ManageError> {
    serde_json::from_value(record.manifest.clone()).map_err(|e| corrupt(&record.id, &e))
}

pub(super) fn to_json(id: &str, value: &impl Serialize) -> Result<serde_json::Value, ManageError> {
    serde_json::to_value(value).map_err(|e| corrupt(id, &e))
}

pub(super) fn grants(record: &PluginRecord) -> Result<Option<Grants>, ManageError> {
    record
        .grants
        .clone()
        .map(serde_json::from_value)
        .transpose()
        .map_err(|e| corrupt(&record.id, &e))
}

fn corrupt(id: &str, error: &serde_json::Error) -> ManageError {
    ManageError::Store(host_store::Error::Corrupt(format!(
        "the record of the plugin `{id}` is damaged: {error}"
    )))
}

pub(super) fn status(record: &PluginRecord) -> Result<PluginStatus, ManageError> {
    let inspection = remembered(record)?.inspection;
    Ok(PluginStatus {
        id: record.id.clone(),
        state: record.state,
        reason: record.reason.clone(),
        brings_mail: brings_mail(&inspection),
        inspection,
        grants: grants(record)?,
    })
}

pub(super) fn brings_mail(inspection: &Inspection) -> bool {
    inspection
        .exports
        .iter()
        .any(|name| name.starts_with("platform:mail/"))
}

/// One plugin of a snapshot.
#[derive(Clone)]
pub(super) struct Entry {
    pub status: Arc<PluginStatus>,
    pub running: Option<Arc<Running>>,
    /// What was begun and is not ended, here or by another host.
    pub pending: Option<String>,
}

impl Entry {
    /// Whether it shows the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = match (&self.running, &other.running) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same && self.status == other.status && self.pending == other.pending
    }
}

/// All plugins at one moment.
#[derive(Clone, Default)]
pub(super) struct Snapshot {
    pub plugins: BTreeMap<String, Entry>,
}

impl Snapshot {
    pub(super) fn running(&self, id: &str) -> Result<Arc<Running>, CallError> {
        let entry = self
            .plugins
            .get(id)
            .ok_or_else(|| CallError::Unknown(id.to_owned()))?;
        match (&entry.running, entry.status.state) {
            (Some(running), _) => Ok(running.clone()),
            (None, PluginState::Broken) => Err(CallError::Broken {
                plugin: id.to_owned(),
                reason: entry.status.reason.clone().unwrap_or_default(),
            }),
            (None, PluginState::Enabled) => Err(CallError::Starting(id.to_owned())),
            (None, PluginState::Disabled) => Err(CallError::NotEnabled(id.to_owned())),
        }
    }

    /// The plugins that run and show pages, by id.
    pub(super) fn with_pages(&self) -> Vec<Arc<Running>> {
        let running = self.plugins.values().filter_map(|e| e.running.clone());
        running
            .filter(|running| running.pages().is_some())
            .collect()
    }

    /// The plugin that brings mail and runs; else why there is none.
    pub(super) fn mail(&self) -> Result<Arc<Running>, CallError> {
        let with_mail = || self.plugins.values().filter(|e| e.status.brings_mail);
        if let Some(running) = with_mail().find_map(|e| e.running.clone()) {
            return Ok(running);
        }
        match with_mail().find(|e| e.status.state != PluginState::Disabled) {
            Some(entry) => self.running(&entry.status.id),
            None => Err(CallError::NoMail),
        }
    }
}

/// Holds the newest snapshot. The lock is held for the exchange of a pointer only.
#[derive(Default)]
pub(super) struct Shared(RwLock<Arc<Snapshot>>);

impl Shared {
    pub(super) fn get(&self) -> Arc<Snapshot> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Only the writer calls this.
    pub(super) fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut next = Snapshot::clone(&self.get());
        change(&mut next);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}
