//! Outlook and Microsoft 365, by Microsoft Graph v1.0.
//!
//! A person's own mailbox is `/me`, one that is shared with them is `/users/{address}`: the same requests below another root, allowed by
//! the `.Shared` scopes and by full access to the mailbox.
//!
//! One stream (delta) per folder; a message lies in one folder and carries categories beside it. Every request asks for immutable
//! ids, without which a message would change its id whenever it is moved.

mod attachments;
mod batch;
mod delta;
mod drafts;
mod edits;
mod errors;
mod folders;
mod messages;
mod subscriptions;
mod wire;

use http::Method;
use serde::de::DeserializeOwned;

use super::budget::Budget;
use super::client::{Budgets, Call, Client, escape};
use super::{
    Address, Changes, DraftFate, Edit, Light, Listing, MadeDraft, Outgoing, Profile, Provider,
    ProviderError, PushTarget, Quota, RemoteAttachment, RemoteFolder, RemoteId, RemoteMessage,
    Result, Role, Spending, Spent, Subscribed, Wanted,
};
use crate::platform::Platform;
use crate::settings::{Endpoints, ProviderKind, Secret};

/// Asked for with every request.
const IMMUTABLE: &str = "IdType=\"ImmutableId\"";
/// What precedes a category's name in a container's id.
const CATEGORY: &str = "category:";

/// Bytes that one application may put into a mailbox: the 150 MB of Outlook's service limits, of 2^20 bytes each as Exchange counts sizes. Were
/// they fewer, the last pieces would be refused, and wait.
const UPLOADS: Quota = Quota {
    units: 150 << 20,
    window_ms: 300_000,
};

/// Requests of one application to one mailbox, those of a batch each counted.
pub(super) const QUOTA: Quota = Quota {
    units: 10_000,
    window_ms: 600_000,
};

/// An Outlook mailbox.
pub struct Graph<'a, P> {
    client: Client<'a, P>,
    endpoints: Endpoints,
    /// The address of a shared mailbox; none: the person's own.
    shared: Option<String>,
}

/// What a mailbox's paths begin with.
fn root(shared: Option<&str>) -> String {
    shared.map_or_else(
        || "/me".to_owned(),
        |address| format!("/users/{}", escape(address)),
    )
}

/// Asks whether whoever has this token may work in the shared mailbox at `address`.
///
/// # Errors
/// `NoAccess` if not, or if there is no such mailbox; else what else keeps Graph from answering.
pub(crate) async fn admits(
    platform: &impl Platform,
    endpoints: Endpoints,
    token: &Secret,
    address: &str,
) -> Result<()> {
    // There is no account yet whose token could be taken.
    let shared = Some(address.to_owned());
    let graph = Graph::new(
        platform,
        endpoints,
        "",
        shared,
        Spending::default(),
        Spending::default(),
    );
    let call = Call::get(graph.url("/mailFolders/inbox?$select=id"))
        .header("authorization", format!("Bearer {}", token.0));
    let answer = graph.client.send_bare(call).await?;
    if answer.status().is_success() {
        return Ok(());
    }
    match graph.client.refusal(&answer) {
        // Without any right, Exchange may also know no inbox.
        ProviderError::NotFound => Err(ProviderError::NoAccess),
        error => Err(error),
    }
}

impl<'a, P: Platform> Graph<'a, P> {
    /// The mailbox of a linked account, of whose quota so much was spent and to which so many bytes were uploaded; `shared`: the address
    /// of a mailbox that is not the person's own.
    pub fn new(
        platform: &'a P,
        endpoints: Endpoints,
        account: &str,
        shared: Option<String>,
        spending: Spending,
        uploaded: Spending,
    ) -> Self {
        let client = Client {
            platform,
            kind: ProviderKind::Microsoft,
            account: account.to_owned(),
            classify: if shared.is_some() {
                errors::classify_shared
            } else {
                errors::classify
            },
            price: |_, _| 1,
            budgets: Budgets {
                own: Budget::new(QUOTA, spending),
                shared: None,
                uploads: Some(Budget::new(UPLOADS, uploaded)),
            },
        };
        Self {
            client,
            endpoints,
            shared,
        }
    }

    /// A path as Graph knows it, of one below the mailbox.
    fn path(&self, path: &str) -> String {
        format!("{}{path}", root(self.shared.as_deref()))
    }

    /// An address; `path` is below the mailbox, and begins with a slash unless it is the mailbox's own.
    fn url(&self, path: &str) -> String {
        self.service(&self.path(path))
    }

    /// An address of what is nobody's in particular; `path` begins with a slash.
    fn service(&self, path: &str) -> String {
        format!("{}{path}", self.endpoints.api)
    }

    /// An address that Graph gave for going on. It gets the token only if it is Graph's own.
    fn given(&self, url: &str) -> Result<String> {
        let origin = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
        if origin(url).is_some() && origin(url) == origin(&self.endpoints.api) {
            Ok(url.to_owned())
        } else {
            Err(ProviderError::Refused(
                "the page to go on with lies elsewhere".to_owned(),
            ))
        }
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.client
            .json(preferring(Call::get(self.url(path)), None))
            .await
    }
}

/// With the preferences that every request has, and more.
fn preferring(call: Call, more: Option<&str>) -> Call {
    match more {
        Some(more) => call.header("prefer", format!("{IMMUTABLE}, {more}")),
        None => call.header("prefer", IMMUTABLE),
    }
}

fn post(url: String, body: &serde_json::Value) -> Call {
    preferring(Call::post(url, body), None)
}

fn delete(url: String) -> Call {
    preferring(Call::new(Method::DELETE, url), None)
}

impl<P: Platform> Provider for Graph<'_, P> {
    async fn profile(&self) -> Result<Profile> {
        // Who else there is in the organisation takes a right of its own to know.
        if let Some(email) = self.shared.clone() {
            return Ok(Profile { email, total: None });
        }
        let me: wire::Me = self
            .read("?$select=id,displayName,mail,userPrincipalName")
            .await?;
        let email = me
            .mail
            .filter(|mail| !mail.is_empty())
            .unwrap_or(me.user_principal_name);
        Ok(Profile { email, total: None })
    }

    async fn folders(&self) -> Result<Vec<RemoteFolder>> {
        self.all_folders().await
    }

    fn streams(&self, folders: &[RemoteFolder]) -> Vec<String> {
        let rank = |role: Role| match role {
            Role::Inbox => 0,
            Role::Sent => 1,
            Role::Drafts => 2,
            Role::Archive => 3,
            Role::Trash => 5,
            Role::Spam => 6,
            _ => 4,
        };
        let mut followed: Vec<&RemoteFolder> = folders
            .iter()
            .filter(|folder| !folder.id.starts_with(CATEGORY))
            .collect();
        followed.sort_by_key(|folder| rank(folder.role));
        followed
            .into_iter()
            .map(|folder| folder.id.clone())
            .collect()
    }

    async fn begin(&self, stream: &str) -> Result<String> {
        self.snapshot_cursor(stream)
    }

    async fn list(&self, stream: &str, since: Option<u64>, page: Option<&str>) -> Result<Listing> {
        self.list_folder(stream, since, page).await
    }

    /// Never asked for: Graph's listing tells the state.
    async fn members(
        &self,
        _: &str,
        _: Option<u64>,
        _: Option<&str>,
    ) -> Result<(Vec<RemoteId>, Option<String>)> {
        Ok((Vec::new(), None))
    }

    fn state_in(&self, _: &[String]) -> Light {
        Light::default()
    }

    async fn changes(&self, _: &str, cursor: &str) -> Result<Changes> {
        self.delta(cursor).await
    }

    async fn fetch(&self, wanted: &[Wanted]) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        self.messages(wanted).await
    }

    async fn subscribe(&self, target: &PushTarget, id: Option<&str>) -> Result<Subscribed> {
        self.subscription(target, id).await
    }

    async fn unsubscribe(&self, id: Option<&str>) -> Result<()> {
        match id {
            Some(id) => self.end_subscription(id).await,
            None => Ok(()),
        }
    }

    fn patient(&self, patient: bool) {
        self.client.budgets.patient(patient);
    }

    fn spent(&self) -> Option<Spent> {
        self.client.budgets.spent()
    }

    async fn attachment(&self, message: &str, attachment: &RemoteAttachment) -> Result<Vec<u8>> {
        self.attachment_bytes(message, &attachment.id).await
    }

    async fn raw(&self, message: &str) -> Result<Vec<u8>> {
        self.raw_message(message).await
    }

    async fn edit(&self, ids: &[RemoteId], edit: &Edit) -> Result<Vec<(RemoteId, Result<()>)>> {
        self.edit_messages(ids, edit).await
    }

    async fn create_draft(&self, message: &Outgoing) -> Result<MadeDraft> {
        self.make_draft(message).await
    }

    async fn draft_of(&self, message: &str) -> Result<Option<String>> {
        self.draft_with(message).await
    }

    async fn find_draft(&self, marker: &str) -> Result<Vec<String>> {
        self.marked_drafts(marker).await
    }

    async fn abandon_draft(&self, marker: &str) -> Result<()> {
        self.abandon(marker).await
    }

    async fn delete_draft(&self, draft: &str) -> Result<()> {
        self.drop_draft(draft).await
    }

    async fn send_draft(&self, draft: &str) -> Result<Option<RemoteId>> {
        self.send_made_draft(draft).await
    }

    async fn draft_fate(&self, draft: &str, marker: &str) -> Result<DraftFate> {
        self.fate(draft, marker).await
    }

    async fn aliases(&self) -> Result<Vec<Address>> {
        if let Some(email) = self.shared.clone() {
            let name = String::new();
            return Ok(vec![Address { name, email }]);
        }
        let me: wire::Me = self
            .read("?$select=id,displayName,mail,userPrincipalName,proxyAddresses")
            .await?;
        let main = me
            .mail
            .filter(|mail| !mail.is_empty())
            .unwrap_or(me.user_principal_name);
        let mut aliases = vec![Address {
            name: me.display_name.clone().unwrap_or_default(),
            email: main.clone(),
        }];
        // Capital letters mark the main address.
        let others = me
            .proxy_addresses
            .iter()
            .filter_map(|address| address.strip_prefix("smtp:"));
        aliases.extend(
            others
                .filter(|email| !email.eq_ignore_ascii_case(&main))
                .map(|email| Address {
                    name: me.display_name.clone().unwrap_or_default(),
                    email: email.to_owned(),
                }),
        );
        Ok(aliases)
    }
}
