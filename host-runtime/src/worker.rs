//! Runs the jobs of enabled plugins.
//!
//! The store says which job is due and hands it out under a lease; this takes as many as may run at once, keeps the leases
//! alive, and writes down how each run ended. A run that lost its lease is cut off: another host may have taken the work; so is one that
//! takes long while many others do ([`places`]). Stopping lets the runs end, and what doesn't end in time is run again later, as after a crash.

mod places;

use std::future::Future;
use std::time::Duration;

use host_store::{Lease, Outcome, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bindings::plugin::job_handler;
use crate::limits;
use crate::plugin::CallError;
use crate::plugin::call::OnBehalf;
use crate::plugin::manager::Manager;
use crate::plugin::typed::PluginError;
use places::{Place, Places};

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
        let (calls, known) = (store.clone(), plugins.clone());
        let claiming = tokio::spawn(claim(
            store.clone(),
            // What is still being started here, or can't be, is left to other hosts.
            move |plugin: &str| known.running(plugin).is_ok(),
            move |lease| call(calls.clone(), plugins.clone(), lease),
            Places::new(live_jobs),
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

/// Hands out jobs of plugins that run here to `call` while there is a place.
async fn claim<C: Future<Output = Outcome> + Send + 'static>(
    store: Store,
    runs_here: impl Fn(&str) -> bool + Sync,
    call: impl Fn(Lease) -> C,
    places: Places,
    stop: CancellationToken,
    runs: TaskTracker,
) {
    let lease_ms = millis(limits::JOB_LEASE);
    let jobs = store.jobs();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = places.take() => place,
        };
        let lease = tokio::select! {
            () = stop.cancelled() => return,
            lease = jobs.next(lease_ms, &runs_here) => lease,
        };
        match lease {
            Ok(lease) => {
                let call = call(lease.clone());
                runs.spawn(run(store.clone(), lease, place, call));
            }
            Err(error) => {
                tracing::error!(%error, "no job could be taken");
                tokio::time::sleep(limits::JOB_IDLE_POLL).await;
            }
        }
    }
}

async fn run(store: Store, lease: Lease, mut place: Place, call: impl Future<Output = Outcome>) {
    let outcome = tokio::select! {
        outcome = call => outcome,
        () = lapse(&store, &lease) => {
            tracing::warn!(plugin = lease.plugin, kind = lease.kind, key = lease.key, "the job lost its lease and was cut off");
            return;
        }
        () = outstay(&store, &lease, &mut place) => {
            tracing::warn!(plugin = lease.plugin, kind = lease.kind, key = lease.key, "the job took long and was cut off, as too many do");
            Outcome::Failed("too many jobs took long, and this one longest".to_owned())
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

/// Gives the place away when the run has lasted; ends when it must make room.
async fn outstay(store: &Store, lease: &Lease, place: &mut Place) {
    let patience = millis(limits::JOB_PATIENCE);
    let lasts = begun(lease).saturating_add(patience);
    store.clock().sleep_until(lasts).await;
    place.slow_down().await;
}

/// When the job was taken: milliseconds since the Unix epoch.
fn begun(lease: &Lease) -> u64 {
    lease.until.saturating_sub(millis(limits::JOB_LEASE))
}

async fn call(store: Store, plugins: Manager, lease: Lease) -> Outcome {
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
        kind: lease.kind,
        key: lease.key,
        payload: lease.payload,
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

/// Keeps the lease alive; ends when it is lost, or lapses because the store can't be reached: others, who can reach it, have the job then.
async fn lapse(store: &Store, lease: &Lease) {
    let clock = store.clock();
    let mut until = lease.until;
    loop {
        let beat = clock.now().saturating_add(millis(limits::JOB_HEARTBEAT));
        clock.sleep_until(beat.min(until)).await;
        let extended = clock.now().saturating_add(millis(limits::JOB_LEASE));
        match store
            .jobs()
            .heartbeat(lease, millis(limits::JOB_LEASE))
            .await
        {
            Ok(true) => until = extended,
            Ok(false) => return,
            // The next beat may get through before the lease lapses.
            Err(error) => {
                tracing::warn!(plugin = lease.plugin, %error, "a job's lease could not be extended");
                if clock.now() >= until {
                    return;
                }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use host_store::{
        Clock as _, JobState, NewJob, PluginRecord, PluginState, Priority, Purpose, TestClock,
    };

    use super::*;

    const PLUGIN: &str = "mail";
    const PLACES: usize = 2;
    /// Many more than there are places.
    const SOME: u32 = 20;
    const INTERVAL: u64 = 300_000;
    const STEP: Duration = Duration::from_secs(1);
    const BITE: u64 = 3_000;
    /// After this much real time nothing will happen any more.
    const HANG: Duration = Duration::from_secs(120);

    async fn enqueue(store: &Store, key: String, priority: Priority) {
        let job = NewJob {
            kind: "sync".to_owned(),
            key,
            payload: Vec::new(),
            run_at: None,
            priority,
        };
        store.jobs().enqueue(PLUGIN, &job).await.unwrap();
    }

    /// Waits until nothing more happens at this time: what ended is written down, and what is due runs or finds no place.
    async fn settle(store: &Store) {
        loop {
            let now = store.clock().now();
            // Those that run, then the earliest of those that wait.
            let jobs = store.jobs().list(None, 10 * SOME).await.unwrap();
            let begun: Vec<_> = jobs
                .iter()
                .filter(|job| job.state == JobState::Running)
                .collect();
            let ended = begun.iter().any(|job| {
                let ends = if job.key.starts_with("huge") { BITE } else { 0 };
                !job.key.starts_with("stuck") && job.started_at.unwrap() + ends <= now
            });
            let patience = millis(limits::JOB_PATIENCE);
            let slow = begun
                .iter()
                .filter(|job| job.started_at.unwrap() + patience <= now)
                .count();
            let due = jobs
                .iter()
                .any(|job| job.state == JobState::Waiting && job.run_at <= now);
            if !ended && slow <= PLACES && (begun.len() - slow == PLACES || !due) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_lease_that_nobody_can_extend_lapses_here_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(1_000_000);
        let store = Store::open(folder.path(), Arc::new(clock.clone()), Purpose::Serve)
            .await
            .unwrap();
        let lease = Lease {
            id: 1,
            token: 1,
            plugin: PLUGIN.to_owned(),
            kind: "sync".to_owned(),
            key: String::new(),
            payload: Vec::new(),
            attempt: 1,
            until: clock.now() + millis(limits::JOB_LEASE),
        };
        store.close().await;
        let mut lapses = Box::pin(lapse(&store, &lease));
        let soon = Duration::from_millis(200);
        clock.advance(limits::JOB_HEARTBEAT);
        assert!(tokio::time::timeout(soon, &mut lapses).await.is_err());
        clock.advance(limits::JOB_LEASE);
        tokio::time::timeout(HANG, lapses).await.unwrap();
    }

    /// On a test clock: many more jobs than there are places get no answer, others were urgent and always want to go on at once, and each of the idle ones
    /// (`ACCOUNTS` says how many) is run in time.
    #[tokio::test]
    async fn what_is_stuck_or_huge_starves_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(1_000_000);
        let store = Store::open(folder.path(), Arc::new(clock.clone()), Purpose::Serve)
            .await
            .unwrap();
        let plugin = PluginRecord {
            id: PLUGIN.to_owned(),
            version: "1.0.0".to_owned(),
            digest: String::new(),
            state: PluginState::Enabled,
            reason: None,
            manifest: serde_json::json!({}),
            grants: None,
            installed_version: None,
            pending: None,
            updated_at: 0,
        };
        let turn = store.plugins().turn(Duration::ZERO).await.unwrap().unwrap();
        store.plugins().save(&plugin, &turn).await.unwrap();
        let idle = std::env::var("ACCOUNTS").map_or(SOME, |number| number.parse().unwrap());
        // All of them are due at first.
        let hang = HANG + Duration::from_millis(50) * idle;
        for number in 0..idle {
            enqueue(&store, format!("idle {number}"), Priority::Normal).await;
        }
        for number in 0..SOME {
            enqueue(&store, format!("stuck {number}"), Priority::Interactive).await;
        }
        for number in 0..PLACES {
            enqueue(&store, format!("huge {number}"), Priority::Interactive).await;
        }

        let looks: Arc<Mutex<BTreeMap<String, Vec<u64>>>> = Arc::default();
        let (noted, time) = (looks.clone(), clock.clone());
        let call = move |lease: Lease| {
            let (now, time) = (begun(&lease), time.clone());
            let mut looks = noted.lock().unwrap();
            looks.entry(lease.key.clone()).or_default().push(now);
            async move {
                match lease.key.split_once(' ') {
                    Some(("stuck", _)) => std::future::pending().await,
                    Some(("huge", _)) => {
                        time.sleep_until(now + BITE).await;
                        Outcome::AgainAt(time.now())
                    }
                    _ => Outcome::AgainAt(now + INTERVAL),
                }
            }
        };
        let (stop, runs) = (CancellationToken::new(), TaskTracker::new());
        let claiming = tokio::spawn(claim(
            store.clone(),
            |_: &str| true,
            call,
            Places::new(PLACES),
            stop.clone(),
            runs,
        ));
        let begin = clock.now();
        let end = begin + 2 * INTERVAL;
        while clock.now() < end {
            tokio::time::timeout(hang, settle(&store)).await.unwrap();
            clock.advance(STEP);
        }
        stop.cancel();
        claiming.await.unwrap();

        let looks = looks.lock().unwrap();
        let slack = INTERVAL / 5;
        for number in 0..idle {
            let key = format!("idle {number}");
            let looks = looks.get(&key).unwrap();
            let times: Vec<u64> = [begin].iter().chain(looks).chain([&end]).copied().collect();
            let longest = times
                .iter()
                .zip(times.iter().skip(1))
                .map(|(at, next)| next - at)
                .max();
            assert!(longest.unwrap() <= INTERVAL + slack, "{key}: {times:?}");
        }
    }
}
