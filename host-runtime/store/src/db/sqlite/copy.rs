//! A database file as a whole: copied while it is used, and looked into without being changed.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::error::Error;

/// What a database says should be in the folder beside it.
pub(crate) struct Contents {
    pub(crate) blobs: Vec<Object>,
    /// Pieces of uploads that go on.
    pub(crate) parts: Vec<Object>,
    /// Installed plugins.
    pub(crate) plugins: u64,
    /// Components that are beside the database, as earlier versions had them; relative to the folder.
    pub(crate) component_files: Vec<String>,
}

/// Content that is kept beside the database.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// Where it is.
    pub(crate) name: String,
    /// Its hash.
    pub(crate) id: String,
    pub(crate) size: u64,
}

/// Hash, size and name of every blob, and of every piece of an upload.
const BLOBS: &str = "SELECT host_blobs.id, MAX(size), MAX(name) FROM host_blobs JOIN host_objects ON host_objects.id = host_blobs.id \
                     GROUP BY host_blobs.id";
const PARTS: &str = "SELECT lower(hex(digest)), size, COALESCE(name, 'parts/' || lower(hex(upload)) || '/' || at) FROM host_upload_parts";

/// Files of components that are not in the database.
const COMPONENT_FILES: &str = "SELECT 'plugins/' || id || '/' || digest || '.wasm' FROM host_plugins p WHERE NOT EXISTS (
                               SELECT 1 FROM host_components c WHERE c.plugin = p.id AND c.digest = p.digest) ORDER BY id";
const EARLIER_COMPONENT_FILES: &str = "SELECT file FROM host_plugins ORDER BY id";

/// The same of a file that an earlier version wrote, where names follow from what is named.
const EARLIER_BLOBS: &str = "SELECT id, MAX(size), 'objects/' || substr(id, 1, 2) || '/' || substr(id, 3) FROM host_blobs GROUP BY id";
const EARLIER_PARTS: &str = "SELECT lower(hex(digest)), size, 'parts/' || lower(hex(upload)) || '/' || at FROM host_upload_parts";

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
    let (blobs, parts) = if has_table(&mut connection, "host_objects").await? {
        (BLOBS, PARTS)
    } else {
        (EARLIER_BLOBS, EARLIER_PARTS)
    };
    let component_files = if has_table(&mut connection, "host_components").await? {
        COMPONENT_FILES
    } else {
        EARLIER_COMPONENT_FILES
    };
    let blobs = objects(&mut connection, blobs).await?;
    let parts = objects(&mut connection, parts).await?;
    let component_files = sqlx::query_scalar(component_files)
        .fetch_all(&mut connection)
        .await
        .map_err(failed)?;
    let plugins: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM host_plugins")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(Contents {
        blobs,
        parts,
        plugins: u64::try_from(plugins).unwrap_or_default(),
        component_files,
    })
}

async fn has_table(connection: &mut SqliteConnection, name: &str) -> Result<bool, Error> {
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = ?")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(found > 0)
}

async fn objects(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Vec<Object>, Error> {
    let rows = sqlx::query(sql)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            let size: i64 = row.try_get(1)?;
            Ok(Object {
                id: row.try_get(0)?,
                size: u64::try_from(size).unwrap_or_default(),
                name: row.try_get(2)?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(failed)
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
