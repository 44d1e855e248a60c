//! The database asked directly, without host and component: the fewest things that an answer can cost.
//!
//! Asked is what somebody would write by hand who knows the tables, in one statement; how it is answered is the engine's choice.

use anyhow::{Context, Result};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::engine::Grounds;

/// The plugin whose tables they are.
const PLUGIN: &str = "email-manager";

/// A connection, and what the tables are called.
pub(super) struct Direct {
    connection: Connection,
    newest: String,
    hits: String,
    /// What every word of the mailbox's owner begins with.
    prefix: String,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Direct {
    /// Beside a host that has one mailbox.
    pub(super) async fn open(grounds: &Grounds) -> Result<Self> {
        let mut connection = match &grounds.database {
            None => {
                let file = grounds.stack.folder().join("data/host.db");
                let options = SqliteConnectOptions::new().filename(file).read_only(true);
                // As much as a connection of the host has.
                let options = options.pragma("cache_size", "-32768");
                Connection::Sqlite(options.connect().await?)
            }
            Some(database) => {
                let url = database.administered();
                Connection::Postgres(PgConnection::connect(url.as_str()).await?)
            }
        };
        let (host, schema, scopes) = match connection {
            Connection::Sqlite(_) => ("", "", "host_text_scopes"),
            Connection::Postgres(_) => (
                "host.",
                "plugin_email_manager.",
                "plugin_email_manager.text_scopes",
            ),
        };
        let mut collection = async |name: &str| {
            let number = connection
                .number(format!(
                    "SELECT id FROM {host}host_collections WHERE plugin = '{PLUGIN}' AND name = '{name}'"
                ))
                .await;
            number.with_context(|| format!("the collection {name}"))
        };
        let bodies = collection("bodies").await?;
        let messages = collection("messages").await?;
        let scope = connection
            .number(format!(
                "SELECT id FROM {scopes} WHERE collection = {bodies}"
            ))
            .await
            .context("the mailbox's scope")?;
        let text = format!("{schema}c{bodies}_text");
        let (row, matches) = match connection {
            Connection::Sqlite(_) => ("rowid", format!("c{bodies}_text MATCH ?")),
            Connection::Postgres(_) => ("_id", "vector @@ CAST($1 AS tsquery)".to_owned()),
        };
        Ok(Self {
            connection,
            newest: format!(
                "SELECT m.f_id, m.f_subject, m.f_snippet, m.f_sender, m.f_received FROM \
                 (SELECT b.f_id AS id, b.f_received AS received FROM {text} \
                 JOIN {schema}c{bodies}_rows b ON b._id = c{bodies}_text.{row} \
                 WHERE {matches} ORDER BY b.f_received DESC LIMIT 50) AS found \
                 JOIN {schema}c{messages}_rows m ON m.f_id = found.id ORDER BY found.received DESC"
            ),
            hits: format!("SELECT COUNT(*) FROM {text} WHERE {matches}"),
            prefix: format!("{scope:x}_"),
        })
    }

    /// The newest 50 messages with this word, as a list shows them; answers how many there were.
    pub(super) async fn newest(&mut self, word: &str) -> Result<usize> {
        let word = self.word(word);
        let query = AssertSqlSafe(self.newest.clone());
        Ok(match &mut self.connection {
            Connection::Sqlite(connection) => {
                let rows = sqlx::query(query).bind(word).fetch_all(connection);
                rows.await?.len()
            }
            Connection::Postgres(connection) => {
                let rows = sqlx::query(query).bind(word).fetch_all(connection);
                rows.await?.len()
            }
        })
    }

    /// Messages with this word.
    pub(super) async fn hits(&mut self, word: &str) -> Result<u64> {
        let word = self.word(word);
        let query = AssertSqlSafe(self.hits.clone());
        let hits: i64 = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let hits = sqlx::query_scalar(query).bind(word);
                hits.fetch_one(connection).await?
            }
            Connection::Postgres(connection) => {
                let hits = sqlx::query_scalar(query).bind(word);
                hits.fetch_one(connection).await?
            }
        };
        Ok(u64::try_from(hits)?)
    }

    /// Bytes of the whole database.
    pub(super) async fn bytes(&mut self) -> Result<f64> {
        let size = match self.connection {
            Connection::Sqlite(_) => {
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            }
            Connection::Postgres(_) => "SELECT pg_database_size(current_database())",
        };
        Ok(self.connection.number(size.to_owned()).await? as f64)
    }

    fn word(&self, word: &str) -> String {
        let prefix = &self.prefix;
        match self.connection {
            Connection::Sqlite(_) => format!("\"{prefix}{word}\""),
            Connection::Postgres(_) => format!("'{prefix}{word}'"),
        }
    }
}

impl Connection {
    async fn number(&mut self, query: String) -> Result<i64> {
        let query = sqlx::AssertSqlSafe(query);
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(query).fetch_one(connection).await?,
        })
    }
}
