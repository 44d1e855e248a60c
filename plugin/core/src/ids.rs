//! Ids of our own.
//!
//! What has an id at the provider gets one here that is computed from it, so that storing a thing twice is storing it once, and no
//! look-up is needed to find out what a thing is called. They are hashes, because a provider's ids are long (Graph: 150
//! characters) and every join row carries two of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::platform::Random;

/// 16 of a hash's bytes: no two of 2^40 things collide by chance.
fn hash(kind: &str, account: &str, remote: &str) -> String {
    let mut digest = Sha256::new();
    for part in [kind, account, remote] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let bytes = digest.finalize();
    URL_SAFE_NO_PAD.encode(bytes.get(..16).unwrap_or(&bytes))
}

/// Our id of a message.
#[must_use]
pub fn message(account: &str, remote: &str) -> String {
    hash("message", account, remote)
}

/// Our id of a draft that was written elsewhere.
#[must_use]
pub fn draft(account: &str, remote: &str) -> String {
    hash("draft", account, remote)
}

/// Our id of a thread.
#[must_use]
pub fn thread(account: &str, remote: &str) -> String {
    hash("thread", account, remote)
}

/// Our id of a folder.
#[must_use]
pub fn folder(account: &str, remote: &str) -> String {
    hash("folder", account, remote)
}

/// The folder that every list without folders reads: all but spam and trash.
#[must_use]
pub fn everything(account: &str) -> String {
    folder(account, "*everything")
}

/// The folder of what is starred, which not every provider has.
#[must_use]
pub fn starred(account: &str) -> String {
    folder(account, "*starred")
}

/// A new id that can't be guessed: 128 random bits.
#[must_use]
pub fn fresh(random: &impl Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new id that sorts by `now` (milliseconds since the Unix epoch) and then by `position`.
#[must_use]
pub fn ordered(random: &impl Random, now: u64, position: usize) -> String {
    let mut bytes = [0; 6];
    random.fill(&mut bytes);
    format!("{now:013}-{position:05}-{}", URL_SAFE_NO_PAD.encode(bytes))
}
