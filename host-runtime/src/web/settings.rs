//! Plugins' settings: described and loaded, saved section by section, tried out.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::auth::{Administrator, Principal};
use super::extract::{Json, Path};
use super::plugin_errors::{self, Context};
use super::problem::{FieldError, Problem, Result};
use crate::bindings::plugin::settings as s;
use crate::plugin::typed::Plugin;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(load, save_several))
        .routes(routes!(save))
        .routes(routes!(check))
}

/// One of the answers of a choice.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoiceOption {
    pub value: String,
    pub label: String,
}

/// How a field is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Control {
    /// One line.
    Text,
    /// Write-only: `value` says whether something is stored.
    Secret,
    /// A number from `minimum` to `maximum`.
    Integer,
    /// On or off.
    Toggle,
    /// One of `choices`.
    Choice,
    /// Read-only text to be copied.
    Copyable,
}

/// A field with its value.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsField {
    /// Within its section.
    name: String,
    /// For people.
    label: String,
    /// For people.
    help: String,
    /// How it is filled in.
    control: Control,
    /// Can't be left empty.
    required: bool,
    /// Folded away until asked for.
    advanced: bool,
    /// Of an integer.
    minimum: Option<i64>,
    /// Of an integer.
    maximum: Option<i64>,
    /// Of a choice.
    choices: Option<Vec<ChoiceOption>>,
    /// Text, number or switch; null if nothing is stored. Of a secret: whether something is stored.
    #[schema(value_type = Option<SettingsValue>)]
    value: Option<SettingsValue>,
}

/// A value: a secret that is read is true or false, and never its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SettingsValue {
    /// On or off; of a secret: whether something is stored, and to keep it (`true`) or delete it (`false`).
    Toggle(bool),
    /// A number.
    Integer(i64),
    /// A text; of a secret: the new one.
    Text(String),
}

/// Fields that belong together and are saved together.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsSection {
    /// Of the plugin.
    name: String,
    /// For people.
    title: String,
    /// For people.
    help: String,
    /// Whether `…/check` has something to check.
    checkable: bool,
    /// What is to be known about it now.
    notices: Vec<SettingsNotice>,
    /// In the order in which they are shown.
    fields: Vec<SettingsField>,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoticeSeverity {
    Info,
    /// Something stops working soon, or for some people.
    Warning,
}

/// Something that an administrator should know about a section as it is saved.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsNotice {
    /// How much it matters.
    severity: NoticeSeverity,
    /// For people.
    text: String,
}

impl From<s::Notice> for SettingsNotice {
    fn from(notice: s::Notice) -> Self {
        Self {
            severity: match notice.severity {
                s::Severity::Info => NoticeSeverity::Info,
                s::Severity::Warning => NoticeSeverity::Warning,
            },
            text: notice.text,
        }
    }
}

/// All of a plugin's settings.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// In the order in which they are shown.
    sections: Vec<SettingsSection>,
}

/// Values to be saved, by field.
type Values = BTreeMap<String, Option<SettingsValue>>;

/// One section to be saved; fields not named keep their value.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SectionValues {
    /// Which.
    section: String,
    /// By field.
    #[schema(value_type = BTreeMap<String, SettingsValue>)]
    values: Values,
}

/// How a step of a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckOutcome {
    Passed,
    Failed,
    Skipped,
}

/// One step of a check.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckStep {
    /// What was tried.
    title: String,
    /// How it went.
    outcome: CheckOutcome,
    /// What to do about it, in one sentence.
    detail: String,
}

/// What a check found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckReport {
    /// Whether no step failed.
    passed: bool,
    /// In the order in which they were tried.
    steps: Vec<CheckStep>,
}

/// A plugin with settings, and who asks.
struct Asked {
    plugin: Plugin,
    principal: Principal,
    now: u64,
}

impl Asked {
    fn new(state: &AppState, principal: Principal, id: &str) -> Result<Self> {
        let plugin = state.host().plugin(id)?;
        if plugin.has_settings() {
            Ok(Self {
                plugin,
                principal,
                now: state.now(),
            })
        } else {
            Err(Problem::not_found("plugin with settings"))
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            what: "section",
            plugin: self.plugin.id(),
            now: self.now,
        }
    }

    async fn sections(&self) -> Result<Vec<s::Section>> {
        self.plugin
            .describe_settings(&self.principal.caller())
            .await
            .map_err(|error| plugin_errors::problem(error, &self.context()))
    }

    async fn section(&self, name: &str) -> Result<s::Section> {
        self.sections()
            .await?
            .into_iter()
            .find(|section| section.name == name)
            .ok_or_else(|| Problem::not_found("section"))
    }

    async fn loaded(&self, section: s::Section) -> Result<SettingsSection> {
        let entries = self
            .plugin
            .load_settings(&self.principal.caller(), section.name.clone())
            .await
            .map_err(|error| plugin_errors::problem(error, &self.context()))?;
        let mut entries: BTreeMap<String, s::Entry> = entries.into_iter().collect();
        let notices = self
            .plugin
            .settings_notices(&self.principal.caller(), section.name.clone())
            .await
            .map_err(|error| plugin_errors::problem(error, &self.context()))?;
        let fields = section
            .fields
            .into_iter()
            .map(|field| shown(field.name.clone(), field, &mut entries))
            .collect();
        Ok(SettingsSection {
            name: section.name,
            title: section.title,
            help: section.help,
            checkable: section.checkable,
            notices: notices.into_iter().map(Into::into).collect(),
            fields,
        })
    }

    async fn save(&self, state: &AppState, section: &s::Section, values: Values) -> Result<()> {
        let names: Vec<String> = values.keys().cloned().collect();
        let entries = entries(section, values)?;
        let problems = self
            .plugin
            .save_settings(&self.principal.caller(), section.name.clone(), entries)
            .await
            .map_err(|error| plugin_errors::problem(error, &self.context()))?;
        if !problems.is_empty() {
            return Err(Problem::fields(
                problems
                    .into_iter()
                    .map(|p| FieldError {
                        field: p.field,
                        message: p.message,
                    })
                    .collect(),
            ));
        }
        // Names only: a value may be a secret.
        let details = json!({ "section": section.name, "fields": names });
        Ok(state
            .store()
            .audit()
            .record(
                self.principal.actor(),
                "settings.save",
                self.plugin.id(),
                &details,
            )
            .await?)
    }
}

fn shown(name: String, field: s::Field, entries: &mut BTreeMap<String, s::Entry>) -> SettingsField {
    let value = entries.remove(&name).map(|entry| match entry {
        s::Entry::Text(text) => SettingsValue::Text(text),
        s::Entry::Integer(number) => SettingsValue::Integer(number),
        s::Entry::Toggle(on) => SettingsValue::Toggle(on),
        // Whatever a plugin answers here, a secret's text goes no further.
        s::Entry::Secret(state) => SettingsValue::Toggle(!matches!(state, s::SecretState::Unset)),
    });
    let (control, range, choices) = match field.control {
        s::Control::Text => (Control::Text, None, None),
        s::Control::Secret => (Control::Secret, None, None),
        s::Control::Integer(range) => (Control::Integer, Some(range), None),
        s::Control::Toggle => (Control::Toggle, None, None),
        s::Control::Choice(choices) => (
            Control::Choice,
            None,
            Some(
                choices
                    .into_iter()
                    .map(|c| ChoiceOption {
                        value: c.value,
                        label: c.label,
                    })
                    .collect(),
            ),
        ),
        s::Control::Copyable => (Control::Copyable, None, None),
    };
    let value = match (&control, value) {
        (Control::Secret, Some(SettingsValue::Text(text))) => {
            Some(SettingsValue::Toggle(!text.is_empty()))
        }
        (_, value) => value,
    };
    SettingsField {
        name,
        label: field.label,
        help: field.help,
        control,
        required: field.required,
        advanced: field.advanced,
        minimum: range.map(|(low, _)| low),
        maximum: range.map(|(_, high)| high),
        choices,
        value,
    }
}

/// Values as the fields' controls want them; what does not fit is named, all at once.
fn entries(section: &s::Section, values: Values) -> Result<Vec<(String, s::Entry)>> {
    let mut entries = Vec::new();
    let mut errors = Vec::new();
    for (name, value) in values {
        let Some(value) = value else { continue };
        let field = section.fields.iter().find(|field| field.name == name);
        let entry = match (field.map(|field| &field.control), value) {
            (None, _) => Err(format!("This section has no field `{name}`.")),
            // Sent back as it was read; it is the plugin's to make.
            (Some(s::Control::Copyable), _) => continue,
            (Some(s::Control::Text | s::Control::Choice(_)), SettingsValue::Text(text)) => {
                Ok(s::Entry::Text(text))
            }
            (Some(s::Control::Text | s::Control::Choice(_)), _) => {
                Err(format!("`{name}` is a text."))
            }
            (Some(s::Control::Integer((low, high))), SettingsValue::Integer(number))
                if (*low..=*high).contains(&number) =>
            {
                Ok(s::Entry::Integer(number))
            }
            (Some(s::Control::Integer((low, high))), _) => {
                Err(format!("`{name}` is a whole number from {low} to {high}."))
            }
            (Some(s::Control::Toggle), SettingsValue::Toggle(on)) => Ok(s::Entry::Toggle(on)),
            (Some(s::Control::Toggle), _) => Err(format!("`{name}` is true or false.")),
            (Some(s::Control::Secret), SettingsValue::Text(text)) if !text.is_empty() => {
                Ok(s::Entry::Secret(s::SecretState::Replace(text)))
            }
            (Some(s::Control::Secret), SettingsValue::Toggle(true)) => {
                Ok(s::Entry::Secret(s::SecretState::Set))
            }
            (Some(s::Control::Secret), SettingsValue::Toggle(false) | SettingsValue::Text(_)) => {
                Ok(s::Entry::Secret(s::SecretState::Unset))
            }
            (Some(s::Control::Secret), SettingsValue::Integer(_)) => Err(format!(
                "`{name}` is a text, true to keep what is stored, or false to delete it."
            )),
        };
        match entry {
            Ok(entry) => entries.push((name, entry)),
            Err(message) => errors.push(FieldError {
                field: name,
                message,
            }),
        }
    }
    if errors.is_empty() {
        Ok(entries)
    } else {
        Err(Problem::fields(errors))
    }
}

/// A plugin's settings: what there is to fill in, and what is filled in. Secrets are never sent.
#[utoipa::path(get, path = "/api/plugins/{id}/settings", tag = "plugins", params(("id" = String, Path, description = "Plugin")), responses((status = 200, description = "All sections", body = Settings)))]
async fn load(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Path(id): Path<String>,
) -> Result<Json<Settings>> {
    let asked = Asked::new(&state, principal, &id)?;
    let mut sections = Vec::new();
    for section in asked.sections().await? {
        sections.push(asked.loaded(section).await?);
    }
    Ok(Json(Settings { sections }))
}

/// Saves one section, all or nothing; no other section is touched.
#[utoipa::path(put, path = "/api/plugins/{id}/settings", tag = "plugins", params(("id" = String, Path, description = "Plugin")), request_body = SectionValues, responses((status = 200, description = "The section as saved", body = SettingsSection)))]
async fn save_several(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Path(id): Path<String>,
    Json(body): Json<SectionValues>,
) -> Result<Json<SettingsSection>> {
    saved(&state, principal, &id, &body.section, body.values).await
}

/// Saves one section, named in the path.
#[utoipa::path(
    put, path = "/api/plugins/{id}/settings/{section}", tag = "plugins",
    params(("id" = String, Path, description = "Plugin"), ("section" = String, Path, description = "Section")), request_body = BTreeMap<String, SettingsValue>, responses((status = 200, description = "The section as saved", body = SettingsSection))
)]
async fn save(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Path((id, section)): Path<(String, String)>,
    Json(values): Json<Values>,
) -> Result<Json<SettingsSection>> {
    saved(&state, principal, &id, &section, values).await
}

async fn saved(
    state: &AppState,
    principal: Principal,
    id: &str,
    section: &str,
    values: Values,
) -> Result<Json<SettingsSection>> {
    let asked = Asked::new(state, principal, id)?;
    let section = asked.section(section).await?;
    asked.save(state, &section, values).await?;
    Ok(Json(asked.loaded(section).await?))
}

/// Tries the saved settings of a section against the world, step by step.
#[utoipa::path(
    post, path = "/api/plugins/{id}/settings/{section}/check", tag = "plugins",
    params(("id" = String, Path, description = "Plugin"), ("section" = String, Path, description = "Section")), responses((status = 200, description = "What was found", body = CheckReport))
)]
async fn check(
    State(state): State<AppState>,
    Administrator(principal): Administrator,
    Path((id, section)): Path<(String, String)>,
) -> Result<Json<CheckReport>> {
    let asked = Asked::new(&state, principal, &id)?;
    let section = asked.section(&section).await?;
    let steps = asked
        .plugin
        .check_settings(&asked.principal.caller(), section.name)
        .await
        .map_err(|error| plugin_errors::problem(error, &asked.context()))?;
    let steps: Vec<CheckStep> = steps
        .into_iter()
        .map(|step| CheckStep {
            title: step.title,
            outcome: match step.outcome {
                s::Outcome::Passed => CheckOutcome::Passed,
                s::Outcome::Failed => CheckOutcome::Failed,
                s::Outcome::Skipped => CheckOutcome::Skipped,
            },
            detail: step.detail,
        })
        .collect();
    Ok(Json(CheckReport {
        passed: steps
            .iter()
            .all(|step| step.outcome != CheckOutcome::Failed),
        steps,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn field(name: &str, control: s::Control) -> s::Field {
        s::Field {
            name: name.into(),
            label: String::new(),
            help: String::new(),
            control,
            required: false,
            advanced: false,
        }
    }

    fn section() -> s::Section {
        let fields = vec![
            field("id", s::Control::Text),
            field("key", s::Control::Secret),
            field("minutes", s::Control::Integer((1, 60))),
            field("uri", s::Control::Copyable),
        ];
        s::Section {
            name: "x".into(),
            title: String::new(),
            help: String::new(),
            fields,
            checkable: false,
        }
    }

    fn read(json: serde_json::Value) -> Result<Vec<(String, s::Entry)>> {
        entries(&section(), serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_section_can_be_saved_back_as_it_was_read() {
        let read =
            read(json!({ "id": "a", "key": true, "minutes": 5, "uri": "http://x", "other": null }))
                .unwrap();
        assert_eq!(
            read,
            [
                ("id".into(), s::Entry::Text("a".into())),
                ("key".into(), s::Entry::Secret(s::SecretState::Set)),
                ("minutes".into(), s::Entry::Integer(5))
            ]
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let problem = read(json!({ "id": 1, "minutes": 61, "nothing": "x" })).unwrap_err();
        let named: Vec<_> = problem
            .document("r")
            .errors
            .unwrap()
            .into_iter()
            .map(|e| e.field)
            .collect();
        assert_eq!(named, ["id", "minutes", "nothing"]);
    }

    #[test]
    fn a_secret_is_never_shown_whatever_the_plugin_says() {
        for entry in [
            s::Entry::Secret(s::SecretState::Replace("s3cret".into())),
            s::Entry::Text("s3cret".into()),
        ] {
            let shown = shown(
                "key".into(),
                field("key", s::Control::Secret),
                &mut BTreeMap::from([("key".to_owned(), entry)]),
            );
            assert_eq!(shown.value, Some(SettingsValue::Toggle(true)));
        }
    }
}
