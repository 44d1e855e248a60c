//! Signing people in to their provider, and keeping the tokens that come of it.
//!
//! [`flow`] makes the address of the consent page and turns the callback into a [`Link`]; [`tokens`] keeps what was granted and
//! refreshes it; [`identity`] tells who signed in. The host makes, keeps and checks `state`; PKCE, nonce and the exchange are ours.

mod exchange;
pub mod flow;
pub mod identity;
pub mod reason;
pub mod scope;
pub mod tokens;

use crate::platform::StoreError;
use crate::settings::ProviderKind;
use crate::settings::texts::{self, Locale};

pub use flow::{Begun, Link, begin, complete};
pub use identity::Identity;
pub use reason::Reason;
pub use scope::Feature;
pub use tokens::{Grant, Revocation};

/// Why signing in or refreshing failed, by what can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The administrator has not filled in the client of this provider.
    #[error("{} is not set up: an administrator fills in client ID and client secret in the mail settings", .0.name())]
    NotConfigured(ProviderKind),
    /// The person said no.
    #[error("the consent was declined")]
    Declined,
    /// An administrator, here or of the mailbox's organisation, must act: what to do.
    #[error("{0}")]
    Administrator(Reason),
    /// The consent lacks what the account can't do without: the provider's names of the scopes.
    #[error("the consent does not include {}", .0.join(", "))]
    MissingScope(Vec<String>),
    /// Begin again: this attempt is used up.
    #[error("{0}")]
    BeginAgain(Reason),
    /// Somebody else signed in than the account's owner: whose address it was.
    #[error("{0} is another mailbox than the one to be linked again")]
    OtherIdentity(String),
    /// The administrator allows only addresses of other domains.
    #[error("{0} may not be linked here: its domain is not among the allowed ones")]
    DomainNotAllowed(String),
    /// Whoever signed in may not work in the shared mailbox with this address, or there is none.
    #[error("{}", texts::no_access(.0, Locale::English))]
    NoAccess(String),
    /// The account must be linked again: why.
    #[error("{0}")]
    Reconnect(Reason),
    /// It may work later; not before this time (milliseconds since the Unix epoch).
    #[error("{reason}")]
    Wait {
        /// Not before.
        until: u64,
        /// For a person.
        reason: Reason,
    },
    /// The provider's identity token does not hold.
    #[error("the provider's identity token can't be trusted: {0}")]
    Untrusted(String),
    /// The host.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OAuthError {
    /// For a person, in their language.
    #[must_use]
    pub fn in_locale(&self, locale: Locale) -> String {
        let pick = |texts: [String; 3]| {
            let [english, russian, chinese] = texts;
            match locale {
                Locale::English => english,
                Locale::Russian => russian,
                Locale::Chinese => chinese,
            }
        };
        match self {
            Self::NotConfigured(kind) => {
                let name = kind.name();
                pick([
                    self.to_string(),
                    format!(
                        "{name} не настроен: администратор указывает идентификатор и секрет клиента в настройках почты"
                    ),
                    format!("{name} 尚未配置：请管理员在邮件设置中填写客户端 ID 和客户端密码"),
                ])
            }
            Self::Declined => pick([
                self.to_string(),
                "в доступе отказано".into(),
                "授权被拒绝".into(),
            ]),
            Self::MissingScope(scopes) => {
                let scopes = scopes.join(", ");
                pick([
                    self.to_string(),
                    format!("согласие не включает {scopes}"),
                    format!("授权中不包含 {scopes}"),
                ])
            }
            Self::OtherIdentity(email) => pick([
                self.to_string(),
                format!("{email} — не тот ящик, который нужно подключить снова"),
                format!("{email} 不是需要重新关联的邮箱"),
            ]),
            Self::DomainNotAllowed(email) => pick([
                self.to_string(),
                format!("{email} нельзя подключить: домен не входит в разрешённые"),
                format!("不能关联 {email}：其域名不在允许范围内"),
            ]),
            Self::NoAccess(mailbox) => texts::no_access(mailbox, locale),
            Self::Untrusted(why) => pick([
                self.to_string(),
                format!("удостоверению провайдера нельзя доверять: {why}"),
                format!("服务商的身份令牌不可信：{why}"),
            ]),
            Self::Administrator(reason)
            | Self::BeginAgain(reason)
            | Self::Reconnect(reason)
            | Self::Wait { reason, .. } => reason.in_locale(locale),
            Self::Store(error) => error.to_string(),
        }
    }
}
