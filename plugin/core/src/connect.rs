//! How the sync engine, the action queue and the outbox get at a mailbox, without knowing of tokens or settings.

use std::future::Future;

use crate::platform::Platform;
use crate::provider::{Mailbox, Provider, ProviderError, Result, open};
use crate::settings::ProviderKind;
use crate::store::rows::Account;

/// Which mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Our id of the account; its tokens are kept under it.
    pub account: String,
    /// `google` or `microsoft`.
    pub provider: String,
    /// Its main address.
    pub email: String,
    /// The address of a mailbox that is shared with the account's owner; none: their own.
    pub mailbox: Option<String>,
}

impl From<&Account> for Linked {
    fn from(account: &Account) -> Self {
        Self {
            account: account.id.clone(),
            provider: account.provider.clone(),
            email: account.email.clone(),
            mailbox: account.mailbox.clone(),
        }
    }
}

/// Opens mailboxes.
pub trait Connect {
    /// What stands behind an account.
    type Mailbox<'a>: Provider
    where
        Self: 'a;

    /// Opens the mailbox of a linked account, with a token that is good for the next minutes. Errors are those of the token's
    /// refresh.
    fn connect(&self, linked: &Linked) -> impl Future<Output = Result<Self::Mailbox<'_>>>;
}

/// Opens mailboxes of linked accounts, with the tokens and settings that are kept here.
pub struct Mailboxes<'p, P> {
    platform: &'p P,
}

impl<'p, P: Platform> Mailboxes<'p, P> {
    /// On this platform.
    pub fn new(platform: &'p P) -> Self {
        Self { platform }
    }
}

impl<P: Platform> Connect for Mailboxes<'_, P> {
    type Mailbox<'a>
        = Mailbox<'a, P>
    where
        Self: 'a;

    async fn connect(&self, linked: &Linked) -> Result<Mailbox<'_, P>> {
        let kind = ProviderKind::from_name(&linked.provider).ok_or_else(|| {
            ProviderError::Administrator(format!("there is no provider {}", linked.provider))
        })?;
        // Settings that can't be read now may be readable later.
        open(self.platform, kind, &linked.account, linked.mailbox.clone())
            .await
            .map_err(|error| ProviderError::Unclear(error.to_string()))
    }
}
