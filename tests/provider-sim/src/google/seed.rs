//! Filling a mailbox at start.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::mail::head::Head;
use super::mailbox::{LabelKey, Mailbox, NewMessage, State, system};
use super::resources::sending::thread_of_arrival;
use crate::corpus::FolderRole;
use crate::{Account, SeedMail, fill};

/// The mailbox of an account with everything that was always there: without history.
pub(super) fn mailbox(account: &Account, seed: u64, now: u64) -> Mailbox {
    // Every person's mail is different.
    let mut hasher = DefaultHasher::new();
    account.address.hash(&mut hasher);
    let own_seed = seed ^ hasher.finish();
    let mailbox = Mailbox::new(account.clone(), own_seed);
    let mut threads = HashMap::new();
    {
        let mut state = mailbox.state.write();
        for mail in fill(account, own_seed, now) {
            file(&mut state, mail, &mut threads);
        }
    }
    mailbox
}

fn file(state: &mut State, mail: SeedMail, threads: &mut HashMap<u64, u64>) {
    let labels = labels(state, &mail);
    let (thread, message_id) = match mail.conversation {
        Some(conversation) => (threads.get(&conversation).copied(), mail.message_id),
        None => {
            let head = Head::read(&mail.content.raw());
            (thread_of_arrival(state, &head), head.message_id)
        }
    };
    let id = state.add(
        NewMessage {
            content: mail.content,
            date: mail.received,
            thread,
            labels,
            message_id,
        },
        None,
    );
    if let (Some(conversation), None) = (mail.conversation, thread) {
        threads.insert(conversation, id);
    }
    if mail.role == FolderRole::Drafts {
        state.add_draft(id);
    }
}

fn labels(state: &mut State, mail: &SeedMail) -> Vec<LabelKey> {
    let mut labels = match mail.role {
        FolderRole::Inbox => vec![system::INBOX, system::CATEGORY_PERSONAL],
        FolderRole::Sent => vec![system::SENT],
        FolderRole::Drafts => vec![system::DRAFT],
        FolderRole::Archive => vec![system::CATEGORY_PERSONAL],
        FolderRole::Spam => vec![system::SPAM],
        FolderRole::Trash => vec![system::TRASH],
        FolderRole::Folder(name) => {
            let key = state
                .labels
                .named(name)
                .or_else(|| state.labels.create(name).ok());
            key.into_iter().collect()
        }
    };
    let own = matches!(mail.role, FolderRole::Sent | FolderRole::Drafts);
    if !mail.read && !own {
        labels.push(system::UNREAD);
    }
    if mail.starred {
        labels.push(system::STARRED);
    }
    if mail.important {
        labels.push(system::IMPORTANT);
    }
    labels
}
