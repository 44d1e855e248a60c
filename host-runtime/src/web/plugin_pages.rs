//! The pages that plugins bring: which there are for whoever asks, and their files.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Signed;
use super::extract::{Json, Path};
use super::problem::{Kind, Problem, Result};
use super::session::RoleName;
use super::{AppState, assets};
use crate::plugin::pages::{Badge, Entry, Pages, Role, index};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        // The description has no way to say that the last part may have slashes.
        .route("/pages/{plugin}/{digest}/{*file}", axum::routing::get(file))
}

/// Where a person finds an entry.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PagePlace {
    /// Among the main things to do.
    Main,
    /// Among the settings of the host.
    Settings,
    /// Among what concerns the person.
    Account,
}

impl From<index::Place> for PagePlace {
    fn from(place: index::Place) -> Self {
        match place {
            index::Place::Main => Self::Main,
            index::Place::Settings => Self::Settings,
            index::Place::Account => Self::Account,
        }
    }
}

/// A number that tells how much waits behind an entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageBadge {
    /// An address of this API that answers a JSON object.
    get: String,
    /// The field of the answer that holds the number.
    value: String,
    /// Events after which the number is asked for again.
    events: Vec<String>,
}

impl From<&Badge> for PageBadge {
    fn from(badge: &Badge) -> Self {
        Self {
            get: badge.get.clone(),
            value: badge.value.clone(),
            events: badge.events.clone(),
        }
    }
}

/// An address that a plugin's pages show, with all that lies below it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageEntry {
    /// Such as `/mail`.
    path: String,
    /// Where a person finds it.
    place: PagePlace,
    /// Set if only people with this role have it.
    role: Option<RoleName>,
    /// By language; `en` is always there.
    title: BTreeMap<String, String>,
    /// The `d` of an SVG path of 24 by 24.
    icon: Option<String>,
    /// A number to be shown beside the title.
    badge: Option<PageBadge>,
}

impl From<&Entry> for PageEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            path: entry.path.clone(),
            place: entry.place.into(),
            role: entry.role.map(|role| match role {
                Role::Administrator => RoleName::Administrator,
            }),
            title: entry.title.clone(),
            icon: entry.icon.clone(),
            badge: entry.badge.as_ref().map(Into::into),
        }
    }
}

/// The pages of a plugin that is enabled.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginPages {
    /// The plugin's id.
    plugin: String,
    /// Address of the ES module that exports `mount`. Another version of the pages has another address.
    module: String,
    /// Addresses of the stylesheets to be loaded before it.
    styles: Vec<String>,
    /// Where they appear, in the plugin's order.
    entries: Vec<PageEntry>,
}

impl PluginPages {
    fn of(plugin: &str, pages: &Pages, administers: bool) -> Self {
        let address = |file: &String| format!("/pages/{plugin}/{}/{file}", pages.digest);
        Self {
            plugin: plugin.to_owned(),
            module: address(&pages.index.module),
            styles: pages.index.styles.iter().map(address).collect(),
            entries: pages
                .index
                .entries
                .iter()
                .filter(|entry| administers || entry.role.is_none())
                .map(Into::into)
                .collect(),
        }
    }
}

/// All pages.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllPages {
    /// By plugin.
    items: Vec<PluginPages>,
}

/// The pages that enabled plugins bring and you may open. The event `plugins.changed` tells that they are others.
#[utoipa::path(get, path = "/api/pages", tag = "pages", responses((status = 200, description = "All of them", body = AllPages)))]
async fn list(State(state): State<AppState>, Signed(principal): Signed) -> Json<AllPages> {
    let administers = principal.role() == host_store::Role::Administrator;
    state.host().plugins().catch_up().await;
    let items = state
        .host()
        .plugins()
        .with_pages()
        .iter()
        .filter_map(|running| {
            let pages = running.pages()?;
            Some(PluginPages::of(running.id(), pages, administers))
        })
        .filter(|pages| !pages.entries.is_empty())
        .collect();
    Json(AllPages { items })
}

/// A file of a plugin's pages, for as long as this version of them is there. It may be kept for ever.
#[utoipa::path(
    get, path = "/pages/{plugin}/{digest}/{file}", tag = "pages", security(()),
    params(
        ("plugin" = String, Path, description = "Plugin"), ("digest" = String, Path, description = "Which version of its pages"),
        ("file" = String, Path, description = "The file's name; it may have slashes")
    ),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "text/javascript"))
)]
pub(super) async fn file(
    State(state): State<AppState>,
    Path((plugin, digest, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response> {
    let asset = state
        .host()
        .plugins()
        .running(&plugin)
        .ok()
        .and_then(|running| running.pages().cloned())
        .filter(|pages| pages.digest == digest)
        .and_then(|pages| pages.file(&name).cloned())
        .ok_or_else(|| {
            Problem::new(
                Kind::NotFound,
                "There is no such file of a plugin's pages. Load the document again: another version may be there.",
            )
        })?;
    assets::answer(asset, &headers, assets::FOR_EVER).await
}
