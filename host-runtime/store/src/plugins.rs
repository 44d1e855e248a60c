//! Installed plugins: what the manager must know to put everything back as it was after a restart or a crash.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::db::{Row, Tx, sql};
use crate::error::Error;
use crate::store::Inner;
use crate::turn::Turn;

/// Whether a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginState {
    /// Installed, not running.
    Disabled,
    /// Running; its jobs are done.
    Enabled,
    /// Stopped by the host, with a reason.
    Broken,
}

impl PluginState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Broken => "broken",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "enabled" => Self::Enabled,
            "broken" => Self::Broken,
            _ => Self::Disabled,
        }
    }
}

/// A plugin as it is remembered. What it asked for and was granted is the manager's business: JSON here.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginRecord {
    /// Lower case words joined by `-`.
    pub id: String,
    /// Of the component in `file`.
    pub version: String,
    /// BLAKE3 of the component, hex; see [`Components`](crate::Components).
    pub digest: String,
    /// Whether it runs.
    pub state: PluginState,
    /// Why it is broken.
    pub reason: Option<String>,
    /// What it says of itself.
    pub manifest: serde_json::Value,
    /// What an administrator granted; none: nothing yet.
    pub grants: Option<serde_json::Value>,
    /// The version whose `install` or `upgrade` last ended well; none: never installed.
    pub installed_version: Option<String>,
    /// A lifecycle step that was begun and not ended, such as `enable`: to be replayed.
    pub pending: Option<String>,
    /// Milliseconds since the Unix epoch; set by the store.
    pub updated_at: u64,
}

/// A call that ended badly.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Which export.
    pub call: String,
    /// Such as `trap`, `timeout` or `memory`.
    pub reason: String,
    /// Root cause and what the plugin last said.
    pub detail: String,
}

/// What a plugin keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Usage {
    /// Bytes of its rows.
    pub row_bytes: u64,
    /// Bytes of its blobs.
    pub blob_bytes: u64,
    /// What was granted; none: no limit.
    pub quota: Option<u64>,
}

/// Faults kept for each plugin.
const KEEP_FAULTS: i64 = 200;

/// How often a plugin's data is deleted anew that another transaction was in the way of.
const DELETE_TRIES: u32 = 5;

const COLUMNS: &str =
    "id, version, digest, state, reason, manifest, grants, installed_version, pending, updated_at";

/// Wakes who follows what other hosts do with plugins.
pub(crate) struct PluginSignal(watch::Sender<u64>);

impl Default for PluginSignal {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl PluginSignal {
    /// It is time to look.
    pub(crate) fn changed(&self) {
        self.0
            .send_modify(|number| *number = number.wrapping_add(1));
    }
}

/// Installed plugins.
#[derive(Clone)]
pub struct Plugins(pub(crate) Arc<Inner>);

impl Plugins {
    /// Waits up to `patience` (at most a minute) for the turn to change plugins, which one host has at a time; none: another one still has it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn turn(&self, patience: Duration) -> Result<Option<Turn>, Error> {
        Turn::take(&self.0, patience).await
    }

    /// Changes whenever it is time to look whether another host has changed a plugin; never, if there are no others.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.plugins.0.subscribe()
    }

    /// Adds or replaces a plugin's record as a whole.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id that is not lower case words joined by `-`, [`Error::Conflict`] if the turn is over, [`Error::Unavailable`].
    pub async fn save(&self, plugin: &PluginRecord, turn: &Turn) -> Result<(), Error> {
        if !is_id(&plugin.id) {
            return Err(Error::Invalid(
                "id",
                "is not lower case words joined by `-`, at most 64 long".to_owned(),
            ));
        }
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        turn.holds(&mut tx, now).await?;
        tx.execute(sql!(
                format!(
                    "INSERT INTO host_plugins ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                     ON CONFLICT (id) DO UPDATE SET version = excluded.version, digest = excluded.digest,
                     state = excluded.state, reason = excluded.reason, manifest = excluded.manifest, grants = excluded.grants,
                     installed_version = excluded.installed_version, pending = excluded.pending, updated_at = excluded.updated_at"
                ),
                &plugin.id,
                &plugin.version,
                &plugin.digest,
                plugin.state.as_str(),
                plugin.reason.as_ref(),
                plugin.manifest.to_string(),
                plugin.grants.as_ref().map(ToString::to_string),
                plugin.installed_version.as_ref(),
                plugin.pending.as_ref(),
                now
            ))
            .await?;
        tx.commit().await?;
        self.0.jobs_changed();
        self.0.tell("host_plugins");
        Ok(())
    }

    /// None: no such plugin.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn get(&self, id: &str) -> Result<Option<PluginRecord>, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                format!("SELECT {COLUMNS} FROM host_plugins WHERE id = ?"),
                id
            ))
            .await?;
        row.map(|row| record(&row)).transpose()
    }

    /// All, by id.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn list(&self) -> Result<Vec<PluginRecord>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(format!(
                "SELECT {COLUMNS} FROM host_plugins ORDER BY id"
            )))
            .await?;
        rows.iter().map(record).collect()
    }

    /// Forgets a plugin with its jobs, schedules, locks and faults; what it kept stays for a plugin of the same id.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Conflict`] if the turn is over, [`Error::Unavailable`].
    pub async fn delete(&self, id: &str, turn: &Turn) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        turn.holds(&mut tx, self.0.now()).await?;
        if tx
            .execute(sql!("DELETE FROM host_plugins WHERE id = ?", id))
            .await?
            == 0
        {
            return Err(Error::NotFound("plugin"));
        }
        for table in [
            "host_jobs",
            "host_job_runs",
            "host_schedules",
            "host_locks",
            "host_plugin_faults",
            "host_oauth_flows",
            "host_components",
        ] {
            tx.execute(sql!(format!("DELETE FROM {table} WHERE plugin = ?"), id))
                .await?;
        }
        tx.commit().await?;
        self.0.tell("host_plugins");
        Ok(())
    }

    /// Deletes everything that a plugin keeps: collections, secrets, uploads and blobs. Can be repeated after a crash.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the turn is over, [`Error::Unavailable`].
    pub async fn delete_data(&self, id: &str, turn: &Turn) -> Result<(), Error> {
        for number in 1..=DELETE_TRIES {
            let mut tx = self.0.db.write().await?;
            match self.delete_rows(&mut tx, id, turn).await {
                Ok(()) => {
                    tx.commit().await?;
                    break;
                }
                // By a collector that was looking at its blobs, or a batch that was under way.
                Err(_) if tx.is_crossed() && number < DELETE_TRIES => tx.rollback().await,
                Err(error) => return Err(error),
            }
        }
        self.0.catalog.forget(id);
        self.0.tell("host_catalog");
        if let Err(error) = crate::blobs::delete_doomed(&self.0).await {
            tracing::warn!(%error, plugin = id, "the contents of blobs that nobody names are deleted later");
        }
        Ok(())
    }

    async fn delete_rows(&self, tx: &mut Tx, id: &str, turn: &Turn) -> Result<(), Error> {
        turn.holds(tx, self.0.now()).await?;
        tx.alone(&format!("collections of {id}")).await?;
        crate::collections::drop_all(tx, id).await?;
        crate::blobs::doom_all(tx, id, self.0.now()).await?;
        tx.execute(sql!("DELETE FROM host_secrets WHERE plugin = ?", id))
            .await?;
        crate::usage::forget(tx, id).await
    }

    /// Notes a call that ended badly.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn record_fault(
        &self,
        plugin: &str,
        call: &str,
        reason: &str,
        detail: &str,
    ) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        tx.execute(sql!(
            "INSERT INTO host_plugin_faults (plugin, at, call, reason, detail) VALUES (?, ?, ?, ?, ?)",
            plugin,
            self.0.now(),
            call,
            reason,
            detail
        ))
        .await?;
        tx.execute(sql!(
            "DELETE FROM host_plugin_faults WHERE plugin = ? AND id <=
             (SELECT id FROM host_plugin_faults WHERE plugin = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            plugin,
            plugin,
            KEEP_FAULTS
        ))
        .await?;
        tx.commit().await
    }

    /// A plugin's faults, newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn faults(&self, plugin: &str, limit: u32) -> Result<Vec<Fault>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(
                "SELECT at, call, reason, detail FROM host_plugin_faults WHERE plugin = ? ORDER BY id DESC LIMIT ?",
                plugin,
                limit
            ))
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Fault {
                    at: row.uint(0)?,
                    call: row.text(1)?,
                    reason: row.text(2)?,
                    detail: row.text(3)?,
                })
            })
            .collect()
    }

    /// How many faults since a time, to decide that a plugin is broken.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn faults_since(&self, plugin: &str, since: u64) -> Result<u64, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT COUNT(*) FROM host_plugin_faults WHERE plugin = ? AND at >= ?",
                plugin,
                since
            ))
            .await?;
        row.map_or(Ok(0), |row| row.uint(0))
    }

    /// Sets how many bytes of rows and blobs a plugin may keep; none: no limit.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn set_quota(&self, plugin: &str, quota: Option<u64>) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "INSERT INTO host_usage (plugin, quota) VALUES (?, ?) ON CONFLICT (plugin) DO UPDATE SET quota = excluded.quota",
                plugin,
                quota
            ))
            .await
            .map(drop)
    }

    /// What a plugin keeps.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn usage(&self, plugin: &str) -> Result<Usage, Error> {
        crate::usage::of(&self.0.db, plugin).await
    }
}

/// Plugin ids stand in names of tables and triggers: nothing but lower case letters, digits and `-`.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() <= 64
        && id.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn record(row: &Row) -> Result<PluginRecord, Error> {
    let json = |text: String| {
        serde_json::from_str(&text)
            .map_err(|error| Error::Corrupt(format!("a plugin's record is damaged: {error}")))
    };
    Ok(PluginRecord {
        id: row.text(0)?,
        version: row.text(1)?,
        digest: row.text(2)?,
        state: PluginState::parse(&row.text(3)?),
        reason: row.opt_text(4)?,
        manifest: json(row.text(5)?)?,
        grants: row.opt_text(6)?.map(json).transpose()?,
        installed_version: row.opt_text(7)?,
        pending: row.opt_text(8)?,
        updated_at: row.uint(9)?,
    })
}
