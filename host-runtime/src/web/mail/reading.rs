//! Folders, threads, messages and their parts.

use axum::extract::{Query as RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::MailCaller;
use super::list::{self, Items, ListParams, Page};
use super::model::{Folder, Message, MessageText, ThreadSummary, into};
use super::{archive, view};
use crate::bindings::mail::mailbox::Showing;
use crate::web::AppState;
use crate::web::extract::{Json, Path, Query};
use crate::web::problem::Result;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(folders))
        .routes(routes!(unread))
        .routes(routes!(threads))
        .routes(routes!(thread))
        .routes(routes!(messages))
        .routes(routes!(message))
        .routes(routes!(text))
        .routes(routes!(raw))
        .routes(routes!(attachment))
        .routes(routes!(archive::archive))
        .routes(routes!(view::view))
}

/// Whose folders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderParams {
    /// Only of this account.
    account: Option<String>,
}

/// Folders, labels and categories, with their numbers of messages.
#[utoipa::path(get, path = "/api/mail/folders", tag = "mail", params(FolderParams), responses((status = 200, description = "All of them", body = Items<Folder>)))]
async fn folders(
    caller: MailCaller,
    Query(params): Query<FolderParams>,
) -> Result<Json<Items<Folder>>> {
    Ok(Json(Items {
        items: into(caller.folders(params.account).await?),
    }))
}

/// How much is new.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unread {
    /// Unread messages in all of your inboxes together.
    unread: u64,
}

/// How many unread messages there are in all of your inboxes, for a badge.
#[utoipa::path(get, path = "/api/mail/unread", tag = "mail", responses((status = 200, description = "Their number", body = Unread)))]
async fn unread(caller: MailCaller) -> Result<Json<Unread>> {
    let unread = caller.unread().await?;
    Ok(Json(Unread { unread }))
}

/// Threads, the newest first.
#[utoipa::path(get, path = "/api/mail/threads", tag = "mail", params(ListParams), responses((status = 200, description = "A page", body = Page<ThreadSummary>)))]
async fn threads(
    caller: MailCaller,
    RawQuery(pairs): RawQuery<Vec<(String, String)>>,
) -> Result<Json<Page<ThreadSummary>>> {
    let (filter, slice) = list::list(pairs)?;
    let page = caller.threads(filter, slice).await?;
    Ok(Json(Page {
        items: into(page.items),
        next: page.next,
    }))
}

/// Single messages, the newest first.
#[utoipa::path(get, path = "/api/mail/messages", tag = "mail", params(ListParams), responses((status = 200, description = "A page", body = Page<Message>)))]
async fn messages(
    caller: MailCaller,
    RawQuery(pairs): RawQuery<Vec<(String, String)>>,
) -> Result<Json<Page<Message>>> {
    let (filter, slice) = list::list(pairs)?;
    let page = caller.messages(filter, slice).await?;
    Ok(Json(Page {
        items: into(page.items),
        next: page.next,
    }))
}

/// A thread with all of its messages.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Thread {
    /// Its id.
    id: String,
    /// The oldest first.
    messages: Vec<Message>,
}

/// A thread with all of its messages, the oldest first.
#[utoipa::path(get, path = "/api/mail/threads/{id}", tag = "mail", params(("id" = String, Path, description = "Thread")), responses((status = 200, description = "The thread", body = Thread)))]
async fn thread(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Thread>> {
    let messages = into(caller.thread(id.clone()).await?);
    Ok(Json(Thread { id, messages }))
}

/// A message without its text.
#[utoipa::path(get, path = "/api/mail/messages/{id}", tag = "mail", params(("id" = String, Path, description = "Message")), responses((status = 200, description = "The message", body = Message)))]
async fn message(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Message>> {
    Ok(Json(caller.message(id).await?.into()))
}

/// A message's text, without markup.
#[utoipa::path(get, path = "/api/mail/messages/{id}/text", tag = "mail", params(("id" = String, Path, description = "Message")), responses((status = 200, description = "The text", body = MessageText)))]
async fn text(caller: MailCaller, Path(id): Path<String>) -> Result<Json<MessageText>> {
    let showing = Showing {
        allow_remote: false,
        inline_prefix: String::new(),
        remote_prefix: String::new(),
    };
    Ok(Json(caller.content(id, showing).await?.into()))
}

/// The message as it travelled (RFC 5322), as a file.
#[utoipa::path(
    get, path = "/api/mail/messages/{id}/raw", tag = "mail", params(("id" = String, Path, description = "Message"), ("Range" = Option<String>, Header, description = "One range of bytes")),
    responses((status = 200, description = "The whole message", content_type = "message/rfc822"), (status = 206, description = "The range", content_type = "message/rfc822"))
)]
async fn raw(
    State(state): State<AppState>,
    caller: MailCaller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response> {
    let download = caller.raw(id).await?;
    super::images::stream(&state, &caller, download, false, &headers).await
}

/// How a file is sent.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachmentParams {
    /// Whether a browser saves it or shows it. Only what is safe to show is shown: pictures that run nothing (so no SVG), PDF and plain text.
    #[serde(default)]
    #[param(inline)]
    disposition: Disposition,
}

/// What a browser does with a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Disposition {
    /// Saves it.
    #[default]
    Attachment,
    /// Shows it.
    Inline,
}

/// A file of a message; fetched from the provider if it isn't kept.
#[utoipa::path(
    get, path = "/api/mail/messages/{id}/attachments/{aid}", tag = "mail",
    params(("id" = String, Path, description = "Message"), ("aid" = String, Path, description = "Attachment"), AttachmentParams, ("Range" = Option<String>, Header, description = "One range of bytes")),
    responses((status = 200, description = "The whole file", content_type = "*/*"), (status = 206, description = "The range", content_type = "*/*"))
)]
async fn attachment(
    State(state): State<AppState>,
    caller: MailCaller,
    headers: HeaderMap,
    Path((id, aid)): Path<(String, String)>,
    Query(params): Query<AttachmentParams>,
) -> Result<Response> {
    let download = caller.attachment(id, aid).await?;
    let inline = params.disposition == Disposition::Inline;
    super::images::stream(&state, &caller, download, inline, &headers).await
}
