//! Who exists: mailboxes' owners and registered OAuth applications.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::corpus::Profile;

/// The two sides of the simulator.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Provider {
    Google,
    Microsoft,
}

impl Provider {
    /// As it stands in URLs of the control API.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Google => "google",
            Provider::Microsoft => "microsoft",
        }
    }
}

/// What kind of account a Microsoft person has; Google accounts are all alike but for `tenant` (Workspace domain).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AccountKind {
    Personal,
    #[default]
    Work,
}

/// How the consent page ends for this person whatever they click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentPolicy {
    /// As they click.
    #[default]
    Ask,
    /// An administrator must approve the application first.
    AdminApproval,
    /// A second factor is missing.
    StepUp,
}

/// A person with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Main address, lower case; also the key in the control API.
    pub address: String,
    /// Display name.
    pub name: String,
    /// Personal or work.
    pub kind: AccountKind,
    /// Microsoft: tenant id (work accounts; none: a default tenant). Google: Workspace domain (`hd`).
    pub tenant: Option<String>,
    /// BCP 47, such as `de`; decides folder names at Microsoft.
    pub locale: Option<String>,
    /// Further addresses this person may send as, with display names.
    pub aliases: Vec<(String, String)>,
    /// Messages to generate.
    pub messages: u32,
    /// How large they are.
    pub profile: Profile,
    /// Messages to import, whole RFC 5322 texts.
    #[serde(skip)]
    pub mail: Vec<Bytes>,
    /// How consent ends.
    pub consent: ConsentPolicy,
    /// Microsoft: a mailbox without a person; at the start these addresses have full access to it.
    pub shared_with: Vec<String>,
    /// Microsoft: these addresses may send as this mailbox at the start, which full access does not include.
    pub sendable_by: Vec<String>,
    /// No mailbox behind the account (Google: "Mail service not enabled", Microsoft: `MailboxNotEnabledForRESTAPI`).
    pub without_mailbox: bool,
}

impl Account {
    /// A person without mail.
    pub fn new(address: &str, name: &str) -> Self {
        Self {
            address: address.to_lowercase(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// A shared mailbox: these people have full access to it and may send as it.
    #[must_use]
    pub fn shared(address: &str, name: &str, people: &[&str]) -> Self {
        let people: Vec<String> = people.iter().map(|person| person.to_lowercase()).collect();
        Self {
            shared_with: people.clone(),
            sendable_by: people,
            ..Self::new(address, name)
        }
    }

    /// One of a crowd, without mail: `person-7@gmail.example`, `person-7@outlook.example`.
    pub fn numbered(provider: Provider, number: u32) -> Self {
        let domain = match provider {
            Provider::Google => "gmail.example",
            Provider::Microsoft => "outlook.example",
        };
        Self::new(
            &format!("person-{number}@{domain}"),
            &format!("Person {number}"),
        )
    }

    /// Generates that many messages at start.
    #[must_use]
    pub fn with_messages(mut self, count: u32) -> Self {
        self.messages = count;
        self
    }

    /// How large the generated messages are; as in real mailboxes if not given.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Imports whole messages at start.
    #[must_use]
    pub fn with_mail(mut self, mail: impl IntoIterator<Item = Bytes>) -> Self {
        self.mail.extend(mail);
        self
    }
}

/// Which accounts may sign in to a Microsoft application.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Work, school and personal.
    #[default]
    Any,
    /// Work and school, any tenant.
    Organizations,
    /// Personal only.
    Consumers,
    /// One tenant.
    Tenant(String),
}

/// A registered OAuth application.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// Client secret; none: a public client.
    pub secret: Option<String>,
    /// Milliseconds since the Unix epoch from which the secret is refused as expired (Microsoft).
    pub secret_expires: Option<u64>,
    /// Name on the consent page.
    pub name: String,
    /// Compared to the letter.
    pub redirect_uris: Vec<String>,
    /// Also any `http://localhost`, `127.0.0.1` or `[::1]` address with any port (desktop applications).
    pub loopback: bool,
    /// Google: in Testing, so refresh tokens live seven days.
    pub testing: bool,
    /// Microsoft: who may sign in.
    pub audience: Audience,
}

impl Client {
    /// A confidential web application.
    pub fn web(id: &str, secret: &str, redirect_uri: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: Some(secret.to_owned()),
            name: "Email manager".to_owned(),
            redirect_uris: vec![redirect_uri.to_owned()],
            ..Self::default()
        }
    }

    /// Is this exact address registered?
    pub fn allows_redirect(&self, uri: &str) -> bool {
        if self.redirect_uris.iter().any(|known| known == uri) {
            return true;
        }
        self.loopback
            && url::Url::parse(uri).is_ok_and(|url| {
                url.scheme() == "http"
                    && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
            })
    }
}
