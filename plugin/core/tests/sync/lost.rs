//! A cursor that the provider no longer knows is mended by comparing, and "full resync" is the same: everything is looked at, and only what
//! differs is fetched.

use email_manager_core::accounts;
use email_manager_core::settings::ProviderKind;
use provider_sim::corpus::Profile;
use provider_sim::{Account, Change, Deliver, Limits};

use crate::engine::Engine;
use crate::pacing::{refusals, slow};
use crate::support::{GOOGLE, MICROSOFT, OWNER, World, side};

/// Messages that were fetched whole, by now.
fn fetched(engine: &Engine) -> u64 {
    let whole = |route: &str| route.ends_with("/messages/{id}") || route.ends_with("/threads/{id}");
    let counts = engine.world.sim.log().counts();
    counts
        .iter()
        .filter(|count| count.method == "GET" && whole(&count.route))
        .map(|count| count.count)
        .sum()
}

/// Answers how many of them differ.
fn change_behind(engine: &Engine) -> u64 {
    let provider = engine.world.sim.backend(side(engine.world.kind));
    let messages = engine.world.at_provider().messages;
    let change =
        |at: usize, change: Change| provider.change(OWNER, &messages[at].id, &change).unwrap();
    change(
        3,
        Change {
            read: Some(!messages[3].read),
            starred: Some(!messages[3].starred),
            ..Change::default()
        },
    );
    let to = |place: &str| Change {
        move_to: Some(place.to_owned()),
        ..Change::default()
    };
    change(10, to("trash"));
    change(200, to("archive"));
    provider.remove(OWNER, &messages[50].id).unwrap();
    let letter = "From: bob@example.org\r\nSubject: While nobody looked\r\n\r\nHello\r\n";
    provider.deliver(OWNER, &Deliver::new(letter)).unwrap();
    5
}

#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn only_what_differs_is_fetched(
    #[case] kind: ProviderKind,
    #[values(false, true)] asked_for: bool,
) {
    let engine = Engine::linked(kind, 300, Limits::none()).await;
    engine.settle().await;
    engine.check().await;
    let differ = change_behind(&engine);
    if asked_for {
        accounts::reconcile(engine.host(), &engine.me, &engine.account)
            .await
            .unwrap();
    } else {
        engine
            .world
            .sim
            .backend(side(kind))
            .expire_cursors(OWNER)
            .unwrap();
    }
    let before = fetched(&engine);
    engine.sync().await;
    engine.check().await;
    let again = fetched(&engine) - before;
    assert!(
        again <= 2 * differ,
        "{again} messages were fetched for {differ} that differ"
    );
}

/// How long it takes to be whole again, within the quota; `LOST_MESSAGES` says in how large a mailbox.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_large_mailbox_recovers_within_its_quota(#[case] kind: ProviderKind) {
    let messages = std::env::var("LOST_MESSAGES").map_or(1_000, |count| count.parse().unwrap());
    let mailbox = Account::new(OWNER, "Ada Lovelace")
        .with_messages(messages)
        .with_profile(Profile::Small);
    let world = World::of(kind, mailbox).await;
    let engine = Engine::of(world, &[], Limits::none()).await;
    engine.settle().await;
    let differ = change_behind(&engine);
    let provider = engine.world.sim.backend(side(kind));
    provider.expire_cursors(OWNER).unwrap();
    engine.world.sim.set_limits(Limits::default());
    slow(&engine);
    let (began, before, asked) = (engine.now(), fetched(&engine), engine.requests());
    engine.sync().await;
    let took = (engine.now() - began) / 1_000;
    let asked = engine.requests() - asked;
    println!(
        "{}: {messages} messages compared in {took} s of the test clock, with {asked} requests",
        kind.name()
    );
    engine.check().await;
    assert!(fetched(&engine) - before <= 2 * differ);
    assert_eq!(refusals(&engine), 0);
}
