//! Drafts and the attachments of what is being written.

use super::column::Column;
use super::query;
use super::rows::{DraftRow, Enclosure};
use crate::model::{Error, Result};
use crate::platform::{Condition, Platform, StoreError, Value, Write};

type Stored<T> = std::result::Result<T, StoreError>;

pub(crate) async fn draft(platform: &impl Platform, user: &str, id: &str) -> Result<DraftRow> {
    let draft = query::get::<DraftRow>(platform, &[id]).await?;
    draft
        .filter(|draft| draft.user == user && draft.state != "leaving")
        .ok_or(Error::NotFound)
}

/// The draft that the marker was given to.
pub(crate) async fn draft_marked(
    platform: &impl Platform,
    account: &str,
    marker: &str,
) -> Stored<Option<DraftRow>> {
    first_draft(platform, account, query::text("marker", marker)).await
}

/// The draft that is this one at the provider.
pub(crate) async fn draft_at(
    platform: &impl Platform,
    account: &str,
    remote: &str,
) -> Stored<Option<DraftRow>> {
    first_draft(platform, account, query::text("remote", remote)).await
}

async fn first_draft(
    platform: &impl Platform,
    account: &str,
    clause: Vec<Condition>,
) -> Stored<Option<DraftRow>> {
    let filter = vec![query::text("account", account), clause];
    let rows: Vec<DraftRow> = query::all(platform, filter, None).await?;
    Ok(rows.into_iter().next())
}

/// The batch holds only if there is no such draft yet.
pub(crate) fn require_no_draft(id: &str) -> Write {
    query::require::<DraftRow>(vec![query::text("id", id)], 0)
}

/// The draft that has to be saved or deleted at the provider next.
pub(crate) async fn draft_next(
    platform: &impl Platform,
    account: &str,
) -> Stored<Option<DraftRow>> {
    let filter = vec![
        query::text("account", account),
        query::one_of("state", ["dirty", "leaving"]),
    ];
    Ok(
        query::find::<DraftRow>(platform, filter, query::oldest("next_try", 1))
            .await?
            .0
            .into_iter()
            .next(),
    )
}

pub(crate) fn put_draft(row: DraftRow) -> Option<Write> {
    query::put(vec![row])
}

/// The batch holds only if the draft still has this revision.
pub(crate) fn require_draft(id: &str, revision: &str) -> Write {
    query::require::<DraftRow>(
        vec![query::text("id", id), query::text("revision", revision)],
        1,
    )
}

/// Changes a draft's bookkeeping; what its author wrote stays.
pub(crate) fn patch_draft(id: &str, changes: Vec<(&'static str, Value)>) -> Write {
    query::patch::<DraftRow>(vec![query::text("id", id)], changes)
}

/// The provider has this revision; a newer one stays to be saved.
pub(crate) fn draft_saved(id: &str, revision: &str) -> Write {
    let filter = vec![
        query::text("id", id),
        query::text("revision", revision),
        query::text("state", "dirty"),
    ];
    query::patch::<DraftRow>(filter, vec![("state", "saved".to_owned().write())])
}

pub(crate) fn delete_draft(id: &str) -> Vec<Write> {
    vec![
        query::delete::<DraftRow>(vec![query::text("id", id)]),
        delete_enclosures(id),
    ]
}

pub(crate) async fn enclosures(platform: &impl Platform, owner: &str) -> Stored<Vec<Enclosure>> {
    query::all(
        platform,
        vec![query::text("owner", owner)],
        Some(("position", false)),
    )
    .await
}

pub(crate) fn put_enclosures(rows: Vec<Enclosure>) -> Option<Write> {
    query::put(rows)
}

pub(crate) fn delete_enclosures(owner: &str) -> Write {
    query::delete::<Enclosure>(vec![query::text("owner", owner)])
}
