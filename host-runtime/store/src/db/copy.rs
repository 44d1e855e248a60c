//! A database file as a whole: copied while it is used, and looked into without being changed.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::error::Error;

/// What a database says should be in the folder beside it.
pub(crate) struct Contents {
    /// Sizes by id.
    pub(crate) blobs: BTreeMap<String, u64>,
    /// Relative to the folder.
    pub(crate) plugin_files: Vec<String>,
}

/// Copies `source` as it is at one moment into the new file `target`.
pub(crate) async fn snapshot(source: &Path, target: &Path) -> Result<(), Error> {
    let target = target.to_str().ok_or_else(|| {
        Error::Unavailable(format!(
            "{} is no name that the database takes",
            target.display()
        ))
    })?;
    let mut connection = connect(source).await?;
    sqlx::query("VACUUM INTO ?")
        .bind(target)
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)
}

/// Checks that the file is sound, and answers what it names.
pub(crate) async fn inspect(file: &Path) -> Result<Contents, Error> {
    let mut connection = connect(file).await?;
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    if sound != "ok" {
        return Err(Error::Corrupt(format!("the database is damaged: {sound}")));
    }
    let rows = sqlx::query("SELECT id, MAX(size) FROM host_blobs GROUP BY id")
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    let mut blobs = BTreeMap::new();
    for row in rows {
        let size: i64 = row.try_get(1).map_err(failed)?;
        blobs.insert(
            row.try_get(0).map_err(failed)?,
            u64::try_from(size).unwrap_or_default(),
        );
    }
    let plugin_files = sqlx::query_scalar("SELECT file FROM host_plugins ORDER BY id")
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(Contents {
        blobs,
        plugin_files,
    })
}

async fn connect(file: &Path) -> Result<SqliteConnection, Error> {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .connect()
        .await
        .map_err(failed)
}

fn failed(error: sqlx::Error) -> Error {
    match &error {
        // 26: the file is no database.
        sqlx::Error::Database(database)
            if database
                .code()
                .is_some_and(|code| code == "26" || code == "11") =>
        {
            Error::Corrupt(format!("the database is damaged: {}", database.message()))
        }
        other => Error::Unavailable(other.to_string()),
    }
}
