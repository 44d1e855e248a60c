//! Copying a data folder while it is used, and finding out whether a copy is whole.
//!
//! The database is copied by the engine itself, as it was at one moment; then the blobs that this copy names, from wherever they are kept, into
//! the new folder. A copy needs no bucket to be whole. Objects never change, and one that was deleted before its turn came is no longer named by a
//! newer copy of the database, which is then made. Keys are read before and after; if they changed in between, the copy is made anew.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::blobs::{BlobFiles, BlobPlace, ObjectError, checked, write_object};
use crate::db::{self, Contents, Object};
use crate::error::{BlobError, Error};

/// Each but the first has only to copy what changed during the one before.
const TRIES: u32 = 5;

/// Objects that are copied or checked at the same time.
const PARALLEL: usize = 8;

/// Files and folders that make a data folder. Locks and compiled code are not among them.
const DATABASE: &str = "host.db";
const KEYS: &str = "keys.json";
const BLOBS: &str = "blobs";
/// Components, as earlier versions had them.
const PLUGINS: &str = "plugins";

/// What to do where the database is on a server.
pub const ON_A_SERVER: &str = "copy the key file, and the bucket or the folder of blobs; then the database with `pg_dump --no-owner --no-acl`; then what is new in the \
                               bucket or folder";

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

/// Copies the data folder `source`, which may be in use and has its blobs at `place`, into the new folder `target`, and checks the copy.
///
/// # Errors
///
/// [`Error::Conflict`] if `target` is there already, [`Error::NotFound`] if `source` is no data folder, [`Error::Corrupt`] if the copy is not whole,
/// [`Error::Unavailable`] if something can't be read or written. What was copied until then is left for a look.
pub async fn backup(source: &Path, place: &BlobPlace, target: &Path) -> Result<Backup, Error> {
    if !source.join(DATABASE).is_file() && source.join(KEYS).is_file() {
        return Err(Error::Conflict(format!(
            "the database of {} is not in it: {ON_A_SERVER}",
            source.display()
        )));
    }
    if !source.join(DATABASE).is_file() {
        return Err(Error::NotFound("data folder"));
    }
    make(target)?;
    let from = BlobFiles::open(&source.join(BLOBS), place)?;
    let to = BlobFiles::open(&target.join(BLOBS), &BlobPlace::Folder)?;
    transfer(source, &from, target, &to).await?;
    verify(target).await
}

/// Makes the data folder `target` from the backup `source`, after checking that it is whole, with its blobs at `place`.
///
/// # Errors
///
/// As for [`backup`]; [`Error::Conflict`] also if there are blobs at `place`: another store's collector would delete what this one needs.
pub async fn restore(source: &Path, target: &Path, place: &BlobPlace) -> Result<Backup, Error> {
    verify(source).await?;
    make(target)?;
    let from = BlobFiles::open(&source.join(BLOBS), &BlobPlace::Folder)?;
    let to = BlobFiles::open(&target.join(BLOBS), place)?;
    if to.is_used().await? {
        return Err(Error::Conflict(format!(
            "{to} holds a store's blobs already: restore with another prefix or into another bucket"
        )));
    }
    to.mark().await?;
    let found = transfer(source, &from, target, &to).await?;
    match place {
        BlobPlace::Folder => verify(target).await,
        // Each was checked when it was read, and by the server when it arrived.
        BlobPlace::S3(_) => summary(target, &found),
    }
}

/// Copies everything.
async fn transfer(
    source: &Path,
    from: &BlobFiles,
    target: &Path,
    to: &BlobFiles,
) -> Result<Contents, Error> {
    let mut copied = BTreeSet::new();
    let mut reason =
        Error::Unavailable("the keys kept changing while the copy was made".to_owned());
    for _ in 0..TRIES {
        let before = read(&source.join(KEYS))?;
        let database = target.join(DATABASE);
        remove_if_there(&database)?;
        db::snapshot(&source.join(DATABASE), &database).await?;
        copy(source, target, PLUGINS).await?;
        let found = db::inspect(&database).await?;
        if let Some(missing) = copy_objects(from, to, &found, &mut copied).await? {
            reason = Error::Corrupt(format!("the blob {missing} is missing"));
            continue;
        }
        if read(&source.join(KEYS))? == before {
            write_private(&target.join(KEYS), &before)?;
            // What an earlier try copied and the last one does not name.
            for object in found.blobs.iter().chain(&found.parts) {
                copied.remove(&object.name);
            }
            for name in &copied {
                to.delete(name, None).await?;
            }
            return Ok(found);
        }
    }
    Err(reason)
}

/// Copies the objects that are not among the `copied`. Answers the id of one that is not there.
async fn copy_objects(
    from: &BlobFiles,
    to: &BlobFiles,
    found: &Contents,
    copied: &mut BTreeSet<String>,
) -> Result<Option<String>, Error> {
    let wanted: Vec<Object> = found
        .blobs
        .iter()
        .chain(&found.parts)
        .filter(|object| !copied.contains(&object.name))
        .cloned()
        .collect();
    let mut missing = None;
    let mut copying = stream::iter(wanted.into_iter().map(|object| async move {
        let done = copy_object(from, to, &object).await;
        done.map(|there| (object, there))
    }))
    .buffer_unordered(PARALLEL);
    while let Some((object, there)) = copying.try_next().await? {
        if there {
            copied.insert(object.name);
        } else {
            missing = Some(object.id);
        }
    }
    Ok(missing)
}

/// Answers whether it was there.
async fn copy_object(from: &BlobFiles, to: &BlobFiles, object: &Object) -> Result<bool, Error> {
    let content = match from.stream(&object.name).await {
        Err(ObjectError::Missing) => return Ok(false),
        content => content?,
    };
    // The first problem of the source in its own words: behind an upload it would be one of writing.
    let mut problem = None;
    let content = checked(content, &object.id, object.size)
        .inspect_err(|error| problem = Some(error.clone()));
    let written = write_object(to, None, &object.name, content, u64::MAX).await;
    match (problem, written) {
        (Some(problem), _) => Err(problem),
        (None, Ok(_)) => Ok(true),
        (None, Err(BlobError::Unavailable(reason))) => Err(Error::Unavailable(reason)),
        (None, Err(other)) => Err(Error::Corrupt(other.to_string())),
    }
}

/// Checks that a copy which nobody uses is whole: the database is sound, and every blob that it names is there with its content.
///
/// # Errors
///
/// [`Error::Corrupt`] with what is missing or damaged, [`Error::Unavailable`] if something can't be read.
pub async fn verify(folder: &Path) -> Result<Backup, Error> {
    let found = db::inspect(&folder.join(DATABASE)).await?;
    read(&folder.join(KEYS)).map_err(|_| {
        Error::Corrupt("the key file is missing: nothing sealed could be read".to_owned())
    })?;
    for file in &found.component_files {
        if !folder.join(file).is_file() {
            return Err(Error::Corrupt(format!("the component {file} is missing")));
        }
    }
    let files = &BlobFiles::open(&folder.join(BLOBS), &BlobPlace::Folder)?;
    stream::iter(found.blobs.iter().chain(&found.parts))
        .map(|object| check(files, object))
        .buffer_unordered(PARALLEL)
        .try_collect::<()>()
        .await?;
    summary(folder, &found)
}

async fn check(files: &BlobFiles, object: &Object) -> Result<(), Error> {
    let content = match files.stream(&object.name).await {
        Err(ObjectError::Missing) => {
            return Err(Error::Corrupt(format!("the blob {} is missing", object.id)));
        }
        content => content?,
    };
    checked(content, &object.id, object.size)
        .try_for_each(|_| async { Ok(()) })
        .await
}

fn summary(folder: &Path, found: &Contents) -> Result<Backup, Error> {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let database = folder.join(DATABASE);
    Ok(Backup {
        blobs: count(found.blobs.len()),
        blob_bytes: found.blobs.iter().map(|blob| blob.size).sum(),
        database_bytes: std::fs::metadata(&database)
            .map_err(|error| failed(&database, &error))?
            .len(),
        plugins: found.plugins,
    })
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
