//! The key file: read, and written as a whole.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use secrecy::{ExposeSecret as _, SecretBox};

use crate::error::Error;
use crate::random;

#[derive(serde::Serialize, serde::Deserialize)]
struct KeyFile {
    /// Which key seals new records where no database says otherwise. Later ones wait for their rotation.
    current: u32,
    /// 256-bit keys, base64.
    keys: BTreeMap<u32, String>,
}

/// Keys by number, and which of them seals.
pub(super) struct Ring {
    pub(super) current: u32,
    pub(super) keys: BTreeMap<u32, SecretBox<[u8; 32]>>,
}

/// What to do with a file that is there.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// Leave it.
    Only,
    /// Replace it.
    Replace,
}

impl Ring {
    /// One key, which is new.
    pub(super) fn first() -> Result<Self, Error> {
        Ok(Self {
            current: 1,
            keys: BTreeMap::from([(1, new_key()?)]),
        })
    }

    /// What a file says; none: there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let corrupt =
            |what: String| Error::Corrupt(format!("the key file {}: {what}", path.display()));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Error::Unavailable(format!(
                    "the key file {}: {error}",
                    path.display()
                )));
            }
        };
        let file: KeyFile =
            serde_json::from_str(&text).map_err(|_| corrupt("is no key file".to_owned()))?;
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
        Ok(Some(Self {
            current: file.current,
            keys,
        }))
    }

    pub(super) fn cipher(&self, id: u32) -> Option<XChaCha20Poly1305> {
        let key = self.keys.get(&id)?;
        Some(XChaCha20Poly1305::new(key.expose_secret().into()))
    }

    pub(super) fn has_all_of(&self, other: &Self) -> bool {
        other.keys.iter().all(|(id, key)| {
            let ours = self.keys.get(id);
            ours.is_some_and(|ours| ours.expose_secret() == key.expose_secret())
        })
    }

    /// Replaces the file as a whole: a crash leaves the old one or the new one.
    pub(super) fn write(&self, path: &Path, first: First) -> Result<(), Error> {
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
        // A name of its own: processes of several containers may have the same number.
        let unique = hex::encode(random::bytes::<8>()?);
        let draft = path.with_extension(format!("{unique}.new"));
        let mut options = std::fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let written = options
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                put(&draft, path, first)
            })
            .map_err(failed);
        if written.is_err() || matches!(first, First::Only) {
            let _ = std::fs::remove_file(&draft);
        }
        written?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        std::fs::File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

/// Gives a draft its name.
fn put(draft: &Path, path: &Path, first: First) -> std::io::Result<()> {
    match first {
        First::Replace => {
            // Whoever could read the file reads the next one, whoever it was that changed it.
            #[cfg(unix)]
            if let Ok(before) = std::fs::metadata(path) {
                use std::os::unix::fs::MetadataExt as _;
                std::os::unix::fs::chown(draft, Some(before.uid()), Some(before.gid()))?;
                std::fs::set_permissions(draft, before.permissions())?;
            }
            std::fs::rename(draft, path)
        }
        First::Only => match std::fs::hard_link(draft, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        },
    }
}

/// Why nothing goes on without the file: a new key would open nothing of what is there, and make it harder to mend.
pub(crate) fn missing(path: &Path) -> Error {
    Error::Corrupt(format!(
        "the key file {} is missing, without which the secrets in the database can't be read: restore it",
        path.display()
    ))
}

pub(super) fn new_key() -> Result<SecretBox<[u8; 32]>, Error> {
    Ok(SecretBox::new(Box::new(random::bytes::<32>()?)))
}
