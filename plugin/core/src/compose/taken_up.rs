//! Going on with a draft: one that was saved here, or one that was written elsewhere and came with the mail.
//!
//! A draft has one row here, however it came, and saving it goes over what the provider has of it, so that several savings never leave
//! several drafts. One from elsewhere gets its row when it is opened.

use super::own_addresses;
use crate::connect::{Connect, Linked};
use crate::content::sanitise;
use crate::ids;
use crate::mailbox::{self, open_body};
use crate::model::{Caller, Draft, Error, OpenedDraft, Part, Relation, Result, Saved};
use crate::platform::{Platform, StoreError, Write};
use crate::provider::Provider;
use crate::store::column::Json;
use crate::store::rows::{Account, DraftRow, Enclosure, Message};
use crate::store::{reads, writing};

/// A draft's content, by the id that saving it answered or by its message.
///
/// # Errors
/// `NotFound` for what is not the caller's; `Invalid` for a message that is no draft; `Conflict` if it was sent or deleted meanwhile;
/// what the provider's fault means to the caller.
pub async fn open(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    id: &str,
) -> Result<OpenedDraft> {
    match writing::draft(platform, &caller.user, id).await {
        Ok(row) => return present(platform, row).await,
        Err(Error::NotFound) => {}
        Err(other) => return Err(other),
    }
    let (account, message) = reads::owned_message(platform, &caller.user, id).await?;
    if !message.draft {
        return Err(Error::Invalid("id".into(), "This is not a draft.".into()));
    }
    let marked = match &message.marker {
        Some(marker) => writing::draft_marked(platform, &account.id, marker).await?,
        None => None,
    };
    let row = match marked {
        Some(row) if row.state == "leaving" => return Err(gone()),
        Some(row) if is_current(&row, &message) => row,
        marked => take_up(platform, connect, caller, &account, &message, marked).await?,
    };
    present(platform, row).await
}

/// Whether a row says all that there is to this message: it made it, or has something newer that the provider has yet to get.
fn is_current(row: &DraftRow, message: &Message) -> bool {
    row.state != "saved"
        || row
            .message
            .as_ref()
            .is_none_or(|made| *made == message.remote)
}

fn gone() -> Error {
    Error::Conflict("This draft was sent or deleted meanwhile.".into())
}

async fn present(platform: &impl Platform, row: DraftRow) -> Result<OpenedDraft> {
    let kept = writing::enclosures(platform, &row.id).await?;
    let mut draft = row.content.0;
    for part in &mut draft.attachments {
        let enclosure = kept.iter().find(|kept| kept.upload == part.upload);
        part.size = enclosure.and_then(|kept| u64::try_from(kept.size).ok());
    }
    Ok(OpenedDraft {
        draft,
        message: row
            .message
            .map(|remote| ids::message(&row.account, &remote)),
        saved: Saved {
            id: row.id,
            revision: row.revision,
        },
    })
}

/// Makes the row of a draft that was written elsewhere, or was changed there since it was saved here.
async fn take_up(
    platform: &impl Platform,
    connect: &impl Connect,
    caller: &Caller,
    account: &Account,
    message: &Message,
    marked: Option<DraftRow>,
) -> Result<DraftRow> {
    let fault = |error| Error::of_provider(error, &account.id);
    let mailbox = connect
        .connect(&Linked::from(account))
        .await
        .map_err(fault)?;
    let remote = mailbox.draft_of(&message.remote).await.map_err(fault)?;
    let Some(remote) = remote else {
        // An older form of it, of which the next look at what is new will tell.
        return marked.ok_or_else(gone);
    };
    let known = writing::draft_at(platform, &account.id, &remote).await?;
    if let Some(row) = known.as_ref().filter(|row| is_current(row, message)) {
        return Ok(row.clone());
    }
    let id = match &known {
        Some(row) => row.id.clone(),
        None => ids::draft(&account.id, &remote),
    };
    let enclosures = enclosures(platform, connect, account, message, &id).await?;
    let content = content(platform, account, message, &enclosures).await?;
    let now = platform.now();
    let row = DraftRow {
        id: id.clone(),
        user: caller.user.clone(),
        account: account.id.clone(),
        revision: ids::fresh(platform),
        content: Json(content),
        state: "saved".into(),
        marker: known
            .as_ref()
            .map_or_else(|| ids::fresh(platform), |row| row.marker.clone()),
        remote: Some(remote),
        message: Some(message.remote.clone()),
        creating: false,
        updated: now,
        tries: 0,
        next_try: now,
    };
    let mut writes: Vec<Write> = vec![match &known {
        Some(row) => writing::require_draft(&row.id, &row.revision),
        None => writing::require_no_draft(&id),
    }];
    writes.push(writing::delete_enclosures(&id));
    writes.extend(writing::put_enclosures(enclosures));
    writes.extend(writing::put_draft(row.clone()));
    match platform.apply(writes).await {
        Ok(()) => Ok(row),
        // Opened twice at once, or saved meanwhile: that one counts.
        Err(StoreError::Conflict(_)) => writing::draft(platform, &caller.user, &id).await,
        Err(other) => Err(other.into()),
    }
}

/// The message's attachments, kept for the draft under names that a later saving gives back.
async fn enclosures(
    platform: &impl Platform,
    connect: &impl Connect,
    account: &Account,
    message: &Message,
    owner: &str,
) -> Result<Vec<Enclosure>> {
    let mut rows = Vec::new();
    for (position, file) in message.files.0.iter().enumerate() {
        let kept = mailbox::fetch(platform, connect, account, message, Some(&file.id)).await?;
        rows.push(Enclosure {
            owner: owner.to_owned(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            upload: ids::fresh(platform),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            content_id: file.content_id.clone().filter(|_| file.inline),
            blob: kept.blob,
            size: kept.size,
        });
    }
    Ok(rows)
}

async fn content(
    platform: &impl Platform,
    account: &Account,
    message: &Message,
    enclosures: &[Enclosure],
) -> Result<Draft> {
    let (text, html) = open_body(platform, &message.id).await?;
    let part = |row: &Enclosure| Part {
        name: row.name.clone(),
        media_type: row.media_type.clone(),
        upload: row.upload.clone(),
        content_id: row.content_id.clone(),
        size: None,
    };
    let from = message.sender.0.as_ref().map(|from| from.email.clone());
    let sender = from.filter(|from| {
        !from.eq_ignore_ascii_case(&account.email)
            && own_addresses(account)
                .iter()
                .any(|own| own.eq_ignore_ascii_case(from))
    });
    Ok(Draft {
        account: account.id.clone(),
        sender,
        to: message.recipients.0.clone(),
        cc: message.cc.0.clone(),
        bcc: message.bcc.0.clone(),
        subject: message.subject.clone(),
        html: html.map(|html| sanitise::own(&html, &message.files.0)),
        text: Some(text),
        attachments: enclosures.iter().map(part).collect(),
        in_relation: answered(platform, message).await?,
    })
}

/// What it answers, so that it stays in its conversation when it is saved.
async fn answered(
    platform: &impl Platform,
    message: &Message,
) -> Result<Option<(Relation, String)>> {
    let Some(original) = &message.in_reply_to else {
        return Ok(None);
    };
    let thread = reads::thread_messages(platform, &message.thread).await?;
    let original = thread
        .into_iter()
        .find(|other| other.header_id.as_ref() == Some(original));
    Ok(original.map(|original| (Relation::Reply, original.id)))
}
