//! What a person sets on an account, and what follows from it.

use std::collections::BTreeSet;

use super::world::{World, letter};
use crate::accounts;
use crate::model::{
    Account, AccountChange, Action, Activity, Counts, Error, Event, Filter, Slice, Subject,
};
use crate::store::rows;

async fn change(world: &World, change: AccountChange) -> Result<Account, Error> {
    accounts::change(&world.host, &world.me, &world.account, change).await
}

fn signature(html: &str) -> AccountChange {
    AccountChange {
        signature: Some(html.into()),
        ..AccountChange::default()
    }
}

#[tokio::test]
async fn a_signature_is_kept_harmless_and_can_be_taken_away() {
    let world = World::new(false).await;
    let html = "<p>Ada<script>steal()</script> <b onclick=steal()>Lovelace</b></p>";
    let account = change(&world, signature(html)).await.unwrap();
    assert_eq!(account.signature, "<p>Ada <b>Lovelace</b></p>");
    let account = change(&world, signature("<p> </p>")).await.unwrap();
    assert_eq!(account.signature, "");
    let long = format!("<p>{}</p>", "x".repeat(70_000));
    let refused = change(&world, signature(&long)).await;
    assert!(matches!(refused, Err(Error::Invalid(field, _)) if field == "signature"));
}

#[tokio::test]
async fn what_a_change_names_is_set_together_or_not_at_all() {
    let world = World::new(false).await;
    world.settle().await;
    let both = AccountChange {
        display_name: Some("Countess".into()),
        left_out: Some(vec![world.folder("INBOX")]),
        ..AccountChange::default()
    };
    let refused = change(&world, both).await;
    assert!(matches!(refused, Err(Error::Invalid(field, _)) if field == "left_out"));
    let account = accounts::get(&world.host, &world.me, &world.account).await;
    assert_eq!(account.unwrap().display_name, "Me");
}

/// Whoever asks for news after an answer was made, and before it is here, wants what is not in it.
#[tokio::test]
async fn what_arrives_while_the_provider_answers_is_found_by_who_asks_for_it() {
    for exclusive in [false, true] {
        let world = World::new(exclusive).await;
        world.settle().await;
        let ask = || accounts::sync_now(&world.host, &world.me, &world.account);
        ask().await.unwrap();
        world.provider(|state| state.holds = true);
        tokio::join!(world.turn(), async {
            while world.provider(|state| state.held == 0) {
                tokio::task::yield_now().await;
            }
            world.provider(|state| state.deliver(letter(7, "t")));
            ask().await.unwrap();
            world.provider(|state| state.holds = false);
        });
        world.settle().await;
        assert!(here(&world, 7).await, "exclusive: {exclusive}");
    }
}

/// Whether a message is here, asked by its subject's number.
async fn here(world: &World, number: u64) -> bool {
    let subject = format!("Letter {number}");
    world
        .all::<rows::Light>()
        .await
        .iter()
        .any(|light| light.subject == subject)
}

#[tokio::test]
async fn mail_of_a_left_out_folder_goes_and_comes_back_with_it() {
    for exclusive in [false, true] {
        let world = World::new(exclusive).await;
        let own = if exclusive { "projects" } else { "work" };
        for number in 0..80 {
            world.provider(|state| {
                let mut mail = letter(number, &format!("t{}", number % 40));
                if number % 2 == 0 {
                    mail.folders = BTreeSet::from([own.to_owned()]);
                }
                state.deliver(mail)
            });
        }
        world.settle().await;
        world.leave_out(&[own]).await;
        world.settle().await;
        assert_eq!(world.all::<rows::Light>().await.len(), 40);
        world.check_same().await;
        let account = accounts::get(&world.host, &world.me, &world.account)
            .await
            .unwrap();
        assert_eq!(account.left_out, [world.folder(own)]);
        // What comes into it later is not kept, and what moves out of it is.
        let id = world.provider(|state| {
            let mut mail = letter(200, "later");
            mail.folders = BTreeSet::from([own.to_owned()]);
            state.deliver(mail)
        });
        world.sync().await;
        assert!(!here(&world, 200).await);
        world.provider(|state| {
            state.change(&id, |mail| {
                mail.folders = BTreeSet::from(["INBOX".to_owned()]);
            });
        });
        world.sync().await;
        assert!(here(&world, 200).await);
        world.leave_out(&[]).await;
        world.settle().await;
        assert_eq!(world.all::<rows::Light>().await.len(), 81);
        world.check_same().await;
    }
}

#[tokio::test]
async fn mail_stays_that_stands_in_another_folder_too() {
    let world = World::new(false).await;
    world.provider(|state| {
        let mut mail = letter(1, "a");
        mail.folders.insert("work".into());
        state.deliver(mail)
    });
    world.settle().await;
    world.leave_out(&["work"]).await;
    world.settle().await;
    assert!(here(&world, 1).await);
    // Archived, it stands in nothing but what is left out.
    let all = Subject::Matching(Filter::default());
    crate::actions::apply(&world.host, &world.me, all, Action::Archive)
        .await
        .unwrap();
    assert!(
        here(&world, 1).await,
        "until the provider's echo, to be undone"
    );
    world.sync().await;
    world.sync().await;
    assert!(!here(&world, 1).await);
    world.check_same().await;
}

#[tokio::test]
async fn what_is_switched_off_is_neither_missing_nor_done() {
    use crate::settings::form::{self, Entry};
    let world = World::new(false).await;
    let id = world.provider(|state| state.deliver(letter(1, "a")));
    world.settle().await;
    let delete = || async {
        let subject = Subject::Messages(vec![world.message(&id)]);
        crate::actions::apply(&world.host, &world.me, subject, Action::DeleteForEver)
            .await
            .unwrap()
    };
    let set = |name: &str, entry: Entry| {
        let values = vec![(name.to_owned(), entry)];
        let section = crate::settings::Section::from_name("google").unwrap();
        let host = world.host.clone();
        async move {
            let locale = crate::settings::texts::Locale::English;
            assert_eq!(
                form::save(&host, section, values, locale).await.unwrap(),
                []
            );
        }
    };
    set("allow_delete", Entry::Toggle(false)).await;
    let account = accounts::get(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    assert_eq!(account.features, ["read", "modify", "send"]);
    assert!(account.missing_features.is_empty());
    assert!(delete().await.refused[0].1.contains("switched off"));
    // A consent without it is another matter.
    set("allow_delete", Entry::Toggle(true)).await;
    let missing = crate::store::column::Json(vec!["delete".to_owned()]);
    let missing = crate::store::column::Column::write(missing);
    crate::platform::Store::apply(
        &world.host,
        vec![crate::store::accounts::patch(
            &world.account,
            vec![("missing", missing)],
        )],
    )
    .await
    .unwrap();
    let account = accounts::get(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    assert_eq!(account.missing_features, ["delete"]);
    assert!(delete().await.refused[0].1.contains("consent"));
}

async fn events(world: &World) -> Vec<Event> {
    let page = accounts::log(
        &world.host,
        &world.me,
        &world.account,
        Slice {
            limit: 200,
            cursor: None,
        },
    )
    .await
    .unwrap();
    page.items.into_iter().map(|entry| entry.event).collect()
}

#[tokio::test]
async fn the_log_tells_what_the_worker_did_and_says_once_what_repeats() {
    let world = World::new(false).await;
    for number in 0..90 {
        world.provider(|state| state.deliver(letter(number, &format!("t{number}"))));
    }
    world.settle().await;
    let told = events(&world).await;
    assert_eq!(told[1..], [Event::Began(Activity::Backfill)], "{told:?}");
    assert!(matches!(
        told[0],
        Event::Finished {
            activity: Activity::Backfill,
            counts: Counts {
                new: 90,
                changed: 0,
                removed: 0,
                parked: 0
            },
            ..
        }
    ));
    // Nothing new, three times; then a change and a removal.
    for _ in 0..3 {
        world.sync().await;
    }
    let ids: Vec<String> = world.provider(|state| state.mail.keys().take(2).cloned().collect());
    world.provider(|state| {
        state.change(&ids[0], |mail| mail.read = true);
        state.delete(&ids[1]);
    });
    world.sync().await;
    let page = accounts::log(
        &world.host,
        &world.me,
        &world.account,
        Slice {
            limit: 2,
            cursor: None,
        },
    )
    .await
    .unwrap();
    let counts = Counts {
        changed: 1,
        removed: 1,
        ..Counts::default()
    };
    assert!(matches!(page.items[0].event, Event::Finished { counts: told, .. } if told == counts));
    assert_eq!(
        (&page.items[1].event, page.items[1].times),
        (&Event::Quiet, 3)
    );
    assert!(page.items[1].since < page.items[1].at);
    let rest = accounts::log(
        &world.host,
        &world.me,
        &world.account,
        Slice {
            limit: 200,
            cursor: page.next,
        },
    )
    .await
    .unwrap();
    assert_eq!((rest.items.len(), rest.next), (2, None));
}

#[tokio::test]
async fn the_log_keeps_its_newest_entries_and_no_more() {
    let world = World::new(false).await;
    world.settle().await;
    for number in 0..620 {
        let account = crate::store::accounts::get(&world.host, &world.account)
            .await
            .unwrap()
            .unwrap();
        let event = Event::Reconnect(number.to_string());
        let writes = crate::store::log::note(&world.host, &account, event)
            .await
            .unwrap();
        crate::platform::Store::apply(&world.host, writes)
            .await
            .unwrap();
        world.clock.advance(1_000);
        let kept: usize = world.all::<rows::LogRow>().await.len();
        assert!(kept <= 500, "{kept} entries");
    }
    assert!(world.all::<rows::LogRow>().await.len() >= 480);
    assert_eq!(events(&world).await[0], Event::Reconnect("619".into()));
}

#[tokio::test]
async fn what_is_parked_can_be_tried_at_once() {
    let world = World::new(false).await;
    let bad = world.provider(|state| {
        let bad = state.deliver(letter(1, "a"));
        state.broken.insert(bad.clone());
        bad
    });
    for _ in 0..10 {
        world.turn().await;
    }
    let told = events(&world).await;
    assert!(
        matches!(
            told[0],
            Event::Finished {
                counts: Counts { parked: 1, .. },
                ..
            }
        ),
        "{told:?}"
    );
    world.provider(|state| state.broken.clear());
    accounts::retry_parked(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    while world.turn().await {}
    assert!(here(&world, 1).await, "{bad} was fetched without waiting");
}

#[tokio::test]
async fn an_account_is_up_to_date_only_when_its_round_is_over() {
    let world = World::new(true).await;
    for number in 0..30 {
        world.provider(|state| state.deliver(letter(number, &format!("t{number}"))));
    }
    world.settle().await;
    world.clock.advance(301_000);
    for step in 0..200 {
        let account = crate::store::accounts::get(&world.host, &world.account)
            .await
            .unwrap()
            .unwrap();
        let status = accounts::get(&world.host, &world.me, &world.account)
            .await
            .unwrap()
            .status;
        let over = account.round.is_none();
        assert_eq!(status.condition == crate::model::Condition::UpToDate, over);
        if over && step > 0 && account.last_success > account.last_check.map(|at| at - 1) {
            return;
        }
        // One step further than before, then the host dies.
        world.host.crash_at(step);
        world.turn().await;
        world.host.calm();
    }
    panic!("the round never ends");
}
