//! Google: OAuth and the Gmail API, with Gmail's own ways.
//!
//! `api` is the front (who, may they, can they afford it), `resources` the methods, `mailbox` the state, `mail` what is made of raw
//! messages, `oauth` tokens and the consent page, `push` Pub/Sub. [`Backend::control`] takes these actions:
//!
//! ```text
//! authorize            {url, address, scopes?, deny?}  → {location}   walks through the consent page
//! access-token         {address, scopes}               → {access_token}
//! change-password      {address}                       kills tokens with Gmail scopes
//! end-session          {address}                       refresh answers invalid_rapt until the next consent
//! live-refresh-tokens  {address}                       → {count}
//! units                {address}                       → {used}        in the minute of the clock
//! create-label         {address, name}                 → {id}
//! rename-label         {address, label, name}          by id or name
//! delete-label         {address, label}
//! subscribe            {topic, endpoint, audience?, service_account?}
//! push                 {address, forged?}              a duplicate, or one with a wrong signature
//! pushes                                               → [{message_id, address, history_id, status}]
//! ```

pub(crate) mod api;
mod attachments;
mod control;
pub(crate) mod mail;
pub(crate) mod mailbox;
pub(crate) mod oauth;
pub(crate) mod push;
pub(crate) mod resources;
mod seed;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    Account, Backend, Change, Client, Concurrency, Context, ControlError, Deliver, MailboxState,
    Provider, Sent, WindowQuota,
};
use api::error::ApiError;
use api::upload::Uploads;
use attachments::Attachments;
use mailbox::Mailbox;
use oauth::grants::Grants;
pub use push::{Delivered, Subscription};

/// Quotas count per minute and sending per day, in milliseconds.
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// The Google side.
pub struct Google {
    pub(crate) context: Context,
    mailboxes: Vec<Arc<Mailbox>>,
    pub(crate) grants: Grants,
    pub(crate) pending: Mutex<HashMap<String, oauth::Pending>>,
    pub(crate) units: WindowQuota,
    pub(crate) sends: WindowQuota,
    pub(crate) concurrency: Concurrency,
    pub(crate) uploads: Uploads,
    pub(crate) attachments: Attachments,
    pub(crate) push: push::Push,
    pub(crate) sent: Mutex<Vec<Sent>>,
}

impl Google {
    pub(crate) fn new(context: Context) -> Self {
        let now = context.clock.now();
        let mailboxes = context
            .accounts
            .iter()
            .map(|account| Arc::new(seed::mailbox(account, context.seed, now)))
            .collect();
        Self {
            mailboxes,
            grants: Grants::default(),
            pending: Mutex::default(),
            units: WindowQuota::new(MINUTE_MS),
            sends: WindowQuota::new(DAY_MS),
            concurrency: Concurrency::default(),
            uploads: Uploads::default(),
            attachments: Attachments::new(),
            push: push::Push::new(context.keys),
            sent: Mutex::default(),
            context,
        }
    }

    /// By main address or alias.
    pub(crate) fn mailbox(&self, address: &str) -> Option<Arc<Mailbox>> {
        self.mailboxes
            .iter()
            .find(|mailbox| mailbox.is_at(address))
            .cloned()
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.context.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &Account> {
        self.context.accounts.iter()
    }

    /// To be called after every change of a mailbox.
    pub(crate) fn changed(&self, mailbox: &Mailbox) {
        self.push.changed(mailbox, self.context.clock.now());
    }

    /// An access token without the ceremony, valid for an hour.
    pub fn access_token(&self, address: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.grants
            .give(&address.to_lowercase(), &scopes, self.context.clock.now())
    }

    /// Registers a Pub/Sub push subscription; Gmail may publish to its topic from now on.
    pub fn subscribe(&self, subscription: Subscription) {
        self.push.subscribe(subscription);
    }

    /// Every push that was tried, oldest first.
    pub fn pushes(&self) -> Vec<Delivered> {
        self.push.delivered()
    }
}

impl Backend for Google {
    fn provider(&self) -> Provider {
        Provider::Google
    }

    fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .merge(oauth::routes())
            .merge(api::routes())
            .layer(DefaultBodyLimit::max(api::MOST_BODY))
            .with_state(self)
    }

    fn caller(&self, request: &http::request::Parts) -> Option<String> {
        let token = api::call::bearer(&request.headers, request.uri.query())?;
        self.grants.owner(&token)
    }

    fn error_body(&self, status: StatusCode, path: &str) -> (&'static str, String) {
        let oauth = matches!(path, "/token" | "/revoke");
        let body = match status.as_u16() {
            _ if !oauth => ApiError::of_status(status).body(),
            401 => json!({"error": "invalid_client", "error_description": "Unauthorized"}),
            500..=599 => {
                json!({"error": "internal_failure", "error_description": "Internal error"})
            }
            429 => {
                json!({"error": "rate_limit_exceeded", "error_description": "Rate Limit Exceeded"})
            }
            _ => json!({"error": "invalid_request", "error_description": "Bad Request"}),
        };
        ("application/json; charset=UTF-8", body.to_string())
    }

    fn has_mailbox(&self, address: &str) -> bool {
        self.mailbox(address)
            .is_some_and(|mailbox| !mailbox.account.without_mailbox)
    }

    fn deliver(&self, address: &str, mail: &Deliver) -> Result<String, ControlError> {
        control::deliver(self, address, mail)
    }

    fn change(&self, address: &str, id: &str, change: &Change) -> Result<(), ControlError> {
        control::change(self, address, id, change)
    }

    fn remove(&self, address: &str, id: &str) -> Result<(), ControlError> {
        control::remove(self, address, id)
    }

    fn mailbox(&self, address: &str) -> Result<MailboxState, ControlError> {
        control::state(self, address)
    }

    fn raw(&self, address: &str, id: &str) -> Result<Bytes, ControlError> {
        control::raw(self, address, id)
    }

    fn sent(&self) -> Vec<Sent> {
        self.sent.lock().clone()
    }

    fn expire_access_tokens(&self, address: Option<&str>) -> usize {
        self.grants.expire_access(address)
    }

    fn revoke_grants(&self, address: Option<&str>) -> usize {
        self.grants
            .end(|owner, _| address.is_none_or(|address| address == owner))
    }

    fn expire_cursors(&self, address: &str) -> Result<(), ControlError> {
        let mailbox = control::find(self, address)?;
        let mut state = mailbox.state.write();
        state.history.expire();
        state.epoch += 1;
        Ok(())
    }

    fn control(&self, action: &str, body: Value) -> Result<Value, ControlError> {
        control::special(self, action, &body)
    }
}
