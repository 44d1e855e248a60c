//! The changes themselves. Only the manager's one writer calls these.

use std::path::PathBuf;
use std::sync::Arc;

use host_store::{PluginRecord, PluginState, Schedule};

use super::super::fault::Fault;
use super::super::inspect::Prepared;
use super::super::instance::Running;
use super::super::manifest::{Grants, Manifest};
use super::Inner;
use super::error::ManageError;
use super::lifecycle::{Step, step, wants};
use super::state::{self, Entry, PluginStatus, Remembered};
use crate::limits;

/// What a record's `pending` says was begun.
mod pending {
    pub(super) const ENABLE: &str = "enable";
    pub(super) const DISABLE: &str = "disable";
    pub(super) const REMOVE: &str = "remove";
    pub(super) const REMOVE_DATA: &str = "remove-data";
}

impl Inner {
    pub(super) async fn add(&self, bytes: Vec<u8>) -> Result<Arc<PluginStatus>, ManageError> {
        let prepared = self.prepare(bytes.clone()).await?;
        let inspection = prepared.inspection;
        let id = inspection.manifest.id.clone();
        if let Some(existing) = self.store.plugins().get(&id).await? {
            return Err(ManageError::AlreadyInstalled {
                plugin: id,
                version: existing.version,
            });
        }
        let record = PluginRecord {
            id: id.clone(),
            version: inspection.manifest.version.clone(),
            file: self.keep_file(&id, &inspection.digest, bytes).await?,
            digest: inspection.digest.clone(),
            state: PluginState::Disabled,
            reason: None,
            manifest: state::to_json(
                &id,
                &Remembered {
                    inspection,
                    removed_users: vec![],
                },
            )?,
            grants: None,
            installed_version: None,
            pending: None,
            updated_at: 0,
        };
        self.save(&record, None).await
    }

    pub(super) async fn approve(
        self: &Arc<Self>,
        id: &str,
        grants: Grants,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let mut record = self.record(id).await?;
        grants.check(&state::remembered(&record)?.inspection.manifest)?;
        record.grants = Some(state::to_json(id, &grants)?);
        if record.state == PluginState::Enabled {
            let prepared = self.load(&record).await?;
            return self.exchange(record, prepared, grants).await;
        }
        self.set_quota(id, &grants).await?;
        self.save(&record, None).await
    }

    pub(super) async fn enable(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let mut record = self.record(id).await?;
        if let Some(entry) = self
            .shared
            .get()
            .plugins
            .get(id)
            .filter(|e| e.running.is_some())
        {
            return Ok(entry.status.clone());
        }
        let inspection = state::remembered(&record)?.inspection;
        let Some(grants) = state::grants(&record)? else {
            return Err(ManageError::NotApproved {
                plugin: id.to_owned(),
                wants: wants(&inspection.manifest),
            });
        };
        if state::brings_mail(&inspection)
            && let Ok(other) = self.shared.get().mail()
        {
            return Err(ManageError::SecondMail {
                plugin: id.to_owned(),
                enabled: other.id().to_owned(),
            });
        }
        let prepared = self.load(&record).await?;
        let running = self.build(prepared, grants.clone())?;
        record.pending = Some(pending::ENABLE.into());
        record.state = PluginState::Disabled;
        record.reason = None;
        self.set_quota(id, &grants).await?;
        self.save(&record, None).await?;
        if let Err(error) = self
            .bring_up(&running, record.installed_version.as_deref())
            .await
        {
            self.routes.forget(id);
            record.pending = None;
            self.save(&record, None).await?;
            return Err(error);
        }
        self.announce(record, running).await
    }

    /// Everybody sees `running` from now on.
    async fn announce(
        self: &Arc<Self>,
        mut record: PluginRecord,
        running: Arc<Running>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        self.tell_removed_users(&mut record, &running).await?;
        self.set_schedules(&running.manifest).await?;
        record.pending = None;
        record.state = PluginState::Enabled;
        record.reason = None;
        record.installed_version = Some(record.version.clone());
        self.routes.keep_only(&record.id, running.scope.generation);
        self.save(&record, Some(running)).await
    }

    pub(super) async fn disable(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let mut record = self.record(id).await?;
        let running = self.shared.get().running(id).ok();
        if running.is_none() && record.state == PluginState::Disabled && record.pending.is_none() {
            return self.save(&record, None).await;
        }
        record.state = PluginState::Disabled;
        record.reason = None;
        record.pending = Some(pending::DISABLE.into());
        // From here no job is handed out and no call is made.
        self.save(&record, None).await?;
        self.routes.forget(id);
        if let Some(running) = running {
            running.stop();
            if !running.drained(limits::STOP_TIME).await {
                tracing::warn!(
                    plugin = id,
                    "calls are still running; they end by their own time limit"
                );
            }
            self.try_step(&running, Step::Disable).await;
        }
        record.pending = None;
        self.save(&record, None).await
    }

    pub(super) async fn upgrade(
        self: &Arc<Self>,
        id: &str,
        bytes: Vec<u8>,
        grants: Option<Grants>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let mut record = self.record(id).await?;
        let prepared = self.prepare(bytes.clone()).await?;
        let manifest = prepared.inspection.manifest.clone();
        if manifest.id != id {
            return Err(ManageError::AnotherPlugin {
                expected: id.to_owned(),
                found: manifest.id,
            });
        }
        let old = state::remembered(&record)?;
        let grants = match (grants, state::grants(&record)?) {
            (Some(grants), _) => {
                grants.check(&manifest)?;
                Some(grants)
            }
            (None, Some(mut grants)) => {
                let more = old.inspection.manifest.wants_no_less_than(&manifest);
                if !more.is_empty() {
                    return Err(ManageError::NotApproved {
                        plugin: id.to_owned(),
                        wants: more,
                    });
                }
                grants.paths.retain(|p| manifest.paths.contains(p));
                Some(grants)
            }
            (None, None) => None,
        };
        let old_file = std::mem::take(&mut record.file);
        record.file = self
            .keep_file(id, &prepared.inspection.digest, bytes)
            .await?;
        record.version = manifest.version;
        record.digest = prepared.inspection.digest.clone();
        record.manifest = state::to_json(
            id,
            &Remembered {
                inspection: prepared.inspection.clone(),
                removed_users: old.removed_users,
            },
        )?;
        record.grants = grants.as_ref().map(|g| state::to_json(id, g)).transpose()?;
        let new_file = record.file.clone();
        let result = match grants {
            Some(grants) if record.state == PluginState::Enabled => {
                self.exchange(record, prepared, grants).await
            }
            _ => {
                // What was broken is tried anew when it is enabled.
                record.state = PluginState::Disabled;
                record.reason = None;
                self.save(&record, None).await
            }
        };
        let obsolete = if result.is_ok() { &old_file } else { &new_file };
        if old_file != new_file {
            self.discard_file(obsolete).await;
        }
        result
    }

    /// Puts `prepared` into the place of the version that runs; if a step fails, that goes on as if nothing had been.
    async fn exchange(
        self: &Arc<Self>,
        record: PluginRecord,
        prepared: Prepared,
        grants: Grants,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let id = record.id.clone();
        let old = self.shared.get().running(&id).ok();
        let brings_mail = state::brings_mail(&prepared.inspection);
        if brings_mail
            && let Ok(other) = self.shared.get().mail()
            && other.id() != id
        {
            return Err(ManageError::SecondMail {
                plugin: id,
                enabled: other.id().to_owned(),
            });
        }
        let running = self.build(prepared, grants.clone())?;
        let routes = self.routes.of(&id);
        // No job of the old version begins while the new one changes its data.
        self.store.jobs().pause(&id);
        let brought_up = self
            .bring_up(&running, record.installed_version.as_deref())
            .await;
        let result = match brought_up {
            Ok(()) => match self.set_quota(&id, &grants).await {
                Ok(()) => self.announce(record, running).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if result.is_err() {
            self.routes.restore(&id, routes);
        } else if let Some(old) = old {
            // Its calls in flight end with the version that they began with.
            old.stop();
        }
        self.store.jobs().resume(&id);
        result
    }

    pub(super) async fn remove(
        self: &Arc<Self>,
        id: &str,
        with_data: bool,
    ) -> Result<(), ManageError> {
        let record = self.record(id).await?;
        if record.pending.is_none() || self.shared.get().running(id).is_ok() {
            self.disable(id).await?;
        }
        let mut record = self.record(id).await?;
        let mark = if with_data {
            pending::REMOVE_DATA
        } else {
            pending::REMOVE
        };
        record.pending = Some(mark.into());
        self.save(&record, None).await?;
        if with_data {
            // A plugin that can't be run any more must be removable too.
            let grants = state::grants(&record).ok().flatten();
            if let (Some(grants), Some(_)) = (grants, &record.installed_version) {
                match self.load(&record).await.and_then(|p| self.build(p, grants)) {
                    Ok(running) => self.try_step(&running, Step::Remove).await,
                    Err(error) => {
                        tracing::warn!(plugin = id, %error, "the plugin is removed without a last word")
                    }
                }
            }
            self.store.plugins().delete_data(id).await?;
        }
        self.store.plugins().delete(id).await?;
        self.routes.forget(id);
        self.shared.change(|s| drop(s.plugins.remove(id)));
        let folder = self.store.folder().join("plugins").join(id);
        if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
            tracing::warn!(plugin = id, %error, "the plugin's file could not be deleted");
        }
        Ok(())
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
    async fn tell_removed_users(
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

    pub(super) async fn restore(self: &Arc<Self>) -> Result<(), ManageError> {
        for mut record in self.store.plugins().list().await? {
            let id = record.id.clone();
            let pending = record.pending.clone();
            self.save(&record, None).await?;
            match pending.as_deref() {
                Some(pending::REMOVE) => self.remove(&id, false).await?,
                Some(pending::REMOVE_DATA) => self.remove(&id, true).await?,
                Some(pending::DISABLE) => {
                    record.pending = None;
                    self.finish_disabling(&record).await;
                    self.save(&record, None).await?;
                }
                Some(pending::ENABLE) => self.start(record).await?,
                _ if record.state == PluginState::Enabled => self.start(record).await?,
                _ => {}
            }
        }
        Ok(())
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

    /// A step whose failure changes nothing: the plugin stops anyway.
    async fn try_step(&self, running: &Arc<Running>, what: Step) {
        let name = what.name();
        if let Err(error) = step(running, what).await {
            tracing::warn!(plugin = running.id(), step = name, %error, "the plugin did not end well");
        }
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
            let _turn = self.writing.lock().await;
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
        let mut record = self.record(&fault.plugin).await?;
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

    async fn record(&self, id: &str) -> Result<PluginRecord, ManageError> {
        self.store
            .plugins()
            .get(id)
            .await?
            .ok_or_else(|| ManageError::Unknown(id.to_owned()))
    }

    /// Writes a record and shows it.
    async fn save(
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
        Ok(status)
    }

    async fn set_quota(&self, id: &str, grants: &Grants) -> Result<(), ManageError> {
        Ok(self
            .store
            .plugins()
            .set_quota(id, Some(grants.storage_bytes))
            .await?)
    }

    async fn set_schedules(&self, manifest: &Manifest) -> Result<(), ManageError> {
        let schedules: Vec<_> = manifest
            .schedules
            .iter()
            .map(|s| Schedule {
                kind: s.kind.clone(),
                every_ms: u64::from(s.every_seconds).saturating_mul(1_000),
            })
            .collect();
        Ok(self
            .store
            .jobs()
            .set_schedules(&manifest.id, &schedules)
            .await?)
    }

    /// Keeps a component in the data folder; answers its place there. Written beside and renamed, so that no half file is ever run.
    async fn keep_file(
        &self,
        id: &str,
        digest: &str,
        bytes: Vec<u8>,
    ) -> Result<String, ManageError> {
        let name = format!("plugins/{id}/{digest}.wasm");
        let path = self.store.folder().join(&name);
        let failed = |path: &PathBuf, e: &std::io::Error| {
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

    async fn discard_file(&self, name: &str) {
        let path = self.store.folder().join(name);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(file = %path.display(), %error, "an obsolete version could not be deleted");
        }
    }
}
