//! A host: plugins, what they may do, and their jobs, over one store. Everything that serves people stands on this.

use std::path::PathBuf;
use std::sync::Arc;

use host_store::Store;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::capability::routing::Routes;
use crate::egress::client::Tls;
use crate::engine::{Engine, EngineError};
use crate::limits;
use crate::plugin::CallError;
use crate::plugin::invoke::{self, Invocation, InvokeError};
use crate::plugin::manager::{ManageError, Manager};
use crate::plugin::trace::Trace;
use crate::plugin::typed::{Mail, Plugin};
use crate::worker::Worker;

/// How a host is set up.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Scheme, host and port under which people reach it. See [`Routes::set_public_origin`] for a port that is not known yet.
    pub public_origin: String,
    /// Where compiled plugins are kept; none: they are compiled at every start. It must belong to this host alone.
    pub compiled: Option<PathBuf>,
    /// Calls that may be live at once.
    pub live_calls: usize,
    /// Jobs that may run at once; fewer than `live_calls`.
    pub live_jobs: usize,
    /// Certification authorities beside the public ones, DER.
    pub authorities: Vec<Vec<u8>>,
}

impl HostOptions {
    /// The defaults for a store: compiled plugins are kept in its folder.
    pub fn new(store: &Store, public_origin: &str) -> Self {
        Self {
            public_origin: public_origin.to_owned(),
            compiled: Some(store.folder().join("compiled")),
            live_calls: limits::LIVE_CALLS,
            live_jobs: limits::LIVE_JOBS,
            authorities: Vec::new(),
        }
    }
}

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A certificate.
    #[error("a certification authority can't be used: {0}")]
    Tls(#[from] rustls::Error),
    /// A plugin's record.
    #[error(transparent)]
    Plugins(#[from] ManageError),
}

/// See the module's documentation. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    engine: Engine,
    routes: Arc<Routes>,
    plugins: Manager,
    live_jobs: usize,
    worker: Mutex<Option<Worker>>,
    following: Option<JoinHandle<()>>,
}

impl Host {
    /// Starts the engine and the plugins that are enabled; no jobs yet. A plugin that can't be started is flagged broken.
    pub async fn start(store: Store, options: HostOptions) -> Result<Self, StartError> {
        let engine = Engine::start(options.compiled.as_deref(), options.live_calls)?;
        let authorities = options.authorities.into_iter().map(Into::into);
        let tls = Tls::new(authorities)?;
        let routes = Arc::new(Routes::new(&options.public_origin));
        let plugins = Manager::new(engine.clone(), store.clone(), routes.clone(), tls)
            .map_err(|e| EngineError::Start(format!("{e:#}")))?;
        plugins.restore().await?;
        let following = plugins.follow();
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                engine,
                routes,
                plugins,
                live_jobs: options.live_jobs.max(1),
                worker: Mutex::default(),
                following,
            }),
        })
    }

    /// Begins to run jobs, and to throw away what is past its time.
    pub async fn start_jobs(&self) {
        let mut worker = self.inner.worker.lock().await;
        if worker.is_none() {
            *worker = Some(Worker::start(
                self.inner.store.clone(),
                self.inner.plugins.clone(),
                self.inner.live_jobs,
            ));
        }
    }

    /// Lets jobs and calls end, at most [`limits::STOP_TIME`] each; from then on no plugin is called.
    pub async fn stop(&self) {
        if let Some(worker) = self.inner.worker.lock().await.take() {
            worker.stop().await;
        }
        if let Some(following) = &self.inner.following {
            following.abort();
        }
        self.inner.plugins.stop().await;
    }

    /// Which plugins there are, and changing that.
    pub fn plugins(&self) -> &Manager {
        &self.inner.plugins
    }

    /// An enabled plugin, for its settings, OAuth flows and web hooks.
    pub fn plugin(&self, id: &str) -> Result<Plugin, CallError> {
        self.inner.plugins.plugin(id)
    }

    /// The enabled plugin that brings mail.
    pub fn mail(&self) -> Result<Mail, CallError> {
        self.inner.plugins.mail()
    }

    /// Where plugins are reached.
    pub fn routes(&self) -> &Arc<Routes> {
        &self.inner.routes
    }

    /// What the host remembers.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// For metrics.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Calls any export of an enabled plugin: `interface.function(arguments)` in WAVE. With a `trace` that records, what the call
    /// asked of the host is in the answer, or in the trace if it fails.
    pub async fn invoke(
        &self,
        plugin: &str,
        expression: &str,
        user: Option<String>,
        trace: Trace,
    ) -> Result<Invocation, InvokeError> {
        let running = self.inner.plugins.running(plugin)?;
        invoke::invoke(&running, expression, user, trace).await
    }
}
