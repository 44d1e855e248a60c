//! What every plugin exports, and the settings, OAuth, webhooks and jobs.

use email_manager_core::{accounts, jobs, lifecycle, model, settings, webhook};

use super::{caller, error, mailboxes, run};
use crate::Plugin;
use crate::bindings::exports::platform::plugin as exported;
use crate::host::Host;

impl exported::lifecycle::Guest for Plugin {
    fn describe() -> exported::lifecycle::Manifest {
        let manifest = lifecycle::describe();
        let texts = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let schedule = |(kind, every_seconds): (&str, u32)| exported::lifecycle::Schedule {
            kind: kind.to_owned(),
            every_seconds,
        };
        exported::lifecycle::Manifest {
            id: manifest.id.to_owned(),
            title: manifest.title.to_owned(),
            version: manifest.version.to_owned(),
            description: manifest.description.to_owned(),
            origins: texts(manifest.origins),
            paths: texts(manifest.paths),
            pages: manifest.pages,
            storage_bytes: manifest.storage_bytes,
            memory_bytes: manifest.memory_bytes,
            call_seconds: manifest.call_seconds,
            schedules: manifest.schedules.into_iter().map(schedule).collect(),
        }
    }

    fn install() -> Result<(), String> {
        run(lifecycle::enable(&Host))
    }

    fn enable() -> Result<(), String> {
        run(lifecycle::enable(&Host))
    }

    /// The host ends routes and jobs; the rows stay for the next enabling.
    fn disable() -> Result<(), String> {
        Ok(())
    }

    /// Collections grow by their definition; nothing else has changed between versions yet.
    fn upgrade(_from_version: String) -> Result<(), String> {
        run(lifecycle::enable(&Host))
    }

    fn remove() -> Result<(), String> {
        run(lifecycle::remove(&Host))
    }

    fn user_removed(user: String) -> Result<(), String> {
        run(lifecycle::user_removed(&Host, &user))
    }
}

fn section(name: &str) -> Result<settings::Section, exported::settings::Error> {
    settings::Section::from_name(name).ok_or(exported::settings::Error::NotFound)
}

fn administrator(caller: &model::Caller) -> Result<(), exported::settings::Error> {
    if caller.administrator {
        Ok(())
    } else {
        Err(exported::settings::Error::Denied)
    }
}

fn control(control: settings::form::Control) -> exported::settings::Control {
    use exported::settings::Control;
    match control {
        settings::form::Control::Text => Control::Text,
        settings::form::Control::Secret => Control::Secret,
        settings::form::Control::Integer(least, most) => Control::Integer((least, most)),
        settings::form::Control::Toggle => Control::Toggle,
        settings::form::Control::Choice(choices) => {
            let choice = |choice: settings::form::Choice| exported::settings::Choice {
                value: choice.value,
                label: choice.label,
            };
            Control::Choice(choices.into_iter().map(choice).collect())
        }
        settings::form::Control::Copyable => Control::Copyable,
    }
}

fn shown(entry: settings::form::Entry) -> exported::settings::Entry {
    use exported::settings::{Entry, SecretState};
    match entry {
        settings::form::Entry::Text(text) => Entry::Text(text),
        settings::form::Entry::Integer(integer) => Entry::Integer(integer),
        settings::form::Entry::Toggle(toggle) => Entry::Toggle(toggle),
        settings::form::Entry::Secret(settings::form::SecretState::Unset) => {
            Entry::Secret(SecretState::Unset)
        }
        // A secret never leaves, whatever is asked.
        settings::form::Entry::Secret(_) => Entry::Secret(SecretState::Set),
    }
}

fn filled(entry: exported::settings::Entry) -> settings::form::Entry {
    use exported::settings::{Entry, SecretState};
    match entry {
        Entry::Text(text) => settings::form::Entry::Text(text),
        Entry::Integer(integer) => settings::form::Entry::Integer(integer),
        Entry::Toggle(toggle) => settings::form::Entry::Toggle(toggle),
        Entry::Secret(SecretState::Unset) => {
            settings::form::Entry::Secret(settings::form::SecretState::Unset)
        }
        Entry::Secret(SecretState::Set) => {
            settings::form::Entry::Secret(settings::form::SecretState::Set)
        }
        Entry::Secret(SecretState::Replace(secret)) => settings::form::Entry::Secret(
            settings::form::SecretState::Replace(settings::Secret(secret)),
        ),
    }
}

impl exported::settings::Guest for Plugin {
    fn describe(by: exported::settings::Caller) -> Vec<exported::settings::Section> {
        let field = |field: settings::form::FormField| exported::settings::Field {
            name: field.name.to_owned(),
            label: field.label,
            help: field.help,
            control: control(field.control),
            required: field.required,
            advanced: field.advanced,
        };
        let section = |section: settings::form::FormSection| exported::settings::Section {
            name: section.name.to_owned(),
            title: section.title,
            help: section.help,
            fields: section.fields.into_iter().map(field).collect(),
            checkable: section.checkable,
        };
        settings::form::describe(settings::texts::Locale::of(&by.locale))
            .into_iter()
            .map(section)
            .collect()
    }

    fn load(
        by: exported::settings::Caller,
        name: String,
    ) -> Result<Vec<(String, exported::settings::Entry)>, exported::settings::Error> {
        administrator(&caller(by))?;
        let values = run(settings::form::load(&Host, section(&name)?))
            .map_err(|fault| error(fault.into()))?;
        Ok(values
            .into_iter()
            .map(|(name, entry)| (name, shown(entry)))
            .collect())
    }

    fn notices(
        by: exported::settings::Caller,
        name: String,
    ) -> Result<Vec<exported::settings::Notice>, exported::settings::Error> {
        let by = caller(by);
        administrator(&by)?;
        let locale = settings::texts::Locale::of(&by.locale);
        let notices = run(settings::notices::notices(&Host, section(&name)?, locale))
            .map_err(|fault| error(fault.into()))?;
        let notice = |notice: settings::notices::Notice| exported::settings::Notice {
            severity: match notice.severity {
                settings::notices::Severity::Info => exported::settings::Severity::Info,
                settings::notices::Severity::Warning => exported::settings::Severity::Warning,
            },
            text: notice.text,
        };
        Ok(notices.into_iter().map(notice).collect())
    }

    fn save(
        by: exported::settings::Caller,
        name: String,
        values: Vec<(String, exported::settings::Entry)>,
    ) -> Result<Vec<exported::settings::Problem>, exported::settings::Error> {
        let by = caller(by);
        administrator(&by)?;
        let values = values
            .into_iter()
            .map(|(name, entry)| (name, filled(entry)))
            .collect();
        let problems = run(settings::form::save(
            &Host,
            section(&name)?,
            values,
            settings::texts::Locale::of(&by.locale),
        ));
        let problem = |problem: settings::form::Problem| exported::settings::Problem {
            field: problem.field,
            message: problem.message,
        };
        Ok(problems
            .map_err(|fault| error(fault.into()))?
            .into_iter()
            .map(problem)
            .collect())
    }

    fn check(
        by: exported::settings::Caller,
        name: String,
    ) -> Result<Vec<exported::settings::Step>, exported::settings::Error> {
        let by = caller(by);
        administrator(&by)?;
        let steps = run(settings::check::check(
            &Host,
            section(&name)?,
            settings::texts::Locale::of(&by.locale),
        ));
        let step = |step: settings::check::Step| exported::settings::Step {
            title: step.title,
            outcome: match step.outcome {
                settings::check::Outcome::Passed => exported::settings::Outcome::Passed,
                settings::check::Outcome::Failed => exported::settings::Outcome::Failed,
                settings::check::Outcome::Skipped => exported::settings::Outcome::Skipped,
            },
            detail: step.detail,
        };
        Ok(steps
            .map_err(|fault| error(fault.into()))?
            .into_iter()
            .map(step)
            .collect())
    }
}

impl exported::oauth_callback::Guest for Plugin {
    fn begin(
        by: exported::oauth_callback::Caller,
        provider: String,
        options: Vec<(String, String)>,
        redirect_uri: String,
        state: String,
    ) -> Result<exported::oauth_callback::Begun, exported::oauth_callback::Error> {
        let begun = run(accounts::begin(
            &Host,
            &caller(by),
            &provider,
            options,
            &redirect_uri,
            &state,
        ))
        .map_err(error)?;
        Ok(exported::oauth_callback::Begun {
            authorize_url: begun.authorize_url,
            flow: begun.flow,
        })
    }

    fn complete(
        by: exported::oauth_callback::Caller,
        flow: Vec<u8>,
        query: Vec<(String, String)>,
    ) -> Result<String, exported::oauth_callback::Error> {
        run(accounts::complete(&Host, &caller(by), &flow, &query)).map_err(error)
    }
}

impl exported::webhook::Guest for Plugin {
    fn handle(name: String, request: exported::webhook::Request) -> exported::webhook::Response {
        let incoming = webhook::Incoming {
            query: request.query,
            headers: request.headers,
            body: request.body,
        };
        let answer = run(webhook::handle(&Host, &name, &incoming));
        exported::webhook::Response {
            status: answer.status,
            headers: vec![(
                "content-type".to_owned(),
                "text/plain; charset=utf-8".to_owned(),
            )],
            body: answer.body.as_bytes().to_vec(),
        }
    }
}

impl exported::job_handler::Guest for Plugin {
    fn run(job: exported::job_handler::Job) -> exported::job_handler::Outcome {
        let job = model::JobRun {
            kind: job.kind,
            key: job.key,
            payload: job.payload,
            attempt: job.attempt,
        };
        match run(jobs::run(&Host, &mailboxes(), &job)) {
            model::JobOutcome::Done => exported::job_handler::Outcome::Done,
            model::JobOutcome::AgainAt(at) => exported::job_handler::Outcome::AgainAt(at),
            model::JobOutcome::Failed(why) => exported::job_handler::Outcome::Failed(why),
        }
    }
}
