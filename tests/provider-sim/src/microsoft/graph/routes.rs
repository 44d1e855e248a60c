//! Which path is which operation.
//!
//! OData paths are matched here and not by the router: `mailFolders('inbox')` is `mailFolders/inbox`, `delta()` and
//! `microsoft.graph.delta` are `delta`, and names are found in any case.

use http::Method;

use super::call::{Answer, Call};
use super::{
    attachments, batch, compose, delta, folders, messages, replies, send, settings, subscriptions,
    uploads,
};

/// What a handler is.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Done at once.
    Now(fn(&Call) -> Answer),
    /// Waits for something.
    Later(fn(Call) -> futures::future::BoxFuture<'static, Answer>),
}

/// What a token must allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing of its own: the parts of a batch are checked one by one.
    Nothing,
    User,
    Read,
    Write,
    Send,
    Settings,
    SettingsWrite,
}

impl Need {
    /// Any of these scopes does.
    pub(crate) fn scopes(self, shared: bool) -> &'static [&'static str] {
        match (self, shared) {
            (Self::Nothing, _) => &[],
            (Self::User, false) => &[
                "User.Read",
                "User.ReadWrite",
                "User.Read.All",
                "User.ReadBasic.All",
            ],
            (Self::User, true) => &["User.Read.All", "User.ReadBasic.All"],
            (Self::Read, false) => &["Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic"],
            (Self::Read, true) => &["Mail.Read.Shared", "Mail.ReadWrite.Shared"],
            (Self::Write, false) => &["Mail.ReadWrite"],
            (Self::Write, true) => &["Mail.ReadWrite.Shared"],
            (Self::Send, false) => &["Mail.Send"],
            (Self::Send, true) => &["Mail.Send.Shared"],
            (Self::Settings, _) => &["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
            (Self::SettingsWrite, _) => &["MailboxSettings.ReadWrite"],
        }
    }
}

/// An operation.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Below `/me` or `/users/{user}`, or below `/v1.0` if it is nobody's.
    pattern: &'static str,
    me: &'static str,
    user: &'static str,
    pub(crate) need: Need,
    pub(crate) handler: Handler,
}

impl Route {
    /// For the access log.
    pub(crate) fn template(&self, root: &Root) -> &'static str {
        match root {
            Root::User(_) => self.user,
            Root::Me | Root::Nobody => self.me,
        }
    }
}

macro_rules! own {
    ($method:ident $pattern:literal $need:ident $handler:expr) => {
        Route {
            method: Method::$method,
            pattern: $pattern,
            me: concat!("/v1.0/me", $pattern),
            user: concat!("/v1.0/users/{user}", $pattern),
            need: Need::$need,
            handler: $handler,
        }
    };
}

macro_rules! global {
    ($method:ident $pattern:literal $need:ident $handler:expr) => {
        Route {
            method: Method::$method,
            pattern: $pattern,
            me: concat!("/v1.0", $pattern),
            user: concat!("/v1.0", $pattern),
            need: Need::$need,
            handler: $handler,
        }
    };
}

use Handler::{Later, Now};

/// Operations on a person or a mailbox.
pub(crate) static OWN: &[Route] = &[
    own!(GET "" User Now(settings::me)),
    own!(GET "/mailFolders" Read Now(folders::list)),
    own!(POST "/mailFolders" Write Now(folders::create)),
    own!(GET "/mailFolders/delta" Read Now(folders::delta)),
    own!(GET "/mailFolders/{folder}" Read Now(folders::get)),
    own!(PATCH "/mailFolders/{folder}" Write Now(folders::update)),
    own!(DELETE "/mailFolders/{folder}" Write Now(folders::delete)),
    own!(POST "/mailFolders/{folder}/move" Write Now(folders::relocate)),
    own!(GET "/mailFolders/{folder}/childFolders" Read Now(folders::list)),
    own!(POST "/mailFolders/{folder}/childFolders" Write Now(folders::create)),
    own!(GET "/mailFolders/{folder}/messages" Read Now(messages::list)),
    own!(POST "/mailFolders/{folder}/messages" Write Now(compose::create)),
    own!(GET "/mailFolders/{folder}/messages/delta" Read Now(delta::messages)),
    own!(GET "/mailFolders/{folder}/messages/$count" Read Now(messages::count)),
    own!(GET "/mailFolders/{folder}/messages/{message}" Read Now(messages::get)),
    own!(PATCH "/mailFolders/{folder}/messages/{message}" Write Now(messages::update)),
    own!(DELETE "/mailFolders/{folder}/messages/{message}" Write Now(messages::delete)),
    own!(GET "/messages" Read Now(messages::list)),
    own!(POST "/messages" Write Now(compose::create)),
    own!(GET "/messages/$count" Read Now(messages::count)),
    own!(GET "/messages/{message}" Read Now(messages::get)),
    own!(PATCH "/messages/{message}" Write Now(messages::update)),
    own!(DELETE "/messages/{message}" Write Now(messages::delete)),
    own!(GET "/messages/{message}/$value" Read Now(messages::raw)),
    own!(PUT "/messages/{message}/$value" Write Now(compose::replace)),
    own!(POST "/messages/{message}/move" Write Now(messages::relocate)),
    own!(POST "/messages/{message}/copy" Write Now(messages::copy)),
    own!(POST "/messages/{message}/permanentDelete" Write Now(messages::purge)),
    own!(POST "/messages/{message}/createReply" Write Now(replies::create_reply)),
    own!(POST "/messages/{message}/createReplyAll" Write Now(replies::create_reply_all)),
    own!(POST "/messages/{message}/createForward" Write Now(replies::create_forward)),
    own!(POST "/messages/{message}/reply" Send Now(replies::reply)),
    own!(POST "/messages/{message}/replyAll" Send Now(replies::reply_all)),
    own!(POST "/messages/{message}/forward" Send Now(replies::forward)),
    own!(POST "/messages/{message}/send" Send Now(send::draft)),
    own!(POST "/sendMail" Send Now(send::mail)),
    own!(GET "/messages/{message}/attachments" Read Now(attachments::list)),
    own!(POST "/messages/{message}/attachments" Write Now(attachments::add)),
    own!(POST "/messages/{message}/attachments/createUploadSession" Write Now(uploads::create_session)),
    own!(GET "/messages/{message}/attachments/{attachment}" Read Now(attachments::get)),
    own!(DELETE "/messages/{message}/attachments/{attachment}" Write Now(attachments::remove)),
    own!(GET "/messages/{message}/attachments/{attachment}/$value" Read Now(attachments::raw)),
    own!(GET "/outlook/masterCategories" Settings Now(settings::categories)),
    own!(POST "/outlook/masterCategories" SettingsWrite Now(settings::add_category)),
    own!(DELETE "/outlook/masterCategories/{category}" SettingsWrite Now(settings::remove_category)),
    own!(GET "/mailboxSettings" Settings Now(settings::mailbox)),
    own!(POST "/translateExchangeIds" User Now(settings::translate)),
];

/// Operations on nobody in particular.
pub(crate) static GLOBAL: &[Route] = &[
    global!(POST "/$batch" Nothing Later(batch::run)),
    global!(GET "/subscriptions" Read Now(subscriptions::list)),
    global!(POST "/subscriptions" Read Later(subscriptions::create)),
    global!(GET "/subscriptions/{subscription}" Read Now(subscriptions::get)),
    global!(PATCH "/subscriptions/{subscription}" Read Now(subscriptions::renew)),
    global!(DELETE "/subscriptions/{subscription}" Read Now(subscriptions::delete)),
    global!(POST "/subscriptions/{subscription}/reauthorize" Read Now(subscriptions::reauthorize)),
];

/// Whose path it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    Me,
    /// Address or id.
    User(String),
    Nobody,
}

/// What a path is.
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) root: Root,
    pub(crate) params: Vec<(&'static str, String)>,
}

/// Why a path is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    Segment(String),
    Method,
}

/// Finds the operation for a path below `/v1.0`.
pub(crate) fn find(method: &Method, path: &str) -> Result<Found, Missing> {
    let segments = segments(path);
    let first = segments
        .first()
        .map(|s| s.to_ascii_lowercase())
        .unwrap_or_default();
    let (root, rest, table) = match (first.as_str(), segments.get(1)) {
        ("me", _) => (Root::Me, segments.get(1..), OWN),
        ("users", Some(user)) => (Root::User(user.clone()), segments.get(2..), OWN),
        _ => (Root::Nobody, segments.get(..), GLOBAL),
    };
    let rest = rest.unwrap_or_default();
    let mut other_method = false;
    for route in table {
        if let Some(params) = matches(route.pattern, rest) {
            if route.method == *method {
                return Ok(Found {
                    route,
                    root,
                    params,
                });
            }
            other_method = true;
        }
    }
    Err(if other_method {
        Missing::Method
    } else {
        Missing::Segment(segments.last().cloned().unwrap_or_default())
    })
}

fn matches(pattern: &'static str, segments: &[String]) -> Option<Vec<(&'static str, String)>> {
    let mut wanted = pattern.split('/').filter(|s| !s.is_empty());
    let mut params = Vec::new();
    for segment in segments {
        let expected = wanted.next()?;
        match expected.strip_prefix('{').and_then(|e| e.strip_suffix('}')) {
            Some(name) => params.push((name, segment.clone())),
            None if expected.eq_ignore_ascii_case(segment) => {}
            None => return None,
        }
    }
    wanted.next().is_none().then_some(params)
}

/// Decoded parts of a path, keys in brackets as parts of their own.
fn segments(path: &str) -> Vec<String> {
    let mut out = Vec::new();
    for part in path.split('/').filter(|p| !p.is_empty()) {
        let part = percent_encoding::percent_decode_str(part)
            .decode_utf8_lossy()
            .into_owned();
        let part = part
            .strip_prefix("microsoft.graph.")
            .unwrap_or(&part)
            .to_owned();
        match part.split_once('(') {
            Some((name, key)) if key.ends_with(')') => {
                out.push(name.to_owned());
                let key = key.trim_end_matches(')').trim_matches('\'');
                if !key.is_empty() {
                    out.push(key.to_owned());
                }
            }
            _ => out.push(part),
        }
    }
    out
}
