//! What happens at the provider is noticed here.

use crate::support::{GOOGLE, MICROSOFT, OWNER, side};
use crate::wanted;
use crate::world;
use email_manager_core::provider::{
    Change as Happened, Light, Mailbox, Provider as _, ProviderError, Role,
};
use email_manager_core::settings::ProviderKind;
use email_manager_core::testing::Memory;
use provider_sim::{Change, Deliver, MessageState};
use rstest::rstest;
use std::collections::BTreeMap;

/// Follows every stream to its end.
struct Followed {
    cursors: BTreeMap<String, String>,
}

impl Followed {
    async fn from_now(mailbox: &Mailbox<'_, Memory>) -> Self {
        let mut cursors = BTreeMap::new();
        for stream in mailbox.streams(&mailbox.folders().await.unwrap()) {
            let cursor = mailbox.begin(&stream).await.unwrap();
            cursors.insert(stream, cursor);
        }
        let mut followed = Self { cursors };
        followed.round(mailbox).await;
        followed
    }

    async fn round(&mut self, mailbox: &Mailbox<'_, Memory>) -> Vec<Happened> {
        let mut found = Vec::new();
        for (stream, cursor) in &mut self.cursors {
            loop {
                let changes = mailbox.changes(stream, cursor).await.unwrap();
                found.extend(changes.items);
                *cursor = changes.next;
                if !changes.more {
                    break;
                }
            }
        }
        found
    }
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn what_happens_at_the_provider_is_noticed(#[case] kind: ProviderKind) {
    let world = world(kind, 30).await;
    let mailbox = world.mailbox().await;
    let mut followed = Followed::from_now(&mailbox).await;
    assert_eq!(followed.round(&mailbox).await, []);
    let provider = world.sim.backend(side(kind));
    let theirs: Vec<MessageState> = world
        .at_provider()
        .messages
        .into_iter()
        .filter(|message| !message.draft)
        .collect();
    let (read, starred, trashed, deleted) = (&theirs[0], &theirs[1], &theirs[2], &theirs[3]);
    let new = provider
        .deliver(
            OWNER,
            &Deliver::new(
                "From: x@example.org\r\nTo: ada@example.com\r\nSubject: new\r\n\r\nhello\r\n",
            ),
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &read.id,
            &Change {
                read: Some(!read.read),
                ..Change::default()
            },
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &starred.id,
            &Change {
                starred: Some(!starred.starred),
                ..Change::default()
            },
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &trashed.id,
            &Change {
                move_to: Some("trash".to_owned()),
                ..Change::default()
            },
        )
        .unwrap();
    provider.remove(OWNER, &deleted.id).unwrap();
    let changes = followed.round(&mailbox).await;
    let lights = |wanted: &str| -> Vec<&Light> {
        let light = |change| match change {
            &Happened::Present { ref id, ref light }
            | &Happened::Labels {
                ref id, ref light, ..
            } if id == wanted => Some(light),
            _ => None,
        };
        changes.iter().filter_map(light).collect()
    };
    assert!(!lights(&new).is_empty());
    assert!(
        lights(&read.id)
            .iter()
            .any(|light| light.read == Some(!read.read))
    );
    assert!(
        lights(&starred.id)
            .iter()
            .any(|light| light.starred == Some(!starred.starred))
    );
    assert!(changes.iter().any(|change| matches!(change, Happened::Gone { id, certain } if *id == deleted.id && *certain == (kind == GOOGLE))));
    let trash = mailbox
        .folders()
        .await
        .unwrap()
        .into_iter()
        .find(|folder| folder.role == Role::Trash)
        .unwrap()
        .id;
    let moved = changes.iter().any(|change| match change {
        Happened::Labels { id, added, .. } => *id == trashed.id && added.contains(&trash),
        Happened::Present { id, .. } | Happened::Gone { id, .. } => *id == trashed.id,
    });
    assert!(moved);
    let asked = mailbox
        .fetch(&wanted(&[trashed.id.clone(), deleted.id.clone()]))
        .await
        .unwrap();
    assert!(asked[0].1.as_ref().unwrap().folders.contains(&trash));
    assert_eq!(asked[1].1, Err(ProviderError::NotFound));
    assert_eq!(followed.round(&mailbox).await, []);
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_forgotten_cursor_says_so(#[case] kind: ProviderKind) {
    let world = world(kind, 10).await;
    let mailbox = world.mailbox().await;
    let followed = Followed::from_now(&mailbox).await;
    world.sim.backend(side(kind)).expire_cursors(OWNER).unwrap();
    for (stream, cursor) in &followed.cursors {
        assert_eq!(
            mailbox.changes(stream, cursor).await,
            Err(ProviderError::CursorLost)
        );
    }
}
