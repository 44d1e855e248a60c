//! Both databases, opened, and nobody else at them.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::mark::refuse_unfinished;
use super::{Migration, components};
use crate::data_folder;
use crate::database::{self, Database};
use crate::db::{Among, Db, WithoutHosts};
use crate::error::Error;
use crate::keys::KeyRing;

/// Both databases. No process serves the folder or uses a server's database for as long as this lives.
pub(super) struct Ends {
    pub(super) source: Db,
    pub(super) target: Db,
    /// What they are called.
    pub(super) from: String,
    pub(super) to: String,
    alone: Vec<WithoutHosts>,
    _serving: File,
}

impl Ends {
    pub(super) async fn open(migration: &Migration<'_>) -> Result<Self, Error> {
        let Migration {
            folder, from, to, ..
        } = migration;
        if !folder.is_dir() {
            return Err(Error::NotFound("data folder"));
        }
        if matches!(from, Database::Folder) && !database::file(folder).is_file() {
            return Err(Error::NotFound("database in the data folder"));
        }
        let serving = data_folder::lock(folder, false).map_err(|error| match error {
            Error::InUse(who) => Error::InUse(format!(
                "{who}: stop all hosts first, and start none until everything is moved"
            )),
            other => other,
        })?;
        let (keys, keys_there) = (migration.keys_of(from), migration.keys_of(to));
        let source = database::open(folder, from, &keys, Among::Nobody).await?;
        refuse_unfinished(&source).await?;
        let mut alone = Vec::new();
        if let Some(server) = source.server() {
            alone.push(server.without_hosts().await?);
            // As every host does that looks: events of one that was killed before it could.
            server.number_events().await?;
        }
        let ring = KeyRing::read_existing(&keys)?;
        ring.check(&source).await?;
        // Before there is a database beside it, which would get a key file of its own.
        if keys != keys_there {
            ring.hand_over(&keys_there)?;
        }
        let target = database::open(folder, to, &keys_there, Among::Nobody).await?;
        let (from, to) = (name(folder, &source), name(folder, &target));
        if from == to {
            return Err(Error::Conflict(format!("the rows are in {to} already")));
        }
        if let Some(server) = target.server() {
            alone.push(server.without_hosts().await?);
        }
        if source.server().is_none() {
            components::complete(folder, &source).await?;
        }
        Ok(Self {
            source,
            target,
            from,
            to,
            alone,
            _serving: serving,
        })
    }

    /// Makes sure that nobody else has come in.
    pub(super) async fn check(&mut self) -> Result<(), Error> {
        for alone in &mut self.alone {
            alone.check().await?;
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        self.source.close().await;
        self.target.close().await;
        for alone in self.alone {
            alone.end().await;
        }
    }
}

impl Migration<'_> {
    /// The file of the keys that a database's secrets are sealed with.
    fn keys_of(&self, database: &Database) -> PathBuf {
        match (database, self.key_file) {
            (Database::Postgres { .. }, Some(file)) => file.to_owned(),
            _ => database::usual_key_file(self.folder),
        }
    }
}

/// For people, and so that a migration is known again.
fn name(folder: &Path, db: &Db) -> String {
    match db.server() {
        Some(server) => server.place(),
        None => {
            let file = database::file(folder);
            file.canonicalize().unwrap_or(file).display().to_string()
        }
    }
}
