//! Writing: replies and forwards prepared, drafts kept here and at the provider, messages sent exactly once.

pub(crate) mod drafts;
mod files;
pub(crate) mod outbox;
mod prepare;
mod recipients;
mod taken_up;

use crate::accounts::abilities::Abilities;
use crate::model::{Draft, Error, Result};
use crate::oauth::Feature;
use crate::platform::Platform;
use crate::provider::{Address, Outgoing, OutgoingAttachment, Relation};
use crate::settings::ProviderKind;
use crate::store::rows::{Account, Enclosure};
use crate::store::{accounts, reads, writing};
use crate::{content, platform::StoreError};

pub use drafts::{discard, save};
pub use outbox::{cancel, outbox, send};
pub use prepare::prepare;
pub use recipients::recipients;
pub use taken_up::open;

/// Bytes of all attachments of a message. Gmail takes 25 MB, which encoded stay below the 35 MiB of a whole message; Graph takes 150 MB of
/// each, and an organisation may allow less, which Exchange then says.
pub(crate) fn attachments_limit(account: &Account) -> u64 {
    match ProviderKind::from_name(&account.provider) {
        Some(ProviderKind::Microsoft) => 150 * MEGABYTE,
        Some(ProviderKind::Google) | None => 25 * MEGABYTE,
    }
}

/// As people are told it.
const MEGABYTE: u64 = 1_000_000;

/// Checks that a message may carry this much.
fn fits(account: &Account, total: i64) -> Result<()> {
    let limit = attachments_limit(account);
    if u64::try_from(total).is_ok_and(|total| total <= limit) {
        return Ok(());
    }
    Err(Error::Invalid(
        "attachments".into(),
        format!("Attachments may have {} MB altogether.", limit / MEGABYTE),
    ))
}

/// Most recipients of one message: Exchange's default.
const RECIPIENTS: usize = 500;

/// Something that looks like an address: the provider has the last word.
pub(crate) fn plausible(email: &str) -> bool {
    let parts = email.rsplit_once('@');
    let clean = !email.chars().any(|character| {
        character.is_whitespace() || character.is_control() || matches!(character, '<' | '>' | ',')
    });
    clean && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// The account that sends, after what can be checked beforehand.
async fn checked(
    platform: &impl Platform,
    user: &str,
    draft: &Draft,
    sending: bool,
) -> Result<Account> {
    let account = accounts::owned(platform, user, &draft.account).await?;
    if account.state != "active" {
        return Err(Error::Reconnect(account.id));
    }
    let invalid = |field: &str, why: &str| Error::Invalid(field.into(), why.into());
    let abilities = Abilities::of(platform, &account).await?;
    if abilities.lacks(Feature::Send) {
        return Err(Error::Reconnect(account.id));
    }
    if !abilities.can(Feature::Send) {
        return Err(Error::AdministratorAction(
            "Sending is switched off in the mail settings.".into(),
        ));
    }
    let people: Vec<&Address> = draft.to.iter().chain(&draft.cc).chain(&draft.bcc).collect();
    if sending && people.is_empty() {
        return Err(invalid("to", "Name at least one recipient."));
    }
    if people.len() > RECIPIENTS {
        return Err(invalid(
            "to",
            "These are too many recipients for one message.",
        ));
    }
    if sending && let Some(bad) = people.iter().find(|address| !plausible(&address.email)) {
        return Err(Error::Invalid(
            "to".into(),
            format!("{} is no e-mail address.", bad.email),
        ));
    }
    if draft.subject.contains(['\r', '\n']) {
        return Err(invalid("subject", "A subject has one line."));
    }
    if let Some(sender) = &draft.sender
        && !own_addresses(&account)
            .iter()
            .any(|own| own.eq_ignore_ascii_case(sender))
    {
        return Err(invalid(
            "sender",
            "This account can't send as this address.",
        ));
    }
    if let Some((_, original)) = &draft.in_relation {
        let (theirs, _) = reads::owned_message(platform, user, original).await?;
        if theirs.id != account.id {
            return Err(invalid(
                "account",
                "A reply is sent from the account that received the message.",
            ));
        }
    }
    Ok(account)
}

/// The account's addresses.
fn own_addresses(account: &Account) -> Vec<String> {
    let aliases = account.aliases.0.iter().map(|alias| alias.email.clone());
    std::iter::once(account.email.clone())
        .chain(aliases)
        .collect()
}

/// Names the uploads' blobs in rows of their new owner, so that they stay.
async fn enclose(
    platform: &impl Platform,
    account: &Account,
    owner: &str,
    draft: &Draft,
    known: &[Enclosure],
) -> Result<Vec<Enclosure>> {
    let mut rows = Vec::new();
    let mut total = 0;
    for (position, part) in draft.attachments.iter().enumerate() {
        let blob = match known
            .iter()
            .find(|enclosure| enclosure.upload == part.upload)
        {
            Some(kept) => kept.blob.clone(),
            None => crate::store::column::Blob(platform.finish(&part.upload).await?),
        };
        let size = i64::try_from(platform.size(&blob.0).await?).unwrap_or(i64::MAX);
        total += size;
        fits(account, total)?;
        rows.push(Enclosure {
            owner: owner.to_owned(),
            position: i64::try_from(position).unwrap_or(i64::MAX),
            upload: part.upload.clone(),
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            content_id: part.content_id.clone(),
            blob,
            size,
        });
    }
    Ok(rows)
}

/// A draft as the provider takes it; `date`: when it was written, in milliseconds since the Unix epoch.
async fn outgoing(
    platform: &impl Platform,
    account: &Account,
    draft: &Draft,
    owner: &str,
    marker: &str,
    date: u64,
) -> std::result::Result<Outgoing, StoreError> {
    let enclosures = writing::enclosures(platform, owner).await?;
    let attachments = enclosures.into_iter().map(|enclosure| OutgoingAttachment {
        name: enclosure.name,
        media_type: enclosure.media_type,
        content_id: enclosure.content_id,
        blob: enclosure.blob.0,
        size: u64::try_from(enclosure.size).unwrap_or_default(),
    });
    let relation = match &draft.in_relation {
        Some((kind, original)) => reads::messages_by_id(platform, std::slice::from_ref(original))
            .await?
            .pop()
            .map(|original| Relation {
                kind: *kind,
                id: original.remote,
                thread: original.conversation,
                message_id: original.header_id,
                references: original.reference_ids.0,
            }),
        None => None,
    };
    let alias = draft.sender.as_ref().and_then(|sender| {
        account
            .aliases
            .0
            .iter()
            .find(|alias| alias.email.eq_ignore_ascii_case(sender))
    });
    let named = (!account.display_name.is_empty()).then(|| Address {
        name: account.display_name.clone(),
        email: account.email.clone(),
    });
    let from = match (&draft.sender, alias) {
        (Some(_), Some(alias)) if !alias.email.eq_ignore_ascii_case(&account.email) => {
            Some(alias.clone())
        }
        _ => named,
    };
    Ok(Outgoing {
        marker: marker.to_owned(),
        from,
        to: draft.to.clone(),
        cc: draft.cc.clone(),
        bcc: draft.bcc.clone(),
        subject: draft.subject.clone(),
        html: draft.html.clone(),
        text: draft
            .text
            .clone()
            .or_else(|| draft.html.as_deref().map(content::text::of_html)),
        date,
        attachments: attachments.collect(),
        relation,
    })
}
