//! The contract's exports: each copies its arguments into the core's types, calls the core, and copies the answer back.

mod accounts;
mod actions;
mod compose;
mod mail;
mod mailbox;
mod plugin;

use std::future::Future;

use email_manager_core::connect::Mailboxes;
use email_manager_core::model;

use crate::bindings::exports::platform::plugin::settings as exported;
use crate::bindings::platform::plugin::types as plugin_types;
use crate::host::Host;

/// Runs a call to its end; requests that it makes meanwhile may overlap.
fn run<T>(work: impl Future<Output = T>) -> T {
    wstd::runtime::block_on(work)
}

/// Opens mailboxes of linked accounts.
fn mailboxes() -> Mailboxes<'static, Host> {
    Mailboxes::new(&Host)
}

fn caller(caller: plugin_types::Caller) -> model::Caller {
    model::Caller {
        user: caller.user,
        administrator: matches!(caller.role, plugin_types::Role::Administrator),
        permissions: caller.permissions,
        locale: caller.locale,
        request: caller.request,
    }
}

fn error(error: model::Error) -> exported::Error {
    match error {
        model::Error::NotFound => exported::Error::NotFound,
        model::Error::Denied => exported::Error::Denied,
        model::Error::Invalid(field, reason) => exported::Error::Invalid((field, reason)),
        model::Error::Reconnect(account) => exported::Error::Reconnect(account),
        model::Error::AdministratorAction(what) => exported::Error::AdministratorAction(what),
        model::Error::BusyUntil(until) => exported::Error::BusyUntil(until),
        model::Error::Conflict(what) => exported::Error::Conflict(what),
        model::Error::Unavailable(what) => exported::Error::Unavailable(what),
        model::Error::Other(what) => exported::Error::Other(what),
    }
}
