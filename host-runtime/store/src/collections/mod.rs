//! Rows of plugins: the `storage` interface of the contract, in the namespace of whoever calls.
//!
//! A collection is a table with typed columns and real indexes. Writes are one batch in one transaction, checked before it begins and fenced
//! inside it (`apply`); look-ups are one range of one index, or several that are merged (`plan`, `find`); words are kept apart by scope (`text`).

mod apply;
mod batch;
mod carry;
mod catalog;
mod cursor;
mod define;
mod definition;
mod filter;
mod find;
mod keyed;
mod merge;
mod plan;
mod put;
mod search;
mod text;
mod values;
mod writes;

use std::sync::Arc;

use crate::db::{Arg, Sql};
use crate::store::Inner;

pub(crate) use carry::{Words, all_defined, define_same, index_words};
pub(crate) use catalog::{BlobColumns, Catalog, blob_columns};
pub(crate) use define::drop_all;
pub(crate) use definition::Definition;

/// Rows of plugins.
#[derive(Clone)]
pub struct Collections(pub(crate) Arc<Inner>);

/// Row numbers in one `IN`: the rows of one statement then fit the page that is asked for without reading many too many.
const IN_ROWS: usize = 64;

/// Writes `(?, ?, …)`. The last argument is repeated up to a power of two, so that there are few shapes of a statement and each is compiled once.
fn push_padded(sql: &mut Sql, args: Vec<Arg>) {
    let Some(last) = args.last().cloned() else {
        sql.push("(NULL)");
        return;
    };
    let shape = args.len().next_power_of_two();
    sql.push("(");
    for (number, arg) in args
        .into_iter()
        .chain(std::iter::repeat(last))
        .take(shape)
        .enumerate()
    {
        if number > 0 {
            sql.push(", ");
        }
        sql.arg(arg);
    }
    sql.push(")");
}
