//! Content that is checked against its hash while it is read.

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};

use crate::error::Error;

/// What is said of content that is not what was stored.
pub(super) fn damaged(id: &str) -> Error {
    Error::Corrupt(format!(
        "the blob {id} is damaged where it is kept: restore it from a backup"
    ))
}

struct State {
    content: BoxStream<'static, Result<Bytes, Error>>,
    hasher: blake3::Hasher,
    read: u64,
    /// Read and hashed, not yet handed over.
    held: Option<Bytes>,
    id: String,
    size: u64,
}

/// The same content, which ends in an error if it is not what the id says. The last piece comes only after the whole was checked, so that damaged
/// content is never taken for whole.
pub(crate) fn checked(
    content: BoxStream<'static, Result<Bytes, Error>>,
    id: &str,
    size: u64,
) -> BoxStream<'static, Result<Bytes, Error>> {
    let state = State {
        content,
        hasher: blake3::Hasher::new(),
        read: 0,
        held: None,
        id: id.to_owned(),
        size,
    };
    stream::unfold(Some(state), |state| async move {
        let mut state = state?;
        loop {
            match state.content.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    state.read = state
                        .read
                        .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                    state.hasher.update(&piece);
                    if state.read > state.size {
                        return Some((Err(damaged(&state.id)), None));
                    }
                    if let Some(earlier) = state.held.replace(piece) {
                        return Some((Ok(earlier), Some(state)));
                    }
                }
                Some(Err(error)) => return Some((Err(error), None)),
                None => {
                    let hash = state.hasher.finalize().to_hex();
                    if state.read != state.size || hash.as_str() != state.id {
                        return Some((Err(damaged(&state.id)), None));
                    }
                    return state.held.map(|last| (Ok(last), None));
                }
            }
        }
    })
    .boxed()
}
