//! Random histories: changes at the provider, a person's actions, faults and crashes at any step, in any order. In the end what is here is
//! what is there. A failing history is printed; `PROPTEST_CASES` sets how many are played.

use std::time::Duration;

use email_manager_core::model::{Action, Error, Subject};
use email_manager_core::settings::ProviderKind;
use email_manager_core::{accounts, actions, ids};
use proptest::prelude::*;
use provider_sim::{Action as Mishap, Change, Deliver, Fault, Limits, RetryAfter};

use crate::engine::Engine;
use crate::random::{cases, played};
use crate::support::{GOOGLE, MICROSOFT, OWNER, side};

#[derive(Debug, Clone)]
enum Event {
    /// A letter arrives, in one of a few conversations.
    Deliver(u8),
    Read(u8, bool),
    Star(u8, bool),
    /// By hand, at the provider.
    Move(u8, u8),
    Tag(u8, bool),
    Delete(u8),
    /// Cursors and page tokens given out so far are unknown.
    Forget,
    /// Access tokens expire.
    Expire,
    /// A person's action here.
    Act(u8, u8),
    /// The next requests go wrong.
    Fail(u8, u8),
    Run,
    /// The host dies at that step of its next run.
    Crash(u8),
    Sync,
    Reconcile,
    Wait(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => any::<u8>().prop_map(Event::Deliver),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(which, read)| Event::Read(which, read)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(which, star)| Event::Star(which, star)),
        4 => (any::<u8>(), any::<u8>()).prop_map(|(which, to)| Event::Move(which, to)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(which, on)| Event::Tag(which, on)),
        2 => any::<u8>().prop_map(Event::Delete),
        1 => Just(Event::Forget),
        1 => Just(Event::Expire),
        5 => (any::<u8>(), any::<u8>()).prop_map(|(which, what)| Event::Act(which, what)),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(how, skip)| Event::Fail(how, skip)),
        6 => Just(Event::Run),
        4 => any::<u8>().prop_map(Event::Crash),
        2 => Just(Event::Sync),
        1 => Just(Event::Reconcile),
        1 => any::<u8>().prop_map(Event::Wait),
    ]
}

fn letter(number: usize, conversation: u8) -> Deliver {
    let conversation = conversation % 5;
    let reply = format!(
        "In-Reply-To: <root-{conversation}@example.org>\r\nReferences: <root-{conversation}@example.org>\r\n"
    );
    Deliver::new(format!(
        "From: Bob <bob@example.org>\r\nTo: {OWNER}\r\nMessage-ID: <n{number}@example.org>\r\n{reply}Subject: Conversation {conversation}\r\nDate: Thu, 01 Oct 2026 08:00:00 +0000\r\n\r\nLetter {number}\r\n"
    ))
}

fn mishap(how: u8) -> Mishap {
    let refused = |status, retry_after| Mishap::Answer {
        status,
        body: None,
        retry_after,
    };
    match how % 9 {
        0 => refused(429, RetryAfter::None),
        1 => refused(429, RetryAfter::Seconds(3)),
        2 => refused(503, RetryAfter::None),
        3 => Mishap::Unauthorized,
        4 => Mishap::HtmlBadGateway,
        5 => Mishap::DropConnection,
        6 => Mishap::DropMidBody,
        7 => Mishap::TruncateBody,
        _ => Mishap::LoseAnswer,
    }
}

fn pick(engine: &Engine, which: u8) -> Option<String> {
    let messages = engine.world.at_provider().messages;
    let at = usize::from(which).checked_rem(messages.len())?;
    Some(messages[at].id.clone())
}

async fn happen(engine: &Engine, event: &Event, number: usize) {
    let provider = engine.world.sim.backend(side(engine.world.kind));
    let change = |which: u8, change: Change| {
        if let Some(id) = pick(engine, which) {
            provider.change(OWNER, &id, &change).unwrap();
        }
    };
    match event {
        Event::Deliver(conversation) => {
            provider
                .deliver(OWNER, &letter(number, *conversation))
                .unwrap();
        }
        Event::Read(which, read) => change(
            *which,
            Change {
                read: Some(*read),
                ..Change::default()
            },
        ),
        Event::Star(which, star) => change(
            *which,
            Change {
                starred: Some(*star),
                ..Change::default()
            },
        ),
        Event::Move(which, to) => change(
            *which,
            Change {
                move_to: Some(
                    ["inbox", "trash", "spam", "archive"][usize::from(*to) % 4].to_owned(),
                ),
                ..Change::default()
            },
        ),
        Event::Tag(which, on) => {
            let tag = vec!["Work".to_owned()];
            let (add, remove) = if *on {
                (tag, Vec::new())
            } else {
                (Vec::new(), tag)
            };
            change(
                *which,
                Change {
                    add,
                    remove,
                    ..Change::default()
                },
            );
        }
        Event::Delete(which) => {
            if let Some(id) = pick(engine, *which) {
                provider.remove(OWNER, &id).unwrap();
            }
        }
        Event::Forget => provider.expire_cursors(OWNER).unwrap(),
        Event::Expire => {
            provider.expire_access_tokens(Some(OWNER));
        }
        Event::Act(which, what) => {
            let Some(id) = pick(engine, *which) else {
                return;
            };
            let action = match what % 9 {
                0 => Action::MarkRead,
                1 => Action::MarkUnread,
                2 => Action::Star,
                3 => Action::Unstar,
                4 => Action::Archive,
                5 => Action::Trash,
                6 => Action::Restore,
                7 => Action::Spam,
                _ => Action::DeleteForEver,
            };
            let subject = Subject::Messages(vec![ids::message(&engine.account, &id)]);
            actions::apply(engine.host(), &engine.me, subject, action)
                .await
                .unwrap();
        }
        Event::Fail(how, skip) => {
            let fault = Fault::once(mishap(*how)).skip(u64::from(skip % 6));
            engine.world.sim.faults().inject(fault).unwrap();
        }
        Event::Run => {
            engine.turn().await;
        }
        Event::Crash(step) => {
            engine.host().crash_at(u64::from(*step));
            engine.turn().await;
            engine.host().calm();
        }
        Event::Sync => {
            engine.world.clock.advance(Duration::from_secs(1));
            match accounts::sync_now(engine.host(), &engine.me, &engine.account).await {
                Ok(()) | Err(Error::BusyUntil(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        Event::Reconcile => {
            let _ = accounts::reconcile(engine.host(), &engine.me, &engine.account).await;
        }
        Event::Wait(seconds) => engine
            .world
            .clock
            .advance(Duration::from_secs(u64::from(*seconds))),
    }
}

async fn play(kind: ProviderKind, before: u32, events: Vec<Event>) {
    let engine = Engine::linked(kind, before, Limits::none()).await;
    for (number, event) in events.iter().enumerate() {
        happen(&engine, event, number).await;
    }
    engine.world.sim.faults().clear(None);
    engine.settle().await;
    engine.sync().await;
    engine.check().await;
}

/// Played in every run of the tests; `cargo xtask test --deep sync` plays ten thousand.
const CASES: u32 = 300;

proptest! {
    #![proptest_config(cases(CASES))]

    #[test]
    fn a_gmail_mailbox_ends_up_equal(before in 0_u32..25, events in prop::collection::vec(event(), 1..30)) {
        played(play(GOOGLE, before, events));
    }

    #[test]
    fn an_outlook_mailbox_ends_up_equal(before in 0_u32..25, events in prop::collection::vec(event(), 1..30)) {
        played(play(MICROSOFT, before, events));
    }
}

/// Those that went wrong once.
#[rstest::rstest]
#[case::a_sent_letter_is_restored_to_where_it_was(GOOGLE, 1, vec![Event::Move(118, 61), Event::Delete(30), Event::Run, Event::Act(223, 96)])]
#[case::a_snapshot_begins_twice_and_a_letter_goes_in_between(
    MICROSOFT,
    1,
    vec![
        Event::Crash(176),
        Event::Fail(57, 36),
        Event::Deliver(0),
        Event::Fail(17, 153),
        Event::Run,
        Event::Delete(0),
        Event::Delete(140),
    ]
)]
#[case::a_new_token_is_there_and_the_answer_to_the_batch_is_lost(
    GOOGLE,
    11,
    vec![
        Event::Run,
        Event::Fail(8, 46),
        Event::Expire,
        Event::Deliver(0),
        Event::Act(13, 232),
        Event::Act(2, 160),
        Event::Run,
    ]
)]
#[tokio::test]
async fn a_history_that_went_wrong(
    #[case] kind: ProviderKind,
    #[case] before: u32,
    #[case] events: Vec<Event>,
) {
    play(kind, before, events).await;
}
