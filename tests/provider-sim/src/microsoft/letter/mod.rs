//! The content of a message, taken apart: parsed from RFC 5322, or composed through the API.

pub(crate) mod html;
mod parse;
mod write;

use bytes::Bytes;

use super::mailbox::message::Importance;

/// A mailbox in a header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) address: String,
}

/// The content of a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) from: Option<Address>,
    pub(crate) sender: Option<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) reply_to: Vec<Address>,
    /// With angle brackets.
    pub(crate) message_id: Option<String>,
    /// With angle brackets.
    pub(crate) in_reply_to: Option<String>,
    /// With angle brackets, oldest first.
    pub(crate) references: Vec<String>,
    /// Date header, in milliseconds since the Unix epoch.
    pub(crate) date: Option<u64>,
    pub(crate) importance: Importance,
    pub(crate) html: Option<String>,
    pub(crate) text: Option<String>,
    /// As they came, or the `x-` headers that a client set.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) meeting: Option<Meeting>,
    pub(crate) read_receipt: bool,
    pub(crate) delivery_receipt: bool,
}

/// What is attached.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    /// Unique within the message.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) inline: bool,
    /// Without angle brackets.
    pub(crate) content_id: Option<String>,
}

/// Graph's three kinds of attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    /// A message; `bytes` is its RFC 5322 text.
    Item,
    /// A link to a file elsewhere; nothing to download.
    Reference,
}

/// What an invitation says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meeting {
    /// Graph's `meetingMessageType`.
    pub(crate) kind: &'static str,
    /// `YYYY-MM-DDTHH:MM:SS`, UTC.
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) location: String,
    pub(crate) all_day: bool,
}

impl Letter {
    /// Does `hasAttachments` say so? Inline ones don't count.
    pub(crate) fn has_attachments(&self) -> bool {
        self.attachments.iter().any(|a| !a.inline)
    }

    /// Mail to many, which Exchange keeps out of the focused inbox.
    pub(crate) fn bulk(&self) -> bool {
        self.headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("List-Unsubscribe"))
    }

    /// The text a person reads: the plain part, or the HTML without its tags.
    pub(crate) fn plain(&self) -> String {
        match (&self.text, &self.html) {
            (_, Some(html)) => html::to_text(html),
            (Some(text), None) => text.clone(),
            (None, None) => String::new(),
        }
    }

    /// First 255 characters of the text.
    pub(crate) fn preview(&self) -> String {
        let text = match (&self.text, &self.html) {
            (Some(text), _) => text.trim_start().chars().take(255).collect::<String>(),
            (None, Some(_)) => self.plain(),
            (None, None) => String::new(),
        };
        text.trim().chars().take(255).collect()
    }

    /// Everybody it goes to.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let all = self.to.iter().chain(&self.cc).chain(&self.bcc);
        let mut out: Vec<String> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for address in all
            .map(|a| a.address.to_lowercase())
            .filter(|a| !a.is_empty())
        {
            if seen.insert(address.clone()) {
                out.push(address);
            }
        }
        out
    }

    /// A number for a new attachment.
    pub(crate) fn next_attachment(&self) -> u64 {
        self.attachments
            .iter()
            .map(|a| a.number + 1)
            .max()
            .unwrap_or(1)
    }
}

/// The subject without `Re:`, `Fwd:` and their relatives, in lower case.
pub(crate) fn topic(subject: &str) -> String {
    let known = [
        "re", "fw", "fwd", "aw", "wg", "sv", "vs", "回复", "答复", "转发", "返信", "отв", "на",
    ];
    let mut rest = subject.trim();
    while let Some((prefix, after)) = rest.split_once([':', '\u{ff1a}']) {
        if !known.contains(&prefix.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest.to_lowercase()
}
