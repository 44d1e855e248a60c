//! Blobs as objects: `objects/ab/cdef…` by content, `parts/` of uploads that go on, `staging/` of what is being written.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use tokio::sync::Mutex;

use crate::error::{BlobError, Error};
use crate::random;

/// Parts of a large object that are written at the same time.
const PARALLEL: usize = 4;

/// Where blobs are.
pub(crate) struct BlobFiles {
    objects: Arc<dyn ObjectStore>,
    /// Held while an object takes its place together with its row, and while objects without rows are deleted.
    pub(super) gate: Mutex<()>,
}

/// What was written, not yet in its place.
pub(super) struct Staged {
    pub(super) path: Path,
    pub(super) id: String,
    pub(super) size: u64,
}

impl BlobFiles {
    /// Opens a folder; `alone`: what an earlier process was writing can be thrown away.
    pub(crate) fn open(folder: &FilePath, alone: bool) -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::Unavailable(format!("{}: {error}", folder.display()))
        };
        if alone
            && let Err(error) = std::fs::remove_dir_all(folder.join("staging"))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(failed(&error));
        }
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| failed(&error))?
            .with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
            gate: Mutex::new(()),
        })
    }

    pub(super) async fn read(&self, path: &Path, range: Range<u64>) -> Result<Vec<u8>, Error> {
        Ok(self
            .objects
            .get_range(path, range)
            .await
            .map_err(failed)?
            .to_vec())
    }

    pub(super) async fn read_all(&self, path: &Path) -> Result<Bytes, Error> {
        self.objects
            .get(path)
            .await
            .map_err(failed)?
            .bytes()
            .await
            .map_err(failed)
    }

    pub(super) async fn stream(
        &self,
        path: &Path,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        Ok(self
            .objects
            .get(path)
            .await
            .map_err(failed)?
            .into_stream()
            .map_err(failed)
            .boxed())
    }

    pub(super) async fn write(&self, path: &Path, content: Bytes) -> Result<(), Error> {
        self.objects
            .put(path, content.into())
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Writes a stream of at most `limit` bytes, hashing it on the way.
    pub(super) async fn stage<S, E>(&self, mut content: S, limit: u64) -> Result<Staged, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
    {
        let path = Path::from_iter(["staging", &random::token()?]);
        let mut writer =
            WriteMultipart::new(self.objects.put_multipart(&path).await.map_err(failed)?);
        let mut hasher = blake3::Hasher::new();
        let mut size = 0_u64;
        let problem = loop {
            let chunk = match content.next().await {
                None => break None,
                Some(Err(error)) => {
                    break Some(BlobError::Other(format!("the upload broke off: {error}")));
                }
                Some(Ok(chunk)) => chunk,
            };
            size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if size > limit {
                break Some(BlobError::Other(format!("is larger than {limit} bytes")));
            }
            hasher.update(&chunk);
            if let Err(error) = writer.wait_for_capacity(PARALLEL).await {
                break Some(failed(error).into());
            }
            writer.put(chunk);
        };
        match problem {
            None => {
                writer.finish().await.map_err(failed)?;
                Ok(Staged {
                    path,
                    id: hasher.finalize().to_hex().to_string(),
                    size,
                })
            }
            Some(problem) => {
                if let Err(error) = writer.abort().await {
                    tracing::warn!(%error, "a broken upload could not be thrown away at once");
                }
                Err(problem)
            }
        }
    }

    /// Puts what was staged in its place. Hold the gate.
    pub(super) async fn place(&self, staged: &Staged) -> Result<(), Error> {
        self.objects
            .rename(&staged.path, &object_path(&staged.id))
            .await
            .map_err(failed)
    }

    /// Deletes an object; one that is not there is fine.
    pub(super) async fn delete(&self, path: &Path) -> Result<(), Error> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Where the content with this hash is.
pub(super) fn object_path(id: &str) -> Path {
    let (folder, name) = id.split_at_checked(2).unwrap_or(("", id));
    Path::from_iter(["objects", folder, name])
}

/// Where a part of an upload is.
pub(super) fn part_path(upload: &[u8], offset: u64) -> Path {
    Path::from_iter(["parts".to_owned(), hex::encode(upload), offset.to_string()])
}

fn failed(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => {
            Error::Corrupt("a blob's content is missing".to_owned())
        }
        other => Error::Unavailable(other.to_string()),
    }
}
