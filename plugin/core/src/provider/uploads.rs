//! Uploads that are too large for one request: in pieces, to an address that the provider gives, gone on with from where they stopped.
//!
//! Whoever knows the address may write to the mailbox, so it is kept among the host's secrets and told nowhere else; and no access token is
//! sent with it. What has arrived is the provider's to tell: after a crash, a cut connection or a lost answer it is asked, and nothing
//! that it has is sent again.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::client::unavailable;
use super::{ProviderError, Result};
use crate::platform::{Clock, Platform, StoreError};
use crate::settings::Secret;

/// A call goes on with an upload for this long, in milliseconds, and leaves the rest to the next: a host ends calls that take too long.
const SLICE_MS: u64 = 2_000;

/// An upload that was begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    /// Tells what is uploaded: of anything else, nothing has arrived yet.
    pub(super) content: String,
    /// The draft that a file is put onto, and how many of the large files are on it already (Graph).
    pub(super) onto: Option<(String, usize)>,
    /// Where the pieces go.
    pub(super) address: Secret,
}

/// One for each message that is written.
fn name(marker: &str) -> String {
    format!("upload/{marker}")
}

/// The upload of a message that was begun and is not known to be over.
pub(super) async fn kept(platform: &impl Platform, marker: &str) -> Result<Option<Upload>> {
    let bytes = platform
        .get_secret(&name(marker))
        .await
        .map_err(|error| unavailable(platform.now(), &error))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Keeps it; to be called before the first piece is sent.
pub(super) async fn keep(platform: &impl Platform, marker: &str, upload: &Upload) -> Result<()> {
    let bytes =
        serde_json::to_vec(upload).map_err(|error| ProviderError::Refused(error.to_string()))?;
    platform
        .put_secret(&name(marker), &bytes)
        .await
        .map_err(|error| unavailable(platform.now(), &error))
}

/// It is over, or not wanted any more.
pub(crate) async fn forget(
    platform: &impl Platform,
    marker: &str,
) -> std::result::Result<(), StoreError> {
    platform.delete_secret(&name(marker)).await
}

/// What of a message decides whether an upload of it can be gone on with.
pub(super) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// How long a call has been uploading.
pub(super) struct Slice<'a, C>(&'a C, u64);

impl<'a, C: Clock> Slice<'a, C> {
    pub(super) fn begin(clock: &'a C) -> Self {
        Self(clock, clock.now())
    }

    /// To be asked between two pieces.
    ///
    /// # Errors
    /// [`ProviderError::Underway`]: it is time to let others work.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.now().saturating_sub(self.1) < SLICE_MS {
            return Ok(());
        }
        Err(ProviderError::Underway)
    }
}
