//! Loading and saving sections.

use super::fields::{BACKFILL, INTERVAL, UNITS, endpoint_fields};
use super::parse::{address, chosen, date, domains, no_spaces, path, spelled, tenant, topic};
use super::texts::{Locale, Text};
use super::{
    Access, Cloud, ProviderKind, ProviderSettings, Publishing, Secret, Section, SyncSettings,
};
use crate::platform::{Platform, StoreError};
use crate::provider::gmail::{PROJECT_UNITS_PER_MINUTE, UNITS_PER_MINUTE as GMAIL_UNITS};
use crate::store::subscriptions;

pub use super::fields::{Choice, Control, FormField, FormSection, describe};

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
                "secret_expires",
                Entry::Text(
                    settings
                        .secret_expires
                        .map(|date| date.to_string())
                        .unwrap_or_default(),
                ),
            ));
            values.push((
                "redirect_uri",
                Entry::Text(platform.redirect_uri().unwrap_or_default()),
            ));
            if kind == ProviderKind::Google {
                values.push(("publishing", Entry::Text(spelled(&settings.publishing))));
                values.push(("push_topic", Entry::Text(settings.push_topic.clone())));
                values.push(("push_account", Entry::Text(settings.push_account.clone())));
                let units = settings.units_per_minute.unwrap_or(GMAIL_UNITS);
                values.push(("units_per_minute", Entry::Integer(units.into())));
                let units = settings
                    .project_units_per_minute
                    .unwrap_or(PROJECT_UNITS_PER_MINUTE);
                values.push(("project_units_per_minute", Entry::Integer(units.into())));
            }
            if kind == ProviderKind::Microsoft {
                values.push(("admin_consent", Entry::Toggle(settings.admin_consent)));
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
            values.push(("push", Entry::Toggle(settings.push)));
            let origin = platform.public_origin();
            let address = |kind| Entry::Text(super::push_address(&origin, kind));
            values.push(("push_google_url", address(ProviderKind::Google)));
            values.push(("push_microsoft_url", address(ProviderKind::Microsoft)));
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
            let before = settings.clone();
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
            if let SecretState::Replace(_) = &secret
                && settings.secret_expires == before.secret_expires
                && before
                    .secret_expires
                    .is_some_and(|date| super::notices::is_near(date, platform.now()))
            {
                // It was the old secret's, and would warn of the new one.
                settings.secret_expires = None;
            }
            if problems.is_empty() {
                if let SecretState::Replace(Secret(secret)) = secret {
                    platform
                        .put_secret(&super::secret_name(kind), secret.as_bytes())
                        .await?;
                }
                super::store(platform, section, &settings).await?;
                if settings.push_topic != before.push_topic {
                    let moved = subscriptions::moved(kind, &settings.push_topic);
                    platform.apply(vec![moved]).await?;
                }
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
        ("secret_expires", Entry::Text(text)) => settings.secret_expires = date(text.trim())?,
        ("publishing", Entry::Text(text)) if kind == ProviderKind::Google => {
            settings.publishing = chosen::<Publishing>(&text)?
        }
        ("push_topic", Entry::Text(text)) if kind == ProviderKind::Google => {
            settings.push_topic = topic(text.trim())?
        }
        ("push_account", Entry::Text(text)) if kind == ProviderKind::Google => {
            settings.push_account = no_spaces(text.trim())?.to_owned()
        }
        ("units_per_minute", Entry::Integer(value)) if kind == ProviderKind::Google => {
            settings.units_per_minute = Some(within(value, UNITS)?)
        }
        ("project_units_per_minute", Entry::Integer(value)) if kind == ProviderKind::Google => {
            settings.project_units_per_minute = Some(within(value, UNITS)?)
        }
        ("admin_consent", Entry::Toggle(on)) if kind == ProviderKind::Microsoft => {
            settings.admin_consent = on
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
        (
            "client_id"
            | "client_secret"
            | "secret_expires"
            | "access"
            | "allow_delete"
            | "units_per_minute"
            | "project_units_per_minute"
            | "push_topic"
            | "push_account",
            _,
        ) => {
            return Err(Text::ProblemType);
        }
        _ => return Err(Text::ProblemUnknown),
    }
    Ok(())
}

fn within(value: i64, (low, high): (i64, i64)) -> Result<u32, Text> {
    u32::try_from(value)
        .ok()
        .filter(|_| (low..=high).contains(&value))
        .ok_or(Text::ProblemRange)
}

fn set_sync_field(settings: &mut SyncSettings, name: &str, entry: Entry) -> Result<(), Text> {
    match (name, entry) {
        ("interval_minutes", Entry::Integer(value)) => {
            settings.interval_minutes = within(value, INTERVAL)?
        }
        ("backfill_days", Entry::Integer(value)) => {
            settings.backfill_days = within(value, BACKFILL)?
        }
        ("allowed_domains", Entry::Text(text)) => settings.allowed_domains = domains(&text)?,
        ("push", Entry::Toggle(on)) => settings.push = on,
        // A form sends back what it was given.
        ("push_google_url" | "push_microsoft_url", _) => {}
        ("interval_minutes" | "backfill_days" | "allowed_domains" | "push", _) => {
            return Err(Text::ProblemType);
        }
        _ => return Err(Text::ProblemUnknown),
    }
    Ok(())
}
