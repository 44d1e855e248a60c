//! A row of a mailbox: everything of a message that can change or that an index needs. Its content stays where it is.

use std::sync::Arc;

use crate::Content;
use crate::microsoft::letter::Letter;

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) key: u64,
    /// Grows with every move.
    pub(crate) instance: u32,
    pub(crate) folder: u32,
    /// Grows with every change; the etag.
    pub(crate) version: u64,
    /// All times in milliseconds since the Unix epoch.
    pub(crate) created: u64,
    pub(crate) modified: u64,
    pub(crate) received: u64,
    /// Submission; none: the Date header, or arrival.
    pub(crate) sent: Option<u64>,
    pub(crate) read: bool,
    pub(crate) flag: Flag,
    pub(crate) categories: Vec<String>,
    pub(crate) importance: Importance,
    /// Not in the focused inbox.
    pub(crate) other: bool,
    pub(crate) draft: bool,
    pub(crate) conversation: u64,
    /// With angle brackets.
    pub(crate) message_id: Option<String>,
    /// Single-value extended properties: id and value.
    pub(crate) extended: Vec<(String, String)>,
    pub(crate) content: Stored,
}

/// Where the content is.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// As it came.
    Mime(Content),
    /// As it was composed here.
    Letter(Arc<Letter>),
}

impl Message {
    /// The content, taken apart.
    pub(crate) fn letter(&self) -> Arc<Letter> {
        match &self.content {
            Stored::Mime(content) => Arc::new(Letter::parse(&content.raw())),
            Stored::Letter(letter) => Arc::clone(letter),
        }
    }

    /// The content as RFC 5322, Bcc included.
    pub(crate) fn raw(&self) -> bytes::Bytes {
        match &self.content {
            Stored::Mime(content) => content.raw(),
            Stored::Letter(letter) => letter.to_mime(true),
        }
    }
}

/// Follow-up flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Flag {
    #[default]
    NotFlagged,
    Flagged,
    Complete,
}

impl Flag {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotFlagged => "notFlagged",
            Self::Flagged => "flagged",
            Self::Complete => "complete",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::NotFlagged, Self::Flagged, Self::Complete]
            .into_iter()
            .find(|f| f.name().eq_ignore_ascii_case(name))
    }
}

/// The sender's importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Importance {
    Low,
    #[default]
    Normal,
    High,
}

impl Importance {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Low, Self::Normal, Self::High]
            .into_iter()
            .find(|i| i.name().eq_ignore_ascii_case(name))
    }
}
