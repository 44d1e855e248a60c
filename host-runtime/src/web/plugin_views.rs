//! Plugins as JSON: what they are and want, what they were granted, what went wrong.

use host_store::{PluginState, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Principal;
use super::problem::{Problem, Result};
use crate::egress::allow_list::OriginGrant;
use crate::plugin::inspect::Inspection;
use crate::plugin::manager::PluginStatus;
use crate::plugin::{Grants, Manifest};

/// Whether a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Installed, not running.
    Disabled,
    /// Running.
    Enabled,
    /// Stopped by the host; `reason` says why.
    Broken,
}

impl From<PluginState> for State {
    fn from(state: PluginState) -> Self {
        match state {
            PluginState::Disabled => Self::Disabled,
            PluginState::Enabled => Self::Enabled,
            PluginState::Broken => Self::Broken,
        }
    }
}

/// Work that recurs while the plugin is enabled.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleView {
    pub kind: String,
    pub every_seconds: u32,
}

/// What a plugin says of itself and asks for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManifestView {
    pub id: String,
    pub title: String,
    pub version: String,
    pub description: String,
    /// Origins it wants to call.
    pub origins: Vec<String>,
    /// Paths it wants to be reached at.
    pub paths: Vec<String>,
    /// Whether it brings pages, which run with the rights of whoever opens them.
    pub pages: bool,
    pub storage_bytes: u64,
    /// Of one call.
    pub memory_bytes: u64,
    /// Longest call.
    pub call_seconds: u32,
    pub schedules: Vec<ScheduleView>,
}

impl From<&Manifest> for ManifestView {
    fn from(m: &Manifest) -> Self {
        Self {
            id: m.id.clone(),
            title: m.title.clone(),
            version: m.version.clone(),
            description: m.description.clone(),
            origins: m.origins.iter().map(ToString::to_string).collect(),
            paths: m.paths.clone(),
            pages: m.pages,
            storage_bytes: m.storage_bytes,
            memory_bytes: m.memory_bytes,
            call_seconds: m.call_seconds,
            schedules: m
                .schedules
                .iter()
                .map(|s| ScheduleView {
                    kind: s.kind.clone(),
                    every_seconds: s.every_seconds,
                })
                .collect(),
        }
    }
}

/// An origin that a plugin may call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantedOrigin {
    /// Such as `https://graph.example.com` or `https://*.example.com`.
    origin: String,
    /// Also if it leads into this machine or network, which is denied otherwise.
    #[serde(default)]
    internal: bool,
}

/// What a plugin may do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantSet {
    /// Origins it may call; also ones that its manifest does not name.
    #[serde(default)]
    origins: Vec<GrantedOrigin>,
    /// Paths it may be reached at, of those that its manifest names.
    #[serde(default)]
    paths: Vec<String>,
    /// Whether its pages are shown.
    #[serde(default)]
    pages: bool,
    /// Storage, in bytes.
    storage_bytes: u64,
    /// Memory of one call, in bytes.
    memory_bytes: u64,
    /// Longest call, in seconds.
    call_seconds: u32,
}

impl From<&Grants> for GrantSet {
    fn from(g: &Grants) -> Self {
        Self {
            origins: g
                .origins
                .iter()
                .map(|o| GrantedOrigin {
                    origin: o.origin.to_string(),
                    internal: o.internal,
                })
                .collect(),
            paths: g.paths.clone(),
            pages: g.pages,
            storage_bytes: g.storage_bytes,
            memory_bytes: g.memory_bytes,
            call_seconds: g.call_seconds,
        }
    }
}

impl TryFrom<GrantSet> for Grants {
    type Error = Problem;

    fn try_from(g: GrantSet) -> Result<Self> {
        let origins = g
            .origins
            .into_iter()
            .map(|o| {
                Ok(OriginGrant {
                    origin: o
                        .origin
                        .parse()
                        .map_err(|error| Problem::field("origins", format!("{error}.")))?,
                    internal: o.internal,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            origins,
            paths: g.paths,
            pages: g.pages,
            storage_bytes: g.storage_bytes,
            memory_bytes: g.memory_bytes,
            call_seconds: g.call_seconds,
        })
    }
}

/// A plugin.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginView {
    /// Its id.
    id: String,
    /// For people.
    title: String,
    /// Semantic version.
    version: String,
    /// For people, in your language if the plugin knows it.
    description: String,
    /// Whether it runs.
    state: State,
    /// Why it is broken.
    reason: Option<String>,
    /// Whether it brings mail.
    brings_mail: bool,
    /// What it says of itself; for administrators.
    manifest: Option<ManifestView>,
    /// What it was granted; null: nothing was approved yet. For administrators.
    grants: Option<GrantSet>,
    /// Exactly what it asks for, ready to be approved. For administrators.
    proposed_grants: Option<GrantSet>,
    /// Interfaces that it imports. For administrators.
    imports: Option<Vec<String>>,
    /// Interfaces that it exports. For administrators.
    exports: Option<Vec<String>>,
    /// Addresses of this host that its pages show, each with all that lies below it. For administrators.
    page_paths: Option<Vec<String>>,
    /// Digest of the file. For administrators.
    digest: Option<String>,
}

impl PluginView {
    /// As far as it is this person's business, in their language.
    pub(super) fn of(status: &PluginStatus, reader: &Principal) -> Self {
        let everything = reader.role() == Role::Administrator;
        Self {
            state: status.state.into(),
            reason: status.reason.clone().filter(|_| everything),
            grants: status
                .grants
                .as_ref()
                .filter(|_| everything)
                .map(Into::into),
            ..Self::of_file(&status.inspection, reader)
        }
    }

    /// What is not installed.
    pub(super) fn of_file(inspection: &Inspection, reader: &Principal) -> Self {
        let everything = reader.role() == Role::Administrator;
        let manifest = &inspection.manifest;
        Self {
            id: manifest.id.clone(),
            title: manifest.title.clone(),
            version: manifest.version.clone(),
            description: inspection.description(&reader.user.locale).to_owned(),
            state: State::Disabled,
            reason: None,
            brings_mail: inspection
                .exports
                .iter()
                .any(|name| name.starts_with("platform:mail/")),
            manifest: everything.then(|| manifest.into()),
            grants: None,
            proposed_grants: everything.then(|| (&Grants::proposed(manifest)).into()),
            imports: everything.then(|| inspection.imports.clone()),
            exports: everything.then(|| inspection.exports.clone()),
            page_paths: everything.then(|| inspection.pages.clone()),
            digest: everything.then(|| inspection.digest.clone()),
        }
    }
}

/// All plugins.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugins {
    /// By id.
    pub(super) items: Vec<PluginView>,
}

/// A call that ended badly.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Milliseconds since the Unix epoch.
    at: u64,
    /// Which export was called.
    call: String,
    /// Such as `trap`, `time-out` or `memory`.
    reason: String,
    /// Root cause, and what the plugin last said.
    detail: String,
}

impl From<host_store::Fault> for Fault {
    fn from(f: host_store::Fault) -> Self {
        Self {
            at: f.at,
            call: f.call,
            reason: f.reason,
            detail: f.detail,
        }
    }
}

/// Calls that ended badly.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Faults {
    /// The newest first.
    pub(super) items: Vec<Fault>,
}
