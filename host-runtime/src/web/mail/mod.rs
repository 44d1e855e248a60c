//! The mail API: one neutral set of addresses in front of whichever plugin brings mail.
//!
//! Handlers translate between HTTP and the contract and do nothing else. [`MailCaller`] is who asks together with the plugin that
//! answers; while no plugin brings mail, every address here is a 404 that says so.

mod accounts;
mod archive;
mod figures;
mod images;
mod list;
mod log;
mod model;
mod reading;
mod view;
mod writes;
mod writing;

use axum::extract::FromRequestParts;
use http::request::Parts;
use utoipa_axum::router::OpenApiRouter;

use super::AppState;
use super::auth::{Principal, Signed};
use super::plugin_errors::{self, Context};
use super::problem::{Kind, Problem, Result};
use crate::bindings::mail::{accounts as a, actions as x, compose as c, mailbox as m, types as t};
use crate::bindings::types::Caller;
use crate::plugin::typed::Mail;

pub(crate) use figures::Figures;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(reading::routes())
        .merge(writes::routes())
        .merge(images::routes())
}

/// Somebody who is signed in, and the plugin that has their mail.
#[derive(Clone)]
pub(crate) struct MailCaller {
    principal: Principal,
    caller: Caller,
    mail: Mail,
    now: u64,
}

impl FromRequestParts<AppState> for MailCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let Signed(principal) = Signed::from_request_parts(parts, state).await?;
        Self::of(principal, state)
    }
}

impl MailCaller {
    fn of(principal: Principal, state: &AppState) -> Result<Self> {
        let mail = state.host().mail().map_err(|_| {
            Problem::new(
                Kind::PluginDisabled,
                "No plugin that brings mail is enabled. An administrator can enable one.",
            )
        })?;
        let caller = principal.caller();
        Ok(Self {
            principal,
            caller,
            mail,
            now: state.now(),
        })
    }

    fn principal(&self) -> &Principal {
        &self.principal
    }

    fn user(&self) -> &str {
        &self.caller.user
    }

    fn plugin(&self) -> &str {
        self.mail.id()
    }
}

/// What the plugin answers, with its refusals as problems. One line a function of the contract.
macro_rules! forward {
    ($($name:ident => $function:ident($($arg:ident: $kind:ty),*) -> $answer:ty, about $what:literal;)*) => {
        impl MailCaller {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer> {
                self.mail.$function(&self.caller, $($arg),*).await.map_err(|error| {
                    plugin_errors::problem(error, &Context { what: $what, plugin: self.mail.id(), now: self.now })
                })
            })*
        }
    };
}

forward! {
    accounts => list_accounts() -> Vec<a::Account>, about "account";
    account => get_account(id: String) -> a::Account, about "account";
    change_account => change_account(id: String, changes: a::Changes) -> a::Account, about "account";
    refresh_aliases => refresh_aliases(id: String) -> Vec<String>, about "account";
    parked => list_parked(id: String) -> Vec<a::ParkedMessage>, about "account";
    retry_parked => retry_parked(id: String) -> (), about "account";
    log => read_log(id: String, slice: t::Slice) -> a::LogPage, about "account";
    sync_now => sync_now(id: String) -> (), about "account";
    reconcile => reconcile(id: String) -> (), about "account";
    unlink => unlink(id: String, keep_mail: bool) -> a::Unlinked, about "account";
    folders => list_folders(account: Option<String>) -> Vec<t::Folder>, about "account";
    unread => unread() -> u64, about "account";
    threads => list_threads(filter: m::Filter, slice: t::Slice) -> m::Threads, about "account or folder";
    messages => list_messages(filter: m::Filter, slice: t::Slice) -> m::Messages, about "account or folder";
    thread => get_thread(id: String) -> Vec<t::Message>, about "thread";
    message => get_message(id: String) -> t::Message, about "message";
    content => get_content(id: String, showing: m::Showing) -> t::Content, about "message";
    attachment => get_attachment(message: String, attachment: String) -> m::Download, about "message or attachment";
    raw => get_raw(id: String) -> m::Download, about "message";
    apply => apply(subject: x::Subject, action: x::Action) -> x::Applied, about "message, thread or folder";
    undo => undo(undo: String) -> (), about "action to take back";
    prepare => prepare(message: String, relation: c::Relation) -> c::Draft, about "message";
    save => save_draft(over: Option<c::Saved>, draft: c::Draft) -> c::Saved, about "draft, account, message or upload";
    recipients => recipients(typed: String, limit: u32) -> Vec<t::Address>, about "account";
    open => open_draft(id: String) -> c::Opened, about "draft";
    discard => discard_draft(draft: String) -> (), about "draft";
    send => send(key: String, content: c::Content, at: Option<u64>) -> c::Outgoing, about "draft, account, message or upload";
    cancel => cancel(id: String) -> c::Outgoing, about "message of the outbox";
    outbox => outbox(slice: t::Slice) -> c::Outgoings, about "page";
}
