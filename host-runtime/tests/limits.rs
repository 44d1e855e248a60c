//! A plugin that misbehaves is stopped, its fault is reported, and the next call is as good as new.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::time::{Duration, Instant};

use host_runtime::plugin::CallError;
use host_runtime::{PluginError, limits};
use host_store::PluginState;
use support::{DOUBLE, Fixture, until};

fn call_error(error: PluginError) -> CallError {
    match error {
        PluginError::Call(error) => error,
        PluginError::Refused(error) => panic!("the plugin answered: {error:?}"),
    }
}

/// The newest fault, once it is written down.
async fn fault(fixture: &Fixture) -> host_store::Fault {
    let plugins = fixture.host.plugins();
    let recorded = async {
        loop {
            if let Some(fault) = plugins.faults(DOUBLE, 1).await.unwrap().into_iter().next() {
                return fault;
            }
            tokio::task::yield_now().await;
        }
    };
    // Writing it waits for a disk that others may use.
    let patience = tokio::time::timeout(Duration::from_secs(20), recorded);
    patience.await.expect("a fault was recorded")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_infinite_loop_ends_at_its_time_and_the_next_call_is_fine() {
    let fixture = Fixture::with_double_granted(|g| g.call_seconds = 1).await;
    let begun = Instant::now();
    let error = call_error(fixture.obey("spin").await.unwrap_err());
    assert_eq!(error, CallError::TimedOut(Duration::from_secs(1)));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let fault = fault(&fixture).await;
    assert_eq!(
        (fault.call.as_str(), fault.reason.as_str()),
        ("settings.load", "timeout")
    );
    assert_eq!(fixture.obey("echo fine").await.unwrap(), "fine");
}

#[tokio::test]
async fn a_loop_does_not_keep_the_only_thread_to_itself() {
    let fixture = Fixture::with_double_granted(|g| g.call_seconds = 2).await;
    let (spun, answered) = tokio::join!(fixture.obey("spin"), async {
        let begun = Instant::now();
        assert_eq!(fixture.obey("echo meanwhile").await.unwrap(), "meanwhile");
        begun.elapsed()
    });
    assert!(matches!(
        call_error(spun.unwrap_err()),
        CallError::TimedOut(_)
    ));
    assert!(answered < Duration::from_secs(1), "{answered:?}");
}

#[tokio::test]
async fn a_guest_that_waits_too_long_is_stopped_too() {
    let fixture = Fixture::with_double_granted(|g| g.call_seconds = 1).await;
    // The test clock stands still, so that this sleep never ends.
    let error = call_error(fixture.obey("sleep 1").await.unwrap_err());
    assert_eq!(error, CallError::TimedOut(Duration::from_secs(1)));
}

#[tokio::test]
async fn a_guest_reads_and_waits_on_the_hosts_clock() {
    let fixture = Fixture::with_double().await;
    assert_eq!(fixture.obey("now").await.unwrap(), support::NOW.to_string());
    let clock = fixture.clock.clone();
    let (slept, ()) = tokio::join!(fixture.obey("sleep 60000"), async {
        // However often it has to look again, moving the clock wakes it.
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            clock.advance(Duration::from_secs(30));
        }
    });
    assert_eq!(slept.unwrap(), "awake");
}

#[tokio::test]
async fn a_memory_bomb_is_told_what_it_wanted() {
    let fixture = Fixture::with_double_granted(|g| g.memory_bytes = 32 << 20).await;
    assert_eq!(fixture.obey("grow 8").await.unwrap(), "8");
    let error = call_error(fixture.obey("grow 64").await.unwrap_err());
    assert_eq!(error, CallError::OutOfMemory(32 << 20));
    assert_eq!(fault(&fixture).await.reason, "memory");
    assert_eq!(fixture.obey("grow 8").await.unwrap(), "8");
}

#[tokio::test]
async fn a_panic_is_reported_with_its_words_and_the_next_call_is_fine() {
    let fixture = Fixture::with_double().await;
    let error = call_error(fixture.obey("panic these words").await.unwrap_err());
    assert!(matches!(error, CallError::Trapped(_)), "{error:?}");
    let fault = fault(&fixture).await;
    assert_eq!(fault.reason, "trap");
    assert!(fault.detail.contains("these words"), "{}", fault.detail);
    assert!(
        fault.detail.contains("r-1"),
        "the request's id: {}",
        fault.detail
    );
    assert_eq!(fixture.obey("echo fine").await.unwrap(), "fine");
}

#[tokio::test]
async fn endless_recursion_is_a_fault_of_the_plugin_alone() {
    let fixture = Fixture::with_double().await;
    let error = call_error(fixture.obey("recurse 100000000").await.unwrap_err());
    assert!(matches!(error, CallError::Trapped(_)), "{error:?}");
    assert_eq!(fixture.obey("echo fine").await.unwrap(), "fine");
}

#[tokio::test]
async fn nothing_of_a_call_is_left_for_the_next() {
    let fixture = Fixture::with_double().await;
    for _ in 0..3 {
        assert_eq!(fixture.obey("count").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn a_flood_of_output_and_log_lines_is_cut_off() {
    let fixture = Fixture::with_double().await;
    assert_eq!(fixture.obey("flood 5000").await.unwrap(), "flooded");
}

#[tokio::test]
async fn there_is_no_environment_no_argument_and_no_file() {
    let fixture = Fixture::with_double().await;
    let shells = fixture.obey("shells").await.unwrap();
    assert!(
        shells.starts_with("environment 0 arguments 0 files "),
        "{shells}"
    );
    assert!(!shells.ends_with("listed"), "{shells}");
}

#[tokio::test]
async fn a_full_host_says_when_to_come_again() {
    let fixture = Fixture::with_live_calls(1).await;
    fixture
        .install(support::double(), |g| g.call_seconds = 5)
        .await;
    let clock = fixture.clock.clone();
    let (slept, busy) = tokio::join!(fixture.obey("sleep 1000"), async {
        tokio::task::yield_now().await;
        let busy = fixture.obey("echo hello").await;
        clock.advance(Duration::from_secs(2));
        busy
    });
    assert_eq!(
        call_error(busy.unwrap_err()),
        CallError::Busy {
            retry_after: limits::BUSY_RETRY_AFTER
        }
    );
    assert_eq!(slept.unwrap(), "awake");
}

#[tokio::test]
async fn a_plugin_that_keeps_failing_is_stopped_and_flagged() {
    let fixture = Fixture::with_double().await;
    for _ in 0..limits::FAULTS_UNTIL_BROKEN - 1 {
        fixture.obey("panic again").await.unwrap_err();
    }
    // One that goes well in between: not in a row.
    fixture.obey("echo fine").await.unwrap();
    for _ in 0..limits::FAULTS_UNTIL_BROKEN {
        fixture.obey("panic again").await.unwrap_err();
    }
    let plugins = fixture.host.plugins();
    until(|| plugins.get(DOUBLE).unwrap().state == PluginState::Broken).await;
    let error = call_error(fixture.obey("echo hello").await.unwrap_err());
    assert!(
        matches!(&error, CallError::Broken { plugin, .. } if plugin == DOUBLE),
        "{error:?}"
    );
    // An administrator may try it again.
    plugins.enable(DOUBLE).await.unwrap();
    assert_eq!(fixture.obey("echo hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_lock_that_a_trap_left_behind_is_released() {
    let fixture = Fixture::with_double().await;
    fixture.obey("lock-and-panic door").await.unwrap_err();
    for _ in 0..1_000 {
        if fixture.obey("lock door").await.unwrap() == "held" {
            return;
        }
    }
    panic!("the lock is still taken");
}
