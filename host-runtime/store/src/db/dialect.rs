//! What a statement's text says differently from engine to engine.

use super::Sql;
use crate::model::Kind;
use crate::tokens::Phrase;

/// Arguments in one statement; SQLite takes 32,766, PostgreSQL 65,535.
pub(super) const MAX_ARGS: usize = 30_000;

/// How an engine writes what both can do.
pub(crate) trait Dialect: std::fmt::Debug + Send + Sync {
    /// A host table's definition, from the text that both engines share.
    fn host_table(&self, statement: &str) -> String;

    /// A primary key that the engine counts up and never uses twice.
    fn serial(&self) -> &'static str;

    /// Comes before `VALUES` where rows bring the numbers that the engine would give them.
    fn with_numbers(&self) -> &'static str;

    /// The last number that the engine gave to a row of this table; 0: it gave none.
    fn last_number(&self, table: &str, column: &str) -> Sql;

    /// Has the engine go on after this number.
    fn go_on_after(&self, table: &str, column: &str, number: i64) -> Vec<Sql>;

    /// The column type of a kind; text is ordered by code point.
    fn column_type(&self, kind: Kind) -> &'static str;

    /// A plugin's table, as statements name it.
    fn table(&self, plugin: &str, name: &str) -> String;

    /// The table of the scopes that a plugin's full text is kept apart by, as statements name it.
    fn scopes(&self, plugin: &str) -> String;

    /// Names an index that must be used, so that plans depend on definitions and not on statistics, where an engine can be told.
    fn use_index(&self, index: &str) -> String;

    /// Forbids any index but the row number's: for rows that full text has found already.
    fn use_row_ids(&self) -> &'static str;

    /// Whether an index that is read in this direction gives its nulls last.
    fn index_has_nulls_last(&self, descending: bool) -> bool;

    /// Tells of a row that an upsert answers whether it is new, 1 or 0. None: rows with a number above all earlier ones are.
    fn is_new(&self) -> Option<&'static str>;

    /// Ends a look-up of rows that this transaction is going to change, so that nobody else does meanwhile.
    fn to_change(&self) -> &'static str;

    /// … and leaves out those that somebody else is about to change: of the table called `alias`.
    fn to_take(&self, alias: &str) -> String;

    /// Ends a look-up of a row that must stay as it is until this transaction ends.
    fn to_hold(&self) -> &'static str;

    /// Makes the place of a plugin's tables. Again is fine.
    fn create_namespace(&self, plugin: &str) -> Vec<String>;

    /// Drops it, with what is left in it.
    fn drop_namespace(&self, plugin: &str) -> Vec<String>;

    /// Makes a search table whose rows are words that are separated by spaces, in place of an older one.
    fn create_text_index(&self, plugin: &str, name: &str) -> Vec<String>;

    /// The beginning of an insertion into a search table, up to `VALUES`.
    fn insert_documents(&self, table: &str) -> String;

    /// One row of that insertion.
    fn push_document(&self, sql: &mut Sql, id: i64, scope: &str, document: String);

    /// What the search table calls a row's number.
    fn document_id(&self) -> &'static str;

    /// Numbers of the rows of a search table that hold all phrases, whose words have `scope` before them.
    fn text_matches(&self, plugin: &str, name: &str, scope: &str, phrases: &[Phrase]) -> Sql;

    /// Whether a row is among them: for the rows of a small table of that name, with their numbers as `_id`.
    fn text_holds(
        &self,
        plugin: &str,
        name: &str,
        scope: &str,
        phrases: &[Phrase],
        rows: &str,
    ) -> Sql;

    /// Holds for rows whose numbers a statement answers, which are few: all of them are found first, and then each is read by its number.
    fn is_one_of_few(&self, numbers: Sql) -> Sql;

    /// Keeps the bytes that a plugin is counted with true, whatever changes a row: insert, upsert, patch, delete. `fixed` is counted for
    /// each row, the content of `sized` columns as it is. The `plugin` is an id, which has no quotes.
    fn usage_triggers(
        &self,
        plugin: &str,
        name: &str,
        fixed: usize,
        sized: &[String],
    ) -> Vec<String>;

    /// Bytes of a plugin's rows and blobs, its quota, and how many changes are not added up yet.
    fn usage(&self) -> &'static str;

    /// Where an event is written by the transaction that it is about.
    fn new_events(&self) -> &'static str;

    /// Puts a blob up for inspection as soon as a row stops naming it. The `plugin` is an id, which has no quotes.
    fn blob_triggers(&self, plugin: &str, name: &str, position: usize, column: &str)
    -> Vec<String>;

    /// Asks the engine how it would run a statement; and the column of the answer.
    fn explain(&self, text: &str) -> (String, usize);
}
