//! What plugins and the store refuse, as problems.

use host_store::{BlobError, Error as StoreError};

use super::problem::{Kind, Problem};
use crate::bindings::types::Error as Refusal;
use crate::plugin::CallError;
use crate::plugin::typed::PluginError;

/// What a call was about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// For "there is no such …".
    pub(crate) what: &'a str,
    /// The plugin's id.
    pub(crate) plugin: &'a str,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: u64,
}

/// A plugin's answer that is none.
pub(crate) fn problem(error: PluginError, context: &Context<'_>) -> Problem {
    match error {
        PluginError::Refused(refusal) => refused(refusal, context),
        PluginError::Call(error) => error.into(),
    }
}

fn refused(refusal: Refusal, context: &Context<'_>) -> Problem {
    match refusal {
        Refusal::NotFound => Problem::not_found(context.what),
        Refusal::Denied => Problem::new(
            Kind::Denied,
            "You may not do this. Ask an administrator for the right.",
        ),
        // The contract's names are in kebab-case, those of this API in snake_case.
        Refusal::Invalid((field, reason)) => Problem::field(field.replace('-', "_"), reason),
        Refusal::Reconnect(account) => Problem::new(
            Kind::Reconnect,
            "The provider no longer accepts this account's sign-in. Link it again.",
        )
        .about_account(account),
        Refusal::AdministratorAction(what) => Problem::new(Kind::AdministratorAction, what),
        Refusal::BusyUntil(at) => Problem::new(
            Kind::Waiting,
            "The provider or the network asks to wait. Try again at the time in `retry_at`.",
        )
        .retry_at(at, context.now),
        Refusal::Conflict(what) => Problem::new(Kind::Conflict, what),
        Refusal::Unavailable(what) => Problem::new(Kind::Unavailable, what),
        Refusal::Other(what) => {
            tracing::warn!(plugin = context.plugin, reason = %what, "a plugin could not do what it was asked");
            Problem::new(Kind::PluginFailed, what)
        }
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let detail = error.to_string();
        match error {
            CallError::Unknown(id) => Self::new(
                Kind::NotFound,
                format!("There is no plugin `{id}`. GET /api/plugins lists those there are."),
            ),
            CallError::NoMail => Self::new(
                Kind::PluginDisabled,
                "No plugin that brings mail is enabled. An administrator can enable one.",
            ),
            CallError::NotEnabled(id) => Self::new(
                Kind::PluginDisabled,
                format!("The plugin `{id}` is not enabled. An administrator can enable it."),
            ),
            CallError::Broken { plugin, .. } => Self::new(
                Kind::PluginDisabled,
                format!(
                    "The plugin `{plugin}` was stopped because it kept failing. An administrator finds the reason in its faults."
                ),
            ),
            CallError::NotExported { plugin, interface } => Self::new(
                Kind::NotFound,
                format!("The plugin `{plugin}` has no {interface}."),
            ),
            CallError::Starting(_) => Self::new(
                Kind::Busy,
                "The plugin is being started on this host. Try again in a moment.",
            )
            .retry_after(1),
            CallError::Busy { retry_after } => Self::new(
                Kind::Busy,
                "Too many calls are under way. Try again in a moment.",
            )
            .retry_after(retry_after.as_secs().max(1)),
            CallError::TimedOut(_) => Self::new(
                Kind::PluginTimeout,
                format!(
                    "{}. Try again; if it stays so, an administrator finds more in the plugin's faults.",
                    capitalised(&detail)
                ),
            ),
            CallError::OutOfMemory(_) => Self::new(
                Kind::PluginFailed,
                format!(
                    "{}. An administrator can grant it more.",
                    capitalised(&detail)
                ),
            ),
            CallError::Trapped(_) => Self::new(
                Kind::PluginFailed,
                "The plugin failed while it did this. Try again; if it stays so, an administrator finds the reason in the plugin's faults.",
            ),
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict(what) => Self::new(Kind::Conflict, what),
            StoreError::Invalid(field, reason) => {
                Self::field(field, format!("`{field}` {reason}."))
            }
            StoreError::Unavailable(reason) => {
                tracing::error!(%reason, "the store was not reached");
                Self::new(
                    Kind::Unavailable,
                    "The host's storage was not reached. Try again.",
                )
                .retry_after(1)
            }
            other @ (StoreError::InUse(_) | StoreError::Unfinished(_) | StoreError::Corrupt(_)) => {
                Self::internal(other)
            }
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::NotFound => Self::not_found("file"),
            BlobError::QuotaExceeded => Self::new(
                Kind::QuotaExceeded,
                "The storage that the plugin was granted is used up. An administrator can grant more.",
            ),
            BlobError::Unavailable(reason) => {
                tracing::error!(%reason, "the blobs were not reached");
                Self::new(
                    Kind::Unavailable,
                    "The host's storage was not reached. Try again.",
                )
                .retry_after(1)
            }
            other @ (BlobError::Conflict(_) | BlobError::Other(_)) => Self::internal(other),
        }
    }
}
