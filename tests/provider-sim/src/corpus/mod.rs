//! Realistic mail, made by code: the same seed makes the same mailbox, byte for byte, on every machine.
//!
//! A corpus is a *plan*: who wrote to whom, when, in which thread, into which folder. The bytes of a message are rendered when
//! somebody asks for them and are not kept, so that a mailbox of 100,000 messages of real size costs megabytes, not gigabytes.
//!
//! ```
//! use provider_sim::corpus::{Corpus, Profile};
//! let corpus = Corpus::generate(7, 100, Profile::Small, 1_790_000_000_000);
//! assert_eq!(corpus.items.len(), 100);
//! let raw = corpus.items[0].raw();
//! assert!(raw.windows(8).any(|w| w == b"Subject:"));
//! ```

mod bulk;
mod files;
mod import;
pub mod landmark;
pub mod mime;
mod oddity;
mod people;
mod phrases;
mod plan;
mod render;
mod text;

use std::sync::Arc;

pub use import::from_folder;
pub use oddity::Oddity;
pub use people::Person;
pub use text::Language;

use plan::Thread;

/// How large messages are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// About 1 kB each: many messages cheaply.
    Small,
    /// As mailboxes are: median 30 kB, and a tail of several megabytes.
    #[default]
    Real,
}

/// Where a message lies when the mailbox is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FolderRole {
    /// Received, not filed.
    Inbox,
    /// Written by the owner.
    Sent,
    /// Being written by the owner.
    Drafts,
    /// Received and filed away.
    Archive,
    /// Unwanted.
    Spam,
    /// Thrown away.
    Trash,
    /// In a folder (or under a label) of the owner's own; `/` nests.
    Folder(&'static str),
}

/// Which of the documented messages of [`landmark`] a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Landmark {
    /// [`landmark::MIXED_ID`].
    Mixed,
    /// The message that [`Landmark::Mixed`] answers.
    MixedOpening,
    /// The owner's answer to [`Landmark::Mixed`].
    MixedAnswer,
    /// [`landmark::WORD_ID`].
    Word,
}

/// What a corpus is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything random follows from it.
    pub seed: u64,
    /// Messages: 10 to 100,000; fewer are raised to 10.
    pub count: usize,
    /// Sizes.
    pub profile: Profile,
    /// The newest message is a little older, in milliseconds since the Unix epoch.
    pub now: u64,
    /// Over how many days before `now` the mail is spread; denser towards `now`.
    pub days: u32,
    /// Whose mailbox it is.
    pub owner: Person,
}

/// A mailbox to be.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// By [`Item::received`], oldest first.
    pub items: Vec<Item>,
}

/// One message: what a mailbox stores of it, and how to make its bytes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Item {
    /// Arrival, in milliseconds since the Unix epoch.
    pub received: u64,
    /// Equal for the messages of one conversation.
    pub thread: u64,
    /// Where it lies.
    pub role: FolderRole,
    /// Has it been read?
    pub read: bool,
    /// Starred or flagged.
    pub starred: bool,
    /// Marked important by the provider.
    pub important: bool,
    /// About how many bytes [`Item::raw`] gives (within a factor of two for ordinary mail).
    pub size: usize,
    /// Set on the documented messages.
    pub landmark: Option<Landmark>,
    plan: Arc<Thread>,
    position: usize,
    seed: u64,
}

impl Corpus {
    /// `count` messages of the default owner (`me@corpus.example`), spread over 300 days before `now` (milliseconds since the Unix
    /// epoch).
    pub fn generate(seed: u64, count: usize, profile: Profile, now: u64) -> Self {
        Self::from_options(&Options {
            seed,
            count,
            profile,
            now,
            days: 300,
            owner: Person::new("Morgan Ellis", "me@corpus.example"),
        })
    }

    /// As told by the options.
    pub fn from_options(options: &Options) -> Self {
        plan::corpus(options)
    }

    /// One odd message for `owner`, arriving at `now` (milliseconds since the Unix epoch).
    pub fn oddity(oddity: Oddity, owner: &Person, now: u64, seed: u64) -> Item {
        plan::oddity(oddity, owner, now, seed)
    }

    /// One ordinary message from a colleague, arriving at `now` (milliseconds since the Unix epoch), in a thread of its own.
    pub fn arrival(owner: &Person, profile: Profile, now: u64, seed: u64) -> Item {
        plan::arrival(owner, profile, now, seed)
    }

    /// A documented message.
    pub fn landmark(&self, landmark: Landmark) -> Option<&Item> {
        self.items.iter().find(|i| i.landmark == Some(landmark))
    }
}

impl Item {
    /// The message as RFC 5322 bytes: always the same for the same item.
    pub fn raw(&self) -> Vec<u8> {
        render::item(self)
    }

    /// Message-ID with angle brackets, if the message has one.
    pub fn message_id(&self) -> Option<&str> {
        self.plan
            .slots
            .get(self.position)
            .and_then(|s| s.id.as_deref())
    }

    /// Subject of the conversation, without `Re:`.
    pub fn subject(&self) -> &str {
        &self.plan.subject
    }
}
