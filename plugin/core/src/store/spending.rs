//! What was spent of quotas at the providers, kept from call to call: of each mailbox's own, and of those that all mailboxes share.

use std::collections::HashMap;

use super::column::{Json, Row as _};
use super::query;
use super::rows::{Budget, Pool};
use crate::platform::{Operator, Platform, StoreError, Value, Write};
use crate::provider::{Quota, Spending, Spent};
use crate::settings::ProviderKind;

/// Milliseconds of spending that one row holds: shorter ones are more rows to read in every run, longer ones are forgotten later.
const SLICE_MS: u64 = 5_000;

/// Rows of this age are of no use any more, in milliseconds: far longer than the window of any quota that is shared.
const USELESS_MS: u64 = 600_000;

/// What was spent of an account's own quotas.
pub(crate) async fn of_account(platform: &impl Platform, id: &str) -> Result<Spent, StoreError> {
    let row: Option<Budget> = query::get(platform, &[id]).await?;
    Ok(row.map_or_else(Spent::default, |row| Spent {
        units: row.spent.0,
        uploaded: row.uploaded.unwrap_or_default().0,
        shared: 0,
    }))
}

/// What was spent, by account.
pub(crate) async fn of_accounts(
    platform: &impl Platform,
) -> Result<HashMap<String, Spending>, StoreError> {
    let rows: Vec<Budget> = query::all(platform, Vec::new(), None).await?;
    let spent = rows.into_iter().map(|row| (row.account, row.spent.0));
    Ok(spent.collect())
}

/// What all mailboxes together spent at a provider in the window of this quota.
pub(crate) async fn of_all(
    platform: &impl Platform,
    kind: ProviderKind,
    quota: Quota,
) -> Result<Spending, StoreError> {
    let from = platform.now().saturating_sub(quota.window_ms + SLICE_MS);
    let filter = vec![
        query::text("provider", kind.name()),
        query::is("at", Operator::GreaterOrEqual, from),
    ];
    let rows: Vec<Pool> = query::all(platform, filter, Some(("at", false))).await?;
    // As if all of a slice had been spent at its end: nothing is forgotten too early.
    let notes = rows.into_iter().map(|row| {
        let units = u64::try_from(row.units).unwrap_or_default();
        (row.at + SLICE_MS - 1, units)
    });
    Ok(Spending::noted(quota, notes))
}

/// Writes that keep for the next call what was spent until now.
pub(crate) fn put(now: u64, provider: &str, account: &str, spent: Spent) -> Vec<Write> {
    let row = Budget {
        account: account.to_owned(),
        spent: Json(spent.units),
        uploaded: Some(Json(spent.uploaded)),
    };
    let mut writes: Vec<_> = query::put(vec![row]).into_iter().collect();
    if spent.shared > 0 {
        let units = i64::try_from(spent.shared).unwrap_or(i64::MAX);
        writes.push(Write::Add {
            collection: Pool::COLLECTION,
            key: vec![
                Value::Text(provider.to_owned()),
                Value::Time(now - now % SLICE_MS),
            ],
            field: "units",
            amount: units,
        });
    }
    writes
}

/// Forgets what is too old to matter.
pub(crate) fn forget(provider: &str, now: u64) -> Write {
    query::delete::<Pool>(vec![
        query::text("provider", provider),
        query::is("at", Operator::Less, now.saturating_sub(USELESS_MS)),
    ])
}
