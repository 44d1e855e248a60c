//! Drafts, and sending them. Gmail keeps `X-` fields but replaces the Message-ID, so the marker is what a sent message is known by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::Method;
use serde_json::json;

use super::batch::Part;
use super::{Gmail, wire};
use crate::platform::Platform;
use crate::provider::client::{Call, escape};
use crate::provider::headers::MARKER;
use crate::provider::{
    DraftFate, MadeDraft, Outgoing, ProviderError, Relation, RelationKind, RemoteId, Result, mime,
};

/// How many of the newest drafts or sent messages are looked through for a marker: what was made seconds ago is among them.
const LOOK_BACK: u32 = 20;
/// Larger messages go through the upload address, which takes them as they are, in bytes.
const INLINE_BYTES: usize = 4 << 20;

impl<P: Platform> Gmail<'_, P> {
    /// An answer in a conversation that is gone begins one of its own: it is still what the person wants to say.
    pub(super) async fn make_draft(&self, outgoing: &Outgoing) -> Result<MadeDraft> {
        let raw = mime::write(outgoing, self.client.platform.now())?;
        // A forwarded message begins a conversation of its own.
        let answers = |relation: &&Relation| relation.kind != RelationKind::Forward;
        let relation = outgoing.relation.as_ref().filter(answers);
        let thread = relation.map(|relation| relation.thread.as_str());
        let thread = thread.filter(|thread| !thread.is_empty());
        match self.draft_in(thread, &raw).await {
            Err(ProviderError::NotFound) if thread.is_some() => self.draft_in(None, &raw).await,
            outcome => outcome,
        }
    }

    async fn draft_in(&self, thread: Option<&str>, raw: &[u8]) -> Result<MadeDraft> {
        let mut message = serde_json::Map::new();
        if let Some(thread) = thread {
            message.insert("threadId".to_owned(), json!(thread));
        }
        let call = if raw.len() <= INLINE_BYTES {
            message.insert("raw".to_owned(), json!(URL_SAFE.encode(raw)));
            Call::post(self.url("drafts"), &json!({"message": message}))
        } else {
            self.upload(&json!({"message": message}), raw)
        };
        let draft: wire::Draft = self.client.json(call.once()).await?;
        if draft.id.is_empty() {
            let reason = "Gmail did not say which draft it made".to_owned();
            return Err(ProviderError::Unclear(reason));
        }
        Ok(MadeDraft {
            id: draft.id,
            message: Some(draft.message.id).filter(|id| !id.is_empty()),
        })
    }

    /// Drafts are listed until it is found: few have more than a page of them.
    pub(super) async fn draft_with(&self, message: &str) -> Result<Option<String>> {
        let mut page: Option<String> = None;
        loop {
            let mut path = "drafts?maxResults=500&includeSpamTrash=true".to_owned();
            if let Some(page) = &page {
                path.push_str("&pageToken=");
                path.push_str(&escape(page));
            }
            let list: wire::DraftList = self.read(&path).await?;
            let found = list
                .drafts
                .into_iter()
                .find(|draft| draft.message.id == message);
            if let Some(draft) = found {
                return Ok(Some(draft.id));
            }
            page = list.next_page_token;
            if page.is_none() {
                return Ok(None);
            }
        }
    }

    fn upload(&self, metadata: &serde_json::Value, raw: &[u8]) -> Call {
        let mut random = [0; 12];
        self.client.platform.fill(&mut random);
        let boundary = random.iter().fold("upload_".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        });
        let mut body = format!("--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata}\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n").into_bytes();
        body.extend_from_slice(raw);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let url = format!(
            "{}/upload{}?uploadType=multipart",
            self.endpoints.api,
            Self::path("drafts")
        );
        Call::new(Method::POST, url).body(format!("multipart/related; boundary={boundary}"), body)
    }

    pub(super) async fn marked_drafts(&self, marker: &str) -> Result<Vec<String>> {
        let list: wire::DraftList = self.read(&format!("drafts?maxResults={LOOK_BACK}")).await?;
        let messages: Vec<String> = list
            .drafts
            .iter()
            .map(|draft| draft.message.id.clone())
            .collect();
        let marked = self.marked(&messages, marker).await?;
        Ok(list
            .drafts
            .into_iter()
            .filter(|draft| marked.contains(&draft.message.id))
            .map(|draft| draft.id)
            .collect())
    }

    /// Those of the messages that carry the marker.
    async fn marked(&self, messages: &[RemoteId], marker: &str) -> Result<Vec<RemoteId>> {
        let part = |id: &RemoteId| {
            Part::get(Self::path(&format!(
                "messages/{}?format=metadata&metadataHeaders={MARKER}",
                escape(id)
            )))
        };
        let parts: Vec<Part> = messages.iter().map(part).collect();
        let mut found = Vec::new();
        for (id, answer) in messages.iter().zip(self.batch(&parts).await?) {
            let answer = match answer {
                Ok(answer) => answer,
                Err(ProviderError::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let message: wire::Message = serde_json::from_slice(answer.body()).unwrap_or_default();
            let headers = message
                .payload
                .map(|payload| payload.headers)
                .unwrap_or_default();
            if headers.iter().any(|header| {
                header.name.eq_ignore_ascii_case(MARKER) && header.value.trim() == marker
            }) {
                found.push(id.clone());
            }
        }
        Ok(found)
    }

    pub(super) async fn drop_draft(&self, draft: &str) -> Result<()> {
        self.client
            .send(Call::new(
                Method::DELETE,
                self.url(&format!("drafts/{}", escape(draft))),
            ))
            .await
            .map(|_| ())
    }

    pub(super) async fn send_made_draft(&self, draft: &str) -> Result<Option<RemoteId>> {
        let call = Call::post(self.url("drafts/send"), &json!({"id": draft})).once();
        let sent: wire::Message = self.client.json(call).await?;
        Ok(Some(sent.id).filter(|id| !id.is_empty()))
    }

    pub(super) async fn fate(&self, draft: &str, marker: &str) -> Result<DraftFate> {
        match self
            .read::<wire::Draft>(&format!("drafts/{}?format=minimal", escape(draft)))
            .await
        {
            Ok(_) => return Ok(DraftFate::Draft),
            Err(ProviderError::NotFound) => {}
            Err(error) => return Err(error),
        }
        // By label: searching by words lags behind a sent message, this doesn't.
        let list: wire::MessageList = self
            .read(&format!(
                "messages?labelIds=SENT&includeSpamTrash=true&maxResults={LOOK_BACK}"
            ))
            .await?;
        let ids: Vec<RemoteId> = list
            .messages
            .into_iter()
            .map(|message| message.id)
            .collect();
        Ok(match self.marked(&ids, marker).await?.into_iter().next() {
            Some(id) => DraftFate::Sent(Some(id)),
            None => DraftFate::Gone,
        })
    }
}
