//! Taking an action back.

use std::collections::{BTreeMap, HashMap};

use super::{BATCH, queue_edits};
use crate::model::{Caller, Error, Result};
use crate::platform::Platform;
use crate::provider::{Edit, Role};
use crate::store::commit::{Moved, News, Place, commit, real};
use crate::store::folders::Folders;
use crate::store::rows::Light;
use crate::store::{accounts, queues, reads};

/// Takes an action back where what it changed has not been changed again.
///
/// # Errors
/// `NotFound` for an unknown, old or foreign action; `Conflict` if there is nothing left of it.
pub async fn undo(platform: &impl Platform, caller: &Caller, id: &str) -> Result<()> {
    let row = queues::undo(platform, &caller.user, id).await?;
    let wanted: Vec<String> = row
        .done
        .0
        .iter()
        .map(|moved| moved.message.clone())
        .collect();
    let lights: HashMap<String, Light> = reads::lights(platform, &wanted)
        .await?
        .into_iter()
        .map(|light| (light.id.clone(), light))
        .collect();
    let messages: HashMap<String, String> = reads::messages_by_id(platform, &wanted)
        .await?
        .into_iter()
        .map(|message| (message.id, message.account))
        .collect();
    let mut by_account: BTreeMap<&str, Vec<&Moved>> = BTreeMap::new();
    for moved in &row.done.0 {
        let (Some(light), Some(account)) =
            (lights.get(&moved.message), messages.get(&moved.message))
        else {
            continue;
        };
        let now = Place {
            unread: light.unread,
            starred: light.starred,
            folders: real(&light.folders.0, account),
        };
        if moved.after.as_ref() == Some(&now) {
            by_account.entry(account).or_default().push(moved);
        }
    }
    if by_account.is_empty() && !row.done.0.is_empty() {
        return Err(Error::Conflict(
            "What it changed has been changed again, or is gone.".into(),
        ));
    }
    for (account, moved) in by_account {
        let account = accounts::owned(platform, &caller.user, account).await?;
        let folders = Folders::load(platform, &account).await?;
        for moved in moved.chunks(BATCH) {
            let queue: Vec<(String, Edit)> = moved
                .iter()
                .filter_map(|moved| Some((moved, moved.after.as_ref()?)))
                .flat_map(|(moved, after)| {
                    back(after, &moved.before, &folders)
                        .into_iter()
                        .map(|edit| (moved.message.clone(), edit))
                })
                .collect();
            let news: Vec<News> = queue
                .iter()
                .map(|(message, edit)| News::Edited {
                    message: message.clone(),
                    edit: edit.clone(),
                })
                .collect();
            commit(platform, &account.id, &news, |outcome| {
                queue_edits(&account, &queue, id, outcome)
            })
            .await?;
        }
    }
    platform.apply(vec![queues::delete_undo(id)]).await?;
    Ok(())
}

/// Edits that lead from one place to another.
fn back(from: &Place, to: &Place, folders: &Folders) -> Vec<Edit> {
    let mut edits = Vec::new();
    if from.unread != to.unread {
        edits.push(Edit::Read(!to.unread));
    }
    if from.starred != to.starred {
        edits.push(Edit::Starred(to.starred));
    }
    let missing: Vec<&String> = to
        .folders
        .iter()
        .filter(|id| !from.folders.contains(id))
        .collect();
    let extra: Vec<&String> = from
        .folders
        .iter()
        .filter(|id| !to.folders.contains(id))
        .collect();
    let role = |id: &String| folders.role(id);
    let remote = |id: &String| folders.remote(id).map(str::to_owned);
    if folders.exclusive() {
        let container = missing
            .iter()
            .find(|id| folders.is_container(id))
            .and_then(|id| remote(id));
        edits.extend(container.map(Edit::MoveTo));
    } else {
        let leaves = |wanted: Role| extra.iter().any(|id| role(id) == Some(wanted));
        let enters = |wanted: Role| missing.iter().any(|id| role(id) == Some(wanted));
        let in_inbox = to.folders.iter().any(|id| role(id) == Some(Role::Inbox));
        if leaves(Role::Trash) {
            edits.push(Edit::Restore(None));
        }
        if leaves(Role::Spam) {
            edits.push(Edit::NotSpam);
        }
        if enters(Role::Trash) {
            edits.push(Edit::Trash);
        }
        if enters(Role::Spam) {
            edits.push(Edit::Spam);
        }
        if in_inbox && enters(Role::Inbox) {
            edits.push(Edit::Unarchive);
        } else if !in_inbox && (leaves(Role::Inbox) || leaves(Role::Trash) || leaves(Role::Spam)) {
            edits.push(Edit::Archive);
        }
    }
    let label = |id: &&&String| {
        if folders.exclusive() {
            role(id) == Some(Role::Label)
        } else {
            matches!(role(id), Some(Role::Label | Role::Important))
        }
    };
    edits.extend(
        missing
            .iter()
            .filter(|id| label(id))
            .filter_map(|id| remote(id))
            .map(Edit::AddLabel),
    );
    edits.extend(
        extra
            .iter()
            .filter(|id| label(id))
            .filter_map(|id| remote(id))
            .map(Edit::RemoveLabel),
    );
    edits
}
