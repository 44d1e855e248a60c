//! Moving a store from one engine to the other: everything comes, nothing else is touched, and until all of it is there nobody is served from it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use host_store::migrate::{Migration, Moved, Progress, Step};
use host_store::*;

use crate::engine::{Engine, TestDatabase};

/// What worlds begin on.
const ENGINE: Engine = Engine::Sqlite;

#[path = "../../support.rs"]
mod support;

mod broken_off;
mod filled;
mod refused;
mod whole;

use support::*;

/// A data folder with rows in SQLite, which nobody uses, and an empty database.
struct Move {
    folder: tempfile::TempDir,
    clock: TestClock,
    server: TestDatabase,
}

impl Move {
    /// What fills the folder is told in `fill`.
    async fn of(fill: impl AsyncFnOnce(&World)) -> Self {
        let world = World::new().await;
        fill(&world).await;
        let World {
            store,
            clock,
            folder,
            ..
        } = world;
        store.close().await;
        drop(store);
        Self {
            folder,
            clock,
            server: TestDatabase::new(Engine::Postgres).await,
        }
    }

    /// Everything is copied to the server, and nothing compared.
    async fn copied() -> Self {
        let moving = Self::of(filled::fill).await;
        let stop = |progress: &Progress<'_>| match progress.step {
            Step::Copying => ControlFlow::Continue(()),
            Step::Comparing => ControlFlow::Break(()),
        };
        let stopped = moving.watched(&Database::Folder, moving.server(), false, stop);
        assert!(matches!(stopped.await, Err(Error::Unfinished(_))));
        moving
    }

    fn server(&self) -> &Database {
        &self.server.database
    }

    /// To the server, to the end.
    async fn there(&self) -> Result<Moved, Error> {
        self.watched(&Database::Folder, self.server(), false, |_| {
            ControlFlow::Continue(())
        })
        .await
    }

    /// Back into the folder, to the end.
    async fn back(&self) -> Result<Moved, Error> {
        self.watched(self.server(), &Database::Folder, false, |_| {
            ControlFlow::Continue(())
        })
        .await
    }

    async fn watched(
        &self,
        from: &Database,
        to: &Database,
        anew: bool,
        mut watch: impl FnMut(&Progress<'_>) -> ControlFlow<()> + Send,
    ) -> Result<Moved, Error> {
        let migration = Migration {
            folder: self.folder.path(),
            from,
            to,
            key_file: None,
            anew,
        };
        migration.run(&mut watch).await
    }

    /// Takes the file of the rows away, as a person would who moves back.
    fn put_away(&self) -> tempfile::TempDir {
        let away = tempfile::tempdir().unwrap();
        for name in ["host.db", "host.db-wal", "host.db-shm"] {
            let file = self.folder.path().join(name);
            if file.exists() {
                std::fs::rename(&file, away.path().join(name)).unwrap();
            }
        }
        away
    }

    async fn open(&self, database: &Database) -> Result<Store, Error> {
        let options = Options::new(Arc::new(self.clock.clone()), Purpose::Serve).database(database);
        // What used it before may not be gone entirely.
        for _ in 0..200 {
            match Store::open_with(self.folder.path(), options.clone()).await {
                Err(Error::InUse(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                opened => return opened,
            }
        }
        panic!("the folder was not freed")
    }

    /// The rows on the server, past the store.
    async fn on_the_server(&self, statement: &'static str) {
        use sqlx::Executor as _;
        let mut connection = self.server.connect().await;
        connection.execute(statement).await.unwrap();
    }
}
