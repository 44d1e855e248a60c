//! Which of the known interfaces a component exports.
//!
//! The indices make later look-ups free of names; an interface that is there but has another shape counts as an error, not as
//! absent, so that a plugin built against another contract is refused when it is added.

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre};

use crate::bindings::mail::{accounts, actions, compose, mailbox};
use crate::bindings::plugin::{job_handler, lifecycle, oauth_callback, settings, webhook};

/// Exports of one component.
pub struct Exports {
    pub(crate) lifecycle: lifecycle::GuestIndices,
    pub(crate) settings: Option<settings::GuestIndices>,
    pub(crate) oauth_callback: Option<oauth_callback::GuestIndices>,
    pub(crate) webhook: Option<webhook::GuestIndices>,
    pub(crate) job_handler: Option<job_handler::GuestIndices>,
    pub(crate) mail: Option<Mail>,
}

/// The four interfaces of `platform:mail`: all or none.
pub struct Mail {
    pub(crate) accounts: accounts::GuestIndices,
    pub(crate) mailbox: mailbox::GuestIndices,
    pub(crate) actions: actions::GuestIndices,
    pub(crate) compose: compose::GuestIndices,
}

impl Exports {
    /// Looks up what the component exports; the error says which interface is incomplete.
    pub fn of<T: 'static>(pre: &InstancePre<T>) -> wasmtime::Result<Self> {
        let has = |name: &str| -> bool {
            let found: Option<ComponentExportIndex> = pre.component().get_export_index(None, name);
            found.is_some()
        };
        macro_rules! optional {
            ($interface:literal, $module:ident) => {
                if has($interface) {
                    Some($module::GuestIndices::new(pre)?)
                } else {
                    None
                }
            };
        }
        let mail = [
            "platform:mail/accounts@0.1.0",
            "platform:mail/mailbox@0.1.0",
            "platform:mail/actions@0.1.0",
            "platform:mail/compose@0.1.0",
        ];
        let mail = if mail.iter().any(|name| has(name)) {
            Some(Mail {
                accounts: accounts::GuestIndices::new(pre)?,
                mailbox: mailbox::GuestIndices::new(pre)?,
                actions: actions::GuestIndices::new(pre)?,
                compose: compose::GuestIndices::new(pre)?,
            })
        } else {
            None
        };
        Ok(Self {
            lifecycle: lifecycle::GuestIndices::new(pre)?,
            settings: optional!("platform:plugin/settings@0.1.0", settings),
            oauth_callback: optional!("platform:plugin/oauth-callback@0.1.0", oauth_callback),
            webhook: optional!("platform:plugin/webhook@0.1.0", webhook),
            job_handler: optional!("platform:plugin/job-handler@0.1.0", job_handler),
            mail,
        })
    }

    /// Compares the shape of every exported function with the contract; the error names the first that differs.
    pub(crate) fn check_shapes<T: 'static>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        self.lifecycle.load(&mut *store, instance)?;
        macro_rules! check {
            ($($field:ident),*) => {
                $(if let Some(indices) = &self.$field {
                    indices.load(&mut *store, instance)?;
                })*
            };
        }
        check!(settings, oauth_callback, webhook, job_handler);
        if let Some(mail) = &self.mail {
            mail.accounts.load(&mut *store, instance)?;
            mail.mailbox.load(&mut *store, instance)?;
            mail.actions.load(&mut *store, instance)?;
            mail.compose.load(&mut *store, instance)?;
        }
        Ok(())
    }
}
