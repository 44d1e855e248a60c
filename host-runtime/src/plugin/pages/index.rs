//! `pages.json`: which module shows the pages, and where they appear.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{INDEX, InvalidPages};
use crate::plugin::manifest::is_path;

/// What the archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The ES module that exports `mount`.
    pub module: String,
    /// Stylesheets that are loaded before it.
    #[serde(default)]
    pub styles: Vec<String>,
    /// What the plugin is, by language, for whoever reads none of the manifest's `description`.
    #[serde(default)]
    pub description: BTreeMap<String, String>,
    /// Where the pages appear.
    pub entries: Vec<Entry>,
}

/// An address that the pages show, with all that lies below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Such as `/mail`.
    pub path: String,
    /// Where a person finds it.
    pub place: Place,
    /// Only people with this role have it.
    pub role: Option<Role>,
    /// By language; `en` is always there.
    pub title: BTreeMap<String, String>,
    /// The `d` of an SVG path of 24 by 24.
    pub icon: Option<String>,
    /// A number beside the title.
    pub badge: Option<Badge>,
}

/// Where a person finds an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Among the main things to do.
    Main,
    /// Among the settings of the host.
    Settings,
    /// Among what concerns the person.
    Account,
}

/// A role, as `pages.json` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Administers the host.
    Administrator,
}

/// A number that tells how much waits behind an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// An address of the API that answers a JSON object.
    pub get: String,
    /// The field of the answer that holds the number.
    pub value: String,
    /// Events after which the number is asked for again.
    #[serde(default)]
    pub events: Vec<String>,
}

/// More would not find a place on any screen.
const ENTRIES: usize = 30;
/// Each is a request before anything is shown.
const STYLES: usize = 10;
/// The most detailed icons of common sets have some hundred characters.
const ICON: usize = 4_000;
/// Longer ones don't fit a menu.
const TITLE: usize = 60;
/// As the manifest's own.
const DESCRIPTION: usize = 2_000;

impl Index {
    /// Reads and checks it. `exists` tells whether the archive has a file.
    pub(super) fn parse(json: &[u8], exists: impl Fn(&str) -> bool) -> Result<Self, InvalidPages> {
        let index: Self = serde_json::from_slice(json)
            .map_err(|error| InvalidPages(format!("`{INDEX}`: {error}")))?;
        let invalid = |what: String| Err(InvalidPages(format!("`{INDEX}`: {what}")));
        if !index.module.ends_with(".js") || !exists(&index.module) {
            return invalid(format!(
                "`module` names `{}`, which is no script of the archive",
                clip(&index.module)
            ));
        }
        if let Some(style) = index
            .styles
            .iter()
            .find(|style| !style.ends_with(".css") || !exists(style))
        {
            return invalid(format!(
                "`styles` names `{}`, which is no stylesheet of the archive",
                clip(style)
            ));
        }
        if index.styles.len() > STYLES || index.entries.is_empty() || index.entries.len() > ENTRIES
        {
            return invalid(format!(
                "1 to {ENTRIES} entries and at most {STYLES} styles"
            ));
        }
        for (language, text) in &index.description {
            if !is_language(language) {
                return invalid(format!("`{}` is no language", clip(language)));
            }
            if text.trim().is_empty() || text.chars().count() > DESCRIPTION {
                return invalid(format!("a description takes 1 to {DESCRIPTION} characters"));
            }
        }
        let mut paths = BTreeSet::new();
        for entry in &index.entries {
            if let Err(what) = entry.check() {
                return invalid(format!("the entry `{}`: {what}", clip(&entry.path)));
            }
            if !paths.insert(&entry.path) {
                return invalid(format!("the entry `{}` is there twice", entry.path));
            }
        }
        Ok(index)
    }
}

impl Entry {
    fn check(&self) -> Result<(), String> {
        if !is_path(&self.path) {
            return Err(
                "its path must start with `/`, have plain segments and be none of the host's own"
                    .into(),
            );
        }
        if !self.title.contains_key("en") {
            return Err("its title has no English".into());
        }
        for (language, title) in &self.title {
            if !is_language(language) {
                return Err(format!("`{}` is no language", clip(language)));
            }
            if title.trim().is_empty()
                || title.chars().count() > TITLE
                || title.chars().any(char::is_control)
            {
                return Err(format!("a title takes 1 to {TITLE} characters"));
            }
        }
        // It is put into an attribute; nothing but drawing commands has a place there.
        let drawing = |c: char| c.is_ascii_digit() || "MmLlHhVvCcSsQqTtAaZz eE.,+-\n".contains(c);
        if let Some(icon) = &self.icon
            && (icon.is_empty() || icon.len() > ICON || !icon.chars().all(drawing))
        {
            return Err("its icon is the `d` of an SVG path, of at most 4,000 characters".into());
        }
        self.badge.as_ref().map_or(Ok(()), Badge::check)
    }
}

impl Badge {
    fn check(&self) -> Result<(), String> {
        let plain = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text.len() <= 200
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b) || more.contains(&b))
        };
        // Dots would lead out of the API.
        if !self.get.starts_with("/api/") || self.get.contains("..") || !plain(&self.get, b"/?&=%")
        {
            return Err("its badge asks an address below /api/".into());
        }
        if !plain(&self.value, b"") {
            return Err("its badge's value is the name of a field".into());
        }
        if self.events.len() > 10 || !self.events.iter().all(|topic| plain(topic, b"")) {
            return Err("its badge listens to at most 10 events".into());
        }
        Ok(())
    }
}

/// Such as `en` or `zh-Hant`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    parts.next().is_some_and(|language| {
        (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase())
    }) && parts.all(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// The beginning of what somebody else wrote, for a message.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sound() -> Value {
        json!({
            "module": "index.js", "styles": ["index.css"], "description": { "ru": "Почта" },
            "entries": [{
                "path": "/mail", "place": "main", "title": { "en": "Mail", "zh-Hant": "郵件" }, "icon": "M4 5h16a2 2 0 0 1 2 2z",
                "badge": { "get": "/api/mail/unread?in=inbox", "value": "unread", "events": ["threads.changed"] }
            }, {
                "path": "/admin/settings/mail", "place": "settings", "role": "administrator", "title": { "en": "Mail settings" }
            }]
        })
    }

    fn parsed(index: &Value) -> Result<Index, InvalidPages> {
        Index::parse(index.to_string().as_bytes(), |name| {
            ["index.js", "index.css"].contains(&name)
        })
    }

    #[test]
    fn a_sound_index_is_read() {
        let index = parsed(&sound()).unwrap();
        let [mail, settings] = index.entries.as_slice() else {
            unreachable!("two entries")
        };
        assert_eq!((mail.place, mail.role), (Place::Main, None));
        assert_eq!(settings.role, Some(Role::Administrator));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (at, value, said) in [
            ("/module", json!("other.js"), "other.js"),
            ("/module", json!("index.css"), "no script"),
            ("/styles/0", json!("index.js"), "no stylesheet"),
            ("/description", json!({ "русский": "Почта" }), "language"),
            ("/description", json!({ "ru": " " }), "description"),
            ("/entries", json!([]), "entries"),
            ("/entries/0/path", json!("/api/mail"), "the host's own"),
            ("/entries/0/path", json!("/settings/mail"), "the host's own"),
            ("/entries/0/path", json!("/"), "the host's own"),
            ("/entries/0/path", json!("/admin/settings/mail"), "twice"),
            ("/entries/0/place", json!("top"), "`top`"),
            ("/entries/1/role", json!("root"), "`root`"),
            ("/entries/0/title", json!({ "ru": "Почта" }), "English"),
            ("/entries/0/title", json!({ "en": "" }), "title"),
            (
                "/entries/0/title",
                json!({ "en": "a", "English": "a" }),
                "language",
            ),
            ("/entries/0/icon", json!("M0 0\"/><script>"), "icon"),
            (
                "/entries/0/badge/get",
                json!("https://evil.example/"),
                "/api/",
            ),
            ("/entries/0/badge/get", json!("/api/../pages"), "/api/"),
            ("/entries/0/badge/value", json!("a b"), "field"),
            ("/entries/0/badge/events", json!(["a\nb"]), "events"),
        ] {
            let mut index = sound();
            *index.pointer_mut(at).unwrap() = value;
            let refused = parsed(&index).unwrap_err().0;
            assert!(refused.contains(said), "{at}: {refused}");
        }
        let mut more = sound();
        more["script"] = json!("x");
        assert!(parsed(&more).unwrap_err().0.contains("script"));
    }
}
