//! An action in the provider's terms, or the reason why it can't be done.

use crate::accounts::abilities::Abilities;
use crate::model::Action;
use crate::oauth::Feature;
use crate::provider::{Edit, Role};
use crate::store::folders::Folders;
use crate::store::rows::{Account, Message};

fn target(id: &str, folders: &Folders, label: bool) -> Result<String, String> {
    let unknown = || "There is no such folder in this message's account.".to_owned();
    let role = folders
        .role(id)
        .filter(|_| folders.knows(id))
        .ok_or_else(unknown)?;
    let fits = match role {
        Role::Sent | Role::Drafts | Role::All | Role::Starred => false,
        Role::Label | Role::Important => label || !folders.exclusive(),
        _ => !label,
    };
    if !fits {
        let what = if label {
            "This is a folder, not a label."
        } else {
            "Messages can't be moved there."
        };
        return Err(what.to_owned());
    }
    folders.remote(id).map(str::to_owned).ok_or_else(unknown)
}

/// A move, by what its target is for: the trash and its like have ways of their own in and out.
fn move_to(id: &str, folders: &Folders, message: &Message) -> Result<Edit, String> {
    let remote = target(id, folders, false)?;
    let is_in = |role: Role| {
        let role = Some(role);
        message.folders.0.iter().any(|id| folders.role(id) == role)
    };
    Ok(match folders.role(id) {
        Some(Role::Trash) => Edit::Trash,
        Some(Role::Spam) => Edit::Spam,
        Some(Role::Inbox) if folders.exclusive() => Edit::MoveTo(remote),
        Some(Role::Inbox) if is_in(Role::Trash) => Edit::Restore(None),
        Some(Role::Inbox) if is_in(Role::Spam) => Edit::NotSpam,
        Some(Role::Inbox) => Edit::Unarchive,
        _ => Edit::MoveTo(remote),
    })
}

/// The edit that an action means for this message.
pub(super) fn edit(
    action: &Action,
    account: &Account,
    abilities: &Abilities,
    folders: &Folders,
    message: &Message,
) -> Result<Edit, String> {
    if account.state != "active" {
        return Err("The account is unlinked.".into());
    }
    if abilities.lacks(Feature::Modify) {
        return Err("The consent given to this account does not include changing mail.".into());
    }
    if !abilities.can(Feature::Modify) {
        return Err("Changing mail is switched off in the mail settings.".into());
    }
    let has_role = |role: Role| {
        message
            .folders
            .0
            .iter()
            .any(|id| folders.role(id) == Some(role))
    };
    let stays = message.draft
        && matches!(
            action,
            Action::Archive
                | Action::Unarchive
                | Action::Spam
                | Action::NotSpam
                | Action::MoveTo(_)
                | Action::AddLabel(_)
        );
    if stays {
        return Err("A draft stays among the drafts until it is sent or discarded.".into());
    }
    Ok(match action {
        Action::MarkRead => Edit::Read(true),
        Action::MarkUnread => Edit::Read(false),
        Action::Star => Edit::Starred(true),
        Action::Unstar => Edit::Starred(false),
        Action::Archive => Edit::Archive,
        Action::Unarchive => Edit::Unarchive,
        Action::Trash => Edit::Trash,
        Action::Restore if !has_role(Role::Trash) => {
            return Err("The message is not in the trash.".into());
        }
        Action::Restore => Edit::Restore(message.origin.clone().filter(|_| folders.exclusive())),
        Action::Spam => Edit::Spam,
        Action::NotSpam if !has_role(Role::Spam) => {
            return Err("The message is not in spam.".into());
        }
        Action::NotSpam => Edit::NotSpam,
        Action::DeleteForEver if abilities.lacks(Feature::Delete) => {
            return Err("The consent given to this account does not include deleting.".into());
        }
        Action::DeleteForEver if !abilities.can(Feature::Delete) => {
            return Err(
                "Deleting for ever is switched off in the mail settings; the provider empties the trash."
                    .into(),
            );
        }
        Action::DeleteForEver => Edit::DeleteForEver,
        Action::MoveTo(id) => move_to(id, folders, message)?,
        Action::AddLabel(id) => Edit::AddLabel(target(id, folders, true)?),
        Action::RemoveLabel(id) => Edit::RemoveLabel(target(id, folders, true)?),
    })
}

/// The folder to come back to from the trash.
pub(super) fn origin(action: &Action, folders: &Folders, message: &Message) -> Option<String> {
    if *action != Action::Trash {
        return None;
    }
    let container = message
        .folders
        .0
        .iter()
        .find(|id| folders.is_container(id) && folders.role(id) != Some(Role::Trash))?;
    folders.remote(container).map(str::to_owned)
}
