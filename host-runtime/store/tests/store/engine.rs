//! The engines that the tests run on, and a database for each test.

use host_store::Database;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

/// Where a world's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database of one test.
pub(crate) struct TestDatabase {
    pub(crate) database: Database,
    /// Dropped with it.
    server: Option<xtask::postgres::Database>,
}

impl TestDatabase {
    pub(crate) async fn new(engine: Engine) -> Self {
        if engine == Engine::Sqlite {
            return Self {
                database: Database::Folder,
                server: None,
            };
        }
        let server = xtask::postgres::Database::new().unwrap();
        Self {
            database: Database::Postgres {
                url: server.url().to_string().into(),
                connections: 12,
            },
            server: Some(server),
        }
    }

    /// A connection with all rights, past the store.
    pub(crate) async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = std::env::var(xtask::postgres::VARIABLE)
            .unwrap()
            .parse()
            .unwrap();
        let name = self.server.as_ref().unwrap().url().path();
        let options = options.database(name.trim_start_matches('/'));
        PgConnection::connect_with(&options).await.unwrap()
    }
}
