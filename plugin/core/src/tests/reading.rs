//! Lists page without gaps or repeats, search finds words in bodies, and unlinking leaves nothing.

use std::collections::BTreeSet;

use super::world::{World, caller, letter};
use crate::model::{Action, Filter, Marks, Subject};
use crate::store::rows;
use crate::{accounts, actions, ids, mailbox};

#[tokio::test]
async fn pages_hold_every_conversation_once_newest_first() {
    let world = World::new(false).await;
    for number in 0..75 {
        world.provider(|state| state.deliver(letter(number, &format!("t{}", number % 25))));
    }
    world.settle().await;
    let both = vec![world.folder("INBOX"), world.folder("work")];
    for folders in [Vec::new(), vec![world.folder("INBOX")], both] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = world
                .threads(
                    Filter {
                        folders: folders.clone(),
                        ..Filter::default()
                    },
                    10,
                    cursor,
                )
                .await;
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 25);
        assert!(seen.windows(2).all(|pair| pair[0].latest >= pair[1].latest));
        assert!(
            seen.iter()
                .all(|thread| thread.messages == 3 && thread.marks.unread)
        );
    }
}

#[tokio::test]
async fn the_badge_counts_what_is_unread_in_the_inboxes_and_nowhere_else() {
    let world = World::new(false).await;
    for number in 0..6 {
        world.provider(|state| {
            let mut mail = letter(number, &format!("t{number}"));
            mail.read = number == 0;
            if number == 5 {
                mail.folders = BTreeSet::from(["SPAM".to_owned()]);
            }
            state.deliver(mail)
        });
    }
    world.settle().await;
    let unread = || async { mailbox::unread(&world.host, &world.me).await.unwrap() };
    assert_eq!(unread().await, 4);
    let first = Subject::Threads(vec![ids::thread(&world.account, "t1")]);
    actions::apply(&world.host, &world.me, first, Action::MarkRead)
        .await
        .unwrap();
    assert_eq!(
        unread().await,
        3,
        "counted at once, before the provider knows"
    );
    assert_eq!(mailbox::unread(&world.host, &caller("other")).await, Ok(0));
}

#[tokio::test]
async fn search_finds_words_addresses_and_marks() {
    let world = World::new(false).await;
    for number in 0..30 {
        world.provider(|state| {
            let mut mail = letter(number, &format!("t{}", number % 10));
            if number % 10 == 3 {
                mail.text.push_str(" The ostrich met Пётр in 北京市.");
            }
            mail.starred = number == 13;
            state.deliver(mail)
        });
    }
    world.settle().await;
    let words = |text: &str| Filter {
        text: Some(text.into()),
        ..Filter::default()
    };
    assert_eq!(
        world.threads(words("ostrich"), 10, None).await.items.len(),
        1
    );
    assert_eq!(
        world.threads(words("nowhere"), 10, None).await.items.len(),
        0
    );
    let starred = Filter {
        having: Marks {
            starred: true,
            ..Marks::default()
        },
        ..words("ostrich")
    };
    assert_eq!(world.threads(starred, 10, None).await.items.len(), 1);
    let address = Filter {
        addresses: vec!["Ann@Example.com".into()],
        ..Filter::default()
    };
    assert_eq!(world.threads(address, 200, None).await.items.len(), 10);
    let domain = Filter {
        domains: vec!["example.org".into()],
        ..Filter::default()
    };
    assert_eq!(world.threads(domain, 200, None).await.items.len(), 0);
    // Paging through a search shows each conversation once.
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = world.threads(words("letter"), 4, cursor).await;
        seen.extend(page.items.into_iter().map(|thread| thread.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (10, 10));
}

#[tokio::test]
async fn unlinking_deletes_all_that_was_the_accounts() {
    let world = World::new(true).await;
    world.provider(|state| state.page = 300);
    for number in 0..1_200 {
        world.provider(|state| state.deliver(letter(number, &format!("t{number}"))));
    }
    world.settle().await;
    accounts::unlink(&world.host, &world.me, &world.account, false)
        .await
        .unwrap();
    assert!(
        accounts::list(&world.host, &world.me)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        world
            .threads(Filter::default(), 10, None)
            .await
            .items
            .is_empty()
    );
    while world.turn().await {}
    assert!(world.all::<rows::Light>().await.is_empty());
    assert!(world.all::<rows::Hit>().await.is_empty());
    assert!(world.all::<rows::Listing>().await.is_empty());
    assert!(world.all::<rows::Folder>().await.is_empty());
    assert!(world.all::<rows::Account>().await.is_empty());
}

#[tokio::test]
async fn an_action_on_many_messages_is_no_more_writes_than_on_a_few() {
    let world = World::new(false).await;
    for number in 0..150 {
        world.provider(|state| state.deliver(letter(number, &format!("t{}", number % 50))));
    }
    world.settle().await;
    let all: Vec<String> = world
        .all::<rows::Light>()
        .await
        .into_iter()
        .map(|light| light.id)
        .collect();
    let mut writes = Vec::new();
    for (messages, action, changed) in [
        (&all[..3], Action::MarkRead, 3),
        (&all[..], Action::Star, 150),
        (&all[..], Action::MarkRead, 147),
        (&all[..], Action::Archive, 150),
    ] {
        let subject = Subject::Messages(messages.to_vec());
        let done = actions::apply(&world.host, &world.me, subject, action)
            .await
            .unwrap();
        assert_eq!(done.messages, changed);
        writes.push(world.host.last_writes());
    }
    // Of messages that leave a folder, each thread leaves its list.
    let (archived, marked) = writes.split_last().unwrap();
    assert!(marked.iter().all(|writes| *writes < 16), "{writes:?}");
    assert!(*archived < 16 + 50, "{writes:?}");
    world.settle().await;
    world.check_same().await;
}
