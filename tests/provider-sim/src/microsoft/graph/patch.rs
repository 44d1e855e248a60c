//! What a client may set on a message whatever it is: read state, flag, categories, importance, focus.

use serde_json::{Map, Value};

use super::call::get as property;
use super::error::GraphError;
use crate::microsoft::mailbox::log::Fields;
use crate::microsoft::mailbox::message::{Flag, Importance, Message};

/// What PATCH and POST may set on a row.
#[derive(Debug, Default)]
pub(crate) struct Patch {
    pub(crate) fields: Fields,
    read: Option<bool>,
    flag: Option<Flag>,
    categories: Option<Vec<String>>,
    importance: Option<Importance>,
    other: Option<bool>,
}

impl Patch {
    pub(crate) fn parse(body: &Map<String, Value>) -> Result<Self, GraphError> {
        let wrong = |name: &str| {
            GraphError::bad(
                "RequestBodyRead",
                format!("Cannot convert the value of property '{name}' to the expected type."),
            )
        };
        let mut out = Self::default();
        if let Some(value) = property(body, "isRead").filter(|v| !v.is_null()) {
            out.read = Some(value.as_bool().ok_or_else(|| wrong("isRead"))?);
            out.fields.add(Fields::READ);
        }
        if let Some(value) = property(body, "flag").and_then(Value::as_object) {
            if property(value, "dueDateTime").is_some_and(|d| !d.is_null())
                && property(value, "startDateTime").is_none_or(Value::is_null)
            {
                return Err(GraphError::bad(
                    "ErrorInvalidArgument",
                    "A due date needs a start date.",
                ));
            }
            if let Some(status) = property(value, "flagStatus").and_then(Value::as_str) {
                out.flag = Some(Flag::named(status).ok_or_else(|| wrong("flagStatus"))?);
                out.fields.add(Fields::FLAG);
            }
        }
        if let Some(value) = property(body, "categories").and_then(Value::as_array) {
            out.categories = Some(
                value
                    .iter()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect(),
            );
            out.fields.add(Fields::CATEGORIES);
        }
        if let Some(value) = property(body, "importance").and_then(Value::as_str) {
            out.importance = Some(Importance::named(value).ok_or_else(|| wrong("importance"))?);
            out.fields.add(Fields::IMPORTANCE);
        }
        if let Some(value) = property(body, "inferenceClassification").and_then(Value::as_str) {
            out.other = Some(value.eq_ignore_ascii_case("other"));
            out.fields.add(Fields::INFERENCE);
        }
        Ok(out)
    }

    pub(crate) fn apply(&self, row: &mut Message) {
        row.read = self.read.unwrap_or(row.read);
        row.flag = self.flag.unwrap_or(row.flag);
        row.importance = self.importance.unwrap_or(row.importance);
        row.other = self.other.unwrap_or(row.other);
        if let Some(categories) = &self.categories {
            row.categories.clone_from(categories);
        }
    }
}
