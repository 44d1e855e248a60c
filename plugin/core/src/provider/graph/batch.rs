//! Several requests in one JSON document, answered in any order, each with a status of its own. Graph runs four of a batch at a
//! time, which is all that it allows for a mailbox: so one batch after the other.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::wire::Raw;
use super::{Graph, IMMUTABLE};
use crate::platform::{Platform, Response};
use crate::provider::client::Call;
use crate::provider::{ProviderError, Result};

/// Graph takes no more.
pub(super) const MOST: usize = 20;

/// One request of a batch.
pub(super) struct Part {
    method: &'static str,
    /// Below the mailbox.
    path: String,
    body: Option<Value>,
    etag: Option<String>,
}

impl Part {
    pub(super) fn get(path: String) -> Self {
        Self {
            method: "GET",
            path,
            body: None,
            etag: None,
        }
    }

    pub(super) fn post(path: String, body: Value) -> Self {
        Self {
            method: "POST",
            path,
            body: Some(body),
            etag: None,
        }
    }

    pub(super) fn patch(path: String, body: Value) -> Self {
        Self {
            method: "PATCH",
            path,
            body: Some(body),
            etag: None,
        }
    }

    /// Only if it has not changed since.
    pub(super) fn unchanged_since(mut self, etag: Option<String>) -> Self {
        self.etag = etag;
        self
    }

    /// `url`: its path as Graph knows it.
    fn write(&self, number: usize, url: String) -> Value {
        let mut headers = json!({"Prefer": IMMUTABLE});
        let mut part = json!({"id": number.to_string(), "method": self.method, "url": url});
        if let Some(fields) = headers.as_object_mut() {
            if self.body.is_some() {
                fields.insert("Content-Type".to_owned(), json!("application/json"));
            }
            if let Some(etag) = &self.etag {
                fields.insert("If-Match".to_owned(), json!(etag));
            }
        }
        if let Some(fields) = part.as_object_mut() {
            fields.insert("headers".to_owned(), headers);
            if let Some(body) = &self.body {
                fields.insert("body".to_owned(), body.clone());
            }
        }
        part
    }
}

#[derive(Deserialize)]
struct Answers {
    responses: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    id: Value,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, Value>,
    #[serde(default = "nothing")]
    body: Raw,
}

impl<P: Platform> Graph<'_, P> {
    /// Sends any number of requests, answers in their order. A part without an answer is to be waited for.
    pub(super) async fn batch(&self, parts: &[Part]) -> Result<Vec<Result<Raw>>> {
        let mut found = Vec::with_capacity(parts.len());
        for chunk in parts.chunks(MOST) {
            let all: Vec<&Part> = chunk.iter().collect();
            let mut answers = match self.one_batch(&all).await {
                Ok(answers) => answers,
                Err(error) if found.is_empty() => return Err(error),
                // What was answered before stays answered.
                Err(error) => {
                    found.resize_with(parts.len(), || Err(error.clone()));
                    break;
                }
            };
            // A token can run out between the batch and its parts.
            let refused = |answer: &Result<Raw>| matches!(answer, Err(ProviderError::Unauthorized));
            if answers.iter().any(refused) {
                self.client.renew().await?;
                let again: Vec<&Part> = all
                    .iter()
                    .zip(&answers)
                    .filter(|(_, answer)| refused(answer))
                    .map(|(part, _)| *part)
                    .collect();
                let slots = answers.iter_mut().filter(|answer| refused(answer));
                for (slot, answer) in slots.zip(self.one_batch(&again).await?) {
                    *slot = answer;
                }
            }
            found.extend(answers);
        }
        match found.iter().find_map(|answer| {
            answer
                .as_ref()
                .err()
                .filter(|error| concerns_account(error))
        }) {
            Some(error) => Err(error.clone()),
            None => Ok(found),
        }
    }

    async fn one_batch(&self, parts: &[&Part]) -> Result<Vec<Result<Raw>>> {
        let requests: Vec<Value> = parts
            .iter()
            .enumerate()
            .map(|(number, part)| part.write(number, self.path(&part.path)))
            .collect();
        let call = super::preferring(
            Call::post(self.endpoints.batch.clone(), &json!({"requests": requests}))
                .units(parts.len() as u64),
            None,
        );
        let answers: Answers = self.client.json(call).await?;
        let now = self.client.platform.now();
        let mut answers: HashMap<String, Answer> = answers
            .responses
            .into_iter()
            .map(|answer| (text(&answer.id), answer))
            .collect();
        let answered = (0..parts.len()).map(|number| match answers.remove(&number.to_string()) {
            Some(answer) if (200..300).contains(&answer.status) => Ok(answer.body),
            Some(answer) => Err(self.client.refusal(&whole(&answer))),
            None => Err(ProviderError::Wait {
                until: now + 1_000,
                reason: "Microsoft left out a part of a batch answer".to_owned(),
            }),
        });
        Ok(answered.collect())
    }
}

/// Would every other message fail alike?
fn concerns_account(error: &ProviderError) -> bool {
    matches!(
        error,
        ProviderError::Unauthorized
            | ProviderError::Reconnect(_)
            | ProviderError::Administrator(_)
            | ProviderError::NoAccess
            | ProviderError::MissingScope(_)
    )
}

fn nothing() -> Raw {
    RawValue::NULL.to_owned()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn whole(answer: &Answer) -> Response {
    let builder = http::Response::builder().status(answer.status);
    let builder = answer
        .headers
        .iter()
        .fold(builder, |builder, (name, value)| {
            builder.header(name.as_str(), text(value))
        });
    builder
        .body(answer.body.get().as_bytes().to_vec())
        .unwrap_or_default()
}
