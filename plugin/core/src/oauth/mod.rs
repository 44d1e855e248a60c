//! Signing people in to their provider, and keeping the tokens that come of it.
//!
//! [`flow`] makes the address of the consent page and turns the callback into a [`Link`]; [`tokens`] keeps what was granted and
//! refreshes it; [`identity`] tells who signed in. The host makes, keeps and checks `state`; PKCE, nonce and the exchange are ours.

mod exchange;
pub mod flow;
pub mod identity;
pub mod scope;
pub mod tokens;

use crate::platform::StoreError;
use crate::settings::ProviderKind;

pub use flow::{Begun, Link, begin, complete};
pub use identity::Identity;
pub use scope::Feature;
pub use tokens::{Grant, Revocation};

/// Why signing in or refreshing failed, by what can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The administrator has not filled in the client of this provider.
    #[error("{} is not set up: an administrator fills in client ID and client secret in the mail settings", .0.name())]
    NotConfigured(ProviderKind),
    /// The person said no.
    #[error("the consent was declined")]
    Declined,
    /// An administrator, here or of the mailbox's organisation, must act: what to do.
    #[error("{0}")]
    Administrator(String),
    /// The consent lacks what the account can't do without: the provider's names of the scopes.
    #[error("the consent does not include {}", .0.join(", "))]
    MissingScope(Vec<String>),
    /// Begin again: this attempt is used up.
    #[error("{0}")]
    BeginAgain(String),
    /// Somebody else signed in than the account's owner: whose address it was.
    #[error("{0} is another mailbox than the one to be linked again")]
    OtherIdentity(String),
    /// The administrator allows only addresses of other domains.
    #[error("{0} may not be linked here: its domain is not among the allowed ones")]
    DomainNotAllowed(String),
    /// The account must be linked again: why.
    #[error("{0}")]
    Reconnect(String),
    /// It may work later; not before this time (milliseconds since the Unix epoch).
    #[error("{reason}")]
    Wait {
        /// Not before.
        until: u64,
        /// For a person.
        reason: String,
    },
    /// The provider's identity token does not hold.
    #[error("the provider's identity token can't be trusted: {0}")]
    Untrusted(String),
    /// The host.
    #[error(transparent)]
    Store(#[from] StoreError),
}
