//! The exports of a plugin as ordinary async functions, typed as in the contract.
//!
//! Each function takes the caller, makes one call of the plugin (see [`instance`](super::instance)) and answers what the plugin
//! answered, or why there is no answer. Dropping the future cancels the call, as a crash would; plugins are made for that.

use std::sync::Arc;

use super::call::{CallError, OnBehalf};
use super::instance::Running;
use crate::bindings::mail::accounts::{
    Account, Changes, LogPage, Overview, ParkedMessage, Unlinked,
};
use crate::bindings::mail::actions::{Action, Applied, Subject};
use crate::bindings::mail::compose::{
    Content as OutgoingContent, Draft, Opened, Outgoing, Outgoings, Relation, Saved,
};
use crate::bindings::mail::mailbox::{Download, Filter, Messages, Showing, Threads};
use crate::bindings::mail::types::{Address, Content, Folder, Message, Slice};
use crate::bindings::plugin::job_handler::{Job, Outcome};
use crate::bindings::plugin::oauth_callback::Begun;
use crate::bindings::plugin::settings::{Entry, Notice, Problem, Section, Step};
use crate::bindings::plugin::webhook::{Request, Response};
use crate::bindings::types::{Caller, Error};

/// Why a plugin's function gave no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PluginError {
    /// The plugin says no, and what the caller can do.
    #[error("{0:?}")]
    Refused(Error),
    /// The plugin did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn behalf(caller: &Caller) -> OnBehalf {
    OnBehalf {
        user: Some(caller.user.clone()),
        request: caller.request.clone(),
        lease: None,
    }
}

/// Calls one function of an interface that the plugin may export.
macro_rules! call {
    ($running:expr, $behalf:expr, $interface:literal, $function:literal,
     |$exports:ident| $indices:expr, |$store:ident, $guest:ident| $call:expr) => {{
        let running: &Arc<Running> = $running;
        let $exports = &running.exports;
        if $indices.is_none() {
            return Err(CallError::NotExported {
                plugin: running.id().to_owned(),
                interface: $interface.to_owned(),
            }
            .into());
        }
        let held = running.clone();
        running
            .call(
                concat!($interface, ".", $function),
                $behalf,
                Box::new(move |$store, instance| {
                    Box::pin(async move {
                        let $exports = &held.exports;
                        let Some(indices) = $indices else {
                            return Err(wasmtime::format_err!("the export is gone"));
                        };
                        let $guest = indices.load(&mut *$store, instance)?;
                        $call.await
                    })
                }),
            )
            .await
    }};
}

/// An enabled plugin, for its settings, OAuth flows and web hooks.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) running: Arc<Running>,
}

impl Plugin {
    /// The plugin's id.
    pub fn id(&self) -> &str {
        self.running.id()
    }

    /// Whether it has settings.
    pub fn has_settings(&self) -> bool {
        self.running.exports.settings.is_some()
    }

    /// Whether it brings mail.
    pub fn has_mail(&self) -> bool {
        self.running.exports.mail.is_some()
    }

    /// What an administrator fills in, in the caller's language.
    pub async fn describe_settings(&self, caller: &Caller) -> Result<Vec<Section>, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        Ok(call!(
            &self.running,
            behalf,
            "settings",
            "describe",
            |exports| exports.settings.as_ref(),
            |store, guest| guest.call_describe(&mut *store, &caller)
        )?)
    }

    /// The values of one section; secrets only as set or unset.
    pub async fn load_settings(
        &self,
        caller: &Caller,
        section: String,
    ) -> Result<Vec<(String, Entry)>, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "settings",
            "load",
            |exports| exports.settings.as_ref(),
            |store, guest| guest.call_load(&mut *store, &caller, &section)
        )?
        .map_err(PluginError::Refused)
    }

    /// What is to be said about the saved settings of a section.
    pub async fn settings_notices(
        &self,
        caller: &Caller,
        section: String,
    ) -> Result<Vec<Notice>, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "settings",
            "notices",
            |exports| exports.settings.as_ref(),
            |store, guest| guest.call_notices(&mut *store, &caller, &section)
        )?
        .map_err(PluginError::Refused)
    }

    /// Saves one section, all or nothing; no problems: saved.
    pub async fn save_settings(
        &self,
        caller: &Caller,
        section: String,
        values: Vec<(String, Entry)>,
    ) -> Result<Vec<Problem>, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "settings",
            "save",
            |exports| exports.settings.as_ref(),
            |store, guest| guest.call_save(&mut *store, &caller, &section, &values)
        )?
        .map_err(PluginError::Refused)
    }

    /// Tries the saved settings of a section against the world.
    pub async fn check_settings(
        &self,
        caller: &Caller,
        section: String,
    ) -> Result<Vec<Step>, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "settings",
            "check",
            |exports| exports.settings.as_ref(),
            |store, guest| guest.call_check(&mut *store, &caller, &section)
        )?
        .map_err(PluginError::Refused)
    }

    /// Begins an OAuth flow; `state` is the host's.
    pub async fn begin_oauth(
        &self,
        caller: &Caller,
        provider: String,
        options: Vec<(String, String)>,
        redirect_uri: String,
        state: String,
    ) -> Result<Begun, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "oauth-callback",
            "begin",
            |exports| exports.oauth_callback.as_ref(),
            |store, guest| guest.call_begin(
                &mut *store,
                &caller,
                &provider,
                &options,
                &redirect_uri,
                &state
            )
        )?
        .map_err(PluginError::Refused)
    }

    /// Ends an OAuth flow after its state was checked; answers the path to go on to.
    pub async fn complete_oauth(
        &self,
        caller: &Caller,
        flow: Vec<u8>,
        query: Vec<(String, String)>,
    ) -> Result<String, PluginError> {
        let behalf = behalf(caller);
        let caller = caller.clone();
        call!(
            &self.running,
            behalf,
            "oauth-callback",
            "complete",
            |exports| exports.oauth_callback.as_ref(),
            |store, guest| guest.call_complete(&mut *store, &caller, &flow, &query)
        )?
        .map_err(PluginError::Refused)
    }

    /// Delivers a request from outside. `id` is the request's, for the log.
    pub async fn handle_webhook(
        &self,
        id: String,
        name: String,
        request: Request,
    ) -> Result<Response, PluginError> {
        let behalf = OnBehalf {
            request: id,
            ..OnBehalf::default()
        };
        Ok(call!(
            &self.running,
            behalf,
            "webhook",
            "handle",
            |exports| exports.webhook.as_ref(),
            |store, guest| guest.call_handle(&mut *store, &name, &request)
        )?)
    }

    /// Runs one job under its lease.
    pub(crate) async fn run_job(&self, behalf: OnBehalf, job: Job) -> Result<Outcome, PluginError> {
        Ok(call!(
            &self.running,
            behalf,
            "job-handler",
            "run",
            |exports| exports.job_handler.as_ref(),
            |store, guest| guest.call_run(&mut *store, &job)
        )?)
    }
}

/// The plugin that brings mail.
#[derive(Clone)]
pub struct Mail {
    pub(crate) running: Arc<Running>,
}

impl Mail {
    /// The plugin's id.
    pub fn id(&self) -> &str {
        self.running.id()
    }
}

impl Mail {
    /// All people's accounts in figures.
    pub async fn overviews(&self) -> Result<Vec<Overview>, PluginError> {
        call!(
            &self.running,
            OnBehalf::default(),
            "accounts",
            "overviews",
            |exports| exports.mail.as_ref().map(|mail| &mail.accounts),
            |store, guest| guest.call_overviews(&mut *store)
        )?
        .map_err(PluginError::Refused)
    }
}

/// One function of `platform:mail` a line: its documentation is in the contract.
macro_rules! mail {
    ($($group:ident: $interface:literal {
        $($(#[$doc:meta])* $name:ident = $function:literal $call:ident ($($arg:ident: $type:ty => $pass:expr),*) -> $answer:ty;)*
    })*) => {
        impl Mail {
            $($(
                $(#[$doc])*
                pub async fn $name(&self, caller: &Caller $(, $arg: $type)*) -> Result<$answer, PluginError> {
                    let behalf = behalf(caller);
                    let caller = caller.clone();
                    call!(&self.running, behalf, $interface, $function,
                        |exports| exports.mail.as_ref().map(|mail| &mail.$group),
                        |store, guest| guest.$call(&mut *store, &caller $(, $pass)*))?
                    .map_err(PluginError::Refused)
                }
            )*)*
        }
    };
}

mail! {
    accounts: "accounts" {
        /// The caller's accounts.
        list_accounts = "list" call_list() -> Vec<Account>;
        /// One account with its status.
        get_account = "get" call_get(id: String => &id) -> Account;
        /// Sets what a person sets on an account.
        change_account = "change" call_change(id: String => &id, changes: Changes => &changes) -> Account;
        /// Asks the provider for the account's aliases.
        refresh_aliases = "refresh-aliases" call_refresh_aliases(id: String => &id) -> Vec<String>;
        /// Messages that could not be stored.
        list_parked = "list-parked" call_list_parked(id: String => &id) -> Vec<ParkedMessage>;
        /// Tries what could not be stored again.
        retry_parked = "retry-parked" call_retry_parked(id: String => &id) -> ();
        /// What the worker did, newest first.
        read_log = "read-log" call_read_log(id: String => &id, slice: Slice => &slice) -> LogPage;
        /// Wakes the worker.
        sync_now = "sync-now" call_sync_now(id: String => &id) -> ();
        /// Compares everything with the provider.
        reconcile = "reconcile" call_reconcile(id: String => &id) -> ();
        /// Forgets an account.
        unlink = "unlink" call_unlink(id: String => &id, keep_mail: bool => keep_mail) -> Unlinked;
    }
    mailbox: "mailbox" {
        /// Folders and labels, of one account or of all.
        list_folders = "list-folders" call_list_folders(account: Option<String> => account.as_ref()) -> Vec<Folder>;
        /// Unread messages in all of the caller's inboxes.
        unread = "unread" call_unread() -> u64;
        /// Threads, newest first.
        list_threads = "list-threads" call_list_threads(filter: Filter => &filter, slice: Slice => &slice) -> Threads;
        /// Messages, newest first.
        list_messages = "list-messages" call_list_messages(filter: Filter => &filter, slice: Slice => &slice) -> Messages;
        /// The messages of a thread, oldest first.
        get_thread = "get-thread" call_get_thread(id: String => &id) -> Vec<Message>;
        /// One message without its text.
        get_message = "get-message" call_get_message(id: String => &id) -> Message;
        /// What a message says, ready to show.
        get_content = "get-content" call_get_content(id: String => &id, showing: Showing => &showing) -> Content;
        /// An attachment, for the host to stream.
        get_attachment = "get-attachment" call_get_attachment(message: String => &message, attachment: String => &attachment) -> Download;
        /// The message as it travelled.
        get_raw = "get-raw" call_get_raw(id: String => &id) -> Download;
    }
    actions: "actions" {
        /// Changes messages.
        apply = "apply" call_apply(subject: Subject => &subject, action: Action => &action) -> Applied;
        /// Takes a change back.
        undo = "undo" call_undo(undo: String => &undo) -> ();
    }
    compose: "compose" {
        /// The beginning of an answer.
        prepare = "prepare" call_prepare(message: String => &message, relation: Relation => relation) -> Draft;
        /// People to write to, by what was typed of them.
        recipients = "recipients" call_recipients(typed: String => &typed, limit: u32 => limit) -> Vec<Address>;
        /// A draft to go on with, by its own id or its message's.
        open_draft = "open" call_open(id: String => &id) -> Opened;
        /// Saves a draft, new or over an older one.
        save_draft = "save" call_save(over: Option<Saved> => over.as_ref(), draft: Draft => &draft) -> Saved;
        /// Throws a draft away.
        discard_draft = "discard" call_discard(draft: String => &draft) -> ();
        /// Sends, once per key.
        send = "send" call_send(key: String => &key, content: OutgoingContent => &content, at: Option<u64> => at) -> Outgoing;
        /// Takes back what was not sent yet.
        cancel = "cancel" call_cancel(id: String => &id) -> Outgoing;
        /// What was sent or is to be sent, newest first.
        outbox = "outbox" call_outbox(slice: Slice => &slice) -> Outgoings;
    }
}
