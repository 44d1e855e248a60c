//! Who asks: a browser with a session cookie, a program with a token, or the command line of this machine.
//!
//! Three extractors say in a handler's signature what it needs: [`Signed`] anybody, [`Administrator`] one who may administer,
//! [`Confirmed`] one who has also entered the password a moment ago. The last exists because pages of plugins run with the rights of whoever
//! opens them: a page must not be able to install another plugin on its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use host_store::{Role, User};
use http::header;
use http::request::Parts;
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::AppState;
use super::cookies::{self, SESSION};
use super::problem::{Kind, Problem, Result};
use super::request::RequestId;
use crate::bindings::types;

/// How somebody showed who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// A browser.
    Session {
        /// What the cookie holds.
        token: String,
        /// Stands for the session elsewhere.
        id: String,
        /// When the password was last entered, in milliseconds since the Unix epoch.
        confirmed_at: u64,
    },
    /// A program.
    Token {
        /// Which token.
        id: String,
        /// Whether it may administer.
        admin: bool,
    },
    /// Whoever can read the data folder, through the command line.
    Control,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) user: User,
    pub(crate) via: Via,
    pub(crate) request: Arc<str>,
}

impl Principal {
    /// The record that plugins see.
    pub(crate) fn caller(&self) -> types::Caller {
        types::Caller {
            user: self.user.id.clone(),
            role: match self.role() {
                Role::Member => types::Role::Member,
                Role::Administrator => types::Role::Administrator,
            },
            permissions: Vec::new(),
            locale: self.user.locale.clone(),
            request: self.request.to_string(),
        }
    }

    /// What they may do here: a token acts as a member unless it was made to administer.
    pub(crate) fn role(&self) -> Role {
        match self.via {
            Via::Token { admin: false, .. } => Role::Member,
            _ => self.user.role,
        }
    }

    /// Whose name stands in the audit log; none: the command line.
    pub(crate) fn actor(&self) -> Option<&str> {
        match self.via {
            Via::Control => None,
            _ => Some(&self.user.id),
        }
    }

    /// What an OAuth flow of theirs is bound to.
    pub(crate) fn binding(&self) -> Result<String> {
        match &self.via {
            Via::Session { id, .. } => Ok(id.clone()),
            Via::Token { id, .. } => Ok(token_binding(id)),
            Via::Control => Err(Problem::new(
                Kind::Denied,
                "The command line has no mailbox. Sign in as the person who links the account.",
            )),
        }
    }
}

fn token_binding(id: &str) -> String {
    format!("token:{id}")
}

/// Anybody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub(crate) Principal);

/// Somebody who may administer.
#[derive(Debug, Clone)]
pub(crate) struct Administrator(pub(crate) Principal);

/// Somebody who may administer and has shown a moment ago that it is them and not a page in their browser.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed(pub(crate) Principal);

impl FromRequestParts<AppState> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        match signed(parts, state).await? {
            Some(principal) => Ok(Self(principal)),
            None => Err(Problem::new(
                Kind::NotSignedIn,
                "Sign in with POST /api/session, or send an API token as Authorization: Bearer.",
            )),
        }
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let Signed(principal) = Signed::from_request_parts(parts, state).await?;
        if principal.role() == Role::Administrator {
            return Ok(Self(principal));
        }
        let detail = match principal.user.role {
            Role::Administrator => {
                "This token was not made to administer. Make one with the scope `admin`."
            }
            Role::Member => "Only an administrator can do this. Ask one.",
        };
        Err(Problem::new(Kind::AdministratorOnly, detail))
    }
}

impl FromRequestParts<AppState> for Confirmed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let Administrator(principal) = Administrator::from_request_parts(parts, state).await?;
        if confirmed(&principal, state) {
            return Ok(Self(principal));
        }
        Err(Problem::new(
            Kind::ConfirmationRequired,
            "Enter your password again (POST /api/session/confirm), then repeat this request.",
        ))
    }
}

/// Whether the password was entered a moment ago, or no password is in play.
pub(crate) fn confirmed(principal: &Principal, state: &AppState) -> bool {
    match principal.via {
        Via::Session { confirmed_at, .. } => {
            state.now()
                < confirmed_at.saturating_add(u64::from(state.config().confirm_minutes) * 60_000)
        }
        Via::Token { .. } | Via::Control => true,
    }
}

/// Who it is, if anybody. A token that is wrong is an error, not nobody: the program behind it must learn of it.
pub(crate) async fn signed(parts: &Parts, state: &AppState) -> Result<Option<Principal>> {
    let request = parts
        .extensions
        .get::<RequestId>()
        .map_or_else(|| Arc::from(""), |id| id.0.clone());
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = value
            .to_str()
            .ok()
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let refused = || {
            Problem::new(
                Kind::NotSignedIn,
                "This token is unknown, expired or revoked. Make another one, and send it as Authorization: Bearer.",
            )
        };
        let token = token.ok_or_else(refused)?;
        if state.control_token().is_some_and(|control| {
            bool::from(control.expose_secret().as_bytes().ct_eq(token.as_bytes()))
        }) {
            return Ok(Some(Principal {
                user: command_line(),
                via: Via::Control,
                request,
            }));
        }
        let (user, token) = state
            .store()
            .api_tokens()
            .verify(token)
            .await
            .map_err(Problem::from)?
            .ok_or_else(refused)?;
        let admin = token
            .scopes
            .iter()
            .any(|scope| scope == super::tokens::ADMIN);
        return Ok(Some(Principal {
            user,
            via: Via::Token {
                id: token.id,
                admin,
            },
            request,
        }));
    }
    let Some(token) = cookies::get(&parts.headers, state.cookie_name(SESSION)) else {
        return Ok(None);
    };
    let Some(session) = state
        .store()
        .sessions()
        .get(&token)
        .await
        .map_err(Problem::from)?
    else {
        return Ok(None);
    };
    Ok(Some(Principal {
        user: session.user,
        via: Via::Session {
            token,
            id: session.id,
            confirmed_at: session.confirmed_at,
        },
        request,
    }))
}

/// Stands for whoever can read the data folder. No row has this id.
fn command_line() -> User {
    User {
        id: "command-line".to_owned(),
        name: "Command line".to_owned(),
        email: String::new(),
        role: Role::Administrator,
        locale: "en".to_owned(),
        disabled: false,
        created_at: 0,
    }
}

/// The address at the other end, for counting tries.
pub(crate) fn client_address(parts: &Parts, trust_forwarded_for: bool) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
            address.ip()
        });
    if !trust_forwarded_for {
        return peer;
    }
    // The last entry is the one that our own proxy added; those before it are the client's word.
    let forwarded = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|v| v.to_str().ok());
    forwarded
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok())
        .unwrap_or(peer)
}
