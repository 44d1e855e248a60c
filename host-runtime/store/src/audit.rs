//! Who changed what. Only ever added to; details never hold secrets.

use std::sync::Arc;

use crate::db::sql;
use crate::error::Error;
use crate::store::Inner;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AuditEntry {
    /// Grows.
    pub id: i64,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Who; none: the host itself or the command line.
    pub actor: Option<String>,
    /// Such as `plugin.enable`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// What else a reader wants to know, without secrets.
    pub details: serde_json::Value,
}

/// Who changed what.
#[derive(Clone)]
pub struct Audit(pub(crate) Arc<Inner>);

impl Audit {
    /// Notes a change.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn record(
        &self,
        actor: Option<&str>,
        action: &str,
        subject: &str,
        details: &serde_json::Value,
    ) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "INSERT INTO host_audit (at, actor, action, subject, details) VALUES (?, ?, ?, ?, ?)",
                self.0.now(),
                actor,
                action,
                subject,
                details.to_string()
            ))
            .await
            .map(drop)
    }

    /// Newest first, from before the entry `before`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn list(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(
                "SELECT id, at, actor, action, subject, details FROM host_audit WHERE id < ? ORDER BY id DESC LIMIT ?",
                before.unwrap_or(i64::MAX),
                limit
            ))
            .await?;
        rows.iter()
            .map(|row| {
                Ok(AuditEntry {
                    id: row.int(0)?,
                    at: row.uint(1)?,
                    actor: row.opt_text(2)?,
                    action: row.text(3)?,
                    subject: row.text(4)?,
                    details: serde_json::from_str(&row.text(5)?).unwrap_or_default(),
                })
            })
            .collect()
    }
}
