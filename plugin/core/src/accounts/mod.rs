//! Linked accounts: what a person is told of them and can ask of them. [`linking`] brings them here, [`change`] sets what a person
//! sets, `abilities` says what can be done with them; [`overviews`] counts everybody's.

pub(crate) mod abilities;
pub mod change;
pub mod linking;
mod overview;

use crate::compose;
use crate::connect::{Connect, Linked};
use crate::ids;
use crate::model::{Account, Caller, Error, Items, LogEntry, Parked, Result, Slice};
use crate::platform::{Platform, Priority, StoreError, Value};
use crate::provider::Provider;
use crate::settings::texts::Locale;
use crate::store::column::{Column, Json};
use crate::store::rows;
use crate::store::{accounts, log, queues};
use crate::sync::status;
use abilities::Abilities;

pub use change::change;
pub(crate) use linking::revoke;
pub use linking::{begin, complete, fault, unlink};
pub use overview::overviews;

/// How often it is tried to ask for news, when others ask for news of the same account.
const TRIES: usize = 6;

/// From when on mail is kept; none: from the beginning.
pub(super) struct Start(pub Option<u64>);

impl Start {
    /// An earlier date than before fetches what is missing, a later one keeps what is there.
    fn changes(self, account: &rows::Account) -> Vec<(&'static str, Value)> {
        let since = self.0.filter(|since| *since > 0);
        let earlier = account.started
            && account
                .since
                .is_some_and(|before| since.is_none_or(|since| since < before));
        let mut changes = vec![
            ("started", true.write()),
            ("since", since.write()),
            ("next_run", Value::Null),
        ];
        if earlier {
            changes.push(("relist", true.write()));
        }
        changes
    }
}

async fn present(platform: &impl Platform, caller: &Caller, row: rows::Account) -> Result<Account> {
    let status = status::status(platform, &row, Locale::of(&caller.locale)).await?;
    let abilities = Abilities::of(platform, &row).await?;
    let names = |features: Vec<crate::oauth::Feature>| {
        features
            .into_iter()
            .map(|feature| feature.name().to_owned())
            .collect()
    };
    let left_out = row.left_out().iter();
    let left_out = left_out
        .map(|remote| ids::folder(&row.id, remote))
        .collect();
    Ok(Account {
        attachments_limit: compose::attachments_limit(&row),
        signature: row.signature.unwrap_or_default(),
        left_out,
        id: row.id,
        provider: row.provider,
        email: row.email,
        display_name: row.display_name,
        sync_since: row.since,
        aliases: row.aliases.0.into_iter().map(|alias| alias.email).collect(),
        features: names(abilities.usable),
        missing_features: names(abilities.missing),
        status,
    })
}

/// The caller's accounts, oldest first.
///
/// # Errors
/// What the store answers.
pub async fn list(platform: &impl Platform, caller: &Caller) -> Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for row in accounts::of_user(platform, &caller.user).await? {
        accounts.push(present(platform, caller, row).await?);
    }
    Ok(accounts)
}

/// One account.
///
/// # Errors
/// `NotFound` for a foreign one; what the store answers.
pub async fn get(platform: &impl Platform, caller: &Caller, id: &str) -> Result<Account> {
    let row = accounts::owned(platform, &caller.user, id).await?;
    present(platform, caller, row).await
}

/// Asks the provider again which addresses the account may send as.
///
/// # Errors
/// `NotFound` for a foreign account; what the provider's fault means to the caller.
pub async fn refresh_aliases(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    id: &str,
) -> Result<Vec<String>> {
    let account = active(platform, caller, id).await?;
    let fault = |error| Error::of_provider(error, id);
    let mailbox = connect
        .connect(&Linked::from(&account))
        .await
        .map_err(fault)?;
    let aliases = mailbox.aliases().await.map_err(fault)?;
    let emails = aliases.iter().map(|alias| alias.email.clone()).collect();
    platform
        .apply(vec![
            accounts::patch(id, vec![("aliases", Json(aliases).write())]),
            accounts::changed(&account),
        ])
        .await?;
    Ok(emails)
}

/// Messages that could not be stored.
///
/// # Errors
/// `NotFound` for a foreign account; what the store answers.
pub async fn list_parked(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
) -> Result<Vec<Parked>> {
    accounts::owned(platform, &caller.user, id).await?;
    let rows = queues::parked_failed(platform, id).await?.into_iter();
    Ok(rows
        .map(|row| Parked {
            provider_id: row.remote,
            reason: row.reason,
            tries: u32::try_from(row.tries).unwrap_or(u32::MAX),
            next_try: row.next_try,
        })
        .collect())
}

/// Tries what could not be stored again now, whenever it would have been its turn.
///
/// # Errors
/// As [`sync_now`].
pub async fn retry_parked(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let account = active(platform, caller, id).await?;
    let now = platform.now();
    let writes = vec![
        queues::retry_parked(id, now),
        accounts::patch(id, vec![("next_run", queues::time(now))]),
        queues::wake(id, None, Priority::Interactive),
        accounts::changed(&account),
    ];
    Ok(platform.apply(writes).await?)
}

/// What the worker did, newest first.
///
/// # Errors
/// `NotFound` for a foreign account; what the store answers.
pub async fn log(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    slice: Slice,
) -> Result<Items<LogEntry>> {
    accounts::owned(platform, &caller.user, id).await?;
    let limit = slice.limit.clamp(1, 200);
    let rows = log::page(platform, id, limit, slice.cursor).await?;
    let more = u32::try_from(rows.len()).is_ok_and(|found| found >= limit);
    // Keyed, not counted: entries that are written meanwhile move nothing.
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    let items = rows.into_iter().map(|row| LogEntry {
        id: row.id,
        at: row.at,
        since: row.since,
        times: u64::try_from(row.times).unwrap_or(1),
        event: row.event.0,
    });
    Ok(Items {
        items: items.collect(),
        next,
    })
}

/// The account, if its provider can be asked for something.
async fn active(platform: &impl Platform, caller: &Caller, id: &str) -> Result<rows::Account> {
    let account = accounts::owned(platform, &caller.user, id).await?;
    if account.state != "active" || account.reconnect.is_some() {
        return Err(Error::Reconnect(id.to_owned()));
    }
    if let Some(until) = account.wait_until.filter(|until| *until > platform.now()) {
        return Err(Error::BusyUntil(until));
    }
    Ok(account)
}

/// Wakes the worker.
///
/// # Errors
/// `NotFound`, `Reconnect`, `BusyUntil`; what the store answers.
pub async fn sync_now(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let account = active(platform, caller, id).await?;
    look(platform, &account, vec![("folders_at", Value::Null)]).await
}

/// Lets the worker look for news now.
pub(crate) async fn poke(
    platform: &impl Platform,
    account: &rows::Account,
) -> std::result::Result<(), StoreError> {
    look_now(platform, account, Vec::new()).await
}

async fn look(
    platform: &impl Platform,
    account: &rows::Account,
    more: Vec<(&'static str, Value)>,
) -> Result<()> {
    Ok(look_now(platform, account, more).await?)
}

async fn look_now(
    platform: &impl Platform,
    account: &rows::Account,
    more: Vec<(&'static str, Value)>,
) -> std::result::Result<(), StoreError> {
    let mut known = account.clone();
    let mut conflict = None;
    for _ in 0..TRIES {
        let now = platform.now();
        let mut changes = vec![
            ("poked", queues::time(known.next_poke(now))),
            ("next_run", queues::time(now)),
        ];
        changes.extend(more.iter().cloned());
        let tried = platform.apply(vec![
            // Two that ask at once must not ask for the same: the worker may have begun to look in between.
            accounts::unpoked(&known),
            accounts::patch(&known.id, changes),
            queues::wake(&known.id, None, Priority::Interactive),
            accounts::changed(&known),
        ]);
        match tried.await {
            Err(StoreError::Conflict(what)) => conflict = Some(what),
            other => return other,
        }
        match accounts::get(platform, &account.id).await? {
            Some(now) => known = now,
            None => break,
        }
    }
    Err(StoreError::Conflict(conflict.unwrap_or_default()))
}

/// Compares everything with the provider.
///
/// # Errors
/// As [`sync_now`].
pub async fn reconcile(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let account = active(platform, caller, id).await?;
    let everything = vec![("folders_at", Value::Null), ("compare", true.write())];
    look(platform, &account, everything).await
}
