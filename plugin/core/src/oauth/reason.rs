//! Why signing in or refreshing failed, in every language that there are texts in. What a provider said itself is quoted as it came.

use std::fmt;

use crate::settings::texts::Locale;

/// See the module's documentation. `provider`: its name; `said`: what it said, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the texts below are their own description")]
pub enum Reason {
    Endpoint(String),
    Redirect(String),
    NotGranted(String),
    Unreachable {
        provider: &'static str,
        why: String,
    },
    KeysUnreadable {
        provider: &'static str,
        why: String,
    },
    SecretExpired(&'static str),
    SecretRefused {
        provider: &'static str,
        said: String,
    },
    RedirectUnknown {
        provider: &'static str,
        said: String,
    },
    AdminConsent(String),
    Policy(String),
    RequestRefused {
        provider: &'static str,
        said: String,
    },
    SignInAgain(String),
    SessionControl,
    GrantEnded(String),
    Limited(&'static str),
    NoToken {
        provider: &'static str,
        said: String,
    },
    Unavailable {
        provider: &'static str,
        said: String,
    },
    UnknownSignIn,
    NoCode,
    NoLastingAccess,
    Odd {
        provider: &'static str,
        said: String,
    },
    NoTokens,
    Refreshing,
    TimeOver,
    Fault(String),
}

/// In brackets, if there is anything.
fn said(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" ({text})")
    }
}

impl Reason {
    /// In this language.
    #[must_use]
    pub fn in_locale(&self, locale: Locale) -> String {
        let [english, russian, chinese] = self.texts();
        match locale {
            Locale::English => english,
            Locale::Russian => russian,
            Locale::Chinese => chinese,
        }
    }

    fn texts(&self) -> [String; 3] {
        match self {
            Self::Endpoint(why) => [
                format!("an endpoint in the mail settings is no address: {why}"),
                format!("адрес в настройках почты некорректен: {why}"),
                format!("邮件设置中的端点不是有效地址：{why}"),
            ],
            Self::Redirect(why) => [
                format!("no redirect URI: {why}"),
                format!("нет адреса перенаправления: {why}"),
                format!("没有重定向 URI：{why}"),
            ],
            Self::NotGranted(origin) => [
                format!("grant the plugin access to {origin} in the plugin manager"),
                format!("разрешите плагину доступ к {origin} в менеджере плагинов"),
                format!("请在插件管理器中允许插件访问 {origin}"),
            ],
            Self::Unreachable { provider, why } => [
                format!("{provider} can't be reached: {why}"),
                format!("{provider} недоступен: {why}"),
                format!("无法连接到 {provider}：{why}"),
            ],
            Self::KeysUnreadable { provider, why } => [
                format!("the keys of {provider} can't be read: {why}"),
                format!("не удаётся прочитать ключи {provider}: {why}"),
                format!("无法读取 {provider} 的密钥：{why}"),
            ],
            Self::SecretExpired(provider) => [
                format!(
                    "the client secret of {provider} has expired: create a new one and save it in the mail settings"
                ),
                format!(
                    "секрет клиента {provider} истёк: создайте новый и сохраните его в настройках почты"
                ),
                format!("{provider} 的客户端密码已过期：请创建新的密码并保存到邮件设置"),
            ],
            Self::SecretRefused { provider, said: text } => [
                format!(
                    "{provider} does not accept client ID and secret: check them in the mail settings{}",
                    said(text)
                ),
                format!(
                    "{provider} не принимает идентификатор и секрет клиента: проверьте их в настройках почты{}",
                    said(text)
                ),
                format!("{provider} 不接受客户端 ID 和密码：请在邮件设置中检查{}", said(text)),
            ],
            Self::RedirectUnknown { provider, said: text } => [
                format!(
                    "register the redirect URI of the mail settings at {provider}; it is not registered there{}",
                    said(text)
                ),
                format!(
                    "зарегистрируйте у {provider} адрес перенаправления из настроек почты: там его нет{}",
                    said(text)
                ),
                format!("请在 {provider} 处登记邮件设置中的重定向 URI；目前尚未登记{}", said(text)),
            ],
            Self::AdminConsent(url) => [
                format!(
                    "an administrator of the mailbox's organisation must approve this application: {url}"
                ),
                format!("администратор организации этого ящика должен одобрить приложение: {url}"),
                format!("邮箱所属组织的管理员必须批准此应用：{url}"),
            ],
            Self::Policy(text) => [
                format!(
                    "the organisation of this mailbox does not allow this application{}",
                    said(text)
                ),
                format!("организация этого ящика не разрешает это приложение{}", said(text)),
                format!("邮箱所属组织不允许使用此应用{}", said(text)),
            ],
            Self::RequestRefused { provider, said: text } => [
                format!("{provider} refuses the request; check the mail settings{}", said(text)),
                format!("{provider} отклоняет запрос; проверьте настройки почты{}", said(text)),
                format!("{provider} 拒绝了请求；请检查邮件设置{}", said(text)),
            ],
            Self::SignInAgain(text) => [
                format!("the provider wants the person to sign in again{}", said(text)),
                format!("провайдер требует войти ещё раз{}", said(text)),
                format!("服务商要求重新登录{}", said(text)),
            ],
            Self::SessionControl => [
                "the organisation's session control ended the grant".into(),
                "доступ прекращён политикой сеансов организации".into(),
                "组织的会话控制已终止授权".into(),
            ],
            Self::GrantEnded(text) => [
                format!("the grant has ended{}", said(text)),
                format!("доступ прекращён{}", said(text)),
                format!("授权已失效{}", said(text)),
            ],
            Self::Limited(provider) => [
                format!("{provider} limits signing in"),
                format!("{provider} ограничивает число входов"),
                format!("{provider} 限制了登录频率"),
            ],
            Self::NoToken { provider, said: text } => [
                format!("{provider} could not make a token{}", said(text)),
                format!("{provider} не смог выдать токен{}", said(text)),
                format!("{provider} 无法签发令牌{}", said(text)),
            ],
            Self::Unavailable { provider, said: text } => [
                format!("{provider} is not available{}", said(text)),
                format!("{provider} временно недоступен{}", said(text)),
                format!("{provider} 暂时不可用{}", said(text)),
            ],
            Self::UnknownSignIn => [
                "this sign-in is not known any more".into(),
                "этот вход больше не действителен".into(),
                "此次登录已失效".into(),
            ],
            Self::NoCode => [
                "the provider sent no code".into(),
                "провайдер не прислал код".into(),
                "服务商没有返回授权码".into(),
            ],
            Self::NoLastingAccess => [
                "the provider granted no lasting access; remove this application at the provider and link again".into(),
                "провайдер не дал постоянного доступа; удалите это приложение у провайдера и подключите ящик снова".into(),
                "服务商未授予持久访问权限；请在服务商处移除此应用后重新关联".into(),
            ],
            Self::Odd { provider, said: text } => [
                format!("{provider} answered {text}"),
                format!("{provider} ответил: {text}"),
                format!("{provider} 返回：{text}"),
            ],
            Self::NoTokens => [
                "there are no tokens for this account".into(),
                "для этого ящика нет токенов".into(),
                "此账户没有令牌".into(),
            ],
            Self::Refreshing => [
                "the tokens are being refreshed".into(),
                "токены обновляются".into(),
                "正在刷新令牌".into(),
            ],
            Self::TimeOver => [
                "the consent was given for a limited time, which is over".into(),
                "согласие было дано на ограниченный срок, и он истёк".into(),
                "授权期限已到".into(),
            ],
            Self::Fault(why) => [why.clone(), why.clone(), why.clone()],
        }
    }
}

impl fmt::Display for Reason {
    /// In English, for the log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.in_locale(Locale::English))
    }
}
