//! Follows what other hosts of the same database do with plugins.
//!
//! What holds for all of them is in the database, and each brings itself to it: it starts what another one enabled, exchanges what was upgraded or
//! approved otherwise, and stops what was disabled. `lifecycle.enable` runs on every host, which registers its routes there; the other steps run once, where
//! the change is made. Nothing is written on the way, unless a host is gone that had begun a change: then the next one ends it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host_store::{PluginRecord, PluginState};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::instance::Running;
use super::error::ManageError;
use super::lifecycle::{Step, step};
use super::records::pending;
use super::state::{self, Entry};
use super::{Inner, Manager};

/// How long a plugin that could not be started here is left alone.
const RETRY: Duration = Duration::from_secs(30);

/// How long a reader waits to see what other hosts wrote.
const FRESH: Duration = Duration::from_secs(1);

/// What is remembered of earlier rounds.
#[derive(Default)]
pub(super) struct Following {
    /// Digests that could not be started here, and when to try again.
    failed: Mutex<BTreeMap<String, Instant>>,
    /// Digests that are compiled, or are being compiled.
    compiled: Mutex<BTreeSet<String>>,
}

impl Manager {
    /// Follows other hosts until the task is aborted; none: there are none.
    pub(crate) fn follow(&self) -> Option<JoinHandle<()>> {
        if !self.inner.store.is_shared() {
            return None;
        }
        let manager = Arc::downgrade(&self.inner);
        let mut changes = self.inner.store.plugins().changes();
        Some(tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let Some(inner) = manager.upgrade() else {
                    return;
                };
                let _writing = inner.writing.lock().await;
                if let Err(error) = inner.round().await {
                    tracing::warn!(%error, "what other hosts did with plugins is not known");
                }
            }
        }))
    }

    /// Waits until this host has seen what others wrote before, as long as that takes no longer than a reader wants to wait.
    pub async fn catch_up(&self) {
        if !self.inner.store.is_shared() {
            return;
        }
        let inner = self.inner.clone();
        // In a task of its own: a start is not stopped half way.
        let task = tokio::spawn(async move {
            let _writing = inner.writing.lock().await;
            inner.catch_up().await
        });
        if let Ok(Ok(Err(error))) = tokio::time::timeout(FRESH, task).await {
            tracing::warn!(%error, "what other hosts did with plugins is not known");
        }
    }
}

impl Inner {
    async fn round(self: &Arc<Self>) -> Result<(), ManageError> {
        self.catch_up().await?;
        let snapshot = self.shared.get();
        if snapshot.plugins.values().all(|e| e.pending.is_none()) {
            return Ok(());
        }
        // Whoever began the change has the turn, unless it is gone.
        match self.take_turn(Duration::ZERO).await {
            Err(ManageError::OtherHost) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => {
                let ended = self.end_interrupted().await;
                self.end_turn().await;
                ended
            }
        }
    }

    /// Brings this host to what is written.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), ManageError> {
        let records = self.store.plugins().list().await?;
        let known: Vec<_> = self.shared.get().plugins.keys().cloned().collect();
        for id in known {
            if !records.iter().any(|record| record.id == id) {
                self.leave(&id);
                self.shared.change(|s| drop(s.plugins.remove(&id)));
            }
        }
        self.remember(&records);
        for record in &records {
            if let Err(error) = self.bring_to(record).await {
                self.could_not(record, &error)?;
            }
        }
        Ok(())
    }

    /// Ends what a host began that is gone. It must be this one's turn.
    pub(super) async fn end_interrupted(self: &Arc<Self>) -> Result<(), ManageError> {
        for record in self.store.plugins().list().await? {
            if record.pending.is_some() {
                tracing::warn!(
                    plugin = record.id,
                    pending = record.pending,
                    "a host that is gone had begun a change, which is ended here"
                );
                self.take_up(record).await?;
            }
        }
        Ok(())
    }

    async fn bring_to(self: &Arc<Self>, record: &PluginRecord) -> Result<(), ManageError> {
        let entry = self.shared.get().plugins.get(&record.id).cloned();
        let status = state::status(record)?;
        let running = entry.as_ref().and_then(|entry| entry.running.clone());
        self.compile_soon(record).await?;
        if record.state != PluginState::Enabled {
            if running.is_some() {
                self.leave(&record.id);
            }
            return self.show(record, None);
        }
        let same = entry.is_some_and(|entry| {
            entry.status.inspection.digest == status.inspection.digest
                && entry.status.grants == status.grants
        });
        match running {
            Some(running) if same => self.show(record, Some(running)),
            old if self.may_start(&record.digest) => {
                if old.is_none() {
                    // It may take a while: until then people are told so.
                    self.show(record, None)?;
                }
                self.start_here(record, old).await
            }
            _ => Ok(()),
        }
    }

    async fn start_here(
        self: &Arc<Self>,
        record: &PluginRecord,
        old: Option<Arc<Running>>,
    ) -> Result<(), ManageError> {
        let Some(grants) = state::grants(record)? else {
            return Ok(());
        };
        let running = self.build(self.load(record).await?, grants)?;
        step(&running, Step::Enable).await?;
        self.routes.keep_only(&record.id, running.scope.generation);
        self.show(record, Some(running))?;
        if let Some(old) = old {
            // Its calls in flight end with the version that they began with.
            old.stop();
        }
        tracing::info!(
            plugin = record.id,
            version = record.version,
            "follows another host"
        );
        Ok(())
    }

    /// Other hosts may well run it: only here it is shown as broken, and tried again.
    fn could_not(&self, record: &PluginRecord, error: &ManageError) -> Result<(), ManageError> {
        tracing::error!(plugin = record.id, %error, "the plugin could not be started on this host");
        lock(&self.following.failed).insert(record.digest.clone(), Instant::now() + RETRY);
        self.leave(&record.id);
        let broken = PluginRecord {
            state: PluginState::Broken,
            reason: Some(error.to_string()),
            ..record.clone()
        };
        self.show(&broken, None)
    }

    fn may_start(&self, digest: &str) -> bool {
        let failed = lock(&self.following.failed);
        failed.get(digest).is_none_or(|at| *at <= Instant::now())
    }

    /// No new call reaches it here.
    fn leave(&self, id: &str) {
        if let Ok(running) = self.shared.get().running(id) {
            running.stop();
        }
        self.routes.forget(id);
    }

    /// Shows a record as it is written, unless that is what is shown.
    fn show(
        &self,
        record: &PluginRecord,
        running: Option<Arc<Running>>,
    ) -> Result<(), ManageError> {
        let entry = Entry {
            status: Arc::new(state::status(record)?),
            running,
            pending: record.pending.clone(),
        };
        let snapshot = self.shared.get();
        let shown = snapshot.plugins.get(&record.id);
        if shown.is_none_or(|shown| !shown.is_like(&entry)) {
            self.put_in_place(&record.id, entry);
        }
        Ok(())
    }

    /// What is about to be enabled somewhere is compiled by then.
    async fn compile_soon(self: &Arc<Self>, record: &PluginRecord) -> Result<(), ManageError> {
        let digests = match (record.state, record.pending.as_deref()) {
            (PluginState::Enabled, Some(pending::EXCHANGE)) => {
                self.store.components().digests(&record.id).await?
            }
            (PluginState::Disabled, _) => vec![record.digest.clone()],
            _ => return Ok(()),
        };
        for digest in digests {
            if !lock(&self.following.compiled).insert(digest.clone()) {
                continue;
            }
            let (inner, plugin) = (self.clone(), record.id.clone());
            tokio::spawn(async move {
                let prepared = match inner.store.components().get(&plugin, &digest).await {
                    Ok(Some(bytes)) => inner.prepare(bytes).await.map(drop),
                    Ok(None) => Ok(()),
                    Err(error) => Err(error.into()),
                };
                if let Err(error) = prepared {
                    tracing::debug!(plugin, %error, "a component was not compiled ahead");
                }
            });
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
