//! Who changed what, for administrators to read. What is noted never holds secrets.

use std::collections::HashMap;

use axum::extract::State;
use host_store::AuditEntry;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::Administrator;
use super::extract::{Json, Query};
use super::problem::{Problem, Result};

/// What fits a screen or two.
const DEFAULT_LIMIT: u32 = 50;
/// As elsewhere in this API.
const MAX_LIMIT: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditParams {
    /// How many at most; 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// A change that somebody made.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditLine {
    /// Opaque.
    id: String,
    /// Milliseconds since the Unix epoch.
    at: u64,
    /// Id of the person; null: the command line, or the host itself.
    actor: Option<String>,
    /// Their name; null as well if they are gone.
    actor_name: Option<String>,
    /// Such as `plugin.enable`.
    action: String,
    /// Id of what it was done to: a plugin or a person.
    subject: String,
    /// Its title or name; null if it is gone.
    subject_name: Option<String>,
    /// What else there is to know. It depends on the action, and never holds secrets.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

/// A page of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditPage {
    /// The newest first.
    items: Vec<AuditLine>,
    /// Give it back as `cursor` for the page after this one; null: this was the last.
    next: Option<String>,
}

/// Who changed what, the newest first.
#[utoipa::path(get, path = "/api/audit", tag = "operation", params(AuditParams), responses((status = 200, description = "A page of the log", body = AuditPage)))]
async fn list(
    State(state): State<AppState>,
    Administrator(_administrator): Administrator,
    Query(params): Query<AuditParams>,
) -> Result<Json<AuditPage>> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::field(
            "limit",
            format!("`limit` goes from 1 to {MAX_LIMIT}."),
        ));
    }
    let before = params
        .cursor
        .map(|cursor| cursor.parse())
        .transpose()
        .map_err(|_| {
            Problem::field(
                "cursor",
                "This cursor is from another list. Begin at the first page.",
            )
        })?;
    // One more than is answered tells whether there is a page after this one.
    let mut entries = state.store().audit().list(before, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries
        .last()
        .filter(|_| more)
        .map(|entry| entry.id.to_string());
    let names = names(&state).await?;
    let items = entries
        .into_iter()
        .map(|entry| line(entry, &names))
        .collect();
    Ok(Json(AuditPage { items, next }))
}

/// Of people and plugins by their ids, which have nothing in common.
async fn names(state: &AppState) -> Result<HashMap<String, String>> {
    let people = state.store().users().list().await?;
    let people = people.into_iter().map(|user| (user.id, user.name));
    let plugins = state.host().plugins().list();
    let plugins = plugins
        .iter()
        .map(|status| (status.id.clone(), status.inspection.manifest.title.clone()));
    Ok(people.chain(plugins).collect())
}

fn line(entry: AuditEntry, names: &HashMap<String, String>) -> AuditLine {
    AuditLine {
        id: entry.id.to_string(),
        at: entry.at,
        actor_name: entry
            .actor
            .as_ref()
            .and_then(|actor| names.get(actor).cloned()),
        actor: entry.actor,
        action: entry.action,
        subject_name: names.get(&entry.subject).cloned(),
        subject: entry.subject,
        details: entry.details,
    }
}
