//! Attachments: reading them, and putting them onto a draft.
//!
//! A small one goes in one call, which is not to be repeated: a second time makes a second attachment. A large one goes by an upload
//! session, in pieces that the session counts, so that each can be sent again and what has arrived can be asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::wire::Attachment;
use super::{Graph, delete, post, preferring};
use crate::content::load_part;
use crate::platform::{Platform, Response};
use crate::provider::client::{Call, escape, unavailable};
use crate::provider::headers::file_name;
use crate::provider::uploads::{self, Slice, Upload};
use crate::provider::{Outgoing, OutgoingAttachment, ProviderError, Result};
use crate::settings::Secret;

/// Larger ones need an upload session.
const DIRECT_BYTES: u64 = 3_000_000;
/// Bytes of one piece of an upload session: below the 4 MB that Outlook takes at most, and a multiple of 320 KiB, should it lie at
/// OneDrive.
const PIECE_BYTES: u64 = 12 * (320 << 10);

/// How an address is refused that has expired: it has its token in it. A session that is through is not found.
const OVER: [StatusCode; 4] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::GONE,
];

/// When an upload does not get on, in milliseconds.
const STUCK_MS: u64 = 5_000;

/// Whether it needs an upload session.
pub(super) fn is_large(attachment: &OutgoingAttachment) -> bool {
    attachment.size > DIRECT_BYTES
}

/// What is known of the upload of one file.
enum Stand {
    /// It goes there, from that byte on.
    At(Secret, u64),
    /// There was one, and it is over.
    Lost,
    /// Nothing was sent of it.
    New,
}

/// The session is over, which the next call finds out about.
fn lost() -> ProviderError {
    ProviderError::Unclear("Microsoft does not know an upload any more".to_owned())
}

/// Those that need one, in their order.
pub(super) fn large(outgoing: &Outgoing) -> impl Iterator<Item = &OutgoingAttachment> {
    outgoing.attachments.iter().filter(|file| is_large(file))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    upload_url: Secret,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Progress {
    next_expected_ranges: Vec<String>,
}

/// The first byte that a session waits for; none: the answer doesn't say.
fn expected(answer: &Response) -> Option<u64> {
    let progress: Progress = serde_json::from_slice(answer.body()).ok()?;
    let first = progress.next_expected_ranges.into_iter().next()?;
    first.split('-').next()?.parse().ok()
}

impl<P: Platform> Graph<'_, P> {
    pub(super) async fn attachment_bytes(
        &self,
        message: &str,
        attachment: &str,
    ) -> Result<Vec<u8>> {
        let path = format!(
            "/messages/{}/attachments/{}/$value",
            escape(message),
            escape(attachment)
        );
        match self
            .client
            .send(preferring(Call::get(self.url(&path)), None))
            .await
        {
            Ok(answer) => Ok(answer.into_body()),
            Err(ProviderError::Refused(reason)) => Err(ProviderError::Refused(format!(
                "a link to a file in the cloud has no contents here ({reason})"
            ))),
            Err(error) => Err(error),
        }
    }

    async fn bytes(
        &self,
        attachment: &OutgoingAttachment,
        from: u64,
        length: u64,
    ) -> Result<Vec<u8>> {
        let platform = self.client.platform;
        let read = load_part(platform, &attachment.blob, from, length).await;
        read.map_err(|error| unavailable(platform.now(), &error))
    }

    /// Puts a small attachment onto a draft. Not to be repeated: a second time makes a second attachment.
    pub(super) async fn attach(&self, draft: &str, attachment: &OutgoingAttachment) -> Result<()> {
        let bytes = self.bytes(attachment, 0, attachment.size).await?;
        let mut body = json!({
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": file_name(&attachment.name, &attachment.media_type),
            "contentType": attachment.media_type,
            "contentBytes": STANDARD.encode(bytes),
            "isInline": attachment.content_id.is_some(),
        });
        if let (Some(id), Some(fields)) = (&attachment.content_id, body.as_object_mut()) {
            fields.insert("contentId".to_owned(), json!(id));
        }
        let url = self.url(&format!("/messages/{}/attachments", escape(draft)));
        self.client.send(post(url, &body).once()).await.map(|_| ())
    }

    /// Puts all large attachments onto a draft, as far as they are not on it.
    ///
    /// # Errors
    /// `Underway` when it has taken long enough; `NotFound` if there is no such draft any more.
    pub(super) async fn upload_all(
        &self,
        draft: &str,
        outgoing: &Outgoing,
        content: &str,
    ) -> Result<()> {
        let (platform, marker) = (self.client.platform, &outgoing.marker);
        let slice = Slice::begin(platform);
        let kept = uploads::kept(platform, marker).await?;
        let mut kept = kept.filter(|upload| upload.content == content);
        let small = outgoing.attachments.iter().filter(|file| !is_large(file));
        let small = small.count();
        let done = kept.as_ref().and_then(|upload| upload.onto.as_ref());
        let done = done.map_or(0, |(_, done)| *done);
        for (number, attachment) in large(outgoing).enumerate().skip(done) {
            let (address, mut from) = match self.where_it_stands(kept.take()).await? {
                Stand::At(address, from) => (address, from),
                Stand::Lost if self.on_it(draft).await? > small + number => continue,
                Stand::Lost | Stand::New => {
                    let upload = Upload {
                        content: content.to_owned(),
                        onto: Some((draft.to_owned(), number)),
                        address: self.begin_session(draft, attachment).await?,
                    };
                    uploads::keep(platform, marker, &upload).await?;
                    (upload.address, 0)
                }
            };
            while let Some(next) = self.put_piece(&address, attachment, from).await? {
                from = next;
                slice.check()?;
            }
        }
        Ok(())
    }

    async fn where_it_stands(&self, kept: Option<Upload>) -> Result<Stand> {
        let Some(upload) = kept else {
            return Ok(Stand::New);
        };
        let next = self.asked(&upload.address).await?;
        Ok(next.map_or(Stand::Lost, |from| Stand::At(upload.address, from)))
    }

    /// The first byte that a session waits for; none: there is no such session, because it has expired or is through.
    async fn asked(&self, address: &Secret) -> Result<Option<u64>> {
        let answer = self.client.send_bare(Call::get(&address.0)).await?;
        match answer.status() {
            status if status.is_success() => {
                expected(&answer)
                    .map(Some)
                    .ok_or_else(|| ProviderError::Wait {
                        until: self.client.platform.now() + STUCK_MS,
                        reason: "Microsoft does not say how far an upload got".to_owned(),
                    })
            }
            status if OVER.contains(&status) => Ok(None),
            _ => Err(self.client.refusal(&answer)),
        }
    }

    /// How many attachments a draft has.
    async fn on_it(&self, draft: &str) -> Result<usize> {
        let path = format!("/messages/{}/attachments?$select=id", escape(draft));
        let all: Vec<Attachment> = self.pages(&path).await?;
        Ok(all.len())
    }

    async fn begin_session(&self, draft: &str, attachment: &OutgoingAttachment) -> Result<Secret> {
        let mut item = json!({
            "attachmentType": "file",
            "name": file_name(&attachment.name, &attachment.media_type),
            "contentType": attachment.media_type,
            "size": attachment.size,
            "isInline": attachment.content_id.is_some(),
        });
        if let (Some(id), Some(fields)) = (&attachment.content_id, item.as_object_mut()) {
            fields.insert("contentId".to_owned(), json!(id));
        }
        let url = self.url(&format!(
            "/messages/{}/attachments/createUploadSession",
            escape(draft)
        ));
        // A session that nobody uses is forgotten.
        let session: Session = self
            .client
            .json(post(url, &json!({"AttachmentItem": item})))
            .await?;
        Ok(session.upload_url)
    }

    /// Sends a piece; answers where the next one begins, or none after the last.
    async fn put_piece(
        &self,
        address: &Secret,
        attachment: &OutgoingAttachment,
        from: u64,
    ) -> Result<Option<u64>> {
        let total = attachment.size;
        let length = PIECE_BYTES.min(total.saturating_sub(from));
        let piece = self.bytes(attachment, from, length).await?;
        let last = (from + length).saturating_sub(1);
        let call = Call::new(Method::PUT, &address.0)
            .body("application/octet-stream", piece)
            .header("content-range", format!("bytes {from}-{last}/{total}"));
        let answer = self.client.send_bare(call).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(None),
            // A piece that got lost on the way came after all, say.
            status if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE => {
                match expected(&answer) {
                    Some(next) => Ok(Some(next)),
                    None => Ok(Some(self.asked(address).await?.ok_or_else(lost)?)),
                }
            }
            status if OVER.contains(&status) => Err(lost()),
            _ => Err(self.client.refusal(&answer)),
        }
    }

    /// Takes all attachments off a draft: what Graph copied from the original is in what is to be sent already.
    pub(super) async fn strip(&self, draft: &str) -> Result<()> {
        let attachments: Vec<Attachment> = self
            .pages(&format!(
                "/messages/{}/attachments?$select=id,name",
                escape(draft)
            ))
            .await?;
        for attachment in attachments {
            let url = self.url(&format!(
                "/messages/{}/attachments/{}",
                escape(draft),
                escape(&attachment.id)
            ));
            match self.client.send(delete(url)).await {
                Ok(_) | Err(ProviderError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
