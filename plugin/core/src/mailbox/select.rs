//! Messages that a filter matches, newest first, a page at a time.
//!
//! Words, addresses and domains are looked up in the full text (an address as the phrase of its parts), what else the filter says
//! is checked on the rows. One call looks at a bounded number of rows, so a page may be short although there are more.

use super::{Scope, narrow};
use crate::model::{Filter, Marks, Result};
use crate::platform::Platform;
use crate::provider::Address;
use crate::store::reads;
use crate::store::rows::Message;

/// Rows looked at by one call.
const LOOKED_AT: usize = 2_000;

/// The marks of a message.
pub(crate) fn marks(message: &Message) -> Marks {
    Marks {
        unread: message.unread,
        starred: message.starred,
        important: message.important,
        draft: message.draft,
        answered: message.answered,
        forwarded: message.forwarded,
        attachments: message.has_files,
        muted: false,
        to_do: false,
    }
}

/// What the full text is asked; none: the filter names no words and nobody.
pub(crate) fn words(filter: &Filter) -> Option<String> {
    let mut words: Vec<String> = filter
        .text
        .iter()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    // Of several people any will do, which the full text can't say: they are checked on the rows.
    let people: Vec<&String> = filter.addresses.iter().chain(&filter.domains).collect();
    if let [one] = people.as_slice() {
        words.insert(0, format!("\"{}\"", one.replace('"', " ")));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn involves(message: &Message, filter: &Filter) -> bool {
    if filter.addresses.is_empty() && filter.domains.is_empty() {
        return true;
    }
    let sender = message.sender.0.iter();
    let mut people = sender
        .chain(&message.recipients.0)
        .chain(&message.cc.0)
        .chain(&message.bcc.0);
    people.any(|Address { email, .. }| {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        filter
            .addresses
            .iter()
            .any(|wanted| wanted.trim().eq_ignore_ascii_case(email))
            || filter.domains.iter().any(|wanted| {
                wanted
                    .trim()
                    .trim_start_matches('@')
                    .eq_ignore_ascii_case(domain)
            })
    })
}

/// Whether a message is what the filter asks for.
pub(crate) fn fits(message: &Message, filter: &Filter, scope: &Scope) -> bool {
    let account = scope
        .accounts
        .iter()
        .any(|account| account.id == message.account);
    let lists = scope.lists();
    account
        && lists
            .iter()
            .any(|folder| message.folders.0.contains(folder))
        && marks(message).satisfy(filter.having, filter.lacking)
        && filter.after.is_none_or(|after| message.received >= after)
        && filter.before.is_none_or(|before| message.received < before)
        && involves(message, filter)
}

/// A page of matching messages of this user's accounts; `scope` is the filter's.
pub(crate) async fn page(
    platform: &impl Platform,
    user: &str,
    scope: &Scope,
    filter: &Filter,
    limit: usize,
    mut cursor: Option<String>,
) -> Result<(Vec<Message>, Option<String>)> {
    let accounts: Vec<String> = scope
        .accounts
        .iter()
        .map(|account| account.id.clone())
        .collect();
    let words = words(filter);
    let mut found = Vec::new();
    let mut looked_at = 0;
    loop {
        // Never more than still fit: the cursor points behind the last row that was read.
        let wanted = u32::try_from(limit.saturating_sub(found.len())).unwrap_or(u32::MAX);
        let (rows, next) = match &words {
            Some(words) => {
                let (hits, next) =
                    reads::hits(platform, user, words, narrow(filter), wanted, cursor).await?;
                let ids: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
                (reads::messages_by_id(platform, &ids).await?, next)
            }
            None => reads::messages(platform, &accounts, narrow(filter), wanted, cursor).await?,
        };
        looked_at += rows.len().max(1);
        found.extend(
            rows.into_iter()
                .filter(|message| message.user == user && fits(message, filter, scope)),
        );
        cursor = next;
        if cursor.is_none() || found.len() >= limit || looked_at >= LOOKED_AT {
            return Ok((found, cursor));
        }
    }
}
