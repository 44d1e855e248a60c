//! Linked accounts: linking, what a person is told of them, and unlinking.

use crate::connect::{Connect, Linked};
use crate::ids;
use crate::model::{Account, Caller, Error, Parked, Result, Unlinked};
use crate::oauth::{self, Feature, Link, OAuthError, flow::Purpose};
use crate::platform::{Level, Platform, Priority, Value, Write};
use crate::provider::Provider;
use crate::settings::{self, ProviderKind};
use crate::store::column::{Column, Json};
use crate::store::rows;
use crate::store::{accounts, queues};
use crate::sync::status;

/// Where a person goes on after linking.
const AFTERWARDS: &str = "/mail";

/// Tokens are kept under a name that outlives crashes between keeping them and the account's row.
fn linked(account: &rows::Account) -> Linked {
    Linked {
        account: account.id.clone(),
        provider: account.provider.clone(),
        email: account.email.clone(),
    }
}

async fn present(platform: &impl Platform, row: rows::Account) -> Result<Account> {
    let status = status::status(platform, &row).await?;
    Ok(Account {
        id: row.id,
        provider: row.provider,
        email: row.email,
        display_name: row.display_name,
        sync_since: row.since,
        aliases: row.aliases.0.into_iter().map(|alias| alias.email).collect(),
        missing_features: row.missing.0,
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
        accounts.push(present(platform, row).await?);
    }
    Ok(accounts)
}

/// One account.
///
/// # Errors
/// `NotFound` for a foreign one; what the store answers.
pub async fn get(platform: &impl Platform, caller: &Caller, id: &str) -> Result<Account> {
    present(platform, accounts::owned(platform, &caller.user, id).await?).await
}

/// The name that recipients see.
///
/// # Errors
/// `NotFound` for a foreign account; `Invalid` for what can't stand in a header.
pub async fn set_display_name(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    name: &str,
) -> Result<()> {
    let account = accounts::owned(platform, &caller.user, id).await?;
    let name = name.trim();
    if name.chars().any(char::is_control) || name.chars().count() > 200 {
        return Err(Error::Invalid(
            "name".into(),
            "A name has one line of at most 200 characters.".into(),
        ));
    }
    let writes = vec![
        accounts::patch(&account.id, vec![("display_name", name.to_owned().write())]),
        accounts::changed(&account),
    ];
    Ok(platform.apply(writes).await?)
}

/// From when on mail is kept; none: from the beginning. An earlier date than before fetches what is missing, a later one keeps what
/// is there.
///
/// # Errors
/// `NotFound` for a foreign account; what the store answers.
pub async fn set_sync_since(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    since: Option<u64>,
) -> Result<()> {
    let account = accounts::owned(platform, &caller.user, id).await?;
    let since = since.filter(|since| *since > 0);
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
    let mut writes = vec![accounts::patch(&account.id, changes)];
    writes.push(queues::wake(id, None, Priority::Interactive));
    writes.push(accounts::changed(&account));
    Ok(platform.apply(writes).await?)
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
    let mailbox = connect.connect(&linked(&account)).await.map_err(fault)?;
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
    poke(platform, &account, Vec::new()).await
}

async fn poke(platform: &impl Platform, account: &rows::Account, more: Vec<Write>) -> Result<()> {
    let now = platform.now();
    // Later than what was followed last, even where the clock stands still.
    let streams = accounts::streams(platform, &account.id).await?;
    let polled = streams.iter().map(|stream| stream.polled).max();
    let poked = now.max(polled.unwrap_or(0).saturating_add(1));
    let changes = vec![
        ("poked", queues::time(poked)),
        ("folders_at", Value::Null),
        ("next_run", queues::time(now)),
    ];
    let mut writes = vec![accounts::patch(&account.id, changes)];
    writes.extend(more);
    writes.push(queues::wake(&account.id, None, Priority::Interactive));
    writes.push(accounts::changed(account));
    Ok(platform.apply(writes).await?)
}

/// Compares everything with the provider.
///
/// # Errors
/// As [`sync_now`].
pub async fn reconcile(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let account = active(platform, caller, id).await?;
    let compare = accounts::patch(&account.id, vec![("compare", true.write())]);
    poke(platform, &account, vec![compare]).await
}

/// Unlinks: tells the provider where it can be told, drops the tokens, and deletes or keeps the mail.
///
/// # Errors
/// `NotFound` for a foreign account; what the store answers.
pub async fn unlink(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    keep_mail: bool,
) -> Result<Unlinked> {
    let account = accounts::owned(platform, &caller.user, id).await?;
    let unlinked = revoke(platform, &account).await?;
    let state = if keep_mail { "detached" } else { "purging" };
    let changes = vec![
        ("state", state.to_owned().write()),
        ("stage", "idle".to_owned().write()),
        ("next_run", Value::Null),
    ];
    let mut writes = vec![accounts::patch(id, changes)];
    if !keep_mail {
        writes.push(queues::enqueue(queues::PURGE, id));
    }
    writes.push(accounts::changed(&account));
    platform.apply(writes).await?;
    platform.cancel_job(queues::SYNC, id).await?;
    Ok(unlinked)
}

/// Gives an account's grant back, where the provider takes it.
pub(crate) async fn revoke(platform: &impl Platform, account: &rows::Account) -> Result<Unlinked> {
    let Some(kind) = ProviderKind::from_name(&account.provider) else {
        return Ok(Unlinked {
            hint: String::new(),
            revoked: false,
        });
    };
    let shared = accounts::identity_elsewhere(platform, account).await?;
    let revocation = oauth::tokens::revoke(platform, kind, &account.id, shared)
        .await
        .map_err(|error| fault(error, &account.id))?;
    Ok(Unlinked {
        hint: revocation.hint,
        revoked: revocation.revoked,
    })
}

/// What a fault of signing in means to the caller.
pub fn fault(error: OAuthError, account: &str) -> Error {
    let text = error.to_string();
    match error {
        OAuthError::NotConfigured(_) | OAuthError::Administrator(_) | OAuthError::Untrusted(_) => {
            Error::AdministratorAction(text)
        }
        OAuthError::Declined | OAuthError::BeginAgain(_) => Error::Invalid("consent".into(), text),
        OAuthError::MissingScope(_) => Error::Invalid("scope".into(), text),
        OAuthError::OtherIdentity(_) => Error::Conflict(text),
        OAuthError::DomainNotAllowed(_) => Error::Invalid("address".into(), text),
        OAuthError::Reconnect(_) if account.is_empty() => Error::Invalid("consent".into(), text),
        OAuthError::Reconnect(_) => Error::Reconnect(account.to_owned()),
        OAuthError::Wait { until, .. } => Error::BusyUntil(until),
        OAuthError::Store(error) => error.into(),
    }
}

/// Begins linking. Options: `account` (to link again), `sync-since` (milliseconds since the Unix epoch, or `all`), `login-hint`.
///
/// # Errors
/// `Invalid` for an unknown provider, `NotFound` for a foreign account, `AdministratorAction` before the set-up.
pub async fn begin(
    platform: &impl Platform,
    caller: &Caller,
    provider: &str,
    options: Vec<(String, String)>,
    redirect: &str,
    state: &str,
) -> Result<oauth::Begun> {
    let kind = ProviderKind::from_name(provider)
        .ok_or_else(|| Error::Invalid("provider".into(), "There is no such provider.".into()))?;
    let option = |name: &str| {
        options
            .iter()
            .find(|(known, _)| known.replace('_', "-") == name)
            .map(|(_, value)| value.clone())
    };
    let mut purpose = Purpose {
        login_hint: option("login-hint"),
        options: options.clone(),
        ..Purpose::default()
    };
    if let Some(id) = option("account") {
        let account = accounts::owned(platform, &caller.user, &id).await?;
        if account.provider != kind.name() {
            return Err(Error::Invalid(
                "provider".into(),
                "The account is at another provider.".into(),
            ));
        }
        purpose.login_hint = Some(account.email);
        purpose.account = Some((id, account.identity));
    }
    oauth::begin(platform, kind, purpose, redirect, state)
        .await
        .map_err(|error| fault(error, ""))
}

/// The start date among a flow's options; none: not chosen.
fn chosen(options: &[(String, String)]) -> Option<Option<u64>> {
    let since = options
        .iter()
        .find(|(name, _)| name.replace('_', "-") == "sync-since")
        .map(|(_, value)| value.as_str())?;
    match since {
        "" => None,
        "all" => Some(None),
        "default" => None,
        // The beginning of time is the beginning of the mailbox.
        time => time
            .parse()
            .ok()
            .map(|time: u64| (time > 0).then_some(time)),
    }
}

/// Finishes linking: makes the account, or links the known one again. Answers the path to go on to.
///
/// # Errors
/// What a fault of signing in means to the caller; what the store answers.
pub async fn complete(
    platform: &impl Platform,
    caller: &Caller,
    flow: &[u8],
    query: &[(String, String)],
) -> Result<String> {
    let link = oauth::complete(platform, flow, query)
        .await
        .map_err(|error| fault(error, ""))?;
    let known = match &link.purpose.account {
        Some((id, _)) => Some(accounts::owned(platform, &caller.user, id).await?),
        None => {
            accounts::by_identity(
                platform,
                &caller.user,
                link.kind.name(),
                &link.identity.subject,
            )
            .await?
        }
    };
    // What is being deleted can't be taken up again halfway.
    if known
        .as_ref()
        .is_some_and(|account| account.state == "purging")
    {
        return Err(Error::BusyUntil(platform.now().saturating_add(30_000)));
    }
    let is_new = known.is_none();
    let account = match known {
        Some(account) => account,
        None => fresh(platform, caller, &link).await?,
    };
    let id = account.id.clone();
    // Tokens first: a row without tokens would ask to be linked again, tokens without a row are replaced by the next linking.
    oauth::tokens::keep(platform, &id, &link.grant)
        .await
        .map_err(|error| fault(error, &id))?;
    // Field by field: the worker may be changing the others.
    let linked = vec![
        ("state", "active".to_owned().write()),
        ("email", link.identity.email.clone().write()),
        ("missing", Json(missing(platform, &link).await?).write()),
        ("reconnect", Value::Null),
        ("administrator", Value::Null),
        ("wait_until", Value::Null),
        ("reason", Value::Null),
        ("troubles", 0_i64.write()),
        ("folders_at", Value::Null),
        ("poked", queues::time(platform.now())),
    ];
    let mut writes: Vec<Write> = Vec::new();
    if is_new {
        writes.extend(accounts::put(account.clone()));
    }
    writes.push(accounts::patch(&id, linked));
    writes.push(queues::wake(&id, None, Priority::Interactive));
    writes.push(accounts::changed(&account));
    platform.apply(writes).await?;
    platform.log(
        Level::Info,
        "an account was linked",
        &[("account", &id), ("provider", link.kind.name())],
    );
    let state = if account.started {
        "linked"
    } else {
        "awaiting-start"
    };
    Ok(format!("{AFTERWARDS}?account={id}&state={state}"))
}

async fn missing(platform: &impl Platform, link: &Link) -> Result<Vec<String>> {
    let settings = settings::provider(platform, link.kind).await?;
    let all = [
        Feature::Read,
        Feature::Modify,
        Feature::Send,
        Feature::Delete,
    ];
    let allowed = |feature: &Feature| {
        oauth::scope::usable(link.kind, &settings, link.grant.scopes(), *feature)
    };
    Ok(all
        .into_iter()
        .filter(|feature| !allowed(feature))
        .map(|feature| feature.name().to_owned())
        .collect())
}

async fn fresh(platform: &impl Platform, caller: &Caller, link: &Link) -> Result<rows::Account> {
    let now = platform.now();
    let choice = chosen(&link.purpose.options);
    let default = link
        .purpose
        .options
        .iter()
        .any(|(name, value)| name.replace('_', "-") == "sync-since" && value == "default");
    let since = match choice {
        Some(since) => since,
        None if default => settings::sync(platform).await?.default_since(now),
        None => None,
    };
    Ok(rows::Account {
        id: ids::fresh(platform),
        user: caller.user.clone(),
        provider: link.kind.name().to_owned(),
        identity: link.identity.subject.clone(),
        email: link.identity.email.clone(),
        display_name: link.identity.name.clone(),
        created: now,
        state: "active".into(),
        started: choice.is_some() || default,
        since,
        aliases: Json(Vec::new()),
        missing: Json(Vec::new()),
        exclusive: false,
        revision: 0,
        local_count: 0,
        provider_count: None,
        stage: "idle".into(),
        wait_until: None,
        reason: None,
        reconnect: None,
        administrator: None,
        troubles: 0,
        last_success: None,
        last_check: None,
        next_run: None,
        folders_at: None,
        poked: now,
        compare: false,
        relist: false,
    })
}
