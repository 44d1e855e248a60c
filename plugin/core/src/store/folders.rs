//! The folders of one account, looked up by what they are for.

use std::collections::{HashMap, HashSet};

use super::query;
use super::rows::{Account, Folder};
use crate::ids;
use crate::platform::{Platform, StoreError};
use crate::provider::Role;

/// The folders of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folders {
    account: String,
    exclusive: bool,
    by_id: HashMap<String, (Option<String>, Role)>,
    by_role: HashMap<Role, String>,
    left_out: HashSet<String>,
}

impl Folders {
    pub(crate) async fn load(
        platform: &impl Platform,
        account: &Account,
    ) -> Result<Self, StoreError> {
        let rows: Vec<Folder> =
            query::all(platform, vec![query::text("account", &account.id)], None).await?;
        Ok(Self::new(account, &rows))
    }

    fn new(account: &Account, rows: &[Folder]) -> Self {
        let left_out = account.left_out().iter();
        let mut folders = Self {
            account: account.id.clone(),
            exclusive: account.exclusive,
            left_out: left_out
                .map(|remote| ids::folder(&account.id, remote))
                .collect(),
            ..Self::default()
        };
        for row in rows {
            let Some(role) = row.role.as_ref().map(|role| role.0) else {
                continue;
            };
            folders
                .by_id
                .insert(row.id.clone(), (row.remote.clone(), role));
            if !matches!(role, Role::Label | Role::Folder) {
                folders
                    .by_role
                    .entry(role)
                    .or_insert_with(|| row.id.clone());
            }
        }
        folders
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Whether a message is in one folder at a time, labels aside.
    pub(crate) fn exclusive(&self) -> bool {
        self.exclusive
    }

    pub(crate) fn role(&self, id: &str) -> Option<Role> {
        self.by_id.get(id).map(|(_, role)| *role)
    }

    pub(crate) fn knows(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn with_role(&self, role: Role) -> Option<&str> {
        self.by_role.get(&role).map(String::as_str)
    }

    /// The provider's id of a folder; none: one of ours, or unknown.
    pub(crate) fn remote(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).and_then(|(remote, _)| remote.as_deref())
    }

    /// Whether a folder excludes others: a label does not, nor one of ours, nor what is not among the folders. That is a category whose list
    /// may not be read.
    pub(crate) fn is_container(&self, id: &str) -> bool {
        self.exclusive
            && self.remote(id).is_some()
            && self.role(id).is_some_and(|role| role != Role::Label)
    }

    /// Our ids of the provider's folders. Stars have a mark of their own; what is starred is told by that.
    pub(crate) fn local(&self, remote: &[String]) -> Vec<String> {
        let mut ids: Vec<String> = remote
            .iter()
            .filter(|remote| !matches!(remote.as_str(), "STARRED" | "UNREAD"))
            .map(|remote| ids::folder(&self.account, remote))
            .filter(|id| self.role(id) != Some(Role::Starred))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether a message is not to be kept: it stands in left out folders and in no other. Marks and categories are no places, so
    /// they keep nothing.
    pub(crate) fn drops(&self, folders: &[String]) -> bool {
        let mut left_out = false;
        for id in folders {
            match self.role(id) {
                Some(Role::Important | Role::Starred | Role::All) => {}
                Some(Role::Label) if self.exclusive => {}
                _ if self.left_out.contains(id) => left_out = true,
                _ => return false,
            }
        }
        left_out
    }

    /// Whether a message in these folders is out of the way: spam or trash.
    pub(crate) fn hidden(&self, folders: &[String]) -> bool {
        folders
            .iter()
            .any(|id| matches!(self.role(id), Some(Role::Spam | Role::Trash)))
    }
}
