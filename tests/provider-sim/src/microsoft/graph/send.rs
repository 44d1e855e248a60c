//! Sending: accepted at once, filed in Sent Items later, delivered to whoever has a mailbox here.
//!
//! Between the 202 and the copy in Sent Items the message is nowhere: the draft is consumed and can be neither found nor sent again.
//! That is harsher than Exchange, which shows it in the Outbox now and then, and what a client must be able to live with.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::call::{Answer, Call, find, get as property};
use super::compose::{self, draft_row, invalid_recipients, new_letter};
use super::error::GraphError;
use super::messages::stable_id;
use super::replies::letter_of;
use crate::microsoft::letter::{Address, Letter};
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::message::{Message, Stored};
use crate::microsoft::mailbox::{Mailbox, Resend, ids};
use crate::{Content, Sent};

/// 202 without a body.
pub(crate) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// `POST /messages/{message}/send`
pub(crate) fn draft(call: &Call) -> Answer {
    // Taken out under the lock, so that two requests can't send one draft.
    let row = call.with(|m| -> Result<_, GraphError> {
        if let Some(sent) = consumed(m, call.param("message")) {
            return once_more(m, sent);
        }
        let row = find(m, call.param("message"))?;
        if !row.draft {
            return Err(only_drafts());
        }
        check(call, &row)?;
        m.purge(row.key);
        Ok(Some((*row).clone()))
    })?;
    if let Some(row) = row {
        submit(call, row, true)?;
    }
    Ok(accepted())
}

fn only_drafts() -> GraphError {
    GraphError::bad("ErrorInvalidOperation", "Only drafts can be sent.")
}

/// What became of the draft with this id, if it was sent.
fn consumed<'a>(mailbox: &'a Mailbox, id: &str) -> Option<&'a Message> {
    mailbox.submitted(ids::parse_message(mailbox.uid, id)?.key)
}

/// The answer to sending it again; a message: that is sent now.
fn once_more(mailbox: &Mailbox, sent: &Message) -> Result<Option<Message>, GraphError> {
    match mailbox.hazards.resend {
        Resend::AsFound if mailbox.messages.contains_key(&sent.key) => Err(only_drafts()),
        Resend::AsFound | Resend::NotFound => Err(GraphError::item_not_found()),
        Resend::Refused => Err(only_drafts()),
        Resend::Conflict => Err(GraphError::conflict()),
        Resend::Fault => Err(GraphError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ErrorInternalServerError",
            "An internal server error occurred. The operation failed.",
        )),
        Resend::Accepted => Ok(None),
        // Another message of the same content, as Exchange would file it.
        Resend::SentAgain => Ok(Some(Message {
            key: 0,
            ..sent.clone()
        })),
    }
}

/// `POST /sendMail`
pub(crate) fn mail(call: &Call) -> Answer {
    let (mut row, save) = if call.content_type_is("text/plain") {
        let raw = compose::mime(&call.body)?;
        (call.with(|m| m.arrive(raw, key::DRAFTS, call.now)), true)
    } else {
        let body = call.object()?;
        let message = property(&body, "message")
            .and_then(Value::as_object)
            .ok_or_else(|| GraphError::missing("Message"))?;
        let letter = compose::letter(call, message, new_letter(call))?;
        let conversation = call.with(|m| m.conversation_of(&letter));
        let mut row = draft_row(letter, key::DRAFTS, conversation, call.now);
        row.extended = compose::extended(message)?;
        (
            row,
            property(&body, "saveToSentItems")
                .and_then(Value::as_bool)
                .unwrap_or(true),
        )
    };
    if row.message_id.is_none() {
        row.message_id = new_letter(call).message_id;
    }
    check(call, &row)?;
    submit(call, row, save)?;
    Ok(accepted())
}

/// Recipients there are, and a sender that the caller may use.
fn check(call: &Call, row: &Message) -> Result<(), GraphError> {
    let letter = row.letter();
    let recipients = letter.recipients();
    if recipients.is_empty() || recipients.iter().any(|r| !r.contains('@')) {
        return Err(invalid_recipients());
    }
    let named = letter.from.as_ref().filter(|f| !f.address.is_empty());
    let from = named.map_or(&call.person.account.address, |from| &from.address);
    if call.caller.owns(from) {
        return Ok(());
    }
    let sendable = call
        .shared
        .directory
        .find(from)
        .is_some_and(|p| p.sendable_by(&call.caller.account.address));
    if sendable && call.token.has_scope("Mail.Send.Shared") {
        return Ok(());
    }
    Err(GraphError::new(
        StatusCode::FORBIDDEN,
        "ErrorSendAsDenied",
        "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.",
    ))
}

/// Puts a message on its way; its recipients and sender have been checked, and it is in no folder.
pub(crate) fn submit(call: &Call, mut row: Message, save: bool) -> Result<(), GraphError> {
    check(call, &row)?;
    let (letter, public) = match &row.content {
        Stored::Letter(_) => {
            let mut letter = letter_of(&row);
            letter.date = Some(call.now);
            sign(call, &mut letter);
            let public = letter.to_mime(false);
            row.content = Stored::Mime(Content::Held(letter.to_mime(true)));
            (letter, public)
        }
        Stored::Mime(content) => {
            let raw = completed(call, &content.raw(), row.message_id.as_deref());
            let letter = Letter::parse(&raw);
            let public = without_bcc(&raw);
            row.content = Stored::Mime(Content::Held(raw));
            (letter, public)
        }
    };
    let message_id = row.message_id.clone().or_else(|| letter.message_id.clone());
    row.message_id.clone_from(&message_id);
    let id = call.with(|m| {
        let id = stable_id(m.uid, &row);
        let known = save && row.key != 0 && !m.hazards.sent_copy_is_new;
        if save {
            m.submit(row, call.now);
        }
        known.then_some(id)
    });
    let recipients = letter.recipients();
    call.shared.sent.lock().push(Sent {
        from: call.person.account.address.clone(),
        to: recipients.clone(),
        id,
        message_id: message_id.unwrap_or_default(),
        raw: public.clone(),
        at: call.now,
    });
    // Exchange gives mail to oneself twice: the copy in Sent Items and the one in the inbox.
    call.shared.context.post.deliver(&recipients, &public, None);
    super::bounce::report(call, &letter, &recipients);
    Ok(())
}

/// The sender that the message really has.
fn sign(call: &Call, letter: &mut Letter) {
    let owner = &call.person.account;
    let own = Address {
        name: owner.name.clone(),
        address: owner.address.clone(),
    };
    let foreign = letter
        .from
        .as_ref()
        .is_some_and(|f| !call.person.owns(&f.address));
    if foreign {
        letter.sender = Some(own);
    } else if letter.from.is_none() {
        letter.from = Some(own);
    }
}

/// MIME with the headers that a client may have left out.
fn completed(call: &Call, raw: &Bytes, message_id: Option<&str>) -> Bytes {
    let letter = Letter::parse(raw);
    let mut head = Vec::new();
    let owner = &call.person.account;
    if letter.from.is_none() {
        crate::corpus::mime::header(
            &mut head,
            "From",
            &crate::corpus::mime::mailbox(
                &owner.name,
                &owner.address,
                crate::corpus::mime::Charset::Utf8,
            ),
        );
    }
    if letter.message_id.is_none()
        && let Some(id) = message_id
    {
        crate::corpus::mime::header(&mut head, "Message-ID", id);
    }
    if letter.date.is_none() {
        crate::corpus::mime::header(&mut head, "Date", &crate::corpus::mime::date(call.now));
    }
    if head.is_empty() {
        return raw.clone();
    }
    head.extend_from_slice(raw);
    Bytes::from(head)
}

/// The message without its Bcc header.
fn without_bcc(raw: &Bytes) -> Bytes {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = &raw[..];
    let mut dropping = false;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|b| *b == b'\n')
            .map_or(rest.len(), |e| e + 1);
        let (line, after) = rest.split_at(end);
        if line == b"\n" || line == b"\r\n" {
            break;
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if !folded {
            dropping = line
                .get(..4)
                .is_some_and(|n| n.eq_ignore_ascii_case(b"bcc:"));
        }
        if !dropping {
            out.extend_from_slice(line);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    Bytes::from(out)
}

/// For handlers that keep a letter in a row.
pub(crate) fn stored(letter: Letter) -> Stored {
    Stored::Letter(Arc::new(letter))
}
