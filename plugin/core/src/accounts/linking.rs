//! Linking an account, linking it again, and unlinking it.

use super::{Start, abilities};
use crate::compose;
use crate::ids;
use crate::model::{Caller, Error, Event, Result, Unlinked};
use crate::oauth::{self, Link, OAuthError, flow::Purpose};
use crate::platform::{Level, Platform, Priority, Value, Write};
use crate::provider::{ProviderError, graph};
use crate::settings::texts::{Locale, Text};
use crate::settings::{self, ProviderKind};
use crate::store::column::{Column, Json};
use crate::store::rows;
use crate::store::{accounts, log, queues};

/// Where a person goes on after linking.
const AFTERWARDS: &str = "/mail";

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
    let locale = Locale::of(&caller.locale);
    let unlinked = revoke(platform, &account, locale).await?;
    let state = if keep_mail { "detached" } else { "purging" };
    let changes = vec![
        ("state", state.to_owned().write()),
        ("stage", "idle".to_owned().write()),
        ("next_run", Value::Null),
    ];
    let changes = changes.into_iter().chain(crate::sync::round::over());
    let mut writes = vec![accounts::patch(id, changes.collect())];
    if !keep_mail {
        writes.push(queues::enqueue(queues::PURGE, id));
    }
    if keep_mail {
        writes.extend(log::note(platform, &account, Event::Unlinked).await?);
    }
    writes.push(accounts::changed(&account));
    platform.apply(writes).await?;
    platform.cancel_job(queues::SYNC, id).await?;
    Ok(unlinked)
}

/// Gives an account's grant back, where the provider takes it.
pub(crate) async fn revoke(
    platform: &impl Platform,
    account: &rows::Account,
    locale: Locale,
) -> Result<Unlinked> {
    let Some(kind) = ProviderKind::from_name(&account.provider) else {
        return Ok(Unlinked {
            hint: String::new(),
            revoked: false,
        });
    };
    let shared = accounts::identity_elsewhere(platform, account).await?;
    let revocation = oauth::tokens::revoke(platform, kind, &account.id, shared, locale)
        .await
        .map_err(|error| fault(error, &account.id, locale))?;
    Ok(Unlinked {
        hint: revocation.hint,
        revoked: revocation.revoked,
    })
}

/// What a fault of signing in means to the caller.
pub fn fault(error: OAuthError, account: &str, locale: Locale) -> Error {
    let text = error.in_locale(locale);
    match error {
        OAuthError::NotConfigured(_) | OAuthError::Administrator(_) | OAuthError::Untrusted(_) => {
            Error::AdministratorAction(text)
        }
        OAuthError::Declined | OAuthError::BeginAgain(_) => Error::Invalid("consent".into(), text),
        OAuthError::MissingScope(_) => Error::Invalid("scope".into(), text),
        OAuthError::OtherIdentity(_) => Error::Conflict(text),
        OAuthError::DomainNotAllowed(_) => Error::Invalid("address".into(), text),
        OAuthError::NoAccess(_) => Error::Invalid("mailbox".into(), text),
        OAuthError::Reconnect(_) if account.is_empty() => Error::Invalid("consent".into(), text),
        OAuthError::Reconnect(_) => Error::Reconnect(account.to_owned()),
        OAuthError::Wait { until, .. } => Error::BusyUntil(until),
        OAuthError::Store(error) => error.into(),
    }
}

/// Begins linking. Options: `account` (to link again), `sync-since` (milliseconds since the Unix epoch, or `all`), `login-hint`, and for a
/// mailbox that is shared with the person its address as `mailbox`.
///
/// # Errors
/// `Invalid` for an unknown provider and for what can't be a shared mailbox there, `NotFound` for a foreign account, `AdministratorAction`
/// before the set-up.
pub async fn begin(
    platform: &impl Platform,
    caller: &Caller,
    provider: &str,
    options: Vec<(String, String)>,
    redirect: &str,
    state: &str,
) -> Result<oauth::Begun> {
    let locale = Locale::of(&caller.locale);
    let kind = ProviderKind::from_name(provider)
        .ok_or_else(|| Error::Invalid("provider".into(), "There is no such provider.".into()))?;
    let option = |name: &str| {
        options
            .iter()
            .find(|(known, _)| known.replace('_', "-") == name)
            .map(|(_, value)| value.clone())
    };
    let mut purpose = Purpose {
        mailbox: shared(kind, option("mailbox"), locale)?,
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
        // Nobody signs in as a shared mailbox.
        purpose.login_hint = account.mailbox.is_none().then_some(account.email);
        purpose.mailbox = account.mailbox;
        purpose.account = Some((id, account.identity));
    }
    oauth::begin(platform, kind, purpose, redirect, state)
        .await
        .map_err(|error| fault(error, "", locale))
}

/// The address of the shared mailbox that was asked for, as it is kept; none: the person's own is meant.
fn shared(kind: ProviderKind, asked: Option<String>, locale: Locale) -> Result<Option<String>> {
    let Some(address) = asked.map(|address| address.trim().to_lowercase()) else {
        return Ok(None);
    };
    let invalid = |text: Text| Err(Error::Invalid("mailbox".into(), text.in_locale(locale)));
    match kind {
        _ if address.is_empty() => Ok(None),
        ProviderKind::Google => invalid(Text::SharedNowhere),
        ProviderKind::Microsoft if !compose::plausible(&address) => invalid(Text::SharedAddress),
        ProviderKind::Microsoft => Ok(Some(address)),
    }
}

/// Refuses a shared mailbox that is not open to whoever signed in.
async fn check_access(platform: &impl Platform, link: &Link, locale: Locale) -> Result<()> {
    let Some(mailbox) = &link.purpose.mailbox else {
        return Ok(());
    };
    if mailbox.eq_ignore_ascii_case(&link.identity.email) {
        let own = Text::SharedOwn.in_locale(locale);
        return Err(Error::Invalid("mailbox".into(), own));
    }
    let settings = settings::provider(platform, link.kind).await?;
    let endpoints = settings.endpoints(link.kind);
    match graph::admits(platform, endpoints, link.grant.access(), mailbox).await {
        Ok(()) => Ok(()),
        Err(ProviderError::NoAccess) => {
            Err(fault(OAuthError::NoAccess(mailbox.clone()), "", locale))
        }
        Err(error) => Err(Error::of_provider(error, "")),
    }
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
    let locale = Locale::of(&caller.locale);
    let link = oauth::complete(platform, flow, query)
        .await
        .map_err(|error| fault(error, "", locale))?;
    check_access(platform, &link, locale).await?;
    let identity = link.purpose.identity(&link.identity.subject);
    let known = match &link.purpose.account {
        Some((id, _)) => Some(accounts::owned(platform, &caller.user, id).await?),
        None => accounts::by_identity(platform, &caller.user, link.kind.name(), &identity).await?,
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
        .map_err(|error| fault(error, &id, locale))?;
    // Field by field: the worker may be changing the others.
    let mut linked = vec![
        ("state", "active".to_owned().write()),
        ("email", link.email().to_owned().write()),
        (
            "missing",
            Json(abilities::ungranted(link.kind, &link.grant)).write(),
        ),
        ("reconnect", Value::Null),
        ("administrator", Value::Null),
        ("wait_until", Value::Null),
        ("reason", Value::Null),
        ("troubles", 0_i64.write()),
        ("folders_at", Value::Null),
        ("poked", queues::time(account.next_poke(platform.now()))),
    ];
    let mut writes: Vec<Write> = Vec::new();
    let start = start(platform, &link).await?;
    let started = account.started || start.is_some();
    if is_new {
        writes.extend(accounts::put(account.clone()));
    } else if let Some(since) = start {
        // Linked again with a date: it is this one that counts.
        linked.extend(Start(since).changes(&account));
    }
    writes.push(accounts::patch(&id, linked));
    writes.extend(log::note(platform, &account, Event::Linked { again: !is_new }).await?);
    writes.push(queues::wake(&id, None, Priority::Interactive));
    writes.push(accounts::changed(&account));
    platform.apply(writes).await?;
    platform.log(
        Level::Info,
        "an account was linked",
        &[("account", &id), ("provider", link.kind.name())],
    );
    let state = if started { "linked" } else { "awaiting-start" };
    Ok(format!("{AFTERWARDS}?account={id}&state={state}"))
}

/// The start date that was chosen with the linking; none: not yet.
async fn start(platform: &impl Platform, link: &Link) -> Result<Option<Option<u64>>> {
    let options = &link.purpose.options;
    let default = options
        .iter()
        .any(|(name, value)| name.replace('_', "-") == "sync-since" && value == "default");
    Ok(match chosen(options) {
        None if default => Some(
            settings::sync(platform)
                .await?
                .default_since(platform.now()),
        ),
        chosen => chosen,
    })
}

async fn fresh(platform: &impl Platform, caller: &Caller, link: &Link) -> Result<rows::Account> {
    let now = platform.now();
    let start = start(platform, link).await?;
    // Exchange puts a shared mailbox's own name on what is sent; the person's would be wrong.
    let display_name = match link.purpose.mailbox {
        Some(_) => String::new(),
        None => link.identity.name.clone(),
    };
    Ok(rows::Account {
        identity: link.purpose.identity(&link.identity.subject),
        mailbox: link.purpose.mailbox.clone(),
        email: link.email().to_owned(),
        display_name,
        started: start.is_some(),
        since: start.flatten(),
        ..rows::Account::fresh(ids::fresh(platform), &caller.user, link.kind.name(), now)
    })
}
