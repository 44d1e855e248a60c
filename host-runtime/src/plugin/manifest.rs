//! What a plugin asks for, and what it was granted.
//!
//! A [`Manifest`] is the plugin's own word, checked for form only. [`Grants`] are the administrator's: they start as what the
//! manifest proposes, may be less or more, and are all that counts when the plugin runs.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bindings::plugin::lifecycle;
use crate::egress::allow_list::{Origin, OriginGrant};
use crate::limits;

/// Work that the host enqueues by itself while the plugin is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The kind of the job; its key is empty.
    pub kind: String,
    /// Time between two of them.
    pub every_seconds: u32,
}

/// A plugin's description of itself; see `lifecycle.manifest` in the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Lower case words joined by `-`.
    pub id: String,
    /// For people.
    pub title: String,
    /// Semantic version.
    pub version: String,
    /// For people.
    pub description: String,
    /// Origins that it wants to call.
    pub origins: Vec<Origin>,
    /// Paths that it wants to be reached at.
    pub paths: Vec<String>,
    /// Whether it brings pages.
    pub pages: bool,
    /// Storage that it wants, in bytes.
    pub storage_bytes: u64,
    /// Memory that a call may use, in bytes.
    pub memory_bytes: u64,
    /// Longest call, in seconds.
    pub call_seconds: u32,
    /// Work that recurs.
    pub schedules: Vec<Schedule>,
}

/// A manifest that can't be accepted: what is wrong, for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin's manifest is not valid: {0}")]
pub struct InvalidManifest(pub String);

/// Paths that belong to the host. A plugin's path may be none of them and lie below none of them.
const RESERVED: &[&str] = &[
    "/api",
    "/hooks",
    "/healthz",
    "/readyz",
    "/metrics",
    "/assets",
    "/pages",
    "/shell",
    "/plugins",
    "/settings",
    "/users",
    "/tokens",
    "/audit",
    "/sign-in",
    "/login",
    "/logout",
    "/uploads",
];

impl Manifest {
    /// Checks the form of what a plugin says of itself.
    pub fn check(raw: lifecycle::Manifest) -> Result<Self, InvalidManifest> {
        let invalid = |what: String| Err(InvalidManifest(what));
        if !is_id(&raw.id) {
            return invalid(format!(
                "`{}` is no id: it takes 1 to 48 lower case letters and digits in words joined by `-`",
                clip(&raw.id)
            ));
        }
        if semver::Version::parse(&raw.version).is_err() {
            return invalid(format!("`{}` is no semantic version", clip(&raw.version)));
        }
        if raw.title.is_empty()
            || raw.title.chars().count() > 100
            || raw.description.chars().count() > 2_000
        {
            return invalid(
                "the title takes 1 to 100 characters, the description at most 2,000".into(),
            );
        }
        let origins = raw
            .origins
            .iter()
            .map(|o| o.parse().map_err(|e| InvalidManifest(format!("{e}"))))
            .collect::<Result<Vec<Origin>, _>>()?;
        if origins.len() > 100 || raw.paths.len() > 100 || raw.schedules.len() > 20 {
            return invalid("at most 100 origins, 100 paths and 20 schedules".into());
        }
        if let Some(path) = raw.paths.iter().find(|p| !is_path(p)) {
            return invalid(format!(
                "`{}` is no path for plugins: it starts with `/`, has plain segments and is none of the host's own ({})",
                clip(path),
                RESERVED.join(", ")
            ));
        }
        let schedules: Vec<_> = raw
            .schedules
            .into_iter()
            .map(|s| Schedule {
                kind: s.kind,
                every_seconds: s.every_seconds,
            })
            .collect();
        if let Some(bad) = schedules
            .iter()
            .find(|s| s.every_seconds < 10 || s.kind.is_empty() || s.kind.len() > 64)
        {
            return invalid(format!(
                "the schedule `{}` needs a kind and at least 10 seconds",
                clip(&bad.kind)
            ));
        }
        let or = |value: u64, default: u64| if value == 0 { default } else { value };
        Ok(Self {
            id: raw.id,
            title: raw.title,
            version: raw.version,
            description: raw.description,
            origins,
            paths: raw.paths,
            pages: raw.pages,
            storage_bytes: raw.storage_bytes,
            memory_bytes: or(raw.memory_bytes, limits::MEMORY_DEFAULT).min(limits::MEMORY_CEILING),
            call_seconds: match raw.call_seconds {
                0 => limits::CALL_SECONDS_DEFAULT,
                seconds => seconds.min(limits::CALL_SECONDS_CEILING),
            },
            schedules,
        })
    }

    /// Whether `other`, the manifest of another version, asks for nothing that this one doesn't; else what is new, for people.
    pub fn wants_no_less_than(&self, other: &Self) -> Vec<String> {
        let mut new = Vec::new();
        let origins: BTreeSet<_> = self.origins.iter().map(ToString::to_string).collect();
        for origin in &other.origins {
            if !origins.contains(&origin.to_string()) {
                new.push(format!("to call {origin}"));
            }
        }
        for path in &other.paths {
            if !self.paths.contains(path) {
                new.push(format!("to be reached at {path}"));
            }
        }
        if other.pages && !self.pages {
            new.push("to bring pages, which run with the rights of whoever opens them".into());
        }
        if other.storage_bytes > self.storage_bytes {
            new.push(format!("{} bytes of storage", other.storage_bytes));
        }
        if other.memory_bytes > self.memory_bytes {
            new.push(format!("{} bytes of memory", other.memory_bytes));
        }
        if other.call_seconds > self.call_seconds {
            new.push(format!("calls of {} seconds", other.call_seconds));
        }
        new
    }
}

/// What the administrator allows a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Origins that it may call.
    #[serde(default)]
    pub origins: Vec<OriginGrant>,
    /// Paths that it may be reached at.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Whether its pages are shown.
    #[serde(default)]
    pub pages: bool,
    /// Storage, in bytes.
    pub storage_bytes: u64,
    /// Memory of one call, in bytes.
    pub memory_bytes: u64,
    /// Longest call, in seconds.
    pub call_seconds: u32,
}

/// Grants that can't be given: the field, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` can't be granted: {reason}")]
pub struct InvalidGrants {
    /// Of [`Grants`].
    pub field: &'static str,
    /// For people.
    pub reason: String,
}

impl Grants {
    /// Exactly what the manifest asks for, nothing of it in the host's own network.
    pub fn proposed(manifest: &Manifest) -> Self {
        Self {
            origins: manifest
                .origins
                .iter()
                .map(|origin| OriginGrant {
                    origin: origin.clone(),
                    internal: false,
                })
                .collect(),
            paths: manifest.paths.clone(),
            pages: manifest.pages,
            storage_bytes: manifest.storage_bytes,
            memory_bytes: manifest.memory_bytes,
            call_seconds: manifest.call_seconds,
        }
    }

    /// Whether the host can give this. Origins may go beyond the manifest (a national cloud, a test double), paths may not.
    pub fn check(&self, manifest: &Manifest) -> Result<(), InvalidGrants> {
        let invalid = |field, reason: String| Err(InvalidGrants { field, reason });
        if self.memory_bytes == 0 || self.memory_bytes > limits::MEMORY_CEILING {
            return invalid(
                "memory_bytes",
                format!("1 to {} bytes", limits::MEMORY_CEILING),
            );
        }
        if self.call_seconds == 0 || self.call_seconds > limits::CALL_SECONDS_CEILING {
            return invalid(
                "call_seconds",
                format!("1 to {} seconds", limits::CALL_SECONDS_CEILING),
            );
        }
        if let Some(path) = self.paths.iter().find(|p| !manifest.paths.contains(p)) {
            return invalid("paths", format!("the manifest does not ask for {path}"));
        }
        if self.origins.len() > 200 {
            return invalid("origins", "at most 200".into());
        }
        Ok(())
    }

    /// Longest call.
    pub fn call_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.call_seconds))
    }
}

fn is_id(id: &str) -> bool {
    id.len() <= 48
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// Whether a plugin may be reached at `path`.
pub fn is_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    path.len() <= 200
        && rest.split('/').all(|segment| {
            !segment.is_empty()
                && !segment.bytes().all(|b| b == b'.')
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        })
        && !RESERVED.iter().any(|own| {
            path.strip_prefix(own)
                .is_some_and(|below| below.is_empty() || below.starts_with('/'))
        })
}

/// The beginning of what somebody else wrote, for a message.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn raw() -> lifecycle::Manifest {
        lifecycle::Manifest {
            id: "email-manager".into(),
            title: "Email manager".into(),
            version: "1.0.0".into(),
            description: String::new(),
            origins: vec!["https://gmail.googleapis.com".into()],
            paths: vec!["/admin/settings/mail/oauth2".into()],
            pages: false,
            storage_bytes: 1,
            memory_bytes: 0,
            call_seconds: 0,
            schedules: vec![],
        }
    }

    #[test]
    fn a_sound_manifest_gets_defaults_and_ceilings() {
        let mut greedy = raw();
        greedy.memory_bytes = u64::MAX;
        assert_eq!(
            Manifest::check(raw()).unwrap().call_seconds,
            limits::CALL_SECONDS_DEFAULT
        );
        assert_eq!(
            Manifest::check(greedy).unwrap().memory_bytes,
            limits::MEMORY_CEILING
        );
    }

    #[test]
    fn what_the_host_owns_or_cannot_read_is_refused() {
        for path in [
            "/api/mail",
            "/api",
            "/hooks/x",
            "relative",
            "/a//b",
            "/a/../b",
            "/a b",
            "/",
        ] {
            let mut m = raw();
            m.paths = vec![path.into()];
            assert!(Manifest::check(m).is_err(), "{path}");
        }
        for id in ["", "Email", "a--b", "-a", "1a", "a/b"] {
            let mut m = raw();
            m.id = id.into();
            assert!(Manifest::check(m).is_err(), "{id}");
        }
        let mut m = raw();
        m.version = "1".into();
        assert!(Manifest::check(m).is_err());
    }

    #[test]
    fn a_path_that_only_begins_like_a_reserved_one_is_free() {
        assert!(is_path("/apiary"));
        assert!(is_path("/admin/settings/mail/oauth2"));
    }

    #[test]
    fn a_newer_manifest_tells_what_it_wants_more() {
        let old = Manifest::check(raw()).unwrap();
        let mut more = raw();
        more.origins.push("https://graph.microsoft.com".into());
        let new = Manifest::check(more).unwrap();
        assert_eq!(
            old.wants_no_less_than(&new),
            ["to call https://graph.microsoft.com"]
        );
        assert!(new.wants_no_less_than(&old).is_empty());
    }
}
