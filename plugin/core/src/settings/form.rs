//! The settings as a person sees them: fields, their problems, saving.

use url::Url;

use super::texts::{Locale, Text};
use super::{Access, Cloud, ProviderKind, ProviderSettings, Secret, Section, SyncSettings};
use crate::platform::{Platform, StoreError};

/// One of several values; see `settings.choice`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// How a field is filled in; see `settings.control`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Control {
    Text,
    Secret,
    Integer(i64, i64),
    Toggle,
    Choice(Vec<Choice>),
    Copyable,
}

/// A field; see `settings.field`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct FormField {
    pub name: &'static str,
    pub label: String,
    pub help: String,
    pub control: Control,
    pub required: bool,
    pub advanced: bool,
}

/// A section; see `settings.section`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct FormSection {
    pub name: &'static str,
    pub title: String,
    pub help: String,
    pub fields: Vec<FormField>,
    pub checkable: bool,
}

/// See `settings.secret-state`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum SecretState {
    Unset,
    Set,
    Replace(Secret),
}

/// A field's content; see `settings.entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Entry {
    Text(String),
    Integer(i64),
    Toggle(bool),
    Secret(SecretState),
}

/// Why a field can't be saved, in the caller's language.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Problem {
    pub field: String,
    pub message: String,
}

/// Endpoint overrides of a provider: field name and label.
fn endpoint_fields(kind: ProviderKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        ProviderKind::Google => &[
            ("authorize_url", "Authorize URL"),
            ("token_url", "Token URL"),
            ("revoke_url", "Revoke URL"),
            ("userinfo_url", "User info URL"),
            ("keys_url", "Keys URL (JWKS)"),
            ("api_url", "Gmail API URL"),
            ("batch_path", "Gmail batch path"),
        ],
        ProviderKind::Microsoft => &[
            ("authority_url", "Authority URL"),
            ("graph_url", "Graph URL"),
        ],
    }
}

const INTERVAL: (i64, i64) = (1, 1440);
/// Fifty years: older than any mailbox.
const BACKFILL: (i64, i64) = (0, 18_250);

/// All sections, in this language.
pub fn describe(locale: Locale) -> Vec<FormSection> {
    Section::ALL
        .into_iter()
        .map(|section| describe_section(section, locale))
        .collect()
}

fn describe_section(section: Section, locale: Locale) -> FormSection {
    let text = |text: Text| text.in_locale(locale);
    let (title, help, fields) = match section {
        Section::Provider(kind @ ProviderKind::Google) => (
            text(Text::Google),
            text(Text::GoogleHelp),
            provider_fields(kind, locale),
        ),
        Section::Provider(kind @ ProviderKind::Microsoft) => (
            text(Text::Microsoft),
            text(Text::MicrosoftHelp),
            provider_fields(kind, locale),
        ),
        Section::Sync => (text(Text::Sync), text(Text::SyncHelp), sync_fields(locale)),
    };
    FormSection {
        name: section.name(),
        title,
        help,
        fields,
        checkable: section != Section::Sync,
    }
}

fn provider_fields(kind: ProviderKind, locale: Locale) -> Vec<FormField> {
    let text = |text: Text| text.in_locale(locale);
    let field = |name, label: Text, help: Option<Text>, control, required| FormField {
        name,
        label: text(label),
        help: help.map(text).unwrap_or_default(),
        control,
        required,
        advanced: false,
    };
    let choices = |values: &[(&str, Text)]| {
        Control::Choice(
            values
                .iter()
                .map(|(value, label)| Choice {
                    value: (*value).to_owned(),
                    label: text(*label),
                })
                .collect(),
        )
    };
    let mut fields = vec![
        field("client_id", Text::ClientId, None, Control::Text, true),
        field(
            "client_secret",
            Text::ClientSecret,
            Some(Text::ClientSecretHelp),
            Control::Secret,
            true,
        ),
        field(
            "redirect_uri",
            Text::RedirectUri,
            Some(Text::RedirectUriHelp),
            Control::Copyable,
            false,
        ),
    ];
    if kind == ProviderKind::Microsoft {
        let clouds = [
            ("global", Text::CloudGlobal),
            ("us-government", Text::CloudUsGovernment),
            ("us-defense", Text::CloudUsDefense),
            ("china", Text::CloudChina),
        ];
        fields.push(field(
            "tenant",
            Text::Tenant,
            Some(Text::TenantHelp),
            Control::Text,
            false,
        ));
        fields.push(FormField {
            advanced: true,
            ..field("cloud", Text::Cloud, None, choices(&clouds), false)
        });
    }
    let access = [
        ("full", Text::AccessFull),
        ("send", Text::AccessSend),
        ("read", Text::AccessRead),
    ];
    fields.push(field(
        "access",
        Text::Access,
        Some(Text::AccessHelp),
        choices(&access),
        false,
    ));
    fields.push(field(
        "allow_delete",
        Text::AllowDelete,
        Some(Text::AllowDeleteHelp),
        Control::Toggle,
        false,
    ));
    fields.extend(endpoint_fields(kind).iter().map(|(name, label)| FormField {
        name,
        label: (*label).to_owned(),
        help: text(Text::EndpointHelp),
        control: Control::Text,
        required: false,
        advanced: true,
    }));
    fields
}

fn sync_fields(locale: Locale) -> Vec<FormField> {
    let field = |name, label: Text, help: Option<Text>, control| FormField {
        name,
        label: label.in_locale(locale),
        help: help.map(|help| help.in_locale(locale)).unwrap_or_default(),
        control,
        required: false,
        advanced: false,
    };
    vec![
        field(
            "interval_minutes",
            Text::Interval,
            None,
            Control::Integer(INTERVAL.0, INTERVAL.1),
        ),
        field(
            "backfill_days",
            Text::Backfill,
            Some(Text::BackfillHelp),
            Control::Integer(BACKFILL.0, BACKFILL.1),
        ),
        field(
            "allowed_domains",
            Text::Domains,
            Some(Text::DomainsHelp),
            Control::Text,
        ),
    ]
}

/// A section's values; the secret only says whether there is one.
pub async fn load(
    platform: &impl Platform,
    section: Section,
) -> Result<Vec<(String, Entry)>, StoreError> {
    let mut values: Vec<(&str, Entry)> = Vec::new();
    match section {
        Section::Provider(kind) => {
            let settings = super::provider(platform, kind).await?;
            let secret = super::client_secret(platform, kind).await?;
            values.push(("client_id", Entry::Text(settings.client_id.clone())));
            values.push((
                "client_secret",
                Entry::Secret(if secret.is_some() {
                    SecretState::Set
                } else {
                    SecretState::Unset
                }),
            ));
            values.push((
                "redirect_uri",
                Entry::Text(platform.redirect_uri().unwrap_or_default()),
            ));
            if kind == ProviderKind::Microsoft {
                values.push(("tenant", Entry::Text(settings.tenant().to_owned())));
                values.push(("cloud", Entry::Text(spelled(&settings.cloud))));
            }
            values.push(("access", Entry::Text(spelled(&settings.access))));
            values.push(("allow_delete", Entry::Toggle(settings.allow_delete)));
            for (name, _) in endpoint_fields(kind) {
                values.push((
                    name,
                    Entry::Text(settings.endpoints.get(*name).cloned().unwrap_or_default()),
                ));
            }
        }
        Section::Sync => {
            let settings = super::sync(platform).await?;
            values.push((
                "interval_minutes",
                Entry::Integer(settings.interval_minutes.into()),
            ));
            values.push((
                "backfill_days",
                Entry::Integer(settings.backfill_days.into()),
            ));
            values.push((
                "allowed_domains",
                Entry::Text(settings.allowed_domains.join(", ")),
            ));
        }
    }
    Ok(values
        .into_iter()
        .map(|(name, entry)| (name.to_owned(), entry))
        .collect())
}

/// Saves a section, all or nothing; what is not named keeps its value. No problems: saved.
pub async fn save(
    platform: &impl Platform,
    section: Section,
    values: Vec<(String, Entry)>,
    locale: Locale,
) -> Result<Vec<Problem>, StoreError> {
    let mut problems: Vec<(String, Text)> = Vec::new();
    match section {
        Section::Provider(kind) => {
            let mut settings = super::provider(platform, kind).await?;
            let stored = super::client_secret(platform, kind).await?.is_some();
            let mut secret = if stored {
                SecretState::Set
            } else {
                SecretState::Unset
            };
            for (name, entry) in values {
                if let Err(problem) =
                    set_provider_field(kind, &mut settings, &mut secret, &name, entry)
                {
                    problems.push((name, problem));
                }
            }
            let missing = [
                ("client_id", settings.client_id.is_empty()),
                ("client_secret", secret == SecretState::Unset),
            ];
            problems.extend(
                missing
                    .into_iter()
                    .filter(|(_, missing)| *missing)
                    .map(|(name, _)| (name.to_owned(), Text::ProblemRequired)),
            );
            if problems.is_empty() {
                if let SecretState::Replace(Secret(secret)) = secret {
                    platform
                        .put_secret(&super::secret_name(kind), secret.as_bytes())
                        .await?;
                }
                super::store(platform, section, &settings).await?;
            }
        }
        Section::Sync => {
            let mut settings = super::sync(platform).await?;
            for (name, entry) in values {
                if let Err(problem) = set_sync_field(&mut settings, &name, entry) {
                    problems.push((name, problem));
                }
            }
            if problems.is_empty() {
                super::store(platform, section, &settings).await?;
            }
        }
    }
    let mut seen = Vec::new();
    problems.retain(|(field, _)| {
        !seen.contains(field) && {
            seen.push(field.clone());
            true
        }
    });
    Ok(problems
        .into_iter()
        .map(|(field, text)| Problem {
            field,
            message: text.in_locale(locale),
        })
        .collect())
}

fn set_provider_field(
    kind: ProviderKind,
    settings: &mut ProviderSettings,
    secret: &mut SecretState,
    name: &str,
    entry: Entry,
) -> Result<(), Text> {
    match (name, entry) {
        // A form sends back what it was given.
        ("redirect_uri", _) | ("client_secret", Entry::Secret(SecretState::Set)) => {}
        ("client_id", Entry::Text(text)) => settings.client_id = no_spaces(text.trim())?.to_owned(),
        ("client_secret", Entry::Secret(SecretState::Unset)) => {
            *secret = if *secret == SecretState::Set {
                SecretState::Set
            } else {
                SecretState::Unset
            }
        }
        ("client_secret", Entry::Secret(SecretState::Replace(Secret(text)))) => {
            let text = no_spaces(text.trim())?;
            if text.is_empty() {
                return Err(Text::ProblemRequired);
            }
            *secret = SecretState::Replace(Secret(text.to_owned()));
        }
        ("access", Entry::Text(text)) => settings.access = chosen::<Access>(&text)?,
        ("allow_delete", Entry::Toggle(on)) => settings.allow_delete = on,
        ("tenant", Entry::Text(text)) if kind == ProviderKind::Microsoft => {
            settings.tenant = tenant(text.trim())?
        }
        ("cloud", Entry::Text(text)) if kind == ProviderKind::Microsoft => {
            settings.cloud = chosen::<Cloud>(&text)?
        }
        (name, entry)
            if endpoint_fields(kind)
                .iter()
                .any(|(known, _)| *known == name) =>
        {
            let Entry::Text(text) = entry else {
                return Err(Text::ProblemType);
            };
            let text = text.trim().trim_end_matches('/');
            if text.is_empty() {
                settings.endpoints.remove(name);
            } else {
                if name.ends_with("_path") {
                    path(text)?
                } else {
                    address(text)?
                }
                settings.endpoints.insert(name.to_owned(), text.to_owned());
            }
        }
        ("client_id" | "client_secret" | "access" | "allow_delete", _) => {
            return Err(Text::ProblemType);
        }
        _ => return Err(Text::ProblemUnknown),
    }
    Ok(())
}

fn set_sync_field(settings: &mut SyncSettings, name: &str, entry: Entry) -> Result<(), Text> {
    let within = |value: i64, (low, high): (i64, i64)| {
        u32::try_from(value)
            .ok()
            .filter(|_| (low..=high).contains(&value))
            .ok_or(Text::ProblemRange)
    };
    match (name, entry) {
        ("interval_minutes", Entry::Integer(value)) => {
            settings.interval_minutes = within(value, INTERVAL)?
        }
        ("backfill_days", Entry::Integer(value)) => {
            settings.backfill_days = within(value, BACKFILL)?
        }
        ("allowed_domains", Entry::Text(text)) => settings.allowed_domains = domains(&text)?,
        ("interval_minutes" | "backfill_days" | "allowed_domains", _) => {
            return Err(Text::ProblemType);
        }
        _ => return Err(Text::ProblemUnknown),
    }
    Ok(())
}

fn spelled(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn chosen<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Text> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Text::ProblemChoice)
}

fn no_spaces(text: &str) -> Result<&str, Text> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(Text::ProblemSpaces)
    } else {
        Ok(text)
    }
}

fn tenant(text: &str) -> Result<String, Text> {
    let good = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let known = matches!(text, "common" | "organizations" | "consumers");
    if good && (known || text.contains(['-', '.'])) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Text::ProblemTenant)
    }
}

fn path(text: &str) -> Result<(), Text> {
    let good = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['?', '#', '\\'])
        && no_spaces(text).is_ok();
    if good { Ok(()) } else { Err(Text::ProblemPath) }
}

/// An address to which tokens may be sent: encrypted, or on this machine.
fn address(text: &str) -> Result<(), Text> {
    let url = Url::parse(text).map_err(|_| Text::ProblemUrl)?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || url.host().is_none() {
        return Err(Text::ProblemUrl);
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err(Text::ProblemHttps),
        _ => Err(Text::ProblemUrl),
    }
}

fn domains(text: &str) -> Result<Vec<String>, Text> {
    let mut found = Vec::new();
    for domain in text
        .split([',', ';', ' ', '\n'])
        .map(|domain| domain.trim().trim_start_matches('@').to_lowercase())
    {
        if domain.is_empty() || found.contains(&domain) {
            continue;
        }
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !domain.contains('.') || !domain.split('.').all(label) {
            return Err(Text::ProblemDomain);
        }
        found.push(domain);
    }
    Ok(found)
}
