//! For whoever runs the host: is it alive, is it ready, what does it do.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::extract::Json;
use super::problem::{Kind, Problem, Result};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(figures))
}

/// That it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, description = "Alive", body = Health)))]
async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether it can serve.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Readiness {
    /// `ok`, or `degraded` if something is out of reach without which the rest works.
    status: &'static str,
    /// What is out of reach: `blobs` are attachments, pictures and uploads. The log has the reason.
    unavailable: Vec<&'static str>,
}

/// It can serve: its storage answers, and it is not about to stop. Otherwise 503.
///
/// While only the place of blobs is away it can, and says so: whoever sent people elsewhere would take from them what is there.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()), responses((status = 200, description = "Ready", body = Readiness)))]
async fn ready(State(state): State<AppState>) -> Result<Json<Readiness>> {
    if state.stopping().is_cancelled() {
        return Err(
            Problem::new(Kind::Busy, "The host is stopping. Try again in a moment.").retry_after(5),
        );
    }
    state.store().ping().await?;
    Ok(Json(match state.store().blobs().ping().await {
        Ok(()) => Readiness {
            status: "ok",
            unavailable: Vec::new(),
        },
        Err(error) => {
            // Not in the answer, which anybody can ask for.
            tracing::warn!(%error, "the place of the blobs does not answer");
            Readiness {
                status: "degraded",
                unavailable: vec!["blobs"],
            }
        }
    }))
}

/// Figures in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(()), responses((status = 200, description = "Figures", body = String, content_type = "text/plain")))]
async fn figures(State(state): State<AppState>) -> Response {
    let (capacity, live) = state.host().engine().capacity();
    let plugins = state.host().plugins().list();
    let running = |status: &&std::sync::Arc<crate::plugin::manager::PluginStatus>| {
        status.state == host_store::PluginState::Enabled
    };
    let broken = |status: &&std::sync::Arc<crate::plugin::manager::PluginStatus>| {
        status.state == host_store::PluginState::Broken
    };
    let (mut requests, mut refused, mut connections, mut received) = (0, 0, 0, 0);
    for status in plugins.iter().filter(running) {
        if let Ok(running) = state.host().plugins().running(&status.id) {
            let http = running.http();
            requests += http.requests();
            refused += http.refused();
            connections += http.connections();
            received += http.received();
        }
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let more = [
        (
            "plugin_host_calls_live",
            "Plugin calls under way.",
            count(live),
        ),
        (
            "plugin_host_calls_capacity",
            "Plugin calls that may be under way at once.",
            count(capacity),
        ),
        (
            "plugin_host_blobs_available",
            "Whether the place of the blobs answers.",
            u64::from(state.store().blobs().ping().await.is_ok()),
        ),
        (
            "plugin_host_plugins_enabled",
            "Plugins that run.",
            count(plugins.iter().filter(running).count()),
        ),
        (
            "plugin_host_plugins_broken",
            "Plugins that were stopped because they kept failing.",
            count(plugins.iter().filter(broken).count()),
        ),
        (
            "plugin_host_egress_requests_total",
            "Requests sent for the plugins that run.",
            requests,
        ),
        (
            "plugin_host_egress_refused_total",
            "Requests that grants or address policy refused.",
            refused,
        ),
        (
            "plugin_host_egress_connections_total",
            "Connections opened for plugins.",
            connections,
        ),
        (
            "plugin_host_egress_received_bytes_total",
            "Bytes of answers to plugins.",
            received,
        ),
    ];
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        state.metrics().text(&more) + &state.figures().text(&state).await,
    )
        .into_response()
}
