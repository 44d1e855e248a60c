//! Small encrypted values, by plugin and name.

use std::sync::Arc;

use crate::db::sql;
use crate::error::Error;
use crate::store::Inner;

/// Longest value, in bytes.
const LONGEST: usize = 64 * 1024;

/// Longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// Encrypted values of plugins, and sealing for the host's own data.
#[derive(Clone)]
pub struct Secrets(pub(crate) Arc<Inner>);

impl Secrets {
    /// None: there is none of this name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], or [`Error::Corrupt`] if the record does not open.
    pub async fn get(&self, plugin: &str, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT sealed FROM host_secrets WHERE plugin = ? AND name = ?",
                plugin,
                name
            ))
            .await?;
        row.map(|row| {
            self.0
                .keys
                .open_sealed(&["plugin-secret", plugin, name], &row.bytes(0)?)
        })
        .transpose()
    }

    /// Durable before it returns.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the value is longer than 64 KiB or the name longer than 256 bytes, [`Error::Unavailable`].
    pub async fn put(&self, plugin: &str, name: &str, value: &[u8]) -> Result<(), Error> {
        if value.len() > LONGEST {
            return Err(Error::Invalid(
                "value",
                format!("is longer than {LONGEST} bytes"),
            ));
        }
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::Invalid(
                "name",
                format!("is empty or longer than {LONGEST_NAME} bytes"),
            ));
        }
        let mut tx = self.0.db.write().await?;
        // Sealed inside the transaction, so that a rotation under way can't miss it.
        self.0.keys.for_sealing(&mut tx).await?;
        let sealed = self.0.keys.seal(&["plugin-secret", plugin, name], value)?;
        tx.execute(sql!(
            "INSERT INTO host_secrets (plugin, name, sealed) VALUES (?, ?, ?)
             ON CONFLICT (plugin, name) DO UPDATE SET sealed = excluded.sealed",
            plugin,
            name,
            sealed
        ))
        .await?;
        tx.commit().await
    }

    /// Deleting what is not there is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn delete(&self, plugin: &str, name: &str) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_secrets WHERE plugin = ? AND name = ?",
                plugin,
                name
            ))
            .await
            .map(drop)
    }

    /// Encrypts something of the host's own and binds it to `context`, such as `["cookie", name]`. It opens until a [`rotate`](Self::rotate) drops its key.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub fn seal(&self, context: &[&str], content: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.keys.seal(&[&["host"], context].concat(), content)
    }

    /// Keys for a purpose of the host's own, which every host of this database has; the newest first, which signs, while all of them check. The purpose
    /// is a text that nothing else uses, never one from outside.
    #[must_use]
    pub fn derived(&self, purpose: &'static str) -> Vec<[u8; 32]> {
        let derived = self.0.keys.derive(purpose);
        derived.into_iter().map(|(_, key)| key).collect()
    }

    /// Takes on keys that came into the key file since it was read: another host may use one already.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the file is damaged, [`Error::Unavailable`] if it can't be read.
    pub fn look_again(&self) -> Result<(), Error> {
        self.0.keys.look_again()
    }

    /// Decrypts what was sealed for the same `context`.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if it was changed, or sealed for something else.
    pub fn open(&self, context: &[&str], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.0
            .keys
            .open_sealed(&[&["host"], context].concat(), sealed)
    }
}
