//! Actions on messages, drafts, sending and the outbox.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::MailCaller;
use super::list::{Items, Page, SliceParams};
use super::model::{Address, into};
use super::writing::{
    ActionRequest, Applied, Draft, DraftChange, OpenedDraft, Outgoing, PrepareRequest, Saved,
    SendRequest, UndoRequest,
};
use crate::bindings::mail::compose;
use crate::web::AppState;
use crate::web::extract::{Json, Path, Query};
use crate::web::problem::{Kind, Problem, Result};

/// A key is a client's own name for one sending; a UUID has 36.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 1..=200;

/// People offered while somebody types: what a list under a field shows.
const RECIPIENTS: u32 = 10;
/// The contract's.
const MOST_RECIPIENTS: u32 = 50;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(apply))
        .routes(routes!(undo))
        .routes(routes!(save))
        .routes(routes!(prepare))
        .routes(routes!(recipients))
        .routes(routes!(open, change, discard))
        .routes(routes!(send))
        .routes(routes!(outbox))
        .routes(routes!(cancel))
}

/// Marks, moves, labels or deletes messages: shown at once, written back by and by.
#[utoipa::path(post, path = "/api/mail/actions", tag = "mail", request_body = ActionRequest, responses((status = 200, description = "What was done", body = Applied)))]
async fn apply(caller: MailCaller, Json(request): Json<ActionRequest>) -> Result<Json<Applied>> {
    let (subject, action) = request.parts()?;
    Ok(Json(caller.apply(subject, action).await?.into()))
}

/// Takes an action back, while what it changed has not been changed again.
#[utoipa::path(post, path = "/api/mail/actions/undo", tag = "mail", request_body = UndoRequest, responses((status = 204, description = "Taken back")))]
async fn undo(caller: MailCaller, Json(request): Json<UndoRequest>) -> Result<StatusCode> {
    caller.undo(request.undo).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Saves a new draft, here and at the provider.
#[utoipa::path(post, path = "/api/mail/drafts", tag = "mail", request_body = Draft, responses((status = 201, description = "Saved", body = Saved)))]
async fn save(caller: MailCaller, Json(draft): Json<Draft>) -> Result<(StatusCode, Json<Saved>)> {
    Ok((
        StatusCode::CREATED,
        Json(caller.save(None, draft.into()).await?.into()),
    ))
}

/// A draft that answers or forwards a message: recipients, subject and quoted text filled in. Nothing is saved.
#[utoipa::path(post, path = "/api/mail/drafts/prepare", tag = "mail", request_body = PrepareRequest, responses((status = 200, description = "The draft", body = Draft)))]
async fn prepare(caller: MailCaller, Json(request): Json<PrepareRequest>) -> Result<Json<Draft>> {
    Ok(Json(
        caller
            .prepare(request.message, request.relation.into())
            .await?
            .into(),
    ))
}

/// Whom to find.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientParams {
    /// What was typed of an address, a domain or a name, in any script; left out: those who matter most.
    #[serde(default)]
    q: String,
    /// How many at most; 1 to 50, 10 if left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// People whom you wrote to or heard from, for completing what is typed; those who matter most first.
#[utoipa::path(get, path = "/api/mail/recipients", tag = "mail", params(RecipientParams), responses((status = 200, description = "The first of them", body = Items<Address>)))]
async fn recipients(
    caller: MailCaller,
    Query(params): Query<RecipientParams>,
) -> Result<Json<Items<Address>>> {
    let limit = params.limit.unwrap_or(RECIPIENTS);
    if !(1..=MOST_RECIPIENTS).contains(&limit) {
        return Err(Problem::field(
            "limit",
            format!("`limit` goes from 1 to {MOST_RECIPIENTS}."),
        ));
    }
    Ok(Json(Items {
        items: into(caller.recipients(params.q, limit).await?),
    }))
}

/// A draft to go on with.
///
/// The id is the one that saving it answered, or that of its message (with the mark `draft`), wherever it was written. Saving over it replaces
/// it, so that however often it is saved, it stays one. Its attachments keep their names in `upload` for that.
#[utoipa::path(get, path = "/api/mail/drafts/{id}", tag = "mail", params(("id" = String, Path, description = "Draft, or the message that it is")), responses((status = 200, description = "The draft", body = OpenedDraft)))]
async fn open(caller: MailCaller, Path(id): Path<String>) -> Result<Json<OpenedDraft>> {
    Ok(Json(caller.open(id).await?.into()))
}

/// Replaces a draft; a problem of type `conflict` if somebody changed it since.
#[utoipa::path(patch, path = "/api/mail/drafts/{id}", tag = "mail", params(("id" = String, Path, description = "Draft")), request_body = DraftChange, responses((status = 200, description = "Saved", body = Saved)))]
async fn change(
    caller: MailCaller,
    Path(id): Path<String>,
    Json(change): Json<DraftChange>,
) -> Result<Json<Saved>> {
    let over = compose::Saved {
        id,
        revision: change.revision,
    };
    Ok(Json(
        caller.save(Some(over), change.draft.into()).await?.into(),
    ))
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/api/mail/drafts/{id}", tag = "mail", params(("id" = String, Path, description = "Draft")), responses((status = 204, description = "Gone")))]
async fn discard(caller: MailCaller, Path(id): Path<String>) -> Result<StatusCode> {
    caller.discard(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message, once: the same `Idempotency-Key` again answers what became of the first.
#[utoipa::path(
    post, path = "/api/mail/send", tag = "mail", params(("Idempotency-Key" = String, Header, description = "Your name for this sending, 1 to 200 visible ASCII characters; a UUID does well")), request_body = SendRequest,
    responses((status = 202, description = "In the outbox, or already sent", body = Outgoing))
)]
async fn send(
    caller: MailCaller,
    headers: HeaderMap,
    Json(request): Json<SendRequest>,
) -> Result<(StatusCode, Json<Outgoing>)> {
    let key = idempotency_key(&headers)?;
    let (content, at) = request.content()?;
    Ok((
        StatusCode::ACCEPTED,
        Json(caller.send(key, content, at).await?.into()),
    ))
}

fn idempotency_key(headers: &HeaderMap) -> Result<String> {
    let missing = || {
        Problem::new(
            Kind::IdempotencyKeyMissing,
            "Send a header Idempotency-Key of 1 to 200 visible characters, a new one for each message and the same one when you repeat a request, so that nothing is sent twice.",
        )
    };
    let key = headers
        .get("idempotency-key")
        .ok_or_else(missing)?
        .to_str()
        .map_err(|_| missing())?
        .trim();
    if KEY_LENGTH.contains(&key.len()) {
        Ok(key.to_owned())
    } else {
        Err(missing())
    }
}

/// What is being sent and what was, the newest first.
#[utoipa::path(get, path = "/api/mail/outbox", tag = "mail", params(SliceParams), responses((status = 200, description = "A page", body = Page<Outgoing>)))]
async fn outbox(
    caller: MailCaller,
    Query(slice): Query<SliceParams>,
) -> Result<Json<Page<Outgoing>>> {
    let page = caller.outbox(slice.slice()?).await?;
    Ok(Json(Page {
        items: into(page.items),
        next: page.next,
    }))
}

/// Stops a message that is not being sent yet.
#[utoipa::path(post, path = "/api/mail/outbox/{id}/cancel", tag = "mail", params(("id" = String, Path, description = "Message of the outbox")), responses((status = 200, description = "What became of it", body = Outgoing)))]
async fn cancel(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Outgoing>> {
    Ok(Json(caller.cancel(id).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn nothing_is_sent_without_a_key() {
        assert!(idempotency_key(&HeaderMap::new()).is_err());
        for (key, good) in [("", false), ("  ", false), ("abc-1", true)] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("idempotency-key"),
                HeaderValue::from_static(key),
            )]);
            assert_eq!(idempotency_key(&headers).is_ok(), good, "{key:?}");
        }
    }
}
