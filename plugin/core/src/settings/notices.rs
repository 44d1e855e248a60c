//! What an administrator should know about the saved settings as of now: before it stops people from reading their mail.

use chrono::{DateTime, Days, NaiveDate};

use super::texts::{Locale, Text};
use super::{ProviderKind, ProviderSettings, Publishing, Section};
use crate::platform::{Platform, StoreError};

/// Days before a secret expires from which on that is told: time enough for whoever has to be asked for a new one.
const AHEAD: u64 = 30;

/// How much a notice matters; see `settings.severity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub enum Severity {
    Info,
    Warning,
}

/// A notice, in the caller's language; see `settings.notice`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the contract")]
pub struct Notice {
    pub severity: Severity,
    pub text: String,
}

/// What is to be said about a section.
pub async fn notices(
    platform: &impl Platform,
    section: Section,
    locale: Locale,
) -> Result<Vec<Notice>, StoreError> {
    let mut found = Found {
        locale,
        notices: Vec::new(),
    };
    match section {
        Section::Provider(kind) => {
            let settings = super::provider(platform, kind).await?;
            let secret = super::client_secret(platform, kind).await?;
            if settings.client_id.is_empty() || secret.is_none() {
                found.note(Severity::Info, Text::NoticeSetUp, "");
            } else {
                found.expiry(kind, &settings, platform.now());
                found.provider(kind, &settings);
            }
        }
        Section::Sync => {
            let reachable = platform.public_origin().starts_with("https://");
            if super::sync(platform).await?.push && !reachable {
                found.note(Severity::Info, Text::NoticePush, "");
            }
        }
    }
    Ok(found.notices)
}

fn today(now: u64) -> Option<NaiveDate> {
    let now = DateTime::from_timestamp_millis(i64::try_from(now).ok()?)?;
    Some(now.date_naive())
}

/// Whether a secret of this date is about to expire, or has.
pub(super) fn is_near(expires: NaiveDate, now: u64) -> bool {
    let soon = today(now).and_then(|today| today.checked_add_days(Days::new(AHEAD)));
    soon.is_some_and(|soon| expires <= soon)
}

struct Found {
    locale: Locale,
    notices: Vec<Notice>,
}

impl Found {
    fn note(&mut self, severity: Severity, text: Text, detail: &str) {
        let text = text.in_locale(self.locale);
        let text = if detail.is_empty() {
            text
        } else {
            format!("{text} {detail}")
        };
        self.notices.push(Notice { severity, text });
    }

    fn expiry(&mut self, kind: ProviderKind, settings: &ProviderSettings, now: u64) {
        match settings.secret_expires {
            Some(date) if today(now).is_some_and(|today| date < today) => {
                self.note(Severity::Warning, Text::NoticeExpired, &date.to_string());
            }
            Some(date) if is_near(date, now) => {
                self.note(Severity::Warning, Text::NoticeExpires, &date.to_string());
            }
            // Google's do not expire by themselves.
            None if kind == ProviderKind::Microsoft => {
                self.note(Severity::Info, Text::NoticeNoDate, "");
            }
            _ => {}
        }
    }

    fn provider(&mut self, kind: ProviderKind, settings: &ProviderSettings) {
        match kind {
            ProviderKind::Google => {
                if settings.publishing == Publishing::Testing {
                    self.note(Severity::Warning, Text::NoticeTesting, "");
                }
                if settings.allow_delete {
                    self.note(Severity::Info, Text::NoticeDelete, "");
                }
            }
            // Nobody administers the mailboxes of private persons.
            ProviderKind::Microsoft if settings.tenant() == "consumers" => {}
            ProviderKind::Microsoft if !settings.admin_consent => {
                let url = consent_address(settings);
                self.note(Severity::Info, Text::NoticeConsent, &url);
            }
            ProviderKind::Microsoft => {}
        }
    }
}

/// Where an administrator approves the application for their organisation.
fn consent_address(settings: &ProviderSettings) -> String {
    let endpoints = settings.endpoints(ProviderKind::Microsoft);
    let authority = endpoints.authority.unwrap_or_default();
    let tenant = match settings.tenant() {
        "common" => "organizations",
        tenant => tenant,
    };
    let id: String = url::form_urlencoded::byte_serialize(settings.client_id.as_bytes()).collect();
    format!("{authority}/{tenant}/v2.0/adminconsent?client_id={id}")
}
