//! Which fields there are, in the caller's language.

use super::texts::{Locale, Text};
use super::{ProviderKind, Section};

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

/// Endpoint overrides of a provider: field name and label.
pub(super) fn endpoint_fields(kind: ProviderKind) -> &'static [(&'static str, Text)] {
    match kind {
        ProviderKind::Google => &[
            ("authorize_url", Text::EndpointAuthorize),
            ("token_url", Text::EndpointToken),
            ("revoke_url", Text::EndpointRevoke),
            ("userinfo_url", Text::EndpointUserinfo),
            ("keys_url", Text::EndpointKeys),
            ("api_url", Text::EndpointGmail),
            ("batch_path", Text::EndpointBatch),
        ],
        ProviderKind::Microsoft => &[
            ("authority_url", Text::EndpointAuthority),
            ("graph_url", Text::EndpointGraph),
        ],
    }
}

/// Smallest and largest number of minutes between two looks for changes.
pub(super) const INTERVAL: (i64, i64) = (1, 1440);
/// Gmail's quota units per person and minute: less than a send costs makes no sense; without limit there is none here.
pub(super) const UNITS: (i64, i64) = (200, 100_000_000);
/// Days. Fifty years: older than any mailbox.
pub(super) const BACKFILL: (i64, i64) = (0, 18_250);

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
            "secret_expires",
            Text::SecretExpires,
            Some(Text::SecretExpiresHelp),
            Control::Text,
            false,
        ),
        field(
            "redirect_uri",
            Text::RedirectUri,
            Some(Text::RedirectUriHelp),
            Control::Copyable,
            false,
        ),
    ];
    if kind == ProviderKind::Google {
        let states = [
            ("testing", Text::PublishingTesting),
            ("production", Text::PublishingProduction),
            ("internal", Text::PublishingInternal),
        ];
        fields.push(field(
            "publishing",
            Text::Publishing,
            Some(Text::PublishingHelp),
            choices(&states),
            false,
        ));
    }
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
        fields.push(field(
            "admin_consent",
            Text::AdminConsent,
            Some(Text::AdminConsentHelp),
            Control::Toggle,
            false,
        ));
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
    if kind == ProviderKind::Google {
        let push = [
            ("push_topic", Text::PushTopic, Text::PushTopicHelp),
            ("push_account", Text::PushAccount, Text::PushAccountHelp),
        ];
        fields.extend(push.map(|(name, label, help)| FormField {
            advanced: true,
            ..field(name, label, Some(help), Control::Text, false)
        }));
        let quotas = [
            ("units_per_minute", Text::Units, Text::UnitsHelp),
            (
                "project_units_per_minute",
                Text::ProjectUnits,
                Text::ProjectUnitsHelp,
            ),
        ];
        fields.extend(quotas.map(|(name, label, help)| {
            let control = Control::Integer(UNITS.0, UNITS.1);
            FormField {
                advanced: true,
                ..field(name, label, Some(help), control, false)
            }
        }));
    }
    fields.extend(endpoint_fields(kind).iter().map(|(name, label)| FormField {
        name,
        label: text(*label),
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
        field("push", Text::Push, Some(Text::PushHelp), Control::Toggle),
        field(
            "push_google_url",
            Text::PushGoogle,
            Some(Text::PushAddressHelp),
            Control::Copyable,
        ),
        field(
            "push_microsoft_url",
            Text::PushMicrosoft,
            Some(Text::PushAddressHelp),
            Control::Copyable,
        ),
    ]
}
