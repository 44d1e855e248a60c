//! What a person is still to be told at the next address that their browser goes to, whichever host that reaches.

use std::sync::Arc;

use crate::db::sql;
use crate::error::Error;
use crate::store::Inner;

/// Anybody can cause one, so that there must be an end; each has some hundred bytes. Beyond this the oldest go.
const MOST: i64 = 500;

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The plugin that it is about.
    pub plugin: String,
    /// A JSON document.
    pub problem: String,
}

/// Notices by the id of the request that they are from.
#[derive(Clone)]
pub struct Notices(pub(crate) Arc<Inner>);

impl Notices {
    /// Keeps a notice for `lifetime_ms`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn keep(&self, id: &str, notice: &Notice, lifetime_ms: u64) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "INSERT INTO host_notices (id, plugin, problem, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                id,
                &notice.plugin,
                &notice.problem,
                self.0.now().saturating_add(lifetime_ms)
            ))
            .await?;
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_notices WHERE expires_at <
                 (SELECT expires_at FROM host_notices ORDER BY expires_at DESC LIMIT 1 OFFSET ?)",
                MOST
            ))
            .await
            .map(drop)
    }

    /// A notice; may be asked for again. None: there is none, or it is too old.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn get(&self, id: &str) -> Result<Option<Notice>, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT plugin, problem FROM host_notices WHERE id = ? AND expires_at > ?",
                id,
                self.0.now()
            ))
            .await?;
        row.map(|row| {
            Ok(Notice {
                plugin: row.text(0)?,
                problem: row.text(1)?,
            })
        })
        .transpose()
    }
}
