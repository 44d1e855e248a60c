//! The description of the API. It is made from the handlers themselves, so that it can't name an address that does not exist or miss one
//! that does; what all of them have in common is added here.

use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::cookies;
use super::problem::{Action, FieldError, Kind, ProblemDocument};

/// What the document says of itself.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Plugin host",
        description = "Plugins, people and mail.\n\nTimes are milliseconds since the Unix epoch, sizes bytes, ids opaque. Sign in with `POST /api/session` (a cookie) or send an API token as `Authorization: Bearer`. \
                       Every error is a problem document (RFC 9457)."
    ),
    paths(super::plugin_pages::file),
    components(schemas(ProblemDocument, Action, FieldError, super::plugins::DataFate)),
    tags(
        (name = "session", description = "Signing in, oneself, one's tokens"),
        (name = "users", description = "People, for administrators"),
        (name = "plugins", description = "Plugins and their settings, for administrators"),
        (name = "pages", description = "The pages that plugins bring"),
        (name = "mail", description = "Accounts, messages, sending; served by whichever plugin brings mail"),
        (name = "uploads", description = "Files for plugins"),
        (name = "events", description = "What happened, as it happens"),
        (name = "operation", description = "For whoever runs the host"),
    )
)]
pub(super) struct Description;

/// The whole document. `api` is what the routers collected.
pub(super) fn document(mut api: utoipa::openapi::OpenApi) -> Value {
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookies::SESSION))),
    );
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    let mut document = serde_json::to_value(&api).unwrap_or_default();
    if let Some(document) = document.as_object_mut() {
        let security = json!([{ "session": [] }, { "token": [] }]);
        document.insert("security".to_owned(), security);
    }
    if let Some(version) = document.pointer_mut("/info/version") {
        *version = json!(env!("CARGO_PKG_VERSION"));
    }
    let types: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| format!("{}{}", super::problem::TYPE_PREFIX, kind.slug()))
        .collect();
    if let Some(kind) = document.pointer_mut("/components/schemas/Problem/properties/type") {
        kind["enum"] = json!(types);
    }
    // Any address may answer any problem: a body too large, a host that is busy, a session that ended.
    let problem = json!({
        "description": "What went wrong and what to do",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
    });
    for (path, methods) in document
        .pointer_mut("/paths")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let Some(operation) = operation.as_object_mut() else {
                continue;
            };
            operation.insert("operationId".to_owned(), json!(operation_id(method, path)));
            if let Some(responses) = operation
                .get_mut("responses")
                .and_then(Value::as_object_mut)
            {
                responses.insert("default".to_owned(), problem.clone());
            }
        }
    }
    document
}

/// `get_mail_accounts_id`: handlers of different modules share their names, and generated clients tell operations apart by theirs.
fn operation_id(method: &str, path: &str) -> String {
    let parts = path.split(['/', '{', '}', '-', '.']);
    let mut id = method.to_owned();
    for part in parts.filter(|part| !matches!(*part, "" | "api")) {
        id.push('_');
        id.push_str(part);
    }
    id
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    /// Compared as documents: the order of their names is a matter of how the JSON library was built.
    #[test]
    fn the_description_that_the_client_is_made_from_is_this_hosts() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/client/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
        assert!(
            committed == crate::web::description_document(),
            "{path} is stale: run `cargo xtask generate` and commit what it changes"
        );
    }
}
