//! Drafts: kept here at once, saved at the provider by the worker, so that they are there in other programs too.
//!
//! A provider's draft is not changed but made anew and the older one deleted: that is the one way in which a crash leaves an extra
//! draft, which the marker finds, and never none.

use crate::ids;
use crate::model::{Caller, Draft, Error, Result, Saved};
use crate::platform::{Platform, Priority, StoreError, Write};
use crate::provider::{Provider, ProviderError};
use crate::store::column::{Column, Json};
use crate::store::rows::{DraftRow, Enclosure};
use crate::store::{queues, writing};
use crate::sync::{Fault, Worker, pacing};

/// A draft goes to the provider after its author has paused for this long (milliseconds).
const PAUSE_MS: u64 = 2_000;
/// And longer by a millisecond for so many bytes of its files, which every saving uploads again: Graph takes 150 MB in five minutes.
const BYTES_PER_MS: u64 = 500;

fn pause(enclosures: &[Enclosure]) -> u64 {
    let bytes: i64 = enclosures.iter().map(|enclosure| enclosure.size).sum();
    PAUSE_MS + u64::try_from(bytes).unwrap_or_default() / BYTES_PER_MS
}

/// Saves a draft, over the one that the caller has seen.
///
/// # Errors
/// `Conflict` if somebody changed it since; `NotFound` for what is not the caller's; `Invalid`.
pub async fn save(
    platform: &impl Platform,
    caller: &Caller,
    over: Option<Saved>,
    draft: Draft,
) -> Result<Saved> {
    let account = super::checked(platform, &caller.user, &draft, false).await?;
    let now = platform.now();
    let revision = ids::fresh(platform);
    let changed = || Error::Conflict("The draft was changed since; read it again.".into());
    let (mut row, mut writes, kept) = match over {
        None => {
            let id = ids::ordered(platform, now, 0);
            let row = DraftRow {
                id,
                user: caller.user.clone(),
                account: account.id.clone(),
                revision,
                content: Json(draft),
                state: "dirty".into(),
                marker: ids::fresh(platform),
                remote: None,
                message: None,
                creating: false,
                updated: now,
                tries: 0,
                next_try: now,
            };
            (row, Vec::new(), Vec::new())
        }
        Some(over) => {
            let row = writing::draft(platform, &caller.user, &over.id).await?;
            if row.revision != over.revision {
                return Err(changed());
            }
            if row.account != account.id {
                return Err(Error::Invalid(
                    "account".into(),
                    "A draft stays in its account.".into(),
                ));
            }
            let kept = writing::enclosures(platform, &row.id).await?;
            let writes = vec![
                writing::require_draft(&over.id, &over.revision),
                writing::delete_enclosures(&row.id),
            ];
            let row = DraftRow {
                revision,
                content: Json(draft),
                state: "dirty".into(),
                updated: now,
                ..row
            };
            (row, writes, kept)
        }
    };
    let enclosures = super::enclose(platform, &account, &row.id, &row.content.0, &kept).await?;
    row.next_try = now.saturating_add(pause(&enclosures));
    let saved = Saved {
        id: row.id.clone(),
        revision: row.revision.clone(),
    };
    writes.extend(writing::put_enclosures(enclosures));
    writes.push(queues::wake(
        &account.id,
        Some(row.next_try),
        Priority::Normal,
    ));
    writes.extend(writing::put_draft(row));
    match platform.apply(writes).await {
        Ok(()) => Ok(saved),
        Err(StoreError::Conflict(_)) => Err(changed()),
        Err(other) => Err(other.into()),
    }
}

/// Drops a draft, here at once and then at the provider.
///
/// # Errors
/// `NotFound` for what is not the caller's.
pub async fn discard(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let row = writing::draft(platform, &caller.user, id).await?;
    let now = platform.now();
    let mut writes = leave(id, now);
    writes.push(queues::wake(&row.account, None, Priority::Normal));
    platform.apply(writes).await?;
    Ok(())
}

/// The draft is to be deleted at the provider, then here.
pub(super) fn leave(id: &str, now: u64) -> Vec<Write> {
    vec![writing::patch_draft(
        id,
        vec![
            ("state", "leaving".to_owned().write()),
            ("next_try", queues::time(now)),
        ],
    )]
}

/// Tells the provider of the draft whose turn it is.
pub(crate) async fn step<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
) -> std::result::Result<(), Fault> {
    let Some(row) = writing::draft_next(worker.platform, &worker.account.id).await? else {
        return Ok(());
    };
    let outcome = match row.state.as_str() {
        "leaving" => delete(worker, &row).await,
        "doubled" => single(worker, &row).await,
        _ => store(worker, &row).await,
    };
    match outcome {
        // It stays here; the next change tries again.
        Err(Fault::Provider(ProviderError::Refused(_) | ProviderError::MissingScope(_))) => {
            let state = if row.state == "leaving" {
                None
            } else {
                Some("saved")
            };
            let writes = match state {
                Some(state) => vec![writing::patch_draft(
                    &row.id,
                    vec![("state", state.to_owned().write())],
                )],
                None => writing::delete_draft(&row.id),
            };
            Ok(worker.platform.apply(writes).await?)
        }
        // The rest follows. Nothing is unclear: what has arrived is asked for, not looked for.
        Err(Fault::Provider(ProviderError::Underway)) => {
            let changes = vec![
                ("creating", false.write()),
                ("next_try", queues::time(worker.now())),
            ];
            Ok(worker
                .platform
                .apply(vec![writing::patch_draft(&row.id, changes)])
                .await?)
        }
        // The rest of the account's work need not wait for it.
        Err(Fault::Provider(ProviderError::Paced { until })) => {
            let changes = vec![("next_try", queues::time(until))];
            Ok(worker
                .platform
                .apply(vec![writing::patch_draft(&row.id, changes)])
                .await?)
        }
        Err(Fault::Provider(
            ProviderError::Unclear(_) | ProviderError::NotFound | ProviderError::Conflict,
        )) => {
            let delay = pacing::delay(u32::try_from(row.tries).unwrap_or(u32::MAX));
            let changes = vec![
                ("tries", row.tries.saturating_add(1).write()),
                ("next_try", queues::time(worker.now().saturating_add(delay))),
            ];
            Ok(worker
                .platform
                .apply(vec![writing::patch_draft(&row.id, changes)])
                .await?)
        }
        other => other,
    }
}

async fn store<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    row: &DraftRow,
) -> std::result::Result<(), Fault> {
    // Before the call that can't be repeated blindly.
    worker
        .platform
        .apply(vec![writing::patch_draft(
            &row.id,
            vec![("creating", true.write())],
        )])
        .await?;
    let before = if row.creating || row.remote.is_some() {
        worker.mailbox.find_draft(&row.marker).await?
    } else {
        Vec::new()
    };
    let message = super::outgoing(
        worker.platform,
        &worker.account,
        &row.content.0,
        &row.id,
        &row.marker,
        row.updated,
    )
    .await?;
    let made = worker.mailbox.create_draft(&message).await?;
    let (remote, message) = (made.id, made.message);
    for old in before
        .iter()
        .chain(&row.remote)
        .filter(|old| **old != remote)
    {
        forgiving(worker.mailbox.delete_draft(old).await)?;
    }
    let known = vec![
        ("remote", remote.write()),
        ("message", message.clone().write()),
        ("creating", false.write()),
        ("tries", 0_i64.write()),
    ];
    let mut writes = vec![writing::patch_draft(&row.id, known)];
    writes.push(writing::draft_saved(&row.id, &row.revision));
    writes.extend(worker.went_well("increment"));
    worker.platform.apply(writes).await?;
    worker.mailbox.abandon_draft(&row.marker).await?;
    // Seen in lists at once, in place of the one before.
    let before = row
        .message
        .clone()
        .filter(|old| Some(old) != message.as_ref());
    worker.replace_now(before, message).await
}

/// Drops what a request has made of it that nobody waited for any more.
async fn single<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    row: &DraftRow,
) -> std::result::Result<(), Fault> {
    let all = worker.mailbox.find_draft(&row.marker).await?;
    for extra in all
        .iter()
        .filter(|draft| Some(*draft) != row.remote.as_ref())
    {
        forgiving(worker.mailbox.delete_draft(extra).await)?;
    }
    let known = vec![writing::draft_single(&row.id)];
    Ok(worker.platform.apply(known).await?)
}

async fn delete<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    row: &DraftRow,
) -> std::result::Result<(), Fault> {
    worker.mailbox.abandon_draft(&row.marker).await?;
    let mut drafts = worker.mailbox.find_draft(&row.marker).await?;
    drafts.extend(row.remote.clone().filter(|remote| !drafts.contains(remote)));
    for draft in drafts {
        forgiving(worker.mailbox.delete_draft(&draft).await)?;
    }
    let known = row.creating || row.remote.is_some();
    let writes = if known {
        writing::draft_gone(row, worker.now())
    } else {
        writing::delete_draft(&row.id)
    };
    worker.platform.apply(writes).await?;
    worker.replace_now(row.message.clone(), None).await
}

/// What is not there any more needs no deletion.
fn forgiving(answer: crate::provider::Result<()>) -> crate::provider::Result<()> {
    match answer {
        Err(ProviderError::NotFound) => Ok(()),
        other => other,
    }
}
