//! Attachments: reading them, and putting them onto a draft.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::wire::Attachment;
use super::{Graph, delete, post, preferring};
use crate::platform::{HttpError, Platform};
use crate::provider::client::{Call, escape};
use crate::provider::headers::file_name;
use crate::provider::{OutgoingAttachment, ProviderError, Result};

/// Larger ones need an upload session.
const DIRECT_BYTES: usize = 3_000_000;
/// Bytes of one piece of an upload session; Outlook takes at most 4 MB.
const PIECE_BYTES: usize = 3 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    upload_url: String,
}

impl<P: Platform> Graph<'_, P> {
    pub(super) async fn attachment_bytes(
        &self,
        message: &str,
        attachment: &str,
    ) -> Result<Vec<u8>> {
        let path = format!(
            "/me/messages/{}/attachments/{}/$value",
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

    /// Puts an attachment onto a draft. Not to be repeated: a second time makes a second attachment.
    pub(super) async fn attach(&self, draft: &str, attachment: &OutgoingAttachment) -> Result<()> {
        if attachment.bytes.len() > DIRECT_BYTES {
            return self.upload(draft, attachment).await;
        }
        let mut body = json!({
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": file_name(&attachment.name, &attachment.media_type),
            "contentType": attachment.media_type,
            "contentBytes": STANDARD.encode(&attachment.bytes),
            "isInline": attachment.content_id.is_some(),
        });
        if let (Some(id), Some(fields)) = (&attachment.content_id, body.as_object_mut()) {
            fields.insert("contentId".to_owned(), json!(id));
        }
        let url = self.url(&format!("/me/messages/{}/attachments", escape(draft)));
        self.client.send(post(url, &body).once()).await.map(|_| ())
    }

    async fn upload(&self, draft: &str, attachment: &OutgoingAttachment) -> Result<()> {
        let mut item = json!({
            "attachmentType": "file",
            "name": file_name(&attachment.name, &attachment.media_type),
            "contentType": attachment.media_type,
            "size": attachment.bytes.len(),
            "isInline": attachment.content_id.is_some(),
        });
        if let (Some(id), Some(fields)) = (&attachment.content_id, item.as_object_mut()) {
            fields.insert("contentId".to_owned(), json!(id));
        }
        let url = self.url(&format!(
            "/me/messages/{}/attachments/createUploadSession",
            escape(draft)
        ));
        let session: Session = self
            .client
            .json(post(url, &json!({"AttachmentItem": item})).once())
            .await?;
        let total = attachment.bytes.len();
        let mut from = 0;
        for piece in attachment.bytes.chunks(PIECE_BYTES) {
            let to = from + piece.len();
            // The address carries its own right; a token is not for it.
            let request = http::Request::builder()
                .method(Method::PUT)
                .uri(&session.upload_url)
                .header("content-type", "application/octet-stream")
                .header("content-range", format!("bytes {from}-{}/{total}", to - 1))
                .body(piece.to_vec())
                .map_err(|error| ProviderError::Refused(error.to_string()))?;
            let answer = self
                .client
                .platform
                .send(request)
                .await
                .map_err(|error| match error {
                    HttpError::Denied(origin) => ProviderError::Administrator(format!(
                        "grant the plugin access to {origin} in the plugin manager"
                    )),
                    HttpError::Unreachable(reason) => ProviderError::Unclear(reason),
                })?;
            if !answer.status().is_success() {
                return Err(ProviderError::Unclear(format!(
                    "an upload was refused with HTTP {}",
                    answer.status().as_u16()
                )));
            }
            from = to;
        }
        Ok(())
    }

    /// Takes all attachments off a draft: what Graph copied from the original is in what is to be sent already.
    pub(super) async fn strip(&self, draft: &str) -> Result<()> {
        let attachments: Vec<Attachment> = self
            .pages(&format!(
                "/me/messages/{}/attachments?$select=id,name",
                escape(draft)
            ))
            .await?;
        for attachment in attachments {
            let url = self.url(&format!(
                "/me/messages/{}/attachments/{}",
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
