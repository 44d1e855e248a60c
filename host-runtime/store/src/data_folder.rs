//! The data folder itself: made for its owner alone, and marked as served.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::Error;

pub(crate) fn make(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        // It will hold people's mail: nobody else's business.
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| {
        Error::Unavailable(format!(
            "the data folder {} can't be made: {error}",
            folder.display()
        ))
    })
}

/// Marks the folder as served by this process: alone, or `together` with others that do the same.
pub(crate) fn lock(folder: &Path, together: bool) -> Result<File, Error> {
    let path = folder.join("serving.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| {
            Error::Unavailable(format!("{} can't be opened: {error}", path.display()))
        })?;
    let locked = if together {
        file.try_lock_shared()
    } else {
        file.try_lock()
    };
    match locked {
        Ok(()) => Ok(file),
        Err(error) => Err(in_use(folder, error)),
    }
}

fn in_use(folder: &Path, error: TryLockError) -> Error {
    match error {
        TryLockError::WouldBlock => Error::InUse(format!(
            "another process serves the data folder {}",
            folder.display()
        )),
        TryLockError::Error(error) => Error::Unavailable(format!(
            "the data folder {} can't be locked: {error}",
            folder.display()
        )),
    }
}
