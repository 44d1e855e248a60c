//! Runs the jobs of enabled plugins.
//!
//! The store says which job is due and hands it out under a lease; this takes as many as may run at once, keeps the leases
//! alive, and writes down how each run ended. A run that lost its lease is cut off: another host may have taken the work. Stopping
//! lets the runs end, and what doesn't end in time is run again later, as after a crash.

use std::sync::Arc;
use std::time::Duration;

use host_store::{Lease, Outcome, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bindings::plugin::job_handler;
use crate::limits;
use crate::plugin::CallError;
use crate::plugin::call::OnBehalf;
use crate::plugin::manager::Manager;
use crate::plugin::typed::PluginError;

/// A worker that runs; see the module's documentation.
pub(crate) struct Worker {
    stop: CancellationToken,
    claiming: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    runs: TaskTracker,
}

impl Worker {
    pub(crate) fn start(store: Store, plugins: Manager, live_jobs: usize) -> Self {
        let stop = CancellationToken::new();
        let runs = TaskTracker::new();
        let claiming = tokio::spawn(claim(
            store.clone(),
            plugins,
            live_jobs,
            stop.clone(),
            runs.clone(),
        ));
        let housekeeping = tokio::spawn(keep_house(store, stop.clone()));
        Self {
            stop,
            claiming,
            housekeeping,
            runs,
        }
    }

    /// Takes no more jobs and waits for those that run, at most [`limits::STOP_TIME`].
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.claiming.await;
        let _ = self.housekeeping.await;
        self.runs.close();
        if tokio::time::timeout(limits::STOP_TIME, self.runs.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                jobs = self.runs.len(),
                "jobs were still running when the host stopped; they run again"
            );
        }
    }
}

async fn claim(
    store: Store,
    plugins: Manager,
    live_jobs: usize,
    stop: CancellationToken,
    runs: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(live_jobs));
    let lease_ms = millis(limits::JOB_LEASE);
    let jobs = store.jobs();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = places.clone().acquire_owned() => place,
        };
        let lease = tokio::select! {
            () = stop.cancelled() => return,
            lease = jobs.next(lease_ms) => lease,
        };
        match lease {
            Ok(lease) => {
                let (store, plugins) = (store.clone(), plugins.clone());
                runs.spawn(async move {
                    run(&store, &plugins, lease).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::error!(%error, "no job could be taken");
                tokio::time::sleep(limits::JOB_IDLE_POLL).await;
            }
        }
    }
}

async fn run(store: &Store, plugins: &Manager, lease: Lease) {
    let outcome = tokio::select! {
        outcome = call(store, plugins, &lease) => outcome,
        () = lapse(store, &lease) => {
            tracing::warn!(plugin = lease.plugin, kind = lease.kind, key = lease.key, "the job lost its lease and was cut off");
            return;
        }
    };
    match store.jobs().finish(&lease, outcome).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(
            plugin = lease.plugin,
            kind = lease.kind,
            key = lease.key,
            "the job ended after its lease"
        ),
        Err(error) => {
            tracing::error!(plugin = lease.plugin, %error, "the end of a job could not be written down; it runs again")
        }
    }
}

async fn call(store: &Store, plugins: &Manager, lease: &Lease) -> Outcome {
    let soon = store.clock().now().saturating_add(1_000);
    let plugin = match plugins.plugin(&lease.plugin) {
        Ok(plugin) => plugin,
        // It was stopped after the job was handed out: the job waits until it is enabled again.
        Err(_) => return Outcome::AgainAt(soon),
    };
    let behalf = OnBehalf {
        user: None,
        request: format!("job-{}-{}", lease.id, lease.attempt),
        lease: Some(lease.clone()),
    };
    let job = job_handler::Job {
        kind: lease.kind.clone(),
        key: lease.key.clone(),
        payload: lease.payload.clone(),
        attempt: lease.attempt,
    };
    match plugin.run_job(behalf, job).await {
        Ok(job_handler::Outcome::Done) => Outcome::Done,
        Ok(job_handler::Outcome::AgainAt(at)) => Outcome::AgainAt(at),
        Ok(job_handler::Outcome::Failed(reason)) => Outcome::Failed(reason),
        Err(PluginError::Call(CallError::Busy { .. } | CallError::NotEnabled(_))) => {
            Outcome::AgainAt(soon)
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Keeps the lease alive; ends when it is lost.
async fn lapse(store: &Store, lease: &Lease) {
    let clock = store.clock();
    loop {
        clock
            .sleep_until(clock.now().saturating_add(millis(limits::JOB_HEARTBEAT)))
            .await;
        match store
            .jobs()
            .heartbeat(lease, millis(limits::JOB_LEASE))
            .await
        {
            Ok(true) => {}
            Ok(false) => return,
            // The next beat may get through before the lease lapses.
            Err(error) => {
                tracing::warn!(plugin = lease.plugin, %error, "a job's lease could not be extended")
            }
        }
    }
}

/// Throws away what is past its time, again and again.
async fn keep_house(store: Store, stop: CancellationToken) {
    let clock = store.clock();
    loop {
        let next = clock.now().saturating_add(millis(limits::HOUSEKEEPING));
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_until(next) => {}
        }
        if let Err(error) = store.housekeep().await {
            tracing::warn!(%error, "what is past its time could not be thrown away; it is tried again");
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
