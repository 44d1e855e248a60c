//! Drafts, and sending them.
//!
//! An answer has to begin with `createReply`: Graph takes no threading fields from us. Such a draft, or one with attachments, is
//! made in several calls, so it carries the marker as *unfinished* until the last of them. [`Graph::marked_drafts`] drops unfinished
//! drafts and names only whole ones: a crash can't lead to half a message being sent. One exception: a draft whose large files are being
//! uploaded is gone on with. Nothing that has arrived of them is sent again, and nothing before them can go wrong any more.

use http::Method;
use serde_json::{Value, json};

use super::attachments::{is_large, large};
use super::messages::{MARKER, UNFINISHED};
use super::wire::Message;
use super::{Graph, delete, post, preferring};
use crate::platform::Platform;
use crate::provider::client::{Call, escape, unavailable};
use crate::provider::uploads;
use crate::provider::{
    Address, DraftFate, MadeDraft, Outgoing, ProviderError, Relation, RelationKind, RemoteId,
    Result,
};

fn marked(marker: &str) -> Value {
    json!([{"id": MARKER, "value": marker}])
}

fn recipient(address: &Address) -> Value {
    if address.name.is_empty() {
        json!({"emailAddress": {"address": address.email}})
    } else {
        json!({"emailAddress": {"name": address.name, "address": address.email}})
    }
}

fn recipients(addresses: &[Address]) -> Value {
    addresses.iter().map(recipient).collect()
}

/// Everything but attachments.
fn contents(outgoing: &Outgoing, marker: &str) -> Value {
    let (kind, body) = match (&outgoing.html, &outgoing.text) {
        (Some(html), _) => ("html", html.as_str()),
        (None, text) => ("text", text.as_deref().unwrap_or_default()),
    };
    let mut contents = json!({
        "subject": outgoing.subject,
        "body": {"contentType": kind, "content": body},
        "toRecipients": recipients(&outgoing.to),
        "ccRecipients": recipients(&outgoing.cc),
        "bccRecipients": recipients(&outgoing.bcc),
        "singleValueExtendedProperties": marked(marker),
    });
    if let (Some(from), Some(fields)) = (&outgoing.from, contents.as_object_mut()) {
        fields.insert("from".to_owned(), recipient(from));
    }
    contents
}

/// What tells a message from every other, files included.
fn content(outgoing: &Outgoing) -> String {
    let relation = outgoing.relation.as_ref().map(|relation| &relation.id);
    let text = contents(outgoing, &outgoing.marker).to_string();
    let files = outgoing.attachments.iter().flat_map(|file| {
        let id = file.content_id.as_deref().unwrap_or_default();
        [&file.blob, &file.name, &file.media_type, id].map(str::as_bytes)
    });
    let rest = [text.as_str(), relation.map_or("", String::as_str)].map(str::as_bytes);
    uploads::fingerprint(files.chain(rest))
}

impl<P: Platform> Graph<'_, P> {
    /// An answer to a message that is gone becomes a message of its own: it is still what the person wants to say.
    pub(super) async fn make_draft(&self, outgoing: &Outgoing) -> Result<MadeDraft> {
        let id = self.make(outgoing).await?;
        Ok(MadeDraft {
            message: Some(id.clone()),
            id,
        })
    }

    /// A draft is a message like others.
    pub(super) async fn draft_with(&self, message: &str) -> Result<Option<String>> {
        let path = format!("/messages/{}?$select=id,isDraft", escape(message));
        match self.read::<Message>(&path).await {
            Ok(found) => Ok((found.is_draft == Some(true)).then_some(found.id)),
            Err(ProviderError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn make(&self, outgoing: &Outgoing) -> Result<String> {
        if let Some(draft) = self.begun(outgoing).await? {
            match self.go_on(&draft, outgoing).await {
                // Somebody deleted it.
                Err(ProviderError::NotFound) => self.forget(&outgoing.marker).await?,
                outcome => return outcome.map(|()| draft),
            }
        }
        if let Some(relation) = &outgoing.relation {
            match self.make_answer(outgoing, relation).await {
                Err(ProviderError::NotFound) => {}
                outcome => return outcome,
            }
        }
        let whole = outgoing.attachments.is_empty();
        let unfinished = format!("{UNFINISHED}{}", outgoing.marker);
        let marker = if whole { &outgoing.marker } else { &unfinished };
        let body = contents(outgoing, marker);
        let draft = self.made(post(self.url("/messages"), &body)).await?;
        if !whole {
            self.finish(&draft, outgoing, None).await?;
        }
        Ok(draft)
    }

    async fn make_answer(&self, outgoing: &Outgoing, relation: &Relation) -> Result<String> {
        let unfinished = format!("{UNFINISHED}{}", outgoing.marker);
        let verb = match relation.kind {
            RelationKind::Reply => "createReply",
            RelationKind::ReplyAll => "createReplyAll",
            RelationKind::Forward => "createForward",
        };
        let url = self.url(&format!("/messages/{}/{verb}", escape(&relation.id)));
        let body = json!({"message": {"singleValueExtendedProperties": marked(&unfinished)}});
        let draft = self.made(post(url, &body)).await?;
        self.finish(&draft, outgoing, Some(&unfinished)).await?;
        Ok(draft)
    }

    async fn made(&self, call: Call) -> Result<String> {
        let draft: Message = self.client.json(call.once()).await?;
        if draft.id.is_empty() {
            Err(ProviderError::Unclear(
                "Microsoft did not say which draft it made".to_owned(),
            ))
        } else {
            Ok(draft.id)
        }
    }

    /// Completes a draft. `over`: it holds what Graph quoted.
    async fn finish(&self, draft: &str, outgoing: &Outgoing, over: Option<&str>) -> Result<()> {
        let outcome = self.complete(draft, outgoing, over).await;
        if outcome.is_ok() && large(outgoing).next().is_some() {
            return self.go_on(draft, outgoing).await;
        }
        self.or_drop(draft, outcome).await
    }

    /// Whatever went wrong, the draft is dropped, so that nobody finds half of it. Where that fails too, the outcome is unclear: looking
    /// for the draft drops it.
    async fn or_drop(&self, draft: &str, outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome else {
            return Ok(());
        };
        match self.drop_draft(draft).await {
            Ok(()) | Err(ProviderError::NotFound) => match error {
                // Not the message that is answered, but the draft itself.
                ProviderError::NotFound => Err(ProviderError::Unclear(
                    "the draft vanished while it was written".to_owned(),
                )),
                error => Err(error),
            },
            Err(_) => Err(ProviderError::Unclear(error.to_string())),
        }
    }

    async fn complete(&self, draft: &str, outgoing: &Outgoing, over: Option<&str>) -> Result<()> {
        if let Some(marker) = over {
            self.strip(draft).await?;
            self.patch(draft, &contents(outgoing, marker)).await?;
        }
        for attachment in outgoing.attachments.iter().filter(|file| !is_large(file)) {
            self.attach(draft, attachment).await?;
        }
        if large(outgoing).next().is_some() {
            return Ok(());
        }
        self.is_whole(draft, outgoing).await
    }

    /// From here on it can be found and sent.
    async fn is_whole(&self, draft: &str, outgoing: &Outgoing) -> Result<()> {
        let body = json!({"singleValueExtendedProperties": marked(&outgoing.marker)});
        self.patch(draft, &body).await
    }

    /// The draft that the large files of this message are being put onto.
    async fn begun(&self, outgoing: &Outgoing) -> Result<Option<String>> {
        let Some(kept) = uploads::kept(self.client.platform, &outgoing.marker).await? else {
            return Ok(None);
        };
        if kept.content == content(outgoing) {
            return Ok(kept.onto.map(|(draft, _)| draft));
        }
        // Its author has changed it since.
        self.abandon(&outgoing.marker).await?;
        Ok(None)
    }

    /// Puts the large files onto a draft that lacks nothing else, as far as they are not on it.
    async fn go_on(&self, draft: &str, outgoing: &Outgoing) -> Result<()> {
        let outcome = match self.upload_all(draft, outgoing, &content(outgoing)).await {
            Ok(()) => self.is_whole(draft, outgoing).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => self.forget(&outgoing.marker).await,
            Err(ProviderError::Refused(why)) => {
                self.forget(&outgoing.marker).await?;
                self.or_drop(draft, Err(ProviderError::Refused(why))).await
            }
            error => error,
        }
    }

    async fn forget(&self, marker: &str) -> Result<()> {
        let platform = self.client.platform;
        let forgotten = uploads::forget(platform, marker).await;
        forgotten.map_err(|error| unavailable(platform.now(), &error))
    }

    /// Drops the draft that large files were being put onto.
    pub(super) async fn abandon(&self, marker: &str) -> Result<()> {
        if uploads::kept(self.client.platform, marker).await?.is_some() {
            self.drop_unfinished(marker, None).await?;
            self.forget(marker).await?;
        }
        Ok(())
    }

    async fn patch(&self, message: &str, body: &Value) -> Result<()> {
        let call = Call::new(
            Method::PATCH,
            self.url(&format!("/messages/{}", escape(message))),
        )
        .json(body);
        self.client.send(preferring(call, None)).await.map(|_| ())
    }

    pub(super) async fn marked_drafts(&self, marker: &str) -> Result<Vec<String>> {
        let kept = uploads::kept(self.client.platform, marker).await?;
        let begun = kept.and_then(|upload| upload.onto).map(|(draft, _)| draft);
        self.drop_unfinished(marker, begun.as_deref()).await?;
        let whole = self.with_marker("drafts", marker).await?;
        if begun.is_some_and(|begun| whole.contains(&begun)) {
            self.forget(marker).await?;
        }
        Ok(whole)
    }

    async fn drop_unfinished(&self, marker: &str, but: Option<&str>) -> Result<()> {
        let unfinished = format!("{UNFINISHED}{marker}");
        for draft in self.with_marker("drafts", &unfinished).await? {
            if but == Some(draft.as_str()) {
                continue;
            }
            match self.drop_draft(&draft).await {
                Ok(()) | Err(ProviderError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Messages of a folder that carry the marker.
    async fn with_marker(&self, folder: &str, marker: &str) -> Result<Vec<String>> {
        let quoted = marker.replace('\'', "''");
        let filter = escape(&format!(
            "singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER}' and ep/value eq '{quoted}')"
        ));
        let found: Vec<Message> = self
            .pages(&format!(
                "/mailFolders/{folder}/messages?$select=id,isDraft&$filter={filter}"
            ))
            .await?;
        Ok(found.into_iter().map(|message| message.id).collect())
    }

    pub(super) async fn drop_draft(&self, draft: &str) -> Result<()> {
        self.client
            .send(delete(self.url(&format!("/messages/{}", escape(draft)))))
            .await
            .map(|_| ())
    }

    /// 202: accepted; the sent copy appears later, under an id that is not told.
    pub(super) async fn send_made_draft(&self, draft: &str) -> Result<Option<RemoteId>> {
        let call = preferring(
            Call::new(
                Method::POST,
                self.url(&format!("/messages/{}/send", escape(draft))),
            ),
            None,
        );
        self.client.send(call.once()).await.map(|_| None)
    }

    /// A draft keeps its immutable id when it is sent, by the documentation; by some reports it doesn't. So both are looked for.
    pub(super) async fn fate(&self, draft: &str, marker: &str) -> Result<DraftFate> {
        match self
            .read::<Message>(&format!(
                "/messages/{}?$select=id,isDraft,parentFolderId",
                escape(draft)
            ))
            .await
        {
            Ok(message) if message.is_draft == Some(false) => {
                return Ok(DraftFate::Sent(Some(message.id)));
            }
            Ok(_) => return Ok(DraftFate::Draft),
            Err(ProviderError::NotFound) => {}
            Err(error) => return Err(error),
        }
        Ok(
            match self
                .with_marker("sentitems", marker)
                .await?
                .into_iter()
                .next()
            {
                Some(id) => DraftFate::Sent(Some(id)),
                None => DraftFate::Gone,
            },
        )
    }
}
