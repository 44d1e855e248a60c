//! Components that are not in the source yet, since nobody started it since they are rows.

use std::path::Path;

use crate::components;
use crate::db::{Db, sql};
use crate::error::Error;

/// Takes the components of earlier versions into the source, from its data folder, as its next start would. Says which are missing: their plugins would
/// not start there either.
pub(super) async fn complete(folder: &Path, source: &Db) -> Result<(), Error> {
    components::adopt(source, folder).await?;
    let missing = source
        .fetch(sql!(
            "SELECT id FROM host_plugins p WHERE NOT EXISTS (
                SELECT 1 FROM host_components c WHERE c.plugin = p.id AND c.digest = p.digest) ORDER BY id"
        ))
        .await?;
    for row in missing {
        tracing::warn!(plugin = %row.text(0)?, "the component is missing");
    }
    Ok(())
}
