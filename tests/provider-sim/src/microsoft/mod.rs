//! Microsoft: the identity platform v2.0 and Microsoft Graph v1.0 mail.
//!
//! What only Microsoft has is done by [`Backend::control`]:
//!
//! | action | body | does |
//! |---|---|---|
//! | `token` | `{address, client?, scopes?, lifetime_ms?}` | hands out an access token without a sign-in: `{access_token}` |
//! | `hazards` | `{address, …Hazards}` | how the mailbox misbehaves, see [`Hazards`]; answers what holds |
//! | `challenge` | `{address, claims?}` | Graph answers this person's next requests with a claims challenge |
//! | `forget-consent` | `{address}` | the person takes their consent back |
//! | `lifecycle` | `{address, event}` | sends `missed`, `subscriptionRemoved` or `reauthorizationRequired` |
//! | `permit` | `{address, person, full_access?, send_as?}` | gives somebody rights on a mailbox (`true`) or takes them (`false`) |
//! | `folder` | `{address, path}` | makes a folder; names separated by `/`: `{id}` |
//! | `rename-folder` | `{address, id, name}` | renames one |

mod backend;
mod directory;
mod graph;
mod identity;
mod letter;
mod mailbox;
mod shared;

use std::sync::Arc;

use crate::Context;
use shared::Shared;

pub use mailbox::{Expired, Hazards, Resend};

/// The Microsoft side.
pub struct Microsoft {
    shared: Arc<Shared>,
}

impl Microsoft {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            shared: Arc::new(Shared::new(context)),
        }
    }

    /// An access token for a person with an address here, without a sign-in; scopes by their short names.
    pub fn access_token(&self, address: &str, client: &str, scopes: &[&str]) -> String {
        let expires = self.shared.now() + 3_599_000;
        self.shared.identity.issue(
            &address.to_lowercase(),
            client,
            scopes.iter().map(|s| (*s).to_owned()).collect(),
            expires,
        )
    }

    /// Changes how a mailbox misbehaves. Nothing happens if there is no such mailbox.
    pub fn set_hazards(&self, address: &str, change: impl FnOnce(&mut Hazards)) {
        if let Some(person) = self.shared.directory.find(address) {
            self.shared.with(person, |m| change(&mut m.hazards));
        }
    }
}
