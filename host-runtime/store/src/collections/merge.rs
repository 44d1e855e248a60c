//! Several ranges of one order, merged: each is read a little at a time, and only as far as the page needs.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use super::cursor;
use super::find::LookUp;
use super::plan::{Plan, Range, Term};
use super::values::row_values;
use crate::db::{Row, Sql, Tx};
use crate::error::{Error, StorageError};
use crate::model::Value;

/// Ranges read by one statement; engines take some hundred parts.
const RANGES_AT_ONCE: usize = 50;

/// Statements of more ranges are rarely asked again in the same shape.
const KEPT_RANGES: usize = 8;

/// A row's number, and its values in the order's fields.
pub(super) type Found = (i64, Vec<Value>);

/// What is read of a range and not used.
#[derive(Default)]
struct Buffer {
    rows: VecDeque<Found>,
    /// Whether there may be more.
    more: bool,
    /// The last key that was read.
    last: Option<Vec<Value>>,
}

/// The heads of several ranges, smallest first.
pub(super) struct Merge<'a> {
    look_up: &'a LookUp<'a>,
    key_positions: Vec<usize>,
    share: usize,
    buffers: Vec<Buffer>,
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
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    /// Reversed: the heap gives its greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        cursor::compare_keys(self.terms, &other.key, &self.key)
    }
}

impl<'a> Merge<'a> {
    /// `share`: rows that are read of a range at once.
    pub(super) fn new(look_up: &'a LookUp<'a>, ranges: usize, share: usize) -> Self {
        Self {
            look_up,
            key_positions: look_up.key_positions().collect(),
            share,
            buffers: (0..ranges).map(|_| Buffer::default()).collect(),
            heads: BinaryHeap::new(),
        }
    }

    /// The next row; and its range, if that has to be read on before the next call.
    pub(super) fn pop(&mut self) -> Option<(Found, Option<usize>)> {
        let head = self.heads.pop()?;
        let buffer = self.buffers.get_mut(head.range)?;
        let used_up = buffer.rows.is_empty() && buffer.more;
        self.show_head(head.range);
        Some(((head.id, head.key), used_up.then_some(head.range)))
    }

    /// Moves a range's first row among the heads.
    fn show_head(&mut self, range: usize) {
        let first = self
            .buffers
            .get_mut(range)
            .and_then(|buffer| buffer.rows.pop_front());
        if let Some((id, key)) = first {
            let terms = &self.look_up.terms;
            self.heads.push(Head {
                terms,
                key,
                id,
                range,
            });
        }
    }

    /// Reads on in ranges of which nothing is left.
    pub(super) async fn fill(
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
                let (Some(range), Some(buffer)) =
                    (ranges.get(*number), self.buffers.get_mut(*number))
                else {
                    continue;
                };
                let after = buffer.last.as_deref().or(self.look_up.after.as_deref());
                let columns = self.look_up.defined.columns(&self.key_positions);
                let select = format!("SELECT {number}, _id, {columns}");
                let statement = self.look_up.statement(plan, range, &select, after, limit);
                buffer.more = statement.is_some();
                if let Some(statement) = statement {
                    let first = all.text.is_empty();
                    all.push(if first {
                        "SELECT * FROM ("
                    } else {
                        " UNION ALL SELECT * FROM ("
                    });
                    all.append(statement).push(&format!(") AS range_{number}"));
                }
            }
            if all.text.is_empty() {
                continue;
            }
            all.once = batch.len() > KEPT_RANGES;
            self.take(tx.fetch(all).await?, batch)?;
        }
        Ok(())
    }

    fn take(&mut self, rows: Vec<Row>, batch: &[usize]) -> Result<(), Error> {
        for row in rows {
            let number = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
            let key = row_values(self.look_up.defined, &row, 2, &self.key_positions)?;
            if let Some(buffer) = self.buffers.get_mut(number) {
                buffer.rows.push_back((row.int(1)?, key));
            }
        }
        let terms = &self.look_up.terms;
        for number in batch {
            let Some(buffer) = self.buffers.get_mut(*number) else {
                continue;
            };
            buffer.more = buffer.more && buffer.rows.len() == self.share;
            // An outer statement may give the rows of an ordered part in any order.
            let rows = buffer.rows.make_contiguous();
            rows.sort_by(|(_, one), (_, other)| cursor::compare_keys(terms, one, other));
            if let Some((_, key)) = buffer.rows.back() {
                buffer.last = Some(key.clone());
            }
            self.show_head(*number);
        }
        Ok(())
    }
}
