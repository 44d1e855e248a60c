//! Drafts and the attachments of what is being written.

use super::column::{Column, Json};
use super::query;
use super::rows::{DraftRow, Enclosure};
use crate::model::{Draft, Error, Result};
use crate::platform::{Condition, Operator, Platform, StoreError, Value, Write};

/// The state of a draft that was dropped, of which something may appear yet.
const GONE: &str = "gone";

/// How long that may take, in milliseconds.
const LATE_MS: u64 = 86_400_000;

type Stored<T> = std::result::Result<T, StoreError>;

pub(crate) async fn draft(platform: &impl Platform, user: &str, id: &str) -> Result<DraftRow> {
    let draft = query::get::<DraftRow>(platform, &[id]).await?;
    draft
        .filter(|draft| draft.user == user && draft.state != "leaving" && draft.state != GONE)
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
    let rows = drafts_with(platform, account, clause).await?;
    Ok(rows.into_iter().find(|row| row.state != GONE))
}

async fn drafts_with(
    platform: &impl Platform,
    account: &str,
    clause: Vec<Condition>,
) -> Stored<Vec<DraftRow>> {
    query::all(
        platform,
        vec![query::text("account", account), clause],
        None,
    )
    .await
}

/// The batch holds only if there is no such draft yet.
pub(crate) fn require_no_draft(id: &str) -> Write {
    query::require::<DraftRow>(vec![query::text("id", id)], 0)
}

/// The draft that the provider has to hear of next.
pub(crate) async fn draft_next(
    platform: &impl Platform,
    account: &str,
) -> Stored<Option<DraftRow>> {
    let filter = vec![
        query::text("account", account),
        query::one_of("state", ["dirty", "leaving", "doubled"]),
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

/// The draft was dropped, at the provider too. Nothing of it is kept but what finds a draft that a request made of it which nobody waits for
/// any more; and that only for a day.
pub(crate) fn draft_gone(row: &DraftRow, now: u64) -> Vec<Write> {
    let forgotten = query::delete::<DraftRow>(vec![
        query::text("account", &row.account),
        query::text("state", GONE),
        query::is("next_try", Operator::Less, now),
    ]);
    let row = DraftRow {
        state: GONE.to_owned(),
        content: Json(Draft::default()),
        next_try: now.saturating_add(LATE_MS),
        ..row.clone()
    };
    let mut writes = vec![forgotten, delete_enclosures(&row.id)];
    writes.extend(put_draft(row));
    writes
}

/// A draft with this marker has appeared as the provider's message `remote`: one too many if it was dropped, or is another.
pub(crate) async fn stray(
    platform: &impl Platform,
    account: &str,
    marker: &str,
    remote: &str,
) -> Stored<Option<Write>> {
    let rows = drafts_with(platform, account, query::text("marker", marker)).await?;
    Ok(rows.into_iter().find_map(|row| {
        let state = match row.state.as_str() {
            GONE => "leaving",
            "saved" if row.message.as_deref() != Some(remote) => "doubled",
            _ => return None,
        };
        let filter = vec![query::text("id", &row.id), query::text("state", &row.state)];
        let due = vec![
            ("state", state.to_owned().write()),
            ("next_try", platform.now().write()),
        ];
        Some(query::patch::<DraftRow>(filter, due))
    }))
}

/// There is one of it again.
pub(crate) fn draft_single(id: &str) -> Write {
    let filter = vec![query::text("id", id), query::text("state", "doubled")];
    query::patch::<DraftRow>(filter, vec![("state", "saved".to_owned().write())])
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
