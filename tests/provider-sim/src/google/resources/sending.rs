//! Messages that come in through the API: sent, imported, inserted; and where they thread.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::super::api::call::{Call, Reply};
use super::super::api::error::{ApiError, ApiResult};
use super::super::api::methods::SEND_LIMIT;
use super::super::mail::wire::{Wire, base_subject};
use super::super::mail::{decode, head::Head};
use super::super::mailbox::{LabelKey, NewMessage, State, parse_id, system};
use super::render::Shown;
use crate::{Content, Sent};

/// A `Message` resource in a request. Output-only fields are taken and ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct MessageBody {
    raw: Option<String>,
    thread_id: Option<String>,
    label_ids: Vec<String>,
    id: Option<Value>,
    snippet: Option<Value>,
    payload: Option<Value>,
    size_estimate: Option<Value>,
    history_id: Option<Value>,
    internal_date: Option<Value>,
    classification_label_values: Option<Value>,
}

/// What a request brought.
pub(crate) struct Incoming {
    pub(crate) raw: Bytes,
    pub(crate) thread: Option<u64>,
    pub(crate) labels: Vec<String>,
}

impl MessageBody {
    /// `media` wins over `raw`.
    pub(crate) fn incoming(self, media: Option<Bytes>, limit: usize) -> ApiResult<Incoming> {
        let raw = match (media, self.raw) {
            (Some(media), _) => media,
            (None, Some(raw)) => decode(&raw).map(Bytes::from).ok_or_else(|| {
                ApiError::invalid(
                    "Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed",
                )
            })?,
            (None, None) => {
                return Err(ApiError::invalid(
                    "'raw' RFC822 payload message string or uploading message via /upload/* URL required",
                ));
            }
        };
        if raw.len() > limit {
            return Err(ApiError::too_large());
        }
        let thread = match self.thread_id.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                Some(parse_id(&id).ok_or_else(|| ApiError::invalid("Invalid thread_id value"))?)
            }
        };
        Ok(Incoming {
            raw,
            thread,
            labels: self.label_ids,
        })
    }
}

/// A thread is joined by naming it, answering one of its messages, and keeping its subject; else there is a new one.
pub(crate) fn join(state: &State, wire: &Wire, thread: Option<u64>) -> ApiResult<Option<u64>> {
    let Some(thread) = thread else {
        return Ok(None);
    };
    let members = state.thread(thread).ok_or_else(ApiError::not_found)?;
    let answers = wire.references().iter().any(|reference| {
        state
            .with_message_id(reference)
            .any(|entry| entry.thread == thread)
    });
    let subject = base_subject(&wire.subject());
    let same_subject = members
        .iter()
        .any(|entry| base_subject(&entry.body.head().subject) == subject);
    Ok((answers && same_subject).then_some(thread))
}

/// Where mail from outside threads: with what it answers, if the subject is the same.
pub(crate) fn thread_of_arrival(state: &State, head: &Head) -> Option<u64> {
    let subject = base_subject(&head.subject);
    head.references.iter().rev().find_map(|reference| {
        state
            .with_message_id(reference)
            .find(|entry| base_subject(&entry.body.head().subject) == subject)
            .map(|entry| entry.thread)
    })
}

fn random_id() -> String {
    super::super::oauth::random_token(24)
}

/// The message as Gmail sends it, and to whom.
pub(crate) struct Outgoing {
    /// The sender's copy.
    pub(crate) own: Bytes,
    /// What recipients get: without Bcc.
    pub(crate) theirs: Bytes,
    pub(crate) recipients: Vec<String>,
    pub(crate) message_id: String,
    pub(crate) wire: Wire,
}

/// Gives a message its Message-ID, date and true sender.
pub(crate) fn prepare(call: &Call, raw: &Bytes) -> ApiResult<Outgoing> {
    let account = &call.mailbox.account;
    let mut wire = Wire::parse(raw);
    let mut recipients: Vec<String> = Vec::new();
    for field in ["To", "Cc", "Bcc"] {
        for address in wire.addresses(field) {
            if !address.contains('@') {
                return Err(ApiError::invalid(format!("Invalid {field} header")));
            }
            if !recipients.contains(&address) {
                recipients.push(address);
            }
        }
    }
    if recipients.is_empty() {
        return Err(ApiError::invalid("Recipient address required"));
    }
    let own_sender = wire
        .addresses("From")
        .first()
        .is_some_and(|from| call.mailbox.is_at(from));
    if !own_sender {
        wire.set(
            "From",
            &format!("{} <{}>", quoted(&account.name), account.address),
        );
    }
    let date = http_date(call.now);
    if !wire.has("Date") {
        wire.set("Date", &date);
    }
    if !wire.has("MIME-Version") {
        wire.set("MIME-Version", "1.0");
    }
    let message_id = format!("<CA{}@mail.gmail.com>", random_id());
    wire.set("Message-ID", &message_id);
    wire.prepend(
        "Received",
        &format!("from 1 named unknown by gmailapi.google.com with HTTPREST; {date}"),
    );
    let own = wire.to_bytes();
    let mut without_bcc = wire.clone();
    without_bcc.remove("Bcc");
    Ok(Outgoing {
        own,
        theirs: without_bcc.to_bytes(),
        recipients,
        message_id,
        wire,
    })
}

fn quoted(name: &str) -> String {
    let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
    if simple {
        name.to_owned()
    } else {
        crate::corpus::mime::encoded(name, crate::corpus::mime::Charset::Utf8, 6)
    }
}

/// RFC 5322.
fn http_date(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(chrono::DateTime::from_timestamp_millis)
        .unwrap_or_default()
        .to_rfc2822()
}

/// Counts a message against the day's sending.
pub(crate) fn charge(call: &Call) -> ApiResult<()> {
    let Some(limit) = call.google.context.limits.read().google_sends_per_day else {
        return Ok(());
    };
    call.google
        .sends
        .take(&call.mailbox.account.address, 1, limit, call.now)
        .map_err(ApiError::sending_exhausted)
}

/// Files the sender's copy under the lock; [`dispatch`] does the rest afterwards.
pub(crate) fn file_sent(
    call: &Call,
    state: &mut State,
    outgoing: &Outgoing,
    thread: Option<u64>,
) -> u64 {
    let mut labels: Vec<LabelKey> = vec![system::SENT];
    // Mail to oneself is one message in both places.
    if outgoing.recipients.iter().any(|to| call.mailbox.is_at(to)) {
        labels.extend([system::INBOX, system::UNREAD]);
    }
    state.add(
        NewMessage {
            content: Content::Held(outgoing.own.clone()),
            date: call.now,
            thread,
            labels,
            message_id: Some(outgoing.message_id.clone()),
        },
        Some(call.now),
    )
}

/// Lets it go to everybody else.
pub(crate) fn dispatch(call: &Call, outgoing: &Outgoing, id: u64) -> ApiResult<Reply> {
    let google = &call.google;
    google.sent.lock().push(Sent {
        from: call.mailbox.account.address.clone(),
        to: outgoing.recipients.clone(),
        id: Some(super::super::mailbox::hex_id(id)),
        message_id: outgoing.message_id.clone(),
        raw: outgoing.theirs.clone(),
        at: call.now,
    });
    let others: Vec<String> = outgoing
        .recipients
        .iter()
        .filter(|to| !call.mailbox.is_at(to))
        .cloned()
        .collect();
    google.context.post.deliver(&others, &outgoing.theirs, None);
    google.changed(&call.mailbox);
    brief(call, id)
}

/// Id, thread and labels of a message.
pub(crate) fn brief(call: &Call, id: u64) -> ApiResult<Reply> {
    let state = call.mailbox.state.read();
    let entry = state.entry(id).ok_or_else(ApiError::not_found)?;
    Ok(Reply::Value(Shown::of(&state, entry).brief()))
}

pub(crate) fn send(call: &Call) -> ApiResult<Reply> {
    let body: MessageBody = call.json()?;
    let incoming = body.incoming(call.media.clone(), SEND_LIMIT)?;
    let outgoing = prepare(call, &incoming.raw)?;
    let id = {
        let mut state = call.mailbox.state.write();
        let thread = join(&state, &outgoing.wire, incoming.thread)?;
        charge(call)?;
        file_sent(call, &mut state, &outgoing, thread)
    };
    dispatch(call, &outgoing, id)
}

/// `import` and `insert`: filed, not sent.
fn file(call: &Call, by_date_header: bool) -> ApiResult<Reply> {
    let body: MessageBody = call.json()?;
    let incoming = body.incoming(call.media.clone(), usize::MAX)?;
    let wire = Wire::parse(&incoming.raw);
    let head = Head::read(&incoming.raw);
    let by_date_header = match call.query("internalDateSource") {
        None => by_date_header,
        Some("dateHeader") => true,
        Some("receivedTime") => false,
        Some(other) => {
            return Err(ApiError::invalid(format!(
                "Invalid value at 'internal_date_source', \"{other}\""
            )));
        }
    };
    let date = wire.date().filter(|_| by_date_header).unwrap_or(call.now);
    let id = {
        let mut state = call.mailbox.state.write();
        let labels = incoming
            .labels
            .iter()
            .map(|id| {
                state
                    .labels
                    .key(id)
                    .ok_or_else(|| ApiError::invalid(format!("Invalid label: {id}")))
            })
            .collect::<ApiResult<Vec<_>>>()?;
        let thread = join(&state, &wire, incoming.thread)?;
        state.add(
            NewMessage {
                content: Content::Held(incoming.raw.clone()),
                date,
                thread,
                labels,
                message_id: head.message_id,
            },
            Some(call.now),
        )
    };
    call.google.changed(&call.mailbox);
    brief(call, id)
}

pub(crate) fn import(call: &Call) -> ApiResult<Reply> {
    file(call, true)
}

pub(crate) fn insert(call: &Call) -> ApiResult<Reply> {
    file(call, false)
}
