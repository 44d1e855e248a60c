//! Administering plugins: what there is, what it wants, what it was granted, and switching it on and off.

use axum::extract::{FromRequest, Multipart, Request, State};
use host_store::PluginState;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Administrator, Confirmed, Principal, Signed};
use super::extract::{Json, Path, Query};
use super::plugin_views::{Fault, Faults, GrantSet, PluginView, Plugins};
use super::problem::{Kind, Problem, Result};
use crate::plugin::Grants;
use crate::plugin::inspect::InspectError;
use crate::plugin::manager::{ManageError, PluginStatus};

/// Faults answered at once; as many as are kept.
const FAULTS: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(inspect))
        .routes(routes!(get, remove))
        .routes(routes!(approve))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(upgrade))
        .routes(routes!(faults))
}

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        let text = sentence(&error.to_string());
        match error {
            ManageError::Unknown(id) => Self::new(
                Kind::NotFound,
                format!("There is no plugin `{id}`. GET /api/plugins lists those there are."),
            ),
            ManageError::OtherHost => Self::new(Kind::Busy, text).retry_after(10),
            ManageError::Inspect(error) => inspection(&error, text),
            ManageError::AlreadyInstalled { plugin, .. } => Self::new(
                Kind::Conflict,
                format!("{text} POST /api/plugins/{plugin}/upgrade takes the same file."),
            ),
            ManageError::AnotherPlugin { .. } => Self::new(
                Kind::ContractMismatch,
                format!("{text} Add it with POST /api/plugins."),
            ),
            ManageError::NotApproved { plugin, .. } => Self::new(
                Kind::GrantsRequired,
                format!("{text} Approve it with PUT /api/plugins/{plugin}/grants."),
            ),
            ManageError::MissingGrant { plugin, .. } => Self::new(
                Kind::GrantsRequired,
                format!("{text} Approve it with PUT /api/plugins/{plugin}/grants."),
            ),
            ManageError::InvalidGrants(invalid) => Self::field(invalid.field, text),
            ManageError::SecondMail { .. } | ManageError::PageTaken { .. } => {
                Self::new(Kind::Taken, text)
            }
            ManageError::Refused { .. } => Self::new(Kind::PluginFailed, text),
            ManageError::Failed { error, .. } => match error.into() {
                problem @ Problem { .. } if problem.kind() == Kind::Busy => problem,
                _ => Self::new(Kind::PluginFailed, format!("{text} Its faults say more.")),
            },
            ManageError::File(reason) => Self::internal(reason),
            ManageError::Store(error) => error.into(),
        }
    }
}

fn inspection(error: &InspectError, text: String) -> Problem {
    match error {
        InspectError::TooLarge { .. } => Problem::new(Kind::TooLarge, text),
        InspectError::NotAComponent(_) => Problem::new(
            Kind::NotAComponent,
            format!("{text} Build it for wasm32-wasip2."),
        ),
        InspectError::UnknownImports(_)
        | InspectError::Exports(_)
        | InspectError::Manifest(_)
        | InspectError::Pages(_) => Problem::new(
            Kind::ContractMismatch,
            format!("{text} `plugin-host check` shows the same while you build it."),
        ),
        InspectError::Describe(_) => Problem::new(Kind::PluginFailed, text),
    }
}

/// Plugins word their reasons as parts of a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let text: String = chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default();
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        text + "."
    }
}

async fn noted(
    state: &AppState,
    principal: &Principal,
    action: &str,
    subject: &str,
    details: serde_json::Value,
) -> Result<()> {
    Ok(state
        .store()
        .audit()
        .record(principal.actor(), action, subject, &details)
        .await?)
}

/// All plugins.
///
/// A member sees which there are; what they are granted is an administrator's business.
#[utoipa::path(get, path = "/api/plugins", tag = "plugins", responses((status = 200, description = "All of them", body = Plugins)))]
async fn list(State(state): State<AppState>, Signed(principal): Signed) -> Result<Json<Plugins>> {
    let everything = principal.role() == host_store::Role::Administrator;
    state.host().plugins().catch_up().await;
    let items = state
        .host()
        .plugins()
        .list()
        .iter()
        .filter(|status| everything || status.state == PluginState::Enabled)
        .map(|status| PluginView::of(status, &principal))
        .collect();
    Ok(Json(Plugins { items }))
}

fn found(state: &AppState, id: &str) -> Result<std::sync::Arc<PluginStatus>> {
    state
        .host()
        .plugins()
        .get(id)
        .ok_or_else(|| ManageError::Unknown(id.to_owned()).into())
}

/// One plugin: what it is, wants, exports and was granted.
#[utoipa::path(get, path = "/api/plugins/{id}", tag = "plugins", params(("id" = String, Path, description = "Plugin")), responses((status = 200, description = "The plugin", body = PluginView)))]
async fn get(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Path(id): Path<String>,
) -> Result<Json<PluginView>> {
    state.host().plugins().catch_up().await;
    Ok(Json(PluginView::of(&*found(&state, &id)?, &principal)))
}

/// What a component is and wants, without installing it.
#[utoipa::path(post, path = "/api/plugins/inspect", tag = "plugins", request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 200, description = "What it is", body = PluginView)))]
async fn inspect(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Component(bytes): Component,
) -> Result<Json<PluginView>> {
    let inspection = state.host().plugins().inspect(bytes).await?;
    Ok(Json(PluginView::of_file(&inspection, &principal)))
}

/// Installs a component: disabled, and with nothing approved.
#[utoipa::path(
    post, path = "/api/plugins", tag = "plugins",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component as it is, or as the file of a multipart form"), responses((status = 201, description = "Installed", body = PluginView))
)]
async fn add(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Component(bytes): Component,
) -> Result<(StatusCode, Json<PluginView>)> {
    let status = state.host().plugins().add(bytes).await?;
    noted(&state, &principal, "plugin.add", &status.id, json!({ "version": status.inspection.manifest.version, "digest": status.inspection.digest })).await?;
    Ok((
        StatusCode::CREATED,
        Json(PluginView::of(&status, &principal)),
    ))
}

/// Approves what a plugin may do; `proposed_grants` is exactly what it asks for. One that runs goes on under the new grants.
#[utoipa::path(put, path = "/api/plugins/{id}/grants", tag = "plugins", params(("id" = String, Path, description = "Plugin")), request_body = GrantSet, responses((status = 200, description = "Approved", body = PluginView)))]
async fn approve(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
    Json(grants): Json<GrantSet>,
) -> Result<Json<PluginView>> {
    let grants: Grants = grants.try_into()?;
    let status = state.host().plugins().approve(&id, grants).await?;
    noted(
        &state,
        &principal,
        "plugin.approve",
        &id,
        json!({ "grants": status.grants }),
    )
    .await?;
    Ok(Json(PluginView::of(&status, &principal)))
}

/// Switches a plugin on. What it asks for must have been approved.
#[utoipa::path(post, path = "/api/plugins/{id}/enable", tag = "plugins", params(("id" = String, Path, description = "Plugin")), responses((status = 200, description = "It runs", body = PluginView)))]
async fn enable(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
) -> Result<Json<PluginView>> {
    let status = state.host().plugins().enable(&id).await?;
    noted(
        &state,
        &principal,
        "plugin.enable",
        &id,
        json!({ "version": status.inspection.manifest.version }),
    )
    .await?;
    Ok(Json(PluginView::of(&status, &principal)))
}

/// Switches a plugin off: its addresses are gone, its jobs stop, its data stays.
#[utoipa::path(post, path = "/api/plugins/{id}/disable", tag = "plugins", params(("id" = String, Path, description = "Plugin")), responses((status = 200, description = "It no longer runs", body = PluginView)))]
async fn disable(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
) -> Result<Json<PluginView>> {
    let status = state.host().plugins().disable(&id).await?;
    noted(&state, &principal, "plugin.disable", &id, json!({})).await?;
    Ok(Json(PluginView::of(&status, &principal)))
}

/// Puts another version in a plugin's place; if it does not start, the old one goes on.
///
/// If the new version asks for more than was approved, approve it by sending a multipart form with the parts `file` and `grants` (JSON).
#[utoipa::path(
    post, path = "/api/plugins/{id}/upgrade", tag = "plugins", params(("id" = String, Path, description = "Plugin")),
    request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 200, description = "The new version", body = PluginView))
)]
async fn upgrade(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
    upload: Uploaded,
) -> Result<Json<PluginView>> {
    let before = found(&state, &id)?.inspection.manifest.version.clone();
    let grants = upload.grants.map(TryInto::try_into).transpose()?;
    let status = state
        .host()
        .plugins()
        .upgrade(&id, upload.component, grants)
        .await?;
    noted(&state, &principal, "plugin.upgrade", &id, json!({ "from": before, "to": status.inspection.manifest.version, "digest": status.inspection.digest })).await?;
    Ok(Json(PluginView::of(&status, &principal)))
}

/// What happens to a plugin's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DataFate {
    /// It is there again when the plugin is added again.
    Keep,
    /// It is deleted for ever.
    Delete,
}

/// What happens to a plugin's data.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveParams {
    /// There is no default: nobody should delete everybody's mail by leaving something out.
    data: DataFate,
}

/// Removes a plugin.
#[utoipa::path(delete, path = "/api/plugins/{id}", tag = "plugins", params(("id" = String, Path, description = "Plugin"), RemoveParams), responses((status = 204, description = "Gone")))]
async fn remove(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
    Query(params): Query<RemoveParams>,
) -> Result<StatusCode> {
    state
        .host()
        .plugins()
        .remove(&id, params.data == DataFate::Delete)
        .await?;
    noted(
        &state,
        &principal,
        "plugin.remove",
        &id,
        json!({ "data": params.data }),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Calls of a plugin that ended badly, the newest first.
#[utoipa::path(get, path = "/api/plugins/{id}/faults", tag = "plugins", params(("id" = String, Path, description = "Plugin")), responses((status = 200, description = "The newest 200", body = Faults)))]
async fn faults(
    State(state): State<AppState>,
    Administrator(_administrator): Administrator,
    Path(id): Path<String>,
) -> Result<Json<Faults>> {
    found(&state, &id)?;
    let faults = state.host().plugins().faults(&id, FAULTS).await?;
    Ok(Json(Faults {
        items: faults.into_iter().map(Fault::from).collect(),
    }))
}

/// A component as the body, or as a part of a form.
struct Component(Vec<u8>);

impl FromRequest<AppState> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        Uploaded::from_request(request, state)
            .await
            .map(|uploaded| Self(uploaded.component))
    }
}

/// A component and perhaps the grants that it needs.
struct Uploaded {
    component: Vec<u8>,
    grants: Option<GrantSet>,
}

impl FromRequest<AppState> for Uploaded {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let limit = state.config().component_bytes;
        let too_large = || {
            Problem::new(
                Kind::TooLarge,
                format!("A component may have at most {limit} bytes."),
            )
        };
        let broken = || {
            Problem::new(
                Kind::MalformedRequest,
                "The file did not arrive whole. Send it again.",
            )
        };
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if !kind.starts_with("multipart/form-data") {
            if !kind.is_empty()
                && !["application/wasm", "application/octet-stream"].contains(&kind.as_str())
            {
                return Err(Problem::new(
                    Kind::UnsupportedMediaType,
                    "Send the component as it is (Content-Type: application/wasm), or as the file of a multipart form.",
                ));
            }
            let body = Limited::new(request.into_body(), most)
                .collect()
                .await
                .map_err(|error| {
                    if error.downcast_ref::<LengthLimitError>().is_some() {
                        too_large()
                    } else {
                        broken()
                    }
                })?;
            return Ok(Self {
                component: body.to_bytes().into(),
                grants: None,
            });
        }
        let mut form = Multipart::from_request(request, state).await.map_err(|_| {
            Problem::new(
                Kind::MalformedRequest,
                "The form can't be read: its boundary is missing.",
            )
        })?;
        let (mut component, mut grants) = (None, None);
        while let Some(mut field) = form.next_field().await.map_err(|_| broken())? {
            let name = field.name().unwrap_or_default().to_owned();
            let mut bytes: Vec<u8> = Vec::new();
            while let Some(piece) = field.chunk().await.map_err(|_| broken())? {
                if bytes.len().saturating_add(piece.len()) > most {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&piece);
            }
            match name.as_str() {
                "grants" => {
                    grants = Some(serde_json::from_slice(&bytes).map_err(|error| {
                        Problem::field("grants", format!("The grants can't be read: {error}."))
                    })?)
                }
                _ => component = Some(bytes),
            }
        }
        let component = component.ok_or_else(|| Problem::field("file", "The form has no file."))?;
        Ok(Self { component, grants })
    }
}
