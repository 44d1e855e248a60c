//! The mailbox of a linked account, whichever provider it is at.

use super::gmail::{self, Gmail, UNITS_PER_MINUTE};
use super::graph::{self, Graph};
use super::{
    Address, Changes, DraftFate, Edit, Light, Listing, MadeDraft, Outgoing, Profile, Provider,
    PushTarget, Quota, RemoteAttachment, RemoteFolder, RemoteId, RemoteMessage, Result, Spent,
    Subscribed, Wanted,
};
use crate::platform::{Platform, StoreError};
use crate::settings::{self, ProviderKind, ProviderSettings};
use crate::store::spending;

/// A linked mailbox.
pub enum Mailbox<'a, P> {
    /// At Google.
    Gmail(Gmail<'a, P>),
    /// At Microsoft.
    Graph(Graph<'a, P>),
}

/// Opens the mailbox of a linked account, or the one at `shared` to which its owner has access; asks nobody yet but the store.
pub async fn open<'a, P: Platform>(
    platform: &'a P,
    kind: ProviderKind,
    account: &str,
    shared: Option<String>,
) -> std::result::Result<Mailbox<'a, P>, StoreError> {
    let settings = settings::provider(platform, kind).await?;
    let endpoints = settings.endpoints(kind);
    let spent = spending::of_account(platform, account).await?;
    Ok(match kind {
        ProviderKind::Google => {
            let own = (quota(kind, &settings), spent.units);
            let project = gmail::project_quota(&settings);
            let all = (project, spending::of_all(platform, kind, project).await?);
            Mailbox::Gmail(Gmail::new(platform, endpoints, account, own, all))
        }
        ProviderKind::Microsoft => Mailbox::Graph(Graph::new(
            platform,
            endpoints,
            account,
            shared,
            spent.units,
            spent.uploaded,
        )),
    })
}

/// What each mailbox may spend there.
pub(crate) fn quota(kind: ProviderKind, settings: &ProviderSettings) -> Quota {
    match kind {
        ProviderKind::Google => gmail::quota(settings.units_per_minute.unwrap_or(UNITS_PER_MINUTE)),
        ProviderKind::Microsoft => graph::QUOTA,
    }
}

macro_rules! at {
    ($self:ident, $mailbox:ident => $call:expr) => {
        match $self {
            Mailbox::Gmail($mailbox) => $call,
            Mailbox::Graph($mailbox) => $call,
        }
    };
}

impl<P: Platform> Provider for Mailbox<'_, P> {
    async fn profile(&self) -> Result<Profile> {
        at!(self, mailbox => mailbox.profile().await)
    }

    async fn folders(&self) -> Result<Vec<RemoteFolder>> {
        at!(self, mailbox => mailbox.folders().await)
    }

    fn streams(&self, folders: &[RemoteFolder]) -> Vec<String> {
        at!(self, mailbox => mailbox.streams(folders))
    }

    async fn begin(&self, stream: &str) -> Result<String> {
        at!(self, mailbox => mailbox.begin(stream).await)
    }

    async fn list(&self, stream: &str, since: Option<u64>, page: Option<&str>) -> Result<Listing> {
        at!(self, mailbox => mailbox.list(stream, since, page).await)
    }

    fn listed_apart(&self, known: &[String]) -> Vec<String> {
        at!(self, mailbox => mailbox.listed_apart(known))
    }

    async fn members(
        &self,
        container: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> Result<(Vec<RemoteId>, Option<String>)> {
        at!(self, mailbox => mailbox.members(container, since, page).await)
    }

    fn state_in(&self, containers: &[String]) -> Light {
        at!(self, mailbox => mailbox.state_in(containers))
    }

    async fn changes(&self, stream: &str, cursor: &str) -> Result<Changes> {
        at!(self, mailbox => mailbox.changes(stream, cursor).await)
    }

    async fn fetch(&self, wanted: &[Wanted]) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        at!(self, mailbox => mailbox.fetch(wanted).await)
    }

    async fn subscribe(&self, target: &PushTarget, id: Option<&str>) -> Result<Subscribed> {
        at!(self, mailbox => mailbox.subscribe(target, id).await)
    }

    async fn unsubscribe(&self, id: Option<&str>) -> Result<()> {
        at!(self, mailbox => mailbox.unsubscribe(id).await)
    }

    fn patient(&self, patient: bool) {
        at!(self, mailbox => mailbox.patient(patient));
    }

    fn spent(&self) -> Option<Spent> {
        at!(self, mailbox => mailbox.spent())
    }

    async fn attachment(&self, message: &str, attachment: &RemoteAttachment) -> Result<Vec<u8>> {
        at!(self, mailbox => mailbox.attachment(message, attachment).await)
    }

    async fn raw(&self, message: &str) -> Result<Vec<u8>> {
        at!(self, mailbox => mailbox.raw(message).await)
    }

    async fn edit(&self, ids: &[RemoteId], edit: &Edit) -> Result<Vec<(RemoteId, Result<()>)>> {
        at!(self, mailbox => mailbox.edit(ids, edit).await)
    }

    async fn create_draft(&self, message: &Outgoing) -> Result<MadeDraft> {
        at!(self, mailbox => mailbox.create_draft(message).await)
    }

    async fn draft_of(&self, message: &str) -> Result<Option<String>> {
        at!(self, mailbox => mailbox.draft_of(message).await)
    }

    async fn find_draft(&self, marker: &str) -> Result<Vec<String>> {
        at!(self, mailbox => mailbox.find_draft(marker).await)
    }

    async fn abandon_draft(&self, marker: &str) -> Result<()> {
        at!(self, mailbox => mailbox.abandon_draft(marker).await)
    }

    async fn delete_draft(&self, draft: &str) -> Result<()> {
        at!(self, mailbox => mailbox.delete_draft(draft).await)
    }

    async fn send_draft(&self, draft: &str) -> Result<Option<RemoteId>> {
        at!(self, mailbox => mailbox.send_draft(draft).await)
    }

    async fn draft_fate(&self, draft: &str, marker: &str) -> Result<DraftFate> {
        at!(self, mailbox => mailbox.draft_fate(draft, marker).await)
    }

    async fn aliases(&self) -> Result<Vec<Address>> {
        at!(self, mailbox => mailbox.aliases().await)
    }
}
