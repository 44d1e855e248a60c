//! `platform:host/blobs`: bytes too large for a row, in pieces of at most a megabyte.

use wasmtime::component::{HasData, Linker};

use crate::bindings::host::blobs;
use crate::plugin::call::CallState;

/// Adds the interface.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    blobs::add_to_linker::<_, HasBlobs>(linker, |call| Blobs { call })
}

struct HasBlobs;

impl HasData for HasBlobs {
    type Data<'a> = Blobs<'a>;
}

struct Blobs<'a> {
    call: &'a mut CallState,
}

impl blobs::Host for Blobs<'_> {
    async fn create(&mut self) -> Result<String, blobs::Error> {
        let caller = self.call.caller();
        let pending = self.call.trace.begin("blobs.create", String::new);
        let result = self
            .call
            .scope
            .store
            .blobs()
            .create(&caller)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }

    async fn append(
        &mut self,
        upload: String,
        offset: u64,
        chunk: Vec<u8>,
    ) -> Result<u64, blobs::Error> {
        let caller = self.call.caller();
        let size = chunk.len();
        let pending = self
            .call
            .trace
            .begin("blobs.append", || format!("{size} bytes at {offset}"));
        let result = self
            .call
            .scope
            .store
            .blobs()
            .append(&caller, &upload, offset, chunk)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }

    async fn finish(&mut self, upload: String) -> Result<String, blobs::Error> {
        let caller = self.call.caller();
        let pending = self.call.trace.begin("blobs.finish", String::new);
        let result = self
            .call
            .scope
            .store
            .blobs()
            .finish(&caller, &upload)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }

    async fn size(&mut self, blob: String) -> Result<u64, blobs::Error> {
        let caller = self.call.caller();
        let pending = self.call.trace.begin("blobs.size", String::new);
        let result = self
            .call
            .scope
            .store
            .blobs()
            .size(&caller, &blob)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }

    async fn read(
        &mut self,
        blob: String,
        offset: u64,
        length: u32,
    ) -> Result<Vec<u8>, blobs::Error> {
        let caller = self.call.caller();
        let pending = self
            .call
            .trace
            .begin("blobs.read", || format!("{length} bytes at {offset}"));
        let result = self
            .call
            .scope
            .store
            .blobs()
            .read(&caller, &blob, offset, length)
            .await
            .map_err(describe);
        pending.end(|| super::outcome(&result, |_| "ok"));
        result
    }
}

fn describe(error: host_store::BlobError) -> blobs::Error {
    match error {
        host_store::BlobError::NotFound => blobs::Error::NotFound,
        host_store::BlobError::QuotaExceeded => blobs::Error::QuotaExceeded,
        host_store::BlobError::Conflict(offset) => blobs::Error::Conflict(offset),
        host_store::BlobError::Unavailable(reason) => blobs::Error::Unavailable(reason),
        host_store::BlobError::Other(reason) => blobs::Error::Other(reason),
    }
}
