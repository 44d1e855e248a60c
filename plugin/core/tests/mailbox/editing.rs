//! What is done here is seen at the provider.

use crate::support::{GOOGLE, MICROSOFT};
use crate::world;
use email_manager_core::provider::{Edit, Provider as _, ProviderError, Role};
use email_manager_core::settings::ProviderKind;
use email_manager_core::settings::form::Entry;
use provider_sim::MessageState;
use rstest::rstest;
use std::collections::BTreeMap;

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn edits_are_seen_at_the_provider(#[case] kind: ProviderKind) {
    let world = world(kind, 40).await;
    world.save(&[("allow_delete", Entry::Toggle(true))]).await;
    world.link().await;
    let mailbox = world.mailbox().await;
    let folders = mailbox.folders().await.unwrap();
    let place = |role: Role| {
        folders
            .iter()
            .find(|folder| folder.role == role)
            .map(|folder| folder.id.clone())
            .unwrap_or_default()
    };
    let in_inbox: Vec<String> = world
        .at_provider()
        .messages
        .iter()
        .filter(|message| message.folders.contains(&place(Role::Inbox)) && !message.draft)
        .map(|message| message.id.clone())
        .collect();
    let few = &in_inbox[..3];
    let many = &in_inbox[..in_inbox.len().min(14)];
    let states = || -> BTreeMap<String, MessageState> {
        world
            .at_provider()
            .messages
            .into_iter()
            .map(|message| (message.id.clone(), message))
            .collect()
    };
    let all = |ids: &[String], holds: &dyn Fn(&MessageState) -> bool| {
        let states = states();
        ids.iter().all(|id| holds(&states[id]))
    };
    let edit = |ids: Vec<String>, edit: Edit| {
        let mailbox = &mailbox;
        async move {
            for (_, outcome) in mailbox.edit(&ids, &edit).await.unwrap() {
                assert_eq!(outcome, Ok(()), "{edit:?}");
            }
        }
    };
    for ids in [few, many] {
        edit(ids.to_vec(), Edit::Read(true)).await;
        assert!(all(ids, &|state| state.read));
        edit(ids.to_vec(), Edit::Read(false)).await;
        assert!(all(ids, &|state| !state.read));
        edit(ids.to_vec(), Edit::Starred(true)).await;
        assert!(all(ids, &|state| state.starred));
        edit(ids.to_vec(), Edit::Archive).await;
        assert!(all(ids, &|state| !state
            .folders
            .contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::Unarchive).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::Spam).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Spam))
            && !state.folders.contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::NotSpam).await;
        edit(ids.to_vec(), Edit::Trash).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Trash))));
        edit(ids.to_vec(), Edit::Restore(None)).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))
            && !state.folders.contains(&place(Role::Trash))));
        let target = folders
            .iter()
            .find(|folder| {
                matches!(folder.role, Role::Folder)
                    || (folder.role == Role::Label && !folder.id.starts_with("category:"))
            })
            .unwrap();
        edit(ids.to_vec(), Edit::MoveTo(target.id.clone())).await;
        assert!(all(ids, &|state| state.folders.contains(&target.id)));
        edit(ids.to_vec(), Edit::MoveTo(place(Role::Inbox))).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))));
        let label = if kind == GOOGLE {
            target.id.clone()
        } else {
            "category:Red & blue".to_owned()
        };
        edit(ids.to_vec(), Edit::AddLabel(label.clone())).await;
        let has = |state: &MessageState| {
            state.folders.contains(&label) || state.categories.contains(&"Red & blue".to_owned())
        };
        assert!(all(ids, &has));
        edit(ids.to_vec(), Edit::RemoveLabel(label.clone())).await;
        assert!(all(ids, &|state| !has(state)));
    }
    let gone = mailbox
        .edit(&["0000000000000001".to_owned()], &Edit::Read(true))
        .await
        .unwrap();
    assert!(
        matches!(gone[0].1, Err(ProviderError::NotFound)),
        "{gone:?}"
    );
    edit(many.to_vec(), Edit::DeleteForEver).await;
    assert!(
        world
            .at_provider()
            .messages
            .iter()
            .all(|message| !many.contains(&message.id))
    );
}

#[tokio::test]
async fn deleting_for_ever_without_the_right_to_it_names_what_is_missing() {
    let world = world(GOOGLE, 5).await;
    let id = world.at_provider().messages[0].id.clone();
    let refused = world
        .mailbox()
        .await
        .edit(&[id], &Edit::DeleteForEver)
        .await;
    assert!(
        matches!(refused, Err(ProviderError::MissingScope(_))),
        "{refused:?}"
    );
}
