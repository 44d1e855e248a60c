//! What a person does to mail: shown at once, made at the provider by the worker, taken back if it is refused or regretted.
//!
//! An action changes the rows and queues the same change for the provider in one batch. Until the provider has it, whatever it
//! tells is overlaid with what waits, so that a sync never undoes a click.

mod translate;
mod undo;
pub(crate) mod writeback;

use std::collections::{BTreeMap, HashMap};

use crate::accounts::abilities::Abilities;
use crate::ids;
use crate::mailbox::{Scope, select};
use crate::model::{Action, Applied, Caller, Error, Filter, JobOutcome, Result, Subject};
use crate::platform::{Platform, Priority, Write};
use crate::provider::Edit;
use crate::store::column::Json;
use crate::store::commit::{Moved, News, Outcome, commit};
use crate::store::folders::Folders;
use crate::store::rows::{self, Account, Message, Sweep, Undo};
use crate::store::{accounts, queues, reads};

pub use undo::undo;

/// Messages changed in one batch: some ten rows each, of 10,000.
const BATCH: usize = 200;

/// Messages that an action takes before the answer; of more, the rest is a job's.
const AT_ONCE: usize = 400;

/// An action can be taken back for a day.
const REMEMBERED_MS: u64 = 86_400_000;

/// Most messages that can be taken back together: their places must fit a row.
const UNDOABLE: usize = 2_000;

/// Applies an action; what can't be done is refused one by one.
///
/// # Errors
/// `Invalid` for an empty subject; what the store answers.
pub async fn apply(
    platform: &impl Platform,
    caller: &Caller,
    subject: Subject,
    action: Action,
) -> Result<Applied> {
    let undo = ids::ordered(platform, platform.now(), 0);
    let mut run = Run {
        platform,
        user: &caller.user,
        action: &action,
        undo: &undo,
        done: Vec::new(),
        refused: Vec::new(),
    };
    match subject {
        Subject::Messages(wanted) => {
            let messages = run.by_id(&wanted).await?;
            run.change(messages).await?;
        }
        Subject::Threads(wanted) => {
            let messages = run.by_thread(&wanted).await?;
            run.change(messages).await?;
        }
        Subject::Matching(filter) => {
            let (messages, next) = run.matching(&filter, None).await?;
            run.change(messages).await?;
            if let Some(cursor) = next {
                let sweep = Sweep {
                    id: undo.clone(),
                    user: caller.user.clone(),
                    filter: Json(filter),
                    action: Json(action.clone()),
                    cursor: Some(cursor),
                    undo: undo.clone(),
                };
                let mut writes: Vec<Write> = queues::put_sweep(sweep).into_iter().collect();
                writes.push(queues::enqueue(queues::SWEEP, &undo));
                platform.apply(writes).await?;
            }
        }
    }
    Ok(Applied {
        messages: run.done.len() as u64,
        refused: run.refused,
        undo,
    })
}

/// A bounded part of the rest of an action on everything that matches.
pub async fn sweep(platform: &impl Platform, id: &str) -> JobOutcome {
    match sweep_step(platform, id).await {
        Ok(true) => JobOutcome::AgainAt(platform.now()),
        Ok(false) => JobOutcome::Done,
        Err(error) => JobOutcome::Failed(error.to_string()),
    }
}

async fn sweep_step(platform: &impl Platform, id: &str) -> Result<bool> {
    let Some(mut row) = queues::sweep(platform, id).await? else {
        return Ok(false);
    };
    let done = queues::undo(platform, &row.user, &row.undo)
        .await
        .map(|undo| undo.done.0)
        .unwrap_or_default();
    let (user, filter, action, undo) = (
        row.user.clone(),
        row.filter.0.clone(),
        row.action.0.clone(),
        row.undo.clone(),
    );
    let mut run = Run {
        platform,
        user: &user,
        action: &action,
        undo: &undo,
        done,
        refused: Vec::new(),
    };
    let (messages, next) = run.matching(&filter, row.cursor.take()).await?;
    run.change(messages).await?;
    let more = next.is_some();
    row.cursor = next;
    let write = if more {
        queues::put_sweep(row)
    } else {
        Some(queues::delete_sweep(id))
    };
    platform.apply(write.into_iter().collect()).await?;
    Ok(more)
}

struct Run<'a, P> {
    platform: &'a P,
    user: &'a str,
    action: &'a Action,
    undo: &'a str,
    done: Vec<Moved>,
    refused: Vec<(String, String)>,
}

impl<P: Platform> Run<'_, P> {
    async fn by_id(&mut self, wanted: &[String]) -> Result<Vec<Message>> {
        if wanted.is_empty() {
            return Err(Error::Invalid(
                "subject".into(),
                "Name at least one message.".into(),
            ));
        }
        let mut found: HashMap<String, Message> = reads::messages_by_id(self.platform, wanted)
            .await?
            .into_iter()
            .map(|message| (message.id.clone(), message))
            .collect();
        found.retain(|_, message| message.user == self.user);
        self.refused.extend(
            wanted
                .iter()
                .filter(|id| !found.contains_key(*id))
                .map(|id| (id.clone(), "There is no such message.".into())),
        );
        Ok(found.into_values().collect())
    }

    async fn by_thread(&mut self, wanted: &[String]) -> Result<Vec<Message>> {
        if wanted.is_empty() {
            return Err(Error::Invalid(
                "subject".into(),
                "Name at least one thread.".into(),
            ));
        }
        let mut threads = reads::threads(self.platform, wanted).await?;
        threads.retain(|thread| thread.user == self.user);
        let known = |id: &String| threads.iter().any(|thread| thread.id == *id);
        self.refused.extend(
            wanted
                .iter()
                .filter(|id| !known(id))
                .map(|id| (id.clone(), "There is no such conversation.".into())),
        );
        let mut messages = Vec::new();
        for thread in &threads {
            let mut all = reads::thread_messages(self.platform, &thread.id).await?;
            match self.action {
                // A star marks the conversation; one is enough, and it is the newest that is meant.
                Action::Star => messages.extend(all.pop()),
                _ => messages.append(&mut all),
            }
        }
        Ok(messages)
    }

    /// Matching messages from a place on, as many as one call takes.
    async fn matching(
        &self,
        filter: &Filter,
        mut cursor: Option<String>,
    ) -> Result<(Vec<Message>, Option<String>)> {
        let mut messages: Vec<Message> = Vec::new();
        let scope = Scope::of(self.platform, self.user, filter).await?;
        loop {
            let page = select::page(self.platform, self.user, &scope, filter, 200, cursor).await?;
            messages.extend(page.0);
            cursor = page.1;
            if cursor.is_none() || messages.len() >= AT_ONCE {
                return Ok((messages, cursor));
            }
        }
    }

    async fn change(&mut self, messages: Vec<Message>) -> Result<()> {
        let mut by_account: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for message in messages {
            by_account
                .entry(message.account.clone())
                .or_default()
                .push(message);
        }
        for (account, messages) in by_account {
            let account = match accounts::owned(self.platform, self.user, &account).await {
                Ok(account) => account,
                Err(Error::NotFound) => continue,
                Err(other) => return Err(other),
            };
            let folders = Folders::load(self.platform, &account).await?;
            let abilities = Abilities::of(self.platform, &account).await?;
            let mut edits: Vec<(String, Edit, Option<String>)> = Vec::new();
            for message in messages {
                match translate::edit(self.action, &account, &abilities, &folders, &message) {
                    Ok(edit) => edits.push((
                        message.id.clone(),
                        edit,
                        translate::origin(self.action, &folders, &message),
                    )),
                    Err(reason) => self.refused.push((message.id, reason)),
                }
            }
            for edits in edits.chunks(BATCH) {
                self.commit(&account, edits).await?;
            }
        }
        Ok(())
    }

    async fn commit(
        &mut self,
        account: &Account,
        edits: &[(String, Edit, Option<String>)],
    ) -> Result<()> {
        let news: Vec<News> = edits
            .iter()
            .map(|(message, edit, _)| News::Edited {
                message: message.clone(),
                edit: edit.clone(),
            })
            .collect();
        let queue: Vec<(String, Edit)> = edits
            .iter()
            .map(|(message, edit, _)| (message.clone(), edit.clone()))
            .collect();
        let now = self.platform.now();
        let (user, undo, done) = (self.user, self.undo, &self.done);
        let outcome = commit(self.platform, &account.id, &news, |outcome| {
            let mut writes = queue_edits(account, &queue, undo, outcome);
            for (message, _, origin) in edits {
                if let Some(origin) = origin {
                    writes.push(reads::remember_origin(message, origin));
                }
            }
            let mut all = done.clone();
            all.extend(outcome.moved.iter().cloned());
            all.truncate(UNDOABLE);
            writes.extend(queues::put_undo(Undo {
                id: undo.to_owned(),
                user: user.to_owned(),
                created: now,
                done: Json(all),
            }));
            writes.push(queues::forget_undos(now.saturating_sub(REMEMBERED_MS)));
            writes
        })
        .await?;
        self.done.extend(outcome.moved);
        Ok(())
    }
}

/// Rows for the provider's part of what was just done here, in the order of `queue`.
fn queue_edits(
    account: &Account,
    queue: &[(String, Edit)],
    undo: &str,
    outcome: &Outcome,
) -> Vec<Write> {
    let moved: HashMap<&str, &Moved> = outcome
        .moved
        .iter()
        .map(|moved| (moved.message.as_str(), moved))
        .collect();
    let row = |(position, (message, edit)): (usize, &(String, Edit))| {
        let moved = moved.get(message.as_str())?;
        Some(rows::Edit {
            account: account.id.clone(),
            id: format!("{:019}-{position:05}", outcome.revision),
            message: message.clone(),
            remote: moved.remote.clone(),
            edit: Json(edit.clone()),
            undo: undo.to_owned(),
            before: Json(moved.before.clone()),
            tries: 0,
        })
    };
    let rows: Vec<rows::Edit> = queue.iter().enumerate().filter_map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut writes: Vec<Write> = queues::put_edits(rows).into_iter().collect();
    writes.push(queues::wake(&account.id, None, Priority::Interactive));
    writes
}
