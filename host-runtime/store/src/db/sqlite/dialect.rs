//! Statements as SQLite says them.

use crate::db::{Dialect, Sql, sql};
use crate::model::Kind;
use crate::tokens::Phrase;

/// SQLite.
#[derive(Debug)]
pub(crate) struct Sqlite;

impl Dialect for Sqlite {
    fn host_table(&self, statement: &str) -> String {
        statement
            .replace("{serial}", self.serial())
            .replace("{bytes}", "BLOB")
    }

    fn serial(&self) -> &'static str {
        "INTEGER PRIMARY KEY AUTOINCREMENT"
    }

    fn with_numbers(&self) -> &'static str {
        ""
    }

    fn last_number(&self, table: &str, _column: &str) -> Sql {
        sql!(
            "SELECT seq FROM sqlite_sequence WHERE name = ?",
            unquoted(table)
        )
    }

    fn go_on_after(&self, table: &str, _column: &str, number: i64) -> Vec<Sql> {
        let table = unquoted(table);
        let mut statements = vec![sql!("DELETE FROM sqlite_sequence WHERE name = ?", table)];
        if number > 0 {
            statements.push(sql!(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
                table,
                number
            ));
        }
        statements
    }

    fn column_type(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Boolean | Kind::Integer | Kind::Time => "INTEGER",
            Kind::Float => "REAL",
            // Needs no collation: the default compares bytes, which for UTF-8 is by code point.
            Kind::Text | Kind::Json | Kind::Blob => "TEXT",
            Kind::Bytes => "BLOB",
        }
    }

    fn table(&self, _plugin: &str, name: &str) -> String {
        format!("\"{name}\"")
    }

    fn scopes(&self, _plugin: &str) -> String {
        "host_text_scopes".to_owned()
    }

    fn use_index(&self, index: &str) -> String {
        format!(" INDEXED BY \"{index}\"")
    }

    fn use_row_ids(&self) -> &'static str {
        " NOT INDEXED"
    }

    fn index_has_nulls_last(&self, descending: bool) -> bool {
        // Nulls are smaller than everything.
        descending
    }

    fn is_new(&self) -> Option<&'static str> {
        // One writer at a time: what has a number above the highest before is new.
        None
    }

    fn to_change(&self) -> &'static str {
        ""
    }

    fn to_take(&self, _alias: &str) -> String {
        String::new()
    }

    fn to_hold(&self) -> &'static str {
        ""
    }

    fn create_namespace(&self, _plugin: &str) -> Vec<String> {
        Vec::new()
    }

    fn drop_namespace(&self, _plugin: &str) -> Vec<String> {
        Vec::new()
    }

    fn create_text_index(&self, _plugin: &str, name: &str) -> Vec<String> {
        vec![
            format!("DROP TABLE IF EXISTS \"{name}\""),
            // Contentless: the text is kept once, in the collection. `ascii` takes every byte above 127 for part of a word; `_` joins a
            // scope and its word.
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

    fn insert_documents(&self, table: &str) -> String {
        format!("INSERT INTO {table} (rowid, t) VALUES ")
    }

    fn push_document(&self, sql: &mut Sql, id: i64, _scope: &str, document: String) {
        sql.push("(").arg(id).push(", ").arg(document).push(")");
    }

    fn document_id(&self) -> &'static str {
        "rowid"
    }

    fn text_matches(&self, _plugin: &str, name: &str, scope: &str, phrases: &[Phrase]) -> Sql {
        let phrases: Vec<String> = phrases
            .iter()
            .map(|phrase| match_phrase(scope, phrase))
            .collect();
        Sql::new(format!(
            "SELECT rowid FROM \"{name}\" WHERE \"{name}\" MATCH ?"
        ))
        .bind(phrases.join(" AND "))
    }

    fn text_holds(
        &self,
        plugin: &str,
        name: &str,
        scope: &str,
        phrases: &[Phrase],
        rows: &str,
    ) -> Sql {
        let matches = self.text_matches(plugin, name, scope, phrases);
        let mut sql = Sql::new("");
        // Words that go on are put together from all that begin so, each time that is asked: once for all rows, of what lies between them.
        if phrases.iter().any(|phrase| phrase.prefix) {
            sql.push(&format!("{rows}._id IN (")).append(matches).push(&format!(
                " AND rowid BETWEEN (SELECT MIN(_id) FROM {rows}) AND (SELECT MAX(_id) FROM {rows}))"
            ));
        } else {
            sql.push("EXISTS (")
                .append(matches)
                .push(&format!(" AND rowid = {rows}._id)"));
        }
        sql
    }

    fn is_one_of_few(&self, numbers: Sql) -> Sql {
        let mut sql = Sql::new("_id IN (");
        sql.append(numbers).push(")");
        sql
    }

    fn usage_triggers(
        &self,
        plugin: &str,
        name: &str,
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
            format!("DROP TRIGGER IF EXISTS \"{name}_ins\""),
            format!("DROP TRIGGER IF EXISTS \"{name}_upd\""),
            format!("DROP TRIGGER IF EXISTS \"{name}_del\""),
            format!(
                "CREATE TRIGGER \"{name}_ins\" AFTER INSERT ON \"{name}\" {}",
                change(size("new"))
            ),
            format!(
                "CREATE TRIGGER \"{name}_del\" AFTER DELETE ON \"{name}\" {}",
                change(format!("-({})", size("old")))
            ),
        ];
        if !sized.is_empty() {
            // Only when such a column is written: a flag or a counter must not read a row's whole content.
            let columns: Vec<String> = sized.iter().map(|column| format!("\"{column}\"")).collect();
            statements.push(format!(
                "CREATE TRIGGER \"{name}_upd\" AFTER UPDATE OF {} ON \"{name}\" {}",
                columns.join(", "),
                change(format!("({}) - ({})", size("new"), size("old")))
            ));
        }
        statements
    }

    fn usage(&self) -> &'static str {
        "SELECT row_bytes, blob_bytes, quota, 0 FROM host_usage WHERE plugin = ?"
    }

    fn new_events(&self) -> &'static str {
        "host_events"
    }

    fn blob_triggers(
        &self,
        plugin: &str,
        name: &str,
        position: usize,
        column: &str,
    ) -> Vec<String> {
        let change = format!(
            "BEGIN UPDATE host_blobs SET check_at = COALESCE(check_at, 0) WHERE plugin = '{plugin}' AND id = old.{column}; END"
        );
        vec![
            format!(
                "CREATE TRIGGER \"{name}_b{position}_upd\" AFTER UPDATE OF {column} ON \"{name}\" \
                 WHEN old.{column} IS NOT NULL AND old.{column} IS NOT new.{column} {change}"
            ),
            format!(
                "CREATE TRIGGER \"{name}_b{position}_del\" AFTER DELETE ON \"{name}\" \
                 WHEN old.{column} IS NOT NULL {change}"
            ),
        ]
    }

    fn explain(&self, text: &str) -> (String, usize) {
        (format!("EXPLAIN QUERY PLAN {text}"), 3)
    }
}

/// The name of a table as statements name it.
fn unquoted(table: &str) -> &str {
    table.trim_matches('"')
}

/// Bytes of a column's content, without reading it.
fn byte_length(column: &str) -> String {
    format!("COALESCE(octet_length({column}), 0)")
}

/// One phrase of a text query. Tokens hold no quotes.
fn match_phrase(scope: &str, phrase: &Phrase) -> String {
    let mut text = String::from("\"");
    for (number, token) in phrase.tokens.iter().enumerate() {
        if number > 0 {
            text.push(' ');
        }
        text.push_str(scope);
        text.push_str(token);
    }
    text.push('"');
    if phrase.prefix {
        text.push_str(" *");
    }
    text
}
