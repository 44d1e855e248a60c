//! Reading: folders, lists, conversations, bodies, attachments. Every function answers for the caller's own accounts alone;
//! somebody else's ids are as good as unknown.

mod files;
mod messages;
pub(crate) mod select;
mod threads;

use crate::model::{Caller, Error, Filter, Folder, Result, Role};
use crate::platform::Platform;
use crate::settings::texts::{Locale, Text};
use crate::store::accounts;
use crate::store::reads::Narrow;
use crate::store::rows::{self, Account};

pub(crate) use files::fetch;
pub use files::{attachment, raw};
pub(crate) use messages::open as open_body;
pub use messages::{content, list_messages, message, thread};
pub use threads::list_threads;

/// Most items on a page.
const LIMIT: u32 = 200;

/// Items asked for, as many as a page may hold.
fn limit(asked: u32) -> usize {
    asked.clamp(1, LIMIT) as usize
}

/// Folders of one account, or of all, with their counters.
///
/// # Errors
/// `NotFound` for a foreign account; what the store answers.
pub async fn list_folders(
    platform: &impl Platform,
    caller: &Caller,
    account: Option<&str>,
) -> Result<Vec<Folder>> {
    let accounts = match account {
        Some(id) => vec![accounts::owned(platform, &caller.user, id).await?],
        None => accounts::of_user(platform, &caller.user).await?,
    };
    let locale = Locale::of(&caller.locale);
    let mut folders = Vec::new();
    for account in accounts {
        let rows = accounts::folders(platform, &account.id).await?;
        folders.extend(
            rows.into_iter()
                .filter_map(|row| folder(&account, row, locale)),
        );
    }
    Ok(folders)
}

/// Unread messages in the inboxes of all of the caller's accounts: counters, so that a badge costs next to nothing.
///
/// # Errors
/// What the store answers.
pub async fn unread(platform: &impl Platform, caller: &Caller) -> Result<u64> {
    let accounts = accounts::of_user(platform, &caller.user).await?;
    let folders = accounts::folders_of(platform, &accounts).await?;
    let inboxes = folders.iter().filter(|folder| {
        folder
            .role
            .as_ref()
            .is_some_and(|role| role.0 == Role::Inbox)
    });
    Ok(inboxes
        .map(|folder| u64::try_from(folder.unread.unwrap_or(0)).unwrap_or(0))
        .sum())
}

fn folder(account: &Account, row: rows::Folder, locale: Locale) -> Option<Folder> {
    let count = |value: Option<i64>| u64::try_from(value.unwrap_or(0)).unwrap_or(0);
    let left_out = row
        .remote
        .as_ref()
        .is_some_and(|remote| account.left_out().contains(remote));
    let role = row.role?.0;
    // Ours have no name at the provider that its owner knows them by.
    let name = match (role, &row.remote) {
        (Role::Starred, None) => Text::FolderStarred.in_locale(locale),
        (Role::All, None) => Text::FolderEverything.in_locale(locale),
        _ => row.name?,
    };
    Some(Folder {
        account: account.id.clone(),
        provider_total: row.remote_total.map(|total| count(Some(total))),
        counted: row.counted,
        left_out,
        name,
        parent: row.parent,
        role,
        color: row.color,
        total: count(row.total),
        unread: count(row.unread),
        id: row.id,
    })
}

/// What a filter ranges over.
pub(crate) struct Scope {
    /// The caller's accounts that it asks for.
    pub accounts: Vec<Account>,
    /// The folders that it asks for; empty: everything but spam and trash.
    pub folders: Vec<String>,
}

impl Scope {
    pub(crate) async fn of(platform: &impl Platform, user: &str, filter: &Filter) -> Result<Self> {
        let mut accounts = accounts::of_user(platform, user).await?;
        if filter
            .accounts
            .iter()
            .any(|id| !accounts.iter().any(|account| account.id == *id))
        {
            return Err(Error::NotFound);
        }
        if !filter.accounts.is_empty() {
            accounts.retain(|account| filter.accounts.contains(&account.id));
        }
        if filter.folders.is_empty() {
            return Ok(Self {
                accounts,
                folders: Vec::new(),
            });
        }
        let rows = accounts::folders_by_id(platform, &filter.folders).await?;
        for id in &filter.folders {
            let row = rows
                .iter()
                .find(|row| row.id == *id)
                .ok_or(Error::NotFound)?;
            let owned = row
                .account
                .as_ref()
                .is_some_and(|id| accounts.iter().any(|account| account.id == *id));
            if !owned {
                return Err(Error::NotFound);
            }
        }
        Ok(Self {
            accounts,
            folders: filter.folders.clone(),
        })
    }

    /// The lists to read: one range each.
    pub(crate) fn lists(&self) -> Vec<String> {
        if self.folders.is_empty() {
            return self
                .accounts
                .iter()
                .map(|account| crate::ids::everything(&account.id))
                .collect();
        }
        self.folders.clone()
    }
}

/// The part of a filter that the store narrows a range by.
pub(crate) fn narrow(filter: &Filter) -> Narrow {
    let wanted = |having: bool, lacking: bool| match (having, lacking) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        _ => None,
    };
    Narrow {
        unread: wanted(filter.having.unread, filter.lacking.unread),
        starred: wanted(filter.having.starred, filter.lacking.starred),
        has_files: wanted(filter.having.attachments, filter.lacking.attachments),
        after: filter.after,
        before: filter.before,
    }
}
