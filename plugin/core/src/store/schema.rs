//! The collections and how they are looked up.

use super::column::Row;
use super::rows;
use crate::platform::{Collection, FullText, Index, Platform, StoreError};

fn collection<R: Row>(
    key: &'static [&'static str],
    indexes: &[&'static [&'static str]],
) -> Collection {
    let indexes = indexes
        .iter()
        .map(|fields| Index {
            fields,
            unique: false,
        })
        .collect();
    Collection {
        name: R::COLLECTION,
        fields: R::schema(),
        key,
        indexes,
        full_text: None,
    }
}

fn unique(mut collection: Collection, fields: &'static [&'static str]) -> Collection {
    collection.indexes.push(Index {
        fields,
        unique: true,
    });
    collection
}

/// All collections, in the order of their definition.
#[must_use]
pub fn collections() -> Vec<Collection> {
    let mut bodies = collection::<rows::Body>(&["id"], &[&["account"], &["user", "received"]]);
    bodies.full_text = Some(FullText {
        fields: &["subject", "people", "names", "text"],
        scope: "user",
    });
    let mut people = collection::<rows::Person>(&["account", "email"], &[&["user", "score"]]);
    people.full_text = Some(FullText {
        fields: &["address", "name"],
        scope: "user",
    });
    vec![
        people,
        unique(
            collection::<rows::Account>(&["id"], &[&["user"]]),
            &["user", "provider", "identity"],
        ),
        collection::<rows::Budget>(&["account"], &[]),
        collection::<rows::Pool>(&["provider", "at"], &[]),
        collection::<rows::Told>(&["id"], &[&["account"]]),
        collection::<rows::Subscription>(&["account"], &[&["remote"]]),
        collection::<rows::Keys>(&["provider"], &[]),
        collection::<rows::LogRow>(&["account", "id"], &[]),
        collection::<rows::Folder>(&["id"], &[&["account"]]),
        collection::<rows::Stream>(&["account", "stream"], &[]),
        collection::<rows::Message>(
            &["id"],
            &[
                &["thread", "received"],
                &["account", "received"],
                &["account", "stream", "seen"],
            ],
        ),
        bodies,
        collection::<rows::Thread>(&["id"], &[&["account"]]),
        collection::<rows::Listing>(
            &["folder", "thread"],
            &[&["folder", "latest"], &["folder", "unread", "latest"]],
        ),
        collection::<rows::Parked>(
            &["account", "remote"],
            &[&["account", "next_try"], &["kind"]],
        ),
        collection::<rows::Edit>(&["account", "id"], &[&["message"]]),
        collection::<rows::Undo>(&["id"], &[&["created"]]),
        collection::<rows::Sweep>(&["id"], &[]),
        collection::<rows::File>(&["message", "part"], &[&["account"]]),
        collection::<rows::DraftRow>(
            &["id"],
            &[
                &["user", "updated"],
                &["account", "state", "next_try"],
                &["account", "marker"],
                &["account", "remote"],
            ],
        ),
        unique(
            collection::<rows::Outbox>(
                &["id"],
                &[
                    &["user", "created"],
                    &["account", "state", "next_try"],
                    &["marker"],
                ],
            ),
            &["user", "client_key"],
        ),
        collection::<rows::Enclosure>(&["owner", "position"], &[]),
    ]
}

/// Creates or extends them all; idempotent.
///
/// # Errors
/// What the store answers.
pub async fn define(platform: &impl Platform) -> Result<(), StoreError> {
    for collection in collections() {
        platform.define(&collection).await?;
    }
    Ok(())
}
