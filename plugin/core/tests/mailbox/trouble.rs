//! A limit or an outage says how long to wait.

use crate::support::{GOOGLE, MICROSOFT};
use crate::wanted;
use crate::world;
use email_manager_core::platform::Clock as _;
use email_manager_core::provider::Provider as _;
use email_manager_core::provider::ProviderError;
use email_manager_core::settings::ProviderKind;
use provider_sim::{Action, Fault};
use rstest::rstest;

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_limit_says_until_when_to_wait_and_trouble_is_waited_for(#[case] kind: ProviderKind) {
    let world = world(kind, 10).await;
    let mailbox = world.mailbox().await;
    let now = world.host.now();
    for (status, retry_after, seconds) in [
        (429, provider_sim::RetryAfter::Seconds(12), 12),
        (503, provider_sim::RetryAfter::Date(30), 30),
    ] {
        world
            .sim
            .faults()
            .inject(Fault::once(Action::Answer {
                status,
                body: None,
                retry_after,
            }))
            .unwrap();
        let error = mailbox.profile().await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Wait { until, .. } if until == now + seconds * 1000),
            "{error:?}"
        );
    }
    for action in [
        Action::HtmlBadGateway,
        Action::DropConnection,
        Action::TruncateBody,
        Action::DropMidBody,
    ] {
        world.sim.faults().inject(Fault::once(action)).unwrap();
        let error = mailbox.profile().await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Wait { until, .. } if until > now),
            "{error:?}"
        );
    }
    let ids: Vec<String> = world
        .at_provider()
        .messages
        .iter()
        .map(|message| message.id.clone())
        .collect();
    let throttled = Action::Answer {
        status: 429,
        body: None,
        retry_after: provider_sim::RetryAfter::Seconds(3),
    };
    world
        .sim
        .faults()
        .inject(Fault::once(throttled).on("GET", &format!("messages/{}", ids[4])))
        .unwrap();
    let fetched = mailbox.fetch(&wanted(&ids)).await.unwrap();
    assert_eq!(
        fetched
            .iter()
            .filter(|(_, message)| message.is_ok())
            .count(),
        9,
        "only the part that was refused waits"
    );
    assert!(
        matches!(&fetched[4].1, Err(ProviderError::Wait { until, .. }) if *until == now + 3_000)
    );
}
