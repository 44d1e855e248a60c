//! Copying a data folder while it is used, and finding out whether a copy is whole.
//!
//! The database is copied by the engine itself, as it was at one moment. Blobs are files that never change once they have their place, so
//! that those named by the copied database can be copied before and after it: what was there before has been copied even if it was deleted
//! meanwhile, and what came later is not named. Keys are read before and after; if they changed in between, the copy is made anew.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::db;
use crate::error::Error;

/// The copied database was opened by nobody else, so that a second try is only needed when keys are rotated at this very moment.
const TRIES: u32 = 3;

/// Files and folders that make a data folder. Locks, compiled code and what is being written are not among them.
const DATABASE: &str = "host.db";
const KEYS: &str = "keys.json";
const OBJECTS: &str = "blobs/objects";
const PARTS: &str = "blobs/parts";
const PLUGINS: &str = "plugins";

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Backup {
    /// Blobs that rows name.
    pub blobs: u64,
    /// Bytes of these.
    pub blob_bytes: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Installed plugins.
    pub plugins: u64,
}

/// Copies the data folder `source`, which may be in use, into the new folder `target`, and checks the copy.
///
/// # Errors
///
/// [`Error::Conflict`] if `target` is there already, [`Error::NotFound`] if `source` is no data folder, [`Error::Corrupt`] if the copy is not whole,
/// [`Error::Unavailable`] if something can't be read or written. What was copied until then is left for a look.
pub async fn backup(source: &Path, target: &Path) -> Result<Backup, Error> {
    if !source.join(DATABASE).is_file() {
        return Err(Error::NotFound("data folder"));
    }
    make(target)?;
    for _ in 0..TRIES {
        let before = read(&source.join(KEYS))?;
        copy(source, target, OBJECTS).await?;
        let database = target.join(DATABASE);
        remove_if_there(&database)?;
        db::snapshot(&source.join(DATABASE), &database).await?;
        for folder in [OBJECTS, PARTS, PLUGINS] {
            copy(source, target, folder).await?;
        }
        if read(&source.join(KEYS))? == before {
            write_private(&target.join(KEYS), &before)?;
            prune(target).await?;
            return verify(target).await;
        }
    }
    Err(Error::Unavailable(
        "the keys kept changing while the copy was made".to_owned(),
    ))
}

/// Makes the data folder `target` from the backup `source`, after checking that it is whole.
///
/// # Errors
///
/// As for [`backup`].
pub async fn restore(source: &Path, target: &Path) -> Result<Backup, Error> {
    verify(source).await?;
    backup(source, target).await
}

/// Checks that a copy which nobody uses is whole: the database is sound, and every blob that it names is there with its content.
///
/// # Errors
///
/// [`Error::Corrupt`] with what is missing or damaged, [`Error::Unavailable`] if something can't be read.
pub async fn verify(folder: &Path) -> Result<Backup, Error> {
    let database = folder.join(DATABASE);
    let found = db::inspect(&database).await?;
    read(&folder.join(KEYS)).map_err(|_| {
        Error::Corrupt("the key file is missing: nothing sealed could be read".to_owned())
    })?;
    for file in &found.plugin_files {
        if !folder.join(file).is_file() {
            return Err(Error::Corrupt(format!("the plugin file {file} is missing")));
        }
    }
    let objects = folder.join(OBJECTS);
    let blobs: Vec<(String, u64)> = found.blobs.into_iter().collect();
    let count = blobs.len();
    let blob_bytes = blobs.iter().map(|(_, size)| size).sum();
    blocking(move || {
        blobs
            .iter()
            .try_for_each(|(id, size)| check_blob(&objects, id, *size))
    })
    .await?;
    Ok(Backup {
        blobs: u64::try_from(count).unwrap_or(u64::MAX),
        blob_bytes,
        database_bytes: std::fs::metadata(&database)
            .map_err(|error| failed(&database, &error))?
            .len(),
        plugins: u64::try_from(found.plugin_files.len()).unwrap_or(u64::MAX),
    })
}

fn check_blob(objects: &Path, id: &str, size: u64) -> Result<(), Error> {
    let damaged = |what: &str| Error::Corrupt(format!("the blob {id} is {what}"));
    let mut file = std::fs::File::open(object(objects, id)).map_err(|_| damaged("missing"))?;
    let mut hasher = blake3::Hasher::new();
    let read = io::copy(&mut file, &mut hasher).map_err(|_| damaged("unreadable"))?;
    if read != size || hasher.finalize().to_hex().as_str() != id {
        return Err(damaged("damaged"));
    }
    Ok(())
}

fn object(objects: &Path, id: &str) -> PathBuf {
    let (folder, name) = id.split_at_checked(2).unwrap_or(("", id));
    objects.join(folder).join(name)
}

/// Blobs that were deleted while they were copied: no row of the copy names them.
async fn prune(target: &Path) -> Result<(), Error> {
    let named: BTreeSet<String> = db::inspect(&target.join(DATABASE))
        .await?
        .blobs
        .into_keys()
        .collect();
    let objects = target.join(OBJECTS);
    blocking(move || {
        for folder in entries(&objects)? {
            let prefix = folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            for file in entries(&folder)? {
                let id = prefix.clone() + &file.file_name().unwrap_or_default().to_string_lossy();
                if !named.contains(&id) {
                    remove_if_there(&file)?;
                }
            }
        }
        Ok(())
    })
    .await
}

/// Copies the files of a folder that are not there yet. One that vanishes meanwhile is left out: [`verify`] finds those that matter.
async fn copy(source: &Path, target: &Path, folder: &str) -> Result<(), Error> {
    let (source, target) = (source.join(folder), target.join(folder));
    blocking(move || copy_tree(&source, &target)).await
}

fn copy_tree(source: &Path, target: &Path) -> Result<(), Error> {
    for entry in entries(source)? {
        let Some(name) = entry.file_name() else {
            continue;
        };
        let there = target.join(name);
        if entry.is_dir() {
            copy_tree(&entry, &there)?;
        } else if !there.exists() {
            std::fs::create_dir_all(target).map_err(|error| failed(target, &error))?;
            match std::fs::copy(&entry, &there) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&there, &error)),
                Ok(_) => std::fs::File::open(&there)
                    .and_then(|file| file.sync_all())
                    .map_err(|error| failed(&there, &error))?,
            }
        }
    }
    Ok(())
}

/// What a folder holds; nothing if it isn't there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(folder, &error)),
        Ok(list) => list
            .map(|entry| {
                entry
                    .map(|entry| entry.path())
                    .map_err(|error| failed(folder, &error))
            })
            .collect(),
    }
}

fn make(target: &Path) -> Result<(), Error> {
    if !entries(target)?.is_empty() {
        return Err(Error::Conflict(format!(
            "{} is there already and not empty",
            target.display()
        )));
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        // The copy holds the keys as well: nobody else's business.
        builder.mode(0o700);
    }
    builder
        .create(target)
        .map_err(|error| failed(target, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| failed(path, &error))
}

fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| failed(path, &error))
}

fn remove_if_there(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

async fn blocking(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Unavailable(error.to_string()))?
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("{}: {error}", path.display()))
}
