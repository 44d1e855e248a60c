//! Signing in and out, and who one is.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use host_store::{Role, User};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Principal, Signed, Via, client_address, confirmed};
use super::cookies::{self, SESSION};
use super::extract::Json;
use super::problem::{Kind, Problem, Result};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(confirm))
        .routes(routes!(me, change_me))
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The address that one signs in with.
    email: String,
    #[serde(deserialize_with = "crate::web::passwords::secret")]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// The password, again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    #[serde(deserialize_with = "crate::web::passwords::secret")]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleName {
    /// Uses what is enabled.
    Member,
    /// Also manages plugins, settings and people.
    Administrator,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Administrator => Self::Administrator,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Member => Self::Member,
            RoleName::Administrator => Self::Administrator,
        }
    }
}

/// How one showed who one is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Means {
    Session,
    Token,
    CommandLine,
}

/// Who is signed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Me {
    /// Opaque.
    id: String,
    /// As shown.
    name: String,
    /// Signs in with it.
    email: String,
    /// What this session or token may do.
    role: RoleName,
    /// Such as `en`.
    locale: String,
    /// How this request showed who it is.
    via: Means,
    /// Whether administering needs the password again.
    confirmation_required: bool,
}

impl Me {
    fn of(principal: &Principal, state: &AppState) -> Self {
        Self {
            id: principal.user.id.clone(),
            name: principal.user.name.clone(),
            email: principal.user.email.clone(),
            role: principal.role().into(),
            locale: principal.user.locale.clone(),
            via: match principal.via {
                Via::Session { .. } => Means::Session,
                Via::Token { .. } => Means::Token,
                Via::Control => Means::CommandLine,
            },
            confirmation_required: !confirmed(principal, state),
        }
    }
}

/// Checks a password, within the limits against guessing.
async fn verified(
    state: &AppState,
    request: &http::request::Parts,
    email: &str,
    password: SecretString,
) -> Result<Option<User>> {
    let address = client_address(request, state.config().trust_forwarded_for);
    let now = state.now();
    if let Some(at) = state.limiter().begin(address, email).await? {
        return Err(Problem::new(
            Kind::RateLimited,
            "Too many tries with a wrong password. Wait a quarter of an hour.",
        )
        .retry_at(at, now));
    }
    let turn = state.password_turn().await?;
    let user = state.store().users().verify(email, password).await?;
    drop(turn);
    match &user {
        Some(_) => state.limiter().succeeded(address, email).await?,
        None => {
            state
                .metrics()
                .failed_sign_ins
                .fetch_add(1, Ordering::Relaxed);
            tracing::info!(%address, "a password was refused");
        }
    }
    Ok(user)
}

/// Signs in: sets the session cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = Credentials, security(()), responses((status = 201, description = "Signed in", body = Me, headers(("Set-Cookie" = String, description = "The session")))))]
async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let Json(credentials) =
        Json::<Credentials>::from_request(Request::from_parts(parts.clone(), body), &state).await?;
    let user = verified(&state, &parts, &credentials.email, credentials.password)
        .await?
        .ok_or_else(|| Problem::new(Kind::WrongCredentials, "Address and password don't belong together. Check both; an administrator can set a new password."))?;
    // A session of somebody else in this browser ends here.
    if let Some(old) = cookies::get(&parts.headers, state.cookie_name(SESSION)) {
        state.store().sessions().end(&old).await?;
    }
    let token = state.store().sessions().create(&user.id).await?;
    let session = state
        .store()
        .sessions()
        .get(&token)
        .await?
        .ok_or_else(|| Problem::internal("a new session is not there"))?;
    let lifetime = session.expires_at.saturating_sub(state.now()) / 1000;
    let cookie = cookies::set(state.cookie_name(SESSION), &token, lifetime, state.secure());
    let request = parts
        .extensions
        .get::<super::request::RequestId>()
        .map_or_else(|| "".into(), |id| id.0.clone());
    let principal = Principal {
        user: session.user,
        via: Via::Session {
            token,
            id: session.id,
            confirmed_at: session.confirmed_at,
        },
        request,
    };
    Ok((
        StatusCode::CREATED,
        cookie,
        Json(Me::of(&principal, &state)),
    )
        .into_response())
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204, description = "Signed out")))]
async fn sign_out(State(state): State<AppState>, Signed(principal): Signed) -> Result<Response> {
    if let Via::Session { token, .. } = &principal.via {
        state.store().sessions().end(token).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        cookies::clear(state.cookie_name(SESSION), state.secure()),
    )
        .into_response())
}

/// Enters the password again, for administering plugins and people within the next minutes.
#[utoipa::path(post, path = "/api/session/confirm", tag = "session", request_body = Confirmation, responses((status = 200, description = "Confirmed", body = Me)))]
async fn confirm(
    State(state): State<AppState>,
    Signed(mut principal): Signed,
    request: Request,
) -> Result<Json<Me>> {
    let (parts, body) = request.into_parts();
    let Json(confirmation) =
        Json::<Confirmation>::from_request(Request::from_parts(parts.clone(), body), &state)
            .await?;
    let Via::Session {
        token,
        confirmed_at,
        ..
    } = &mut principal.via
    else {
        return Err(Problem::new(
            Kind::Denied,
            "Only a session needs its password again; a token does not.",
        ));
    };
    verified(&state, &parts, &principal.user.email, confirmation.password)
        .await?
        .filter(|user| user.id == principal.user.id)
        .ok_or_else(|| {
            Problem::new(
                Kind::WrongCredentials,
                "This is not your password. Try again.",
            )
        })?;
    state.store().sessions().confirm(token).await?;
    *confirmed_at = state.now();
    Ok(Json(Me::of(&principal, &state)))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/me", tag = "session", responses((status = 200, description = "You", body = Me)))]
async fn me(State(state): State<AppState>, Signed(principal): Signed) -> Json<Me> {
    Json(Me::of(&principal, &state))
}

/// What one may change about oneself; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeChange {
    /// As shown.
    name: Option<String>,
    /// Such as `en`, `ru` or `zh`.
    locale: Option<String>,
    /// A new password; signs out everywhere else and needs `current_password`.
    #[serde(default, deserialize_with = "crate::web::passwords::some_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
    /// The password until now.
    #[serde(default, deserialize_with = "crate::web::passwords::some_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<SecretString>,
}

/// Changes one's own name, language or password.
#[utoipa::path(patch, path = "/api/me", tag = "session", request_body = MeChange, responses((status = 200, description = "You", body = Me, headers(("Set-Cookie" = Option<String>, description = "The session, when the password was changed")))))]
async fn change_me(
    State(state): State<AppState>,
    Signed(mut principal): Signed,
    request: Request,
) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let Json(change) =
        Json::<MeChange>::from_request(Request::from_parts(parts.clone(), body), &state).await?;
    if matches!(principal.via, Via::Control) {
        return Err(Problem::new(
            Kind::Denied,
            "The command line is nobody who could be changed; see `plugin-host user`.",
        ));
    }
    if let Some(password) = change.password {
        let current = change.current_password.ok_or_else(|| {
            Problem::field(
                "current_password",
                "Give the password until now in `current_password`.",
            )
        })?;
        verified(&state, &parts, &principal.user.email, current)
            .await?
            .ok_or_else(|| {
                Problem::field("current_password", "This is not your password. Try again.")
            })?;
        state
            .store()
            .users()
            .set_password(&principal.user.id, password)
            .await?;
    }
    if change.name.is_some() || change.locale.is_some() {
        principal.user.name = change.name.unwrap_or(principal.user.name);
        principal.user.locale = change.locale.unwrap_or(principal.user.locale);
        super::users::check(&principal.user)?;
        state.store().users().update(&principal.user).await?;
    }
    let me = Json(Me::of(&principal, &state));
    // A new password has ended this session too; the person who set it goes on in a fresh one.
    if let Via::Session { token, .. } = &principal.via
        && state.store().sessions().get(token).await?.is_none()
    {
        let token = state.store().sessions().create(&principal.user.id).await?;
        let lifetime = state
            .store()
            .sessions()
            .get(&token)
            .await?
            .map_or(0, |s| s.expires_at.saturating_sub(state.now()) / 1000);
        return Ok((
            cookies::set(state.cookie_name(SESSION), &token, lifetime, state.secure()),
            me,
        )
            .into_response());
    }
    Ok(me.into_response())
}
