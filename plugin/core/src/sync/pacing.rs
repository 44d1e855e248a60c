//! When the provider says no: pauses of the whole account, kept in its row.
//!
//! There is no counter that burns out: delays grow to a ceiling and stay there until something works again. What only a person
//! or an administrator can mend stops the worker, or slows it down to an occasional try, and says so.

use crate::model::{Event, JobOutcome};
use crate::platform::{Level, Platform, StoreError, Value};
use crate::provider::ProviderError;
use crate::settings::texts::{self, Locale, Text};
use crate::store::column::Column;
use crate::store::queues::time;
use crate::store::rows::Account;
use crate::store::{accounts, log};

/// First delay after a fault that may pass, and its ceiling, in milliseconds.
const FIRST: u64 = 5_000;
const CEILING: u64 = 900_000;

/// An administrator's mending is not told to us, so it is tried for, this often (milliseconds).
const ADMINISTRATOR: u64 = 900_000;

/// So many times in a row a fresh access token may be refused, which takes five minutes, before the person is asked to link the account again.
/// One who has taken the consent back is asked at once: no token is given out any more.
const REFUSALS: i64 = 6;

/// Growing delays: `FIRST` doubled `tries` times, at most `CEILING`.
#[must_use]
pub fn delay(tries: u32) -> u64 {
    FIRST
        .saturating_mul(1_u64.checked_shl(tries.min(20)).unwrap_or(u64::MAX))
        .min(CEILING)
}

/// Notes in the account's row why it pauses, and says when to run again.
pub(crate) async fn pause(
    platform: &impl Platform,
    account: &Account,
    error: ProviderError,
) -> Result<JobOutcome, StoreError> {
    let now = platform.now();
    if let ProviderError::Paced { until } = error {
        // No trouble: it goes on by itself, and what a person asks for goes on at once.
        let next = vec![("next_run", time(until))];
        let writes = vec![accounts::patch(&account.id, next)];
        platform.apply(writes).await?;
        return Ok(JobOutcome::AgainAt(until));
    }
    let tries = u32::try_from(account.troubles).unwrap_or(u32::MAX);
    let wait = |until: u64, reason: String, troubles: i64| {
        let changes = vec![
            ("wait_until", time(until)),
            ("next_run", time(until)),
            ("reason", reason.clone().write()),
            ("troubles", troubles.write()),
            ("last_check", time(now)),
        ];
        let event = Event::Waiting { until, reason };
        (changes, JobOutcome::AgainAt(until), event)
    };
    let why = error.to_string();
    let reconnect = |why: String| {
        let changes = vec![
            ("reconnect", why.clone().write()),
            ("next_run", Value::Null),
        ];
        (changes, JobOutcome::Done, Event::Reconnect(why))
    };
    let administrator = |what: String| {
        let until = now.saturating_add(ADMINISTRATOR);
        let (mut changes, outcome, _) = wait(until, what.clone(), account.troubles);
        changes.push(("administrator", what.clone().write()));
        (changes, outcome, Event::Administrator(what))
    };
    let (changes, outcome, event) = match error {
        ProviderError::Wait { until, reason } => {
            wait(until.max(now.saturating_add(1)), reason, account.troubles)
        }
        ProviderError::Unauthorized => {
            let in_a_row = if account.reason.as_deref() == Some(&why) {
                account.troubles
            } else {
                0
            };
            if in_a_row >= REFUSALS {
                reconnect(why.clone())
            } else {
                let tries = u32::try_from(in_a_row).unwrap_or(u32::MAX);
                wait(
                    now.saturating_add(delay(tries)),
                    why.clone(),
                    in_a_row.saturating_add(1),
                )
            }
        }
        ProviderError::Reconnect(why) => reconnect(why),
        ProviderError::MissingScope(what) => {
            let locale = Locale::of_user(platform, &account.user);
            reconnect(format!("{} {what}.", Text::ConsentLacks.in_locale(locale)))
        }
        ProviderError::Administrator(what) => administrator(what),
        ProviderError::NoAccess => {
            let locale = Locale::of_user(platform, &account.user);
            administrator(texts::no_access(&account.email, locale))
        }
        other => wait(
            now.saturating_add(delay(tries)),
            other.to_string(),
            account.troubles.saturating_add(1),
        ),
    };
    platform.log(
        Level::Info,
        "an account pauses",
        &[("account", &account.id), ("why", &why)],
    );
    let mut writes = vec![accounts::patch(&account.id, changes)];
    writes.extend(log::note(platform, account, event).await?);
    writes.push(accounts::changed(account));
    platform.apply(writes).await?;
    Ok(outcome)
}
