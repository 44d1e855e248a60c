//! A message is sent once: whatever is lost, and wherever the host dies.

use proptest::prelude::*;

use super::double::Fault;
use super::world::{World, letter};
use crate::compose;
use crate::model::{Address, Draft, Error, Relation, SendState, Sendable, Slice};
use crate::store::rows;

fn draft(world: &World) -> Draft {
    Draft {
        account: world.account.clone(),
        to: vec![Address {
            name: String::new(),
            email: "bob@example.com".into(),
        }],
        subject: "Hello".into(),
        text: Some("Hi Bob".into()),
        ..Draft::default()
    }
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        Just(None),
        Just(Some(Fault::Lost)),
        Just(Some(Fault::LostAfter)),
        Just(Some(Fault::Wait))
    ]
}

async fn send_through(faults: Vec<Option<Fault>>, crashes: Vec<u8>) {
    let world = World::new(false).await;
    world.settle().await;
    world.provider(|state| state.faults.extend(faults));
    compose::send(
        &world.host,
        &world.me,
        "key",
        Sendable::Fresh(draft(&world)),
        None,
    )
    .await
    .unwrap();
    for crash in crashes {
        world.host.crash_at(u64::from(crash % 60));
        world.turn().await;
        // What the turn did not reach must not stop the client below.
        world.host.calm();
        world.clock.advance(20_000);
    }
    // The client asks again, as clients do.
    compose::send(
        &world.host,
        &world.me,
        "key",
        Sendable::Fresh(draft(&world)),
        None,
    )
    .await
    .unwrap();
    world.settle().await;
    let outbox = compose::outbox(
        &world.host,
        &world.me,
        Slice {
            limit: 10,
            cursor: None,
        },
    )
    .await
    .unwrap();
    assert_eq!(outbox.items.len(), 1);
    assert_eq!(outbox.items[0].state, SendState::Sent);
    let row = world.all::<rows::Outbox>().await.remove(0);
    assert_eq!(world.provider(|state| state.sent(&row.marker)), 1);
    world.sync().await;
    world.check_same().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn exactly_once(faults in prop::collection::vec(fault(), 0..6), crashes in prop::collection::vec(any::<u8>(), 0..6)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(send_through(faults, crashes));
    }
}

#[tokio::test]
async fn a_reply_goes_to_the_sender_and_appears_in_its_thread() {
    let world = World::new(false).await;
    let id = world.provider(|state| state.deliver(letter(1, "a")));
    world.settle().await;
    let original = world.message(&id);
    let mut reply = compose::prepare(
        &world.host,
        &world.double,
        &world.me,
        &original,
        Relation::ReplyAll,
    )
    .await
    .unwrap();
    assert_eq!(
        reply.to,
        [Address {
            name: "Ann".into(),
            email: "ann@example.com".into()
        }]
    );
    assert!(reply.cc.is_empty(), "own address removed");
    assert_eq!(reply.subject, "Re: Letter 1");
    assert!(reply.text.as_ref().unwrap().contains("> Dear reader"));
    reply.text = Some(format!("Thanks!{}", reply.text.unwrap()));
    compose::send(&world.host, &world.me, "k", Sendable::Fresh(reply), None)
        .await
        .unwrap();
    world.turn().await;
    let thread = crate::mailbox::thread(
        &world.host,
        &world.me,
        &crate::ids::thread(&world.account, "a"),
    )
    .await
    .unwrap();
    assert_eq!(thread.len(), 2, "the sent message is there at once");
    assert!(thread[0].marks.answered);
    world.settle().await;
    world.check_same().await;
}

#[tokio::test]
async fn what_waits_can_be_cancelled_and_what_is_gone_cannot() {
    let world = World::new(false).await;
    world.settle().await;
    let later = world.clock.now() + 10_000;
    let waiting = compose::send(
        &world.host,
        &world.me,
        "a",
        Sendable::Fresh(draft(&world)),
        Some(later),
    )
    .await
    .unwrap();
    assert_eq!(waiting.state, SendState::Scheduled);
    assert_eq!(
        compose::cancel(&world.host, &world.me, &waiting.id)
            .await
            .unwrap()
            .state,
        SendState::Cancelled
    );
    let sent = compose::send(
        &world.host,
        &world.me,
        "b",
        Sendable::Fresh(draft(&world)),
        None,
    )
    .await
    .unwrap();
    world.clock.advance(20_000);
    world.settle().await;
    assert!(matches!(
        compose::cancel(&world.host, &world.me, &sent.id).await,
        Err(Error::Conflict(_))
    ));
    assert_eq!(world.provider(|state| state.mail.len()), 1);
}

#[tokio::test]
async fn a_draft_is_saved_at_the_provider_once_and_goes_when_it_is_sent() {
    let world = World::new(false).await;
    world.settle().await;
    let mut content = draft(&world);
    let first = compose::save(&world.host, &world.me, None, content.clone())
        .await
        .unwrap();
    world.clock.advance(5_000);
    world.settle().await;
    content.text = Some("Hi Bob, again".into());
    let second = compose::save(&world.host, &world.me, Some(first.clone()), content.clone())
        .await
        .unwrap();
    assert!(matches!(
        compose::save(&world.host, &world.me, Some(first), content).await,
        Err(Error::Conflict(_))
    ));
    world.clock.advance(5_000);
    world.settle().await;
    assert_eq!(world.provider(|state| state.drafts()), 1);
    assert_eq!(
        world.provider(|state| state.mail.values().next().unwrap().text.clone()),
        "Hi Bob, again"
    );
    compose::send(&world.host, &world.me, "key", Sendable::Saved(second), None)
        .await
        .unwrap();
    world.clock.advance(5_000);
    world.settle().await;
    world.sync().await;
    assert_eq!(
        world.provider(|state| (state.drafts(), state.mail.len())),
        (0, 1)
    );
    world.check_same().await;
}
