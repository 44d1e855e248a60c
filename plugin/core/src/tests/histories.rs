//! Whatever happens here, at the provider and to the host, in the end what is here is what is there, and the counters agree.

use proptest::prelude::*;

use super::double::Fault;
use super::world::{World, caller, letter};
use crate::actions;
use crate::model::{Action, Condition, Error, Filter, Marks, Subject};
use crate::{accounts, mailbox};

#[derive(Debug, Clone)]
enum Event {
    Deliver(u8),
    Read(u8, bool),
    Star(u8, bool),
    Move(u8, u8),
    Delete(u8),
    Forget,
    Break(u8),
    Act(u8, u8),
    Run,
    Crash(u8),
    Fail(u8),
    Sync,
    Reconcile,
    LeaveOut(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => any::<u8>().prop_map(Event::Deliver),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(which, read)| Event::Read(which, read)),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(which, star)| Event::Star(which, star)),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(which, to)| Event::Move(which, to)),
        2 => any::<u8>().prop_map(Event::Delete),
        1 => Just(Event::Forget),
        1 => any::<u8>().prop_map(Event::Break),
        5 => (any::<u8>(), any::<u8>()).prop_map(|(which, what)| Event::Act(which, what)),
        5 => Just(Event::Run),
        4 => any::<u8>().prop_map(Event::Crash),
        2 => any::<u8>().prop_map(Event::Fail),
        2 => Just(Event::Sync),
        1 => Just(Event::Reconcile),
        2 => any::<u8>().prop_map(Event::LeaveOut),
    ]
}

fn pick(world: &World, which: u8) -> Option<String> {
    world.provider(|state| {
        let ids: Vec<&String> = state.mail.keys().collect();
        (!ids.is_empty()).then(|| ids[which as usize % ids.len()].clone())
    })
}

async fn happen(world: &World, event: &Event, number: u64) {
    match event {
        Event::Deliver(thread) => {
            world.provider(|state| state.deliver(letter(number, &format!("t{}", thread % 5))));
        }
        Event::Read(which, read) => {
            if let Some(id) = pick(world, *which) {
                world.provider(|state| state.change(&id, |mail| mail.read = *read));
            }
        }
        Event::Star(which, star) => {
            if let Some(id) = pick(world, *which) {
                world.provider(|state| state.change(&id, |mail| mail.starred = *star));
            }
        }
        Event::Move(which, to) => {
            if let Some(id) = pick(world, *which) {
                let own = if world.provider(|state| state.exclusive) {
                    "projects"
                } else {
                    "work"
                };
                let to = ["INBOX", "TRASH", "SPAM", own][*to as usize % 4];
                world.provider(|state| {
                    state.change(&id, |mail| {
                        mail.folders.clear();
                        mail.folders.insert(to.into());
                    });
                });
            }
        }
        Event::Delete(which) => {
            if let Some(id) = pick(world, *which) {
                world.provider(|state| state.delete(&id));
            }
        }
        Event::Forget => world.provider(|state| state.forgotten = u64::MAX / 2),
        Event::Break(which) => {
            if let Some(id) = pick(world, *which) {
                world.provider(|state| state.broken.insert(id));
            }
        }
        Event::Act(which, what) => {
            let Some(id) = pick(world, *which) else {
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
            let subject = Subject::Messages(vec![world.message(&id)]);
            actions::apply(&world.host, &world.me, subject, action)
                .await
                .unwrap();
            world.check_derived().await;
        }
        Event::Run => {
            world.turn().await;
        }
        Event::Crash(step) => {
            world.host.crash_at(u64::from(*step));
            world.turn().await;
            world.host.calm();
            world.check_derived().await;
        }
        Event::Fail(how) => {
            let fault = [Fault::Lost, Fault::LostAfter, Fault::Wait][*how as usize % 3];
            world.provider(|state| state.faults.push_back(Some(fault)));
        }
        Event::Sync => {
            world.clock.advance(1_000);
            let _ = accounts::sync_now(&world.host, &world.me, &world.account).await;
        }
        Event::LeaveOut(which) => {
            let own = if world.provider(|state| state.exclusive) {
                "projects"
            } else {
                "work"
            };
            let folders = ["SPAM", "TRASH", own];
            let chosen: Vec<&str> = folders
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| which >> bit & 1 == 1)
                .map(|(_, folder)| folder)
                .collect();
            // Folders are known once they were listed.
            if world.all::<crate::store::rows::Folder>().await.len() > 5 {
                world.leave_out(&chosen).await;
            }
        }
        Event::Reconcile => {
            let _ = accounts::reconcile(&world.host, &world.me, &world.account).await;
        }
    }
}

async fn play(exclusive: bool, before: u8, events: Vec<Event>) {
    let world = World::new(exclusive).await;
    world.provider(|state| state.page = 7);
    for number in 0..u64::from(before) {
        world.provider(|state| state.deliver(letter(number, &format!("t{}", number % 9))));
    }
    for (number, event) in events.iter().enumerate() {
        happen(&world, event, number as u64 + 500).await;
        world.provider(|state| {
            // A lost cursor is lost once.
            if state.forgotten == u64::MAX / 2 && !matches!(event, Event::Forget) {
                state.forgotten = 0;
            }
        });
    }
    world.provider(|state| {
        state.broken.clear();
        state.faults.clear();
        state.forgotten = 0;
    });
    world.settle().await;
    world.sync().await;
    world.check_same().await;
}

fn run(exclusive: bool, before: u8, events: Vec<Event>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(play(exclusive, before, events));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn labels_end_up_equal(before in 0_u8..30, events in prop::collection::vec(event(), 1..30)) {
        run(false, before, events);
    }

    #[test]
    fn folders_end_up_equal(before in 0_u8..30, events in prop::collection::vec(event(), 1..30)) {
        run(true, before, events);
    }
}

#[tokio::test]
async fn the_newest_mail_is_readable_before_the_rest_is_fetched() {
    for exclusive in [false, true] {
        let world = World::new(exclusive).await;
        world.provider(|state| state.page = 500);
        for number in 0..400 {
            world.provider(|state| state.deliver(letter(number, &format!("t{number}"))));
        }
        // Folders, cursor, first bite: then the host dies.
        let mut crash = 0;
        let newest = loop {
            world.host.crash_at(crash);
            world.turn().await;
            let page = world.threads(Filter::default(), 5, None).await;
            if let Some(first) = page.items.first() {
                break first.subject.clone();
            }
            crash = 60;
        };
        assert_eq!(newest, "Letter 399");
        world.settle().await;
        world.check_same().await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_parked_with_its_reason_and_read_later() {
    let world = World::new(false).await;
    let bad = world.provider(|state| {
        let bad = state.deliver(letter(1, "a"));
        state.deliver(letter(2, "b"));
        state.broken.insert(bad.clone());
        bad
    });
    for _ in 0..20 {
        world.turn().await;
    }
    let parked = accounts::list_parked(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].provider_id.as_str(), parked[0].reason.as_str()),
        (bad.as_str(), "refused: unreadable")
    );
    let status = accounts::get(&world.host, &world.me, &world.account)
        .await
        .unwrap()
        .status;
    assert_eq!(
        (status.condition, status.stored, status.parked),
        (Condition::UpToDate, 1, 1)
    );
    world.provider(|state| state.broken.clear());
    world.settle().await;
    world.check_same().await;
    assert!(
        accounts::list_parked(&world.host, &world.me, &world.account)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_older_sync_never_undoes_a_click() {
    let world = World::new(false).await;
    let id = world.provider(|state| state.deliver(letter(1, "a")));
    world.settle().await;
    // The provider has news of the same message that say "unread", and the click has not been written back.
    world.provider(|state| {
        state.change(&id, |mail| mail.starred = true);
        state.faults.extend([Some(Fault::Wait), Some(Fault::Wait)]);
    });
    let subject = Subject::Messages(vec![world.message(&id)]);
    actions::apply(&world.host, &world.me, subject, Action::MarkRead)
        .await
        .unwrap();
    accounts::sync_now(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    world.turn().await;
    let message = mailbox::message(&world.host, &world.me, &world.message(&id))
        .await
        .unwrap();
    assert!(!message.marks.unread);
    world.settle().await;
    world.check_same().await;
    assert!(world.provider(|state| state.mail[&id].read && state.mail[&id].starred));
}

#[tokio::test]
async fn a_refused_change_is_taken_back() {
    let world = World::new(false).await;
    let id = world.provider(|state| {
        let id = state.deliver(letter(1, "a"));
        state.refusing.insert(id.clone());
        id
    });
    world.settle().await;
    let subject = Subject::Messages(vec![world.message(&id)]);
    actions::apply(&world.host, &world.me, subject, Action::Archive)
        .await
        .unwrap();
    assert_eq!(
        world
            .threads(
                Filter {
                    folders: vec![world.folder("INBOX")],
                    ..Filter::default()
                },
                5,
                None
            )
            .await
            .items
            .len(),
        0
    );
    world.settle().await;
    assert_eq!(
        world
            .threads(
                Filter {
                    folders: vec![world.folder("INBOX")],
                    ..Filter::default()
                },
                5,
                None
            )
            .await
            .items
            .len(),
        1
    );
    world.check_same().await;
    assert!(
        world
            .host
            .take_events()
            .iter()
            .any(|event| event.topic == "actions.refused")
    );
}

#[tokio::test]
async fn actions_can_be_undone_at_the_provider_too() {
    for exclusive in [false, true] {
        for action in [
            Action::Archive,
            Action::Trash,
            Action::Spam,
            Action::MarkRead,
            Action::Star,
        ] {
            let world = World::new(exclusive).await;
            let id = world.provider(|state| state.deliver(letter(1, "a")));
            world.settle().await;
            let before = world.provider(|state| state.mail[&id].clone());
            let subject = Subject::Threads(vec![crate::ids::thread(&world.account, "a")]);
            let applied = actions::apply(&world.host, &world.me, subject, action.clone())
                .await
                .unwrap();
            assert_eq!(
                (applied.messages, applied.refused.len()),
                (1, 0),
                "{action:?}"
            );
            world.settle().await;
            assert_ne!(
                world.provider(|state| state.mail[&id].clone()),
                before,
                "{action:?}"
            );
            actions::undo(&world.host, &world.me, &applied.undo)
                .await
                .unwrap();
            world.settle().await;
            assert_eq!(
                world.provider(|state| state.mail[&id].clone()),
                before,
                "{action:?}"
            );
            world.check_same().await;
            assert_eq!(
                actions::undo(&world.host, &world.me, &applied.undo).await,
                Err(Error::NotFound)
            );
        }
    }
}

#[tokio::test]
async fn everything_that_matches_is_changed_however_much_it_is() {
    let world = World::new(false).await;
    world.provider(|state| state.page = 500);
    for number in 0..900 {
        world.provider(|state| state.deliver(letter(number, &format!("t{number}"))));
    }
    world.settle().await;
    let unread = Filter {
        having: Marks {
            unread: true,
            ..Marks::default()
        },
        ..Filter::default()
    };
    let applied = actions::apply(
        &world.host,
        &world.me,
        Subject::Matching(unread),
        Action::MarkRead,
    )
    .await
    .unwrap();
    assert!(applied.messages >= 400);
    world.settle().await;
    world.sync().await;
    assert!(world.provider(|state| state.mail.values().all(|mail| mail.read)));
    world.check_same().await;
}

#[tokio::test]
async fn nobody_sees_or_changes_what_is_somebody_elses() {
    let world = World::new(false).await;
    let id = world.provider(|state| state.deliver(letter(1, "a")));
    world.settle().await;
    let (other, message) = (caller("other"), world.message(&id));
    assert_eq!(
        mailbox::message(&world.host, &other, &message).await,
        Err(Error::NotFound)
    );
    assert_eq!(
        mailbox::thread(&world.host, &other, &crate::ids::thread("acc", "a")).await,
        Err(Error::NotFound)
    );
    assert_eq!(
        accounts::get(&world.host, &other, &world.account).await,
        Err(Error::NotFound)
    );
    assert_eq!(
        mailbox::list_folders(&world.host, &other, Some(&world.account)).await,
        Err(Error::NotFound)
    );
    let foreign = Filter {
        folders: vec![world.folder("INBOX")],
        ..Filter::default()
    };
    let slice = crate::model::Slice {
        limit: 5,
        cursor: None,
    };
    assert_eq!(
        mailbox::list_threads(&world.host, &other, &foreign, slice).await,
        Err(Error::NotFound)
    );
    let applied = actions::apply(
        &world.host,
        &other,
        Subject::Messages(vec![message]),
        Action::Trash,
    )
    .await
    .unwrap();
    assert_eq!((applied.messages, applied.refused.len()), (0, 1));
}
