//! The bytes of a message: held, or made again from the seed each time they are asked for, so that 100,000 messages of real size fit
//! into little memory; and what a mailbox is filled with at start.

use bytes::Bytes;

use crate::Account;
use crate::corpus::{Corpus, FolderRole, Item, Options, Person};

/// Generated mail is spread over that many days: a "one month back" backfill takes part of it.
const DAYS: u32 = 300;

/// Where a message's bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    /// Held.
    Held(Bytes),
    /// Made on demand.
    Made(Item),
}

impl Content {
    /// The whole RFC 5322 text.
    pub fn raw(&self) -> Bytes {
        match self {
            Content::Held(raw) => raw.clone(),
            Content::Made(item) => item.raw().into(),
        }
    }
}

/// A message to fill a mailbox with, with what an index needs so that nothing must be parsed at start.
#[derive(Debug, Clone)]
pub struct SeedMail {
    /// Its bytes.
    pub content: Content,
    /// Milliseconds since the Unix epoch.
    pub received: u64,
    /// Messages with equal keys are one conversation; none: find out from its headers.
    pub conversation: Option<u64>,
    /// RFC 5322 Message-ID with angle brackets, as far as it is known without parsing.
    pub message_id: Option<String>,
    /// Where it lies.
    pub role: FolderRole,
    /// Is it read?
    pub read: bool,
    /// Starred or flagged?
    pub starred: bool,
    /// Marked important by the provider?
    pub important: bool,
}

/// What an account's mailbox holds at start: as many generated messages as it asks for, the newest a little before `now`
/// (milliseconds since the Unix epoch), then its imported ones, dated `now`. Oldest first.
pub fn fill(account: &Account, seed: u64, now: u64) -> Vec<SeedMail> {
    let mut mail = Vec::new();
    if account.messages > 0 {
        let corpus = Corpus::from_options(&Options {
            seed,
            count: usize::try_from(account.messages).unwrap_or(usize::MAX),
            profile: account.profile,
            now,
            days: DAYS,
            owner: Person::new(&account.name, &account.address),
        });
        mail.extend(corpus.items.into_iter().map(generated));
    }
    mail.extend(account.mail.iter().map(|raw| SeedMail {
        content: Content::Held(raw.clone()),
        received: now,
        conversation: None,
        message_id: None,
        role: FolderRole::Inbox,
        read: false,
        starred: false,
        important: false,
    }));
    mail
}

fn generated(item: Item) -> SeedMail {
    SeedMail {
        received: item.received,
        conversation: Some(item.thread),
        message_id: item.message_id().map(str::to_owned),
        role: item.role,
        read: item.read,
        starred: item.starred,
        important: item.important,
        content: Content::Made(item),
    }
}
