//! Quotas, and what blobs weigh. What rows weigh is counted by the target's triggers as they come, since engines keep some text in more bytes than
//! others.

use super::compare::differ;
use crate::db::{Db, sql};
use crate::error::Error;
use crate::usage::{fold_all, of};

async fn plugins(db: &Db) -> Result<Vec<String>, Error> {
    let rows = db
        .fetch(sql!("SELECT plugin FROM host_usage ORDER BY plugin"))
        .await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Once rows are there. Again is fine.
pub(super) async fn carry_over(source: &Db, target: &Db) -> Result<(), Error> {
    for plugin in plugins(source).await? {
        let kept = of(source, &plugin).await?;
        target
            .execute(sql!(
                "INSERT INTO host_usage (plugin, blob_bytes, quota) VALUES (?, ?, ?)
                 ON CONFLICT (plugin) DO UPDATE SET blob_bytes = excluded.blob_bytes, quota = excluded.quota",
                plugin,
                kept.blob_bytes,
                kept.quota
            ))
            .await?;
    }
    fold_all(target).await
}

pub(super) async fn compare(source: &Db, target: &Db) -> Result<(), Error> {
    let (there, here) = (plugins(source).await?, plugins(target).await?);
    if there != here {
        return Err(differ("host_usage", "other plugins are counted"));
    }
    for plugin in there {
        let (there, here) = (of(source, &plugin).await?, of(target, &plugin).await?);
        if (there.blob_bytes, there.quota) != (here.blob_bytes, here.quota) {
            return Err(differ(
                "host_usage",
                &format!("{plugin} has another quota or other blobs"),
            ));
        }
    }
    Ok(())
}
