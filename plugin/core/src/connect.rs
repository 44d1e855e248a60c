//! How the sync engine, the action queue and the outbox get at a mailbox, without knowing of tokens or settings.

use std::future::Future;

use crate::provider::{Provider, Result};

/// Which mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Our id of the account; its tokens are kept under it.
    pub account: String,
    /// `google` or `microsoft`.
    pub provider: String,
    /// Its main address.
    pub email: String,
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
