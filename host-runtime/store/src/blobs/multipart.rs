//! A large object on its way into a bucket, in parts.
//!
//! The library can do this by itself; but then only it knows the number of the upload, and after a crash nobody could throw away the parts,
//! which cost as much as objects and are seen in no listing. So the number is asked for first, kept in a row, and used here.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt as _;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{MultipartId, MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::place::Bucket;

/// One such upload.
#[derive(Debug)]
pub(super) struct BucketUpload {
    bucket: Bucket,
    path: Path,
    id: MultipartId,
    /// How many parts were begun.
    begun: usize,
    /// Those that arrived, by number: they end in any order.
    arrived: Arc<Mutex<Vec<(usize, PartId)>>>,
}

impl BucketUpload {
    pub(super) fn new(bucket: Bucket, path: Path, id: MultipartId) -> Self {
        Self {
            bucket,
            path,
            id,
            begun: 0,
            arrived: Arc::default(),
        }
    }
}

#[async_trait]
impl MultipartUpload for BucketUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.begun;
        self.begun += 1;
        let (bucket, path, id) = (self.bucket.clone(), self.path.clone(), self.id.clone());
        let arrived = Arc::clone(&self.arrived);
        async move {
            let part = bucket.put_part(&path, &id, number, data).await?;
            arrived
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, part));
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let mut parts =
            std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner));
        parts.sort_unstable_by_key(|(number, _)| *number);
        let parts = parts.into_iter().map(|(_, part)| part).collect();
        self.bucket
            .complete_multipart(&self.path, &self.id, parts)
            .await
    }

    async fn abort(&mut self) -> Result<()> {
        self.bucket.abort_multipart(&self.path, &self.id).await
    }
}
