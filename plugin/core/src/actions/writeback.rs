//! Local changes, made at the provider in their order and in batches.
//!
//! An edit is idempotent at the provider, so an unclear answer is answered by doing it again. One that is refused for good is taken
//! back here, with its reason, and the message is fetched again, so that what is shown is what is.

use std::collections::HashMap;

use crate::model::Event;
use crate::platform::{Level, Platform, Write};
use crate::provider::{Provider, ProviderError};
use crate::store::commit::{News, commit};
use crate::store::rows::{Edit, Parked};
use crate::store::{log, queues};
use crate::sync::{Fault, Worker};

/// Edits looked at for one batch; a batch goes to the provider in calls of its own size.
const WINDOW: u32 = 200;

/// Edits that can go together: alike, and none overtakes an earlier one of its message.
fn batch(waiting: &[Edit]) -> Vec<&Edit> {
    let Some(first) = waiting.first() else {
        return Vec::new();
    };
    let mut passed: Vec<&str> = Vec::new();
    let mut batch = Vec::new();
    for edit in waiting {
        if passed.contains(&edit.message.as_str()) {
            continue;
        }
        if edit.edit == first.edit {
            batch.push(edit);
        }
        passed.push(&edit.message);
    }
    batch
}

/// One batch of edits.
pub(crate) async fn step<P: Platform, V: Provider>(
    worker: &mut Worker<'_, P, V>,
) -> Result<(), Fault> {
    let account = worker.account.id.clone();
    let waiting = queues::edits(worker.platform, &account, WINDOW).await?;
    let batch = batch(&waiting);
    let Some(first) = batch.first() else {
        return Ok(());
    };
    let by_remote: HashMap<&str, &Edit> = batch
        .iter()
        .map(|edit| (edit.remote.as_str(), *edit))
        .collect();
    let remotes: Vec<String> = batch.iter().map(|edit| edit.remote.clone()).collect();
    let answers = worker.mailbox.edit(&remotes, &first.edit.0).await?;

    let mut done = Vec::new();
    let mut news = Vec::new();
    let mut again = Vec::new();
    let mut refused = Vec::new();
    let mut pause = None;
    for (remote, answer) in answers {
        let Some(edit) = by_remote.get(remote.as_str()) else {
            continue;
        };
        match answer {
            Ok(()) => done.push(edit.id.clone()),
            // What is not there needs no edit; whether it is gone is asked for.
            Err(ProviderError::NotFound) => {
                done.push(edit.id.clone());
                again.push((remote, "said to be gone".to_owned()));
            }
            Err(ProviderError::Refused(reason)) => refused.push((*edit, remote, reason)),
            Err(ProviderError::MissingScope(scope)) => {
                refused.push((
                    *edit,
                    remote,
                    format!("The consent does not include {scope}."),
                ));
            }
            Err(error) => pause = Some(error),
        }
    }
    if done.is_empty() && again.is_empty() && refused.is_empty() && pause.is_none() {
        pause = Some(ProviderError::Unclear(
            "the provider did not say what became of a change".into(),
        ));
    }
    let first_reason = refused.first().map(|(_, _, reason)| reason.clone());
    for (edit, remote, reason) in refused {
        worker.platform.log(
            Level::Warn,
            "the provider refused a change",
            &[("account", &account), ("reason", &reason)],
        );
        done.push(edit.id.clone());
        // A refused deletion has no row to go back to: fetching brings it back.
        news.push(News::Back {
            message: edit.message.clone(),
            place: edit.before.0.clone(),
        });
        again.push((remote, reason));
    }
    // The edits must be gone before the rows are computed, else they would be laid over once more.
    let parked = again.iter().map(|(remote, reason)| Parked {
        account: account.clone(),
        remote: remote.clone(),
        kind: "doubted".into(),
        reason: reason.clone(),
        tries: 0,
        next_try: worker.now(),
    });
    let parked: Vec<Parked> = parked.collect();
    let mut writes: Vec<Write> = queues::delete_edits(&account, &done).into_iter().collect();
    writes.extend(queues::park(parked));
    writes.extend(worker.went_well("increment"));
    writes.extend(refusals(worker, &again));
    if let Some(reason) = first_reason {
        let event = Event::Refused {
            changes: news.len() as u64,
            reason,
        };
        writes.extend(log::note(worker.platform, &worker.account, event).await?);
    }
    worker.platform.apply(writes).await?;
    if !news.is_empty() {
        commit(worker.platform, &account, &news, |_| Vec::new()).await?;
    }
    match pause {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Tells open pages what was not to be.
fn refusals<P: Platform, V: Provider>(
    worker: &Worker<'_, P, V>,
    again: &[(String, String)],
) -> Option<Write> {
    let refused: Vec<_> = again
        .iter()
        .take(20)
        .map(|(remote, reason)| serde_json::json!({ "message": crate::ids::message(&worker.account.id, remote), "reason": reason }))
        .collect();
    (!refused.is_empty()).then(|| Write::Publish {
        topic: "actions.refused",
        user: Some(worker.account.user.clone()),
        payload: serde_json::json!({ "account": worker.account.id, "refused": refused })
            .to_string(),
    })
}
