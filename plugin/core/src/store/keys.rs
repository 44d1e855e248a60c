//! A provider's public keys, kept for a while.

use super::query;
use super::rows::Keys;
use crate::platform::{Platform, StoreError, Write};

pub(crate) async fn get(
    platform: &impl Platform,
    provider: &str,
) -> Result<Option<Keys>, StoreError> {
    query::get(platform, &[provider]).await
}

pub(crate) fn put(provider: &str, document: String, fetched: u64) -> Vec<Write> {
    let row = Keys {
        provider: provider.to_owned(),
        document,
        fetched,
    };
    query::put(vec![row]).into_iter().collect()
}
