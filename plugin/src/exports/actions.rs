//! Changing mail.

use email_manager_core::{actions, model};

use super::mailbox::filter;
use super::{caller, error, run};
use crate::Plugin;
use crate::bindings::exports::platform::mail::actions as exported;
use crate::host::Host;

fn action(action: exported::Action) -> model::Action {
    match action {
        exported::Action::MarkRead => model::Action::MarkRead,
        exported::Action::MarkUnread => model::Action::MarkUnread,
        exported::Action::Star => model::Action::Star,
        exported::Action::Unstar => model::Action::Unstar,
        exported::Action::Archive => model::Action::Archive,
        exported::Action::Unarchive => model::Action::Unarchive,
        exported::Action::Trash => model::Action::Trash,
        exported::Action::Restore => model::Action::Restore,
        exported::Action::DeleteForEver => model::Action::DeleteForEver,
        exported::Action::Spam => model::Action::Spam,
        exported::Action::NotSpam => model::Action::NotSpam,
        exported::Action::MoveTo(folder) => model::Action::MoveTo(folder),
        exported::Action::AddLabel(folder) => model::Action::AddLabel(folder),
        exported::Action::RemoveLabel(folder) => model::Action::RemoveLabel(folder),
    }
}

impl exported::Guest for Plugin {
    fn apply(
        by: exported::Caller,
        subject: exported::Subject,
        what: exported::Action,
    ) -> Result<exported::Applied, exported::Error> {
        let subject = match subject {
            exported::Subject::Messages(ids) => model::Subject::Messages(ids),
            exported::Subject::Threads(ids) => model::Subject::Threads(ids),
            exported::Subject::Matching(which) => model::Subject::Matching(filter(which)),
        };
        let applied =
            run(actions::apply(&Host, &caller(by), subject, action(what))).map_err(error)?;
        let refused = |(id, reason)| exported::Refused { id, reason };
        Ok(exported::Applied {
            undo: applied.undo,
            messages: applied.messages,
            refused: applied.refused.into_iter().map(refused).collect(),
        })
    }

    fn undo(by: exported::Caller, undo: String) -> Result<(), exported::Error> {
        run(actions::undo(&Host, &caller(by), &undo)).map_err(error)
    }
}
