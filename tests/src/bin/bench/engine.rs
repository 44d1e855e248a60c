//! The host on either engine, as far as a measurement needs to know which.

use anyhow::Result;
use clap::ValueEnum;
use end_to_end::stack::{Options, Stack};
use xtask::postgres::{Database, Server};

use super::Arguments;

/// Where rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// In the data folder.
    Sqlite,
    /// On a server of its own, which waits for the disk as the embedded one does.
    Postgres,
}

impl Engine {
    pub(super) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Everything that runs on one engine. The host ends before its database, and that before its server.
pub(super) struct Grounds {
    pub(super) stack: Stack,
    pub(super) database: Option<Database>,
    _server: Option<Server>,
}

impl Grounds {
    /// The plugin is enabled and set up; the mailbox at Google has so many small messages, the one at Microsoft next to none.
    pub(super) async fn prepare(
        arguments: &Arguments,
        engine: Engine,
        messages: usize,
    ) -> Result<Self> {
        let server = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Server::start_durable()?),
        };
        let database = server
            .as_ref()
            .map(|server| Database::on(server.url()))
            .transpose()?;
        let simulator = "--no-limits --profile small --microsoft-messages 10";
        let options = Options {
            messages,
            settings: database
                .iter()
                .map(|database| ("DATABASE_URL".to_owned(), database.url().to_string()))
                .collect(),
            simulator: simulator.split(' ').map(str::to_owned).collect(),
            ..Options::default()
        };
        let stack = Stack::start(arguments.paths(), &options).await?;
        stack.site.set_up().await?;
        Ok(Self {
            stack,
            database,
            _server: server,
        })
    }

    /// What the server does by itself within minutes after a mailbox was filled: statistics, and what was deleted is thrown away.
    pub(super) fn settle(&self) -> Result<()> {
        if let Some(database) = &self.database {
            database.query("VACUUM ANALYZE")?;
        }
        Ok(())
    }
}
