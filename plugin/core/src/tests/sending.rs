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
    let html = reply.html.clone().unwrap();
    assert!(
        html.starts_with("<p><br></p><div>On ") && html.contains("<blockquote"),
        "plain mail is quoted as HTML too: {html}"
    );
    let russian = crate::model::Caller {
        locale: "ru".into(),
        ..world.me.clone()
    };
    let forward = compose::prepare(
        &world.host,
        &world.double,
        &russian,
        &original,
        Relation::Forward,
    )
    .await
    .unwrap();
    let text = forward.text.unwrap();
    assert!(text.contains("Тема: Letter 1"), "{text}");
    assert!(crate::content::quote::begins(&format!("FYI{text}")).is_some());
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

#[tokio::test]
async fn a_draft_is_gone_on_with_by_its_message_however_often_it_was_saved() {
    let world = World::new(false).await;
    world.settle().await;
    let content = draft(&world);
    let first = compose::save(&world.host, &world.me, None, content.clone())
        .await
        .unwrap();
    world.clock.advance(5_000);
    // The very run that saves it shows it.
    while world.turn().await {}
    let shown = world.all::<rows::Light>().await;
    assert_eq!(shown.len(), 1);
    assert!(shown[0].draft);
    let mut opened = compose::open(&world.host, &world.double, &world.me, &shown[0].id)
        .await
        .unwrap();
    assert_eq!((&opened.draft, &opened.saved), (&content, &first));
    assert_eq!(opened.message.as_ref(), Some(&shown[0].id));
    for round in 0..3 {
        opened.draft.text = Some(format!("Round {round}"));
        opened.saved = compose::save(
            &world.host,
            &world.me,
            Some(opened.saved),
            opened.draft.clone(),
        )
        .await
        .unwrap();
        world.clock.advance(5_000);
        while world.turn().await {}
        assert_eq!(world.provider(|state| state.drafts()), 1);
        let shown = world.all::<rows::Light>().await;
        assert_eq!(shown.len(), 1, "the one before is gone at once");
    }
    let again = compose::open(&world.host, &world.double, &world.me, &opened.saved.id)
        .await
        .unwrap();
    assert_eq!(again.draft.text.as_deref(), Some("Round 2"));
    compose::discard(&world.host, &world.me, &again.saved.id)
        .await
        .unwrap();
    while world.turn().await {}
    assert!(world.all::<rows::Light>().await.is_empty());
    world.sync().await;
    world.check_same().await;
}

#[tokio::test]
async fn a_draft_from_elsewhere_is_taken_up_and_never_doubled() {
    for exclusive in [false, true] {
        let world = World::new(exclusive).await;
        let id = world.provider(|state| {
            let mut mail = letter(1, "a");
            mail.folders = std::collections::BTreeSet::from(["DRAFT".to_owned()]);
            mail.draft = true;
            mail.text = "Written elsewhere".into();
            state.deliver(mail)
        });
        world.settle().await;
        let message = world.message(&id);
        let open = || compose::open(&world.host, &world.double, &world.me, &message);
        let opened = open().await.unwrap();
        assert_eq!(opened.draft.text.as_deref(), Some("Written elsewhere"));
        assert_eq!(opened.draft.subject, "Letter 1");
        assert_eq!(open().await.unwrap(), opened, "opened twice, it is one");
        let content = Draft {
            text: Some("Gone on with".into()),
            ..opened.draft
        };
        compose::save(&world.host, &world.me, Some(opened.saved), content)
            .await
            .unwrap();
        world.clock.advance(5_000);
        world.settle().await;
        world.sync().await;
        assert_eq!(world.provider(|state| state.drafts()), 1);
        world.check_same().await;
        // What came of it is the same draft.
        let shown = world.all::<rows::Light>().await.remove(0);
        let again = compose::open(&world.host, &world.double, &world.me, &shown.id)
            .await
            .unwrap();
        assert_eq!(again.draft.text.as_deref(), Some("Gone on with"));
        assert_eq!(
            compose::open(
                &world.host,
                &world.double,
                &super::world::caller("other"),
                &shown.id
            )
            .await,
            Err(Error::NotFound)
        );
    }
}

#[tokio::test]
async fn a_draft_that_was_changed_elsewhere_is_opened_as_it_is_there() {
    let world = World::new(false).await;
    world.settle().await;
    let saved = compose::save(&world.host, &world.me, None, draft(&world))
        .await
        .unwrap();
    world.clock.advance(5_000);
    world.settle().await;
    // Another program replaces its message, and knows nothing of our mark.
    let row = world.all::<rows::DraftRow>().await.remove(0);
    let new = world.provider(|state| {
        let mut mail = state.mail[row.message.as_ref().unwrap()].clone();
        state.delete(row.message.as_ref().unwrap());
        mail.text = "Changed elsewhere".into();
        mail.marker = None;
        state.deliver(mail)
    });
    world.sync().await;
    let opened = compose::open(&world.host, &world.double, &world.me, &world.message(&new))
        .await
        .unwrap();
    assert_eq!(opened.draft.text.as_deref(), Some("Changed elsewhere"));
    assert_ne!(opened.saved.revision, saved.revision);
}

fn person(name: &str, email: &str) -> Address {
    Address {
        name: name.into(),
        email: email.into(),
    }
}

#[tokio::test]
async fn recipients_are_completed_by_name_address_and_domain_in_any_script() {
    let world = World::new(false).await;
    let me = Some(person("Me", "me@example.com"));
    world.provider(|state| {
        for number in 0..30 {
            let mut mail = letter(number, &format!("t{number}"));
            mail.from = Some(person("Zoë Anders", "zoe@Shop.example"));
            state.deliver(mail);
        }
        let mut mail = letter(100, "sent");
        mail.folders = std::collections::BTreeSet::from(["SENT".to_owned()]);
        mail.from = me;
        mail.to = vec![
            person("Пётр Ильич", "petr@music.example"),
            person("王小明", "xm@beijing.example"),
            person("", "andrea@firm.example"),
        ];
        state.deliver(mail);
        let mut spam = letter(101, "spam");
        spam.folders = std::collections::BTreeSet::from(["SPAM".to_owned()]);
        spam.from = Some(person("Andy Spam", "andy@spam.example"));
        state.deliver(spam);
    });
    world.settle().await;
    let find = |typed: &'static str| {
        let world = &world;
        async move {
            let found = compose::recipients(&world.host, &world.me, typed, 10)
                .await
                .unwrap();
            found
                .into_iter()
                .map(|address| address.email)
                .collect::<Vec<_>>()
        }
    };
    // Written to before heard from; spam is nobody.
    assert_eq!(
        find("and").await,
        ["andrea@firm.example", "zoe@shop.example"]
    );
    assert_eq!(find("ПЕТ").await, ["petr@music.example"]);
    assert_eq!(find("王").await, ["xm@beijing.example"]);
    assert_eq!(find("zoe").await, ["zoe@shop.example"], "accents aside");
    assert_eq!(find("shop").await, ["zoe@shop.example"]);
    assert_eq!(find("zoe@sh").await, ["zoe@shop.example"]);
    assert_eq!(find("\"<").await, [] as [String; 0]);
    assert_eq!(find("").await.len(), 4);
    let others = compose::recipients(&world.host, &super::world::caller("other"), "", 10).await;
    assert_eq!(others, Ok(Vec::new()));
    // Thirty letters of one person were one row, counted up to what matters.
    let people: Vec<rows::Person> = world.all().await;
    let zoe = people.iter().find(|person| person.email.starts_with("zoe"));
    assert_eq!(zoe.map(|person| person.heard), Some(6));
    crate::accounts::unlink(&world.host, &world.me, &world.account, false)
        .await
        .unwrap();
    while world.turn().await {}
    assert!(world.all::<rows::Person>().await.is_empty());
}
