//! Jobs that come again and again while their plugin is enabled.

use super::{Jobs, insert};
use crate::db::{Tx, sql};
use crate::error::Error;
use crate::model::{NewJob, Priority};

/// A job of this kind, with an empty key, is enqueued this often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What the plugin calls the work.
    pub kind: String,
    /// Milliseconds, at least one second.
    pub every_ms: u64,
}

/// A schedule that is faster than this only burns the machine.
const SHORTEST: u64 = 1_000;

impl Jobs {
    /// Replaces a plugin's schedules. One that stays the same keeps its next time; a new one is due at once.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn set_schedules(&self, plugin: &str, schedules: &[Schedule]) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        let now = self.0.now();
        for row in tx
            .fetch(sql!(
                "SELECT kind FROM host_schedules WHERE plugin = ?",
                plugin
            ))
            .await?
        {
            let kind = row.text(0)?;
            if schedules.iter().all(|schedule| schedule.kind != kind) {
                tx.execute(sql!(
                    "DELETE FROM host_schedules WHERE plugin = ? AND kind = ?",
                    plugin,
                    kind
                ))
                .await?;
            }
        }
        for schedule in schedules {
            let every = schedule.every_ms.max(SHORTEST);
            tx.execute(sql!(
                "INSERT INTO host_schedules (plugin, kind, every_ms, next_at) VALUES (?, ?, ?, ?)
                 ON CONFLICT (plugin, kind) DO UPDATE SET every_ms = excluded.every_ms,
                 next_at = CASE WHEN host_schedules.every_ms = excluded.every_ms THEN host_schedules.next_at ELSE excluded.next_at END",
                plugin,
                &schedule.kind,
                every,
                now
            ))
            .await?;
        }
        tx.commit().await?;
        self.0.jobs_changed();
        Ok(())
    }
}

/// Enqueues what is due. Times that passed unnoticed come once, not once each.
pub(super) async fn enqueue_due(tx: &mut Tx, plugin: &str, now: u64) -> Result<(), Error> {
    let take = tx.dialect().to_take("s");
    let due = tx
        .fetch(sql!(
            format!(
                "SELECT kind, every_ms FROM host_schedules s WHERE plugin = ? AND next_at <= ?{take}"
            ),
            plugin,
            now
        ))
        .await?;
    for row in due {
        let kind = row.text(0)?;
        let next = now.saturating_add(row.uint(1)?.max(SHORTEST));
        tx.execute(sql!(
            "UPDATE host_schedules SET next_at = ? WHERE plugin = ? AND kind = ?",
            next,
            plugin,
            &kind
        ))
        .await?;
        let job = NewJob {
            kind,
            key: String::new(),
            payload: Vec::new(),
            run_at: None,
            priority: Priority::Normal,
        };
        insert(tx, plugin, &job, now).await?;
    }
    Ok(())
}
