//! The log of an account's synchronisation as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::bindings::mail::accounts as a;

/// What a round is: the most that it became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activity {
    /// Looks for what is new.
    Increment,
    /// Fetches old mail.
    Backfill,
    /// Compares everything with the provider.
    Reconcile,
}

impl From<a::Activity> for Activity {
    fn from(x: a::Activity) -> Self {
        match x {
            a::Activity::Increment => Self::Increment,
            a::Activity::Backfill => Self::Backfill,
            a::Activity::Reconcile => Self::Reconcile,
        }
    }
}

/// What happened, told apart by `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum LogEvent {
    Linked {
        /// It had been linked before.
        again: bool,
    },
    Unlinked,
    /// A look at what is new is told when it is over.
    Began {
        activity: Activity,
    },
    Finished {
        activity: Activity,
        /// Messages that were not here before.
        new: u64,
        /// Messages that were marked or moved.
        changed: u64,
        /// Messages that are no longer here.
        removed: u64,
        /// Messages that could not be stored; see `…/parked`.
        parked: u64,
        /// Milliseconds.
        took: u64,
    },
    /// Looked, and found nothing new.
    Quiet,
    /// The provider no longer knows how far it was followed, so everything is compared.
    CursorLost,
    Waiting {
        until: u64,
        /// Why, for a person.
        reason: String,
    },
    /// It must be linked again.
    Reconnect {
        reason: String,
    },
    /// An administrator must act: how.
    Administrator {
        reason: String,
    },
    /// The provider refused changes made here; they were taken back.
    Refused {
        changes: u64,
        reason: String,
    },
}

impl From<a::Event> for LogEvent {
    fn from(x: a::Event) -> Self {
        match x {
            a::Event::Linked(again) => Self::Linked { again },
            a::Event::Unlinked => Self::Unlinked,
            a::Event::Began(activity) => Self::Began {
                activity: activity.into(),
            },
            a::Event::Finished(x) => Self::Finished {
                activity: x.activity.into(),
                new: x.counts.new,
                changed: x.counts.changed,
                removed: x.counts.removed,
                parked: x.counts.parked,
                took: x.took,
            },
            a::Event::Quiet => Self::Quiet,
            a::Event::CursorLost => Self::CursorLost,
            a::Event::Waiting(x) => Self::Waiting {
                until: x.until,
                reason: x.reason,
            },
            a::Event::Reconnect(reason) => Self::Reconnect { reason },
            a::Event::Administrator(reason) => Self::Administrator { reason },
            a::Event::Refused(x) => Self::Refused {
                changes: x.changes,
                reason: x.reason,
            },
        }
    }
}

/// Something that synchronising did, or that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogEntry {
    pub id: String,
    /// When it happened last.
    pub at: u64,
    /// When it happened first: what repeats itself is one entry.
    pub since: u64,
    /// How often it has happened; at least 1.
    pub times: u64,
    pub event: LogEvent,
}

impl From<a::LogEntry> for LogEntry {
    fn from(x: a::LogEntry) -> Self {
        Self {
            id: x.id,
            at: x.at,
            since: x.since,
            times: x.times,
            event: x.event.into(),
        }
    }
}
