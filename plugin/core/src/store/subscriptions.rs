//! What providers were asked to tell of.

use super::query;
use super::queues;
use super::rows::Subscription;
use crate::platform::{Condition, Operator, Platform, StoreError, Value, Write};
use crate::settings::ProviderKind;

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

/// A provider is to tell of changes at this place: what it tells elsewhere is due at once.
pub(crate) fn moved(kind: ProviderKind, place: &str) -> Write {
    let condition = |field, operator, operands, negated| Condition {
        field,
        operator,
        operands,
        negated,
    };
    // Microsoft's have ids, Google's have none.
    let with_id = kind == ProviderKind::Microsoft;
    let here = vec![Value::Text(place.to_owned())];
    let filter = vec![
        vec![condition("remote", Operator::IsNull, Vec::new(), with_id)],
        vec![
            condition("place", Operator::IsNull, Vec::new(), false),
            condition("place", Operator::Equal, here, true),
        ],
    ];
    query::patch::<Subscription>(filter, vec![("renew_at", queues::time(0))])
}
