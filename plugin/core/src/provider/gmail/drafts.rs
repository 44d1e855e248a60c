//! Drafts, and sending them. Gmail keeps `X-` fields but replaces the Message-ID, so the marker is what a sent message is known by.
//!
//! A large message goes by a resumable upload, of which nothing is to be seen before its last byte has arrived: then there is a draft.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::batch::Part;
use super::{Gmail, wire};
use crate::platform::{Platform, Response};
use crate::provider::client::{Call, escape, unavailable};
use crate::provider::headers::MARKER;
use crate::provider::mime::Written;
use crate::provider::uploads::{self, Slice, Upload};
use crate::provider::{
    DraftFate, MadeDraft, Outgoing, ProviderError, Relation, RelationKind, RemoteId, Result, mime,
};
use crate::settings::Secret;

/// How many of the newest drafts or sent messages are looked through for a marker: what was made seconds ago is among them.
const LOOK_BACK: u32 = 20;
/// Larger messages are uploaded in pieces, as they are, in bytes.
const INLINE_BYTES: u64 = 4 << 20;
/// Bytes of a piece: a multiple of 256 KiB, as Google wants it, and a small part of the plugin's memory.
const PIECE_BYTES: u64 = 8 * (256 << 10);
/// When an upload does not get on, in milliseconds.
const STUCK_MS: u64 = 5_000;

/// What Gmail has of an upload.
enum Arrived {
    /// So many bytes of it.
    UpTo(u64),
    /// All of it, or as much as it will ever have.
    Over(Result<MadeDraft>),
}

/// Bytes, by `Range: bytes=0-99`; without it, none.
fn arrived(answer: &Response) -> u64 {
    let range = answer.headers().get(header::RANGE);
    let last = range
        .and_then(|range| range.to_str().ok()?.rsplit_once('-'))
        .and_then(|(_, last)| last.trim().parse::<u64>().ok());
    last.map_or(0, |last| last.saturating_add(1))
}

fn in_thread(thread: Option<&str>) -> serde_json::Map<String, Value> {
    let thread = thread.map(|thread| ("threadId".to_owned(), json!(thread)));
    thread.into_iter().collect()
}

fn no_address() -> ProviderError {
    ProviderError::Refused("Gmail did not say where to upload to".to_owned())
}

fn made(draft: wire::Draft) -> Result<MadeDraft> {
    if draft.id.is_empty() {
        let reason = "Gmail did not say which draft it made".to_owned();
        return Err(ProviderError::Unclear(reason));
    }
    Ok(MadeDraft {
        id: draft.id,
        message: Some(draft.message.id).filter(|id| !id.is_empty()),
    })
}

impl<P: Platform> Gmail<'_, P> {
    /// An answer in a conversation that is gone begins one of its own: it is still what the person wants to say.
    pub(super) async fn make_draft(&self, outgoing: &Outgoing) -> Result<MadeDraft> {
        let message = mime::write(outgoing)?;
        let large = message.length() > INLINE_BYTES;
        // A forwarded message begins a conversation of its own.
        let answers = |relation: &&Relation| relation.kind != RelationKind::Forward;
        let relation = outgoing.relation.as_ref().filter(answers);
        let thread = relation.map(|relation| relation.thread.as_str());
        let thread = thread.filter(|thread| !thread.is_empty());
        if large {
            return self
                .large_draft_in(thread, &message, &outgoing.marker)
                .await;
        }
        match self.draft_in(thread, &message).await {
            Err(ProviderError::NotFound) if thread.is_some() => self.draft_in(None, &message).await,
            outcome => outcome,
        }
    }

    async fn draft_in(&self, thread: Option<&str>, message: &Written) -> Result<MadeDraft> {
        let mut fields = in_thread(thread);
        fields.insert(
            "raw".to_owned(),
            json!(URL_SAFE.encode(self.piece(message, 0, INLINE_BYTES).await?)),
        );
        let call = Call::post(self.url("drafts"), &json!({"message": fields}));
        made(self.client.json(call.once()).await?)
    }

    async fn piece(&self, message: &Written, from: u64, most: u64) -> Result<Vec<u8>> {
        let platform = self.client.platform;
        let read = message.read(platform, from, most).await;
        read.map_err(|error| unavailable(platform.now(), &error))
    }

    /// Goes on with the upload that was begun, or begins one.
    async fn large_draft_in(
        &self,
        thread: Option<&str>,
        message: &Written,
        marker: &str,
    ) -> Result<MadeDraft> {
        let platform = self.client.platform;
        let slice = Slice::begin(platform);
        let content = uploads::fingerprint([
            message.fingerprint().as_bytes(),
            thread.unwrap_or_default().as_bytes(),
        ]);
        let kept = uploads::kept(platform, marker).await?;
        let (upload, mut arrived) = match kept.filter(|upload| upload.content == content) {
            Some(upload) => {
                // The question how far it got has no bytes of its own.
                let answer = self.put(&upload, "*", message.length(), Vec::new()).await?;
                (upload, answer)
            }
            None => {
                let upload = self.begin_upload(thread, message, content).await?;
                uploads::keep(platform, marker, &upload).await?;
                (upload, Arrived::UpTo(0))
            }
        };
        loop {
            let from = match arrived {
                Arrived::UpTo(from) => from,
                // Kept until the draft is known: asked once more, it would tell.
                Arrived::Over(Ok(draft)) => return Ok(draft),
                Arrived::Over(Err(error)) => {
                    self.abandon(marker).await?;
                    return Err(error);
                }
            };
            let piece = self.piece(message, from, PIECE_BYTES).await?;
            let to = from + piece.len() as u64;
            let range = format!("{from}-{}", to.saturating_sub(1));
            arrived = self.put(&upload, &range, message.length(), piece).await?;
            if matches!(arrived, Arrived::UpTo(now) if now <= from) {
                return Err(ProviderError::Wait {
                    until: platform.now() + STUCK_MS,
                    reason: "an upload to Gmail does not get on".to_owned(),
                });
            }
            if matches!(arrived, Arrived::UpTo(_)) {
                slice.check()?;
            }
        }
    }

    /// A conversation that is gone is found out before anything is uploaded, since the end of an upload would be too late.
    async fn begin_upload(
        &self,
        thread: Option<&str>,
        message: &Written,
        content: String,
    ) -> Result<Upload> {
        let thread = match thread {
            Some(id) => match self
                .read::<serde::de::IgnoredAny>(&format!("threads/{}?format=minimal", escape(id)))
                .await
            {
                Ok(_) => Some(id),
                Err(ProviderError::NotFound) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let url = format!(
            "{}/upload{}?uploadType=resumable",
            self.endpoints.api,
            Self::path("drafts")
        );
        let call = Call::post(url, &json!({"message": in_thread(thread)}))
            .header("x-upload-content-type", "message/rfc822")
            .header("x-upload-content-length", message.length().to_string());
        let answer = self.client.send(call).await?;
        let address = answer.headers().get(header::LOCATION);
        let address = address.and_then(|address| address.to_str().ok());
        Ok(Upload {
            content,
            onto: None,
            address: Secret(address.ok_or_else(no_address)?.to_owned()),
        })
    }

    /// Sends a piece, or asks what has arrived.
    async fn put(
        &self,
        upload: &Upload,
        range: &str,
        total: u64,
        piece: Vec<u8>,
    ) -> Result<Arrived> {
        let call = Call::new(Method::PUT, &upload.address.0)
            .body("message/rfc822", piece)
            .header("content-range", format!("bytes {range}/{total}"));
        let answer = self.client.send_bare(call).await?;
        Ok(match answer.status() {
            StatusCode::PERMANENT_REDIRECT => Arrived::UpTo(arrived(&answer)),
            status if status.is_success() => match serde_json::from_slice(answer.body()) {
                Ok(draft) => Arrived::Over(made(draft)),
                Err(error) => Arrived::Over(Err(ProviderError::Unclear(error.to_string()))),
            },
            // Expired, or finished by a request whose answer got lost: the drafts tell.
            StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND | StatusCode::GONE => {
                Arrived::Over(Err(ProviderError::Unclear(
                    "Gmail does not know the upload any more".to_owned(),
                )))
            }
            _ => match self.client.refusal(&answer) {
                refused @ ProviderError::Refused(_) => Arrived::Over(Err(refused)),
                error => return Err(error),
            },
        })
    }

    /// Nobody sees what was uploaded before it is whole, and Google forgets it.
    pub(super) async fn abandon(&self, marker: &str) -> Result<()> {
        let platform = self.client.platform;
        let forgotten = uploads::forget(platform, marker).await;
        forgotten.map_err(|error| unavailable(platform.now(), &error))
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

    pub(super) async fn marked_drafts(&self, marker: &str) -> Result<Vec<String>> {
        let list: wire::DraftList = self.read(&format!("drafts?maxResults={LOOK_BACK}")).await?;
        let messages: Vec<String> = list
            .drafts
            .iter()
            .map(|draft| draft.message.id.clone())
            .collect();
        let marked = self.marked(&messages, marker).await?;
        if !marked.is_empty() {
            // Whatever was uploaded of it is whole.
            self.abandon(marker).await?;
        }
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
