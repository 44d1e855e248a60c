//! Looking rows up: a page of a query.

use std::collections::HashMap;

use super::Collections;
use super::cursor::{self, After};
use super::definition::Definition;
use super::filter::{self, Checked, What};
use super::merge::{Found, Merge};
use super::plan::{self, From, Plan, Range, Term};
use super::search;
use super::values::row_values;
use crate::db::{Arg, Row, Sql, Tx};
use crate::error::{Error, StorageError};
use crate::model::{Page, Query, Rows, Value};

/// Most rows of a page, and most keys of one call.
pub(super) const MOST_ROWS: usize = 1_000;

/// A page ends once it holds this many bytes.
const PAGE_BYTES: usize = 1024 * 1024;

impl Collections {
    /// A page of the rows that match, in order.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn find(&self, plugin: &str, query: &Query) -> Result<Page, StorageError> {
        let defined = self
            .0
            .catalog
            .get(&self.0.db, plugin, &query.collection)
            .await?;
        let mut look_up = LookUp::check(&defined, query)?;
        let mut page = Collector::new(query.limit);
        if let Some((plan, range)) = look_up.at_once() {
            if let Some(sql) = look_up.range_statement(&plan, &range, &page) {
                let take = |row| look_up.take(&row, &mut page);
                self.0.db.fetch_while_as(plugin, sql, take).await?;
            }
        } else {
            let mut tx = self.0.db.read_as(plugin).await?;
            look_up.read(&mut tx, &mut page).await?;
        }
        let next = match (page.full, &page.last) {
            (true, Some(last)) => Some(cursor::encode(query, last)?),
            _ => None,
        };
        Ok(Page {
            rows: Rows {
                fields: look_up.names(),
                values: page.rows,
            },
            next,
        })
    }

    /// How the engine would run what a query begins with, line by line: for tests that look for index ranges.
    ///
    /// # Errors
    ///
    /// As for [`find`](Self::find).
    pub async fn explain(&self, plugin: &str, query: &Query) -> Result<Vec<String>, StorageError> {
        let defined = self
            .0
            .catalog
            .get(&self.0.db, plugin, &query.collection)
            .await?;
        let mut look_up = LookUp::check(&defined, query)?;
        let mut tx = self.0.db.read_as(plugin).await?;
        let plan = look_up.plan(&mut tx).await?;
        let limit = usize::try_from(query.limit).unwrap_or(MOST_ROWS);
        let select = format!("SELECT {}", look_up.columns());
        let after = look_up.after.as_deref();
        let (asked, wanted) = search::first_walk(limit);
        let statements: Vec<Sql> = match look_up.walked(&plan, asked, wanted) {
            Some(walk) => vec![walk],
            None => plan
                .stages()
                .iter()
                .flatten()
                .filter_map(|range| {
                    look_up.statement(&plan, range, &select, after, query.limit.into())
                })
                .collect(),
        };
        let mut lines = Vec::new();
        for statement in statements {
            let (text, column) = defined.dialect.explain(&statement.text);
            let explained = Sql {
                text,
                args: statement.args,
                once: true,
            };
            for row in tx.fetch(explained).await? {
                lines.push(row.text(column)?);
            }
        }
        Ok(lines)
    }
}

/// A page as it fills.
pub(super) struct Collector {
    rows: Vec<Vec<Value>>,
    bytes: usize,
    limit: usize,
    /// The key of the last row taken.
    last: Option<Vec<Value>>,
    /// A row was left over.
    pub(super) full: bool,
}

impl Collector {
    fn new(limit: u32) -> Self {
        Self::of(usize::try_from(limit).unwrap_or(MOST_ROWS))
    }

    fn of(limit: usize) -> Self {
        Self {
            rows: Vec::new(),
            bytes: 0,
            limit,
            last: None,
            full: false,
        }
    }

    /// The same, empty.
    pub(super) fn anew(&self) -> Self {
        Self::of(self.limit)
    }

    pub(super) fn taken(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn room(&self) -> usize {
        self.limit - self.rows.len()
    }

    /// Takes a row, unless the page is full.
    fn take(&mut self, values: Vec<Value>, key: Vec<Value>) -> bool {
        let size: usize = values.iter().map(Value::size).sum();
        if self.rows.len() == self.limit
            || (!self.rows.is_empty() && self.bytes + size > PAGE_BYTES)
        {
            self.full = true;
            return false;
        }
        self.bytes += size;
        self.rows.push(values);
        self.last = Some(key);
        true
    }
}

/// A query that fits its collection.
pub(super) struct LookUp<'a> {
    pub(super) defined: &'a Definition,
    pub(super) filter: Checked,
    pub(super) terms: Vec<Term>,
    explicit: bool,
    projection: Vec<usize>,
    /// The key of the last row of the page before.
    pub(super) after: Option<Vec<Value>>,
}

impl<'a> LookUp<'a> {
    fn check(defined: &'a Definition, query: &Query) -> Result<Self, StorageError> {
        if query.limit == 0 || usize::try_from(query.limit).map_or(true, |limit| limit > MOST_ROWS)
        {
            return Err(StorageError::invalid(
                "limit",
                format!("is not 1 to {MOST_ROWS}"),
            ));
        }
        let terms = plan::order_terms(defined, &query.order)?;
        Ok(Self {
            defined,
            filter: filter::check(defined, &query.filter)?,
            explicit: !query.order.is_empty(),
            projection: defined.projection(&query.fields)?,
            after: cursor::decode(query, defined, &terms)?,
            terms,
        })
    }

    fn names(&self) -> Vec<String> {
        self.projection
            .iter()
            .map(|position| self.defined.field_name(*position).to_owned())
            .collect()
    }

    /// What is answered, then the order's fields.
    pub(super) fn columns(&self) -> String {
        self.defined.columns(&self.positions())
    }

    /// The same by their positions; one may be there twice.
    pub(super) fn positions(&self) -> Vec<usize> {
        let projection = self.projection.iter().copied();
        projection.chain(self.key_positions()).collect()
    }

    pub(super) fn key_positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.terms.iter().map(|term| term.position)
    }

    fn plan_from(&self, from: From) -> Plan {
        plan::plan(self.defined, &self.filter, &self.terms, self.explicit, from)
    }

    /// What is looked up by one statement, which needs no transaction: a round trip to begin one and another to end it are most of what a
    /// short look-up costs.
    fn at_once(&self) -> Option<(Plan, Range)> {
        let mut tests = self.filter.clauses.iter().flatten();
        if tests.any(|test| matches!(test.what, What::Matches { .. })) {
            return None;
        }
        let plan = self.plan_from(From::Index);
        let range = plan.only_range()?;
        Some((plan, range))
    }

    /// Fills a page in as many statements as it takes.
    async fn read(&mut self, tx: &mut Tx, page: &mut Collector) -> Result<(), StorageError> {
        let plan = self.plan(tx).await?;
        if self.walk(tx, &plan, page).await? {
            return Ok(());
        }
        for ranges in plan.stages() {
            if page.full {
                break;
            }
            match ranges.as_slice() {
                [range] => self.read_range(tx, &plan, range, page).await?,
                ranges => self.merge_ranges(tx, &plan, ranges, page).await?,
            }
        }
        Ok(())
    }

    async fn plan(&mut self, tx: &mut Tx) -> Result<Plan, StorageError> {
        self.filter.resolve(tx, self.defined).await?;
        let by_index = self.plan_from(From::Index);
        Ok(match self.few_matches(tx, &by_index).await? {
            Some((clause, matches)) => self.plan_from(From::Text(clause, matches)),
            None => by_index,
        })
    }

    /// Rows of a range after a key; none if there can't be any.
    pub(super) fn statement(
        &self,
        plan: &Plan,
        range: &Range,
        select: &str,
        after: Option<&[Value]>,
        limit: u64,
    ) -> Option<Sql> {
        let after = match after {
            None => After::Everything,
            Some(key) => cursor::after(self.defined, range, &self.terms, key),
        };
        let mut sql = Sql::new(format!(
            "{select} FROM {}{}",
            self.defined.table(),
            plan.hint
        ));
        range.write(&mut sql, self.defined, &self.filter);
        match after {
            After::Nothing => return None,
            After::Everything => {}
            After::Holds(bound) => {
                sql.push(" AND ").append(bound);
            }
        }
        self.push_order(&mut sql, range);
        sql.push(" LIMIT ").arg(limit);
        Some(sql)
    }

    pub(super) fn push_order(&self, sql: &mut Sql, range: &Range) {
        let order: Vec<String> = self
            .terms
            .iter()
            .filter(|term| !range.constants.contains_key(&term.position))
            .map(|term| {
                let nulls = if term.nullable && range.not_null != Some(term.position) {
                    " NULLS LAST"
                } else {
                    ""
                };
                let direction = if term.descending { " DESC" } else { "" };
                format!("{}{direction}{nulls}", self.defined.column(term.position))
            })
            .collect();
        if !order.is_empty() {
            sql.push(" ORDER BY ").push(&order.join(", "));
        }
    }

    /// The whole answer is one range: rows come as they are wanted.
    async fn read_range(
        &self,
        tx: &mut Tx,
        plan: &Plan,
        range: &Range,
        page: &mut Collector,
    ) -> Result<(), StorageError> {
        if let Some(sql) = self.range_statement(plan, range, page) {
            tx.fetch_while(sql, |row| self.take(&row, page)).await?;
        }
        Ok(())
    }

    /// As many rows of a range as the page has room for, and one more.
    fn range_statement(&self, plan: &Plan, range: &Range, page: &Collector) -> Option<Sql> {
        let select = format!("SELECT {}", self.columns());
        let limit = u64::try_from(page.room()).unwrap_or(u64::MAX) + 1;
        self.statement(plan, range, &select, self.after.as_deref(), limit)
    }

    /// Takes a row of [`range_statement`](Self::range_statement); answers whether the page has room for more.
    pub(super) fn take(&self, row: &Row, page: &mut Collector) -> Result<bool, Error> {
        let key_positions: Vec<usize> = self.key_positions().collect();
        let values = row_values(self.defined, row, 0, &self.projection)?;
        let key = row_values(self.defined, row, self.projection.len(), &key_positions)?;
        Ok(page.take(values, key))
    }

    /// The answer is several ranges: their keys are merged, and only the rows of the page are read.
    async fn merge_ranges(
        &self,
        tx: &mut Tx,
        plan: &Plan,
        ranges: &[Range],
        page: &mut Collector,
    ) -> Result<(), StorageError> {
        let wanted = page.room() + 1;
        // Few ranges: each may hold the whole page. Many: about their share, and more when it is used up.
        let share = if ranges.len() <= 4 {
            wanted
        } else {
            (2 * wanted / ranges.len()).max(8)
        };
        let mut merge = Merge::new(self, ranges.len(), share);
        let first: Vec<usize> = (0..ranges.len()).collect();
        merge.fill(tx, plan, ranges, &first).await?;
        let mut found: Vec<Found> = Vec::with_capacity(wanted);
        while found.len() < wanted {
            let Some((row, empty)) = merge.pop() else {
                break;
            };
            found.push(row);
            if let Some(range) = empty {
                merge.fill(tx, plan, ranges, &[range]).await?;
            }
        }
        self.read_rows(tx, found, page).await
    }

    /// Reads rows by number, in the order given, until the page is full.
    async fn read_rows(
        &self,
        tx: &mut Tx,
        found: Vec<Found>,
        page: &mut Collector,
    ) -> Result<(), StorageError> {
        let columns = self.defined.columns(&self.projection);
        for batch in found.chunks(super::IN_ROWS) {
            let mut sql = Sql::new(format!(
                "SELECT _id, {columns} FROM {} WHERE _id IN ",
                self.defined.table()
            ));
            super::push_padded(
                &mut sql,
                batch.iter().map(|(id, _)| Arg::Int(*id)).collect(),
            );
            let mut rows = HashMap::with_capacity(batch.len());
            for row in tx.fetch(sql).await? {
                rows.insert(
                    row.int(0)?,
                    row_values(self.defined, &row, 1, &self.projection)?,
                );
            }
            for (id, key) in batch {
                let Some(values) = rows.remove(id) else {
                    continue;
                };
                if !page.take(values, key.clone()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
