//! Jobs of enabled plugins run when they are due, again when they failed, elsewhere when their host was lost, and never twice at once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::time::Duration;

use host_store::JobRun;
use support::{DOUBLE, Fixture, Server, internal};

/// A double that may call `server`, with jobs running.
async fn working(server: &Server) -> Fixture {
    let origin = server.origin();
    let fixture = Fixture::with_double_granted(move |g| {
        g.origins = vec![internal(&origin)];
        g.call_seconds = 20;
    })
    .await;
    fixture.host.start_jobs().await;
    fixture
}

/// The runs that are over, oldest first, once there are so many.
async fn runs(fixture: &Fixture, count: usize) -> Vec<JobRun> {
    let jobs = fixture.host.store().jobs();
    for _ in 0..5_000 {
        let mut runs = jobs.runs(DOUBLE, None, 100).await.unwrap();
        if runs.len() >= count {
            runs.reverse();
            return runs;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there were not {count} runs in time");
}

fn outcomes(runs: &[JobRun]) -> Vec<&str> {
    runs.iter().map(|r| r.outcome.as_str()).collect()
}

#[tokio::test]
async fn a_job_made_with_its_rows_is_run() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    fixture.obey("enqueue key put a").await.unwrap();
    assert_eq!(outcomes(&runs(&fixture, 1).await), ["done"]);
    assert_eq!(fixture.obey("things").await.unwrap(), "a");
}

#[tokio::test]
async fn a_failed_or_trapped_job_runs_again_later() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    fixture
        .obey("enqueue failing once-then-put b")
        .await
        .unwrap();
    assert_eq!(
        runs(&fixture, 1).await[0].reason.as_deref(),
        Some("the first time")
    );
    assert_eq!(fixture.obey("things").await.unwrap(), "");
    fixture.clock.advance(Duration::from_secs(3_600));
    assert_eq!(outcomes(&runs(&fixture, 2).await), ["failed", "done"]);
    assert_eq!(fixture.obey("things").await.unwrap(), "b");

    fixture
        .obey("enqueue trapping panic at work")
        .await
        .unwrap();
    let trapped = runs(&fixture, 3).await;
    assert_eq!(trapped[2].outcome, "failed");
    let jobs = fixture
        .host
        .store()
        .jobs()
        .list(Some(DOUBLE), 10)
        .await
        .unwrap();
    assert_eq!(jobs[0].attempt, 2);
}

#[tokio::test]
async fn a_job_that_asks_to_run_again_does_so_at_its_time() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    let at = support::NOW + 60_000;
    fixture
        .obey(&format!("enqueue key again-at {at}"))
        .await
        .unwrap();
    runs(&fixture, 1).await;
    let jobs = fixture
        .host
        .store()
        .jobs()
        .list(Some(DOUBLE), 10)
        .await
        .unwrap();
    assert_eq!((jobs[0].run_at, jobs[0].attempt), (at, 1));
    fixture.clock.advance(Duration::from_secs(61));
    assert_eq!(outcomes(&runs(&fixture, 2).await)[..2], ["again", "again"]);
}

#[tokio::test]
async fn nothing_runs_while_a_plugin_is_disabled_and_nothing_is_lost() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    let later = support::NOW + 1_000;
    fixture
        .obey(&format!("enqueue key again-at {later}"))
        .await
        .unwrap();
    runs(&fixture, 1).await;
    fixture.host.plugins().disable(DOUBLE).await.unwrap();
    fixture.clock.advance(Duration::from_secs(10));
    assert!(
        fixture
            .host
            .store()
            .jobs()
            .claim(1_000, &|_: &str| true)
            .await
            .unwrap()
            .is_none()
    );
    fixture.host.plugins().enable(DOUBLE).await.unwrap();
    runs(&fixture, 2).await;
}

#[tokio::test]
async fn a_run_that_lost_its_lease_is_cut_off_and_its_writes_do_not_count() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    let command = format!("enqueue key get-then-put c {}/held", server.origin());
    fixture.obey(&command).await.unwrap();
    server.requested(1).await;
    // Asleep for longer than its lease, as a machine that was suspended.
    fixture.clock.advance(Duration::from_secs(120));
    server.requested(2).await;
    server.release.add_permits(2);
    assert_eq!(outcomes(&runs(&fixture, 2).await), ["lost", "done"]);
    assert_eq!(fixture.obey("things").await.unwrap(), "c");
}

#[tokio::test]
async fn stopping_the_host_lets_running_jobs_end() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    let command = format!("enqueue key get-then-put d {}/held", server.origin());
    fixture.obey(&command).await.unwrap();
    server.requested(1).await;
    tokio::join!(fixture.host.stop(), async { server.release.add_permits(1) });
    assert_eq!(outcomes(&runs(&fixture, 1).await), ["done"]);
}

#[tokio::test]
async fn a_job_that_a_lost_host_was_running_runs_again_after_the_restart() {
    let server = Server::start().await;
    let fixture = working(&server).await;
    let store = fixture.host.store().clone();
    fixture.host.stop().await;
    fixture.host.plugins().enable(DOUBLE).await.unwrap();
    let job = host_store::NewJob {
        kind: "obey".into(),
        key: "key".into(),
        payload: b"put e".to_vec(),
        run_at: None,
        priority: host_store::Priority::Normal,
    };
    store.jobs().enqueue(DOUBLE, &job).await.unwrap();
    // Taken, and then the host is gone.
    store
        .jobs()
        .claim(30_000, &|_: &str| true)
        .await
        .unwrap()
        .unwrap();
    drop(store);
    let fixture = fixture.restarted().await;
    fixture.host.start_jobs().await;
    assert_eq!(outcomes(&runs(&fixture, 2).await), ["lost", "done"]);
    assert_eq!(fixture.obey("things").await.unwrap(), "e");
}
