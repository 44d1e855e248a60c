//! The parts of a shown message: inline images from the message itself, remote ones through this host.
//!
//! Both are fetched by a document without origin, so without cookies: the signed address is the right to them. Remote images are
//! fetched by the host, so that a sender sees neither the reader's address nor their browser, only from public addresses, and passed on only
//! if they are images that run nothing.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use host_store::Caller;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wasmtime_wasi_http::RequestOptions;

use super::MailCaller;
use crate::bindings::mail::mailbox::Download;
use crate::egress::allow_list::{AllowList, OriginGrant};
use crate::egress::client::Sender;
use crate::web::AppState;
use crate::web::auth::{Principal, Via};
use crate::web::download::File;
use crate::web::extract::{Path, Query};
use crate::web::problem::{Kind, Problem, Result};
use crate::web::signed::Purpose;

/// Pictures in mail are a few hundred kilobytes; a photo of a camera has ten megabytes.
const LARGEST_IMAGE: usize = 12 << 20;
/// Somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Trackers and content networks redirect once or twice.
const MOST_REDIRECTS: usize = 4;
/// Read from the store at a time.
const CHUNK: u32 = 1 << 20;

const IMAGES: [&str; 7] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/x-icon",
];

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(inline))
        .routes(routes!(remote))
}

/// Streams what a plugin made ready, or a range of it.
pub(super) async fn stream(
    state: &AppState,
    caller: &MailCaller,
    download: Download,
    inline: bool,
    headers: &HeaderMap,
) -> Result<Response> {
    let whose = Caller {
        plugin: caller.plugin().to_owned(),
        user: Some(caller.user().to_owned()),
        fences: Vec::new(),
    };
    let blobs = state.store().blobs();
    // The plugin's word on the size is not taken: a wrong Content-Length would break the connection.
    let size = blobs.size(&whose, &download.blob).await?;
    let file = File {
        name: download.name,
        media_type: download.media_type,
        size,
        tag: download.blob.clone(),
        inline,
    };
    match file.span(headers)? {
        None => {
            let (_, content) = blobs.stream(&whose, &download.blob).await?;
            Ok(file.response(None, content.map_err(io::Error::other)))
        }
        Some(span) => {
            let content = pieces(blobs, whose, download.blob, span.start, span.length);
            Ok(file.response(Some(span), content))
        }
    }
}

fn pieces(
    blobs: host_store::Blobs,
    whose: Caller,
    blob: String,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures::stream::try_unfold(
        (blobs, whose, blob, start, start + length),
        |(blobs, whose, blob, at, end)| async move {
            if at >= end {
                return Ok(None);
            }
            let want = u32::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
            let piece = blobs
                .read(&whose, &blob, at, want)
                .await
                .map_err(io::Error::other)?;
            if piece.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            let next = at + piece.len() as u64;
            Ok(Some((Bytes::from(piece), (blobs, whose, blob, next, end))))
        },
    )
}

/// An inline part of a shown message. The address comes from a view and is good for minutes.
#[utoipa::path(
    get, path = "/api/mail/inline/{grant}/{aid}", tag = "mail", security(()),
    params(("grant" = String, Path, description = "Signed"), ("aid" = String, Path, description = "Attachment")),
    responses((status = 200, description = "The part", content_type = "image/*"), (status = 206, description = "The range", content_type = "image/*"))
)]
async fn inline(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path((grant, aid)): Path<(String, String)>,
) -> Result<Response> {
    let grant = state.signer().check(&grant, state.now())?;
    let Purpose::Inline { message } = grant.purpose else {
        return Err(Problem::not_found("image"));
    };
    let caller = MailCaller::of(reader(&state, &grant.user).await?, &state)?;
    let download = caller.attachment(message, aid).await?;
    let mut response = stream(&state, &caller, download, true, &headers).await?;
    for_a_document_without_origin(response.headers_mut());
    Ok(response)
}

/// A remote image.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoteParams {
    /// Where it is.
    url: String,
}

/// A remote image of a shown message, fetched by this host. The address comes from a view and is good for minutes.
#[utoipa::path(
    get, path = "/api/mail/remote/{grant}", tag = "mail", security(()),
    params(("grant" = String, Path, description = "Signed"), RemoteParams), responses((status = 200, description = "The image", content_type = "image/*"))
)]
async fn remote(
    State(state): State<AppState>,
    Path(grant): Path<String>,
    Query(params): Query<RemoteParams>,
) -> Result<Response> {
    let grant = state.signer().check(&grant, state.now())?;
    if grant.purpose != Purpose::Remote {
        return Err(Problem::not_found("image"));
    }
    reader(&state, &grant.user).await?;
    let (kind, bytes) = tokio::time::timeout(PATIENCE, fetch(&state, &params.url))
        .await
        .map_err(|_| {
            Problem::new(
                Kind::Unavailable,
                "The server of this image did not answer in time.",
            )
        })??;
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=3600"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    for_a_document_without_origin(headers);
    Ok(response)
}

/// A sandboxed document is of another origin than everything, us included.
fn for_a_document_without_origin(headers: &mut HeaderMap) {
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}

/// The person for whom an address was signed, if they may still read.
async fn reader(state: &AppState, id: &str) -> Result<Principal> {
    let user = state
        .store()
        .users()
        .get(id)
        .await?
        .filter(|user| !user.disabled)
        .ok_or_else(|| Problem::not_found("image"))?;
    Ok(Principal {
        user,
        via: Via::Token {
            id: String::new(),
            admin: false,
        },
        request: "".into(),
    })
}

/// The image and its type.
async fn fetch(state: &AppState, address: &str) -> Result<(&'static str, Bytes)> {
    let unusable = |why: &str| {
        Problem::new(
            Kind::Unavailable,
            format!("This image can't be shown: {why}."),
        )
    };
    let mut address = url::Url::parse(address)
        .map_err(|_| Problem::field("url", "This is no address of an image."))?;
    for _ in 0..=MOST_REDIRECTS {
        if !matches!(address.scheme(), "http" | "https") || !address.username().is_empty() {
            return Err(Problem::field(
                "url",
                "Only plain http and https addresses are fetched.",
            ));
        }
        let origin = address
            .origin()
            .ascii_serialization()
            .parse()
            .map_err(|_| unusable("its host has no usable name"))?;
        // One sender for one image: granted its very origin, and never anything inside this network.
        let sender = Sender::new(
            state.tls(),
            AllowList::new(vec![OriginGrant {
                origin,
                internal: false,
            }]),
            "plugin-host-images",
        );
        address.set_fragment(None);
        let request = Request::get(address.as_str())
            .header(header::ACCEPT, "image/*")
            .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
            .map_err(|_| unusable("its address is malformed"))?;
        let response = sender
            .send(request, RequestOptions::default())
            .await
            .map_err(|error| {
                tracing::debug!(%error, "a remote image was not fetched");
                unusable("its server was not reached, or is not a public one")
            })?;
        if response.status().is_redirection() {
            let next = response
                .headers()
                .get(header::LOCATION)
                .and_then(|v| v.to_str().ok())
                .and_then(|v| address.join(v).ok());
            address = next.ok_or_else(|| unusable("its server redirects to nowhere"))?;
            continue;
        }
        if response.status() != StatusCode::OK {
            return Err(unusable("its server does not have it"));
        }
        let given = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let essence = given
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let kind = IMAGES
            .into_iter()
            .find(|kind| **kind == essence)
            .ok_or_else(|| unusable("it is no image of a kind that is safe to show"))?;
        let bytes = Limited::new(response.into_body(), LARGEST_IMAGE)
            .collect()
            .await
            .map_err(|_| unusable("it is too large, or broke off"))?
            .to_bytes();
        return Ok((kind, bytes));
    }
    Err(unusable("its server redirects too often"))
}
