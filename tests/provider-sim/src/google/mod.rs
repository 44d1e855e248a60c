//! Google: skeleton.

use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::{Backend, Change, Context, ControlError, Deliver, MailboxState, Provider, Sent};

/// The Google side.
pub struct Google {
    _context: Context,
}

impl Google {
    pub(crate) fn new(context: Context) -> Self {
        Self { _context: context }
    }
}

fn none<T>() -> Result<T, ControlError> {
    Err(ControlError::NotFound("mailbox".to_owned()))
}

impl Backend for Google {
    fn provider(&self) -> Provider {
        Provider::Google
    }
    fn routes(self: Arc<Self>) -> Router {
        Router::new()
    }
    fn caller(&self, _request: &http::request::Parts) -> Option<String> {
        None
    }
    fn error_body(&self, status: StatusCode, _path: &str) -> (&'static str, String) {
        (
            "application/json",
            format!("{{\"error\":{{\"code\":{}}}}}", status.as_u16()),
        )
    }
    fn has_mailbox(&self, _address: &str) -> bool {
        false
    }
    fn deliver(&self, _address: &str, _mail: &Deliver) -> Result<String, ControlError> {
        none()
    }
    fn change(&self, _address: &str, _id: &str, _change: &Change) -> Result<(), ControlError> {
        none()
    }
    fn remove(&self, _address: &str, _id: &str) -> Result<(), ControlError> {
        none()
    }
    fn mailbox(&self, _address: &str) -> Result<MailboxState, ControlError> {
        none()
    }
    fn raw(&self, _address: &str, _id: &str) -> Result<Bytes, ControlError> {
        none()
    }
    fn sent(&self) -> Vec<Sent> {
        Vec::new()
    }
    fn expire_access_tokens(&self, _address: Option<&str>) -> usize {
        0
    }
    fn revoke_grants(&self, _address: Option<&str>) -> usize {
        0
    }
    fn expire_cursors(&self, _address: &str) -> Result<(), ControlError> {
        none()
    }
    fn control(&self, _action: &str, _body: Value) -> Result<Value, ControlError> {
        none()
    }
}
