//! What is yet to be done: messages to fetch, edits to make at the provider, drafts to save, messages to send.

use std::collections::BTreeMap;

use super::column::{Blob, Column};
use super::query::{self, Paging};
use super::rows::{Account, Edit, Outbox, Parked, Sweep, Undo};
use crate::model::{Error, Result};
use crate::platform::{Condition, Job, Operator, Platform, Priority, StoreError, Value, Write};

type Stored<T> = std::result::Result<T, StoreError>;

/// The job that does an account's work.
pub(crate) const SYNC: &str = "sync";
/// The job that deletes an unlinked account's mail.
pub(crate) const PURGE: &str = "purge";
/// The job that goes on with an action on everything that matches.
pub(crate) const SWEEP: &str = "sweep";

/// Wakes an account's worker; with what, it finds in the rows.
pub(crate) fn wake(account: &str, run_at: Option<u64>, priority: Priority) -> Write {
    Write::Enqueue(Job {
        kind: SYNC.into(),
        key: account.to_owned(),
        payload: Vec::new(),
        run_at,
        priority,
    })
}

/// A job of another kind.
pub(crate) fn enqueue(kind: &str, key: &str) -> Write {
    Write::Enqueue(Job {
        kind: kind.into(),
        key: key.to_owned(),
        payload: Vec::new(),
        run_at: None,
        priority: Priority::Normal,
    })
}

pub(crate) async fn parked_due(
    platform: &impl Platform,
    account: &str,
    now: u64,
    limit: u32,
) -> Stored<Vec<Parked>> {
    let filter = vec![
        query::text("account", account),
        query::is("next_try", Operator::LessOrEqual, now),
    ];
    Ok(
        query::find(platform, filter, query::oldest("next_try", limit))
            .await?
            .0,
    )
}

pub(crate) async fn parked_next(platform: &impl Platform, account: &str) -> Stored<Option<u64>> {
    let first: Vec<Parked> = query::find(
        platform,
        vec![query::text("account", account)],
        query::oldest("next_try", 1),
    )
    .await?
    .0;
    Ok(first.first().map(|parked| parked.next_try))
}

/// Messages that could not be stored, most of what a person can read.
pub(crate) async fn parked_failed(platform: &impl Platform, account: &str) -> Stored<Vec<Parked>> {
    let filter = vec![
        query::text("account", account),
        query::text("kind", "failed"),
    ];
    query::all(platform, filter, None).await
}

pub(crate) async fn parked_count(platform: &impl Platform, account: &str) -> Stored<u64> {
    let filter = vec![
        query::text("account", account),
        query::text("kind", "failed"),
    ];
    let counts = platform.count("parked", filter, Vec::new()).await?;
    Ok(counts.first().map_or(0, |(_, count)| *count))
}

/// Messages that could not be stored, by account; those without are left out.
pub(crate) async fn parked_counts(platform: &impl Platform) -> Stored<BTreeMap<String, u64>> {
    let filter = vec![query::text("kind", "failed")];
    let counts = platform.count("parked", filter, vec!["account"]).await?;
    let named = counts.into_iter().filter_map(|(group, count)| {
        let account = group.into_iter().next().and_then(String::read)?;
        Some((account, count))
    });
    Ok(named.collect())
}

/// What could not be stored is due now.
pub(crate) fn retry_parked(account: &str, now: u64) -> Write {
    let filter = vec![
        query::text("account", account),
        query::text("kind", "failed"),
    ];
    query::patch::<Parked>(filter, vec![("next_try", time(now))])
}

pub(crate) async fn parked_get(
    platform: &impl Platform,
    account: &str,
    remotes: &[String],
) -> Stored<Vec<Parked>> {
    if remotes.is_empty() {
        return Ok(Vec::new());
    }
    let filter = vec![
        query::text("account", account),
        query::one_of("remote", remotes.iter().map(String::as_str)),
    ];
    query::all(platform, filter, None).await
}

pub(crate) fn park(rows: Vec<Parked>) -> Option<Write> {
    query::put(rows)
}

pub(crate) fn unpark(account: &str, remotes: &[String]) -> Option<Write> {
    let remotes = remotes.iter().map(String::as_str);
    (remotes.len() > 0).then(|| {
        query::delete::<Parked>(vec![
            query::text("account", account),
            query::one_of("remote", remotes),
        ])
    })
}

/// Edits in their order.
pub(crate) async fn edits(
    platform: &impl Platform,
    account: &str,
    limit: u32,
) -> Stored<Vec<Edit>> {
    Ok(query::find(
        platform,
        vec![query::text("account", account)],
        query::oldest("id", limit),
    )
    .await?
    .0)
}

pub(crate) fn put_edits(rows: Vec<Edit>) -> Option<Write> {
    query::put(rows)
}

pub(crate) fn delete_edits(account: &str, ids: &[String]) -> Option<Write> {
    let ids = ids.iter().map(String::as_str);
    (ids.len() > 0).then(|| {
        query::delete::<Edit>(vec![
            query::text("account", account),
            query::one_of("id", ids),
        ])
    })
}

pub(crate) async fn undo(platform: &impl Platform, user: &str, id: &str) -> Result<Undo> {
    query::get::<Undo>(platform, &[id])
        .await?
        .filter(|undo| undo.user == user)
        .ok_or(Error::NotFound)
}

pub(crate) fn put_undo(undo: Undo) -> Option<Write> {
    query::put(vec![undo])
}

pub(crate) fn delete_undo(id: &str) -> Write {
    query::delete::<Undo>(vec![query::text("id", id)])
}

/// Forgets actions older than this.
pub(crate) fn forget_undos(before: u64) -> Write {
    query::delete::<Undo>(vec![query::is("created", Operator::Less, before)])
}

pub(crate) async fn sweep(platform: &impl Platform, id: &str) -> Stored<Option<Sweep>> {
    query::get(platform, &[id]).await
}

pub(crate) fn put_sweep(sweep: Sweep) -> Option<Write> {
    query::put(vec![sweep])
}

pub(crate) fn delete_sweep(id: &str) -> Write {
    query::delete::<Sweep>(vec![query::text("id", id)])
}

fn in_state(states: &[&str]) -> Vec<Condition> {
    query::one_of("state", states.iter().copied())
}

/// States of an outgoing message that the worker has something to do with.
const UNDER_WAY: &[&str] = &["pending", "scheduled", "sending", "unclear", "sent"];

/// When nothing is left to be done (the year 2286).
pub(crate) const NEVER: u64 = 9_999_999_999_999;

/// The outgoing message whose turn it is.
pub(crate) async fn outgoing_next(
    platform: &impl Platform,
    account: &str,
) -> Stored<Option<Outbox>> {
    let filter = vec![
        query::text("account", account),
        in_state(UNDER_WAY),
        query::is("next_try", Operator::Less, NEVER),
    ];
    Ok(
        query::find::<Outbox>(platform, filter, query::oldest("next_try", 1))
            .await?
            .0
            .into_iter()
            .next(),
    )
}

pub(crate) async fn outgoing(platform: &impl Platform, user: &str, id: &str) -> Result<Outbox> {
    query::get::<Outbox>(platform, &[id])
        .await?
        .filter(|row| row.user == user)
        .ok_or(Error::NotFound)
}

pub(crate) async fn outgoing_by_key(
    platform: &impl Platform,
    user: &str,
    key: &str,
) -> Stored<Option<Outbox>> {
    let filter = vec![query::text("user", user), query::text("client_key", key)];
    Ok(query::all::<Outbox>(platform, filter, None)
        .await?
        .into_iter()
        .next())
}

pub(crate) async fn outgoings(
    platform: &impl Platform,
    user: &str,
    limit: u32,
    cursor: Option<String>,
) -> Stored<(Vec<Outbox>, Option<String>)> {
    query::find(
        platform,
        vec![query::text("user", user)],
        query::newest("created", limit, cursor),
    )
    .await
}

pub(crate) fn put_outgoing(row: Outbox) -> Option<Write> {
    query::put(vec![row])
}

/// The batch holds only if the outgoing message is still in this state.
pub(crate) fn require_outgoing(id: &str, state: &str, step: &str) -> Write {
    query::require::<Outbox>(
        vec![
            query::text("id", id),
            query::text("state", state),
            query::text("step", step),
        ],
        1,
    )
}

/// A message with this marker has come back by sync: the outgoing message knows it now.
pub(crate) fn recognise(account: &str, marker: &str, remote: &str) -> Write {
    let filter = vec![
        query::text("marker", marker),
        query::text("account", account),
        query::text("state", "sent"),
    ];
    let known = vec![
        ("remote", remote.to_owned().write()),
        ("message", crate::ids::message(account, remote).write()),
    ];
    query::patch::<Outbox>(filter, known)
}

/// A draft with this marker has appeared: what follows from having sent its message is done once more.
pub(crate) fn stray(account: &str, marker: &str, now: u64) -> Write {
    let filter = vec![
        query::text("marker", marker),
        query::text("account", account),
        query::text("state", "sent"),
        query::text("step", "done"),
    ];
    let again = vec![("step", "sent".to_owned().write()), ("next_try", time(now))];
    query::patch::<Outbox>(filter, again)
}

/// Tells open pages that an outgoing message changed.
pub(crate) fn outgoing_changed(row: &Outbox) -> Write {
    let payload =
        serde_json::json!({ "id": row.id, "account": row.account, "state": row.state }).to_string();
    Write::Publish {
        topic: "outbox.changed",
        user: Some(row.user.clone()),
        payload,
    }
}

/// A fetched attachment, or the raw message.
pub(crate) async fn file(
    platform: &impl Platform,
    message: &str,
    part: &str,
) -> Stored<Option<super::rows::File>> {
    query::get(platform, &[message, part]).await
}

pub(crate) fn put_file(
    account: &Account,
    message: &str,
    part: &str,
    blob: String,
    size: usize,
    now: u64,
) -> Option<Write> {
    query::put(vec![super::rows::File {
        message: message.to_owned(),
        part: part.to_owned(),
        account: account.id.clone(),
        blob: Blob(blob),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        fetched: now,
    }])
}

/// How many edits wait, at most `limit`.
pub(crate) async fn any_edit(platform: &impl Platform, account: &str) -> Stored<bool> {
    let filter = vec![query::text("account", account)];
    let paging = Paging {
        order: None,
        limit: 1,
        cursor: None,
    };
    Ok(!query::find::<Edit>(platform, filter, paging)
        .await?
        .0
        .is_empty())
}

/// A time as a field's new value.
pub(crate) fn time(at: u64) -> Value {
    at.write()
}
