//! The host's HTTP side: people, plugins and mail as a JSON API, events, and the addresses of plugins.
//!
//! `request` is around every request; `auth`, `session`, `cookies`, `csrf` and `limiter` say who asks; `problem` is every error. One module
//! for each group of addresses; [`server`] runs them all. Handlers hold no rule of mail or of plugins: they translate.

mod assets;
mod audit;
mod auth;
mod cookies;
mod csrf;
mod download;
mod events;
mod extract;
mod hooks;
mod limiter;
mod mail;
mod metrics;
mod oauth;
mod openapi;
mod ops;
mod pages;
pub mod passwords;
mod plugin_errors;
mod plugin_pages;
mod plugin_views;
mod plugins;
pub mod problem;
mod request;
pub mod server;
mod session;
mod settings;
mod shell;
mod signed;
mod tokens;
mod uploads;
mod users;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use host_store::Store;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::SecretString;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::Host;
use crate::config::Config;
use crate::egress::client::Tls;
use limiter::SignInLimiter;
use mail::Figures;
use metrics::Metrics;
use problem::{Kind, Problem, Result};
use shell::Shell;
use signed::Signer;

pub use server::{FirstAdministrator, Running, Server, StartError};

/// A JSON body: a draft with its HTML and quoted history fits, files have addresses of their own.
const JSON_BODY: usize = 8 << 20;

/// Passwords hashed at the same time: each takes tens of milliseconds of a processor and 19 MiB of memory.
const HASHES_AT_ONCE: usize = 2;
/// Longer than a few waiting hashes, shorter than a person's patience.
const HASH_PATIENCE: Duration = Duration::from_secs(5);

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

struct Shared {
    host: Host,
    config: Config,
    public_origin: String,
    secure: bool,
    control: Option<SecretString>,
    tls: Tls,
    metrics: Metrics,
    limiter: SignInLimiter,
    signer: Signer,
    hashing: Semaphore,
    streams: Mutex<HashMap<String, usize>>,
    stopping: CancellationToken,
    openapi: String,
    shell: Shell,
    figures: Figures,
}

impl AppState {
    fn host(&self) -> &Host {
        &self.0.host
    }

    fn store(&self) -> &Store {
        self.0.host.store()
    }

    fn config(&self) -> &Config {
        &self.0.config
    }

    /// Milliseconds since the Unix epoch, by the host's one clock.
    fn now(&self) -> u64 {
        self.store().clock().now()
    }

    fn public_origin(&self) -> &str {
        &self.0.public_origin
    }

    /// Whether cookies go over TLS only.
    fn secure(&self) -> bool {
        self.0.secure
    }

    /// `__Host-` makes browsers refuse a cookie of this name from a subdomain or without TLS.
    fn cookie_name(&self, name: &'static str) -> &'static str {
        match (self.0.secure, name) {
            (true, cookies::SESSION) => "__Host-plugin_host_session",
            (true, cookies::FLOW) => "__Host-plugin_host_flow",
            _ => name,
        }
    }

    fn control_token(&self) -> Option<&SecretString> {
        self.0.control.as_ref()
    }

    fn tls(&self) -> &Tls {
        &self.0.tls
    }

    fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn limiter(&self) -> &SignInLimiter {
        &self.0.limiter
    }

    fn signer(&self) -> &Signer {
        &self.0.signer
    }

    fn shell(&self) -> &Shell {
        &self.0.shell
    }

    fn figures(&self) -> &Figures {
        &self.0.figures
    }

    fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Open event streams by person.
    fn streams(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn at hashing a password.
    async fn password_turn(&self) -> Result<SemaphorePermit<'_>> {
        match tokio::time::timeout(HASH_PATIENCE, self.0.hashing.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::new(
                Kind::Busy,
                "Too many people sign in at this moment. Try again.",
            )
            .retry_after(2)),
        }
    }
}

/// All documented addresses.
fn documented(config: &Config) -> OpenApiRouter<AppState> {
    let component = usize::try_from(config.component_bytes)
        .unwrap_or(usize::MAX)
        .saturating_add(1 << 20);
    OpenApiRouter::with_openapi(openapi::Description::openapi())
        .merge(session::routes())
        .merge(oauth::routes())
        .merge(tokens::routes())
        .merge(users::routes())
        .merge(plugin_pages::routes())
        .merge(plugins::routes().layer(DefaultBodyLimit::max(component)))
        .merge(settings::routes())
        .merge(mail::routes())
        .merge(uploads::routes())
        .merge(events::routes())
        .merge(audit::routes())
        .merge(ops::routes())
}

/// The OpenAPI document that a running host serves. Limits of a configuration are no part of it.
#[must_use]
pub fn description_document() -> serde_json::Value {
    let (_, api) = documented(&Config::default()).split_for_parts();
    openapi::document(api)
}

/// The whole of it, ready to be served.
fn router(state: AppState) -> Router {
    let (documented, _) = documented(state.config()).split_for_parts();
    documented
        .route("/", get(root))
        .route("/api/openapi.json", get(description))
        .route("/hooks/{plugin}/{name}", hooks::route())
        .route("/shell/{*file}", get(shell::file))
        .fallback(shell::fallback)
        .layer(DefaultBodyLimit::max(JSON_BODY))
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            csrf::guard,
        ))
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            request::around,
        ))
        .with_state(state)
}

/// For people the shell; for whoever asks for no document, and where there is no shell, what this is.
async fn root(State(state): State<AppState>, method: Method, headers: HeaderMap) -> Response {
    shell::is_navigation(&method, &headers)
        .then(|| shell::document(&state))
        .flatten()
        .unwrap_or_else(|| pages::root(env!("CARGO_PKG_VERSION")))
}

async fn description(State(state): State<AppState>) -> Response {
    let mut response = Response::new(axum::body::Body::from(state.0.openapi.clone()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
