//! Moving everything that a store remembers to its other engine: from SQLite in the data folder to a PostgreSQL server, or back.
//!
//! Only rows move. Keys and blobs stay what they are: the target is sealed with the same keys, and its rows name the same blobs. Each part ([`part`]) is read by its key and written in batches, as its engine wants it: collections are
//! defined there, triggers count there, and words are cut anew. What a batch is about and the note of how far it is are one transaction ([`mark`]), so
//! that the same call goes on after a crash. In the end both sides are read once more and compared ([`compare`]); only then may the target be used.
//! The source is not written to, but for being brought up to date as at any start: its schema, and components that were files.

mod compare;
mod components;
mod copy;
mod digest;
mod ends;
mod mark;
mod part;
mod tables;
mod usage;

use std::ops::ControlFlow;
use std::path::Path;

use crate::database::Database;
use crate::db::Db;
use crate::error::Error;
use ends::Ends;
use part::Part;
use tables::TABLES;

pub(crate) use mark::refuse_unfinished;

/// From where to where.
#[derive(Debug, Clone)]
pub struct Migration<'a> {
    /// The data folder that both databases belong to.
    pub folder: &'a Path,
    /// Where the rows are.
    pub from: &'a Database,
    /// Where they are to be.
    pub to: &'a Database,
    /// The file of keys that goes with the server's database; none: that of the data folder, which goes with the one in it.
    pub key_file: Option<&'a Path>,
    /// Whether what an earlier, unfinished migration left in the target is thrown away first.
    pub anew: bool,
}

/// What was moved, all runs taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Tables of the host.
    pub tables: u64,
    /// Collections of plugins.
    pub collections: u64,
    /// Rows of both.
    pub rows: u64,
    /// Whether an earlier run had begun it.
    pub resumed: bool,
}

/// What a migration is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Rows are copied; those that were told are there for good.
    Copying,
    /// Rows are read on both sides, and compared.
    Comparing,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Doing what.
    pub step: Step,
    /// With what.
    pub part: &'a str,
    /// So many rows of it, in this run.
    pub rows: u64,
    /// Whether these are all.
    pub ended: bool,
}

/// Is told how far it is, and says whether to go on. What is there stays there, and the next run goes on with it.
pub type Watch<'a> = dyn FnMut(&Progress<'_>) -> ControlFlow<()> + Send + 'a;

impl Migration<'_> {
    /// Moves everything, or goes on with what an earlier run began, and compares both sides. Nobody may serve either of them meanwhile.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if there is nothing to be moved;
    /// - [`Error::Conflict`] if the target holds something else: it is left as it was;
    /// - [`Error::InUse`] if a process uses one of them: stop it;
    /// - [`Error::Unfinished`] if it was stopped, or the source is itself the target of a migration that is not over;
    /// - [`Error::Corrupt`] if the keys are missing or not those of the source, or if both sides differ in the end, with the table: the target
    ///   stays refused;
    /// - [`Error::Unavailable`] if one of them can't be reached. After this and after a stop, it can be run again and goes on.
    pub async fn run(&self, watch: &mut Watch<'_>) -> Result<Moved, Error> {
        let mut ends = Ends::open(self).await?;
        let moved = self.carry(&mut ends, watch).await;
        ends.close().await;
        moved
    }

    async fn carry(&self, ends: &mut Ends, watch: &mut Watch<'_>) -> Result<Moved, Error> {
        let (source, target) = (&ends.source, &ends.target);
        let resumed =
            mark::begin(target, &ends.from, self.anew)
                .await
                .map_err(|error| match error {
                    Error::Conflict(reason) => Error::Conflict(format!("{}: {reason}", ends.to)),
                    other => other,
                })?;
        let mut report = Report { watch };
        let parts = parts(source, target).await?;
        for part in &parts {
            copy::carry_over(source, target, part, &mut report).await?;
        }
        usage::carry_over(source, target).await?;
        let rows = compare::all(source, target, &parts, &mut report).await?;
        ends.check().await?;
        mark::end(&ends.target).await?;
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(Moved {
            tables: count(TABLES.len()),
            collections: count(parts.len() - TABLES.len()),
            rows,
            resumed,
        })
    }
}

/// Everything that is carried over, with the collections defined in the target.
async fn parts(source: &Db, target: &Db) -> Result<Vec<Part>, Error> {
    let mut parts: Vec<Part> = TABLES.iter().map(Part::of_host).collect();
    for defined in crate::collections::all_defined(source).await? {
        let same = crate::collections::define_same(target, &defined).await?;
        parts.push(Part::of_collection(&defined, same));
    }
    Ok(parts)
}

/// Tells how far it is.
struct Report<'w, 'f> {
    watch: &'w mut Watch<'f>,
}

impl Report<'_, '_> {
    fn say(&mut self, step: Step, part: &Part, rows: u64, ended: bool) -> Result<(), Error> {
        let progress = Progress {
            step,
            part: &part.name,
            rows,
            ended,
        };
        match (self.watch)(&progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Unfinished(format!(
                "stopped at {}: run it again to go on there",
                part.name
            ))),
        }
    }
}
