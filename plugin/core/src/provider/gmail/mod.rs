//! Gmail, by its REST API v1.
//!
//! One stream (history) for the whole mailbox; labels are containers, except `UNREAD` and `STARRED`, which are states. Messages come by
//! batch, since each costs the same quota either way and a batch saves the round trips.

mod batch;
mod drafts;
mod edits;
mod errors;
mod history;
mod labels;
mod messages;
mod payload;
mod units;
mod watch;
mod wire;

pub use units::{PROJECT_UNITS_PER_MINUTE, UNITS_PER_MINUTE};
pub(super) use units::{project_quota, quota};

use serde::de::DeserializeOwned;

use super::budget::Budget;
use super::client::{Budgets, Call, Client};
use super::{
    Address, Changes, DraftFate, Edit, Light, Listing, MadeDraft, Outgoing, Profile, Provider,
    PushTarget, Quota, RemoteAttachment, RemoteFolder, RemoteId, RemoteMessage, Result, Spending,
    Spent, Subscribed, Wanted,
};
use crate::platform::Platform;
use crate::settings::{Endpoints, ProviderKind};

/// The only stream.
const STREAM: &str = "mailbox";

/// A Gmail mailbox.
pub struct Gmail<'a, P> {
    client: Client<'a, P>,
    endpoints: Endpoints,
}

impl<'a, P: Platform> Gmail<'a, P> {
    /// The mailbox of a linked account, of which so much was spent of so much: of its own quota, and of that of all mailboxes.
    pub fn new(
        platform: &'a P,
        endpoints: Endpoints,
        account: &str,
        own: (Quota, Spending),
        shared: (Quota, Spending),
    ) -> Self {
        let client = Client {
            platform,
            kind: ProviderKind::Google,
            account: account.to_owned(),
            classify: errors::classify,
            price: units::of,
            budgets: Budgets {
                own: Budget::new(own.0, own.1),
                shared: Some(Budget::shared(shared.0, shared.1)),
                uploads: None,
            },
        };
        Self { client, endpoints }
    }

    /// An address below the mailbox.
    fn url(&self, path: &str) -> String {
        format!("{}{}", self.endpoints.api, Self::path(path))
    }

    /// The same, as it stands within a batch.
    fn path(path: &str) -> String {
        format!("/gmail/v1/users/me/{path}")
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.client.json(Call::get(self.url(path))).await
    }
}

impl<P: Platform> Provider for Gmail<'_, P> {
    async fn profile(&self) -> Result<Profile> {
        let profile: wire::Profile = self.read("profile").await?;
        Ok(Profile {
            email: profile.email_address,
            total: profile.messages_total,
        })
    }

    async fn folders(&self) -> Result<Vec<RemoteFolder>> {
        self.labels().await
    }

    fn streams(&self, _: &[RemoteFolder]) -> Vec<String> {
        vec![STREAM.to_owned()]
    }

    async fn begin(&self, _: &str) -> Result<String> {
        self.now_cursor().await
    }

    async fn list(&self, _: &str, since: Option<u64>, page: Option<&str>) -> Result<Listing> {
        self.list_ids(None, since, page).await
    }

    fn listed_apart(&self, known: &[String]) -> Vec<String> {
        let states = ["UNREAD", "STARRED"].map(str::to_owned);
        let mut all: Vec<String> = known
            .iter()
            .filter(|id| labels::is_container(id))
            .cloned()
            .chain(states)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    async fn members(
        &self,
        container: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> Result<(Vec<RemoteId>, Option<String>)> {
        let listing = self.list_ids(Some(container), since, page).await?;
        let ids = listing.items.into_iter().map(|item| item.id).collect();
        Ok((ids, listing.next))
    }

    fn state_in(&self, containers: &[String]) -> Light {
        labels::light(&wire::Message {
            label_ids: containers.to_vec(),
            ..wire::Message::default()
        })
    }

    async fn changes(&self, _: &str, cursor: &str) -> Result<Changes> {
        self.history(cursor).await
    }

    async fn fetch(&self, wanted: &[Wanted]) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        self.messages(wanted).await
    }

    async fn subscribe(&self, target: &PushTarget, _: Option<&str>) -> Result<Subscribed> {
        self.watch(target).await
    }

    async fn unsubscribe(&self, _: Option<&str>) -> Result<()> {
        self.stop_watching().await
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
        let answer: wire::SendAsList = self.read("settings/sendAs").await?;
        let mut aliases = answer.send_as;
        aliases.retain(|alias| {
            alias.is_primary
                || alias.verification_status.is_empty()
                || alias.verification_status == "accepted"
        });
        aliases.sort_by_key(|alias| (!alias.is_primary, !alias.is_default));
        Ok(aliases
            .into_iter()
            .map(|alias| Address {
                name: alias.display_name,
                email: alias.send_as_email,
            })
            .collect())
    }
}
