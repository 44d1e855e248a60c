//! What providers were asked to tell of.

use super::query;
use super::rows::Subscription;
use crate::platform::{Platform, StoreError, Write};

pub(crate) async fn get(
    platform: &impl Platform,
    account: &str,
) -> Result<Option<Subscription>, StoreError> {
    query::get(platform, &[account]).await
}

/// Those that the provider knows by these ids.
pub(crate) async fn by_remote(
    platform: &impl Platform,
    remotes: &[String],
) -> Result<Vec<Subscription>, StoreError> {
    if remotes.is_empty() {
        return Ok(Vec::new());
    }
    let filter = vec![query::one_of("remote", remotes.iter().map(String::as_str))];
    query::all(platform, filter, None).await
}

pub(crate) fn put(row: Subscription) -> Vec<Write> {
    query::put(vec![row]).into_iter().collect()
}

pub(crate) fn delete(account: &str) -> Write {
    query::delete::<Subscription>(vec![query::text("account", account)])
}
