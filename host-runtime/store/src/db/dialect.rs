//! What a statement's text says differently from engine to engine: here, as SQLite says it.

use crate::model::Kind;

/// A primary key that the engine counts up and never uses twice.
pub(crate) const SERIAL: &str = "INTEGER PRIMARY KEY AUTOINCREMENT";

/// Arguments in one statement; SQLite takes 32,766, PostgreSQL 65,535.
pub(crate) const MAX_ARGS: usize = 30_000;

/// The column type of a kind. Text needs no collation: SQLite's default compares bytes, which for UTF-8 is by code point
/// (PostgreSQL: `COLLATE "C"`).
pub(crate) fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::Integer | Kind::Time => "INTEGER",
        Kind::Float => "REAL",
        Kind::Text | Kind::Json | Kind::Blob => "TEXT",
        Kind::Bytes => "BLOB",
    }
}

/// Names an index that must be used, so that plans depend on definitions and not on statistics (PostgreSQL has no such thing).
pub(crate) fn use_index(index: &str) -> String {
    format!(" INDEXED BY \"{index}\"")
}

/// Forbids any index but the row number's: for rows that full text has found already.
pub(crate) fn use_row_ids() -> &'static str {
    " NOT INDEXED"
}

/// Bytes of a column's content, without reading it.
pub(crate) fn byte_length(column: &str) -> String {
    format!("COALESCE(octet_length({column}), 0)")
}

/// Makes a search table whose rows are words that are separated by spaces, in place of an older one. Contentless: the text is kept once, in
/// the collection.
pub(crate) fn create_text_index(name: &str) -> [String; 4] {
    [
        format!("DROP TABLE IF EXISTS \"{name}\""),
        // `ascii` takes every byte above 127 for part of a word; `_` joins a scope and its word.
        format!(
            "CREATE VIRTUAL TABLE \"{name}\" USING fts5(\
             t, content='', contentless_delete=1, tokenize=\"ascii tokenchars '_'\")"
        ),
        // Words wait in memory until the batch is committed (a batch is at most 8 MiB), so that each makes one segment.
        format!("INSERT INTO \"{name}\" (\"{name}\", rank) VALUES ('hashsize', 16777216)"),
        // As much as fits a page of this file.
        format!("INSERT INTO \"{name}\" (\"{name}\", rank) VALUES ('pgsz', 8100)"),
    ]
}

/// Rows of a search table that match; its argument is made by [`phrase`] and [`all`].
pub(crate) fn select_text_matches(name: &str) -> String {
    format!("SELECT rowid FROM \"{name}\" WHERE \"{name}\" MATCH ?")
}

/// One phrase of a text query. Tokens hold no quotes.
pub(crate) fn phrase(tokens: &[String], prefix: bool) -> String {
    let mut text = format!("\"{}\"", tokens.join(" "));
    if prefix {
        text.push_str(" *");
    }
    text
}

/// All of several phrases.
pub(crate) fn all(phrases: &[String]) -> String {
    phrases.join(" AND ")
}

/// Keeps `host_usage.row_bytes` of a plugin true, whatever changes a row: insert, upsert, patch, delete. `fixed` is counted for
/// each row, the content of `sized` columns as it is. The `plugin` is an id, which has no quotes.
pub(crate) fn usage_triggers(
    table: &str,
    plugin: &str,
    fixed: usize,
    sized: &[String],
) -> Vec<String> {
    let size = |side: &str| {
        std::iter::once(fixed.to_string())
            .chain(
                sized
                    .iter()
                    .map(|column| byte_length(&format!("{side}.\"{column}\""))),
            )
            .collect::<Vec<_>>()
            .join(" + ")
    };
    let change = |by: String| {
        format!(
            "BEGIN UPDATE host_usage SET row_bytes = row_bytes + ({by}) WHERE plugin = '{plugin}'; END"
        )
    };
    let mut statements = vec![
        format!("DROP TRIGGER IF EXISTS \"{table}_ins\""),
        format!("DROP TRIGGER IF EXISTS \"{table}_upd\""),
        format!("DROP TRIGGER IF EXISTS \"{table}_del\""),
        format!(
            "CREATE TRIGGER \"{table}_ins\" AFTER INSERT ON \"{table}\" {}",
            change(size("new"))
        ),
        format!(
            "CREATE TRIGGER \"{table}_del\" AFTER DELETE ON \"{table}\" {}",
            change(format!("-({})", size("old")))
        ),
    ];
    if !sized.is_empty() {
        // Only when such a column is written: a flag or a counter must not read a row's whole content.
        let columns: Vec<String> = sized.iter().map(|column| format!("\"{column}\"")).collect();
        statements.push(format!(
            "CREATE TRIGGER \"{table}_upd\" AFTER UPDATE OF {} ON \"{table}\" {}",
            columns.join(", "),
            change(format!("({}) - ({})", size("new"), size("old")))
        ));
    }
    statements
}

/// Puts a blob up for inspection as soon as a row stops naming it. The `plugin` is an id, which has no quotes.
pub(crate) fn blob_triggers(
    table: &str,
    plugin: &str,
    position: usize,
    column: &str,
) -> [String; 2] {
    let change = format!(
        "BEGIN UPDATE host_blobs SET check_at = COALESCE(check_at, 0) WHERE plugin = '{plugin}' AND id = old.{column}; END"
    );
    [
        format!(
            "CREATE TRIGGER \"{table}_b{position}_upd\" AFTER UPDATE OF {column} ON \"{table}\" \
             WHEN old.{column} IS NOT NULL AND old.{column} IS NOT new.{column} {change}"
        ),
        format!(
            "CREATE TRIGGER \"{table}_b{position}_del\" AFTER DELETE ON \"{table}\" \
             WHEN old.{column} IS NOT NULL {change}"
        ),
    ]
}

/// Asks the engine how it would run a statement.
pub(crate) fn explain(text: &str) -> String {
    format!("EXPLAIN QUERY PLAN {text}")
}
