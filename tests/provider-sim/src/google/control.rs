//! What tests do to mailboxes from behind, and Google's own control actions.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::mail::head::Head;
use super::mailbox::{LabelKey, Mailbox, NewMessage, State, hex_id, parse_id, system};
use super::resources::sending::thread_of_arrival;
use super::{Google, oauth};
use crate::{Change, Content, ControlError, Deliver, FolderState, MailboxState, MessageState};

type Answer<T> = Result<T, ControlError>;

pub(super) fn find(google: &Google, address: &str) -> Answer<Arc<Mailbox>> {
    google
        .mailbox(address)
        .ok_or_else(|| ControlError::NotFound(format!("mailbox {address}")))
}

fn message(id: &str) -> Answer<u64> {
    parse_id(id).ok_or_else(|| ControlError::NotFound(format!("message {id}")))
}

/// By id, then by name; a new one is made for a name that nobody has.
fn label(state: &mut State, name: &str) -> Answer<LabelKey> {
    match state.labels.key(name).or_else(|| state.labels.named(name)) {
        Some(key) => Ok(key),
        None => state
            .labels
            .create(name)
            .map_err(|_| ControlError::Invalid(format!("label name {name}"))),
    }
}

/// Labels that put a message into a place.
fn place(state: &mut State, name: &str) -> Answer<Vec<LabelKey>> {
    Ok(match name {
        "inbox" => vec![system::INBOX],
        "archive" => Vec::new(),
        "spam" => vec![system::SPAM],
        "trash" => vec![system::TRASH],
        "sent" => vec![system::SENT],
        other => vec![label(state, other)?],
    })
}

pub(super) fn deliver(google: &Google, address: &str, mail: &Deliver) -> Answer<String> {
    let mailbox = find(google, address)?;
    let now = google.context.clock.now();
    let head = Head::read(&mail.raw);
    let id = {
        let mut state = mailbox.state.write();
        let mut labels = place(&mut state, mail.folder.as_deref().unwrap_or("inbox"))?;
        if labels.contains(&system::INBOX) {
            labels.push(system::CATEGORY_PERSONAL);
        }
        for name in &mail.labels {
            labels.push(label(&mut state, name)?);
        }
        if !mail.read && !labels.contains(&system::SENT) {
            labels.push(system::UNREAD);
        }
        if mail.starred {
            labels.push(system::STARRED);
        }
        let thread = thread_of_arrival(&state, &head);
        state.add(
            NewMessage {
                content: Content::Held(mail.raw.clone()),
                date: mail.received.unwrap_or(now),
                thread,
                labels,
                message_id: head.message_id,
            },
            Some(now),
        )
    };
    google.changed(&mailbox);
    Ok(hex_id(id))
}

pub(super) fn change(google: &Google, address: &str, id: &str, change: &Change) -> Answer<()> {
    let mailbox = find(google, address)?;
    let number = message(id)?;
    {
        let mut state = mailbox.state.write();
        if state.entry(number).is_none() {
            return Err(ControlError::NotFound(format!("message {id}")));
        }
        let mut add = Vec::new();
        let mut remove = Vec::new();
        let mut set = |key, on: Option<bool>| match on {
            Some(true) => add.push(key),
            Some(false) => remove.push(key),
            None => {}
        };
        set(system::UNREAD, change.read.map(|read| !read));
        set(system::STARRED, change.starred);
        for name in &change.add {
            add.push(label(&mut state, name)?);
        }
        for name in &change.remove {
            remove.push(label(&mut state, name)?);
        }
        if let Some(place_name) = &change.move_to {
            let places = [system::INBOX, system::SPAM, system::TRASH];
            let to = place(&mut state, place_name)?;
            remove.extend(places.iter().filter(|key| !to.contains(key)));
            add.extend(to);
        }
        state.relabel(number, &add, &remove, google.context.clock.now());
    }
    google.changed(&mailbox);
    Ok(())
}

pub(super) fn remove(google: &Google, address: &str, id: &str) -> Answer<()> {
    let mailbox = find(google, address)?;
    let now = google.context.clock.now();
    mailbox
        .state
        .write()
        .remove(message(id)?, now)
        .ok_or_else(|| ControlError::NotFound(format!("message {id}")))?;
    google.changed(&mailbox);
    Ok(())
}

pub(super) fn raw(google: &Google, address: &str, id: &str) -> Answer<Bytes> {
    let entry = find(google, address)?
        .entry(message(id)?)
        .ok_or_else(|| ControlError::NotFound(format!("message {id}")))?;
    Ok(entry.body.raw())
}

pub(super) fn state(google: &Google, address: &str) -> Answer<MailboxState> {
    let mailbox = find(google, address)?;
    let (entries, folders) = {
        let state = mailbox.state.read();
        let entries: Vec<_> = state
            .newest(&[], None)
            .map(|entry| {
                let labels: Vec<String> = entry
                    .labels
                    .iter()
                    .map(|key| state.labels.id(*key).to_owned())
                    .collect();
                (entry.clone(), labels)
            })
            .collect();
        let folders = state
            .labels
            .iter()
            .map(|(key, label)| FolderState {
                id: label.id.clone(),
                name: label.name.clone(),
                role: label.system.then(|| label.id.clone()),
                total: state.labelled(key) as u64,
                unread: state.newest(&[key, system::UNREAD], None).count() as u64,
            })
            .collect();
        (entries, folders)
    };
    let messages = entries
        .into_iter()
        .map(|(entry, folders)| {
            let head = entry.body.head();
            MessageState {
                id: hex_id(entry.body.id),
                thread: hex_id(entry.thread),
                message_id: head.message_id.clone(),
                subject: head.subject.clone(),
                folders,
                categories: Vec::new(),
                read: !entry.has(system::UNREAD),
                starred: entry.has(system::STARRED),
                draft: entry.has(system::DRAFT),
                received: entry.body.date,
                size: head.size,
            }
        })
        .collect();
    Ok(MailboxState {
        address: mailbox.account.address.clone(),
        messages,
        folders,
    })
}

fn read<T: DeserializeOwned>(body: &Value) -> Answer<T> {
    let body = if body.is_null() {
        json!({})
    } else {
        body.clone()
    };
    serde_json::from_value(body).map_err(|error| ControlError::Invalid(error.to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    address: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorize {
    url: String,
    address: String,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    deny: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    address: String,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedLabel {
    address: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushAgain {
    address: String,
    #[serde(default)]
    forged: bool,
}

pub(super) fn special(google: &Google, action: &str, body: &Value) -> Answer<Value> {
    let now = google.context.clock.now();
    match action {
        "authorize" => {
            let ask: Authorize = read(body)?;
            let location = oauth::walk_through(
                google,
                &ask.url,
                &ask.address,
                ask.scopes.as_deref(),
                !ask.deny,
            )?;
            Ok(json!({"location": location}))
        }
        "access-token" => {
            let ask: Token = read(body)?;
            find(google, &ask.address)?;
            Ok(json!({"access_token": google.grants.give(&ask.address, &ask.scopes, now)}))
        }
        "change-password" => {
            google
                .grants
                .password_changed(&read::<Whose>(body)?.address);
            Ok(Value::Null)
        }
        "end-session" => {
            google.grants.end_session(&read::<Whose>(body)?.address);
            Ok(Value::Null)
        }
        "live-refresh-tokens" => {
            let whose: Whose = read(body)?;
            Ok(json!({"count": google.grants.live_refresh_tokens(&whose.address)}))
        }
        "units" => {
            let whose: Whose = read(body)?;
            Ok(json!({"used": google.units.used(&whose.address, now)}))
        }
        "create-label" | "rename-label" | "delete-label" => labels(google, action, &read(body)?),
        "subscribe" => {
            google.push.subscribe(read(body)?);
            Ok(Value::Null)
        }
        "push" => {
            let ask: PushAgain = read(body)?;
            let mailbox = find(google, &ask.address)?;
            if google.push.again(&mailbox, now, ask.forged) {
                Ok(Value::Null)
            } else {
                Err(ControlError::NotFound("watch".to_owned()))
            }
        }
        "pushes" => Ok(json!(google.push.delivered())),
        other => Err(ControlError::NotFound(format!("action {other}"))),
    }
}

fn labels(google: &Google, action: &str, ask: &NamedLabel) -> Answer<Value> {
    let mailbox = find(google, &ask.address)?;
    let now = google.context.clock.now();
    let mut state = mailbox.state.write();
    let bad = |_| ControlError::Invalid(format!("label name {}", ask.name));
    if action == "create-label" {
        let key = state.labels.create(&ask.name).map_err(bad)?;
        return Ok(json!({"id": state.labels.id(key)}));
    }
    let key = state
        .labels
        .key(&ask.label)
        .or_else(|| state.labels.named(&ask.label))
        .filter(|key| state.labels.get(*key).is_some_and(|label| !label.system))
        .ok_or_else(|| ControlError::NotFound(format!("label {}", ask.label)))?;
    if action == "rename-label" {
        state.labels.check(&ask.name, Some(key)).map_err(bad)?;
        if let Some(label) = state.labels.get_mut(key) {
            label.name.clone_from(&ask.name);
        }
        return Ok(Value::Null);
    }
    let labelled: Vec<u64> = state
        .newest(&[key], None)
        .map(|entry| entry.body.id)
        .collect();
    for id in labelled {
        state.relabel(id, &[], &[key], now);
    }
    state.labels.remove(key);
    Ok(Value::Null)
}
