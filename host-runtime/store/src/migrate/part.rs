//! Rows that are carried over as one: a table of the host's, or the rows of a collection.
//!
//! Both are the same thing here, a table with a key by which batches go on. What is special about a collection is that its table is called
//! differently on either side, that a plugin's rights reach it, and that its words are cut anew.

use super::digest::Digest;
use super::tables::Table;
use crate::collections::{Definition, Words, index_words};
use crate::db::{Arg, Db, Row, Sql, Tx, rows_at_once};
use crate::error::Error;
use crate::model::Kind;

/// Rows of one batch, which is one transaction …
const MOST_ROWS: usize = 256;

/// … and about how many bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holds {
    Int,
    Real,
    Text,
    Bytes,
}

impl From<Kind> for Holds {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Boolean | Kind::Integer | Kind::Time => Self::Int,
            Kind::Float => Self::Real,
            Kind::Text | Kind::Json | Kind::Blob => Self::Text,
            Kind::Bytes => Self::Bytes,
        }
    }
}

/// Which of the two databases.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Source,
    Target,
}

/// Rows that are carried over as one.
pub(super) struct Part {
    /// For people, and for the note of how far it is.
    pub(super) name: String,
    /// With whose rights; none: the host's.
    plugin: Option<String>,
    source: String,
    target: String,
    /// As statements name them, the key's first.
    columns: Vec<(String, Holds)>,
    key: usize,
    /// The column that the engine counts up.
    counted: Option<&'static str>,
    /// The first column that means something to somebody: a number of a collection's row does not.
    compared: usize,
    /// The collection in the target, if it is one.
    collection: Option<Definition>,
}

impl Part {
    pub(super) fn of_host(table: &Table) -> Self {
        let columns = table.columns.iter();
        Self {
            name: table.name.to_owned(),
            plugin: None,
            source: table.name.to_owned(),
            target: table.name.to_owned(),
            columns: columns
                .map(|(name, holds)| ((*name).to_owned(), *holds))
                .collect(),
            key: table.key,
            counted: table.counted.then_some("id"),
            compared: 0,
            collection: None,
        }
    }

    /// The rows of a collection as it is defined in the source and in the target.
    pub(super) fn of_collection(source: &Definition, target: Definition) -> Self {
        let fields = source.collection.fields.iter().enumerate();
        let mut columns = vec![("_id".to_owned(), Holds::Int)];
        columns.extend(fields.map(|(at, field)| (source.column(at), field.kind.into())));
        Self {
            name: format!("the collection {} of {}", source.name(), source.plugin),
            plugin: Some(source.plugin.clone()),
            source: source.table(),
            target: target.table(),
            columns,
            key: 1,
            counted: Some("_id"),
            compared: 1,
            collection: Some(target),
        }
    }

    /// The next batch after a key, by key; empty: there is no more.
    pub(super) async fn read(
        &self,
        db: &Db,
        side: Side,
        after: Option<&[Arg]>,
    ) -> Result<Vec<Vec<Arg>>, Error> {
        let key = self.names(self.key);
        let mut sql = Sql::new(format!(
            "SELECT {} FROM {}",
            self.names(self.columns.len()),
            self.table(side)
        ));
        if let Some(after) = after {
            sql.push(&format!(" WHERE ({key}) > "))
                .rows(std::iter::once(after.iter().cloned()));
        }
        sql.push(&format!(" ORDER BY {key} LIMIT {MOST_ROWS}"));
        let mut tx = match &self.plugin {
            Some(plugin) => db.read_as(plugin).await?,
            None => db.read().await?,
        };
        let mut rows = Vec::new();
        let mut bytes = 0;
        tx.fetch_while(sql, |row| {
            let values = self.values(&row)?;
            bytes += values.iter().map(size).sum::<usize>();
            rows.push(values);
            Ok(bytes < MOST_BYTES)
        })
        .await?;
        Ok(rows)
    }

    /// Where a batch ended.
    pub(super) fn last_key(&self, rows: &[Vec<Arg>]) -> Option<Vec<Arg>> {
        rows.last()?.get(..self.key).map(<[Arg]>::to_vec)
    }

    /// Adds a batch to the target, which has none of its rows.
    pub(super) async fn write(&self, tx: &mut Tx, rows: Vec<Vec<Arg>>) -> Result<(), Error> {
        let with_numbers = match self.counted {
            Some(_) => tx.dialect().with_numbers(),
            None => "",
        };
        let head = format!(
            "INSERT INTO {} ({}){with_numbers} VALUES ",
            self.target,
            self.names(self.columns.len()),
        );
        let words = self
            .collection
            .as_ref()
            .map(|defined| (defined, Words::of(defined, &rows)));
        if let Some(plugin) = &self.plugin {
            tx.enter(plugin);
        }
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        while left > 0 {
            let count = rows_at_once(left, self.columns.len());
            left -= count;
            let mut sql = Sql::new(head.as_str());
            sql.rows(rows.by_ref().take(count));
            tx.execute(sql).await?;
        }
        if let Some((defined, words)) = words {
            index_words(tx, defined, &words).await?;
        }
        tx.leave();
        Ok(())
    }

    /// Once all rows are there: the target counts on where the source is.
    pub(super) async fn count_on(&self, source: &Db, tx: &mut Tx) -> Result<(), Error> {
        let Some(column) = self.counted else {
            return Ok(());
        };
        let last = self.last_number(source, Side::Source).await?;
        for statement in tx.dialect().go_on_after(&self.target, column, last) {
            tx.execute(statement).await?;
        }
        Ok(())
    }

    /// The number that the engine gave last, if it counts.
    pub(super) async fn last_number(&self, db: &Db, side: Side) -> Result<i64, Error> {
        let Some(column) = self.counted else {
            return Ok(0);
        };
        let sql = db.dialect().last_number(self.table(side), column);
        db.fetch_first(sql).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// What all rows say. `read` is told of each batch.
    pub(super) async fn digest(
        &self,
        db: &Db,
        side: Side,
        mut read: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<Digest, Error> {
        let mut digest = Digest::default();
        let mut after: Option<Vec<Arg>> = None;
        loop {
            let rows = self.read(db, side, after.as_deref()).await?;
            if rows.is_empty() {
                return Ok(digest);
            }
            for row in &rows {
                digest.add(row.get(self.compared..).unwrap_or_default());
            }
            read(digest.rows)?;
            after = self.last_key(&rows);
        }
    }

    fn table(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// The first so many columns.
    fn names(&self, count: usize) -> String {
        let names = self.columns.iter().take(count);
        names
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn values(&self, row: &Row) -> Result<Vec<Arg>, Error> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(at, (_, holds))| {
                Ok(match holds {
                    Holds::Int => row.opt_int(at)?.into(),
                    Holds::Real => row.opt_real(at)?.map_or(Arg::Null, Arg::Real),
                    Holds::Text => row.opt_text(at)?.into(),
                    Holds::Bytes => row.opt_bytes(at)?.into(),
                })
            })
            .collect()
    }
}

fn size(value: &Arg) -> usize {
    match value {
        Arg::Text(text) => text.len(),
        Arg::Bytes(bytes) => bytes.len(),
        Arg::Null | Arg::Int(_) | Arg::Real(_) => 8,
    }
}
