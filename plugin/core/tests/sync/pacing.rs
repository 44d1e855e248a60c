//! Within what the provider grants, and close to all of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use email_manager_core::model::{
    Action, Address, Condition, Draft, Filter, Part, SendState, Sendable, Slice, Subject,
};
use email_manager_core::settings::form::Entry;
use email_manager_core::{accounts, actions, compose, ids, mailbox};
use provider_sim::{Account, Limits};

use crate::engine::Engine;
use crate::support::{GOOGLE, MICROSOFT, OWNER, World, side};

/// Every request takes this long, one after the other.
const LATENCY: Duration = Duration::from_millis(100);

pub(crate) fn slow(engine: &Engine) {
    let clock = engine.world.clock.clone();
    engine.host().on_request(move || clock.advance(LATENCY));
}

/// Answers of the provider that said "too much".
pub(crate) fn refusals(engine: &Engine) -> usize {
    let entries = engine.world.sim.log().entries();
    entries
        .iter()
        .filter(|entry| matches!(entry.status, Some(429 | 403)))
        .count()
}

/// Of the units that ten minutes grant, nearly all fetch a message, each once, and no request is refused.
#[tokio::test]
async fn gmails_units_are_used_up_and_never_overdrawn() {
    let engine = Engine::linked(GOOGLE, 6_000, Limits::default()).await;
    slow(&engine);
    let minute = 60_000;
    let wait = minute - engine.now() % minute;
    engine.world.clock.advance(Duration::from_millis(wait));
    let began = engine.now();
    engine
        .until(async |engine| engine.now() >= began + 10 * minute)
        .await;
    assert_eq!(refusals(&engine), 0, "nothing was asked only to be refused");
    let account = engine.account().await;
    assert_eq!(
        account.status.condition,
        Condition::Syncing,
        "a pause is no trouble"
    );
    let log = engine.world.sim.log().entries();
    let count = |route: &str| {
        log.iter()
            .filter(|entry| entry.route.ends_with(route))
            .count() as f64
    };
    let (messages, threads) = (count("/messages/{id}"), count("/threads/{id}"));
    let useful = messages * 20.0 + threads * 40.0;
    let share = useful / 60_000.0;
    let stored = account.status.stored as f64;
    println!(
        "{share:.3} of the units fetch, {:.1} units for each of {stored} messages, {messages} alone, {threads} threads",
        useful / stored
    );
    assert!(share >= 0.95, "{share}");
    assert!(
        useful / stored < 20.0,
        "threads are cheaper than their messages"
    );
    let quota = account.status.quota;
    assert_eq!((quota.units, quota.window), (6_000, minute));
    assert!((1..=6_000).contains(&quota.used), "{quota:?}");
    let overviews = accounts::overviews(engine.host()).await.unwrap();
    let [overview] = overviews.as_slice() else {
        panic!("{overviews:?}");
    };
    assert_eq!(
        (overview.provider.as_str(), overview.syncing),
        (GOOGLE.name(), 1),
        "{overview:?}"
    );
    assert_eq!(overview.messages, account.status.stored);
    assert_eq!(overview.quota_used, quota.used * 1_000 / quota.units);
}

#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn the_newest_conversations_can_be_read_within_three_seconds(
    #[case] kind: email_manager_core::settings::ProviderKind,
) {
    let engine = Engine::linked(kind, 1_500, Limits::default()).await;
    slow(&engine);
    let began = engine.now();
    let page = async || {
        let slice = Slice {
            limit: 50,
            cursor: None,
        };
        mailbox::list_threads(engine.host(), &engine.me, &Filter::default(), slice)
            .await
            .unwrap()
            .items
    };
    engine.until(async |_| page().await.len() == 50).await;
    let took = engine.now() - began;
    println!("{}: the newest 50 after {took} ms", kind.name());
    assert!(took <= 3_000, "{took} ms");
    assert_eq!(refusals(&engine), 0);
}

/// A backfill has used up what it may, and a click still reaches the provider at once.
#[tokio::test]
async fn a_persons_action_does_not_wait_for_a_backfill() {
    let engine = Engine::linked(GOOGLE, 2_000, Limits::default()).await;
    slow(&engine);
    engine
        .until(async |engine| {
            engine
                .account()
                .await
                .status
                .next_run
                .is_some_and(|at| at > engine.now() + 20_000)
        })
        .await;
    let message = engine.world.at_provider().messages[0].clone();
    let subject = Subject::Messages(vec![ids::message(&engine.account, &message.id)]);
    let action = if message.starred {
        Action::Unstar
    } else {
        Action::Star
    };
    actions::apply(engine.host(), &engine.me, subject, action)
        .await
        .unwrap();
    let began = engine.now();
    while engine.turn().await {}
    let starred = engine
        .world
        .at_provider()
        .messages
        .iter()
        .any(|there| there.id == message.id && there.starred != message.starred);
    assert!(starred, "it is there");
    assert!(engine.now() - began < 1_000);
    assert_eq!(refusals(&engine), 0);
}

/// Two mailboxes of which each could use up what the project grants.
#[tokio::test]
async fn all_mailboxes_together_stay_within_the_projects_quota() {
    let eve = "eve@example.com";
    let of = |address: &str| Account::new(address, "Somebody").with_messages(1_000);
    let world = World::among(GOOGLE, [of(OWNER), of(eve)]).await;
    let limits = Limits {
        google_project_units_per_minute: Some(6_000),
        ..Limits::default()
    };
    let engine = Engine::of(world, &[], limits.clone()).await;
    engine.world.sim.set_limits(Limits::none());
    let units = ("project_units_per_minute", Entry::Integer(6_000));
    assert_eq!(engine.world.save(&[units]).await, []);
    let linked = engine
        .world
        .try_link_of(&engine.me, eve, &[("sync-since", "all")]);
    linked.await.unwrap();
    engine.world.sim.set_limits(limits);
    slow(&engine);
    let began = engine.now();
    engine
        .until(async |engine| engine.now() >= began + 5 * 60_000)
        .await;
    assert_eq!(refusals(&engine), 0, "nothing was asked only to be refused");
    let stored: Vec<u64> = accounts::list(engine.host(), &engine.me)
        .await
        .unwrap()
        .iter()
        .map(|account| account.status.stored)
        .collect();
    println!("{stored:?} stored");
    // Of 30,000 units, a tenth is left to what people wait for.
    assert!(stored.iter().sum::<u64>() * 20 >= 24_000, "{stored:?}");
    assert!(stored.iter().all(|count| *count >= 300), "both get on");
}

/// Its folders were looked at one after the other when they were listed, and still come to be looked at together.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_round_that_finds_nothing_is_one_run_and_hardly_writes(
    #[case] kind: email_manager_core::settings::ProviderKind,
) {
    let engine = Engine::linked(kind, 20, Limits::default()).await;
    slow(&engine);
    engine.settle().await;
    while engine.turn().await {}
    for round in 0..3 {
        let (began, written) = (engine.now(), engine.host().batches());
        let due = engine.host().next_job_at().unwrap();
        engine
            .world
            .clock
            .advance(Duration::from_millis(due - began));
        assert!(engine.turn().await, "it is due");
        let next = engine.host().next_job_at().unwrap();
        assert!(
            next > engine.now() + 200_000,
            "round {round}: the next run comes {} ms after the first",
            next - engine.now()
        );
        // What was found and spent, and that the round is over.
        let written = engine.host().batches() - written;
        assert_eq!(written, 1, "round {round}");
    }
}

/// A person asks for news while the provider answers that there are none: what they ask for is not taken for done.
#[tokio::test]
async fn whoever_asks_during_a_quiet_round_is_not_told_that_it_is_over() {
    let engine = Engine::linked(GOOGLE, 5, Limits::default()).await;
    engine.settle().await;
    while engine.turn().await {}
    let due = engine.host().next_job_at().unwrap() - engine.now();
    engine.world.clock.advance(Duration::from_millis(due));
    let (host, me) = (engine.host().clone(), engine.me.clone());
    let (id, clock) = (engine.account.clone(), engine.world.clock.clone());
    let first = AtomicBool::new(true);
    engine.host().on_request(move || {
        if first.swap(false, Ordering::SeqCst) {
            clock.advance(Duration::from_millis(5));
            futures::executor::block_on(accounts::sync_now(&host, &me, &id)).unwrap();
        }
    });
    let looks = || {
        let log = engine.world.sim.log().entries();
        let looks = log.iter().filter(|entry| entry.route.ends_with("/history"));
        looks.count()
    };
    let before = looks();
    assert!(engine.turn().await, "it is due");
    assert_eq!(looks() - before, 2, "it was looked again");
}

/// Two letters of which Outlook takes one in five minutes: the second waits for its turn, what is small meanwhile does not, and both go out.
#[tokio::test]
async fn a_letter_waits_for_the_upload_volume_and_holds_nothing_up() {
    let engine = Engine::linked(MICROSOFT, 5, Limits::default()).await;
    engine.settle().await;
    slow(&engine);
    let (host, me) = (engine.host(), &engine.me);
    let large = vec![7; 80_000_000];
    for number in 0..2 {
        let part = Part {
            name: "film.bin".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            upload: host.person_uploads(&large),
            content_id: None,
            size: None,
        };
        let to = Address {
            name: String::new(),
            email: "bob@example.org".to_owned(),
        };
        let draft = Draft {
            account: engine.account.clone(),
            to: vec![to],
            subject: format!("Film {number}"),
            attachments: vec![part],
            ..Draft::default()
        };
        let key = format!("key-{number}");
        compose::send(host, me, &key, Sendable::Fresh(draft), None)
            .await
            .unwrap();
    }
    let states = async || {
        let slice = Slice {
            limit: 10,
            cursor: None,
        };
        let outgoing = compose::outbox(host, me, slice).await.unwrap().items;
        outgoing.into_iter().map(|it| it.state).collect::<Vec<_>>()
    };
    let sent = || engine.world.sim.backend(side(MICROSOFT)).sent().len();
    let began = engine.now();
    engine.until(async |_| sent() == 1).await;
    assert!(engine.now() - began < 60_000, "the first has room");
    while engine.turn().await {}
    assert_eq!(sent(), 1, "there is no room for both");
    let waits = states().await;
    assert!(waits.contains(&SendState::Sending), "no trouble: {waits:?}");

    let message = engine.world.at_provider().messages[0].clone();
    let subject = Subject::Messages(vec![ids::message(&engine.account, &message.id)]);
    actions::apply(host, me, subject, Action::Star)
        .await
        .unwrap();
    while engine.turn().await {}
    let starred = engine.world.at_provider().messages;
    let starred = starred.iter().any(|it| it.id == message.id && it.starred);
    assert!(starred, "a mark is too small to wait");
    assert_eq!(sent(), 1);

    engine.until(async |_| sent() == 2).await;
    let took = engine.now() - began;
    assert!((240_000..400_000).contains(&took), "{took} ms for both");
    assert_eq!(refusals(&engine), 0, "nothing was sent only to be refused");
}
