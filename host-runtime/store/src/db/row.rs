//! A row of an answer, whichever engine gave it. Columns go by number.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _};

use super::{postgres, sqlite};
use crate::error::Error;

/// A row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// Without asking whether the column's type is this one: statements and tables are ours.
    fn get<'r, T>(&'r self, column: usize) -> Result<Option<T>, Error>
    where
        T: Decode<'r, sqlx::Sqlite> + Decode<'r, sqlx::Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(column).map_err(sqlite::failed),
            Self::Postgres(row) => row.try_get_unchecked(column).map_err(postgres::failed),
        }
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        self.get(column)
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, Error> {
        Ok(self.opt_int(column)?.unwrap_or_default())
    }

    /// A number that is never negative: a time or a size.
    pub(crate) fn uint(&self, column: usize) -> Result<u64, Error> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(crate) fn opt_uint(&self, column: usize) -> Result<Option<u64>, Error> {
        Ok(self
            .opt_int(column)?
            .map(|value| u64::try_from(value).unwrap_or_default()))
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn opt_real(&self, column: usize) -> Result<Option<f64>, Error> {
        self.get(column)
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        let text = self.get::<String>(column)?;
        Ok(match self {
            Self::Sqlite(_) => text,
            Self::Postgres(_) => text.map(postgres::unescape),
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, Error> {
        Ok(self.opt_text(column)?.unwrap_or_default())
    }

    pub(crate) fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        Ok(self.opt_bytes(column)?.unwrap_or_default())
    }
}
