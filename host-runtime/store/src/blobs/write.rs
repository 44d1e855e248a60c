//! Content becomes an object: a small one in one request, a large one in parts, so that memory is bounded whatever the size.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use object_store::{PutPayload, WriteMultipart};

use super::files::BlobFiles;
use super::objects::{discard, note_upload, reserve};
use crate::error::{BlobError, Error};
use crate::store::Inner;

/// Bytes of a part, and of the largest object that is written in one request. A bucket takes no parts under 5 MiB, nor more than 10,000 of
/// them: 80 GB.
const PART: usize = 8 << 20;

/// Parts that are written at the same time. With the one that fills, an upload holds 24 MiB.
const PARALLEL: usize = 2;

/// What was written; no row names it yet.
pub(super) struct Written {
    pub(super) name: String,
    /// Hash of the content.
    pub(super) id: String,
    pub(super) size: u64,
}

/// Writes a few bytes.
pub(super) async fn write_bytes(inner: &Inner, content: Bytes) -> Result<String, Error> {
    let name = reserve(inner).await?;
    inner.blobs.put(&name, content.into()).await?;
    Ok(name)
}

/// Writes a stream of at most `limit` bytes to a name of its own.
pub(super) async fn write_stream<S, E>(
    inner: &Inner,
    content: S,
    limit: u64,
) -> Result<Written, BlobError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: std::fmt::Display,
{
    let name = reserve(inner).await?;
    let (id, size) = write_object(&inner.blobs, Some(inner), &name, content, limit).await?;
    Ok(Written { name, id, size })
}

/// Writes a stream of at most `limit` bytes; answers its hash and size. With `rows`, the name is a reserved one. What may have been written if it fails
/// is left to whoever gave the name.
pub(crate) async fn write_object<S, E>(
    files: &BlobFiles,
    rows: Option<&Inner>,
    name: &str,
    content: S,
    limit: u64,
) -> Result<(String, u64), BlobError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: std::fmt::Display,
{
    let mut source = Source {
        content,
        limit,
        hasher: blake3::Hasher::new(),
        size: 0,
    };
    let mut first = Vec::new();
    let mut held = 0;
    while held <= PART
        && let Some(piece) = source.next().await?
    {
        held += piece.len();
        first.push(piece);
    }
    if held > PART {
        write_parts(files, rows, name, first, &mut source).await?;
    } else {
        files.put(name, PutPayload::from_iter(first)).await?;
    }
    Ok((source.hasher.finalize().to_hex().to_string(), source.size))
}

async fn write_parts<S, E>(
    files: &BlobFiles,
    rows: Option<&Inner>,
    name: &str,
    first: Vec<Bytes>,
    source: &mut Source<S>,
) -> Result<(), BlobError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: std::fmt::Display,
{
    let begun = files.begin(name).await?;
    if let (Some(id), Some(inner)) = (&begun.id, rows) {
        note_upload(inner, name, id).await?;
    }
    let mut writer = WriteMultipart::new_with_chunk_size(begun.upload, PART);
    for piece in first {
        writer.put(piece);
    }
    let problem = loop {
        match source.next().await {
            Ok(None) => break None,
            Err(problem) => break Some(problem),
            Ok(Some(piece)) => {
                if let Err(error) = writer.wait_for_capacity(PARALLEL).await {
                    break Some(files.failed(error).into());
                }
                writer.put(piece);
            }
        }
    };
    match problem {
        None => writer
            .finish()
            .await
            .map(drop)
            .map_err(|error| files.failed(error).into()),
        Some(problem) => {
            match writer.abort().await {
                Ok(()) => {
                    if let Some(inner) = rows {
                        discard(inner, &[name]).await;
                    }
                }
                Err(error) => {
                    let error = Error::from(files.failed(error));
                    tracing::debug!(%error, name, "the parts of a broken upload are deleted later");
                }
            }
            Err(problem)
        }
    }
}

/// Content that is counted and hashed as it comes.
struct Source<S> {
    content: S,
    limit: u64,
    hasher: blake3::Hasher,
    size: u64,
}

impl<S, E> Source<S>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: std::fmt::Display,
{
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        let piece = match self.content.next().await {
            None => return Ok(None),
            Some(Err(error)) => {
                return Err(BlobError::Other(format!("the upload broke off: {error}")));
            }
            Some(Ok(piece)) => piece,
        };
        self.size = self
            .size
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.size > self.limit {
            return Err(BlobError::Other(format!(
                "is larger than {} bytes",
                self.limit
            )));
        }
        self.hasher.update(&piece);
        Ok(Some(piece))
    }
}
