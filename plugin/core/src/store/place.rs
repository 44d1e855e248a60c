//! Where a message is and how it is marked: how the provider's news and a person's edits change it.
//!
//! Pure. Edits are idempotent, so that laying the pending ones over whatever the provider tells gives what a person must see.

use serde::{Deserialize, Serialize};

use super::folders::Folders;
use crate::provider::{Edit, Light, Role};

/// Marks and folders of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Not read yet.
    pub unread: bool,
    /// Starred or flagged.
    pub starred: bool,
    /// Our ids, sorted.
    pub folders: Vec<String>,
}

impl Place {
    fn put(&mut self, id: &str) {
        if let Err(at) = self
            .folders
            .binary_search_by(|known| known.as_str().cmp(id))
        {
            self.folders.insert(at, id.to_owned());
        }
    }

    fn take(&mut self, id: &str) {
        self.folders.retain(|known| known != id);
    }

    fn is_in(&self, role: Role, folders: &Folders) -> bool {
        self.folders.iter().any(|id| folders.role(id) == Some(role))
    }

    fn put_role(&mut self, role: Role, folders: &Folders) {
        if let Some(id) = folders.with_role(role) {
            self.put(id);
        }
    }

    fn take_role(&mut self, role: Role, folders: &Folders) {
        self.folders.retain(|id| folders.role(id) != Some(role));
    }

    /// Into this folder and out of all that exclude it.
    fn move_into(&mut self, id: &str, folders: &Folders) {
        self.folders.retain(|known| !folders.is_container(known));
        self.put(id);
    }

    fn move_to_role(&mut self, role: Role, folders: &Folders) {
        if let Some(id) = folders.with_role(role) {
            self.move_into(id, folders);
        }
    }

    /// What the provider told; what it did not tell stays.
    pub(crate) fn merge(&mut self, light: &Light, folders: &Folders) {
        if let Some(read) = light.read {
            self.unread = !read;
        }
        if let Some(starred) = light.starred {
            self.starred = starred;
        }
        if let Some(remote) = &light.folders {
            self.folders = folders.local(remote);
        }
    }

    /// Containers that were added or removed.
    pub(crate) fn relabel(&mut self, added: &[String], removed: &[String], folders: &Folders) {
        for id in folders.local(removed) {
            self.take(&id);
        }
        for id in folders.local(added) {
            self.put(&id);
        }
    }

    /// What an edit leads to; none: the message is gone. Ids within the edit are the provider's.
    pub(crate) fn edit(mut self, edit: &Edit, folders: &Folders) -> Option<Self> {
        let local = |remote: &str| crate::ids::folder(folders.account(), remote);
        match edit {
            Edit::Read(read) => self.unread = !read,
            Edit::Starred(starred) => self.starred = *starred,
            Edit::Archive if folders.exclusive() => self.move_to_role(Role::Archive, folders),
            Edit::Archive => self.take_role(Role::Inbox, folders),
            Edit::Unarchive if folders.exclusive() => self.move_to_role(Role::Inbox, folders),
            Edit::Unarchive => self.put_role(Role::Inbox, folders),
            Edit::Trash if folders.exclusive() => self.move_to_role(Role::Trash, folders),
            Edit::Trash => {
                self.take_role(Role::Inbox, folders);
                self.take_role(Role::Spam, folders);
                self.put_role(Role::Trash, folders);
            }
            Edit::Restore(Some(remote)) => {
                self.take_role(Role::Trash, folders);
                self.move_into(&local(remote), folders);
            }
            Edit::Restore(None) if folders.exclusive() => self.move_to_role(Role::Inbox, folders),
            Edit::Restore(None) => {
                self.take_role(Role::Trash, folders);
                // What was sent stays where it is, as at Gmail.
                if !self.is_in(Role::Sent, folders) && !self.is_in(Role::Drafts, folders) {
                    self.put_role(Role::Inbox, folders);
                }
            }
            Edit::Spam if folders.exclusive() => self.move_to_role(Role::Spam, folders),
            Edit::Spam => {
                self.take_role(Role::Inbox, folders);
                self.put_role(Role::Spam, folders);
            }
            Edit::NotSpam if folders.exclusive() => self.move_to_role(Role::Inbox, folders),
            Edit::NotSpam => {
                self.take_role(Role::Spam, folders);
                self.put_role(Role::Inbox, folders);
            }
            Edit::MoveTo(remote) => {
                for role in [Role::Inbox, Role::Spam, Role::Trash] {
                    self.take_role(role, folders);
                }
                self.move_into(&local(remote), folders);
            }
            Edit::AddLabel(remote) => self.put(&local(remote)),
            Edit::RemoveLabel(remote) => self.take(&local(remote)),
            Edit::DeleteForEver => return None,
        }
        Some(self)
    }
}
