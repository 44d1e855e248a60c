//! Changes to messages: read and flag are fields, places are moves, categories are read and written back.

use serde_json::{Value, json};

use super::batch::Part;
use super::wire::Message;
use super::{CATEGORY, Graph};
use crate::platform::Platform;
use crate::provider::client::escape;
use crate::provider::{Edit, ProviderError, RemoteId, Result};

fn path(id: &str) -> String {
    format!("/messages/{}", escape(id))
}

/// The folder that an edit moves to.
fn destination(edit: &Edit) -> Option<&str> {
    match edit {
        Edit::Archive => Some("archive"),
        Edit::Unarchive | Edit::NotSpam | Edit::Restore(None) => Some("inbox"),
        Edit::Trash => Some("deleteditems"),
        Edit::Spam => Some("junkemail"),
        Edit::Restore(Some(folder)) | Edit::MoveTo(folder) => Some(folder),
        _ => None,
    }
}

impl<P: Platform> Graph<'_, P> {
    pub(super) async fn edit_messages(
        &self,
        ids: &[RemoteId],
        edit: &Edit,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        let patch = |body: Value| {
            ids.iter()
                .map(|id| Part::patch(path(id), body.clone()))
                .collect::<Vec<_>>()
        };
        let parts = match edit {
            Edit::Read(read) => patch(json!({"isRead": read})),
            Edit::Starred(on) => {
                patch(json!({"flag": {"flagStatus": if *on { "flagged" } else { "notFlagged" }}}))
            }
            Edit::AddLabel(label) => return self.categorise(ids, label, true).await,
            Edit::RemoveLabel(label) => return self.categorise(ids, label, false).await,
            Edit::DeleteForEver => ids
                .iter()
                .map(|id| Part::post(format!("{}/permanentDelete", path(id)), json!({})))
                .collect(),
            _ => {
                let target = destination(edit).filter(|target| !target.starts_with(CATEGORY));
                let target = target.ok_or_else(|| {
                    ProviderError::Refused("a category is not a place to move to".to_owned())
                })?;
                ids.iter()
                    .map(|id| {
                        Part::post(
                            format!("{}/move", path(id)),
                            json!({"destinationId": target}),
                        )
                    })
                    .collect()
            }
        };
        let answers = self.batch(&parts).await?;
        Ok(ids
            .iter()
            .cloned()
            .zip(answers.into_iter().map(|answer| answer.map(|_| ())))
            .collect())
    }

    /// A message's categories are one list: what somebody else put there meanwhile stays (`Conflict`: read again).
    async fn categorise(
        &self,
        ids: &[RemoteId],
        label: &str,
        on: bool,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        let name = label.strip_prefix(CATEGORY).ok_or_else(|| {
            ProviderError::Refused("a folder can't stand beside another".to_owned())
        })?;
        let parts: Vec<Part> = ids
            .iter()
            .map(|id| Part::get(format!("{}?$select=id,categories", path(id))))
            .collect();
        let mut outcome: Vec<Result<()>> = Vec::with_capacity(ids.len());
        let mut writes: Vec<(usize, Part)> = Vec::new();
        for (position, (id, answer)) in ids.iter().zip(self.batch(&parts).await?).enumerate() {
            let message =
                answer.map(|raw| serde_json::from_str::<Message>(raw.get()).unwrap_or_default());
            if let Ok(message) = &message {
                let mut categories = message.categories.clone().unwrap_or_default();
                let before = categories.len();
                categories.retain(|known| known != name);
                if on {
                    categories.push(name.to_owned());
                }
                if categories.len() != before {
                    writes.push((
                        position,
                        Part::patch(path(id), json!({"categories": categories}))
                            .unchanged_since(message.etag.clone()),
                    ));
                }
            }
            outcome.push(message.map(|_| ()));
        }
        let (positions, parts): (Vec<usize>, Vec<Part>) = writes.into_iter().unzip();
        for (position, answer) in positions.into_iter().zip(self.batch(&parts).await?) {
            if let (Some(place), Err(error)) = (outcome.get_mut(position), answer) {
                *place = Err(error);
            }
        }
        Ok(ids.iter().cloned().zip(outcome).collect())
    }
}
