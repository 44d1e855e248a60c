//! Everybody's accounts in figures, for whoever runs the host. Nothing in them says anything about a person.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Condition, Overview, Result};
use crate::platform::Platform;
use crate::provider::{Quota, Spending};
use crate::store::{accounts, queues, spending};
use crate::sync::status;

/// One for each provider at which there is an account.
///
/// # Errors
/// What the store answers.
pub async fn overviews(platform: &impl Platform) -> Result<Vec<Overview>> {
    let now = platform.now();
    let parked = queues::parked_counts(platform).await?;
    let spent = spending::of_accounts(platform).await?;
    let mut quotas: HashMap<String, Option<Quota>> = HashMap::new();
    let mut overviews: BTreeMap<String, Overview> = BTreeMap::new();
    for account in accounts::all(platform).await? {
        if account.state != "active" {
            continue;
        }
        if !quotas.contains_key(&account.provider) {
            let quota = status::granted(platform, &account.provider).await?;
            quotas.insert(account.provider.clone(), quota);
        }
        let quota = quotas.get(&account.provider).copied().flatten();
        let overview = overviews
            .entry(account.provider.clone())
            .or_insert_with(|| Overview {
                provider: account.provider.clone(),
                ..Overview::default()
            });
        let place = match status::halted(&account, now) {
            Some(Condition::Reconnect(_)) => &mut overview.reconnect,
            Some(Condition::Administrator(_)) => &mut overview.administrator,
            Some(Condition::AwaitingStart) => &mut overview.awaiting_start,
            Some(Condition::Waiting(_)) => &mut overview.waiting,
            // The streams would tell more exactly, and are too many to be read for everybody.
            _ if account.round.is_some() || account.last_success.is_none() => &mut overview.syncing,
            _ => &mut overview.up_to_date,
        };
        *place += 1;
        overview.messages += u64::try_from(account.local_count).unwrap_or(0);
        overview.parked += parked.get(&account.id).copied().unwrap_or(0);
        let share = quota.zip(spent.get(&account.id));
        let share = share.map_or(0, |(quota, spent)| thousandths(quota, spent, now));
        overview.quota_used = overview.quota_used.max(share);
        if account.started && account.reconnect.is_none() {
            let both = overview
                .oldest_success
                .into_iter()
                .chain(account.last_success);
            overview.oldest_success = both.min();
        }
    }
    Ok(overviews.into_values().collect())
}

fn thousandths(quota: Quota, spent: &Spending, now: u64) -> u64 {
    spent.within(quota, now).saturating_mul(1_000) / quota.units.max(1)
}
