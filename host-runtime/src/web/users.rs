//! People, for administrators.

use axum::extract::State;
use host_store::{Error as StoreError, NewUser, User};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Administrator, Confirmed, Principal};
use super::extract::{Json, Path};
use super::problem::{Kind, Problem, Result};
use super::session::RoleName;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, change, remove))
}

/// A person of this host.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Opaque.
    id: String,
    /// As shown.
    name: String,
    /// Signs in with it.
    email: String,
    /// What they may do.
    role: RoleName,
    /// Such as `en`.
    locale: String,
    /// Can't sign in.
    disabled: bool,
    /// Milliseconds since the Unix epoch.
    created_at: u64,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role.into(),
            locale: user.locale,
            disabled: user.disabled,
            created_at: user.created_at,
        }
    }
}

/// All people of this host.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct People {
    /// By address.
    items: Vec<Person>,
}

/// A person to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// As shown.
    name: String,
    /// Signs in with it; unique.
    email: String,
    /// What they may do.
    #[serde(default = "member")]
    role: RoleName,
    /// Such as `en`.
    #[serde(default = "english")]
    locale: String,
    /// At least 8 characters.
    #[serde(deserialize_with = "crate::web::passwords::secret")]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

fn member() -> RoleName {
    RoleName::Member
}

fn english() -> String {
    "en".to_owned()
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    /// As shown.
    name: Option<String>,
    /// What they may do.
    role: Option<RoleName>,
    /// Such as `en`.
    locale: Option<String>,
    /// Can't sign in; what is signed in is signed out.
    disabled: Option<bool>,
    /// A new password; signs them out everywhere.
    #[serde(default, deserialize_with = "crate::web::passwords::some_secret")]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// What the store does not check.
pub(super) fn check(user: &User) -> Result<()> {
    if user.name.trim().is_empty()
        || user.name.chars().count() > 200
        || user.name.chars().any(char::is_control)
    {
        return Err(Problem::field("name", "A name takes 1 to 200 characters."));
    }
    let tag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if user.locale.len() > 35 || !user.locale.split('-').all(tag) {
        return Err(Problem::field(
            "locale",
            "A language is a tag such as `en`, `ru` or `zh`.",
        ));
    }
    Ok(())
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

/// All people of this host.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, description = "All of them", body = People)))]
async fn list(
    State(state): State<AppState>,
    Administrator(_administrator): Administrator,
) -> Result<Json<People>> {
    let users = state.store().users().list().await?;
    Ok(Json(People {
        items: users.into_iter().map(Into::into).collect(),
    }))
}

/// Adds a person.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewPerson, responses((status = 201, description = "Added", body = Person)))]
async fn add(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Json(new): Json<NewPerson>,
) -> Result<(StatusCode, Json<Person>)> {
    let user = NewUser {
        name: new.name,
        email: new.email,
        role: new.role.into(),
        locale: new.locale,
        password: Some(new.password),
    };
    check(&User {
        id: String::new(),
        name: user.name.clone(),
        email: String::new(),
        role: user.role,
        locale: user.locale.clone(),
        disabled: false,
        created_at: 0,
    })?;
    let user = match state.store().users().add(user).await {
        Err(StoreError::Conflict(_)) => {
            return Err(Problem::field(
                "email",
                "Somebody has this address already.",
            ));
        }
        added => added?,
    };
    noted(
        &state,
        &principal,
        "user.add",
        &user.id,
        json!({ "email": user.email, "role": user.role }),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

async fn found(state: &AppState, id: &str) -> Result<User> {
    state
        .store()
        .users()
        .get(id)
        .await?
        .ok_or_else(|| Problem::not_found("user"))
}

/// One person.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(("id" = String, Path, description = "Person")), responses((status = 200, description = "The person", body = Person)))]
async fn get(
    State(state): State<AppState>,
    Administrator(_administrator): Administrator,
    Path(id): Path<String>,
) -> Result<Json<Person>> {
    Ok(Json(found(&state, &id).await?.into()))
}

/// Changes a person.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", params(("id" = String, Path, description = "Person")), request_body = PersonChange, responses((status = 200, description = "The changed person", body = Person)))]
async fn change(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
    Json(change): Json<PersonChange>,
) -> Result<Json<Person>> {
    let before = found(&state, &id).await?;
    let after = User {
        name: change.name.unwrap_or_else(|| before.name.clone()),
        role: change.role.map_or(before.role, Into::into),
        locale: change.locale.unwrap_or_else(|| before.locale.clone()),
        disabled: change.disabled.unwrap_or(before.disabled),
        ..before.clone()
    };
    check(&after)?;
    if before.role == host_store::Role::Administrator
        && (after.role != before.role || after.disabled)
    {
        keep_an_administrator(&state, &id).await?;
    }
    if after != before {
        state.store().users().update(&after).await?;
    }
    let password = change.password.is_some();
    if let Some(password) = change.password {
        state.store().users().set_password(&id, password).await?;
    }
    noted(
        &state,
        &principal,
        "user.change",
        &id,
        json!({ "role": after.role, "disabled": after.disabled, "password": password }),
    )
    .await?;
    Ok(Json(after.into()))
}

/// A host that nobody can administer could only be mended by hand.
async fn keep_an_administrator(state: &AppState, but: &str) -> Result<()> {
    let users = state.store().users().list().await?;
    if users.iter().any(|user| {
        user.id != but && user.role == host_store::Role::Administrator && !user.disabled
    }) {
        Ok(())
    } else {
        Err(Problem::new(
            Kind::Conflict,
            "This is the last administrator. Make somebody else one first.",
        ))
    }
}

/// Removes a person with their sessions and tokens, and with what enabled plugins hold of theirs.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(("id" = String, Path, description = "Person")), responses((status = 204, description = "Gone")))]
async fn remove(
    State(state): State<AppState>,
    Confirmed(principal): Confirmed,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let user = found(&state, &id).await?;
    if user.role == host_store::Role::Administrator {
        keep_an_administrator(&state, &id).await?;
    }
    // First the plugins, who may still need the account to revoke what it holds elsewhere; a crash between the two is mended by repeating.
    state.host().plugins().user_removed(&id).await?;
    state.store().users().delete(&id).await?;
    noted(
        &state,
        &principal,
        "user.remove",
        &id,
        json!({ "email": user.email }),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
