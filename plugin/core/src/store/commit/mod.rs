//! The only way in which mail changes here.
//!
//! News of the provider and edits of a person come in; one atomic batch goes out that holds the messages and everything that
//! follows from them: bodies, thread lines, list places, folder counters, the events that open pages listen to, and whatever the
//! caller adds (a cursor, an edit to be made at the provider). The batch requires the account's `revision` that it was computed
//! from; if somebody was faster, it is computed again. That is why counters can't drift and an older sync can't undo a newer
//! local change: pending edits are laid over whatever the provider tells.

mod work;
mod writes;

use serde::{Deserialize, Serialize};

pub use super::place::Place;
use super::query;
use super::rows::Account;
pub(crate) use super::summary::real;
use crate::ids;
use crate::platform::{Platform, StoreError, Write};
use crate::provider::{self, RelationKind, RemoteMessage};
use work::Work;

/// Computed again this often when others change the same account, before the caller is told of a conflict.
const TRIES: usize = 6;

/// A whole message with its body as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Its body is taken out.
    pub message: RemoteMessage,
    /// Plain text to search and to show.
    pub text: String,
    /// The HTML part, as it came.
    pub html: Option<String>,
    /// The whole body, where it is too long for a row.
    pub whole: Option<String>,
}

/// Something that changes mail.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A message in full: new, or known and told again.
    Whole {
        /// The message.
        arrived: Box<Arrived>,
        /// Where it was found.
        stream: String,
        /// The comparing round that named it.
        round: i64,
    },
    /// Some light state of a message; unknown messages are passed over.
    Light {
        /// The provider's id.
        remote: String,
        /// What was told.
        light: provider::Light,
        /// Where and in which round it was named, if it was a listing.
        named: Option<(String, i64)>,
    },
    /// Containers were added and removed.
    Labels {
        /// The provider's id.
        remote: String,
        /// The provider's ids.
        added: Vec<String>,
        /// The provider's ids.
        removed: Vec<String>,
        /// Read and star.
        light: provider::Light,
    },
    /// It does not exist any more.
    Gone {
        /// The provider's id.
        remote: String,
    },
    /// A person changed it; the edit's ids are the provider's.
    Edited {
        /// Our id.
        message: String,
        /// What was done.
        edit: provider::Edit,
    },
    /// An edit was refused: back to this, as far as later edits allow.
    Back {
        /// Our id.
        message: String,
        /// Before the edit.
        place: Place,
    },
    /// It was replied to or forwarded from here.
    Answered {
        /// Our id.
        message: String,
        /// How.
        kind: RelationKind,
    },
}

impl News {
    fn message(&self, account: &str) -> String {
        match self {
            Self::Whole { arrived, .. } => ids::message(account, &arrived.message.id),
            Self::Light { remote, .. } | Self::Labels { remote, .. } | Self::Gone { remote } => {
                ids::message(account, remote)
            }
            Self::Edited { message, .. }
            | Self::Back { message, .. }
            | Self::Answered { message, .. } => message.clone(),
        }
    }
}

/// A message's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Our id.
    pub message: String,
    /// The provider's.
    pub remote: String,
    /// Its thread.
    pub thread: String,
    /// Where it was.
    pub before: Place,
    /// Where it is; none: gone.
    pub after: Option<Place>,
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Known messages that changed.
    pub moved: Vec<Moved>,
    /// Messages that were not known before.
    pub new: usize,
    /// The account's revision with this batch: it orders what changes mail, whatever clocks say.
    pub revision: i64,
}

/// Applies news in one batch, together with what `with` adds.
///
/// # Errors
/// `Conflict` when others keep changing the account; what the store answers.
pub async fn commit(
    platform: &impl Platform,
    account: &str,
    news: &[News],
    with: impl Fn(&Outcome) -> Vec<Write>,
) -> Result<Outcome, StoreError> {
    let mut conflict = None;
    for _ in 0..TRIES {
        let Some(row) = query::get::<Account>(platform, &[account]).await? else {
            return Err(StoreError::Conflict("the account is gone".into()));
        };
        let mut work = Work::load(platform, &row, news).await?;
        for news in news {
            work.take(news);
        }
        let outcome = work.outcome();
        let mut writes = work.writes(platform).await?;
        writes.extend(with(&outcome));
        match platform.apply(writes).await {
            Ok(()) => return Ok(outcome),
            Err(StoreError::Conflict(what)) => conflict = Some(what),
            Err(other) => return Err(other),
        }
    }
    Err(StoreError::Conflict(conflict.unwrap_or_default()))
}
