//! Changes to messages. A few are made one by one, because each then has its own answer; many by `batchModify`, which costs the same
//! however many there are, and doesn't say what became of each.

use http::Method;
use serde_json::json;

use super::batch::{self, Part};
use super::messages::concerns_account;
use super::{Gmail, wire};
use crate::platform::{Platform, Response};
use crate::provider::client::{Call, escape};
use crate::provider::{Edit, ProviderError, RemoteId, Result};

/// From here on `batchModify` (50 units) is cheaper than `modify` (5 each).
const FEW: usize = 10;
/// `batchModify` takes no more.
const MOST_IDS: usize = 1000;

/// Labels to add and to remove.
#[derive(Debug, Default, PartialEq, Eq)]
struct Labels {
    add: Vec<String>,
    remove: Vec<String>,
}

fn labels(add: &[&str], remove: &[&str]) -> Labels {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Labels {
        add: owned(add),
        remove: owned(remove),
    }
}

impl Labels {
    fn body(&self) -> serde_json::Value {
        json!({"addLabelIds": self.add, "removeLabelIds": self.remove})
    }
}

/// What an edit means in labels. None: it is no change of labels.
fn as_labels(edit: &Edit) -> Option<Labels> {
    Some(match edit {
        Edit::Read(true) => labels(&[], &["UNREAD"]),
        Edit::Read(false) => labels(&["UNREAD"], &[]),
        Edit::Starred(true) => labels(&["STARRED"], &[]),
        Edit::Starred(false) => labels(&[], &["STARRED"]),
        Edit::Archive => labels(&[], &["INBOX"]),
        Edit::Unarchive => labels(&["INBOX"], &[]),
        Edit::Spam => labels(&["SPAM"], &["INBOX"]),
        Edit::NotSpam => labels(&["INBOX"], &["SPAM"]),
        Edit::MoveTo(id) if id == "INBOX" => labels(&["INBOX"], &["SPAM", "TRASH"]),
        Edit::MoveTo(id) if id == "TRASH" => return as_labels(&Edit::Trash),
        Edit::MoveTo(id) => labels(&[id], &["INBOX"]),
        Edit::AddLabel(id) => labels(&[id], &[]),
        Edit::RemoveLabel(id) => labels(&[], &[id]),
        Edit::Trash | Edit::Restore(_) | Edit::DeleteForEver => return None,
    })
}

impl<P: Platform> Gmail<'_, P> {
    pub(super) async fn edit_messages(
        &self,
        ids: &[RemoteId],
        edit: &Edit,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        match edit {
            Edit::Trash => self.each(ids, |id| post(id, "trash", None)).await,
            Edit::MoveTo(id) if id == "TRASH" => self.each(ids, |id| post(id, "trash", None)).await,
            Edit::Restore(container) => self.restore(ids, container.as_deref()).await,
            Edit::DeleteForEver if ids.len() > FEW => self.all(ids, "batchDelete", json!({})).await,
            Edit::DeleteForEver => {
                let delete = |id: &str| Part {
                    method: Method::DELETE,
                    path: Self::path(&format!("messages/{}", escape(id))),
                    body: None,
                };
                self.each(ids, delete).await
            }
            _ => match as_labels(edit) {
                Some(labels) => self.relabel(ids, &labels).await,
                None => Err(ProviderError::Refused("no such edit".to_owned())),
            },
        }
    }

    async fn relabel(
        &self,
        ids: &[RemoteId],
        labels: &Labels,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        if ids.len() > FEW {
            return self.all(ids, "batchModify", labels.body()).await;
        }
        let body = labels.body().to_string();
        self.each(ids, |id| post(id, "modify", Some(body.clone())))
            .await
    }

    /// The trash remembers nothing: without a container, what was received goes to the inbox, what was sent stays where it is.
    async fn restore(
        &self,
        ids: &[RemoteId],
        container: Option<&str>,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        let mut done = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(batch::MOST) {
            let parts: Vec<Part> = chunk.iter().map(|id| post(id, "untrash", None)).collect();
            let answers = self.few(&parts).await?;
            let mut relabel: Vec<(usize, Part)> = Vec::new();
            for (position, (id, answer)) in chunk.iter().zip(&answers).enumerate() {
                let Ok(answer) = answer else { continue };
                let message: wire::Message =
                    serde_json::from_slice(answer.body()).unwrap_or_default();
                let has = |label: &str| message.label_ids.iter().any(|known| known == label);
                let target = container.or(if has("SENT") || has("DRAFT") || has("INBOX") {
                    None
                } else {
                    Some("INBOX")
                });
                // SENT and DRAFT can't be put on; untrashing left them there.
                if let Some(target) = target
                    .filter(|target| !matches!(*target, "SENT" | "DRAFT" | "TRASH") && !has(target))
                {
                    relabel.push((
                        position,
                        post(
                            id,
                            "modify",
                            Some(labels(&[target], &[]).body().to_string()),
                        ),
                    ));
                }
            }
            let (positions, parts): (Vec<usize>, Vec<Part>) = relabel.into_iter().unzip();
            let relabelled = self.few(&parts).await?;
            let mut outcome: Vec<Result<()>> = answers
                .into_iter()
                .map(|answer| answer.map(|_| ()))
                .collect();
            for (position, answer) in positions.into_iter().zip(relabelled) {
                if let (Some(place), Err(error)) = (outcome.get_mut(position), answer) {
                    *place = Err(error);
                }
            }
            done.extend(chunk.iter().cloned().zip(outcome));
        }
        Ok(done)
    }

    async fn each(
        &self,
        ids: &[RemoteId],
        part: impl Fn(&str) -> Part,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        let mut done = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(batch::MOST) {
            let parts: Vec<Part> = chunk.iter().map(|id| part(id)).collect();
            let answers = self.few(&parts).await?;
            done.extend(
                chunk
                    .iter()
                    .cloned()
                    .zip(answers.into_iter().map(|answer| answer.map(|_| ()))),
            );
        }
        match done.iter().find_map(|(_, answer)| {
            answer
                .as_ref()
                .err()
                .filter(|error| concerns_account(error))
        }) {
            Some(error) => Err(error.clone()),
            None => Ok(done),
        }
    }

    /// A batch, or a single request without the wrapping.
    async fn few(&self, parts: &[Part]) -> Result<Vec<Result<Response>>> {
        let [only] = parts else {
            return self.batch(parts).await;
        };
        let call = Call::new(
            only.method.clone(),
            format!("{}{}", self.endpoints.api, only.path),
        );
        let call = match &only.body {
            Some(body) => call.body("application/json", body.clone().into_bytes()),
            None => call,
        };
        match self.client.send(call).await {
            Err(error) if concerns_account(&error) => Err(error),
            answer => Ok(vec![answer]),
        }
    }

    async fn all(
        &self,
        ids: &[RemoteId],
        verb: &str,
        body: serde_json::Value,
    ) -> Result<Vec<(RemoteId, Result<()>)>> {
        for chunk in ids.chunks(MOST_IDS) {
            let mut body = body.clone();
            if let Some(fields) = body.as_object_mut() {
                fields.insert("ids".to_owned(), json!(chunk));
            }
            self.client
                .send(Call::post(self.url(&format!("messages/{verb}")), &body))
                .await?;
        }
        Ok(ids.iter().map(|id| (id.clone(), Ok(()))).collect())
    }
}

fn post(id: &str, verb: &str, body: Option<String>) -> Part {
    Part {
        method: Method::POST,
        path: format!("/gmail/v1/users/me/messages/{}/{verb}", escape(id)),
        body,
    }
}
