//! The Microsoft side as the skeleton sees it: routes, and the hand of a person at the web mail.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, put};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Microsoft;
use super::directory::Person;
use super::graph::messages::stable_id;
use super::graph::{call, error, serve, uploads};
use super::identity::{self, bearer};
use super::mailbox::log::Fields;
use super::mailbox::message::{Flag, Message};
use super::mailbox::{Hazards, Mailbox, folder::key, ids};
use crate::{
    Backend, Change, ControlError, Deliver, FolderState, MailboxState, MessageState, Provider, Sent,
};

impl Microsoft {
    fn person(&self, address: &str) -> Result<&Arc<Person>, ControlError> {
        self.shared
            .directory
            .find(address)
            .ok_or_else(|| ControlError::NotFound(format!("mailbox {address}")))
    }

    fn with<T>(
        &self,
        address: &str,
        work: impl FnOnce(&mut Mailbox) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        let person = self.person(address)?;
        self.shared.with(person, work)
    }
}

fn row(m: &Mailbox, id: &str) -> Result<Arc<Message>, ControlError> {
    call::find(m, id).map_err(|_| ControlError::NotFound(format!("message {id}")))
}

/// A folder by role, id, well-known name or path of names.
fn folder(m: &Mailbox, name: &str) -> Result<u32, ControlError> {
    let well_known = match name {
        "spam" => "junkemail",
        "trash" => "deleteditems",
        "sent" => "sentitems",
        other => other,
    };
    if let Some(found) = m.find_folder(well_known) {
        return Ok(found);
    }
    let mut at = key::ROOT;
    for part in name.split('/') {
        at = m
            .children(at)
            .find(|(_, f)| f.name == part)
            .map(|(k, _)| k)
            .ok_or_else(|| ControlError::NotFound(format!("folder {name}")))?;
    }
    Ok(at)
}

impl Backend for Microsoft {
    fn provider(&self) -> Provider {
        Provider::Microsoft
    }

    fn routes(self: Arc<Self>) -> Router {
        let shared = Arc::clone(&self.shared);
        Router::new()
            .route("/v1.0/{*path}", any(serve))
            .route(
                "/upload/{session}",
                put(uploads::upload)
                    .get(uploads::upload)
                    .delete(uploads::upload),
            )
            .merge(identity::routes())
            .with_state(shared)
    }

    fn caller(&self, request: &http::request::Parts) -> Option<String> {
        Some(
            self.shared
                .identity
                .access(bearer(&request.headers)?)?
                .address,
        )
    }

    fn error_body(&self, status: StatusCode, path: &str) -> (&'static str, String) {
        let (code, message) = match status.as_u16() {
            401 => (
                "InvalidAuthenticationToken",
                "Access token has expired or is not yet valid.",
            ),
            403 => (
                "ErrorAccessDenied",
                "Access is denied. Check credentials and try again.",
            ),
            404 => (
                "ErrorItemNotFound",
                "The specified object was not found in the store.",
            ),
            410 => (
                "SyncStateNotFound",
                "The sync state generation is not found.",
            ),
            412 => (
                "ErrorIrresolvableConflict",
                "The change key passed in the request does not match the current change key for the item.",
            ),
            429 => (
                "ApplicationThrottled",
                "Application is over its MailboxConcurrency limit.",
            ),
            503 => (
                "ErrorServerBusy",
                "The server cannot service this request right now. Try again later.",
            ),
            504 => ("UnknownError", "The gateway did not get an answer in time."),
            507 => ("ErrorQuotaExceeded", "The mailbox is full."),
            _ => (
                "generalException",
                "An error occurred while the request was processed.",
            ),
        };
        let id = uuid::Uuid::new_v4().to_string();
        let body = if path.contains("/oauth2/v2.0/") {
            json!({"error": if status.is_server_error() { "temporarily_unavailable" } else { "invalid_request" }, "error_description": "AADSTS90024: The service is temporarily unavailable.", "error_codes": [90_024]})
        } else {
            error::error_json(code, message, self.shared.now(), &id, &id)
        };
        ("application/json", body.to_string())
    }

    fn has_mailbox(&self, address: &str) -> bool {
        self.shared
            .directory
            .find(address)
            .is_some_and(|p| !p.account.without_mailbox)
    }

    fn deliver(&self, address: &str, mail: &Deliver) -> Result<String, ControlError> {
        let now = self.shared.now();
        self.with(address, |m| {
            let to = folder(m, mail.folder.as_deref().unwrap_or("inbox"))?;
            let received = mail.received.unwrap_or(now);
            let mut message = m.arrive(mail.raw.clone(), to, received);
            message.read = mail.read || message.draft || to == key::SENT;
            message.flag = if mail.starred {
                Flag::Flagged
            } else {
                Flag::NotFlagged
            };
            message.categories.clone_from(&mail.labels);
            let stored = m.add(message);
            Ok(stable_id(m.uid, &stored))
        })
    }

    fn change(&self, address: &str, id: &str, change: &Change) -> Result<(), ControlError> {
        let now = self.shared.now();
        self.with(address, |m| {
            let message = row(m, id)?.key;
            let mut fields = Fields::default();
            for (given, field) in [
                (change.read.is_some(), Fields::READ),
                (change.starred.is_some(), Fields::FLAG),
                (
                    !change.add.is_empty() || !change.remove.is_empty(),
                    Fields::CATEGORIES,
                ),
            ] {
                if given {
                    fields.add(field);
                }
            }
            if !fields.is_empty() {
                m.update(message, fields, now, |row| {
                    row.read = change.read.unwrap_or(row.read);
                    match change.starred {
                        Some(true) => row.flag = Flag::Flagged,
                        Some(false) => row.flag = Flag::NotFlagged,
                        None => {}
                    }
                    row.categories.retain(|c| !change.remove.contains(c));
                    for category in &change.add {
                        if !row.categories.contains(category) {
                            row.categories.push(category.clone());
                        }
                    }
                });
            }
            if let Some(to) = &change.move_to {
                let to = folder(m, to)?;
                m.relocate(message, to, now);
            }
            Ok(())
        })
    }

    fn remove(&self, address: &str, id: &str) -> Result<(), ControlError> {
        self.with(address, |m| {
            let message = row(m, id)?.key;
            m.purge(message);
            Ok(())
        })
    }

    fn mailbox(&self, address: &str) -> Result<MailboxState, ControlError> {
        let person = self.person(address)?;
        let (uid, rows, folders) = self.shared.with(person, |m| {
            let mut rows: Vec<Arc<Message>> = m
                .messages
                .values()
                .filter(|r| r.folder != key::RECOVERABLE)
                .cloned()
                .collect();
            rows.sort_by_key(|r| std::cmp::Reverse((r.received, r.key)));
            let folders = (0..)
                .zip(&m.folders)
                .filter(|(_, f)| !f.deleted)
                .map(|(k, f)| FolderState {
                    id: ids::folder(m.uid, k),
                    name: f.name.clone(),
                    role: f.well_known.map(str::to_owned),
                    total: f.order.len() as u64,
                    unread: u64::from(f.unread),
                })
                .collect();
            (m.uid, rows, folders)
        });
        let messages = rows
            .iter()
            .map(|row| {
                let raw = row.raw();
                MessageState {
                    id: stable_id(uid, row),
                    thread: ids::conversation(uid, row.conversation),
                    message_id: row.message_id.clone(),
                    subject: mail_parser::MessageParser::default()
                        .parse_headers(&raw)
                        .and_then(|m| m.subject().map(str::to_owned))
                        .unwrap_or_default(),
                    folders: vec![ids::folder(uid, row.folder)],
                    categories: row.categories.clone(),
                    read: row.read,
                    starred: row.flag == Flag::Flagged,
                    draft: row.draft,
                    received: row.received,
                    size: raw.len() as u64,
                }
            })
            .collect();
        Ok(MailboxState {
            address: person.account.address.clone(),
            messages,
            folders,
        })
    }

    fn raw(&self, address: &str, id: &str) -> Result<Bytes, ControlError> {
        let row = self.with(address, |m| row(m, id))?;
        Ok(row.raw())
    }

    fn sent(&self) -> Vec<Sent> {
        self.shared.sent.lock().clone()
    }

    fn expire_access_tokens(&self, address: Option<&str>) -> usize {
        self.shared
            .identity
            .expire_access(address, self.shared.now())
    }

    fn revoke_grants(&self, address: Option<&str>) -> usize {
        self.shared.identity.revoke(address)
    }

    fn expire_cursors(&self, address: &str) -> Result<(), ControlError> {
        self.with(address, |m| {
            m.epoch += 1;
            Ok(())
        })
    }

    fn control(&self, action: &str, body: Value) -> Result<Value, ControlError> {
        let mut body = match body {
            Value::Object(body) => body,
            _ => {
                return Err(ControlError::Invalid(
                    "an object with an address is needed".to_owned(),
                ));
            }
        };
        let address = text(&body, "address")?;
        let address = self.person(&address)?.account.address.clone();
        match action {
            "token" => {
                let scopes = match body.get("scopes").and_then(Value::as_array) {
                    Some(all) => all
                        .iter()
                        .filter_map(|s| s.as_str().map(str::to_owned))
                        .collect(),
                    None => [
                        "Mail.ReadWrite",
                        "Mail.Send",
                        "User.Read",
                        "MailboxSettings.ReadWrite",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                };
                let client = body
                    .get("client")
                    .and_then(Value::as_str)
                    .unwrap_or("control");
                let life = body
                    .get("lifetime_ms")
                    .and_then(Value::as_u64)
                    .unwrap_or(3_599_000);
                let token =
                    self.shared
                        .identity
                        .issue(&address, client, scopes, self.shared.now() + life);
                Ok(json!({"access_token": token}))
            }
            "hazards" => {
                body.remove("address");
                self.with(&address, |m| {
                    let mut all = serde_json::to_value(m.hazards).unwrap_or_default();
                    if let Some(known) = all.as_object_mut() {
                        known.extend(body);
                    }
                    m.hazards = serde_json::from_value::<Hazards>(all.clone())
                        .map_err(|e| ControlError::Invalid(e.to_string()))?;
                    Ok(all)
                })
            }
            "challenge" => {
                let default = json!({"access_token": {"nbf": {"essential": true, "value": (self.shared.now() / 1000).to_string()}}}).to_string();
                let claims = body
                    .get("claims")
                    .and_then(Value::as_str)
                    .map_or(default, str::to_owned);
                self.shared.identity.start_challenge(&address, claims);
                Ok(Value::Null)
            }
            "forget-consent" => {
                self.shared.identity.forget_consent(&address);
                Ok(Value::Null)
            }
            "lifecycle" => {
                let event = text(&body, "event")?;
                let told = self.shared.subscriptions.lifecycle(
                    self.person(&address)?,
                    &event,
                    &self.shared.context,
                );
                Ok(json!({"told": told}))
            }
            "permit" => {
                let right = |name: &str| body.get(name).and_then(Value::as_bool);
                let person = text(&body, "person")?;
                self.person(&address)?
                    .permit(&person, right("full_access"), right("send_as"));
                Ok(Value::Null)
            }
            "folder" => {
                let path = text(&body, "path")?;
                self.with(&address, |m| {
                    let folder = m.folder_path(&path);
                    Ok(json!({"id": ids::folder(m.uid, folder)}))
                })
            }
            "rename-folder" => {
                let (id, name) = (text(&body, "id")?, text(&body, "name")?);
                self.with(&address, |m| {
                    let at = folder(m, &id)?;
                    if let Some(f) = m.folder_mut(at) {
                        f.name = name;
                    }
                    m.folder_log.push(at);
                    Ok(Value::Null)
                })
            }
            other => Err(ControlError::NotFound(format!("action {other}"))),
        }
    }
}

fn text(body: &Map<String, Value>, name: &str) -> Result<String, ControlError> {
    body.get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| ControlError::Invalid(format!("{name} is needed")))
}
