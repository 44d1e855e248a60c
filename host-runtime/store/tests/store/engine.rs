//! The engines that the tests run on, and a database for each test.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use host_store::Database;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

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
    name: Option<String>,
}

impl TestDatabase {
    pub(crate) async fn new(engine: Engine) -> Self {
        if engine == Engine::Sqlite {
            return Self {
                database: Database::Folder,
                name: None,
            };
        }
        let name = unique_name();
        let mut server = connect().await;
        // With no more rights than the documentation asks for.
        for statement in [
            format!("CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{name}'"),
            format!("CREATE DATABASE {name} OWNER {name}"),
        ] {
            server.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        server.close().await.unwrap();
        let mut url = url::Url::parse(&server_url()).unwrap();
        url.set_path(&name);
        url.set_username(&name).unwrap();
        url.set_password(Some(&name)).unwrap();
        Self {
            database: Database::Postgres {
                url: String::from(url).into(),
                connections: 12,
            },
            name: Some(name),
        }
    }

    /// A connection with all rights, past the store.
    pub(crate) async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = server_url().parse().unwrap();
        let options = options.database(self.name.as_deref().unwrap());
        PgConnection::connect_with(&options).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(name) = self.name.take() else {
            return;
        };
        // On a thread, since a runtime can't wait inside another one.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut server = connect().await;
                let number: i64 =
                    sqlx::query_scalar("SELECT oid::BIGINT FROM pg_database WHERE datname = $1")
                        .bind(&name)
                        .fetch_one(&mut server)
                        .await
                        .map_err(std::io::Error::other)?;
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                let dropped = server.execute(AssertSqlSafe(drop)).await;
                dropped.map_err(std::io::Error::other)?;
                let roles: Vec<String> =
                    sqlx::query_scalar("SELECT rolname FROM pg_roles WHERE rolname LIKE $1")
                        .bind(format!("plugin%@{number}"))
                        .fetch_all(&mut server)
                        .await
                        .map_err(std::io::Error::other)?;
                for role in roles.into_iter().chain([name]) {
                    let drop = format!("DROP ROLE \"{role}\"");
                    let dropped = server.execute(AssertSqlSafe(drop)).await;
                    dropped.map_err(std::io::Error::other)?;
                }
                server.close().await.map_err(std::io::Error::other)
            })
        })
        .join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("a test's database was not dropped: {dropped:?}");
        }
    }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "TEST_POSTGRES_URL names no PostgreSQL server (postgres://user@host:port/postgres, a superuser): \
             `cargo xtask test` starts one, and `-E 'not test(/^postgres/)'` leaves these tests out"
        )
    })
}

async fn connect() -> PgConnection {
    let options: PgConnectOptions = server_url().parse().unwrap();
    PgConnection::connect_with(&options).await.unwrap()
}

/// Tests run in processes of their own, or many in one.
fn unique_name() -> String {
    static NUMBER: OnceLock<std::sync::atomic::AtomicU64> = OnceLock::new();
    let number = NUMBER
        .get_or_init(Default::default)
        .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("test_{}_{}_{number}", std::process::id(), now.as_micros())
}
