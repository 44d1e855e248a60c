//! Full text of a collection: which words stand in which row.
//!
//! Every word is stored with the number of its scope before it (`1f_hello`), so that the words of one scope lie together and a search, even
//! for a prefix, reads nothing of another's. The number is a row of a table of scopes. Fields are kept apart by a word that no query holds, so
//! that no phrase spans two of them.

use std::collections::HashMap;

use super::definition::Definition;
use crate::db::{Arg, Row, Sql, Tx, sql};
use crate::error::Error;
use crate::tokens;

/// Rows of the search table written by one statement.
const INSERT_ROWS: usize = 64;

/// Rows read at once while everything is indexed anew: a few megabytes.
const REBUILD_ROWS: i64 = 256;

/// Makes an empty search table, in place of an older one.
pub(super) async fn create(tx: &mut Tx, defined: &Definition) -> Result<(), Error> {
    let dialect = defined.dialect;
    for statement in dialect.create_text_index(&defined.plugin, &defined.text_name()) {
        tx.execute(Sql::once(statement)).await?;
    }
    Ok(())
}

/// Indexes every row there is.
pub(super) async fn rebuild(tx: &mut Tx, defined: &Definition) -> Result<(), Error> {
    let mut last = 0;
    loop {
        let rows = tx
            .fetch(sql!(
                format!(
                    "SELECT _id FROM {} WHERE _id > ? ORDER BY _id LIMIT ?",
                    defined.table()
                ),
                last,
                REBUILD_ROWS
            ))
            .await?;
        let ids = rows
            .iter()
            .map(|row| row.int(0))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(newest) = ids.last() else {
            return Ok(());
        };
        last = *newest;
        index_rows(tx, defined, &ids).await?;
    }
}

/// The words of a row: fields by lines, words by spaces; the scope comes in with [`insert`].
pub(super) fn words<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut words = String::new();
    for text in texts {
        if !words.is_empty() {
            words.push('\n');
        }
        tokens::each_indexed(text, |token| {
            if !words.is_empty() && !words.ends_with('\n') {
                words.push(' ');
            }
            words.push_str(token);
        });
    }
    words
}

/// The words of a row, ready for the search table: rows by number, scope and words.
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) scope: String,
    pub(super) words: String,
}

/// Adds rows that are not in the search table.
pub(super) async fn insert(
    tx: &mut Tx,
    defined: &Definition,
    entries: &[Entry],
) -> Result<(), Error> {
    let mut scopes: HashMap<&str, i64> = HashMap::new();
    let mut documents = Vec::with_capacity(entries.len());
    for entry in entries
        .iter()
        .filter(|entry| !entry.words.trim().is_empty())
    {
        let scope = match scopes.get(entry.scope.as_str()) {
            Some(scope) => *scope,
            None => {
                let scope = ensure_scope(tx, defined, &entry.scope).await?;
                scopes.insert(&entry.scope, scope);
                scope
            }
        };
        let scope = prefix(scope);
        let document = document(&scope, &entry.words);
        documents.push((entry.id, scope, document));
    }
    let mut documents = documents.into_iter().peekable();
    while documents.peek().is_some() {
        let batch: Vec<_> = documents.by_ref().take(INSERT_ROWS).collect();
        let mut sql = Sql::new(defined.dialect.insert_documents(&defined.text_table()));
        sql.once = batch.len() > 1 && batch.len() < INSERT_ROWS;
        for (number, (id, scope, document)) in batch.into_iter().enumerate() {
            if number > 0 {
                sql.push(", ");
            }
            defined
                .dialect
                .push_document(&mut sql, id, &scope, document);
        }
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Takes rows out of the search table. Rows that are not in it are fine.
pub(super) async fn remove(tx: &mut Tx, defined: &Definition, ids: &[i64]) -> Result<(), Error> {
    for batch in ids.chunks(super::IN_ROWS) {
        let mut sql = Sql::new(format!(
            "DELETE FROM {} WHERE {} IN ",
            defined.text_table(),
            defined.dialect.document_id()
        ));
        super::push_padded(&mut sql, batch.iter().map(|id| Arg::Int(*id)).collect());
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Indexes rows anew from what the collection holds now.
pub(super) async fn reindex(tx: &mut Tx, defined: &Definition, ids: &[i64]) -> Result<(), Error> {
    remove(tx, defined, ids).await?;
    for batch in ids.chunks(super::IN_ROWS) {
        index_rows(tx, defined, batch).await?;
    }
    Ok(())
}

async fn index_rows(tx: &mut Tx, defined: &Definition, ids: &[i64]) -> Result<(), Error> {
    let Some((fields, scope)) = &defined.text else {
        return Ok(());
    };
    let mut sql = Sql::new(format!(
        "SELECT _id, {}, {} FROM {} WHERE _id IN ",
        defined.column(*scope),
        defined.columns(fields),
        defined.table()
    ));
    super::push_padded(&mut sql, ids.iter().map(|id| Arg::Int(*id)).collect());
    let rows = tx.fetch(sql).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(entry) = read_entry(row, fields.len())? {
            entries.push(entry);
        }
    }
    insert(tx, defined, &entries).await
}

fn read_entry(row: &Row, fields: usize) -> Result<Option<Entry>, Error> {
    let Some(scope) = row.opt_text(1)? else {
        return Ok(None);
    };
    let texts = (0..fields)
        .map(|field| row.text(2 + field))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Entry {
        id: row.int(0)?,
        scope,
        words: words(texts.iter().map(String::as_str)),
    }))
}

/// What every word of a scope begins with.
pub(super) fn prefix(scope: i64) -> String {
    format!("{scope:x}_")
}

fn document(prefix: &str, words: &str) -> String {
    let mut document = String::with_capacity(words.len() * 2);
    for (number, field) in words.split('\n').enumerate() {
        if number > 0 {
            // Words have a scope and `_`; this has neither.
            document.push_str("z ");
        }
        for word in field.split(' ').filter(|word| !word.is_empty()) {
            document.push_str(prefix);
            document.push_str(word);
            document.push(' ');
        }
    }
    document
}

/// A scope's number, if anything was ever indexed in it.
pub(super) async fn scope_number(
    tx: &mut Tx,
    defined: &Definition,
    scope: &str,
) -> Result<Option<i64>, Error> {
    let row = tx
        .fetch_first(sql!(
            format!(
                "SELECT id FROM {} WHERE collection = ? AND scope = ?",
                defined.dialect.scopes(&defined.plugin)
            ),
            defined.id,
            scope
        ))
        .await?;
    row.map(|row| row.int(0)).transpose()
}

async fn ensure_scope(tx: &mut Tx, defined: &Definition, scope: &str) -> Result<i64, Error> {
    if let Some(number) = scope_number(tx, defined, scope).await? {
        return Ok(number);
    }
    tx.fetch_int(sql!(
        format!(
            "INSERT INTO {} (collection, scope) VALUES (?, ?) RETURNING id",
            defined.dialect.scopes(&defined.plugin)
        ),
        defined.id,
        scope
    ))
    .await
}
