//! Attachment ids: opaque, different at each call, good for one message.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::mail::{decode, encode};

/// What Gmail's begin with.
const PREFIX: &str = "ANGjdJ";
/// Bytes of the sealed part; Gmail's ids are several hundred characters, longer than many a database column.
const SEALED: usize = 240;

/// Issues and reads attachment ids.
pub(crate) struct Attachments {
    secret: [u8; 32],
    next: AtomicU64,
}

impl Attachments {
    pub(crate) fn new() -> Self {
        let mut secret = [0; 32];
        rand::Rng::fill(&mut rand::rng(), &mut secret);
        Self {
            secret,
            next: AtomicU64::new(1),
        }
    }

    fn stream(&self, nonce: u64) -> impl Iterator<Item = u8> + '_ {
        (0_u64..).flat_map(move |block| {
            let mut hash = Sha256::new();
            hash.update(self.secret);
            hash.update(nonce.to_be_bytes());
            hash.update(block.to_be_bytes());
            hash.finalize().to_vec()
        })
    }

    fn seal(&self, nonce: u64, bytes: &[u8]) -> Vec<u8> {
        bytes
            .iter()
            .zip(self.stream(nonce))
            .map(|(byte, key)| byte ^ key)
            .collect()
    }

    /// An id of this part of this message.
    pub(crate) fn issue(&self, message: u64, part: &str) -> String {
        let nonce = self.next.fetch_add(1, Ordering::Relaxed);
        let mut plain = message.to_be_bytes().to_vec();
        plain.extend_from_slice(part.as_bytes());
        plain.resize(SEALED.max(plain.len() + 1), 0);
        let mut bytes = nonce.to_be_bytes().to_vec();
        bytes.extend(self.seal(nonce, &plain));
        format!("{PREFIX}{}", encode(&bytes))
    }

    /// The part that an id of this message means.
    pub(crate) fn part(&self, id: &str, message: u64) -> Option<String> {
        let bytes = decode(id.strip_prefix(PREFIX)?)?;
        let (nonce, sealed) = bytes.split_first_chunk::<8>()?;
        let plain = self.seal(u64::from_be_bytes(*nonce), sealed);
        let (owner, rest) = plain.split_first_chunk::<8>()?;
        if u64::from_be_bytes(*owner) != message {
            return None;
        }
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (part, padding) = rest.split_at_checked(end)?;
        // Zeros to the end are the seal: another key or a changed id would not give them.
        padding
            .iter()
            .all(|byte| *byte == 0)
            .then(|| String::from_utf8_lossy(part).into_owned())
    }
}
