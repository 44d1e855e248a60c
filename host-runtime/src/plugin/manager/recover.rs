//! What is made up for: what a crash interrupted, whom a plugin was not told of, and faults.

use std::sync::Arc;

use host_store::{PluginRecord, PluginState};

use super::super::fault::Fault;
use super::super::instance::Running;
use super::Inner;
use super::error::ManageError;
use super::lifecycle::{Step, step};
use super::records::pending;
use super::state;
use crate::limits;

impl Inner {
    pub(super) async fn restore(self: &Arc<Self>) -> Result<(), ManageError> {
        let records = self.store.plugins().list().await?;
        self.remember(&records);
        for record in records {
            self.take_up(record).await?;
        }
        Ok(())
    }

    /// Ends what was begun with a plugin, and starts it if it is enabled. Nobody else may be at it.
    pub(super) async fn take_up(
        self: &Arc<Self>,
        mut record: PluginRecord,
    ) -> Result<(), ManageError> {
        let id = record.id.clone();
        let pending = record.pending.clone();
        // It may run already: another host began the change.
        let running = self.shared.get().running(&id).ok();
        self.save(&record, running.clone()).await?;
        match pending.as_deref() {
            Some(pending::REMOVE) => self.remove(&id, false).await,
            Some(pending::REMOVE_DATA) => self.remove(&id, true).await,
            Some(pending::DISABLE) => {
                record.pending = None;
                self.finish_disabling(&record).await;
                self.save(&record, None).await.map(drop)
            }
            Some(pending::EXCHANGE) if running.is_some() => {
                record.pending = None;
                self.save(&record, running).await.map(drop)
            }
            Some(pending::ENABLE) => self.start(record).await,
            _ if record.state == PluginState::Enabled => self.start(record).await,
            _ => Ok(()),
        }
    }

    /// Starts a plugin when the host starts; flags it broken if that fails.
    async fn start(self: &Arc<Self>, record: PluginRecord) -> Result<(), ManageError> {
        let id = record.id.clone();
        if let Err(error) = self.enable(&id).await {
            tracing::error!(plugin = id, %error, "the plugin could not be started");
            let mut record = self.record(&id).await?;
            record.state = PluginState::Broken;
            record.pending = None;
            record.reason = Some(error.to_string());
            self.save(&record, None).await?;
        }
        Ok(())
    }

    /// The step that a crash kept a plugin from hearing.
    async fn finish_disabling(self: &Arc<Self>, record: &PluginRecord) {
        let Ok(Some(grants)) = state::grants(record) else {
            return;
        };
        match self.load(record).await.and_then(|p| self.build(p, grants)) {
            Ok(running) => self.try_step(&running, Step::Disable).await,
            Err(error) => {
                tracing::warn!(plugin = record.id, %error, "the plugin was disabled without a last word")
            }
        }
        self.routes.forget(&record.id);
    }

    pub(super) async fn user_removed(&self, user: &str) -> Result<(), ManageError> {
        for mut record in self.store.plugins().list().await? {
            if record.installed_version.is_none() {
                continue;
            }
            let mut remembered = state::remembered(&record)?;
            remembered.removed_users.push(user.to_owned());
            record.manifest = state::to_json(&record.id, &remembered)?;
            let running = self.shared.get().running(&record.id).ok();
            // Written down first, so that a crash doesn't lose it.
            self.save(&record, running.clone()).await?;
            if let Some(running) = running {
                self.tell_removed_users(&mut record, &running).await?;
                self.save(&record, Some(running)).await?;
            }
        }
        Ok(())
    }

    /// Tells a plugin whom to forget; what it refuses is told again when it is enabled next.
    pub(super) async fn tell_removed_users(
        &self,
        record: &mut PluginRecord,
        running: &Arc<Running>,
    ) -> Result<(), ManageError> {
        let mut remembered = state::remembered(record)?;
        if remembered.removed_users.is_empty() {
            return Ok(());
        }
        let mut left = Vec::new();
        for user in std::mem::take(&mut remembered.removed_users) {
            if let Err(error) = step(running, Step::UserRemoved(user.clone())).await {
                tracing::warn!(plugin = record.id, user, %error, "the plugin could not forget a user; it is told again");
                left.push(user);
            }
        }
        remembered.removed_users = left;
        record.manifest = state::to_json(&record.id, &remembered)?;
        Ok(())
    }

    /// Writes a fault down, and stops the generation of a plugin that has failed too often in a row.
    pub(super) async fn report(self: Arc<Self>, fault: Fault, broken: Option<u64>) {
        tracing::warn!(
            plugin = fault.plugin,
            version = fault.version,
            function = fault.function,
            request = fault.request,
            reason = fault.reason,
            "a call of the plugin failed"
        );
        let detail = fault.detail();
        let recorded = self
            .store
            .plugins()
            .record_fault(&fault.plugin, &fault.function, fault.kind.as_str(), &detail)
            .await;
        if let Err(error) = recorded {
            tracing::error!(plugin = fault.plugin, %error, "the fault could not be recorded");
        }
        if let Some(generation) = broken {
            let _writing = self.writing.lock().await;
            if let Err(error) = self.stop_broken(&fault, generation).await {
                tracing::error!(plugin = fault.plugin, %error, "the broken plugin could not be flagged");
            }
        }
    }

    async fn stop_broken(&self, fault: &Fault, generation: u64) -> Result<(), ManageError> {
        let running = match self.shared.get().running(&fault.plugin) {
            // Another may have taken its place meanwhile.
            Ok(running) if running.scope.generation == generation => running,
            _ => return Ok(()),
        };
        running.stop();
        self.routes.forget(&fault.plugin);
        self.take_turn(super::TURN_PATIENCE).await?;
        let flagged = self.flag_broken(fault).await;
        self.end_turn().await;
        flagged
    }

    async fn flag_broken(&self, fault: &Fault) -> Result<(), ManageError> {
        let mut record = self.record(&fault.plugin).await?;
        if record.version != fault.version || record.state != PluginState::Enabled {
            // Another host has put another in its place.
            return Ok(());
        }
        record.state = PluginState::Broken;
        record.reason = Some(format!(
            "{} calls failed in a row, the last one in {}: {}",
            limits::FAULTS_UNTIL_BROKEN,
            fault.function,
            fault.reason
        ));
        tracing::error!(
            plugin = fault.plugin,
            "the plugin keeps failing and was stopped"
        );
        self.save(&record, None).await.map(drop)
    }
}
