//! Folders, by their well-known names and never by what they are called, and categories.

use super::batch::Part;
use super::wire::{Category, Folder, Page, id_of};
use super::{CATEGORY, Graph, preferring};
use crate::oauth;
use crate::platform::Platform;
use crate::provider::client::{Call, escape};
use crate::provider::{ProviderError, RemoteFolder, Result, Role};

/// Well-known names and what they are for. None: not for people (queues, logs of synchronising).
const WELL_KNOWN: [(&str, Option<Role>); 10] = [
    ("inbox", Some(Role::Inbox)),
    ("sentitems", Some(Role::Sent)),
    ("drafts", Some(Role::Drafts)),
    ("archive", Some(Role::Archive)),
    ("junkemail", Some(Role::Spam)),
    ("deleteditems", Some(Role::Trash)),
    ("outbox", None),
    ("syncissues", None),
    ("conversationhistory", None),
    ("msgfolderroot", None),
];

/// A tree deeper than this is not walked: a person can't make one by accident.
const DEEPEST: usize = 30;

impl<P: Platform> Graph<'_, P> {
    pub(super) async fn all_folders(&self) -> Result<Vec<RemoteFolder>> {
        let known = self.well_known().await?;
        let root = known
            .iter()
            .find(|(name, _, _)| *name == "msgfolderroot")
            .map(|(_, _, id)| id.clone());
        let mut found: Vec<RemoteFolder> = Vec::new();
        let mut level = self.pages::<Folder>("/mailFolders?$top=100").await?;
        for _ in 0..DEEPEST {
            let mut deeper = Vec::new();
            for folder in level {
                let search = folder
                    .kind
                    .as_deref()
                    .is_some_and(|kind| kind.ends_with("mailSearchFolder"));
                let role = known
                    .iter()
                    .find(|(_, _, id)| *id == folder.id)
                    .map(|(_, role, _)| *role);
                if search || role == Some(None) {
                    continue;
                }
                if folder.child_folder_count > 0 {
                    deeper.push(folder.id.clone());
                }
                found.push(RemoteFolder {
                    name: folder.display_name,
                    parent: folder
                        .parent_folder_id
                        .filter(|parent| Some(parent) != root.as_ref()),
                    role: role.flatten().unwrap_or(Role::Folder),
                    color: None,
                    total: folder.total_item_count,
                    id: folder.id,
                });
            }
            if deeper.is_empty() {
                break;
            }
            level = Vec::new();
            for parent in deeper {
                match self
                    .pages::<Folder>(&format!(
                        "/mailFolders/{}/childFolders?$top=100",
                        escape(&parent)
                    ))
                    .await
                {
                    Ok(children) => level.extend(children),
                    // Deleted meanwhile.
                    Err(ProviderError::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        found.extend(self.categories().await?);
        Ok(found)
    }

    /// Name, role and id of the well-known folders that there are; not every mailbox has all.
    async fn well_known(&self) -> Result<Vec<(&'static str, Option<Role>, String)>> {
        let parts: Vec<Part> = WELL_KNOWN
            .iter()
            .map(|(name, _)| Part::get(format!("/mailFolders/{name}?$select=id")))
            .collect();
        let mut found = Vec::new();
        for ((name, role), answer) in WELL_KNOWN.into_iter().zip(self.batch(&parts).await?) {
            match answer {
                Ok(body) => {
                    if let Some(id) = id_of(&body) {
                        found.push((name, role, id));
                    }
                }
                Err(ProviderError::NotFound | ProviderError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The person's list of categories; without the right to see it, there is none. For shared mailboxes there is no such right.
    async fn categories(&self) -> Result<Vec<RemoteFolder>> {
        if self.shared.is_some() {
            return Ok(Vec::new());
        }
        let grant = oauth::tokens::kept(self.client.platform, &self.client.account).await;
        let allowed = |scope: &String| scope.ends_with("MailboxSettings.Read");
        if !matches!(grant, Ok(Some(grant)) if grant.scopes().iter().any(allowed)) {
            return Ok(Vec::new());
        }
        let categories = match self.pages::<Category>("/outlook/masterCategories").await {
            Ok(categories) => categories,
            Err(
                ProviderError::MissingScope(_)
                | ProviderError::NotFound
                | ProviderError::Refused(_),
            ) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let folder = |category: Category| RemoteFolder {
            id: format!("{CATEGORY}{}", category.display_name),
            color: category.color.as_deref().and_then(color).map(str::to_owned),
            name: category.display_name,
            parent: None,
            role: Role::Label,
            total: None,
        };
        Ok(categories.into_iter().map(folder).collect())
    }

    /// All pages of a listing.
    pub(super) async fn pages<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let mut found = Vec::new();
        let mut next = Some(self.url(path));
        while let Some(url) = next {
            let page: Page<T> = self
                .client
                .json(preferring(Call::get(self.given(&url)?), None))
                .await?;
            found.extend(page.value);
            next = page.next_link;
        }
        Ok(found)
    }
}

/// Outlook's colours.
fn color(preset: &str) -> Option<&'static str> {
    const COLORS: [&str; 25] = [
        "#e7a1a2", "#f9ba89", "#f7dd8f", "#fcfa90", "#78d168", "#9fdcc9", "#c6d2b0", "#9db7e8",
        "#b5a1e2", "#daaec2", "#dad9dc", "#6b7994", "#bfbfbf", "#6f6f6f", "#4f4f4f", "#c11a25",
        "#e2620d", "#c79930", "#b9b300", "#368f2b", "#329b7a", "#778b45", "#2858a5", "#5c3fa3",
        "#93446b",
    ];
    COLORS
        .get(preset.strip_prefix("preset")?.parse::<usize>().ok()?)
        .copied()
}
