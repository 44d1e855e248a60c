//! One batch of writes: all or none.
//!
//! Everything that can be checked without the database is checked before the transaction begins, since there is one writer at a time. Inside it, in
//! this order: the caller's fences, the writes, the quota. What waits for the batch (the job runner, open pages) is told after the commit.
//! Where several hosts write, batches may cross each other: one of them is then undone by the database, and run again here.
//! From the transaction on, the batch runs in a task of its own: a caller that goes away leaves it whole, and told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::Collections;
use super::batch::{check_event, check_patch, check_size};
use super::definition::Definition;
use super::filter::{self, Checked};
use super::keyed::check_key;
use super::put::{Put, check_field};
use super::writes::{add, delete, patch, require};
use crate::db::{Committed, Tx};
use crate::error::StorageError;
use crate::model::{Kind, NewJob, Value, Write};
use crate::store::Inner;
use crate::{Caller, blobs, events, jobs, locks, random, usage};

/// From this much text on, words are cut on a thread for such work: about a millisecond.
const MUCH_TEXT: usize = 32 * 1024;

/// A write that fits its collection.
#[derive(Clone)]
enum Step {
    Put(Put),
    Patch {
        defined: Arc<Definition>,
        filter: Checked,
        positions: Vec<usize>,
        values: Vec<Value>,
    },
    Add {
        defined: Arc<Definition>,
        key: Vec<Value>,
        position: usize,
        amount: i64,
    },
    Delete {
        defined: Arc<Definition>,
        filter: Checked,
    },
    Require {
        defined: Arc<Definition>,
        filter: Checked,
        count: u64,
    },
    Enqueue(NewJob),
    Publish {
        topic: String,
        user: Option<String>,
        payload: String,
    },
}

impl Collections {
    /// All writes or none, in their order, serialisable; refused if a fence of the caller does not hold any more.
    ///
    /// # Errors
    ///
    /// As the contract says; nothing was written.
    pub async fn apply(&self, caller: &Caller, writes: Vec<Write>) -> Result<(), StorageError> {
        check_size(&writes)?;
        let mut steps = Vec::with_capacity(writes.len());
        let mut known: HashMap<String, Arc<Definition>> = HashMap::new();
        for write in writes {
            steps.push(self.check(caller, write, &mut known).await?);
        }
        let text: usize = steps
            .iter()
            .map(|step| {
                if let Step::Put(put) = step {
                    put.text_bytes()
                } else {
                    0
                }
            })
            .sum();
        if text > MUCH_TEXT {
            steps = blocking(move || cut_words(steps)).await?;
        } else {
            steps = cut_words(steps);
        }
        let inner = Arc::clone(&self.0);
        let caller = caller.clone();
        tokio::spawn(async move { run(&inner, &caller, steps).await })
            .await
            .map_err(|error| StorageError::Unavailable(error.to_string()))?
    }

    async fn definition(
        &self,
        caller: &Caller,
        name: &str,
        known: &mut HashMap<String, Arc<Definition>>,
    ) -> Result<Arc<Definition>, StorageError> {
        if let Some(defined) = known.get(name) {
            return Ok(Arc::clone(defined));
        }
        let defined = self.0.catalog.get(&self.0.db, &caller.plugin, name).await?;
        known.insert(name.to_owned(), Arc::clone(&defined));
        Ok(defined)
    }

    async fn check(
        &self,
        caller: &Caller,
        write: Write,
        known: &mut HashMap<String, Arc<Definition>>,
    ) -> Result<Step, StorageError> {
        Ok(match write {
            Write::Put { collection, rows } => Step::Put(Put::check(
                self.definition(caller, &collection, known).await?,
                rows,
            )?),
            Write::Patch {
                collection,
                filter,
                fields,
                values,
            } => {
                let defined = self.definition(caller, &collection, known).await?;
                let filter = filter::check(&defined, &filter)?;
                let positions = check_patch(&defined, &fields, &values)?;
                Step::Patch {
                    defined,
                    filter,
                    positions,
                    values,
                }
            }
            Write::Add {
                collection,
                key,
                field,
                amount,
            } => {
                let defined = self.definition(caller, &collection, known).await?;
                check_key(&defined, &key)?;
                for (value, position) in key.iter().zip(&defined.key) {
                    check_field(&defined, *position, value)?;
                }
                let position = defined.position(&field)?;
                if defined.kind(position) != Kind::Integer || defined.key.contains(&position) {
                    return Err(StorageError::invalid(
                        field,
                        "is no integer outside of the key",
                    ));
                }
                Step::Add {
                    defined,
                    key,
                    position,
                    amount,
                }
            }
            Write::Delete { collection, filter } => {
                let defined = self.definition(caller, &collection, known).await?;
                let filter = filter::check(&defined, &filter)?;
                Step::Delete { defined, filter }
            }
            Write::Require {
                collection,
                filter,
                count,
            } => {
                let defined = self.definition(caller, &collection, known).await?;
                let filter = filter::check(&defined, &filter)?;
                Step::Require {
                    defined,
                    filter,
                    count,
                }
            }
            Write::Enqueue(job) => {
                jobs::check(&job)?;
                Step::Enqueue(job)
            }
            Write::Publish {
                topic,
                user,
                payload,
            } => {
                check_event(&topic, &payload)?;
                Step::Publish {
                    topic,
                    user,
                    payload,
                }
            }
        })
    }
}

fn cut_words(mut steps: Vec<Step>) -> Vec<Step> {
    for step in &mut steps {
        if let Step::Put(put) = step {
            put.cut_words();
        }
    }
    steps
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StorageError::Unavailable(error.to_string()))
}

/// What is told after the commit.
#[derive(Default)]
struct Told {
    jobs: bool,
    event: Option<i64>,
}

/// How often a batch is run again that others crossed: some seconds in all.
const MOST_TRIES: u32 = 40;

/// From this try on, those of this host that are crossed go one after the other: then they no longer cross each other.
const IN_TURN: u32 = 3;

async fn run(inner: &Inner, caller: &Caller, mut steps: Vec<Step>) -> Result<(), StorageError> {
    let mut turn = None;
    for number in 1..=MOST_TRIES {
        // Kept for another try only where there may be one.
        let mine = match inner.db.server() {
            Some(_) => steps.clone(),
            None => std::mem::take(&mut steps),
        };
        if let Some(told) = run_once(inner, caller, mine).await? {
            if told.jobs {
                inner.jobs_changed();
            }
            if let Some(event) = told.event {
                inner.event_committed(event);
            }
            return Ok(());
        }
        if number >= IN_TURN && turn.is_none() {
            turn = Some(inner.crossed.lock().await);
        }
        tokio::time::sleep(pause(number)).await;
    }
    Err(StorageError::Unavailable(
        "other batches kept changing the same rows".to_owned(),
    ))
}

/// None: another batch crossed it, and nothing was written.
async fn run_once(
    inner: &Inner,
    caller: &Caller,
    steps: Vec<Step>,
) -> Result<Option<Told>, StorageError> {
    let mut tx = inner.db.batch().await?;
    match write(&mut tx, inner, caller, steps).await {
        Ok(told) => Ok(match tx.commit_batch().await? {
            Committed::Yes => Some(told),
            Committed::Crossed => None,
        }),
        Err(error) => {
            let crossed = tx.is_crossed();
            tx.rollback().await;
            if crossed { Ok(None) } else { Err(error) }
        }
    }
}

/// Longer with every try, and never as long as somebody else's.
fn pause(number: u32) -> Duration {
    let most = 1_u64 << number.min(8);
    let chance = random::fence().map_or(0, i64::unsigned_abs);
    Duration::from_micros(chance % (most * 1_000))
}

async fn write(
    tx: &mut Tx,
    inner: &Inner,
    caller: &Caller,
    steps: Vec<Step>,
) -> Result<Told, StorageError> {
    let now = inner.now();
    for fence in &caller.fences {
        if !locks::holds(tx, &caller.plugin, fence, now).await? {
            return Err(StorageError::Fenced);
        }
    }
    check_blobs(tx, inner, caller, &steps, now).await?;
    let before = usage::before_batch(tx, &caller.plugin).await?;
    let mut told = Told::default();
    for step in steps {
        match step {
            Step::Enqueue(_) | Step::Publish { .. } => tx.leave(),
            _ => tx.enter(&caller.plugin),
        }
        match step {
            Step::Put(put) => put.write(tx).await?,
            Step::Patch {
                defined,
                filter,
                positions,
                values,
            } => {
                patch(tx, &defined, filter, &positions, values).await?;
            }
            Step::Add {
                defined,
                key,
                position,
                amount,
            } => add(tx, &defined, &key, position, amount).await?,
            Step::Delete { defined, filter } => delete(tx, &defined, filter).await?,
            Step::Require {
                defined,
                filter,
                count,
            } => require(tx, &defined, filter, count).await?,
            Step::Enqueue(job) => {
                jobs::insert(tx, &caller.plugin, &job, now).await?;
                told.jobs = true;
            }
            Step::Publish {
                topic,
                user,
                payload,
            } => {
                let id = events::insert(
                    tx,
                    now,
                    Some(&caller.plugin),
                    &topic,
                    user.as_deref(),
                    &payload,
                )
                .await?;
                told.event = Some(id);
            }
        }
    }
    tx.leave();
    usage::check_batch(tx, inner, &caller.plugin, before).await?;
    Ok(told)
}

/// A row may name a blob only if the caller could read it.
async fn check_blobs(
    tx: &mut Tx,
    inner: &Inner,
    caller: &Caller,
    steps: &[Step],
    now: u64,
) -> Result<(), StorageError> {
    let mut named: HashSet<&str> = HashSet::new();
    for step in steps {
        match step {
            Step::Put(put) => named.extend(put.blobs()),
            Step::Patch { values, .. } => {
                named.extend(values.iter().filter_map(|value| match value {
                    Value::Blob(id) => Some(id.as_str()),
                    _ => None,
                }))
            }
            _ => {}
        }
    }
    for id in named {
        let known = blobs::may_read(tx, &inner.catalog, caller, id, now).await?;
        if !known || !blobs::hold(tx, &caller.plugin, id).await? {
            return Err(StorageError::invalid(
                id,
                "is no blob that this caller may name",
            ));
        }
    }
    Ok(())
}
