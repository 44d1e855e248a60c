//! Where rows are: a file of the data folder, or a server.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::db::{Among, Db, Settings, sql};
use crate::error::Error;
use crate::keys::{KeyRing, missing};

/// Where rows are.
#[derive(Debug, Clone, Default)]
pub enum Database {
    /// In the data folder: SQLite, which needs nothing.
    #[default]
    Folder,
    /// On a PostgreSQL server (15 or newer), whose database and user must be there. The user owns the host's tables and makes a role for each
    /// plugin: it needs `CREATEROLE`, and `CREATE` on the database.
    Postgres {
        /// `postgres://user:password@host/database`.
        url: SecretString,
        /// Most connections of this process, beside the one that listens.
        connections: u32,
    },
}

/// Where the keys are, unless another file is named.
pub(crate) fn usual_key_file(folder: &Path) -> PathBuf {
    folder.join("keys.json")
}

/// Where the rows are that are not on a server.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("host.db")
}

/// Opens it, and makes it if it isn't there; so with the keys beside a file.
pub(crate) async fn open(
    folder: &Path,
    database: &Database,
    key_file: &Path,
    among: Among,
) -> Result<Db, Error> {
    match database {
        Database::Folder => {
            let file = file(folder);
            if file.exists() && !key_file.exists() {
                return Err(missing(key_file));
            }
            // Made first, so that neither another process nor the next start after a crash meets the one without the other.
            KeyRing::open(key_file)?;
            Db::open_file(&file).await
        }
        Database::Postgres { url, connections } => {
            let db = Db::connect(&Settings {
                url: url.clone(),
                connections: *connections,
                among,
            })
            .await?;
            let sealed = sql!("SELECT 1 FROM host_secrets LIMIT 1");
            if !key_file.exists() && db.fetch_first(sealed).await?.is_some() {
                return Err(missing(key_file));
            }
            Ok(db)
        }
    }
}
