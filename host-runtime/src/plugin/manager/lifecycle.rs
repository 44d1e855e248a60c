//! The steps of a plugin's life: from a file to a version that answers calls, and the calls of `lifecycle` on the way.
//!
//! A version is built beside the one that runs: compiled, compared with its grants, installed or upgraded, enabled. Only then does
//! anybody see it; if a step fails, nobody ever does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use host_store::PluginRecord;

use super::super::call::{OnBehalf, Scope};
use super::super::fault::Fault;
use super::super::inspect::{self, Prepared};
use super::super::instance::Running;
use super::super::manifest::{Grants, Manifest};
use super::Inner;
use super::error::ManageError;
use crate::egress::allow_list::AllowList;
use crate::egress::client::Sender;
use crate::limits;

/// A step of a plugin's life.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Install,
    Upgrade(String),
    Enable,
    Disable,
    Remove,
    UserRemoved(String),
}

impl Step {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade(_) => "upgrade",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Remove => "remove",
            Self::UserRemoved(_) => "forget a user",
        }
    }

    fn function(&self) -> &'static str {
        match self {
            Self::Install => "lifecycle.install",
            Self::Upgrade(_) => "lifecycle.upgrade",
            Self::Enable => "lifecycle.enable",
            Self::Disable => "lifecycle.disable",
            Self::Remove => "lifecycle.remove",
            Self::UserRemoved(_) => "lifecycle.user-removed",
        }
    }
}

impl Inner {
    pub(super) async fn prepare(&self, bytes: Vec<u8>) -> Result<Prepared, ManageError> {
        // One at a time: compiling takes all processors.
        let _turn = self.compiling.lock().await;
        Ok(inspect::prepare(&self.engine, &self.linker, self.bare.clone(), bytes).await?)
    }

    /// The component of an installed plugin, compiled (or taken from the folder of compiled code).
    pub(super) async fn load(&self, record: &PluginRecord) -> Result<Prepared, ManageError> {
        let kept = self
            .store
            .components()
            .get(&record.id, &record.digest)
            .await?;
        let bytes = kept.ok_or_else(|| {
            ManageError::File(
                "its component is not in the database any more: upgrade it with the same file"
                    .to_owned(),
            )
        })?;
        let prepared = self.prepare(bytes).await?;
        if prepared.inspection.digest != record.digest {
            return Err(ManageError::File(
                "its component in the database is not the one that was installed: it was changed"
                    .to_owned(),
            ));
        }
        Ok(prepared)
    }

    /// Makes a version ready to be called, under `grants`.
    pub(super) fn build(
        self: &Arc<Self>,
        prepared: Prepared,
        grants: Grants,
    ) -> Result<Arc<Running>, ManageError> {
        check_grants(&prepared, &grants)?;
        let manifest = prepared.inspection.manifest;
        let agent = format!(
            "plugin-host/{} ({}/{})",
            env!("CARGO_PKG_VERSION"),
            manifest.id,
            manifest.version
        );
        let sender = Sender::new(&self.tls, AllowList::new(grants.origins.clone()), &agent);
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let scope = Scope {
            plugin: manifest.id.clone(),
            version: manifest.version.clone(),
            grants,
            store: self.store.clone(),
            clock: self.store.clock(),
            sender: Arc::new(sender),
            routes: self.routes.clone(),
            generation,
        };
        let manager = Arc::downgrade(self);
        let reporter = Arc::new(move |fault: Fault, broken: bool| {
            if let Some(inner) = manager.upgrade() {
                tokio::spawn(inner.report(fault, broken.then_some(generation)));
            }
        });
        Ok(Arc::new(Running::new(
            self.engine.clone(),
            prepared.pre,
            prepared.exports,
            prepared.pages,
            manifest,
            Arc::new(scope),
            reporter,
        )))
    }

    /// Installs or upgrades if that is due, and enables. `installed` is what was installed last.
    pub(super) async fn bring_up(
        &self,
        running: &Arc<Running>,
        installed: Option<&str>,
    ) -> Result<(), ManageError> {
        match installed {
            None => step(running, Step::Install).await?,
            Some(version) if version != running.manifest.version => {
                step(running, Step::Upgrade(version.to_owned())).await?;
            }
            Some(_) => {}
        }
        step(running, Step::Enable).await
    }
}

/// Calls one function of `lifecycle`, even of a plugin that takes no other calls.
pub(super) async fn step(running: &Arc<Running>, step: Step) -> Result<(), ManageError> {
    let name = step.name();
    let held = running.clone();
    let function = step.function();
    let behalf = OnBehalf {
        request: function.to_owned(),
        ..OnBehalf::default()
    };
    running
        .call_as_host(
            function,
            behalf,
            limits::LIFECYCLE_TIME,
            Box::new(move |store, instance| {
                Box::pin(async move {
                    let guest = held.exports.lifecycle.load(&mut *store, instance)?;
                    match step {
                        Step::Install => guest.call_install(&mut *store).await,
                        Step::Upgrade(from) => guest.call_upgrade(&mut *store, &from).await,
                        Step::Enable => guest.call_enable(&mut *store).await,
                        Step::Disable => guest.call_disable(&mut *store).await,
                        Step::Remove => guest.call_remove(&mut *store).await,
                        Step::UserRemoved(user) => {
                            guest.call_user_removed(&mut *store, &user).await
                        }
                    }
                })
            }),
        )
        .await
        .map_err(|error| ManageError::Failed { step: name, error })?
        .map_err(|reason| ManageError::Refused { step: name, reason })
}

/// Compares what the component imports with what it was granted.
fn check_grants(prepared: &Prepared, grants: &Grants) -> Result<(), ManageError> {
    let manifest = &prepared.inspection.manifest;
    let http = prepared
        .inspection
        .imports
        .iter()
        .find(|name| name.starts_with("wasi:http/outgoing-handler"));
    if let Some(import) = http
        && !manifest.origins.is_empty()
        && grants.origins.is_empty()
    {
        return Err(ManageError::MissingGrant {
            plugin: manifest.id.clone(),
            import: import.clone(),
            missing: format!(
                "no origin was granted: it asks for {}",
                list(&manifest.origins)
            ),
        });
    }
    Ok(())
}

/// What a manifest asks for, for people.
pub(super) fn wants(manifest: &Manifest) -> Vec<String> {
    let nothing = Manifest {
        origins: vec![],
        paths: vec![],
        pages: false,
        storage_bytes: 0,
        memory_bytes: 0,
        call_seconds: 0,
        ..manifest.clone()
    };
    nothing.wants_no_less_than(manifest)
}

fn list(origins: &[crate::egress::allow_list::Origin]) -> String {
    let origins: Vec<_> = origins.iter().map(ToString::to_string).collect();
    origins.join(", ")
}
