//! Labels: which are containers, which are states.

use std::collections::HashMap;

use super::batch::Part;
use super::messages::concerns_account;
use super::{Gmail, wire};
use crate::platform::Platform;
use crate::provider::client::escape;
use crate::provider::{Light, RemoteFolder, Result, Role};

/// Labels whose messages are counted.
const COUNTED: usize = 100;

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
        let totals = self.totals(&answer.labels).await?;
        let folder = |label: wire::Label| {
            let role = match label.kind.as_str() {
                "user" => Role::Label,
                _ => system_role(&label.id)?,
            };
            let color = label.color.and_then(|color| color.background_color);
            Some(RemoteFolder {
                total: totals.get(&label.id).copied(),
                id: label.id,
                name: label.name,
                parent: None,
                role,
                color,
            })
        };
        Ok(answer.labels.into_iter().filter_map(folder).collect())
    }

    /// Messages by label. The list does not tell, each label does, for a unit; so the first hundred are asked for.
    async fn totals(&self, labels: &[wire::Label]) -> Result<HashMap<String, u64>> {
        let ids: Vec<&str> = labels
            .iter()
            .map(|label| label.id.as_str())
            .filter(|id| is_container(id))
            .take(COUNTED)
            .collect();
        let part = |id: &&str| Part::get(Self::path(&format!("labels/{}", escape(id))));
        let parts: Vec<Part> = ids.iter().map(part).collect();
        let mut totals = HashMap::new();
        for (id, answer) in ids.into_iter().zip(self.batch(&parts).await?) {
            match answer {
                Ok(answer) => {
                    let label: wire::Label =
                        serde_json::from_slice(answer.body()).unwrap_or_default();
                    totals.extend(label.messages_total.map(|total| (id.to_owned(), total)));
                }
                Err(error) if concerns_account(&error) => return Err(error),
                // Not worth failing for: it is a figure for a person.
                Err(_) => {}
            }
        }
        Ok(totals)
    }
}
