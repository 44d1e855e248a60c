//! API tokens: one's own, and those that an administrator makes for somebody.

use axum::extract::State;
use host_store::{ApiToken, Role, User};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Confirmed, Principal, Signed, Via, confirmed};
use super::extract::{Json, Path};
use super::problem::{Kind, Problem, Result};

/// The scope with which an administrator's token may administer.
pub(crate) const ADMIN: &str = "admin";

const DAY: u64 = 86_400_000;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(revoke))
        .routes(routes!(make_for))
}

/// What a token may do beyond what a member may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// Administer, as its owner may.
    Admin,
}

/// A token, without its text.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// To revoke it by.
    id: String,
    /// What its owner calls it.
    name: String,
    /// What it may do beyond what a member may.
    scopes: Vec<Scope>,
    /// Milliseconds since the Unix epoch.
    created_at: u64,
    /// Null: never.
    expires_at: Option<u64>,
    /// About; null: never used.
    used_at: Option<u64>,
}

impl From<ApiToken> for Token {
    fn from(token: ApiToken) -> Self {
        let scopes = token
            .scopes
            .iter()
            .filter(|scope| *scope == ADMIN)
            .map(|_| Scope::Admin)
            .collect();
        Self {
            id: token.id,
            name: token.name,
            scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
        }
    }
}

/// One's tokens.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    /// The oldest first.
    items: Vec<Token>,
}

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    name: String,
    /// What it may do beyond what a member may.
    #[serde(default)]
    scopes: Vec<Scope>,
    /// For how many days; for ever if left out.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// A new token with its text.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MadeToken {
    /// To revoke it by.
    id: String,
    /// The text to be sent as `Authorization: Bearer`; shown this once.
    token: String,
    /// Milliseconds since the Unix epoch; null: never.
    expires_at: Option<u64>,
}

async fn made(
    state: &AppState,
    principal: &Principal,
    owner: &User,
    new: NewToken,
) -> Result<(StatusCode, Json<MadeToken>)> {
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        return Err(Problem::field(
            "name",
            "A token's name takes 1 to 100 characters.",
        ));
    }
    if new.days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(Problem::field("days", "`days` goes from 1 to 3650."));
    }
    let admin = new.scopes.contains(&Scope::Admin);
    if admin && owner.role != Role::Administrator {
        return Err(Problem::field(
            "scopes",
            "Only an administrator's token can have the scope `admin`.",
        ));
    }
    let scopes = if admin {
        vec![ADMIN.to_owned()]
    } else {
        Vec::new()
    };
    let expires_at = new
        .days
        .map(|days| state.now().saturating_add(u64::from(days) * DAY));
    let (token, text) = state
        .store()
        .api_tokens()
        .create(&owner.id, &new.name, &scopes, expires_at)
        .await?;
    state
        .store()
        .audit()
        .record(
            principal.actor(),
            "token.make",
            &owner.id,
            &json!({ "token": token.id, "scopes": scopes }),
        )
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(MadeToken {
            id: token.id,
            token: text,
            expires_at,
        }),
    ))
}

/// One's tokens, without their texts.
#[utoipa::path(get, path = "/api/tokens", tag = "session", responses((status = 200, description = "All of them", body = Tokens)))]
async fn list(State(state): State<AppState>, Signed(principal): Signed) -> Result<Json<Tokens>> {
    let tokens = state.store().api_tokens().list(&principal.user.id).await?;
    Ok(Json(Tokens {
        items: tokens.into_iter().map(Into::into).collect(),
    }))
}

/// Makes a token for oneself. With the scope `admin` it needs a password entered a moment ago, or a token of that scope.
#[utoipa::path(post, path = "/api/tokens", tag = "session", request_body = NewToken, responses((status = 201, description = "Made", body = MadeToken)))]
async fn make(
    State(state): State<AppState>,
    Signed(principal): Signed,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>)> {
    if matches!(principal.via, Via::Control) {
        return Err(Problem::new(
            Kind::Denied,
            "The command line makes tokens for somebody: `plugin-host user token`.",
        ));
    }
    if new.scopes.contains(&Scope::Admin)
        && (principal.role() != Role::Administrator || !confirmed(&principal, &state))
    {
        return Err(match principal.role() {
            Role::Administrator => Problem::new(
                Kind::ConfirmationRequired,
                "Enter your password again (POST /api/session/confirm), then repeat this request.",
            ),
            Role::Member => Problem::new(
                Kind::AdministratorOnly,
                "Only an administrator who signed in, or a token with the scope `admin`, can make such a token.",
            ),
        });
    }
    let owner = principal.user.clone();
    made(&state, &principal, &owner, new).await
}

/// Ends a token of one's own.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "session", params(("id" = String, Path, description = "Token")), responses((status = 204, description = "It no longer works")))]
async fn revoke(
    State(state): State<AppState>,
    Signed(principal): Signed,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    state
        .store()
        .api_tokens()
        .revoke(&principal.user.id, &id)
        .await?;
    state
        .store()
        .audit()
        .record(
            principal.actor(),
            "token.revoke",
            &principal.user.id,
            &json!({ "token": id }),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a token for somebody.
///
/// Only from the command line of the machine: an administrator could otherwise read everybody's mail with one.
#[utoipa::path(post, path = "/api/users/{id}/tokens", tag = "users", params(("id" = String, Path, description = "Person")), request_body = NewToken, responses((status = 201, description = "Made", body = MadeToken)))]
async fn make_for(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>)> {
    let owner = state
        .store()
        .users()
        .get(&id)
        .await?
        .ok_or_else(|| Problem::not_found("user"))?;
    if owner.id != principal.user.id && !matches!(principal.via, Via::Control) {
        return Err(Problem::new(
            Kind::Denied,
            "A token reads its owner's mail, so that only the owner makes it (POST /api/tokens), or whoever runs the machine (`plugin-host user token`).",
        ));
    }
    made(&state, &principal, &owner, new).await
}
