//! Whether both sides say the same.
//!
//! Everything is read on both sides, through the same eyes as ever, and only then compared: what an engine keeps in its own way (a U+0000, a
//! number of a row) is no difference, and what was lost or changed on the way is one.

use super::part::{Part, Side};
use super::{Report, Step, usage};
use crate::collections::all_defined;
use crate::db::Db;
use crate::error::Error;

/// Compares everything; answers how many rows there are.
pub(super) async fn all(
    source: &Db,
    target: &Db,
    parts: &[Part],
    report: &mut Report<'_, '_>,
) -> Result<u64, Error> {
    definitions(source, target).await?;
    let mut rows = 0;
    for part in parts {
        rows += one(source, target, part, report).await?;
    }
    usage::compare(source, target).await?;
    Ok(rows)
}

async fn one(
    source: &Db,
    target: &Db,
    part: &Part,
    report: &mut Report<'_, '_>,
) -> Result<u64, Error> {
    let (there, here) = tokio::try_join!(
        part.digest(source, Side::Source, |rows| {
            report.say(Step::Comparing, part, rows, false)
        }),
        part.digest(target, Side::Target, |_| Ok(()))
    )?;
    if there.rows != here.rows {
        return Err(differ(
            &part.name,
            &format!("{} rows became {}", there.rows, here.rows),
        ));
    }
    if there != here {
        return Err(differ(
            &part.name,
            &format!("of its {} rows some are not the same", here.rows),
        ));
    }
    let (last_there, last_here) = (
        part.last_number(source, Side::Source).await?,
        part.last_number(target, Side::Target).await?,
    );
    if last_there != last_here {
        return Err(differ(
            &part.name,
            &format!("its next row would get another number ({last_there} became {last_here})"),
        ));
    }
    report.say(Step::Comparing, part, here.rows, true)?;
    Ok(here.rows)
}

async fn definitions(source: &Db, target: &Db) -> Result<(), Error> {
    let names = |defined: Vec<crate::collections::Definition>| {
        let mut all: Vec<_> = defined
            .into_iter()
            .map(|defined| (defined.plugin, defined.collection))
            .collect();
        all.sort_by(|one, other| (&one.0, &one.1.name).cmp(&(&other.0, &other.1.name)));
        all
    };
    let (there, here) = (
        names(all_defined(source).await?),
        names(all_defined(target).await?),
    );
    if there == here {
        Ok(())
    } else {
        Err(differ("host_collections", "not the same is defined"))
    }
}

/// Why the target is not to be used.
pub(super) fn differ(part: &str, how: &str) -> Error {
    Error::Corrupt(format!(
        "{part} differs after it was copied: {how}. If the source was served between two runs, move everything anew (--anew)"
    ))
}
