//! Keeping an account's tokens, refreshing them once however many ask, and giving them back.

use serde::{Deserialize, Serialize};

use super::exchange::Granted;
use super::flow::registered;
use super::{OAuthError, Reason, scope};
use crate::platform::{Locks, Platform};
use crate::settings::texts::{Locale, Text};
use crate::settings::{ProviderKind, Secret};

/// A token that lives shorter than this is refreshed before it is used, in milliseconds: longer than any request.
const MARGIN_MS: u64 = 60_000;
/// Longest refresh, in milliseconds.
const HOLD_MS: u32 = 30_000;
/// A crashed provider leaves `expires_in: 0` behind; without a floor every call would refresh.
const SHORTEST_MS: u64 = 1_000;

/// What a person granted: one secret of the host, replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    access: Secret,
    /// Milliseconds since the Unix epoch.
    obtained: u64,
    /// Milliseconds since the Unix epoch.
    expires: u64,
    refresh: Secret,
    /// Milliseconds since the Unix epoch, for grants with an end.
    refresh_expires: Option<u64>,
    /// As the provider names them.
    scopes: Vec<String>,
    /// For a mailbox that is shared with the person, not for their own.
    #[serde(default)]
    shared: bool,
}

/// What became of a grant when its account was unlinked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The provider has forgotten it.
    pub revoked: bool,
    /// What the person may still do at the provider; empty: nothing.
    pub hint: String,
}

impl Grant {
    pub(super) fn new(granted: Granted, scopes: Vec<String>, shared: bool, now: u64) -> Self {
        Self {
            access: granted.access,
            obtained: now,
            expires: now + (granted.lives * 1000).max(SHORTEST_MS),
            refresh: granted.refresh.unwrap_or_else(|| Secret(String::new())),
            refresh_expires: granted.refresh_lives.map(|lives| now + lives * 1000),
            scopes,
            shared,
        }
    }

    /// A refresh answer leaves out what stays as it is.
    fn refreshed(self, granted: Granted, now: u64) -> Self {
        let scopes = granted.scopes.clone().unwrap_or(self.scopes);
        let refresh = granted.refresh.clone().unwrap_or(self.refresh);
        let refresh_expires = granted
            .refresh_lives
            .map(|lives| now + lives * 1000)
            .or(self.refresh_expires);
        Self {
            refresh,
            refresh_expires,
            ..Self::new(granted, scopes, self.shared, now)
        }
    }

    /// Whether the access token outlives a request. Where tokens live shorter than the margin, half of such a life is still good.
    fn fresh(&self, now: u64) -> bool {
        let life = self.expires.saturating_sub(self.obtained);
        self.expires > now + MARGIN_MS.min(life / 2)
    }

    /// Good for the first requests, before the grant is kept.
    pub(crate) fn access(&self) -> &Secret {
        &self.access
    }

    /// Whether it is for a mailbox that is shared with the person, not for their own.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// What was granted, as the provider names it.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

fn name(account: &str) -> String {
    format!("grant/{account}")
}

/// Keeps an account's grant; replaces the one before.
pub async fn keep(
    platform: &impl Platform,
    account: &str,
    grant: &Grant,
) -> Result<(), OAuthError> {
    let bytes = serde_json::to_vec(grant)
        .map_err(|error| OAuthError::BeginAgain(Reason::Fault(error.to_string())))?;
    Ok(platform.put_secret(&name(account), &bytes).await?)
}

/// The grant that is kept; none: the account was never linked, or was unlinked.
pub async fn kept(platform: &impl Platform, account: &str) -> Result<Option<Grant>, OAuthError> {
    let bytes = platform.get_secret(&name(account)).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Drops an account's grant here. Idempotent.
pub async fn forget(platform: &impl Platform, account: &str) -> Result<(), OAuthError> {
    Ok(platform.delete_secret(&name(account)).await?)
}

/// An access token that is good for a request. `rejected`: one that the provider has refused. However many ask at once, here and
/// on other hosts, one refreshes.
pub async fn access(
    platform: &impl Platform,
    kind: ProviderKind,
    account: &str,
    rejected: Option<&Secret>,
) -> Result<Secret, OAuthError> {
    let usable = |grant: &Grant| rejected != Some(&grant.access) && grant.fresh(platform.now());
    let linked_again = || OAuthError::Reconnect(Reason::NoTokens);
    let grant = kept(platform, account).await?.ok_or_else(linked_again)?;
    if usable(&grant) {
        return Ok(grant.access);
    }
    let _guard = Locks::acquire(platform, &format!("refresh/{account}"), HOLD_MS, HOLD_MS)
        .await
        .ok_or_else(|| OAuthError::Wait {
            until: platform.now() + 1_000,
            reason: Reason::Refreshing,
        })?;
    // Somebody else may have been faster.
    let grant = kept(platform, account).await?.ok_or_else(linked_again)?;
    if usable(&grant) {
        return Ok(grant.access);
    }
    if grant
        .refresh_expires
        .is_some_and(|expires| expires <= platform.now())
    {
        return Err(OAuthError::Reconnect(Reason::TimeOver));
    }
    let (registered, settings) = registered(platform, kind).await?;
    let scopes = scope::requested(kind, &settings, grant.shared);
    let granted = registered
        .refresh(platform, &grant.refresh, &scopes)
        .await?;
    let grant = grant.refreshed(granted, platform.now());
    keep(platform, account, &grant).await?;
    Ok(grant.access)
}

/// Gives a grant back when its account is unlinked, and drops it here. At Google this ends **every** grant of that person for this
/// application, so it is done only when no other account here has the same identity (`shared`).
pub async fn revoke(
    platform: &impl Platform,
    kind: ProviderKind,
    account: &str,
    shared: bool,
    locale: Locale,
) -> Result<Revocation, OAuthError> {
    let grant = kept(platform, account).await?;
    let settings = crate::settings::provider(platform, kind).await?;
    let revoked = match (grant, settings.endpoints(kind).revoke) {
        (Some(grant), Some(url)) if !shared => revoke_at(platform, &url, &grant.refresh).await,
        _ => false,
    };
    forget(platform, account).await?;
    let hint = match kind {
        ProviderKind::Google if revoked => None,
        ProviderKind::Google if shared => Some(Text::HintShared),
        ProviderKind::Google => Some(Text::HintGoogle),
        ProviderKind::Microsoft => Some(Text::HintMicrosoft),
    };
    Ok(Revocation {
        revoked,
        hint: hint.map(|hint| hint.in_locale(locale)).unwrap_or_default(),
    })
}

/// Whether the provider has forgotten it; what it never knew counts.
async fn revoke_at(platform: &impl Platform, url: &str, token: &Secret) -> bool {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("token", &token.0)
        .finish();
    let request = http::Request::post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into_bytes());
    let Ok(request) = request else { return false };
    match platform.send_alone(request).await {
        Ok(answer) => {
            answer.status().is_success()
                || String::from_utf8_lossy(answer.body()).contains("invalid_token")
        }
        Err(_) => false,
    }
}
