//! Holds the host to its own OpenAPI document: every answer that the tests get must be one that the document promises.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What the host serves at `/api/openapi.json`.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    /// Path templates with their segments, as the document lists them.
    templates: Vec<(String, Vec<String>)>,
}

impl Contract {
    /// From the document's JSON.
    ///
    /// # Errors
    ///
    /// If it has no paths.
    pub fn new(document: Value) -> Result<Self> {
        let paths = document
            .get("paths")
            .and_then(Value::as_object)
            .context("the OpenAPI document has no paths")?;
        let templates = paths
            .keys()
            .map(|path| (path.clone(), segments(path)))
            .collect();
        Ok(Self {
            document,
            templates,
        })
    }

    /// Whether an answer keeps what the document promises for this request. `path` is without its query.
    ///
    /// # Errors
    ///
    /// Says which promise was broken: the path, the method, the status, the media type, or a place in the body.
    pub fn check(
        &self,
        method: &str,
        path: &str,
        status: u16,
        media_type: Option<&str>,
        body: &[u8],
    ) -> Result<()> {
        let (template, operation) = self.operation(method, path)?;
        let responses = operation
            .get("responses")
            .with_context(|| format!("{method} {template} promises no responses"))?;
        let exact = responses.get(status.to_string());
        let range = responses.get(format!("{}XX", status / 100));
        let Some(response) = exact.or(range).or_else(|| responses.get("default")) else {
            bail!("{method} {template} does not promise status {status}");
        };
        let response = self.resolve(response);
        let Some(content) = response
            .get("content")
            .and_then(Value::as_object)
            .filter(|content| !content.is_empty())
        else {
            if body.is_empty() {
                return Ok(());
            }
            bail!("{method} {template} promises no body with status {status}, but there is one");
        };
        let media_type = media_type.map(essence).unwrap_or_default();
        let Some(promised) = media(content, &media_type) else {
            let known: Vec<&String> = content.keys().collect();
            bail!(
                "{method} {template} promises {known:?} with status {status}, not `{media_type}`"
            );
        };
        if !media_type.ends_with("json") {
            return Ok(());
        }
        let Some(schema) = promised.get("schema") else {
            return Ok(());
        };
        let body: Value = serde_json::from_slice(body)
            .with_context(|| format!("{method} {template}: the body is no JSON"))?;
        self.validate(schema, &body)
            .with_context(|| format!("{method} {template}, status {status}"))
    }

    fn operation(&self, method: &str, path: &str) -> Result<(&str, &Value)> {
        let asked = segments(path);
        let matching = self
            .templates
            .iter()
            .filter(|(_, template)| fits(template, &asked));
        // As in the router: of two templates that fit, the one with fewer parameters is meant.
        let Some((template, _)) = matching.min_by_key(|(_, template)| {
            template.iter().filter(|part| part.starts_with('{')).count()
        }) else {
            bail!("the OpenAPI document has no path for {path}");
        };
        let operation = self
            .document
            .get("paths")
            .and_then(|paths| paths.get(template))
            .and_then(|path| path.get(method.to_lowercase()))
            .with_context(|| format!("the OpenAPI document has no {method} for {template}"))?;
        Ok((template, operation))
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|target| target.strip_prefix('#'));
        target
            .and_then(|target| self.document.pointer(target))
            .unwrap_or(value)
    }

    fn validate(&self, schema: &Value, body: &Value) -> Result<()> {
        let components = self
            .document
            .get("components")
            .cloned()
            .unwrap_or_else(|| json!({}));
        // References point into `#/components`, so the schema is looked at as part of a document that has them.
        let whole = json!({ "allOf": [schema], "components": components });
        let validator = jsonschema::draft202012::new(&whole)
            .map_err(|error| anyhow::anyhow!("the schema itself is wrong: {error}"))?;
        let broken: BTreeMap<String, String> = validator
            .iter_errors(body)
            .map(|error| (error.instance_path().to_string(), error.to_string()))
            .take(5)
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        let places: Vec<String> = broken
            .iter()
            .map(|(place, error)| format!("{place}: {error}"))
            .collect();
        bail!("the body breaks its schema: {}", places.join("; "))
    }
}

fn segments(path: &str) -> Vec<String> {
    path.trim_matches('/')
        .split('/')
        .map(str::to_owned)
        .collect()
}

fn fits(template: &[String], asked: &[String]) -> bool {
    template.len() == asked.len()
        && template
            .iter()
            .zip(asked)
            .all(|(known, given)| known.starts_with('{') || known == given)
}

/// A media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase()
}

/// By name, then by `image/*`, then by `*/*`.
fn media<'a>(content: &'a serde_json::Map<String, Value>, media_type: &str) -> Option<&'a Value> {
    let family = format!("{}/*", media_type.split('/').next().unwrap_or_default());
    content
        .get(media_type)
        .or_else(|| content.get(&family))
        .or_else(|| content.get("*/*"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn contract() -> Contract {
        Contract::new(json!({
            "openapi": "3.1.0",
            "paths": {
                "/api/things/{id}": { "get": { "responses": {
                    "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
                    "default": { "content": { "application/problem+json": { "schema": { "type": "object", "required": ["type"] } } } },
                } } },
                "/api/things/latest": { "get": { "responses": { "204": {} } } },
            },
            "components": { "schemas": { "Thing": {
                "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } }, "additionalProperties": false,
            } } },
        }))
        .unwrap()
    }

    fn check(path: &str, status: u16, media_type: &str, body: &str) -> Result<()> {
        contract().check("GET", path, status, Some(media_type), body.as_bytes())
    }

    #[test]
    fn what_is_promised_passes() {
        check(
            "/api/things/7",
            200,
            "application/json; charset=utf-8",
            r#"{"name":"x"}"#,
        )
        .unwrap();
        check(
            "/api/things/7",
            404,
            "application/problem+json",
            r#"{"type":"urn:x"}"#,
        )
        .unwrap();
        check("/api/things/latest", 204, "", "").unwrap();
    }

    #[test]
    fn what_is_not_promised_is_named() {
        for (path, status, media_type, body, part) in [
            ("/api/others", 200, "application/json", "{}", "no path"),
            (
                "/api/things/latest",
                200,
                "application/json",
                "{}",
                "status 200",
            ),
            ("/api/things/7", 200, "text/html", "", "text/html"),
            (
                "/api/things/7",
                200,
                "application/json",
                r#"{"name":7}"#,
                "/name",
            ),
            (
                "/api/things/7",
                200,
                "application/json",
                r#"{"name":"x","more":1}"#,
                "more",
            ),
        ] {
            let text = format!("{:#}", check(path, status, media_type, body).unwrap_err());
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
