//! Linked accounts: state, linking, synchronising, unlinking.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::MailCaller;
use super::list::{Items, Page, SliceParams};
use super::log::LogEntry;
use super::model::{Account, ParkedMessage, Unlinked, into};
use crate::bindings::mail::accounts::Changes;
use crate::web::AppState;
use crate::web::extract::{Json, Path, Query};
use crate::web::oauth;
use crate::web::problem::Result;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, link))
        .routes(routes!(get, change, unlink))
        .routes(routes!(sync))
        .routes(routes!(resync))
        .routes(routes!(reconnect))
        .routes(routes!(parked))
        .routes(routes!(retry))
        .routes(routes!(log))
        .routes(routes!(aliases))
}

/// Your linked accounts.
#[utoipa::path(get, path = "/api/mail/accounts", tag = "mail", responses((status = 200, description = "All of them", body = Items<Account>)))]
async fn list(caller: MailCaller) -> Result<Json<Items<Account>>> {
    Ok(Json(Items {
        items: into(caller.accounts().await?),
    }))
}

/// Begins to link an account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkRequest {
    /// As the plugin names its providers.
    provider: String,
    /// Synchronise what was received since this time, in milliseconds since the Unix epoch. Left out: nothing is fetched until it is set.
    sync_since: Option<u64>,
    /// Options of the plugin, by name.
    #[serde(default)]
    options: std::collections::BTreeMap<String, String>,
}

/// Where to go on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// Open it in the browser that sent this request, within ten minutes.
    authorize_url: String,
}

/// Begins to link an account at a provider.
///
/// Open `authorize_url` in the same browser: the provider sends it back to this host's redirect URI, which accepts the answer only with the cookie that
/// this response sets (or with the token that sent this request).
#[utoipa::path(post, path = "/api/mail/accounts", tag = "mail", request_body = LinkRequest, responses((status = 201, description = "Begun", body = Link)))]
async fn link(
    State(state): State<AppState>,
    caller: MailCaller,
    Json(request): Json<LinkRequest>,
) -> Result<Response> {
    let mut options: Vec<(String, String)> = request.options.into_iter().collect();
    if let Some(since) = request.sync_since {
        options.push(("sync-since".to_owned(), since.to_string()));
    }
    begin(&state, &caller, &request.provider, options).await
}

async fn begin(
    state: &AppState,
    caller: &MailCaller,
    provider: &str,
    options: Vec<(String, String)>,
) -> Result<Response> {
    let begun = oauth::begin(
        state,
        caller.principal(),
        caller.plugin(),
        provider,
        options,
    )
    .await?;
    Ok((
        StatusCode::CREATED,
        begun.cookie,
        Json(Link {
            authorize_url: begun.authorize_url,
        }),
    )
        .into_response())
}

/// One account.
#[utoipa::path(get, path = "/api/mail/accounts/{id}", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 200, description = "The account", body = Account)))]
async fn get(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Account>> {
    Ok(Json(caller.account(id).await?.into()))
}

/// Changes an account; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// The name that recipients see.
    display_name: Option<String>,
    /// Synchronise what was received since this time, in milliseconds since the Unix epoch; null: everything.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    sync_since: Option<Option<u64>>,
    /// HTML to put under what is written from this account; kept sanitised. Empty: none.
    signature: Option<String>,
    /// Ids of exactly the folders that are left out: their mail is removed here unless it stands in another folder too, and stays as it is at the
    /// provider. One that is no longer left out is fetched again. Inbox, drafts and sent mail can't be left out.
    left_out: Option<Vec<String>>,
}

/// Tells a null from a field that is left out.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes an account's name, signature, start of synchronisation or left out folders: all that is named, or nothing.
#[utoipa::path(patch, path = "/api/mail/accounts/{id}", tag = "mail", params(("id" = String, Path, description = "Account")), request_body = AccountChange, responses((status = 200, description = "The changed account", body = Account)))]
async fn change(
    caller: MailCaller,
    Path(id): Path<String>,
    Json(change): Json<AccountChange>,
) -> Result<Json<Account>> {
    let changes = Changes {
        display_name: change.display_name,
        sync_since: change.sync_since,
        signature: change.signature,
        left_out: change.left_out,
    };
    Ok(Json(caller.change_account(id, changes).await?.into()))
}

/// What happens to the mail of an account that is unlinked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlinkParams {
    /// Keep the mail that was fetched; it is deleted otherwise.
    #[serde(default)]
    keep_mail: bool,
}

/// Unlinks an account.
#[utoipa::path(delete, path = "/api/mail/accounts/{id}", tag = "mail", params(("id" = String, Path, description = "Account"), UnlinkParams), responses((status = 200, description = "Unlinked", body = Unlinked)))]
async fn unlink(
    caller: MailCaller,
    Path(id): Path<String>,
    Query(params): Query<UnlinkParams>,
) -> Result<Json<Unlinked>> {
    Ok(Json(caller.unlink(id, params.keep_mail).await?.into()))
}

/// Synchronises an account now; answers at once.
#[utoipa::path(post, path = "/api/mail/accounts/{id}/sync", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 202, description = "Under way", body = Account)))]
async fn sync(caller: MailCaller, Path(id): Path<String>) -> Result<(StatusCode, Json<Account>)> {
    caller.sync_now(id.clone()).await?;
    Ok((StatusCode::ACCEPTED, Json(caller.account(id).await?.into())))
}

/// Compares everything with the provider; answers at once.
#[utoipa::path(post, path = "/api/mail/accounts/{id}/resync", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 202, description = "Under way", body = Account)))]
async fn resync(caller: MailCaller, Path(id): Path<String>) -> Result<(StatusCode, Json<Account>)> {
    caller.reconcile(id.clone()).await?;
    Ok((StatusCode::ACCEPTED, Json(caller.account(id).await?.into())))
}

/// Begins to link an account again, keeping its mail.
#[utoipa::path(post, path = "/api/mail/accounts/{id}/reconnect", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 201, description = "Begun", body = Link)))]
async fn reconnect(
    State(state): State<AppState>,
    caller: MailCaller,
    Path(id): Path<String>,
) -> Result<Response> {
    let account = caller.account(id.clone()).await?;
    begin(
        &state,
        &caller,
        &account.provider,
        vec![("account".to_owned(), id)],
    )
    .await
}

/// Messages that could not be stored yet, with the reason and the next try.
#[utoipa::path(get, path = "/api/mail/accounts/{id}/parked", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 200, description = "All of them", body = Items<ParkedMessage>)))]
async fn parked(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Items<ParkedMessage>>> {
    Ok(Json(Items {
        items: into(caller.parked(id).await?),
    }))
}

/// Tries everything that could not be stored again now; answers at once.
#[utoipa::path(post, path = "/api/mail/accounts/{id}/parked/retry", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 202, description = "Under way", body = Account)))]
async fn retry(caller: MailCaller, Path(id): Path<String>) -> Result<(StatusCode, Json<Account>)> {
    caller.retry_parked(id.clone()).await?;
    Ok((StatusCode::ACCEPTED, Json(caller.account(id).await?.into())))
}

/// What synchronising an account did, the newest first. The newest 500 entries are kept.
#[utoipa::path(get, path = "/api/mail/accounts/{id}/log", tag = "mail", params(("id" = String, Path, description = "Account"), SliceParams), responses((status = 200, description = "A page", body = Page<LogEntry>)))]
async fn log(
    caller: MailCaller,
    Path(id): Path<String>,
    Query(slice): Query<SliceParams>,
) -> Result<Json<Page<LogEntry>>> {
    let page = caller.log(id, slice.slice()?).await?;
    Ok(Json(Page {
        items: into(page.items),
        next: page.next,
    }))
}

/// Asks the provider again which addresses the account may send as.
#[utoipa::path(post, path = "/api/mail/accounts/{id}/aliases", tag = "mail", params(("id" = String, Path, description = "Account")), responses((status = 200, description = "All of them", body = Items<String>)))]
async fn aliases(caller: MailCaller, Path(id): Path<String>) -> Result<Json<Items<String>>> {
    Ok(Json(Items {
        items: caller.refresh_aliases(id).await?,
    }))
}
