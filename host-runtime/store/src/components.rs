//! The components of installed plugins: in the database, because that is what hosts share.

use std::path::Path;
use std::sync::Arc;

use crate::db::{Db, sql};
use crate::error::Error;
use crate::store::Inner;
use crate::turn::Turn;

/// Components by plugin and digest.
#[derive(Clone)]
pub struct Components(pub(crate) Arc<Inner>);

impl Components {
    /// Keeps a component. Keeping it again is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn keep(&self, plugin: &str, digest: &str, content: Vec<u8>) -> Result<(), Error> {
        keep(&self.0.db, plugin, digest, content).await
    }

    /// A component as it was kept; none: there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn get(&self, plugin: &str, digest: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT content FROM host_components WHERE plugin = ? AND digest = ?",
                plugin,
                digest
            ))
            .await?;
        row.map(|row| row.bytes(0)).transpose()
    }

    /// Which components of a plugin are kept.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn digests(&self, plugin: &str) -> Result<Vec<String>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(
                "SELECT digest FROM host_components WHERE plugin = ? ORDER BY digest",
                plugin
            ))
            .await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Forgets those of a plugin's components that its record does not name: whoever changes the plugin keeps one before the record names it.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the turn is over, [`Error::Unavailable`].
    pub async fn discard_unnamed(&self, plugin: &str, turn: &Turn) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        turn.holds(&mut tx, self.0.now()).await?;
        tx.execute(sql!(
            "DELETE FROM host_components WHERE plugin = ? AND digest NOT IN (SELECT digest FROM host_plugins WHERE id = ?)",
            plugin,
            plugin
        ))
        .await?;
        tx.commit().await
    }
}

async fn keep(db: &Db, plugin: &str, digest: &str, content: Vec<u8>) -> Result<(), Error> {
    db.execute(sql!(
        "INSERT INTO host_components (plugin, digest, content) VALUES (?, ?, ?) ON CONFLICT (plugin, digest) DO NOTHING",
        plugin,
        digest,
        content
    ))
    .await
    .map(drop)
}

/// Takes over what earlier versions kept as files of the data folder.
pub(crate) async fn adopt(db: &Db, folder: &Path) -> Result<(), Error> {
    let rows = db
        .fetch(sql!(
            "SELECT id, digest FROM host_plugins p WHERE NOT EXISTS (
                SELECT 1 FROM host_components c WHERE c.plugin = p.id AND c.digest = p.digest)"
        ))
        .await?;
    for row in rows {
        let (plugin, digest) = (row.text(0)?, row.text(1)?);
        let file = folder
            .join("plugins")
            .join(&plugin)
            .join(format!("{digest}.wasm"));
        if let Ok(content) = tokio::fs::read(&file).await {
            keep(db, &plugin, &digest, content).await?;
        }
    }
    Ok(())
}
