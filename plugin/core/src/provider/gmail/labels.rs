//! Labels: which are containers, which are states.

use super::{Gmail, wire};
use crate::platform::Platform;
use crate::provider::{Light, RemoteFolder, Result, Role};

/// What a system label is for. None: not a container (a state, or Gmail's tabs and chats).
fn system_role(id: &str) -> Option<Role> {
    match id {
        "INBOX" => Some(Role::Inbox),
        "SENT" => Some(Role::Sent),
        "DRAFT" => Some(Role::Drafts),
        "SPAM" => Some(Role::Spam),
        "TRASH" => Some(Role::Trash),
        "IMPORTANT" => Some(Role::Important),
        _ => None,
    }
}

/// Is it a container? User labels are `Label_…`; everything else is Gmail's own.
pub(super) fn is_container(id: &str) -> bool {
    id.starts_with("Label_") || system_role(id).is_some()
}

/// The containers among labels.
pub(super) fn containers(labels: &[String]) -> Vec<String> {
    labels
        .iter()
        .filter(|label| is_container(label))
        .cloned()
        .collect()
}

/// A message's light state from its whole set of labels.
pub(super) fn light(message: &wire::Message) -> Light {
    let has = |label: &str| message.label_ids.iter().any(|known| known == label);
    Light {
        read: Some(!has("UNREAD")),
        starred: Some(has("STARRED")),
        folders: Some(containers(&message.label_ids)),
        received: (message.internal_date > 0).then_some(message.internal_date),
        thread: (!message.thread_id.is_empty()).then(|| message.thread_id.clone()),
        draft: Some(has("DRAFT")),
    }
}

impl<P: Platform> Gmail<'_, P> {
    pub(super) async fn labels(&self) -> Result<Vec<RemoteFolder>> {
        let answer: wire::LabelList = self.read("labels").await?;
        let folder = |label: wire::Label| {
            let role = match label.kind.as_str() {
                "user" => Role::Label,
                _ => system_role(&label.id)?,
            };
            let color = label.color.and_then(|color| color.background_color);
            Some(RemoteFolder {
                id: label.id,
                name: label.name,
                parent: None,
                role,
                color,
                total: label.messages_total,
            })
        };
        Ok(answer.labels.into_iter().filter_map(folder).collect())
    }
}
