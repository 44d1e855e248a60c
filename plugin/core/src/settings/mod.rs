//! What an administrator fills in: one section per provider, and one for synchronising.
//!
//! This file holds the typed settings that the other modules read, and where they are kept: one row per section, so that saving
//! one never overwrites another; client secrets with the host's secrets. [`form`] is what a person sees of them, [`check`] tries
//! them against the world.

pub mod check;
mod fields;
pub mod form;
pub mod notices;
mod parse;
pub mod texts;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::{
    Collection, Condition, Field, Kind, Operator, Platform, Query, StoreError, Value, Write,
};

/// The path of the redirect URI, as the documentation promises it.
pub const REDIRECT_PATH: &str = "/admin/settings/mail/oauth2";

/// The name under which a provider's push arrives; see `lifecycle.describe` for the plugin's.
#[must_use]
pub fn push_address(origin: &str, kind: ProviderKind) -> String {
    format!("{origin}/hooks/email-manager/{}", kind.name())
}

const COLLECTION: &str = "settings";

/// The collection that holds the settings; to be defined before anything here is called.
pub fn collection() -> Collection {
    let field = |name, kind| Field {
        name,
        kind,
        required: true,
    };
    Collection {
        name: COLLECTION,
        fields: vec![field("section", Kind::Text), field("document", Kind::Json)],
        key: &["section"],
        indexes: vec![],
        full_text: None,
    }
}

/// A mail provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// Gmail.
    Google,
    /// Outlook, Microsoft 365.
    Microsoft,
}

impl ProviderKind {
    /// As the contract and the settings spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }

    /// None: no such provider.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Google, Self::Microsoft]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A section of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// How this host is known to a provider.
    Provider(ProviderKind),
    /// How often, how far back, for whom.
    Sync,
}

impl Section {
    /// In the order in which they are shown.
    pub const ALL: [Self; 3] = [
        Self::Provider(ProviderKind::Google),
        Self::Provider(ProviderKind::Microsoft),
        Self::Sync,
    ];

    /// As the contract spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider(kind) => kind.name(),
            Self::Sync => "sync",
        }
    }

    /// None: no such section.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// What the consent is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read, change and send.
    #[default]
    Full,
    /// Read and send, change nothing.
    Send,
    /// Only read.
    Read,
}

/// How far an application at Google has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publishing {
    /// As every application begins: for listed people, a week at a time.
    #[default]
    Testing,
    /// For everybody.
    Production,
    /// For the people of one Workspace.
    Internal,
}

/// Microsoft's separate clouds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Everybody else.
    #[default]
    Global,
    /// GCC High.
    UsGovernment,
    /// Department of Defense.
    UsDefense,
    /// Operated by 21Vianet.
    China,
}

impl Cloud {
    fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGovernment | Self::UsDefense => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    fn graph(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGovernment => "https://graph.microsoft.us",
            Self::UsDefense => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}

/// How this host is known to a provider, its secret aside. Fields of the other provider stay empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderSettings {
    /// Empty: not set up.
    pub client_id: String,
    /// What the consent is asked for.
    pub access: Access,
    /// Whether people may delete for ever; at Google this asks for all rights.
    pub allow_delete: bool,
    /// Microsoft: `common`, `organizations`, `consumers`, or a tenant.
    pub tenant: String,
    /// Microsoft.
    pub cloud: Cloud,
    /// When the client secret expires, if it does and that is known.
    pub secret_expires: Option<chrono::NaiveDate>,
    /// Google: who may consent to the application.
    pub publishing: Publishing,
    /// Google: the Pub/Sub topic that Gmail publishes changes to, `projects/…/topics/…`; empty: none.
    pub push_topic: String,
    /// Google: the service account that Pub/Sub signs its messages as.
    pub push_account: String,
    /// Google: quota units per person and minute; none: those of a new project.
    pub units_per_minute: Option<u32>,
    /// Google: quota units per minute of the whole project; none: those of a new project.
    pub project_units_per_minute: Option<u32>,
    /// Microsoft: an administrator has approved it for everybody.
    pub admin_consent: bool,
    /// Endpoint overrides by field name; empty ones are left out.
    pub endpoints: std::collections::BTreeMap<String, String>,
}

impl ProviderSettings {
    fn endpoint(&self, name: &str, default: impl Into<String>) -> String {
        match self.endpoints.get(name) {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => default.into(),
        }
    }

    /// Where consent is asked for, tokens are made, and so on.
    pub fn endpoints(&self, kind: ProviderKind) -> Endpoints {
        match kind {
            ProviderKind::Google => Endpoints {
                authorize: self.endpoint(
                    "authorize_url",
                    "https://accounts.google.com/o/oauth2/v2/auth",
                ),
                token: self.endpoint("token_url", "https://oauth2.googleapis.com/token"),
                revoke: Some(self.endpoint("revoke_url", "https://oauth2.googleapis.com/revoke")),
                userinfo: self.endpoint(
                    "userinfo_url",
                    "https://openidconnect.googleapis.com/v1/userinfo",
                ),
                keys: self.endpoint("keys_url", "https://www.googleapis.com/oauth2/v3/certs"),
                api: self.endpoint("api_url", "https://gmail.googleapis.com"),
                batch: self.endpoint("batch_path", "/batch/gmail/v1"),
                authority: None,
            },
            ProviderKind::Microsoft => {
                let authority = self.endpoint("authority_url", self.cloud.authority());
                let graph = self.endpoint("graph_url", self.cloud.graph());
                // Microsoft's documentation shows it with the version, so that is how people copy it.
                let graph = graph.trim_end_matches("/v1.0");
                let base = format!("{authority}/{}", self.tenant());
                Endpoints {
                    authorize: format!("{base}/oauth2/v2.0/authorize"),
                    token: format!("{base}/oauth2/v2.0/token"),
                    revoke: None,
                    userinfo: format!("{graph}/oidc/userinfo"),
                    keys: format!("{base}/discovery/v2.0/keys"),
                    batch: format!("{graph}/v1.0/$batch"),
                    api: format!("{graph}/v1.0"),
                    authority: Some(authority),
                }
            }
        }
    }

    /// `common` unless something else is set.
    pub fn tenant(&self) -> &str {
        if self.tenant.is_empty() {
            "common"
        } else {
            &self.tenant
        }
    }
}

/// Addresses of a provider, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a person consents.
    pub authorize: String,
    /// Codes and refresh tokens are exchanged here.
    pub token: String,
    /// None: the provider has none.
    pub revoke: Option<String>,
    /// Who signed in.
    pub userinfo: String,
    /// The keys that sign identity tokens.
    pub keys: String,
    /// Gmail: before `/gmail/v1`; Graph: including the version.
    pub api: String,
    /// Gmail: a path; Graph: an address.
    pub batch: String,
    /// Microsoft: what precedes the tenant in an issuer.
    pub authority: Option<String>,
}

/// How often, how far back, for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncSettings {
    /// Minutes between two looks for changes.
    pub interval_minutes: u32,
    /// How far back a new account starts unless its owner says otherwise; 0: from the beginning.
    pub backfill_days: u32,
    /// Lower case; empty: any address may be linked.
    pub allowed_domains: Vec<String>,
    /// Whether providers are to tell of new mail.
    pub push: bool,
}

impl Default for SyncSettings {
    /// Five minutes and a month, as the documentation promises.
    fn default() -> Self {
        Self {
            interval_minutes: 5,
            backfill_days: 30,
            allowed_domains: Vec::new(),
            push: false,
        }
    }
}

impl SyncSettings {
    /// Milliseconds between two looks for changes.
    pub fn interval_ms(&self) -> u64 {
        u64::from(self.interval_minutes) * 60_000
    }

    /// Where a new account starts; none: from the beginning.
    pub fn default_since(&self, now: u64) -> Option<u64> {
        (self.backfill_days > 0)
            .then(|| now.saturating_sub(u64::from(self.backfill_days) * 86_400_000))
    }

    /// May this address be linked?
    pub fn allows(&self, email: &str) -> bool {
        let domain = email
            .rsplit_once('@')
            .map(|(_, domain)| domain.to_lowercase())
            .unwrap_or_default();
        self.allowed_domains.is_empty() || self.allowed_domains.contains(&domain)
    }
}

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

/// A provider's settings; those never saved are the defaults.
pub async fn provider(
    platform: &impl Platform,
    kind: ProviderKind,
) -> Result<ProviderSettings, StoreError> {
    document(platform, kind.name()).await
}

/// The settings of synchronising.
pub async fn sync(platform: &impl Platform) -> Result<SyncSettings, StoreError> {
    document(platform, Section::Sync.name()).await
}

/// The client secret of a provider.
pub async fn client_secret(
    platform: &impl Platform,
    kind: ProviderKind,
) -> Result<Option<Secret>, StoreError> {
    let value = platform.get_secret(&secret_name(kind)).await?;
    Ok(value
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Secret))
}

fn secret_name(kind: ProviderKind) -> String {
    format!("client-secret/{}", kind.name())
}

async fn document<T: for<'a> Deserialize<'a> + Default>(
    platform: &impl Platform,
    section: &str,
) -> Result<T, StoreError> {
    let condition = Condition {
        field: "section",
        operator: Operator::Equal,
        operands: vec![Value::Text(section.to_owned())],
        negated: false,
    };
    let query = Query {
        collection: COLLECTION,
        filter: vec![vec![condition]],
        order: vec![],
        fields: vec!["document"],
        limit: 1,
        cursor: None,
    };
    let page = platform.find(query).await?;
    let Some(Value::Json(text)) = page.rows.values.first().and_then(|row| row.first()) else {
        return Ok(T::default());
    };
    serde_json::from_str(text)
        .map_err(|error| StoreError::Other(format!("settings of {section}: {error}")))
}

async fn store(
    platform: &impl Platform,
    section: Section,
    document: &impl Serialize,
) -> Result<(), StoreError> {
    let text =
        serde_json::to_string(document).map_err(|error| StoreError::Other(error.to_string()))?;
    let row = vec![Value::Text(section.name().to_owned()), Value::Json(text)];
    platform
        .apply(vec![Write::Put {
            collection: COLLECTION,
            fields: vec!["section", "document"],
            values: vec![row],
        }])
        .await
}
