//! One plugin version that runs, and how one call of it is made.
//!
//! Each call: a permit, a fresh store and instance from the same prepared component, a deadline enforced twice (the epoch stops a
//! guest that computes, the time-out stops one that waits), and afterwards the verdict. The store is dropped whatever happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio_util::task::TaskTracker;
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Store, UpdateDeadline};

use super::call::{CallError, CallState, OnBehalf, Scope};
use super::detect::Exports;
use super::fault::{self, Fault};
use super::manifest::Manifest;
use super::pages::Pages;
use super::trace::Trace;
use crate::engine::Engine;
use crate::limits;

/// Told of every fault, and of a plugin that has failed too often in a row.
pub(crate) type Reporter = Arc<dyn Fn(Fault, bool) + Send + Sync>;

/// A plugin version that is ready to be called. Held by an `Arc`: calls in flight keep the version that they began with.
pub struct Running {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    pub(crate) scope: Arc<Scope>,
    pub(crate) exports: Exports,
    pages: Option<Arc<Pages>>,
    engine: Engine,
    pre: InstancePre<CallState>,
    calls: TaskTracker,
    stopped: AtomicBool,
    faults: AtomicU32,
    reporter: Reporter,
}

/// The body of a call: what is done with the fresh instance.
pub(crate) type Body<R> = Box<
    dyn for<'a> FnOnce(&'a mut Store<CallState>, &'a Instance) -> BoxFuture<'a, wasmtime::Result<R>>
        + Send,
>;

impl Running {
    pub(crate) fn new(
        engine: Engine,
        pre: InstancePre<CallState>,
        exports: Exports,
        pages: Option<Arc<Pages>>,
        manifest: Manifest,
        scope: Arc<Scope>,
        reporter: Reporter,
    ) -> Self {
        Self {
            manifest,
            exports,
            pages: pages.filter(|_| scope.grants.pages),
            engine,
            scope,
            pre,
            calls: TaskTracker::new(),
            stopped: AtomicBool::new(false),
            faults: AtomicU32::new(0),
            reporter,
        }
    }

    /// The plugin's id.
    pub fn id(&self) -> &str {
        &self.scope.plugin
    }

    /// Its pages, if it brings some and they were granted.
    pub fn pages(&self) -> Option<&Arc<Pages>> {
        self.pages.as_ref()
    }

    pub(crate) fn component(&self) -> &Component {
        self.pre.component()
    }

    /// What its connections did.
    pub fn http(&self) -> &Arc<crate::egress::client::Counters> {
        self.scope.sender.counters()
    }

    /// Calls one function within what was granted. `function` is for reports.
    pub(crate) async fn call<R: Send>(
        &self,
        function: &'static str,
        behalf: OnBehalf,
        body: Body<R>,
    ) -> Result<R, CallError> {
        self.call_traced(
            function,
            behalf,
            Trace::default(),
            self.scope.grants.call_time(),
            body,
        )
        .await
    }

    /// [`Self::call`] with a trace and a time of its own.
    pub(crate) async fn call_traced<R: Send>(
        &self,
        function: &str,
        behalf: OnBehalf,
        trace: Trace,
        time: Duration,
        body: Body<R>,
    ) -> Result<R, CallError> {
        // The token first: whoever stops the plugin either sees this call or is seen by it.
        let in_flight = self.calls.token();
        if self.stopped.load(Ordering::Acquire) {
            return Err(CallError::NotEnabled(self.id().to_owned()));
        }
        let result = self.call_as(function, behalf, trace, time, body).await;
        drop(in_flight);
        result
    }

    /// A call that the host itself makes, also of a plugin that takes no others: the steps of its life.
    pub(crate) async fn call_as_host<R: Send>(
        &self,
        function: &str,
        behalf: OnBehalf,
        time: Duration,
        body: Body<R>,
    ) -> Result<R, CallError> {
        self.call_as(function, behalf, Trace::default(), time, body)
            .await
    }

    async fn call_as<R: Send>(
        &self,
        function: &str,
        behalf: OnBehalf,
        trace: Trace,
        time: Duration,
        body: Body<R>,
    ) -> Result<R, CallError> {
        let _permit = self
            .engine
            .permit(limits::PERMIT_WAIT)
            .await
            .ok_or(CallError::Busy {
                retry_after: limits::BUSY_RETRY_AFTER,
            })?;
        let request = behalf.request.clone();
        let state = CallState::new(self.scope.clone(), behalf, trace);
        let mut store = open(&self.engine, state, time);
        let result = run(&self.pre, &mut store, time, body).await;
        let state = store.into_data();
        match result {
            Ok(answer) => {
                self.faults.store(0, Ordering::Relaxed);
                Ok(answer)
            }
            Err(error) => {
                self.report(function, request, &error, &state);
                Err(error)
            }
        }
    }

    fn report(&self, function: &str, request: String, error: &CallError, state: &CallState) {
        let Some(kind) = fault::kind(error) else {
            return;
        };
        let in_a_row = self
            .faults
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let fault = Fault {
            plugin: self.scope.plugin.clone(),
            version: self.scope.version.clone(),
            at: self.scope.clock.now(),
            function: function.to_owned(),
            request,
            kind,
            reason: error.to_string(),
            output: state.output.text(),
        };
        (self.reporter)(fault, in_a_row >= limits::FAULTS_UNTIL_BROKEN);
    }

    /// Refuses new calls from now on.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.calls.close();
    }

    /// Waits for the calls in flight; false if some are still running after `patience`.
    pub(crate) async fn drained(&self, patience: Duration) -> bool {
        self.calls.close();
        tokio::time::timeout(patience, self.calls.wait())
            .await
            .is_ok()
    }
}

/// A fresh store with all limits set.
pub(crate) fn open(engine: &Engine, state: CallState, time: Duration) -> Store<CallState> {
    let mut store = Store::new(engine.wasmtime(), state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(limits::HOST_CALL_COPY);
    store.set_max_component_handles(limits::HANDLES);
    let deadline = Instant::now() + time;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        Ok(if Instant::now() >= deadline {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
        })
    });
    store
}

/// Instantiates and runs `body`, for at most `time`.
pub(crate) async fn run<R>(
    pre: &InstancePre<CallState>,
    store: &mut Store<CallState>,
    time: Duration,
    body: Body<R>,
) -> Result<R, CallError> {
    let result = tokio::time::timeout(time, async {
        let instance = pre.instantiate_async(&mut *store).await?;
        body(store, &instance).await
    })
    .await;
    match result {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(fault::judge(&error, store.data(), time)),
        Err(_) => Err(CallError::TimedOut(time)),
    }
}
