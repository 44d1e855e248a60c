//! One person's mail: messages, labels, threads, drafts and the history of all changes.
//!
//! Everything that changes goes through [`State`]'s few operations, which keep the indexes and write history. Reading methods copy
//! what they need under the lock and render afterwards.

pub(crate) mod history;
pub(crate) mod labels;
pub(crate) mod page;
pub(crate) mod query;
mod state;

use std::sync::Arc;
use std::sync::OnceLock;

use bytes::Bytes;
use parking_lot::RwLock;

pub(crate) use labels::{Label, LabelKey, system};
pub(crate) use state::{Entry, NewMessage, State};

use super::mail::cache::Cache;
use super::mail::head::Head;
use crate::{Account, Content};

/// A message's identity and bytes; never changes.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) id: u64,
    /// Milliseconds since the Unix epoch.
    pub(crate) date: u64,
    pub(crate) content: Content,
    head: OnceLock<Head>,
}

impl Body {
    pub(crate) fn raw(&self) -> Bytes {
        self.content.raw()
    }

    pub(crate) fn head(&self) -> &Head {
        self.head.get_or_init(|| Head::read(&self.raw()))
    }

    /// As [`Body::head`] for a caller that has the bytes in hand.
    pub(crate) fn head_from(&self, raw: &[u8]) -> &Head {
        self.head.get_or_init(|| Head::read(raw))
    }
}

/// A mailbox and what is known of its owner.
pub(crate) struct Mailbox {
    pub(crate) account: Account,
    pub(crate) state: RwLock<State>,
    pub(crate) rendered: Cache,
}

impl Mailbox {
    pub(crate) fn new(account: Account, seed: u64) -> Self {
        Self {
            account,
            state: RwLock::new(State::new(seed)),
            rendered: Cache::default(),
        }
    }

    /// Main address or alias?
    pub(crate) fn is_at(&self, address: &str) -> bool {
        self.account.address.eq_ignore_ascii_case(address)
            || self
                .account
                .aliases
                .iter()
                .any(|(alias, _)| alias.eq_ignore_ascii_case(address))
    }

    /// The message, copied.
    pub(crate) fn entry(&self, id: u64) -> Option<Entry> {
        self.state.read().entry(id).cloned()
    }
}

/// 16 hex digits.
pub(crate) fn hex_id(id: u64) -> String {
    format!("{id:016x}")
}

/// None: no such id can exist.
pub(crate) fn parse_id(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// Shared, cheap to copy.
pub(crate) type SharedBody = Arc<Body>;

pub(crate) fn new_body(id: u64, date: u64, content: Content) -> SharedBody {
    Arc::new(Body {
        id,
        date,
        content,
        head: OnceLock::new(),
    })
}
