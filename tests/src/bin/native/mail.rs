//! The shapes of two answers, as the host's API writes them: `cargo xtask bench api` compares the bytes.

use email_manager_core::model;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Page {
    items: Vec<ThreadSummary>,
    next: Option<String>,
}

impl From<model::Items<model::ThreadSummary>> for Page {
    fn from(page: model::Items<model::ThreadSummary>) -> Self {
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

#[derive(Serialize)]
struct Address {
    name: String,
    email: String,
}

impl From<model::Address> for Address {
    fn from(address: model::Address) -> Self {
        Self {
            name: address.name,
            email: address.email,
        }
    }
}

fn addresses(list: Vec<model::Address>) -> Vec<Address> {
    list.into_iter().map(Into::into).collect()
}

/// The names of what is marked.
fn marks(marks: model::Marks) -> Vec<&'static str> {
    let all = [
        (marks.unread, "unread"),
        (marks.starred, "starred"),
        (marks.important, "important"),
        (marks.draft, "draft"),
        (marks.answered, "answered"),
        (marks.forwarded, "forwarded"),
        (marks.attachments, "attachments"),
        (marks.muted, "muted"),
        (marks.to_do, "to-do"),
    ];
    all.into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| name)
        .collect()
}

#[derive(Serialize)]
struct ThreadSummary {
    id: String,
    account: String,
    subject: String,
    snippet: String,
    participants: Vec<Address>,
    messages: u32,
    latest: u64,
    marks: Vec<&'static str>,
    folders: Vec<String>,
}

impl From<model::ThreadSummary> for ThreadSummary {
    fn from(thread: model::ThreadSummary) -> Self {
        Self {
            id: thread.id,
            account: thread.account,
            subject: thread.subject,
            snippet: thread.snippet,
            participants: addresses(thread.participants),
            messages: thread.messages,
            latest: thread.latest,
            marks: marks(thread.marks),
            folders: thread.folders,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Thread {
    pub(crate) id: String,
    pub(crate) messages: Vec<Message>,
}

#[derive(Serialize)]
struct Attachment {
    id: String,
    name: String,
    media_type: String,
    size: u64,
    inline: bool,
    content_id: Option<String>,
}

impl From<model::Attachment> for Attachment {
    fn from(file: model::Attachment) -> Self {
        Self {
            id: file.id,
            name: file.name,
            media_type: file.media_type,
            size: file.size,
            inline: file.inline,
            content_id: file.content_id,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Message {
    id: String,
    thread: String,
    account: String,
    message_header_id: Option<String>,
    subject: String,
    from: Option<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    bcc: Vec<Address>,
    reply_to: Vec<Address>,
    sent: Option<u64>,
    received: u64,
    size: Option<u64>,
    marks: Vec<&'static str>,
    folders: Vec<String>,
    snippet: String,
    attachments: Vec<Attachment>,
    problem: Option<String>,
}

impl From<model::Message> for Message {
    fn from(message: model::Message) -> Self {
        Self {
            id: message.id,
            thread: message.thread,
            account: message.account,
            message_header_id: message.message_header_id,
            subject: message.subject,
            from: message.from.map(Into::into),
            to: addresses(message.to),
            cc: addresses(message.cc),
            bcc: addresses(message.bcc),
            reply_to: addresses(message.reply_to),
            sent: message.sent,
            received: message.received,
            size: message.size,
            marks: marks(message.marks),
            folders: message.folders,
            snippet: message.snippet,
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            problem: message.problem,
        }
    }
}
