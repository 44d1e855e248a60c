//! A round: from when the worker begins to look at the mailbox until it rests. What a person is told of it is noted in the log.
//!
//! It may take many runs of the job and survive crashes, so it is a field of the account's row, and what it counts are counters there.

use super::plan::Step;
use super::{Fault, Worker};
use crate::model::{Activity, Counts, Event};
use crate::platform::{Platform, StoreError, Value, Write};
use crate::provider::Provider;
use crate::store::column::{Column, Json};
use crate::store::commit::Outcome;
use crate::store::rows::{Account, Round};
use crate::store::{accounts, log};

/// Fields of the account's row that count what a round did.
const NEW: &str = "round_new";
const CHANGED: &str = "round_changed";
const REMOVED: &str = "round_removed";
const PARKED: &str = "round_parked";

fn counter(account: &Account, field: &'static str, amount: usize) -> Option<Write> {
    let amount = i64::try_from(amount).unwrap_or(i64::MAX);
    (amount != 0).then(|| accounts::count(&account.id, field, amount))
}

/// What a batch did, to be counted in that batch.
pub(super) fn counted(account: &Account, outcome: &Outcome) -> Vec<Write> {
    // What follows from a person's doings is no news to them.
    if account.round.is_none() {
        return Vec::new();
    }
    let removed = outcome.moved.iter().filter(|moved| moved.after.is_none());
    let removed = removed.count();
    let changed = outcome.moved.iter().filter(|moved| {
        moved
            .after
            .as_ref()
            .is_some_and(|after| *after != moved.before)
    });
    [
        counter(account, NEW, outcome.new),
        counter(account, CHANGED, changed.count()),
        counter(account, REMOVED, removed),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Messages that could not be stored for the first time.
pub(super) fn parked(account: &Account, messages: usize) -> Option<Write> {
    account.round.as_ref()?;
    counter(account, PARKED, messages)
}

fn counts(account: &Account) -> Counts {
    let count = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
    Counts {
        new: count(account.round_new),
        changed: count(account.round_changed),
        removed: count(account.round_removed),
        parked: count(account.round_parked),
    }
}

/// Writes that end the round, if there is one.
pub(super) async fn end(
    platform: &impl Platform,
    account: &Account,
) -> Result<Vec<Write>, StoreError> {
    let Some(Json(round)) = &account.round else {
        return Ok(Vec::new());
    };
    let counts = counts(account);
    let event = if round.activity == Activity::Increment && counts == Counts::default() {
        Event::Quiet
    } else {
        Event::Finished {
            activity: round.activity,
            counts,
            took: platform.now().saturating_sub(round.began),
        }
    };
    let mut writes = log::note(platform, account, event).await?;
    writes.push(accounts::patch(&account.id, over()));
    Ok(writes)
}

/// The fields of an account that is in no round.
pub(crate) fn over() -> Vec<(&'static str, Value)> {
    vec![
        ("round", Value::Null),
        (NEW, Value::Null),
        (CHANGED, Value::Null),
        (REMOVED, Value::Null),
        (PARKED, Value::Null),
    ]
}

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// What a step is part of; none: it is no look at the mailbox.
    fn activity(&self, step: &Step) -> Option<Activity> {
        let compares = |name: &String| {
            self.streams
                .iter()
                .any(|stream| stream.stream == *name && stream.comparing)
        };
        Some(match step {
            Step::Again if self.account.compare => Activity::Reconcile,
            Step::List(name) if compares(name) => Activity::Reconcile,
            Step::Folders if self.streams.is_empty() => Activity::Backfill,
            Step::Again | Step::Begin(_) | Step::List(_) => Activity::Backfill,
            Step::Folders | Step::Prune | Step::Follow(_) | Step::Sweep(_) | Step::Fetch => {
                Activity::Increment
            }
            Step::Send
            | Step::WriteBack
            | Step::SaveDraft
            | Step::Subscribe
            | Step::Rest(_)
            | Step::Stop => {
                return None;
            }
        })
    }

    /// Notes that a round begins, or becomes more than it was.
    pub(super) async fn enter(&mut self, step: &Step) -> Result<(), StoreError> {
        let Some(activity) = self.activity(step) else {
            return Ok(());
        };
        let writes = self.becomes(activity).await?;
        if matches!(step, Step::Follow(_)) && self.account.round.is_none() {
            // Most often it is over at once, and then written together with its end.
            self.account.round = Some(Json(self.at_least(activity)));
            self.held.extend(writes);
        } else if !writes.is_empty() {
            self.platform.apply(writes).await?;
            if let Some(account) = accounts::get(self.platform, &self.account.id).await? {
                self.account = account;
            }
        }
        Ok(())
    }

    /// Writes after which the round is at least this.
    pub(super) async fn becomes(&self, activity: Activity) -> Result<Vec<Write>, StoreError> {
        let before = self.account.round.as_ref().map(|round| &round.0);
        if before.is_some_and(|round| round.activity >= activity) {
            return Ok(Vec::new());
        }
        let mut writes = vec![accounts::patch(
            &self.account.id,
            vec![("round", Some(Json(self.at_least(activity))).write())],
        )];
        // A look at what is new is noted when it is over, by what it found.
        if activity != Activity::Increment {
            writes.extend(log::note(self.platform, &self.account, Event::Began(activity)).await?);
            writes.push(accounts::changed(&self.account));
        }
        Ok(writes)
    }

    /// Writes that tell of a lost cursor.
    pub(super) async fn lost_cursor(&self) -> Result<Vec<Write>, Fault> {
        let mut writes = log::note(self.platform, &self.account, Event::CursorLost).await?;
        let round = self.at_least(Activity::Reconcile);
        writes.push(accounts::patch(
            &self.account.id,
            vec![("round", Some(Json(round)).write())],
        ));
        Ok(writes)
    }

    /// The round that is under way, or one that begins now, as this.
    fn at_least(&self, activity: Activity) -> Round {
        let began = self.account.round.as_ref().map(|round| round.0.began);
        Round {
            activity,
            began: began.unwrap_or_else(|| self.now()),
        }
    }
}
