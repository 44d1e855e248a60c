//! Statements as PostgreSQL says them.

use super::namespace::schema;
use crate::db::{Dialect, Sql, sql};
use crate::model::Kind;
use crate::tokens::Phrase;

/// PostgreSQL.
#[derive(Debug)]
pub(crate) struct Postgres;

/// Bytes of the different words of a document, above which they are kept without a search vector: one holds 1 MiB.
const LONGEST_VECTOR: usize = 1_000_000;

/// Words of a phrase that are asked of the index; the whole of it is compared with the text.
const ASKED_WORDS: usize = 32;

impl Dialect for Postgres {
    fn host_table(&self, statement: &str) -> String {
        if statement.starts_with("CREATE FUNCTION") {
            return statement.to_owned();
        }
        statement
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" INTEGER", " BIGINT")
            .replace("{serial}", self.serial())
            .replace("{bytes}", "BYTEA")
    }

    fn serial(&self) -> &'static str {
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    }

    fn with_numbers(&self) -> &'static str {
        " OVERRIDING SYSTEM VALUE"
    }

    fn last_number(&self, table: &str, column: &str) -> Sql {
        sql!(
            "SELECT COALESCE(pg_sequence_last_value(CAST(pg_get_serial_sequence(?, ?) AS regclass)), 0)",
            table,
            column
        )
    }

    fn go_on_after(&self, table: &str, column: &str, number: i64) -> Vec<Sql> {
        if number < 1 {
            // Sequences begin with 1, and say so by themselves.
            return Vec::new();
        }
        vec![sql!(
            "SELECT setval(CAST(pg_get_serial_sequence(?, ?) AS regclass), ?)",
            table,
            column,
            number
        )]
    }

    fn column_type(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Boolean | Kind::Integer | Kind::Time => "BIGINT",
            Kind::Float => "DOUBLE PRECISION",
            Kind::Text | Kind::Json | Kind::Blob => "TEXT COLLATE \"C\"",
            Kind::Bytes => "BYTEA",
        }
    }

    fn table(&self, plugin: &str, name: &str) -> String {
        format!("\"{}\".\"{name}\"", schema(plugin))
    }

    fn scopes(&self, plugin: &str) -> String {
        self.table(plugin, "text_scopes")
    }

    fn use_index(&self, _index: &str) -> String {
        // There is no such thing: plans go by statistics.
        String::new()
    }

    fn use_row_ids(&self) -> &'static str {
        ""
    }

    fn index_has_nulls_last(&self, descending: bool) -> bool {
        // Nulls are greater than everything.
        !descending
    }

    fn is_new(&self) -> Option<&'static str> {
        // A row that was there has been locked by this transaction.
        Some("CASE WHEN xmax = 0 THEN 1 ELSE 0 END")
    }

    fn to_change(&self) -> &'static str {
        " FOR UPDATE"
    }

    fn to_take(&self, alias: &str) -> String {
        format!(" FOR UPDATE OF {alias} SKIP LOCKED")
    }

    fn to_hold(&self) -> &'static str {
        " FOR SHARE"
    }

    fn create_namespace(&self, plugin: &str) -> Vec<String> {
        vec![format!("SELECT make_namespace('{}')", schema(plugin))]
    }

    fn drop_namespace(&self, plugin: &str) -> Vec<String> {
        vec![format!("SELECT drop_namespace('{}')", schema(plugin))]
    }

    /// Words for phrases, and a vector of them without places for everything else: places end at 16,383. What is too much for a vector has one
    /// word for a mark instead (`marker`), which every search of the scope finds, and is then compared word by word.
    fn create_text_index(&self, plugin: &str, name: &str) -> Vec<String> {
        let table = self.table(plugin, name);
        vec![
            format!("DROP TABLE IF EXISTS {table}"),
            format!(
                "CREATE TABLE {table} (_id BIGINT PRIMARY KEY, words TEXT COLLATE \"C\" NOT NULL, marker TEXT COLLATE \"C\", \
                 vector TSVECTOR NOT NULL GENERATED ALWAYS AS (CASE WHEN marker IS NULL \
                 THEN array_to_tsvector(string_to_array(btrim(words, ' '), ' ')) ELSE array_to_tsvector(ARRAY[marker]) END) STORED)"
            ),
            format!("CREATE INDEX \"{name}_vector\" ON {table} USING gin (vector)"),
        ]
    }

    fn insert_documents(&self, table: &str) -> String {
        format!("INSERT INTO {table} (_id, words, marker) VALUES ")
    }

    fn push_document(&self, sql: &mut Sql, id: i64, scope: &str, document: String) {
        let marker = is_too_long(&document).then(|| mark(scope));
        sql.push("(")
            .arg(id)
            .push(", ")
            .arg(format!(" {} ", document.trim_end()))
            .push(", ")
            .arg(marker)
            .push(")");
    }

    fn document_id(&self) -> &'static str {
        "_id"
    }

    fn text_matches(&self, plugin: &str, name: &str, scope: &str, phrases: &[Phrase]) -> Sql {
        let mut sql = Sql::new(format!(
            "SELECT _id FROM {} WHERE ",
            self.table(plugin, name)
        ));
        sql.append(holds(scope, phrases));
        sql
    }

    /// Not `EXISTS`, which is turned into a join: its size would be guessed.
    fn text_holds(
        &self,
        plugin: &str,
        name: &str,
        scope: &str,
        phrases: &[Phrase],
        rows: &str,
    ) -> Sql {
        let mut sql = Sql::new("(SELECT ");
        sql.append(holds(scope, phrases)).push(&format!(
            " FROM {} AS looked_at WHERE looked_at._id = {rows}._id)",
            self.table(plugin, name)
        ));
        sql
    }

    /// Not `IN`, which is turned into a join: how many a word finds is not known to the planner, and it takes them for many.
    fn is_one_of_few(&self, numbers: Sql) -> Sql {
        let mut sql = Sql::new("_id = ANY(ARRAY(");
        sql.append(numbers).push("))");
        sql
    }

    fn usage_triggers(
        &self,
        plugin: &str,
        name: &str,
        fixed: usize,
        sized: &[String],
    ) -> Vec<String> {
        let table = self.table(plugin, name);
        let size = std::iter::once(fixed.to_string())
            .chain(
                sized
                    .iter()
                    .map(|column| format!("COALESCE(octet_length(\"{column}\"), 0)")),
            )
            .collect::<Vec<_>>()
            .join(" + ");
        let sum = |rows: &str| format!("(SELECT COALESCE(SUM({size}), 0) FROM {rows})");
        let old = "OLD TABLE AS old_rows";
        let new = "NEW TABLE AS new_rows";
        let mut statements = Vec::new();
        // Once for a statement, however many rows it writes.
        for (suffix, event, tables, change) in [
            ("ins", "INSERT", new.to_owned(), sum("new_rows")),
            (
                "del",
                "DELETE",
                old.to_owned(),
                format!("-{}", sum("old_rows")),
            ),
            (
                "upd",
                "UPDATE",
                format!("{old} {new}"),
                format!("{} - {}", sum("new_rows"), sum("old_rows")),
            ),
        ] {
            let function = self.table(plugin, &format!("{name}_{suffix}"));
            statements.push(trigger_function(
                &function,
                &format!("PERFORM count_row_bytes('{plugin}', ({change})::BIGINT); RETURN NULL;"),
            ));
            statements.push(format!(
                "CREATE OR REPLACE TRIGGER \"{name}_{suffix}\" AFTER {event} ON {table} REFERENCING {tables} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            ));
        }
        statements
    }

    fn usage(&self) -> &'static str {
        "SELECT u.row_bytes + COALESCE(c.row_bytes, 0), u.blob_bytes + COALESCE(c.blob_bytes, 0), u.quota, c.number \
         FROM host_usage u CROSS JOIN LATERAL (SELECT SUM(row_bytes)::BIGINT AS row_bytes, \
         SUM(blob_bytes)::BIGINT AS blob_bytes, COUNT(*) AS number FROM host_usage_changes WHERE plugin = u.plugin) c \
         WHERE u.plugin = ?"
    }

    fn new_events(&self) -> &'static str {
        "host_events_new"
    }

    fn blob_triggers(
        &self,
        plugin: &str,
        name: &str,
        position: usize,
        column: &str,
    ) -> Vec<String> {
        let table = self.table(plugin, name);
        let function = self.table(plugin, &format!("{name}_b{position}"));
        vec![
            trigger_function(
                &function,
                &format!(
                    "UPDATE host_blobs SET check_at = COALESCE(check_at, 0) \
                     WHERE plugin = '{plugin}' AND id = OLD.{column}; RETURN NULL;"
                ),
            ),
            format!(
                "CREATE TRIGGER \"{name}_b{position}_upd\" AFTER UPDATE OF {column} ON {table} FOR EACH ROW \
                 WHEN (OLD.{column} IS NOT NULL AND OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {function}()"
            ),
            format!(
                "CREATE TRIGGER \"{name}_b{position}_del\" AFTER DELETE ON {table} FOR EACH ROW \
                 WHEN (OLD.{column} IS NOT NULL) EXECUTE FUNCTION {function}()"
            ),
        ]
    }

    fn explain(&self, text: &str) -> (String, usize) {
        (format!("EXPLAIN {text}"), 0)
    }
}

/// A trigger's function, which writes host tables whatever rights the statement has, and finds no others by their names.
fn trigger_function(name: &str, body: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
         SET search_path = host, pg_temp AS $body$ BEGIN {body} END $body$"
    )
}

fn is_too_long(document: &str) -> bool {
    if document.len() <= LONGEST_VECTOR {
        return false;
    }
    let words: std::collections::HashSet<&str> = document.split(' ').collect();
    words.into_iter().map(str::len).sum::<usize>() > LONGEST_VECTOR
}

/// No word has this character.
fn mark(scope: &str) -> String {
    format!("{scope}!")
}

/// What the vector of a row has that holds all phrases, or that is too long for one.
fn candidates(scope: &str, phrases: &[Phrase]) -> String {
    let mut query = String::from("(");
    for phrase in phrases {
        let last = phrase.tokens.len().saturating_sub(1);
        for (number, token) in phrase.tokens.iter().enumerate() {
            if number >= ASKED_WORDS {
                break;
            }
            if query.len() > 1 {
                query.push_str(" & ");
            }
            query.push('\'');
            for character in scope.chars().chain(token.chars()) {
                // Tokens are letters and digits; this is for the day when they are not.
                if matches!(character, '\'' | '\\') {
                    query.push(character);
                }
                query.push(character);
            }
            query.push('\'');
            if phrase.prefix && number == last {
                query.push_str(":*");
            }
        }
    }
    format!("{query}) | '{}'", mark(scope))
}

/// Whether a row of a search table holds all phrases.
fn holds(scope: &str, phrases: &[Phrase]) -> Sql {
    let mut sql = Sql::new("vector @@ CAST(");
    sql.arg(candidates(scope, phrases)).push(" AS tsquery)");
    for phrase in phrases {
        // One word is found by the vector, where there is one.
        sql.push(if phrase.tokens.len() == 1 {
            " AND (marker IS NULL OR strpos(words, "
        } else {
            " AND (strpos(words, "
        });
        sql.arg(run_of_words(scope, phrase)).push(") > 0)");
    }
    sql
}

/// The words as they stand in the text one after the other.
fn run_of_words(scope: &str, phrase: &Phrase) -> String {
    let mut run = String::new();
    for token in &phrase.tokens {
        run.push(' ');
        run.push_str(scope);
        run.push_str(token);
    }
    if !phrase.prefix {
        run.push(' ');
    }
    run
}
