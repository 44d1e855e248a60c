//! The only door to the database engines.
//!
//! Everything above writes SQL that SQLite and PostgreSQL both understand, with `?` for every argument, and hands it over as [`Sql`] to a
//! [`Db`] or a [`Tx`]: either engine behind one trait ([`engine`]). What an engine says differently in a statement's text (types, hints, full
//! text, triggers) is its [`Dialect`]. Statements are written as text rather than built by a query builder, because the plans matter here: index
//! hints, row-value look-ups and full-text tables are exactly what builders leave out.

mod dialect;
mod engine;
mod postgres;
mod row;
mod schema;
mod sqlite;

use dialect::MAX_ARGS;

pub(crate) use dialect::Dialect;
pub(crate) use engine::{Committed, Db, Tx};
pub(crate) use postgres::{Among, Listener, Settings, Signal, WithoutHosts};
pub(crate) use row::Row;
#[cfg(test)]
pub(crate) use schema::host_tables;
pub(crate) use sqlite::{Contents, Object, inspect, snapshot};

/// One argument of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Arg {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Arg {
    /// Times and sizes; none reaches `i64::MAX` while the sun shines, so that saturating loses nothing.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Arg {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Arg>> From<Option<T>> for Arg {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement and its arguments, in the order of their `?`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) args: Vec<Arg>,
    /// Whether the text comes again, so that its compiled form is worth keeping.
    pub(crate) once: bool,
}

impl Sql {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A statement that is not worth keeping, such as a definition.
    pub(crate) fn once(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            once: true,
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A `?` and its argument.
    pub(crate) fn arg(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.text.push('?');
        self.args.push(arg.into());
        self
    }

    /// `(?, …), (?, …)`, a row in each pair of brackets.
    pub(crate) fn rows<R>(&mut self, rows: impl Iterator<Item = R>) -> &mut Self
    where
        R: IntoIterator<Item = Arg>,
    {
        for (number, row) in rows.enumerate() {
            self.push(if number == 0 { "(" } else { ", (" });
            for (number, arg) in row.into_iter().enumerate() {
                if number > 0 {
                    self.push(", ");
                }
                self.arg(arg);
            }
            self.push(")");
        }
        self
    }

    /// Another statement's text and arguments.
    pub(crate) fn append(&mut self, other: Sql) -> &mut Self {
        self.text.push_str(&other.text);
        self.args.extend(other.args);
        self
    }

    pub(crate) fn bind(mut self, arg: impl Into<Arg>) -> Self {
        self.args.push(arg.into());
        self
    }
}

/// Rows written by one statement, largest first: few shapes, each of which is compiled once.
const SHAPES: [usize; 4] = [128, 32, 8, 1];

/// How many of the rows that are left one statement writes, each with so many arguments.
pub(crate) fn rows_at_once(left: usize, arguments: usize) -> usize {
    SHAPES
        .into_iter()
        .find(|shape| *shape <= left && shape * arguments <= MAX_ARGS)
        .unwrap_or(1)
}

/// `sql!("… ? … ?", a, b)`.
macro_rules! sql {
    ($text:expr $(, $arg:expr)* $(,)?) => {
        $crate::db::Sql::new($text)$(.bind($arg))*
    };
}
pub(crate) use sql;
