//! Messages as Graph describes them become neutral ones.

use chrono::{DateTime, SecondsFormat};
use serde_json::value::RawValue;

use super::batch::Part;
use super::wire::{Message, Page, Raw, Recipient, id_of};
use super::{CATEGORY, Graph, preferring};
use crate::platform::Platform;
use crate::provider::client::{Call, escape};
use crate::provider::headers::{file_name, ids};
use crate::provider::mime::timestamp;
use crate::provider::{
    Address, Light, Listed, Listing, ProviderError, RemoteAttachment, RemoteId, RemoteMessage,
    Result, Wanted,
};

/// Carries [`crate::provider::Outgoing::marker`]; recipients don't see it.
pub(super) const MARKER: &str =
    "String {5a0e3c0e-64f7-4f0a-9d1b-0f3f6f2a7c41} Name EmailManagerKey";

/// Where deleted messages go that are in no folder that a person sees.
const DELETED: &str = "recoverableitemsdeletions";

/// Put before the marker of an unfinished draft.
pub(super) const UNFINISHED: &str = "unfinished:";

/// Everything that is shown of a message.
const FIELDS: &str = "id,conversationId,internetMessageId,internetMessageHeaders,subject,from,sender,toRecipients,ccRecipients,bccRecipients,replyTo,\
    sentDateTime,receivedDateTime,isRead,isDraft,importance,flag,categories,parentFolderId,bodyPreview,body,hasAttachments";

/// Messages with their bodies in one page: under a megabyte of ordinary mail, and bodies of a megabyte each still fit into memory.
const PAGE: u32 = 25;

/// Selects and expands what [`neutral`] reads.
pub(super) fn with_content() -> String {
    let expand = escape(&format!(
        "attachments($select=id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId),singleValueExtendedProperties($filter=id eq '{MARKER}')"
    ));
    format!("$select={FIELDS}&$expand={expand}")
}

impl<P: Platform> Graph<'_, P> {
    pub(super) async fn list_folder(
        &self,
        folder: &str,
        since: Option<u64>,
        page: Option<&str>,
    ) -> Result<Listing> {
        let url = match page {
            Some(page) => self.given(page)?,
            None => {
                let from = since
                    .and_then(|since| DateTime::from_timestamp_millis(i64::try_from(since).ok()?));
                // Ordering needs its field in the filter, so there always is one.
                let from = from
                    .unwrap_or(DateTime::UNIX_EPOCH)
                    .to_rfc3339_opts(SecondsFormat::Secs, true);
                let filter = escape(&format!("receivedDateTime ge {from}"));
                let order = escape("receivedDateTime desc");
                self.url(&format!(
                    "/mailFolders/{}/messages?$top={PAGE}&$filter={filter}&$orderby={order}&{}",
                    escape(folder),
                    with_content()
                ))
            }
        };
        let page: Page<Raw> = self.client.json(preferring(Call::get(url), None)).await?;
        let items = page.value.iter().filter_map(|raw| listed(raw));
        Ok(Listing {
            items: items.collect(),
            next: page.next_link,
        })
    }

    /// What was deleted lies among the recoverable items for some weeks, where its id still finds it: it is gone all the same.
    pub(super) async fn messages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        let ids = || wanted.iter().map(|message| &message.id);
        let part =
            |id: &RemoteId| Part::get(format!("/messages/{}?{}", escape(id), with_content()));
        let mut parts: Vec<Part> = ids().map(part).collect();
        parts.push(Part::get(format!("/mailFolders/{DELETED}?$select=id")));
        let mut answers = self.batch(&parts).await?;
        let deleted = answers.pop().and_then(Result::ok);
        let deleted = deleted.and_then(|folder| id_of(&folder));
        let is_deleted = |message: &RemoteMessage| {
            let folder = deleted.as_ref();
            folder.is_some_and(|folder| message.folders.contains(folder))
        };
        let read = |(id, answer): (&RemoteId, Result<Raw>)| {
            let message = answer.and_then(|raw| {
                let message = neutral(&raw).ok_or_else(unreadable)?;
                if is_deleted(&message) {
                    return Err(ProviderError::NotFound);
                }
                Ok(RemoteMessage {
                    id: id.clone(),
                    ..message
                })
            });
            (id.clone(), message)
        };
        Ok(ids().zip(answers).map(read).collect())
    }

    pub(super) async fn raw_message(&self, message: &str) -> Result<Vec<u8>> {
        let call = Call::get(self.url(&format!("/messages/{}/$value", escape(message))));
        Ok(self.client.send(preferring(call, None)).await?.into_body())
    }
}

/// None: it doesn't say which message it is.
fn listed(raw: &RawValue) -> Option<Listed> {
    let Some(message) = neutral(raw) else {
        // Asked for by itself, it may be readable; and if not, it is kept as such.
        return Some(Listed {
            id: id_of(raw)?,
            thread: None,
            light: Light::default(),
            message: None,
        });
    };
    let light = Light {
        read: Some(message.read),
        starred: Some(message.starred),
        folders: Some(message.folders.clone()),
        received: Some(message.received),
        thread: Some(message.thread.clone()),
        draft: Some(message.draft),
    };
    Some(Listed {
        id: message.id.clone(),
        thread: Some(message.thread.clone()),
        light,
        message: Some(Box::new(message)),
    })
}

/// Says nothing of the message: it is asked for again.
fn unreadable() -> ProviderError {
    ProviderError::Refused("Microsoft's answer could not be read".to_owned())
}

/// What is told of a message's light state.
pub(super) fn light(message: &Message) -> Light {
    let folders = message
        .parent_folder_id
        .as_ref()
        .zip(message.categories.as_ref());
    Light {
        read: message.is_read,
        starred: message
            .flag
            .as_ref()
            .map(|flag| flag.flag_status.as_deref() == Some("flagged")),
        // Half of the set would look like the whole of it.
        folders: folders.map(|(folder, categories)| containers(folder, categories)),
        received: message.received_date_time.as_deref().and_then(timestamp),
        thread: message.conversation_id.clone(),
        draft: message.is_draft,
    }
}

fn containers(folder: &str, categories: &[String]) -> Vec<String> {
    std::iter::once(folder.to_owned())
        .chain(categories.iter().map(|name| format!("{CATEGORY}{name}")))
        .collect()
}

/// None: it is no message, or doesn't even say which.
pub(super) fn neutral(raw: &RawValue) -> Option<RemoteMessage> {
    let message: Message = serde_json::from_str(raw.get()).ok()?;
    let id = Some(message.id.clone()).filter(|id| !id.is_empty())?;
    let light = light(&message);
    let header = |name: &str| {
        message
            .internet_message_headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    };
    let in_reply_to = header("in-reply-to").and_then(|text| ids(text).into_iter().next());
    let references = header("references").map(ids).unwrap_or_default();
    let folder = message.parent_folder_id.clone().unwrap_or_default();
    let categories = message.categories.clone().unwrap_or_default();
    let marker = message
        .single_value_extended_properties
        .iter()
        .find(|property| property.id.eq_ignore_ascii_case(MARKER))
        .map(|property| property.value.trim_start_matches(UNFINISHED).to_owned());
    let (mut html, mut text) = (None, None);
    if let Some(body) = message.body {
        let content = body.content.unwrap_or_default();
        match body.content_type.as_deref() {
            Some(kind) if kind.eq_ignore_ascii_case("text") => text = Some(content),
            _ => html = Some(content),
        }
    }
    let shown = html.clone().unwrap_or_default();
    let attachment = |attachment: super::wire::Attachment| {
        let media_type = match (attachment.kind.as_deref(), attachment.content_type) {
            (_, Some(media_type)) if media_type.contains('/') => media_type,
            (Some(kind), _) if kind.ends_with("itemAttachment") => "message/rfc822".to_owned(),
            _ => "application/octet-stream".to_owned(),
        };
        let content_id = attachment
            .content_id
            .map(|id| id.trim_matches(['<', '>', ' ']).to_owned())
            .filter(|id| !id.is_empty());
        let referenced = content_id
            .as_ref()
            .is_some_and(|id| shown.contains(&format!("cid:{id}")));
        RemoteAttachment {
            id: attachment.id,
            name: file_name(&attachment.name, &media_type),
            media_type,
            size: attachment.size,
            inline: referenced || (attachment.is_inline && content_id.is_some()),
            content_id,
        }
    };
    let received = light
        .received
        .or_else(|| message.sent_date_time.as_deref().and_then(timestamp))
        .unwrap_or_default();
    Some(RemoteMessage {
        thread: message
            .conversation_id
            .filter(|thread| !thread.is_empty())
            .unwrap_or_else(|| id.clone()),
        id,
        message_id: message
            .internet_message_id
            .and_then(|text| ids(&text).into_iter().next()),
        in_reply_to,
        references,
        subject: message.subject.unwrap_or_default(),
        from: message.from.or(message.sender).and_then(person),
        to: people(message.to_recipients),
        cc: people(message.cc_recipients),
        bcc: people(message.bcc_recipients),
        reply_to: people(message.reply_to),
        sent: message.sent_date_time.as_deref().and_then(timestamp),
        received,
        size: None,
        read: message.is_read.unwrap_or(true),
        starred: light.starred.unwrap_or_default(),
        important: message.importance.as_deref() == Some("high"),
        draft: message.is_draft.unwrap_or_default(),
        folders: containers(&folder, &categories),
        snippet: message.body_preview.unwrap_or_default(),
        html,
        text,
        attachments: message.attachments.into_iter().map(attachment).collect(),
        marker,
        draft_id: None,
        problem: None,
    })
}

fn people(recipients: Vec<Recipient>) -> Vec<Address> {
    recipients.into_iter().filter_map(person).collect()
}

fn person(recipient: Recipient) -> Option<Address> {
    let found = recipient.email_address?;
    let address = Address {
        name: found.name.unwrap_or_default(),
        email: found.address.unwrap_or_default(),
    };
    // Graph repeats the address where there is no name.
    let name = if address.name == address.email {
        String::new()
    } else {
        address.name
    };
    (!name.is_empty() || !address.email.is_empty()).then_some(Address {
        name,
        email: address.email,
    })
}
