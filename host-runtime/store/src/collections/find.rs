//! Looking rows up: a page of a query, rows by key, counts.

use std::collections::{BinaryHeap, HashMap, VecDeque};

use super::cursor::{self, After};
use super::definition::Definition;
use super::filter::{self, Checked, What};
use super::plan::{self, From, Plan, Range, Term};
use super::values::{self, row_values, to_arg};
use super::{Collections, text};
use crate::db::{Arg, Sql, Tx, dialect, sql};
use crate::error::{Error, StorageError};
use crate::model::{Filter, Page, Query, Rows, Value};

/// Most rows of a page, and most keys of one call.
const MOST_ROWS: usize = 1_000;

/// A page ends once it holds this many bytes.
const PAGE_BYTES: usize = 1024 * 1024;

/// Groups of one count: what a person can look at.
const MOST_GROUPS: usize = 10_000;

/// Up to this many rows that full text found are sorted; above, the order's index is walked and each row is looked up among them.
const FEW_MATCHES: i64 = 2_000;

/// Above this many ranges, walking each of them through all matches costs more than sorting the matches.
const FEW_RANGES: usize = 8;

/// Ranges read by one statement; engines take some hundred parts.
const RANGES_AT_ONCE: usize = 50;

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
        let mut tx = self.0.db.read().await?;
        let plan = look_up.plan(&mut tx).await?;
        let mut page = Collector::new(query.limit);
        for ranges in plan.stages() {
            if page.full {
                break;
            }
            match ranges.as_slice() {
                [range] => look_up.read_range(&mut tx, &plan, range, &mut page).await?,
                ranges => {
                    look_up
                        .merge_ranges(&mut tx, &plan, ranges, &mut page)
                        .await?
                }
            }
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

    /// How the engine would run a query, line by line: for tests that look for index ranges.
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
        let mut tx = self.0.db.read().await?;
        let plan = look_up.plan(&mut tx).await?;
        let mut lines = Vec::new();
        for range in plan.stages().iter().flatten() {
            let select = format!("SELECT {}", look_up.columns());
            let Some(statement) = look_up.statement(
                &plan,
                range,
                &select,
                look_up.after.as_deref(),
                query.limit.into(),
            ) else {
                continue;
            };
            let explained = Sql {
                text: dialect::explain(&statement.text),
                args: statement.args,
                once: true,
            };
            for row in tx.fetch(explained).await? {
                lines.push(row.text(3)?);
            }
        }
        Ok(lines)
    }

    /// Rows by key, in the order of the keys; missing ones are left out.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn get_many(
        &self,
        plugin: &str,
        collection: &str,
        keys: &[Vec<Value>],
        fields: &[String],
    ) -> Result<Rows, StorageError> {
        let defined = self.0.catalog.get(&self.0.db, plugin, collection).await?;
        let projection = defined.projection(fields)?;
        let names = projection
            .iter()
            .map(|position| defined.field_name(*position).to_owned())
            .collect();
        if keys.len() > MOST_ROWS {
            return Err(StorageError::invalid(
                "keys",
                format!("are more than {MOST_ROWS}"),
            ));
        }
        for key in keys {
            check_key(&defined, key)?;
        }
        if keys.is_empty() {
            return Ok(Rows {
                fields: names,
                values: Vec::new(),
            });
        }
        let mut sql = Sql::new("SELECT wanted.column1");
        for position in &projection {
            sql.push(", row.").push(&defined.column(*position));
        }
        sql.push(" FROM (VALUES ");
        // Repeating the last key makes few shapes of statement, each of which is compiled once.
        let shape = keys.len().next_power_of_two();
        for number in 0..shape {
            let at = number.min(keys.len() - 1);
            sql.push(if number == 0 { "(" } else { ", (" });
            sql.arg(if number < keys.len() {
                i64::try_from(at).unwrap_or(i64::MAX)
            } else {
                -1
            });
            for value in keys.get(at).into_iter().flatten() {
                sql.push(", ").arg(to_arg(value));
            }
            sql.push(")");
        }
        sql.push(&format!(
            ") AS wanted CROSS JOIN \"{}\" AS row",
            defined.table()
        ));
        for (number, position) in defined.key.iter().enumerate() {
            sql.push(if number == 0 { " WHERE " } else { " AND " });
            sql.push(&format!(
                "row.{} = wanted.column{}",
                defined.column(*position),
                number + 2
            ));
        }
        let mut found = Vec::new();
        for row in self.0.db.fetch(sql).await? {
            let number = row.int(0)?;
            if number >= 0 {
                found.push((number, row_values(&defined, &row, 1, &projection)?));
            }
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(Rows {
            fields: names,
            values: found.into_iter().map(|(_, values)| values).collect(),
        })
    }

    /// Numbers of matching rows by the distinct values of `group_by`, in their order.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn count(
        &self,
        plugin: &str,
        collection: &str,
        filter: &Filter,
        group_by: &[String],
    ) -> Result<Vec<(Vec<Value>, u64)>, StorageError> {
        let defined = self.0.catalog.get(&self.0.db, plugin, collection).await?;
        let mut filter = filter::check(&defined, filter)?;
        let groups = if group_by.is_empty() {
            Vec::new()
        } else {
            defined.projection(group_by)?
        };
        let mut tx = self.0.db.read().await?;
        filter.resolve(&mut tx, &defined).await?;
        let columns = defined.columns(&groups);
        let mut sql = Sql::new(format!(
            "SELECT COUNT(*){}{columns} FROM \"{}\"{} WHERE TRUE",
            if groups.is_empty() { "" } else { ", " },
            defined.table(),
            plan::hint(&defined, &filter)
        ));
        filter.write(&mut sql, &defined, &[]);
        if !groups.is_empty() {
            let order: Vec<String> = groups
                .iter()
                .map(|position| format!("{} NULLS LAST", defined.column(*position)))
                .collect();
            sql.push(&format!(
                " GROUP BY {columns} ORDER BY {} LIMIT ",
                order.join(", ")
            ))
            .arg(i64::try_from(MOST_GROUPS + 1).unwrap_or(i64::MAX));
        }
        let rows = tx.fetch(sql).await?;
        if rows.len() > MOST_GROUPS {
            return Err(StorageError::invalid(
                "group-by",
                format!("makes more than {MOST_GROUPS} groups"),
            ));
        }
        rows.iter()
            .map(|row| Ok((row_values(&defined, row, 1, &groups)?, row.uint(0)?)))
            .collect()
    }
}

/// Checks a row's key.
pub(super) fn check_key(defined: &Definition, key: &[Value]) -> Result<(), StorageError> {
    if key.len() != defined.key.len() {
        return Err(StorageError::invalid(
            "key",
            format!(
                "has not the {} values of {}",
                defined.key.len(),
                defined.name()
            ),
        ));
    }
    for (value, position) in key.iter().zip(&defined.key) {
        let name = defined.field_name(*position);
        if *value == Value::Null {
            return Err(StorageError::invalid(name, "is part of the key and null"));
        }
        values::check(defined.kind(*position), value)
            .map_err(|reason| StorageError::invalid(name, reason))?;
    }
    Ok(())
}

/// A page as it fills.
struct Collector {
    rows: Vec<Vec<Value>>,
    bytes: usize,
    limit: usize,
    /// The key of the last row taken.
    last: Option<Vec<Value>>,
    /// A row was left over.
    full: bool,
}

impl Collector {
    fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(MOST_ROWS);
        Self {
            rows: Vec::new(),
            bytes: 0,
            limit,
            last: None,
            full: false,
        }
    }

    fn room(&self) -> usize {
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
struct LookUp<'a> {
    defined: &'a Definition,
    filter: Checked,
    terms: Vec<Term>,
    explicit: bool,
    projection: Vec<usize>,
    after: Option<Vec<Value>>,
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
    fn columns(&self) -> String {
        let positions: Vec<usize> = self
            .projection
            .iter()
            .copied()
            .chain(self.key_positions())
            .collect();
        self.defined.columns(&positions)
    }

    fn key_positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.terms.iter().map(|term| term.position)
    }

    async fn plan(&mut self, tx: &mut Tx) -> Result<Plan, StorageError> {
        self.filter.resolve(tx, self.defined).await?;
        let by_index = plan::plan(
            self.defined,
            &self.filter,
            &self.terms,
            self.explicit,
            From::Index,
        );
        let matches = self
            .filter
            .clauses
            .iter()
            .find_map(|clause| match Checked::alone(clause) {
                Some(What::Matches {
                    phrases,
                    number: Some(number),
                    ..
                }) if !phrases.is_empty() => Some(text::search(*number, phrases)),
                _ => None,
            });
        let Some(matches) = matches else {
            return Ok(by_index);
        };
        let many_ranges = by_index.stages().first().map_or(0, Vec::len) > FEW_RANGES;
        let few = many_ranges || {
            let name = self.defined.text_table();
            let found = tx
                .fetch_int(sql!(
                    format!(
                        "SELECT COUNT(*) FROM ({} LIMIT ?)",
                        dialect::select_text_matches(&name)
                    ),
                    matches,
                    FEW_MATCHES + 1
                ))
                .await?;
            found <= FEW_MATCHES
        };
        if !few {
            return Ok(by_index);
        }
        Ok(plan::plan(
            self.defined,
            &self.filter,
            &self.terms,
            self.explicit,
            From::Text,
        ))
    }

    /// Rows of a range after a key; none if there can't be any.
    fn statement(
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
            "{select} FROM \"{}\"{}",
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
        sql.push(" LIMIT ").arg(limit);
        Some(sql)
    }

    /// The whole answer is one range: rows come as they are wanted.
    async fn read_range(
        &self,
        tx: &mut Tx,
        plan: &Plan,
        range: &Range,
        page: &mut Collector,
    ) -> Result<(), StorageError> {
        let select = format!("SELECT {}", self.columns());
        let limit = u64::try_from(page.room()).unwrap_or(u64::MAX) + 1;
        let Some(sql) = self.statement(plan, range, &select, self.after.as_deref(), limit) else {
            return Ok(());
        };
        let key_positions: Vec<usize> = self.key_positions().collect();
        tx.fetch_while(sql, |row| {
            let values = row_values(self.defined, &row, 0, &self.projection)?;
            let key = row_values(self.defined, &row, self.projection.len(), &key_positions)?;
            Ok(page.take(values, key))
        })
        .await?;
        Ok(())
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
        let mut found: Vec<(i64, Vec<Value>)> = Vec::with_capacity(wanted);
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
        found: Vec<(i64, Vec<Value>)>,
        page: &mut Collector,
    ) -> Result<(), StorageError> {
        let columns = self.defined.columns(&self.projection);
        for batch in found.chunks(super::IN_ROWS) {
            let mut sql = Sql::new(format!(
                "SELECT _id, {columns} FROM \"{}\" WHERE _id IN ",
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

/// The heads of several ranges, smallest first.
struct Merge<'a> {
    look_up: &'a LookUp<'a>,
    key_positions: Vec<usize>,
    share: usize,
    /// By range: what is read and not used, and whether there is more.
    buffers: Vec<(VecDeque<(i64, Vec<Value>)>, bool)>,
    /// By range: the last key that was read.
    last: Vec<Option<Vec<Value>>>,
    heads: BinaryHeap<Head<'a>>,
}

struct Head<'a> {
    terms: &'a [Term],
    key: Vec<Value>,
    id: i64,
    range: usize,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    /// Reversed: the heap gives its greatest first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        cursor::compare_keys(self.terms, &other.key, &self.key)
    }
}

impl<'a> Merge<'a> {
    fn new(look_up: &'a LookUp<'a>, ranges: usize, share: usize) -> Self {
        Self {
            look_up,
            key_positions: look_up.key_positions().collect(),
            share,
            buffers: (0..ranges).map(|_| (VecDeque::new(), true)).collect(),
            last: vec![None; ranges],
            heads: BinaryHeap::new(),
        }
    }

    /// The next row; and its range, if that has to be read on before the next call.
    fn pop(&mut self) -> Option<((i64, Vec<Value>), Option<usize>)> {
        let head = self.heads.pop()?;
        let (buffer, more) = self.buffers.get_mut(head.range)?;
        let empty = match buffer.pop_front() {
            Some((id, key)) => {
                self.heads.push(Head {
                    terms: &self.look_up.terms,
                    key,
                    id,
                    range: head.range,
                });
                None
            }
            None => more.then_some(head.range),
        };
        Some(((head.id, head.key), empty))
    }

    /// Reads on in ranges of which nothing is left.
    async fn fill(
        &mut self,
        tx: &mut Tx,
        plan: &Plan,
        ranges: &[Range],
        numbers: &[usize],
    ) -> Result<(), StorageError> {
        let limit = u64::try_from(self.share).unwrap_or(u64::MAX);
        for batch in numbers.chunks(RANGES_AT_ONCE) {
            let mut all = Sql::default();
            for number in batch {
                let Some(range) = ranges.get(*number) else {
                    continue;
                };
                let after = match self.last.get(*number) {
                    Some(Some(last)) => Some(last.as_slice()),
                    _ => self.look_up.after.as_deref(),
                };
                let select = format!(
                    "SELECT {number}, _id, {}",
                    self.look_up.defined.columns(&self.key_positions)
                );
                let statement = self.look_up.statement(plan, range, &select, after, limit);
                if let Some((_, more)) = self.buffers.get_mut(*number) {
                    *more = statement.is_some();
                }
                if let Some(statement) = statement {
                    all.push(if all.text.is_empty() {
                        "SELECT * FROM ("
                    } else {
                        " UNION ALL SELECT * FROM ("
                    });
                    all.append(statement).push(")");
                }
            }
            if all.text.is_empty() {
                continue;
            }
            all.once = batch.len() > FEW_RANGES;
            self.take(tx.fetch(all).await?, batch)?;
        }
        Ok(())
    }

    fn take(&mut self, rows: Vec<crate::db::Row>, batch: &[usize]) -> Result<(), Error> {
        for row in rows {
            let number = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
            let key = row_values(self.look_up.defined, &row, 2, &self.key_positions)?;
            if let Some((buffer, _)) = self.buffers.get_mut(number) {
                buffer.push_back((row.int(1)?, key));
            }
        }
        for number in batch {
            let Some((buffer, more)) = self.buffers.get_mut(*number) else {
                continue;
            };
            *more = *more && buffer.len() == self.share;
            // An outer statement may give the rows of an ordered part in any order.
            let terms = &self.look_up.terms;
            buffer
                .make_contiguous()
                .sort_by(|(_, one), (_, other)| cursor::compare_keys(terms, one, other));
            if let (Some((_, key)), Some(last)) = (buffer.back(), self.last.get_mut(*number)) {
                *last = Some(key.clone());
            }
            if let Some((id, key)) = buffer.pop_front() {
                self.heads.push(Head {
                    terms: &self.look_up.terms,
                    key,
                    id,
                    range: *number,
                });
            }
        }
        Ok(())
    }
}
