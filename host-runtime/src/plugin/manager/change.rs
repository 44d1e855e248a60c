//! The changes themselves. Only the manager's one writer calls these.

use std::sync::Arc;

use host_store::{PluginRecord, PluginState, Schedule};

use super::super::inspect::Prepared;
use super::super::instance::Running;
use super::super::manifest::{Grants, Manifest};
use super::Inner;
use super::error::ManageError;
use super::lifecycle::{Step, step, wants};
use super::records::pending;
use super::state::{self, PluginStatus, Remembered};
use crate::limits;

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
        self.store
            .components()
            .keep(&id, &inspection.digest, bytes)
            .await?;
        let record = PluginRecord {
            id: id.clone(),
            version: inspection.manifest.version.clone(),
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
        self.check_pages(&running)?;
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
        self.store
            .components()
            .keep(id, &prepared.inspection.digest, bytes)
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
        let turn = self.turn()?;
        if let Err(error) = self.store.components().discard_unnamed(id, &turn).await {
            tracing::warn!(plugin = id, %error, "an obsolete version could not be deleted");
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
        self.check_pages(&running)?;
        let routes = self.routes.of(&id);
        // No job of the old version begins while the new one changes its data, on any host.
        let before = self.record(&id).await?;
        let marked = PluginRecord {
            pending: Some(pending::EXCHANGE.into()),
            ..before.clone()
        };
        self.save(&marked, old.clone()).await?;
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
            let unmarked = PluginRecord {
                pending: None,
                ..before
            };
            self.save(&unmarked, old).await?;
        } else if let Some(old) = old {
            // Its calls in flight end with the version that they began with.
            old.stop();
        }
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
        let turn = self.turn()?;
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
            self.store.plugins().delete_data(id, &turn).await?;
        }
        self.store.plugins().delete(id, &turn).await?;
        self.routes.forget(id);
        self.shared.change(|s| drop(s.plugins.remove(id)));
        self.tell(id, None).await;
        Ok(())
    }

    /// No two plugins show pages at one address: which of them a person sees would be a matter of names.
    fn check_pages(&self, running: &Running) -> Result<(), ManageError> {
        let Some(pages) = running.pages() else {
            return Ok(());
        };
        for other in self.shared.get().with_pages() {
            let taken = |path: &&str| other.pages().is_some_and(|pages| pages.shows(path));
            if other.id() != running.id()
                && let Some(path) = pages.paths().find(taken)
            {
                return Err(ManageError::PageTaken {
                    plugin: running.id().to_owned(),
                    path: path.to_owned(),
                    enabled: other.id().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A step whose failure changes nothing: the plugin stops anyway.
    pub(super) async fn try_step(&self, running: &Arc<Running>, what: Step) {
        let name = what.name();
        if let Err(error) = step(running, what).await {
            tracing::warn!(plugin = running.id(), step = name, %error, "the plugin did not end well");
        }
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
}
