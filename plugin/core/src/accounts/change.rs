//! What a person sets on an account.

use super::{Start, get};
use crate::content::sanitise;
use crate::model::{Account, AccountChange, Caller, Error, Result, Role};
use crate::platform::{Platform, Priority, Value, Write};
use crate::store::column::{Column, Json};
use crate::store::rows::{self, Pruning};
use crate::store::{accounts, queues};

/// Bytes of a signature: rich text and a small picture. It is read with the account's row, so it stays small.
const SIGNATURE: usize = 64 << 10;

fn invalid(field: &str, why: &str) -> Error {
    Error::Invalid(field.into(), why.into())
}

/// Changes what is named, all or nothing, and answers the account.
///
/// # Errors
/// `NotFound` for a foreign account; `Invalid` for what can't be set; what the store answers.
pub async fn change(
    platform: &impl Platform,
    caller: &Caller,
    id: &str,
    change: AccountChange,
) -> Result<Account> {
    let account = accounts::owned(platform, &caller.user, id).await?;
    let mut changes: Vec<(&'static str, Value)> = Vec::new();
    let mut writes: Vec<Write> = Vec::new();
    let mut wake = false;
    if let Some(name) = change.display_name {
        changes.push(("display_name", display_name(&name)?.write()));
    }
    if let Some(signature) = change.signature {
        changes.push(("signature", self::signature(&signature)?.write()));
    }
    if let Some(since) = change.sync_since {
        changes.extend(Start(since).changes(&account));
        wake = true;
    }
    if let Some(folders) = change.left_out {
        let folders = left_out(platform, &account, &folders).await?;
        let more = leave_out(&account, &folders);
        wake |= !more.is_empty();
        changes.extend(more);
        // What is being stored at this moment is computed again, with these left out.
        writes.push(accounts::revised(id));
    }
    if !changes.is_empty() {
        writes.push(accounts::patch(id, changes));
        if wake {
            writes.push(queues::wake(id, None, Priority::Interactive));
        }
        writes.push(accounts::changed(&account));
        platform.apply(writes).await?;
    }
    get(platform, caller, id).await
}

fn display_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.chars().any(char::is_control) || name.chars().count() > 200 {
        return Err(invalid(
            "display_name",
            "A name has one line of at most 200 characters.",
        ));
    }
    Ok(name.to_owned())
}

/// Made harmless; none: nothing is left that a reader would see.
fn signature(html: &str) -> Result<Option<String>> {
    let html = sanitise::own(html, &[]);
    if html.len() > SIGNATURE {
        return Err(Error::Invalid(
            "signature".into(),
            format!(
                "A signature has at most {} kB; use smaller pictures.",
                SIGNATURE >> 10
            ),
        ));
    }
    let visible = html.contains("<img") || !crate::content::text::of_html(&html).trim().is_empty();
    Ok(visible.then_some(html))
}

/// The provider's ids of folders that can be left out.
async fn left_out(
    platform: &impl Platform,
    account: &rows::Account,
    wanted: &[String],
) -> Result<Vec<String>> {
    let known = accounts::folders(platform, &account.id).await?;
    let mut remotes = Vec::new();
    for id in wanted {
        let folder = known.iter().find(|folder| folder.id == *id);
        let Some((remote, role)) =
            folder.and_then(|folder| Some((folder.remote.clone()?, folder.role.as_ref()?.0)))
        else {
            return Err(invalid(
                "left_out",
                "There is no such folder in this account.",
            ));
        };
        match role {
            // What is sent and drafted from here is recognised there.
            Role::Inbox | Role::Sent | Role::Drafts => {
                return Err(invalid(
                    "left_out",
                    "Inbox, drafts and sent mail are always synchronised.",
                ));
            }
            // Beside every message's folder, so that leaving it out would leave nothing out.
            Role::Label if account.exclusive => {
                return Err(invalid(
                    "left_out",
                    "A category can't be left out: its messages lie in folders.",
                ));
            }
            Role::Important | Role::Starred | Role::All => {
                return Err(invalid("left_out", "This is a mark and not a place."));
            }
            Role::Archive | Role::Spam | Role::Trash | Role::Label | Role::Folder => {
                remotes.push(remote);
            }
        }
    }
    remotes.sort_unstable();
    remotes.dedup();
    Ok(remotes)
}

/// What follows from leaving out exactly these.
fn leave_out(account: &rows::Account, wanted: &[String]) -> Vec<(&'static str, Value)> {
    let before = account.left_out();
    if before == wanted {
        return Vec::new();
    }
    let local = |remote: &String| crate::ids::folder(&account.id, remote);
    let leaving = wanted.iter().filter(|remote| !before.contains(remote));
    let back = before.iter().any(|remote| !wanted.contains(remote));
    // What is being pruned and is still left out goes on from the top: it is quick where there is nothing left.
    let half = account
        .pruning
        .iter()
        .flat_map(|pruning| &pruning.0.folders);
    let half = half.filter(|id| wanted.iter().any(|remote| local(remote) == **id));
    let mut folders: Vec<String> = leaving.map(local).chain(half.cloned()).collect();
    folders.sort_unstable();
    folders.dedup();
    if !folders.is_empty() {
        // A person can move mail out of one of these, as long as it is in sight, into one that is through: neither is followed, so that
        // nothing would tell of it. The latter are looked at again, after these.
        let through = wanted.iter().map(local);
        let through: Vec<String> = through.filter(|id| !folders.contains(id)).collect();
        folders.extend(through);
    }
    let pruning = (!folders.is_empty()).then_some(Json(Pruning {
        folders,
        cursor: None,
    }));
    let mut changes = vec![
        ("left_out", Some(Json(wanted.to_vec())).write()),
        (
            "left_out_turn",
            account.left_out_turn.unwrap_or(0).saturating_add(1).write(),
        ),
        ("pruning", pruning.write()),
        ("next_run", Value::Null),
    ];
    if account.exclusive {
        // Folders are streams of their own, which end and begin with the next listing of folders.
        changes.push(("folders_at", Value::Null));
    } else if back {
        changes.push(("relist", true.write()));
    }
    changes
}
