//! The keys that secrets are sealed with, in a file of their own beside the database.
//!
//! A sealed record names its key, so that several keys are in use while one is replaced by the next. What a record belongs to is bound
//! into it: a record that is moved to another name, plugin or purpose doesn't open.
//!
//! Hosts that share a database have the same keys, in one file or in copies of it. Which of them seals is said by the database ([`marks`]), so that all hosts
//! change it at once. Who meets a key that it does not know reads its file again: somebody may have put it there meanwhile.

mod file;
mod marks;

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};
use secrecy::ExposeSecret as _;

use crate::error::Error;
use crate::random;
use file::{First, Ring};

pub(crate) use file::missing;
pub(crate) use marks::newest;

/// First byte of a record: XChaCha20-Poly1305 with a 4-byte key id and a 24-byte nonce before the content.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// The keys in use.
pub(crate) struct KeyRing {
    path: PathBuf,
    ring: RwLock<Ring>,
}

impl KeyRing {
    /// Reads the key file, or makes one with one key.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        loop {
            if let Some(ring) = Ring::read(path)? {
                return Ok(Self::of(path, ring));
            }
            // If another process was faster, its file counts.
            Ring::first()?.write(path, First::Only)?;
        }
    }

    /// Reads the key file, which must be there.
    pub(crate) fn read_existing(path: &Path) -> Result<Self, Error> {
        let ring = Ring::read(path)?.ok_or_else(|| missing(path))?;
        Ok(Self::of(path, ring))
    }

    fn of(path: &Path, ring: Ring) -> Self {
        Self {
            path: path.to_owned(),
            ring: RwLock::new(ring),
        }
    }

    /// Encrypts, and binds to `context`.
    pub(crate) fn seal(&self, context: &[&str], content: &[u8]) -> Result<Vec<u8>, Error> {
        let ring = self.ring();
        let cipher = ring
            .cipher(ring.current)
            .ok_or_else(|| self.lacks(ring.current))?;
        let nonce = random::bytes::<NONCE>()?;
        let sealed = cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: content,
                    aad: &bind(context),
                },
            )
            .map_err(|_| Error::Unavailable("a secret could not be sealed".to_owned()))?;
        let mut record = beginning(ring.current);
        record.extend_from_slice(&nonce);
        record.extend_from_slice(&sealed);
        Ok(record)
    }

    /// Decrypts what was sealed for the same `context`.
    pub(crate) fn open_sealed(&self, context: &[&str], record: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged =
            || Error::Corrupt("a sealed record is damaged or belongs elsewhere".to_owned());
        let (id, rest) = key_id(record).ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        if !self.has(id) {
            self.look_again()?;
        }
        let cipher = self.ring().cipher(id).ok_or_else(|| self.lacks(id))?;
        cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: &bind(context),
                },
            )
            .map_err(|_| damaged())
    }

    /// Keys for another purpose, which is named by a text of this program's own, each with the id of the key that it was made from; the current one's first.
    pub(crate) fn derive(&self, purpose: &str) -> Vec<(u32, [u8; 32])> {
        let ring = self.ring();
        let mut derived: Vec<_> = ring
            .keys
            .iter()
            .map(|(id, key)| (*id, blake3::derive_key(purpose, key.expose_secret())))
            .collect();
        derived.sort_by_key(|(id, _)| *id != ring.current);
        derived
    }

    /// Takes on keys that came into the file since it was read. What was read earlier stays: without the file, it still opens what is there.
    pub(crate) fn look_again(&self) -> Result<(), Error> {
        if let Some(newer) = Ring::read(&self.path)? {
            let mut ring = self.ring_to_change();
            for (id, key) in newer.keys {
                ring.keys.entry(id).or_insert(key);
            }
        }
        Ok(())
    }

    /// Goes by what the file says at this moment, and by nothing else.
    fn reload(&self) -> Result<(), Error> {
        let mut newer = Ring::read(&self.path)?.ok_or_else(|| missing(&self.path))?;
        let mut ring = self.ring_to_change();
        newer.current = ring.current;
        *ring = newer;
        Ok(())
    }

    /// Which keys there are.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.ring().keys.keys().copied().collect()
    }

    /// Which key seals.
    pub(crate) fn current(&self) -> u32 {
        self.ring().current
    }

    /// Adds a key to the file and answers it. Nothing is sealed with it yet. For who is alone with the file.
    pub(crate) fn add(&self, above: u32) -> Result<u32, Error> {
        self.change(|ring| {
            let last = ring.keys.keys().next_back().copied().unwrap_or_default();
            let id = last.max(above) + 1;
            ring.keys.insert(id, file::new_key()?);
            Ok(id)
        })
    }

    /// Notes in the file which key seals, for a database that has no mark yet. For who is alone with the file.
    pub(crate) fn note_current(&self, id: u32) -> Result<(), Error> {
        self.change(|ring| {
            if !ring.keys.contains_key(&id) {
                return Err(self.lacks(id));
            }
            ring.current = id;
            Ok(())
        })
    }

    /// Forgets all keys before this one, and answers which. For who is alone with the file, once nothing is sealed with them any more.
    pub(crate) fn drop_before(&self, id: u32) -> Result<Vec<u32>, Error> {
        self.change(|ring| {
            if !ring.keys.contains_key(&id) {
                return Err(self.lacks(id));
            }
            let newer = ring.keys.split_off(&id);
            let old = std::mem::replace(&mut ring.keys, newer);
            ring.current = ring.current.max(id);
            Ok(old.into_keys().collect())
        })
    }

    /// Puts these keys into another file, which may have some of them already.
    pub(crate) fn hand_over(&self, path: &Path) -> Result<(), Error> {
        let ring = self.ring();
        let first = match Ring::read(path)? {
            None => First::Only,
            Some(there) if ring.has_all_of(&there) => First::Replace,
            Some(_) => {
                return Err(Error::Conflict(format!(
                    "the key file {} has keys that {} has not: put it elsewhere",
                    path.display(),
                    self.path.display()
                )));
            }
        };
        ring.write(path, first)
    }

    /// Changes what the file says at this moment.
    fn change<T>(&self, change: impl FnOnce(&mut Ring) -> Result<T, Error>) -> Result<T, Error> {
        let mut changed = Ring::read(&self.path)?.ok_or_else(|| missing(&self.path))?;
        let done = change(&mut changed)?;
        changed.write(&self.path, First::Replace)?;
        let mut ring = self.ring_to_change();
        changed.current = ring.current;
        *ring = changed;
        Ok(done)
    }

    pub(crate) fn has(&self, id: u32) -> bool {
        self.ring().keys.contains_key(&id)
    }

    /// Why a record or a host can't go on.
    pub(crate) fn lacks(&self, id: u32) -> Error {
        Error::Corrupt(format!(
            "key {id} is not in the key file {}: copy the key file of a host that has it",
            self.path.display()
        ))
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_to_change(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every record begins with that is sealed with this key.
pub(crate) fn beginning(key: u32) -> Vec<u8> {
    let mut beginning = vec![VERSION];
    beginning.extend_from_slice(&key.to_be_bytes());
    beginning
}

/// How long that is.
pub(crate) const BEGINNING: usize = 1 + KEY_ID;

/// The key that a record is sealed with, by its beginning.
pub(crate) fn key_of(beginning: &[u8]) -> Option<u32> {
    key_id(beginning).map(|(id, _)| id)
}

fn key_id(record: &[u8]) -> Option<(u32, &[u8])> {
    let (version, rest) = record.split_first()?;
    let (id, rest) = rest.split_first_chunk::<KEY_ID>()?;
    (*version == VERSION).then_some((u32::from_be_bytes(*id), rest))
}

/// Each part with its length before it, so that no two contexts read the same.
fn bind(context: &[&str]) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in context {
        bound.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}
