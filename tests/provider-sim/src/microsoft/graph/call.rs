//! One Graph request, checked and taken apart, as handlers get it.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::json::{Format, etag};
use super::query::{Prefer, Query};
use crate::Gate;
use crate::microsoft::directory::Person;
use crate::microsoft::identity::Access;
use crate::microsoft::mailbox::message::Message;
use crate::microsoft::mailbox::{Mailbox, folder, ids};
use crate::microsoft::shared::Shared;

/// What handlers answer.
pub(crate) type Answer = Result<Response, GraphError>;

/// A request of a signed-in person.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    /// Whose token it is.
    pub(crate) caller: Arc<Person>,
    /// Whose mailbox it is about.
    pub(crate) person: Arc<Person>,
    pub(crate) token: Access,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) query: Arc<Query>,
    pub(crate) prefer: Prefer,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// For the parts of a batch.
    pub(crate) gate: Option<Gate>,
    /// Path without host and query, as asked.
    pub(crate) path: String,
    pub(crate) now: u64,
}

impl Call {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(n, _)| *n == name)
            .map_or("", |(_, v)| v.as_str())
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Mailbox) -> T) -> T {
        self.shared.with(&self.person, work)
    }

    /// The JSON body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, GraphError> {
        serde_json::from_slice(&self.body).map_err(|_| GraphError::not_json())
    }

    /// The JSON body as an object; an empty body is an empty object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, GraphError> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        self.json()
    }

    pub(crate) fn content_type_is(&self, wanted: &str) -> bool {
        self.headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.to_ascii_lowercase().starts_with(wanted))
    }

    /// How messages are to be shown.
    pub(crate) fn format(&self, mailbox: u64) -> Format {
        Format {
            mailbox,
            ids: self.prefer.ids,
            text_body: self.prefer.text_body,
            query: Arc::clone(&self.query),
        }
    }

    /// The message that the path names.
    pub(crate) fn message(&self) -> Result<(Arc<Message>, Format), GraphError> {
        let id = self.param("message");
        self.with(|m| Ok((find(m, id)?, self.format(m.uid))))
    }

    /// The folder that the path names.
    pub(crate) fn folder(&self, mailbox: &Mailbox) -> Result<u32, GraphError> {
        find_folder(mailbox, self.param("folder"))
    }

    /// Refuses if the client knows an older version.
    pub(crate) fn check_etag(&self, row: &Message) -> Result<(), GraphError> {
        let wanted = self
            .headers
            .get(http::header::IF_MATCH)
            .and_then(|v| v.to_str().ok());
        match wanted {
            Some(wanted) if wanted != "*" && wanted != etag(row) => Err(GraphError::conflict()),
            _ => Ok(()),
        }
    }

    /// `@odata.context` for a path below the person.
    pub(crate) fn odata_context(&self, what: &str) -> String {
        format!(
            "{}/v1.0/$metadata#users('{}')/{what}",
            self.shared.context.base_url,
            percent_encoding::utf8_percent_encode(
                &self.person.account.address,
                percent_encoding::NON_ALPHANUMERIC
            )
        )
    }

    /// One entity as an answer.
    pub(crate) fn entity(&self, status: StatusCode, what: &str, mut entity: Value) -> Response {
        if let Some(object) = entity.as_object_mut() {
            object.insert(
                "@odata.context".to_owned(),
                json!(self.odata_context(&format!("{what}/$entity"))),
            );
        }
        (status, axum::Json(entity)).into_response()
    }
}

/// A row by id of either kind.
pub(crate) fn find(mailbox: &Mailbox, id: &str) -> Result<Arc<Message>, GraphError> {
    let named = ids::parse_message(mailbox.uid, id).ok_or_else(GraphError::malformed_id)?;
    mailbox
        .messages
        .get(&named.key)
        .filter(|row| named.instance.is_none_or(|i| i == row.instance))
        .cloned()
        .ok_or_else(GraphError::item_not_found)
}

/// A folder by id or well-known name.
pub(crate) fn find_folder(mailbox: &Mailbox, id: &str) -> Result<u32, GraphError> {
    if let Some(folder) = mailbox.find_folder(id) {
        return Ok(folder);
    }
    // A well-formed id of a folder that is gone is unknown; anything else is no id.
    if ids::parse_folder(mailbox.uid, id).is_some() {
        return Err(GraphError::new(
            StatusCode::NOT_FOUND,
            "ErrorItemNotFound",
            "The specified object was not found in the store., The process failed to get the correct properties.",
        ));
    }
    Err(GraphError::malformed_id())
}

/// The folder that things are moved to.
pub(crate) fn destination(mailbox: &Mailbox, body: &Map<String, Value>) -> Result<u32, GraphError> {
    let id = get(body, "destinationId")
        .and_then(Value::as_str)
        .ok_or_else(|| GraphError::missing("DestinationId"))?;
    let found = find_folder(mailbox, id)?;
    if found == folder::key::ROOT || mailbox.folder(found).is_some_and(|f| f.query.is_some()) {
        return Err(GraphError::bad(
            "ErrorInvalidRequest",
            "Messages can't be put into this folder.",
        ));
    }
    Ok(found)
}

/// A property in any case: official clients differ.
pub(crate) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    })
}
