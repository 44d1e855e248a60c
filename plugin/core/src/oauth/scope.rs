//! What a consent is asked for, and what it allowed. `shared`: for a mailbox that is shared with the person (Microsoft), which has scopes
//! of its own.

use serde::{Deserialize, Serialize};

use crate::settings::{Access, ProviderKind, ProviderSettings};

const GOOGLE: &str = "https://www.googleapis.com/auth/";
const GOOGLE_ALL: &str = "https://mail.google.com/";

/// Something that a person can do with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// See mail.
    Read,
    /// Mark, move, label, trash.
    Modify,
    /// Drafts and sending.
    Send,
    /// Delete for ever.
    Delete,
}

impl Feature {
    /// As the contract spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Modify => "modify",
            Self::Send => "send",
            Self::Delete => "delete",
        }
    }
}

/// What the settings want an account to be able to do.
pub fn wanted_features(settings: &ProviderSettings) -> Vec<Feature> {
    let mut features = match settings.access {
        Access::Full => vec![Feature::Read, Feature::Modify, Feature::Send],
        Access::Send => vec![Feature::Read, Feature::Send],
        Access::Read => vec![Feature::Read],
    };
    if settings.allow_delete {
        features.push(Feature::Delete);
    }
    features
}

/// Graph's name of a right to a mailbox.
fn graph(name: &str, shared: bool) -> String {
    format!("{name}{}", if shared { ".Shared" } else { "" })
}

/// What the consent page is asked for.
pub fn requested(kind: ProviderKind, settings: &ProviderSettings, shared: bool) -> Vec<String> {
    let google = |name: &str| format!("{GOOGLE}{name}");
    match kind {
        ProviderKind::Google => {
            let mut scopes: Vec<String> =
                ["openid", "email", "profile"].map(str::to_owned).to_vec();
            match (settings.allow_delete, settings.access) {
                (true, _) => scopes.push(GOOGLE_ALL.to_owned()),
                (false, Access::Full) => scopes.push(google("gmail.modify")),
                (false, Access::Send) => {
                    scopes.extend([google("gmail.readonly"), google("gmail.compose")])
                }
                (false, Access::Read) => scopes.push(google("gmail.readonly")),
            }
            scopes
        }
        ProviderKind::Microsoft => {
            let mut scopes: Vec<String> = ["openid", "email", "profile", "offline_access"]
                .map(str::to_owned)
                .to_vec();
            if !shared {
                scopes.push("User.Read".to_owned());
            }
            let rights: &[&str] = match (settings.allow_delete, settings.access) {
                // Sending goes through a draft, and Graph has no narrower right to make one.
                (_, Access::Full | Access::Send) => &["Mail.ReadWrite", "Mail.Send"],
                (true, Access::Read) => &["Mail.ReadWrite"],
                (false, Access::Read) => &["Mail.Read"],
            };
            scopes.extend(rights.iter().map(|name| graph(name, shared)));
            scopes
        }
    }
}

/// Does the grant allow it?
pub fn allows(kind: ProviderKind, granted: &[String], feature: Feature, shared: bool) -> bool {
    let has = |name: &str| {
        let name = normal(kind, &graph(name, shared));
        granted.iter().any(|scope| normal(kind, scope) == name)
    };
    match (kind, feature) {
        (ProviderKind::Google, Feature::Delete) => has(GOOGLE_ALL),
        (ProviderKind::Google, Feature::Modify) => has("gmail.modify") || has(GOOGLE_ALL),
        (ProviderKind::Google, Feature::Send) => {
            has("gmail.modify") || has("gmail.compose") || has(GOOGLE_ALL)
        }
        (ProviderKind::Google, Feature::Read) => {
            has("gmail.modify") || has("gmail.readonly") || has(GOOGLE_ALL)
        }
        (ProviderKind::Microsoft, Feature::Read) => has("Mail.Read") || has("Mail.ReadWrite"),
        (ProviderKind::Microsoft, Feature::Modify | Feature::Delete) => has("Mail.ReadWrite"),
        (ProviderKind::Microsoft, Feature::Send) => has("Mail.ReadWrite") && has("Mail.Send"),
    }
}

/// May it be used: do the settings want it, and does the grant allow it? Microsoft's grants are broader than what was wanted, since
/// it has no right to make drafts that is not the right to change everything.
pub fn usable(
    kind: ProviderKind,
    settings: &ProviderSettings,
    granted: &[String],
    feature: Feature,
    shared: bool,
) -> bool {
    wanted_features(settings).contains(&feature) && allows(kind, granted, feature, shared)
}

/// The scope that a person would have to tick for it.
pub fn scope_for(
    kind: ProviderKind,
    settings: &ProviderSettings,
    feature: Feature,
    shared: bool,
) -> String {
    match (kind, feature) {
        (ProviderKind::Google, Feature::Delete) => GOOGLE_ALL.to_owned(),
        (ProviderKind::Google, Feature::Read) if settings.access != Access::Full => {
            format!("{GOOGLE}gmail.readonly")
        }
        (ProviderKind::Google, Feature::Send) if settings.access != Access::Full => {
            format!("{GOOGLE}gmail.compose")
        }
        (ProviderKind::Google, _) => format!("{GOOGLE}gmail.modify"),
        (ProviderKind::Microsoft, Feature::Read) if settings.access == Access::Read => {
            graph("Mail.Read", shared)
        }
        (ProviderKind::Microsoft, Feature::Send) => graph("Mail.Send", shared),
        (ProviderKind::Microsoft, _) => graph("Mail.ReadWrite", shared),
    }
}

/// Providers answer short names or whole addresses, in cases of their own.
fn normal(kind: ProviderKind, scope: &str) -> String {
    let short = match kind {
        ProviderKind::Google => scope.strip_prefix(GOOGLE).unwrap_or(scope),
        ProviderKind::Microsoft => scope.rsplit('/').next().unwrap_or(scope),
    };
    short.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_allows_what_was_wanted_and_no_more() {
        let granted = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let features = |kind, access, allow_delete, text: &str| {
            let settings = ProviderSettings {
                access,
                allow_delete,
                ..ProviderSettings::default()
            };
            let all = [
                Feature::Read,
                Feature::Modify,
                Feature::Send,
                Feature::Delete,
            ];
            let usable =
                |feature: &Feature| usable(kind, &settings, &granted(text), *feature, false);
            all.iter()
                .filter(|feature| usable(feature))
                .map(|feature| feature.name())
                .collect::<Vec<_>>()
        };
        let google =
            |access, delete, text: &str| features(ProviderKind::Google, access, delete, text);
        let modify = "openid https://www.googleapis.com/auth/gmail.modify";
        assert_eq!(
            google(Access::Full, false, modify),
            ["read", "modify", "send"]
        );
        assert_eq!(
            google(Access::Full, true, modify),
            ["read", "modify", "send"]
        );
        let all = "openid https://mail.google.com/";
        assert_eq!(
            google(Access::Full, true, all),
            ["read", "modify", "send", "delete"]
        );
        let read = "https://www.googleapis.com/auth/gmail.readonly";
        assert_eq!(google(Access::Full, false, read), ["read"]);
        // Short names, whole ones, and cases as Microsoft pleases; broader than what was wanted.
        let graph = "https://graph.microsoft.com/mail.readwrite Mail.Send";
        let microsoft = |access| features(ProviderKind::Microsoft, access, false, graph);
        assert_eq!(microsoft(Access::Full), ["read", "modify", "send"]);
        assert_eq!(microsoft(Access::Send), ["read", "send"]);
        assert_eq!(microsoft(Access::Read), ["read"]);
    }
}
