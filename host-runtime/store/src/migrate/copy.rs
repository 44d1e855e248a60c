//! Copying a part in batches.

use super::mark::{self, Reached};
use super::part::{Part, Side};
use super::{Report, Step};
use crate::db::Db;
use crate::error::Error;

/// Adds to the target what it has not got of a part.
pub(super) async fn carry_over(
    source: &Db,
    target: &Db,
    part: &Part,
    report: &mut Report<'_, '_>,
) -> Result<(), Error> {
    let mut copied = 0;
    let mut after = match mark::reached(target, part).await? {
        Reached::End => return Ok(()),
        Reached::Key(after) => after,
    };
    loop {
        let rows = part.read(source, Side::Source, after.as_deref()).await?;
        copied += u64::try_from(rows.len()).unwrap_or_default();
        let reached = match part.last_key(&rows) {
            Some(last) => Reached::Key(Some(last)),
            None => Reached::End,
        };
        let mut tx = target.write().await?;
        part.write(&mut tx, rows).await?;
        if matches!(reached, Reached::End) {
            part.count_on(source, &mut tx).await?;
        }
        mark::note(&mut tx, part, &reached).await?;
        tx.commit().await?;
        match reached {
            Reached::End => return report.say(Step::Copying, part, copied, true),
            Reached::Key(last) => after = last,
        }
        report.say(Step::Copying, part, copied, false)?;
    }
}
