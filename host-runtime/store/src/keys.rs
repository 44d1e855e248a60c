//! The keys that secrets are sealed with, in a file of their own beside the database.
//!
//! The database has a mark of each key, which says which key it is and nothing of what it opens: hosts that share a database must have the same, and one
//! that has others notices it before it seals anything.
//!
//! A sealed record names its key, so that several keys are in use while one is replaced by the next. What a record belongs to is bound
//! into it: a record that is moved to another name, plugin or purpose doesn't open.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret as _, SecretBox};

use crate::db::{Db, Tx, sql};
use crate::error::Error;
use crate::random;

/// First byte of a record: XChaCha20-Poly1305 with a 4-byte key id and a 24-byte nonce before the content.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;

/// What a mark is derived for.
const MARK: &str = "plugin-host 2026-11-30 mark of a key in the database";

#[derive(serde::Serialize, serde::Deserialize)]
struct KeyFile {
    /// Which key seals new records.
    current: u32,
    /// 256-bit keys, base64.
    keys: BTreeMap<u32, String>,
}

struct Ring {
    current: u32,
    keys: BTreeMap<u32, SecretBox<[u8; 32]>>,
}

/// The keys in use.
pub(crate) struct KeyRing {
    path: PathBuf,
    ring: RwLock<Ring>,
}

impl KeyRing {
    /// Reads the key file, or makes one with one key.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        loop {
            if let Some(ring) = Self::read(path)? {
                return Ok(ring);
            }
            let ring = Ring {
                current: 1,
                keys: BTreeMap::from([(1, new_key()?)]),
            };
            // If another process was faster, its file counts.
            ring.write(path, First::Only)?;
        }
    }

    fn read(path: &Path) -> Result<Option<Self>, Error> {
        let corrupt =
            |what: String| Error::Corrupt(format!("the key file {}: {what}", path.display()));
        let ring = match std::fs::read_to_string(path) {
            Ok(text) => {
                let file: KeyFile = serde_json::from_str(&text)
                    .map_err(|_| corrupt("is no key file".to_owned()))?;
                let mut keys = BTreeMap::new();
                for (id, key) in &file.keys {
                    let bytes = STANDARD
                        .decode(key)
                        .ok()
                        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                    let bytes = bytes.ok_or_else(|| corrupt(format!("key {id} is damaged")))?;
                    keys.insert(*id, SecretBox::new(Box::new(bytes)));
                }
                if !keys.contains_key(&file.current) {
                    return Err(corrupt("the current key is missing".to_owned()));
                }
                Ring {
                    current: file.current,
                    keys,
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::Unavailable(format!(
                    "the key file {}: {error}",
                    path.display()
                )));
            }
        };
        Ok(Some(Self {
            path: path.to_owned(),
            ring: RwLock::new(ring),
        }))
    }

    /// Reads the key file, which must be there.
    pub(crate) fn read_existing(path: &Path) -> Result<Self, Error> {
        Self::read(path)?.ok_or_else(|| missing(path))
    }

    /// Puts these keys into another file, which may have some of them already.
    pub(crate) fn hand_over(&self, path: &Path) -> Result<(), Error> {
        let first = match Self::read(path)? {
            None => First::Only,
            Some(there) => {
                let ours = self.derive(MARK);
                if there.derive(MARK).iter().any(|key| !ours.contains(key)) {
                    return Err(Error::Conflict(format!(
                        "the key file {} has keys that {} has not: put it elsewhere",
                        path.display(),
                        self.path.display()
                    )));
                }
                First::Replace
            }
        };
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.write(path, first)
    }

    /// Makes sure that these are the keys of this database, and leaves a mark there of those that are new.
    pub(crate) async fn claim(&self, db: &Db) -> Result<(), Error> {
        let mut tx = db.write().await?;
        tx.alone("keys").await?;
        for (id, mark) in self.fit(&mut tx).await? {
            tx.execute(sql!(
                "INSERT INTO host_keys (id, mark) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                u64::from(id),
                mark.to_vec()
            ))
            .await?;
        }
        tx.commit().await
    }

    /// Makes sure that these are the keys of this database.
    pub(crate) async fn check(&self, db: &Db) -> Result<(), Error> {
        self.fit(&mut db.read().await?).await.map(drop)
    }

    /// The marks of these keys, if they are those of the database.
    async fn fit(&self, tx: &mut Tx) -> Result<Vec<(u32, [u8; 32])>, Error> {
        let mut known = BTreeMap::new();
        for row in tx.fetch(sql!("SELECT id, mark FROM host_keys")).await? {
            known.insert(row.uint(0)?, row.bytes(1)?);
        }
        let marks = self.derive(MARK);
        let ours = |(id, mark): &(u32, [u8; 32])| {
            known
                .get(&u64::from(*id))
                .map(|known| known.as_slice() == mark)
        };
        let another = marks.iter().any(|mark| ours(mark) == Some(false));
        if another || (!known.is_empty() && !marks.iter().any(|mark| ours(mark) == Some(true))) {
            return Err(Error::Corrupt(format!(
                "the key file {} has other keys than the database, whose secrets they don't open: copy the key file of a host that uses it",
                self.path.display()
            )));
        }
        Ok(marks)
    }

    /// Keys for another purpose, which is named by a text of this program's own, each with the id of the key that it was made from; the current one's first.
    pub(crate) fn derive(&self, purpose: &str) -> Vec<(u32, [u8; 32])> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let mut derived: Vec<_> = ring
            .keys
            .iter()
            .map(|(id, key)| (*id, blake3::derive_key(purpose, key.expose_secret())))
            .collect();
        derived.sort_by_key(|(id, _)| *id != ring.current);
        derived
    }

    /// Encrypts, and binds to `context`.
    pub(crate) fn seal(&self, context: &[&str], content: &[u8]) -> Result<Vec<u8>, Error> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let cipher = ring.cipher(ring.current)?;
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
        let mut record = Vec::with_capacity(1 + KEY_ID + NONCE + sealed.len());
        record.push(VERSION);
        record.extend_from_slice(&ring.current.to_be_bytes());
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
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.cipher(id)?
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: &bind(context),
                },
            )
            .map_err(|_| damaged())
    }

    /// Makes a new key the current one; records sealed with older ones still open.
    pub(crate) fn add_key(&self) -> Result<(), Error> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let id = ring.keys.keys().next_back().map_or(1, |last| last + 1);
        let before = ring.current;
        ring.keys.insert(id, new_key()?);
        ring.current = id;
        if let Err(error) = ring.write(&self.path, First::Replace) {
            ring.keys.remove(&id);
            ring.current = before;
            return Err(error);
        }
        Ok(())
    }

    /// Forgets all keys but the current one. Only once nothing is sealed with them any more.
    pub(crate) fn drop_old_keys(&self) -> Result<(), Error> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let current = ring.current;
        ring.keys.retain(|id, _| *id == current);
        ring.write(&self.path, First::Replace)
    }
}

/// What to do with a file that is there.
#[derive(Clone, Copy)]
enum First {
    /// Leave it.
    Only,
    /// Replace it.
    Replace,
}

impl Ring {
    fn cipher(&self, id: u32) -> Result<XChaCha20Poly1305, Error> {
        let key = self
            .keys
            .get(&id)
            .ok_or_else(|| Error::Corrupt(format!("key {id} is not in the key file")))?;
        Ok(XChaCha20Poly1305::new(key.expose_secret().into()))
    }

    /// Replaces the file as a whole: a crash leaves the old one or the new one.
    fn write(&self, path: &Path, first: First) -> Result<(), Error> {
        let failed = |error: std::io::Error| {
            Error::Unavailable(format!("the key file {}: {error}", path.display()))
        };
        let keys = self
            .keys
            .iter()
            .map(|(id, key)| (*id, STANDARD.encode(key.expose_secret())))
            .collect();
        let text = serde_json::to_string_pretty(&KeyFile {
            current: self.current,
            keys,
        })
        .map_err(|error| Error::Unavailable(error.to_string()))?;
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&draft).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        match first {
            First::Replace => std::fs::rename(&draft, path).map_err(failed)?,
            First::Only => {
                let linked = std::fs::hard_link(&draft, path);
                std::fs::remove_file(&draft).map_err(failed)?;
                match linked {
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        return Ok(());
                    }
                    other => other.map_err(failed)?,
                }
            }
        }
        if let Some(folder) = path.parent() {
            std::fs::File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        Ok(())
    }
}

/// Why nothing goes on without the file: a new key would open nothing of what is there, and make it harder to mend.
pub(crate) fn missing(path: &Path) -> Error {
    Error::Corrupt(format!(
        "the key file {} is missing, without which the secrets in the database can't be read: restore it",
        path.display()
    ))
}

fn new_key() -> Result<SecretBox<[u8; 32]>, Error> {
    Ok(SecretBox::new(Box::new(random::bytes::<32>()?)))
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
