//! Every method offered: its path, cost, scopes and parameters, as in Google's discovery document and quota table.

use http::Method as Verb;

use super::call::{Call, Reply};
use super::error::ApiResult;
use crate::google::resources::{
    drafts, history, labels, messages, sending, settings, threads, watch,
};

const FULL: &str = "https://mail.google.com/";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
const INSERT: &str = "https://www.googleapis.com/auth/gmail.insert";
const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";
const SETTINGS: &str = "https://www.googleapis.com/auth/gmail.settings.basic";
/// Narrower than its scope list: no `q`, no `full`, no `raw`.
pub(crate) const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";

const READ: &[&str] = &[FULL, METADATA, MODIFY, READONLY];
const READ_CONTENT: &[&str] = &[FULL, MODIFY, READONLY];
const CHANGE: &[&str] = &[FULL, MODIFY];
const DRAFTS_READ: &[&str] = &[FULL, COMPOSE, MODIFY, READONLY];
const DRAFTS_WRITE: &[&str] = &[FULL, COMPOSE, MODIFY];
const FILE: &[&str] = &[FULL, INSERT, MODIFY];
const LABELS_WRITE: &[&str] = &[FULL, LABELS, MODIFY];

/// Most bytes of a message that is sent or drafted: 35 MiB.
pub(crate) const SEND_LIMIT: usize = 36_700_160;
/// Most bytes of a message that is filed: 150 MB.
const FILE_LIMIT: usize = 157_286_400;

/// A method of the Gmail API.
pub(crate) struct Method {
    /// As errors name it.
    pub(crate) rpc: &'static str,
    pub(crate) verb: Verb,
    /// Below `/gmail/v1/users/{userId}/`.
    pub(crate) path: &'static str,
    /// Quota units of projects made since May 2026.
    pub(crate) units: u64,
    /// Any of these.
    pub(crate) scopes: &'static [&'static str],
    pub(crate) query: &'static [&'static str],
    /// Takes a message as media, at most that many bytes.
    pub(crate) upload: Option<usize>,
    pub(crate) run: fn(&Call) -> ApiResult<Reply>,
}

macro_rules! methods {
    ($($rpc:literal $verb:ident $path:literal $units:literal $scopes:expr, [$($query:literal),*], $upload:expr, $run:path;)*) => {
        &[$(Method {
            rpc: concat!("caribou.api.proto.MailboxService.", $rpc),
            verb: Verb::$verb,
            path: $path,
            units: $units,
            scopes: $scopes,
            query: &[$($query),*],
            upload: $upload,
            run: $run,
        }),*]
    };
}

/// All of them.
pub(crate) const METHODS: &[Method] = methods! {
    "GetProfile" GET "profile" 1 &[FULL, COMPOSE, METADATA, MODIFY, READONLY], [], None, settings::profile;
    "Watch" POST "watch" 100 READ, [], None, watch::watch;
    "Stop" POST "stop" 50 READ, [], None, watch::stop;

    "ListMessages" GET "messages" 5 READ, ["includeSpamTrash", "labelIds", "maxResults", "pageToken", "q"], None, messages::list;
    "GetMessage" GET "messages/{id}" 20 READ, ["format", "metadataHeaders"], None, messages::get;
    "ModifyMessage" POST "messages/{id}/modify" 5 CHANGE, [], None, messages::modify;
    "BatchModifyMessages" POST "messages/batchModify" 50 CHANGE, [], None, messages::batch_modify;
    "TrashMessage" POST "messages/{id}/trash" 20 CHANGE, [], None, messages::trash;
    "UntrashMessage" POST "messages/{id}/untrash" 5 CHANGE, [], None, messages::untrash;
    "DeleteMessage" DELETE "messages/{id}" 10 &[FULL], [], None, messages::delete;
    "BatchDeleteMessages" POST "messages/batchDelete" 50 &[FULL], [], None, messages::batch_delete;
    "GetAttachment" GET "messages/{messageId}/attachments/{id}" 20 READ_CONTENT, [], None, messages::attachment;
    "SendMessage" POST "messages/send" 100 &[FULL, COMPOSE, MODIFY, SEND], [], Some(SEND_LIMIT), sending::send;
    "ImportMessage" POST "messages/import" 25 FILE, ["deleted", "internalDateSource", "neverMarkSpam", "processForCalendar"],
        Some(FILE_LIMIT), sending::import;
    "InsertMessage" POST "messages" 25 FILE, ["deleted", "internalDateSource"], Some(FILE_LIMIT), sending::insert;

    "ListThreads" GET "threads" 10 READ, ["includeSpamTrash", "labelIds", "maxResults", "pageToken", "q"], None, threads::list;
    "GetThread" GET "threads/{id}" 40 READ, ["format", "metadataHeaders"], None, threads::get;
    "ModifyThread" POST "threads/{id}/modify" 10 CHANGE, [], None, threads::modify;
    "TrashThread" POST "threads/{id}/trash" 20 CHANGE, [], None, threads::trash;
    "UntrashThread" POST "threads/{id}/untrash" 10 CHANGE, [], None, threads::untrash;
    "DeleteThread" DELETE "threads/{id}" 20 &[FULL], [], None, threads::delete;

    "ListLabels" GET "labels" 1 &[FULL, LABELS, METADATA, MODIFY, READONLY], [], None, labels::list;
    "GetLabel" GET "labels/{id}" 1 &[FULL, LABELS, METADATA, MODIFY, READONLY], [], None, labels::get;
    "CreateLabel" POST "labels" 5 LABELS_WRITE, [], None, labels::create;
    "UpdateLabel" PUT "labels/{id}" 5 LABELS_WRITE, [], None, labels::update;
    "PatchLabel" PATCH "labels/{id}" 5 LABELS_WRITE, [], None, labels::patch;
    "DeleteLabel" DELETE "labels/{id}" 5 LABELS_WRITE, [], None, labels::delete;

    "ListDrafts" GET "drafts" 5 DRAFTS_READ, ["includeSpamTrash", "maxResults", "pageToken", "q"], None, drafts::list;
    "GetDraft" GET "drafts/{id}" 20 DRAFTS_READ, ["format"], None, drafts::get;
    "CreateDraft" POST "drafts" 10 DRAFTS_WRITE, [], Some(SEND_LIMIT), drafts::create;
    "UpdateDraft" PUT "drafts/{id}" 15 DRAFTS_WRITE, [], Some(SEND_LIMIT), drafts::update;
    "DeleteDraft" DELETE "drafts/{id}" 10 DRAFTS_WRITE, [], None, drafts::delete;
    "SendDraft" POST "drafts/send" 100 DRAFTS_WRITE, [], Some(SEND_LIMIT), drafts::send;

    "ListHistory" GET "history" 2 READ, ["historyTypes", "labelId", "maxResults", "pageToken", "startHistoryId"], None, history::list;

    "ListSendAs" GET "settings/sendAs" 1 &[FULL, MODIFY, READONLY, SETTINGS], [], None, settings::list_send_as;
    "GetSendAs" GET "settings/sendAs/{sendAsEmail}" 1 &[FULL, MODIFY, READONLY, SETTINGS], [], None, settings::get_send_as;
};
