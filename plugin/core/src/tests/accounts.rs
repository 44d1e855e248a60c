//! What a person sets on an account, and what follows from it.

use std::collections::BTreeSet;

use super::world::{World, letter};
use crate::accounts;
use crate::model::{Account, AccountChange, Action, Error, Filter, Subject};
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
    assert!(here(&world, 1).await, "until the provider's echo, to be undone");
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
            assert_eq!(form::save(&host, section, values, locale).await.unwrap(), []);
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
        vec![crate::store::accounts::patch(&world.account, vec![("missing", missing)])],
    )
    .await
    .unwrap();
    let account = accounts::get(&world.host, &world.me, &world.account)
        .await
        .unwrap();
    assert_eq!(account.missing_features, ["delete"]);
    assert!(delete().await.refused[0].1.contains("consent"));
}
