//! Sending exactly once.
//!
//! The row is the truth. A message goes out through a draft at the provider: the draft is made with a marker, its id is stored,
//! that id is sent. Before each call that can't be repeated blindly the row says that it was begun; after a crash or a lost answer
//! the next run asks the provider what became of it: creation is looked up by the marker, sending by the draft's fate. A consumed
//! draft can't be sent twice, so sending the same draft again is safe; an extra draft of a repeated creation is deleted.

use crate::ids;
use crate::model::{Caller, Error, Items, Outgoing, Result, SendState, Sendable, Slice};
use crate::platform::{Platform, Priority, StoreError, Write};
use crate::provider::{DraftFate, MadeDraft, Provider, ProviderError, RelationKind};
use crate::store::column::Json;
use crate::store::commit::{News, commit};
use crate::store::rows::{Enclosure, Outbox};
use crate::store::{accounts, queues, reads, writing};
use crate::sync::{Fault, Worker, pacing};

/// Looked up for this long (milliseconds) before a person is told that it can't be found out: copies of sent mail appear late.
const LOOKED_UP_MS: u64 = 86_400_000;

fn state(row: &Outbox) -> SendState {
    match row.state.as_str() {
        "pending" => SendState::Pending,
        "scheduled" => SendState::Scheduled,
        "sending" => SendState::Sending,
        "sent" => SendState::Sent,
        "cancelled" => SendState::Cancelled,
        "unclear" => SendState::Unclear,
        _ => SendState::Failed,
    }
}

fn present(row: Outbox) -> Outgoing {
    Outgoing {
        state: state(&row),
        id: row.id,
        account: row.account,
        subject: row.subject,
        reason: row.reason,
        at: row.at,
        message: row.message,
    }
}

/// Takes a message over for sending; with a known key, answers what became of the first.
///
/// # Errors
/// `Invalid` for what can't be sent; `Conflict` if the saved draft was changed since; `NotFound` for what is not the caller's.
pub async fn send(
    platform: &impl Platform,
    caller: &Caller,
    key: &str,
    content: Sendable,
    at: Option<u64>,
) -> Result<Outgoing> {
    if key.is_empty() || key.len() > 200 {
        return Err(Error::Invalid(
            "key".into(),
            "An idempotency key has 1 to 200 characters.".into(),
        ));
    }
    if let Some(known) = queues::outgoing_by_key(platform, &caller.user, key).await? {
        return Ok(present(known));
    }
    let now = platform.now();
    let id = ids::ordered(platform, now, 0);
    let (draft, origin) = match content {
        Sendable::Fresh(draft) => (draft, None),
        Sendable::Saved(saved) => {
            let row = writing::draft(platform, &caller.user, &saved.id).await?;
            if row.revision != saved.revision {
                return Err(Error::Conflict("The draft was changed since.".into()));
            }
            (row.content.0, Some((saved.id, saved.revision)))
        }
    };
    let account = super::checked(platform, &caller.user, &draft, true).await?;
    let kept = match &origin {
        Some((draft, _)) => writing::enclosures(platform, draft).await?,
        None => Vec::new(),
    };
    let enclosures = super::enclose(platform, &account, &id, &draft, &kept).await?;
    let at = at.unwrap_or(now).max(now);
    let row = Outbox {
        id,
        user: caller.user.clone(),
        account: account.id.clone(),
        client_key: key.to_owned(),
        state: if at > now {
            "scheduled".into()
        } else {
            "pending".into()
        },
        step: String::new(),
        reason: None,
        created: now,
        at,
        updated: now,
        subject: draft.subject.clone(),
        content: Json(draft),
        marker: ids::fresh(platform),
        draft: None,
        remote: None,
        message: None,
        origin: origin.as_ref().map(|(draft, _)| draft.clone()),
        tries: 0,
        next_try: at,
    };
    match platform
        .apply(insert(&row, enclosures, origin.as_ref()))
        .await
    {
        Ok(()) => Ok(present(row)),
        // The same key was faster, or the draft was changed.
        Err(StoreError::Conflict(what)) => {
            match queues::outgoing_by_key(platform, &caller.user, key).await? {
                Some(known) => Ok(present(known)),
                None => Err(Error::Conflict(what)),
            }
        }
        Err(other) => Err(other.into()),
    }
}

fn insert(
    row: &Outbox,
    enclosures: Vec<Enclosure>,
    origin: Option<&(String, String)>,
) -> Vec<Write> {
    let mut writes: Vec<Write> = origin
        .map(|(draft, revision)| writing::require_draft(draft, revision))
        .into_iter()
        .collect();
    writes.extend(queues::put_outgoing(row.clone()));
    writes.extend(writing::put_enclosures(enclosures));
    writes.push(queues::wake(
        &row.account,
        Some(row.at),
        Priority::Interactive,
    ));
    writes.push(queues::outgoing_changed(row));
    writes
}

/// Takes back what has not begun to be sent.
///
/// # Errors
/// `Conflict` if it has; `NotFound` for what is not the caller's.
pub async fn cancel(platform: &impl Platform, caller: &Caller, id: &str) -> Result<Outgoing> {
    let row = queues::outgoing(platform, &caller.user, id).await?;
    if row.state == "cancelled" {
        return Ok(present(row));
    }
    let too_late = || Error::Conflict("It is being sent already, or was.".into());
    if row.state != "pending" && row.state != "scheduled" {
        return Err(too_late());
    }
    let mut writes = vec![queues::require_outgoing(id, &row.state, &row.step)];
    let row = Outbox {
        state: "cancelled".into(),
        updated: platform.now(),
        ..row
    };
    writes.extend(queues::put_outgoing(row.clone()));
    writes.push(queues::outgoing_changed(&row));
    match platform.apply(writes).await {
        Ok(()) => Ok(present(row)),
        Err(StoreError::Conflict(_)) => Err(too_late()),
        Err(other) => Err(other.into()),
    }
}

/// Outgoing messages, newest first.
///
/// # Errors
/// What the store answers.
pub async fn outbox(
    platform: &impl Platform,
    caller: &Caller,
    slice: Slice,
) -> Result<Items<Outgoing>> {
    let (rows, next) = queues::outgoings(
        platform,
        &caller.user,
        slice.limit.clamp(1, 200),
        slice.cursor,
    )
    .await?;
    Ok(Items {
        items: rows.into_iter().map(present).collect(),
        next,
    })
}

/// What a step found out.
enum Found {
    /// A draft is there.
    Draft(String),
    /// It is out; the message, once it is known.
    Sent(Option<String>),
    /// Its draft is made in several steps, and the next one can follow.
    Underway,
    /// There is no room for more until then.
    Paced(u64),
    /// It will not go out.
    Failed(String),
    /// Nobody knows yet.
    Unclear(String),
}

/// One call to the provider on the way of the message whose turn it is.
pub(crate) async fn step<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
) -> std::result::Result<(), Fault> {
    let Some(row) = queues::outgoing_next(worker.platform, &worker.account.id).await? else {
        return Ok(());
    };
    match row.step.as_str() {
        "" => begin(worker, row).await,
        "creating" => create(worker, row).await,
        "uploading" => make(worker, row).await,
        "created" => {
            let next = Outbox {
                step: "sending".into(),
                state: "sending".into(),
                updated: worker.now(),
                ..row.clone()
            };
            if !advance(worker, &row, next, Vec::new()).await? {
                return Ok(());
            }
            let Some(draft) = row.draft.clone() else {
                return Ok(());
            };
            let row = Outbox {
                step: "sending".into(),
                state: "sending".into(),
                ..row
            };
            let found = deliver(worker, &draft, &row.marker).await?;
            settle(worker, row, found).await
        }
        "sent" => follow_up(worker, row).await,
        _ => look(worker, row).await,
    }
}

/// Writes the row's next state; false: the row is no longer in the one that was read, so it is somebody else's to decide.
async fn advance<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    old: &Outbox,
    new: Outbox,
    more: Vec<Write>,
) -> std::result::Result<bool, Fault> {
    let mut writes = vec![queues::require_outgoing(&old.id, &old.state, &old.step)];
    if old.state != new.state {
        writes.push(queues::outgoing_changed(&new));
    }
    writes.extend(queues::put_outgoing(new));
    writes.extend(more);
    match worker.platform.apply(writes).await {
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(other) => Err(other.into()),
        Ok(()) => Ok(true),
    }
}

/// From here on it can't be cancelled: the row says that a draft is being made, then it is made.
async fn begin<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
) -> std::result::Result<(), Fault> {
    let next = Outbox {
        state: "sending".into(),
        step: "creating".into(),
        reason: None,
        updated: worker.now(),
        ..row.clone()
    };
    if !advance(worker, &row, next.clone(), Vec::new()).await? {
        return Ok(());
    }
    make(worker, next).await
}

/// Makes the draft, or goes on with making it.
async fn make<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
) -> std::result::Result<(), Fault> {
    let message = super::outgoing(
        worker.platform,
        &worker.account,
        &row.content.0,
        &row.id,
        &row.marker,
        row.at,
    )
    .await?;
    let found = made(worker.mailbox.create_draft(&message).await)?;
    settle(worker, row, found).await
}

/// A draft may have been made: it is looked for before it is made again.
async fn create<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
) -> std::result::Result<(), Fault> {
    let found = worker.mailbox.find_draft(&row.marker).await?;
    match found.into_iter().next() {
        Some(draft) => settle(worker, row, Found::Draft(draft)).await,
        None => make(worker, row).await,
    }
}

fn made(answer: crate::provider::Result<MadeDraft>) -> std::result::Result<Found, Fault> {
    match answer {
        Ok(draft) => Ok(Found::Draft(draft.id)),
        Err(ProviderError::Underway) => Ok(Found::Underway),
        Err(ProviderError::Paced { until }) => Ok(Found::Paced(until)),
        Err(ProviderError::Unclear(why)) => Ok(Found::Unclear(why)),
        Err(ProviderError::Refused(why)) => Ok(Found::Failed(why)),
        Err(ProviderError::MissingScope(scope)) => Ok(Found::Failed(format!(
            "The consent does not include {scope}."
        ))),
        Err(ProviderError::NotFound) => Ok(Found::Failed(
            "The message that this answers does not exist any more.".into(),
        )),
        Err(other) => Err(other.into()),
    }
}

fn sent(answer: crate::provider::Result<Option<String>>) -> std::result::Result<Found, Fault> {
    match answer {
        Ok(message) => Ok(Found::Sent(message)),
        // Whether it is gone because it was sent is the draft's fate to tell.
        Err(ProviderError::NotFound | ProviderError::Conflict) => {
            Ok(Found::Unclear("the draft is not there any more".into()))
        }
        Err(ProviderError::Unclear(why)) => Ok(Found::Unclear(why)),
        Err(ProviderError::Refused(why)) => Ok(Found::Failed(why)),
        Err(ProviderError::MissingScope(scope)) => Ok(Found::Failed(format!(
            "The consent does not include {scope}."
        ))),
        Err(other) => Err(other.into()),
    }
}

/// Sends the draft. A refusal is believed only of what is still a draft: what was sent already, by a request that nobody waits for any
/// more, is refused as well.
async fn deliver<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    draft: &str,
    marker: &str,
) -> std::result::Result<Found, Fault> {
    let found = sent(worker.mailbox.send_draft(draft).await)?;
    let Found::Failed(why) = found else {
        return Ok(found);
    };
    Ok(match worker.mailbox.draft_fate(draft, marker).await? {
        DraftFate::Draft => Found::Failed(why),
        DraftFate::Sent(message) => Found::Sent(message),
        DraftFate::Gone => Found::Unclear(why),
    })
}

/// Sending was begun: asks what became of it, and sends the same draft again if it is still one.
async fn look<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
) -> std::result::Result<(), Fault> {
    let Some(draft) = row.draft.clone() else {
        return Ok(());
    };
    let found = match worker.mailbox.draft_fate(&draft, &row.marker).await? {
        DraftFate::Sent(message) => Found::Sent(message),
        DraftFate::Draft => deliver(worker, &draft, &row.marker).await?,
        DraftFate::Gone if worker.now() >= row.updated.saturating_add(LOOKED_UP_MS) => {
            Found::Failed("Neither the draft nor a sent copy is there: it can't be found out whether it was sent.".into())
        }
        DraftFate::Gone => Found::Unclear("The provider shows neither the draft nor a sent copy yet.".into()),
    };
    settle(worker, row, found).await
}

/// Milliseconds until the next look at what became of a message. The first comes soon: most answers are lost on the way, not at the
/// provider.
fn soon(tries: i64) -> u64 {
    (pacing::delay(u32::try_from(tries).unwrap_or(u32::MAX)) / 5).max(1_000)
}

async fn settle<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
    found: Found,
) -> std::result::Result<(), Fault> {
    let now = worker.now();
    match found {
        Found::Draft(draft) => {
            let next = Outbox {
                step: "created".into(),
                draft: Some(draft),
                tries: 0,
                next_try: now,
                updated: now,
                ..row.clone()
            };
            advance(worker, &row, next, Vec::new()).await.map(drop)
        }
        Found::Paced(until) => {
            // The rest of the account's work need not wait for it.
            let next = Outbox {
                state: "sending".into(),
                next_try: until,
                ..row.clone()
            };
            advance(worker, &row, next, Vec::new()).await.map(drop)
        }
        Found::Underway => {
            // Nothing is unclear: what has arrived is asked for, not looked for.
            let next = Outbox {
                state: "sending".into(),
                step: "uploading".into(),
                reason: None,
                tries: 0,
                next_try: now,
                ..row.clone()
            };
            advance(worker, &row, next, Vec::new()).await.map(drop)
        }
        Found::Unclear(why) => {
            let tries = row.tries.saturating_add(1);
            let step = match row.step.as_str() {
                "uploading" => "creating",
                step => step,
            };
            let next = Outbox {
                state: "unclear".into(),
                step: step.into(),
                reason: Some(why),
                tries,
                next_try: now.saturating_add(soon(row.tries)),
                ..row.clone()
            };
            advance(worker, &row, next, Vec::new()).await.map(drop)
        }
        Found::Failed(why) => {
            let next = Outbox {
                state: "failed".into(),
                reason: Some(why),
                updated: now,
                ..row.clone()
            };
            advance(worker, &row, next, Vec::new()).await?;
            tidy(worker, &row.marker, None).await;
            Ok(())
        }
        Found::Sent(message) => finish(worker, row, message).await,
    }
}

/// It is out: the row says so; what follows comes next.
async fn finish<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
    remote: Option<String>,
) -> std::result::Result<(), Fault> {
    let now = worker.now();
    let remote = match (remote, &row.draft) {
        // Not every answer names the message; the copy that comes with the next sync is recognised by its marker otherwise.
        (None, Some(draft)) => match worker.mailbox.draft_fate(draft, &row.marker).await {
            Ok(DraftFate::Sent(remote)) => remote,
            _ => None,
        },
        (remote, _) => remote,
    };
    let next = Outbox {
        state: "sent".into(),
        step: "sent".into(),
        tries: 0,
        next_try: now,
        reason: None,
        updated: now,
        remote,
        ..row.clone()
    };
    let poked = worker.account.next_poke(now);
    let mut more = vec![
        accounts::patch(&row.account, vec![("poked", queues::time(poked))]),
        writing::delete_enclosures(&row.id),
    ];
    if let Some(origin) = &row.origin {
        more.extend(super::drafts::leave(origin, now));
    }
    more.extend(worker.went_well("increment"));
    advance(worker, &row, next, more).await.map(drop)
}

/// What follows from having sent; repeated until it is through.
async fn follow_up<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
    row: Outbox,
) -> std::result::Result<(), Fault> {
    if let Some((kind, original)) = &row.content.0.in_relation {
        answered(worker, original, *kind).await?;
    }
    let mut message = row.message.clone();
    let remote = match (&row.remote, &row.draft) {
        (None, Some(draft)) => match worker.mailbox.draft_fate(draft, &row.marker).await? {
            DraftFate::Sent(remote) => remote,
            DraftFate::Draft | DraftFate::Gone => None,
        },
        (remote, _) => remote.clone(),
    };
    let now = worker.now();
    if remote.is_none() && message.is_none() && now < row.updated.saturating_add(LOOKED_UP_MS) {
        // Graph files the copy a while after it has accepted the message, and tells its id nowhere.
        let next = Outbox {
            tries: row.tries.saturating_add(1),
            next_try: now.saturating_add(soon(row.tries)),
            ..row.clone()
        };
        return advance(worker, &row, next, Vec::new()).await.map(drop);
    }
    if let Some(remote) = &remote {
        worker.fetch_now(std::slice::from_ref(remote)).await?;
        let id = ids::message(&row.account, remote);
        let stored = reads::lights(worker.platform, std::slice::from_ref(&id)).await?;
        // Named only once it can be read.
        message = (!stored.is_empty()).then_some(id).or(message);
    }
    tidy(worker, &row.marker, row.draft.as_deref()).await;
    let next = Outbox {
        step: "done".into(),
        next_try: queues::NEVER,
        message,
        remote,
        ..row.clone()
    };
    advance(worker, &row, next, Vec::new()).await.map(drop)
}

async fn answered<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    original: &str,
    kind: RelationKind,
) -> std::result::Result<(), Fault> {
    let news = [News::Answered {
        message: original.to_owned(),
        kind,
    }];
    commit(worker.platform, &worker.account.id, &news, |_| Vec::new()).await?;
    Ok(())
}

/// Deletes drafts that a repeated creation left behind. Not worth failing for: they are found again by whoever looks at drafts.
async fn tidy<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    marker: &str,
    sent: Option<&str>,
) {
    let _ = worker.mailbox.abandon_draft(marker).await;
    let Ok(drafts) = worker.mailbox.find_draft(marker).await else {
        return;
    };
    for draft in drafts.iter().filter(|draft| Some(draft.as_str()) != sent) {
        let _ = worker.mailbox.delete_draft(draft).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_refuses_is_not_tried_again() {
        assert!(matches!(
            sent(Err(ProviderError::Refused("no".into()))),
            Ok(Found::Failed(_))
        ));
        assert!(matches!(
            sent(Err(ProviderError::Unclear("lost".into()))),
            Ok(Found::Unclear(_))
        ));
        assert!(matches!(
            made(Err(ProviderError::Wait {
                until: 1,
                reason: String::new()
            })),
            Err(Fault::Provider(_))
        ));
    }
}
