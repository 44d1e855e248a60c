//! Files that a person hands to a plugin: streamed to the store, and bound to that person until a row of the plugin names them. Until
//! then they can look at what they handed over.

use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt as _;
use host_store::{BlobError, Caller};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Principal, Signed};
use super::download::{File, image_type};
use super::extract::{Json, Path, Query};
use super::problem::{Kind, Problem, Result};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .routes(routes!(uploaded))
}

/// For whom.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadParams {
    /// The plugin that is to use it; the one that brings mail if left out.
    plugin: Option<String>,
}

/// A stored file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    /// For a draft's `upload`; yours only, and for a day.
    id: String,
    /// Bytes.
    size: u64,
}

/// The person, before the plugin that the file is for.
fn caller(state: &AppState, principal: Principal, params: UploadParams) -> Result<Caller> {
    let plugin = match params.plugin {
        Some(id) => state.host().plugin(&id)?.id().to_owned(),
        None => state
            .host()
            .mail()
            .map_err(|_| {
                Problem::new(
                    Kind::PluginDisabled,
                    "No plugin that takes uploads is enabled. An administrator can enable one.",
                )
            })?
            .id()
            .to_owned(),
    };
    Ok(Caller {
        plugin,
        user: Some(principal.user.id),
        fences: Vec::new(),
    })
}

/// Stores a file: the body as it is, whatever its type. Name and type are given where it is used.
#[utoipa::path(
    post, path = "/api/uploads", tag = "uploads", params(UploadParams), request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file's bytes"),
    responses((status = 201, description = "Stored", body = Upload))
)]
async fn upload(
    State(state): State<AppState>,
    Signed(principal): Signed,
    Query(params): Query<UploadParams>,
    request: Request,
) -> Result<(StatusCode, Json<Upload>)> {
    let caller = caller(&state, principal, params)?;
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if media_type.starts_with("multipart/") {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "Send the file itself as the body, without a form around it.",
        ));
    }
    let limit = state.config().upload_bytes;
    let too_large = || {
        Problem::new(
            Kind::TooLarge,
            format!("A file may have at most {limit} bytes."),
        )
    };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut seen = 0_u64;
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = over.clone();
    // Counted here as well, to tell a file that is too large from a connection that broke.
    let content = request.into_body().into_data_stream().map(move |piece| {
        let piece = piece.map_err(|error| std::io::Error::other(error.to_string()))?;
        seen = seen.saturating_add(piece.len() as u64);
        if seen > limit {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
            return Err(std::io::Error::other("too large"));
        }
        Ok(piece)
    });
    match state.store().blobs().upload(&caller, content, limit).await {
        Ok((id, size)) => Ok((StatusCode::CREATED, Json(Upload { id, size }))),
        Err(_) if over.load(std::sync::atomic::Ordering::Relaxed) => Err(too_large()),
        Err(BlobError::Other(reason)) => {
            tracing::info!(%reason, "an upload did not arrive whole");
            Err(Problem::new(
                Kind::MalformedRequest,
                "The file did not arrive whole. Send it again.",
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// A file that you stored, for a day: so that a page can show the picture in what is being written. Only a picture is told as what it is, by
/// its first bytes; anything else is bytes to be saved.
#[utoipa::path(
    get, path = "/api/uploads/{id}", tag = "uploads", params(("id" = String, Path, description = "What `POST /api/uploads` answered"), UploadParams),
    responses((status = 200, description = "The file", content_type = "*/*"))
)]
async fn uploaded(
    State(state): State<AppState>,
    Signed(principal): Signed,
    Path(id): Path<String>,
    Query(params): Query<UploadParams>,
) -> Result<Response> {
    let caller = caller(&state, principal, params)?;
    let blobs = state.store().blobs();
    let blob = blobs.uploaded(&caller, &id).await?;
    let beginning = blobs.read(&caller, &blob, 0, 16).await?;
    let (size, content) = blobs.stream(&caller, &blob).await?;
    let file = File {
        name: String::new(),
        media_type: image_type(&beginning)
            .unwrap_or("application/octet-stream")
            .to_owned(),
        size,
        tag: blob,
        inline: true,
    };
    Ok(file.response(None, content))
}
