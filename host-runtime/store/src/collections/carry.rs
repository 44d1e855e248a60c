//! Collections that are carried over to another database: defined there as a plugin would define them, and their words cut anew.

use super::define::define_in;
use super::definition::{self, Definition};
use super::text::{self, Entry};
use super::{catalog, text::words};
use crate::db::{Arg, Db, Tx, sql};
use crate::error::{Error, StorageError};

/// All collections of all plugins, in the order in which they were defined.
pub(crate) async fn all_defined(db: &Db) -> Result<Vec<Definition>, Error> {
    let mut tx = db.read().await?;
    let plugins = tx
        .fetch(sql!(
            "SELECT plugin, MIN(id) FROM host_collections GROUP BY plugin ORDER BY 2"
        ))
        .await?;
    let mut defined = Vec::new();
    for plugin in plugins {
        defined.extend(catalog::all(&mut tx, &plugin.text(0)?).await?);
    }
    Ok(defined)
}

/// Defines in `db` what is defined elsewhere. Again is fine.
pub(crate) async fn define_same(db: &Db, other: &Definition) -> Result<Definition, Error> {
    let defined = async {
        definition::check(&other.collection)?;
        let mut tx = db.write().await?;
        let defined = define_in(&mut tx, &other.plugin, &other.collection).await?;
        tx.commit().await?;
        Ok::<_, StorageError>(defined)
    };
    defined.await.map_err(|error| match error {
        StorageError::Unavailable(reason) => Error::Unavailable(reason),
        reason => Error::Corrupt(format!(
            "the collection {} of {} is not defined as it was: {reason}",
            other.name(),
            other.plugin
        )),
    })
}

/// The words of rows that are about to be written.
pub(crate) struct Words(Vec<Entry>);

impl Words {
    /// Cuts the words of rows whose first column is their number and whose others are all fields in order.
    pub(crate) fn of(defined: &Definition, rows: &[Vec<Arg>]) -> Self {
        let Some((fields, scope)) = &defined.text else {
            return Self(Vec::new());
        };
        let entries = rows.iter().filter_map(|row| {
            let text = |position: usize| match row.get(position + 1) {
                Some(Arg::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            let Some(Arg::Int(id)) = row.first() else {
                return None;
            };
            Some(Entry {
                id: *id,
                scope: text(*scope)?.to_owned(),
                words: words(fields.iter().map(|field| text(*field).unwrap_or_default())),
            })
        });
        Self(entries.collect())
    }
}

/// Puts the words of new rows into the search table.
pub(crate) async fn index_words(
    tx: &mut Tx,
    defined: &Definition,
    words: &Words,
) -> Result<(), Error> {
    text::insert(tx, defined, &words.0).await
}
