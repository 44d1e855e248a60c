//! What a person is told of an account: on one axis what it means for them, on the other what the worker does.

use crate::model::{Condition, Quota, Stage, Status};
use crate::platform::{Platform, StoreError};
use crate::provider;
use crate::settings::texts::{Locale, Text};
use crate::settings::{self, ProviderKind};
use crate::store::rows::{Account, Stream};
use crate::store::{accounts, queues, spending};

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn stage(account: &Account, streams: &[Stream]) -> Stage {
    if account.stage == "idle" {
        return Stage::Idle;
    }
    if streams
        .iter()
        .any(|stream| stream.comparing || stream.sweeping)
    {
        return Stage::Reconcile;
    }
    match account.stage.as_str() {
        "backfill" => Stage::Backfill,
        "reconcile" => Stage::Reconcile,
        _ => Stage::Increment,
    }
}

/// Why the worker does nothing for the account, if it does nothing: the row alone tells.
pub(crate) fn halted(account: &Account, now: u64) -> Option<Condition> {
    let waits = || account.wait_until.filter(|until| *until > now);
    if let Some(why) = &account.reconnect {
        Some(Condition::Reconnect(why.clone()))
    } else if let Some(what) = &account.administrator {
        Some(Condition::Administrator(what.clone()))
    } else if !account.started {
        Some(Condition::AwaitingStart)
    } else {
        waits().map(Condition::Waiting)
    }
}

/// What the rows say at this time.
#[must_use]
pub fn condition(account: &Account, streams: &[Stream], now: u64, locale: Locale) -> Condition {
    if account.state == "detached" {
        return Condition::Reconnect(Text::Unlinked.in_locale(locale));
    }
    if let Some(halted) = halted(account, now) {
        return halted;
    }
    let begun = account.folders_at.is_some() && !streams.is_empty();
    let settled = streams.iter().all(|stream| {
        let open = stream.more || stream.comparing || stream.sweeping;
        stream.phase == "following" && !open && stream.answered == Some(account.poked)
    });
    // Between two of its steps a round has nothing open, and still goes on.
    let rests = account.round.is_none();
    if begun && settled && rests {
        Condition::UpToDate
    } else {
        Condition::Syncing
    }
}

/// The account's status.
///
/// # Errors
/// What the store answers.
pub(crate) async fn status(
    platform: &impl Platform,
    account: &Account,
    locale: Locale,
) -> Result<Status, StoreError> {
    let streams = accounts::streams(platform, &account.id).await?;
    Ok(Status {
        condition: condition(account, &streams, platform.now(), locale),
        stage: stage(account, &streams),
        stored: count(account.local_count),
        // Of a part of the mailbox, the provider does not tell the size.
        expected: account
            .since
            .is_none()
            .then_some(account.provider_count)
            .flatten()
            .map(count),
        parked: queues::parked_count(platform, &account.id).await?,
        last_success: account.last_success,
        next_run: account.next_run,
        last_check: account.last_check,
        local_count: count(account.local_count),
        provider_count: account.provider_count.map(count),
        reason: account.reason.clone(),
        quota: quota(platform, account).await?,
    })
}

/// What the account may ask of its provider, and what was spent of it by now.
async fn quota(platform: &impl Platform, account: &Account) -> Result<Quota, StoreError> {
    let Some(quota) = granted(platform, &account.provider).await? else {
        return Ok(Quota::default());
    };
    let spent = spending::of_account(platform, &account.id).await?;
    Ok(Quota {
        used: spent.units.within(quota, platform.now()),
        units: quota.units,
        window: quota.window_ms,
    })
}

/// What each mailbox may spend at a provider; none: there is no such provider.
pub(crate) async fn granted(
    platform: &impl Platform,
    provider: &str,
) -> Result<Option<provider::Quota>, StoreError> {
    let Some(kind) = ProviderKind::from_name(provider) else {
        return Ok(None);
    };
    let settings = settings::provider(platform, kind).await?;
    Ok(Some(provider::quota(kind, &settings)))
}
