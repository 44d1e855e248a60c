//! Which plugins there are and which of them run: the single writer of plugin state.
//!
//! Changes go one at a time, each to its end even if whoever asked for it goes away. Every change is written down before it is
//! begun where a crash could leave it half done, and [`Manager::restore`] takes up what was. Readers see a snapshot.
//!
//! Hosts that share a database take turns at writing ([`host_store::Turn`]), and each follows what the others write (`follow`).

mod change;
mod error;
mod follow;
mod lifecycle;
mod records;
mod recover;
mod state;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use host_store::{Store, Turn};
use tokio::sync::Mutex;
use wasmtime::component::Linker;

use super::call::{CallError, CallState, Scope};
use super::inspect::{InspectError, Inspection};
use super::instance::Running;
use super::manifest::Grants;
use super::typed::{Mail, Plugin};
use crate::capability::routing::Routes;
use crate::egress::allow_list::AllowList;
use crate::egress::client::{Sender, Tls};
use crate::engine::Engine;
use crate::limits;

pub use error::ManageError;
pub use state::PluginStatus;

/// How long a change waits for one that another host makes: compiling and the steps of a plugin's life take their time.
const TURN_PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Manager {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    linker: Linker<CallState>,
    store: Store,
    routes: Arc<Routes>,
    tls: Tls,
    /// What components are inspected in.
    bare: Arc<Scope>,
    shared: state::Shared,
    generations: AtomicU64,
    compiling: Mutex<()>,
    writing: Mutex<()>,
    /// This host's turn to write, while a change goes on.
    turn: std::sync::Mutex<Option<Arc<Turn>>>,
    told: records::Told,
    following: follow::Following,
}

impl Manager {
    /// A manager without plugins; see [`restore`](Self::restore).
    pub(crate) fn new(
        engine: Engine,
        store: Store,
        routes: Arc<Routes>,
        tls: Tls,
    ) -> wasmtime::Result<Self> {
        let bare = Scope {
            plugin: "inspected".into(),
            version: String::new(),
            grants: Grants {
                origins: vec![],
                paths: vec![],
                pages: false,
                storage_bytes: 0,
                memory_bytes: limits::MEMORY_DEFAULT,
                call_seconds: 1,
            },
            store: store.clone(),
            clock: store.clock(),
            sender: Arc::new(Sender::new(&tls, AllowList::default(), "plugin-host")),
            routes: routes.clone(),
            generation: 0,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                linker: crate::capability::linker(engine.wasmtime())?,
                engine,
                store,
                routes,
                tls,
                bare: Arc::new(bare),
                shared: state::Shared::default(),
                generations: AtomicU64::new(1),
                compiling: Mutex::default(),
                writing: Mutex::default(),
                turn: std::sync::Mutex::default(),
                following: follow::Following::default(),
                told: records::Told::default(),
            }),
        })
    }

    /// All plugins, by id.
    pub fn list(&self) -> Vec<Arc<PluginStatus>> {
        let snapshot = self.inner.shared.get();
        snapshot
            .plugins
            .values()
            .map(|e| e.status.clone())
            .collect()
    }

    /// One plugin.
    pub fn get(&self, id: &str) -> Option<Arc<PluginStatus>> {
        let snapshot = self.inner.shared.get();
        snapshot.plugins.get(id).map(|e| e.status.clone())
    }

    /// An enabled plugin, to be called.
    pub fn plugin(&self, id: &str) -> Result<Plugin, CallError> {
        self.running(id).map(|running| Plugin { running })
    }

    /// The plugin that brings mail, to be called.
    pub fn mail(&self) -> Result<Mail, CallError> {
        let running = self.inner.shared.get().mail()?;
        Ok(Mail { running })
    }

    /// The running version of a plugin.
    pub fn running(&self, id: &str) -> Result<Arc<Running>, CallError> {
        self.inner.shared.get().running(id)
    }

    /// The plugins that show pages now, by id.
    pub fn with_pages(&self) -> Vec<Arc<Running>> {
        self.inner.shared.get().with_pages()
    }

    /// Faults of a plugin, newest first.
    pub async fn faults(
        &self,
        id: &str,
        limit: u32,
    ) -> Result<Vec<host_store::Fault>, ManageError> {
        Ok(self.inner.store.plugins().faults(id, limit).await?)
    }

    /// What a file is and wants, without installing it.
    pub async fn inspect(&self, bytes: Vec<u8>) -> Result<Inspection, ManageError> {
        Ok(self.inner.prepare(bytes).await?.inspection)
    }

    /// Reads a file for [`add`](Self::add) or [`upgrade`](Self::upgrade), if it isn't too large.
    pub async fn read(path: &std::path::Path) -> Result<Vec<u8>, ManageError> {
        let failed = |e| ManageError::File(format!("{} can't be read: {e}", path.display()));
        let size = tokio::fs::metadata(path).await.map_err(failed)?.len();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > limits::COMPONENT_BYTES {
            return Err(InspectError::TooLarge {
                size,
                limit: limits::COMPONENT_BYTES,
            }
            .into());
        }
        tokio::fs::read(path).await.map_err(failed)
    }

    /// Installs a plugin: disabled, and nothing approved.
    pub async fn add(&self, bytes: Vec<u8>) -> Result<Arc<PluginStatus>, ManageError> {
        self.exclusively(move |inner| async move { inner.add(bytes).await })
            .await
    }

    /// Sets what a plugin may do. One that runs goes on under the new grants.
    pub async fn approve(
        &self,
        id: &str,
        grants: Grants,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let id = id.to_owned();
        self.exclusively(move |inner| async move { inner.approve(&id, grants).await })
            .await
    }

    /// Starts a plugin. Starting one that runs changes nothing.
    pub async fn enable(&self, id: &str) -> Result<Arc<PluginStatus>, ManageError> {
        let id = id.to_owned();
        self.exclusively(move |inner| async move { inner.enable(&id).await })
            .await
    }

    /// Stops a plugin: no new calls, jobs or routes; calls in flight end. Stopping one that doesn't run changes nothing.
    pub async fn disable(&self, id: &str) -> Result<Arc<PluginStatus>, ManageError> {
        let id = id.to_owned();
        self.exclusively(move |inner| async move { inner.disable(&id).await })
            .await
    }

    /// Puts another version in a plugin's place, running if the old one ran. If it asks for more than was approved, `grants` must
    /// say so. If anything fails, the old version stays and goes on.
    pub async fn upgrade(
        &self,
        id: &str,
        bytes: Vec<u8>,
        grants: Option<Grants>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        let id = id.to_owned();
        self.exclusively(move |inner| async move { inner.upgrade(&id, bytes, grants).await })
            .await
    }

    /// Removes a plugin, with everything that it keeps or leaving that for a plugin of the same id.
    pub async fn remove(&self, id: &str, with_data: bool) -> Result<(), ManageError> {
        let id = id.to_owned();
        self.exclusively(move |inner| async move { inner.remove(&id, with_data).await })
            .await
    }

    /// Tells every plugin to forget a user; those that can't be told now are told when they are enabled.
    pub async fn user_removed(&self, user: &str) -> Result<(), ManageError> {
        let user = user.to_owned();
        self.exclusively(move |inner| async move { inner.user_removed(&user).await })
            .await
    }

    /// Takes up what is remembered: ends what a crash interrupted and starts what is enabled. A plugin that can't be started is
    /// flagged broken; the others start. Where there are other hosts, what looks interrupted may be what one of them is doing, and is left to
    /// [`follow`](Self::follow).
    pub(crate) async fn restore(&self) -> Result<(), ManageError> {
        if self.inner.store.is_shared() {
            let inner = self.inner.clone();
            let _writing = inner.writing.lock().await;
            return self.inner.catch_up().await;
        }
        self.exclusively(move |inner| async move { inner.restore().await })
            .await
    }

    /// Stops calling plugins, without changing which are enabled: the host stops.
    pub(crate) async fn stop(&self) {
        let _writing = self.inner.writing.lock().await;
        let running: Vec<_> = self
            .inner
            .shared
            .get()
            .plugins
            .values()
            .filter_map(|e| e.running.clone())
            .collect();
        for plugin in &running {
            plugin.stop();
        }
        let drained =
            futures::future::join_all(running.iter().map(|p| p.drained(limits::STOP_TIME)));
        for (plugin, drained) in running.iter().zip(drained.await) {
            if !drained {
                tracing::warn!(
                    plugin = plugin.id(),
                    "calls were still running when the host stopped"
                );
            }
        }
    }

    /// One change at a time, in a task of its own, so that a client that hangs up doesn't stop it half way.
    async fn exclusively<T, F>(
        &self,
        change: impl FnOnce(Arc<Inner>) -> F + Send + 'static,
    ) -> Result<T, ManageError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ManageError>> + Send + 'static,
    {
        let inner = self.inner.clone();
        let task = tokio::spawn(async move {
            let held = inner.clone();
            let _writing = held.writing.lock().await;
            held.take_turn(TURN_PATIENCE).await?;
            let result = match inner.store.is_shared() {
                // What is changed is what others left, not what this host last saw of it.
                true => match inner.catch_up().await {
                    Ok(()) => match inner.end_interrupted().await {
                        Ok(()) => change(inner).await,
                        Err(error) => Err(error),
                    },
                    Err(error) => Err(error),
                },
                false => change(inner).await,
            };
            held.end_turn().await;
            result
        });
        task.await.unwrap_or_else(|error| {
            Err(ManageError::File(format!(
                "the change was interrupted: {error}"
            )))
        })
    }
}
