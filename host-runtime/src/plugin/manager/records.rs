//! What is written down of plugins: their records, and their components as files.

use std::path::Path;
use std::sync::Arc;

use host_store::PluginRecord;

use super::super::instance::Running;
use super::Inner;
use super::error::ManageError;
use super::state::{self, Entry, PluginStatus};

/// What a record's `pending` says was begun.
pub(super) mod pending {
    pub(in super::super) const ENABLE: &str = "enable";
    pub(in super::super) const DISABLE: &str = "disable";
    pub(in super::super) const REMOVE: &str = "remove";
    pub(in super::super) const REMOVE_DATA: &str = "remove-data";
}

impl Inner {
    pub(super) async fn record(&self, id: &str) -> Result<PluginRecord, ManageError> {
        self.store
            .plugins()
            .get(id)
            .await?
            .ok_or_else(|| ManageError::Unknown(id.to_owned()))
    }

    /// Writes a record and shows it.
    pub(super) async fn save(
        &self,
        record: &PluginRecord,
        running: Option<Arc<Running>>,
    ) -> Result<Arc<PluginStatus>, ManageError> {
        self.store.plugins().save(record).await?;
        let status = Arc::new(state::status(record)?);
        let entry = Entry {
            status: status.clone(),
            running,
        };
        self.shared
            .change(|s| drop(s.plugins.insert(record.id.clone(), entry)));
        Ok(status)
    }

    /// Keeps a component in the data folder; answers its place there. Written beside and renamed, so that no half file is ever run.
    pub(super) async fn keep_file(
        &self,
        id: &str,
        digest: &str,
        bytes: Vec<u8>,
    ) -> Result<String, ManageError> {
        let name = format!("plugins/{id}/{digest}.wasm");
        let path = self.store.folder().join(&name);
        let failed = |path: &Path, e: &std::io::Error| {
            ManageError::File(format!("{} can't be written: {e}", path.display()))
        };
        let written = path.clone();
        tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            use std::io::Write as _;
            let parent = written.parent().unwrap_or(&written);
            std::fs::create_dir_all(parent)?;
            let beside = written.with_extension("part");
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&beside, &written)
        })
        .await
        .map_err(|e| ManageError::File(e.to_string()))?
        .map_err(|e| failed(&path, &e))?;
        Ok(name)
    }

    pub(super) async fn discard_file(&self, name: &str) {
        let path = self.store.folder().join(name);
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(file = %path.display(), %error, "an obsolete version could not be deleted");
        }
    }
}
