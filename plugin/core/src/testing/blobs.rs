//! Uploads and blobs.

use super::Memory;
use crate::platform::{BlobError, Blobs, Clock};

/// Longest chunk.
const CHUNK: usize = 1 << 20;
/// An unnamed blob is kept this long.
const DAY_MS: u64 = 86_400_000;

pub(super) struct Upload {
    bytes: Vec<u8>,
    /// The blob, once it is finished.
    blob: Option<String>,
}

pub(super) struct Blob {
    bytes: Vec<u8>,
    made: u64,
}

impl Memory {
    /// What a person uploaded through the host: finished, waiting for the plugin to take it.
    pub fn person_uploads(&self, bytes: &[u8]) -> String {
        let blob = self.blob(bytes);
        let mut state = self.state();
        let upload = state.fresh_id("upload-");
        state.uploads.insert(
            upload.clone(),
            Upload {
                bytes: Vec::new(),
                blob: Some(blob),
            },
        );
        upload
    }

    /// Bytes that the plugin has, by the blob that holds them.
    pub fn blob(&self, bytes: &[u8]) -> String {
        let made = self.now();
        let mut state = self.state();
        let id = state.fresh_id("blob-");
        let bytes = bytes.to_vec();
        state.blobs.insert(id.clone(), Blob { bytes, made });
        id
    }

    /// Drops blobs that no row has named for a day, answers how many are left.
    pub fn sweep_blobs(&self) -> usize {
        let now = self.now();
        let mut state = self.state();
        let unnamed: Vec<String> = state
            .blobs
            .iter()
            .filter(|(id, blob)| blob.made + DAY_MS <= now && !Self::names_blob(&state, id))
            .map(|(id, _)| id.clone())
            .collect();
        for id in unnamed {
            state.blobs.remove(&id);
        }
        state.blobs.len()
    }

    /// The bytes, whoever may read them.
    pub fn blob_bytes(&self, blob: &str) -> Option<Vec<u8>> {
        self.state().blobs.get(blob).map(|blob| blob.bytes.clone())
    }
}

impl Blobs for Memory {
    async fn create(&self) -> Result<String, BlobError> {
        self.step().await;
        let mut state = self.state();
        let id = state.fresh_id("upload-");
        state.uploads.insert(
            id.clone(),
            Upload {
                bytes: Vec::new(),
                blob: None,
            },
        );
        Ok(id)
    }

    async fn append(&self, upload: &str, offset: u64, chunk: Vec<u8>) -> Result<u64, BlobError> {
        self.step().await;
        if chunk.len() > CHUNK {
            return Err(BlobError::Other("at most 1 MiB at once".to_owned()));
        }
        let mut state = self.state();
        let upload = state
            .uploads
            .get_mut(upload)
            .filter(|upload| upload.blob.is_none())
            .ok_or(BlobError::NotFound)?;
        let size = upload.bytes.len() as u64;
        if offset == size {
            upload.bytes.extend_from_slice(&chunk);
            return Ok(upload.bytes.len() as u64);
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let same = start
            .checked_add(chunk.len())
            .is_some_and(|end| end == upload.bytes.len() && upload.bytes[start..] == chunk[..]);
        if same {
            Ok(size)
        } else {
            Err(BlobError::Conflict(size))
        }
    }

    async fn finish(&self, upload: &str) -> Result<String, BlobError> {
        self.step().await;
        let now = self.now();
        let mut state = self.state();
        let id = state.fresh_id("blob-");
        let found = state.uploads.get_mut(upload).ok_or(BlobError::NotFound)?;
        if let Some(blob) = &found.blob {
            return Ok(blob.clone());
        }
        found.blob = Some(id.clone());
        let bytes = std::mem::take(&mut found.bytes);
        state.blobs.insert(id.clone(), Blob { bytes, made: now });
        Ok(id)
    }

    async fn size(&self, blob: &str) -> Result<u64, BlobError> {
        self.step().await;
        self.state()
            .blobs
            .get(blob)
            .map(|blob| blob.bytes.len() as u64)
            .ok_or(BlobError::NotFound)
    }

    async fn read(&self, blob: &str, offset: u64, length: u32) -> Result<Vec<u8>, BlobError> {
        self.step().await;
        let state = self.state();
        let bytes = &state.blobs.get(blob).ok_or(BlobError::NotFound)?.bytes;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start
            .saturating_add((length as usize).min(CHUNK))
            .min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }
}
