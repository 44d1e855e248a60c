//! Batches that a guest submits and waits for later, or never.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use host_runtime::plugin::CallError;
use host_runtime::{PluginError, limits};
use support::Fixture;

#[tokio::test]
async fn a_submitted_batch_is_applied_and_answered_once() {
    let fixture = Fixture::with_double().await;
    assert_eq!(fixture.obey("submit a b").await.unwrap(), "Ok(()) None");
    assert_eq!(fixture.obey("things").await.unwrap(), "a b");
}

#[tokio::test]
async fn a_batch_that_does_not_fit_is_answered_as_apply_would() {
    let fixture = Fixture::with_double().await;
    let answer = fixture.obey("submit-broken a").await.unwrap();
    assert!(
        answer.starts_with("Err(Error::UnknownCollection"),
        "{answer}"
    );
    assert_eq!(fixture.obey("things").await.unwrap(), "");
}

#[tokio::test]
async fn a_batch_that_nobody_waits_for_is_applied_all_the_same() {
    let fixture = Fixture::with_double().await;
    assert_eq!(fixture.obey("submit-and-leave a").await.unwrap(), "left");
    for _ in 0..1_000 {
        if fixture.obey("things").await.unwrap() == "a" {
            return;
        }
    }
    panic!("the batch was not applied");
}

#[tokio::test]
async fn a_guest_with_too_many_batches_on_their_way_is_stopped() {
    let fixture = Fixture::with_double().await;
    let most = limits::SUBMISSIONS_PER_CALL;
    let all = fixture.obey(&format!("submit-many {most}")).await.unwrap();
    assert_eq!(all, most.to_string());
    // The only thread is the guest's until it waits, so that none of them is over before it asks for one more.
    let error = fixture.obey(&format!("submit-many {}", most + 1)).await;
    assert!(
        matches!(error, Err(PluginError::Call(CallError::Trapped(_)))),
        "{error:?}"
    );
    assert_eq!(fixture.obey("echo fine").await.unwrap(), "fine");
}
