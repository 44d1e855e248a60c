//! Answers and forwards: drafts with the headers, recipients and quoted text that Exchange gives them.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use super::call::{Answer, Call, get as property};
use super::compose::{draft_row, letter as amend, new_letter, recipients};
use super::error::GraphError;
use super::json::Format;
use super::send;
use crate::microsoft::letter::{Address, Letter, html, topic};
use crate::microsoft::mailbox::folder::key;
use crate::microsoft::mailbox::message::{Message, Stored};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reply,
    ReplyAll,
    Forward,
}

pub(crate) fn create_reply(call: &Call) -> Answer {
    create(call, Kind::Reply)
}

pub(crate) fn create_reply_all(call: &Call) -> Answer {
    create(call, Kind::ReplyAll)
}

pub(crate) fn create_forward(call: &Call) -> Answer {
    create(call, Kind::Forward)
}

pub(crate) fn reply(call: &Call) -> Answer {
    at_once(call, Kind::Reply)
}

pub(crate) fn reply_all(call: &Call) -> Answer {
    at_once(call, Kind::ReplyAll)
}

pub(crate) fn forward(call: &Call) -> Answer {
    at_once(call, Kind::Forward)
}

fn create(call: &Call, kind: Kind) -> Answer {
    let (row, format) = draft(call, kind)?;
    let row = call.with(|m| m.add(row));
    Ok(call.entity(StatusCode::CREATED, "messages", format.message(&row)))
}

fn at_once(call: &Call, kind: Kind) -> Answer {
    let (row, _) = draft(call, kind)?;
    send::submit(call, row, true)?;
    Ok(send::accepted())
}

fn draft(call: &Call, kind: Kind) -> Result<(Message, Format), GraphError> {
    let (original, format) = call.message()?;
    let body = call.object()?;
    let message = property(&body, "message").and_then(Value::as_object);
    let comment = property(&body, "comment").and_then(Value::as_str);
    if comment.is_some() && message.is_some_and(|m| property(m, "body").is_some()) {
        return Err(GraphError::bad(
            "ErrorInvalidRequest",
            "Comment and the body of the message can't be set together.",
        ));
    }
    let quoted = original.letter();
    let mut letter = answer(call, kind, &original, &quoted, comment.unwrap_or_default());
    if let Some(to) = property(&body, "toRecipients") {
        letter.to = recipients(to)?;
    }
    if let Some(message) = message {
        letter = amend(call, message, letter)?;
    }
    let same_topic = topic(&letter.subject) == topic(&quoted.subject);
    let conversation = if same_topic {
        original.conversation
    } else {
        call.with(|m| m.conversation_of(&letter))
    };
    let mut row = draft_row(letter, key::DRAFTS, conversation, call.now);
    row.extended = super::compose::extended(message.unwrap_or(&Map::new()))?;
    Ok((row, format))
}

fn answer(
    call: &Call,
    kind: Kind,
    original: &Message,
    quoted: &Arc<Letter>,
    comment: &str,
) -> Letter {
    let mut letter = new_letter(call);
    let own = |a: &Address| call.person.owns(&a.address);
    let prefix = if kind == Kind::Forward {
        "FW: "
    } else {
        "RE: "
    };
    letter.subject = if quoted.subject.to_uppercase().starts_with(prefix) {
        quoted.subject.clone()
    } else {
        format!("{prefix}{}", quoted.subject)
    };
    let back: Vec<Address> = if quoted.reply_to.is_empty() {
        quoted.from.iter().cloned().collect()
    } else {
        quoted.reply_to.clone()
    };
    match kind {
        Kind::Forward => letter.attachments.clone_from(&quoted.attachments),
        // An answer to one's own mail goes to whom that went.
        Kind::Reply | Kind::ReplyAll if back.iter().all(own) && !back.is_empty() => {
            letter.to.clone_from(&quoted.to)
        }
        Kind::Reply | Kind::ReplyAll => letter.to = back,
    }
    if kind == Kind::ReplyAll {
        let there = |list: &[Address], a: &Address| {
            list.iter()
                .any(|b| b.address.eq_ignore_ascii_case(&a.address))
        };
        for address in &quoted.to {
            if !own(address) && !there(&letter.to, address) {
                letter.to.push(address.clone());
            }
        }
        for address in &quoted.cc {
            if !own(address) && !there(&letter.to, address) && !there(&letter.cc, address) {
                letter.cc.push(address.clone());
            }
        }
    }
    if kind != Kind::Forward {
        letter.attachments = quoted
            .attachments
            .iter()
            .filter(|a| a.inline)
            .cloned()
            .collect();
    }
    letter.references = quoted.references.clone();
    if let Some(id) = &original.message_id {
        letter.in_reply_to = Some(id.clone());
        letter.references.push(id.clone());
    }
    letter.html = Some(history(original, quoted, comment));
    letter
}

/// The comment over the quoted message, as Outlook writes it.
fn history(original: &Message, quoted: &Letter, comment: &str) -> String {
    let list = |all: &[Address]| {
        all.iter()
            .map(|a| format!("{} &lt;{}&gt;", a.name, a.address))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let mut out = String::from(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>\r\n<div>",
    );
    html::escape_into(comment, &mut out);
    out.push_str("</div><hr tabindex=\"-1\" style=\"display:inline-block; width:98%\"><div id=\"divRplyFwdMsg\" dir=\"ltr\">");
    let from: Vec<Address> = quoted.from.iter().cloned().collect();
    out.push_str(&format!(
        "<b>From:</b> {}<br><b>Sent:</b> {}<br>",
        list(&from),
        super::time::date_time(original.received)
    ));
    out.push_str(&format!("<b>To:</b> {}<br>", list(&quoted.to)));
    if !quoted.cc.is_empty() {
        out.push_str(&format!("<b>Cc:</b> {}<br>", list(&quoted.cc)));
    }
    out.push_str("<b>Subject:</b> ");
    html::escape_into(&quoted.subject, &mut out);
    out.push_str("</div><div>&nbsp;</div>");
    match (&quoted.html, &quoted.text) {
        (Some(markup), _) => out.push_str(inner(&html::cleaned(markup))),
        (None, Some(text)) => out.push_str(inner(&html::from_text(text))),
        (None, None) => {}
    }
    out.push_str("</body></html>");
    out
}

/// What is between the body tags.
fn inner(markup: &str) -> &str {
    let lower = markup.to_ascii_lowercase();
    let start = lower
        .find("<body")
        .and_then(|b| lower.get(b..)?.find('>').map(|e| b + e + 1))
        .unwrap_or(0);
    let end = lower.rfind("</body").unwrap_or(markup.len()).max(start);
    markup.get(start..end).unwrap_or(markup)
}

/// A draft's letter, whatever it was made from.
pub(crate) fn letter_of(row: &Message) -> Letter {
    let mut letter = (*row.letter()).clone();
    if matches!(row.content, Stored::Letter(_)) || letter.message_id.is_none() {
        letter.message_id.clone_from(&row.message_id);
    }
    letter
}
