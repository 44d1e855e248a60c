//! What happened since a point in the mailbox's history.

use serde::{Deserialize, Serialize};

use super::labels::{containers, light};
use super::{Gmail, wire};
use crate::platform::Platform;
use crate::provider::client::escape;
use crate::provider::{Change, Changes, Light, ProviderError, Result};

/// A point in history, possibly in the middle of reading it.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    from: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl Cursor {
    fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| ProviderError::Refused(error.to_string()))
    }
}

impl<P: Platform> Gmail<'_, P> {
    pub(super) async fn now_cursor(&self) -> Result<String> {
        let profile: wire::Profile = self.read("profile").await?;
        Cursor {
            from: profile.history_id,
            page: None,
        }
        .text()
    }

    /// One page. The new point counts only from the last page on.
    pub(super) async fn history(&self, cursor: &str) -> Result<Changes> {
        let cursor: Cursor = serde_json::from_str(cursor).map_err(|_| ProviderError::CursorLost)?;
        let mut path = format!("history?startHistoryId={}&maxResults=500", cursor.from);
        if let Some(page) = &cursor.page {
            path.push_str("&pageToken=");
            path.push_str(&escape(page));
        }
        let answer: wire::History = match self.read(&path).await {
            Ok(answer) => answer,
            Err(ProviderError::NotFound) => return Err(ProviderError::CursorLost),
            // A page token that has gone stale: what it led to is still there from the start, and replaying does no harm.
            Err(ProviderError::Refused(_)) if cursor.page.is_some() => {
                let next = Cursor {
                    from: cursor.from,
                    page: None,
                }
                .text()?;
                return Ok(Changes {
                    next,
                    more: true,
                    ..Changes::default()
                });
            }
            Err(ProviderError::Refused(_)) => return Err(ProviderError::CursorLost),
            Err(error) => return Err(error),
        };
        let more = answer.next_page_token.is_some();
        let next = match answer.next_page_token {
            Some(page) => Cursor {
                from: cursor.from,
                page: Some(page),
            },
            None => Cursor {
                from: answer.history_id.max(cursor.from),
                page: None,
            },
        };
        let items = answer.history.into_iter().flat_map(changes).collect();
        Ok(Changes {
            items,
            next: next.text()?,
            more,
            snapshot: false,
        })
    }
}

fn changes(record: wire::Record) -> Vec<Change> {
    let mut found = Vec::new();
    found.extend(record.messages_added.into_iter().map(|entry| {
        // Without labels the state is not told; the message will be fetched.
        let light = if entry.message.label_ids.is_empty() {
            Light {
                thread: Some(entry.message.thread_id.clone()).filter(|thread| !thread.is_empty()),
                ..Light::default()
            }
        } else {
            light(&entry.message)
        };
        Change::Present {
            id: entry.message.id,
            light,
        }
    }));
    found.extend(record.labels_added.into_iter().map(|entry| {
        let has = |label: &str| entry.label_ids.iter().any(|known| known == label);
        let light = Light {
            read: has("UNREAD").then_some(false),
            starred: has("STARRED").then_some(true),
            ..Light::default()
        };
        Change::Labels {
            id: entry.message.id,
            added: containers(&entry.label_ids),
            removed: Vec::new(),
            light,
        }
    }));
    found.extend(record.labels_removed.into_iter().map(|entry| {
        let has = |label: &str| entry.label_ids.iter().any(|known| known == label);
        let light = Light {
            read: has("UNREAD").then_some(true),
            starred: has("STARRED").then_some(false),
            ..Light::default()
        };
        Change::Labels {
            id: entry.message.id,
            added: Vec::new(),
            removed: containers(&entry.label_ids),
            light,
        }
    }));
    found.extend(
        record
            .messages_deleted
            .into_iter()
            .map(|entry| Change::Gone {
                id: entry.message.id,
                certain: true,
            }),
    );
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_page_of_history_becomes_changes() {
        let page = r#"{"history":[
            {"id":"9021","messages":[{"id":"19aa","threadId":"19aa"}],"labelsRemoved":[{"message":{"id":"19aa","threadId":"19aa","labelIds":["INBOX"]},"labelIds":["UNREAD"]}]},
            {"id":"9022","messagesAdded":[{"message":{"id":"19ab","threadId":"19aa","labelIds":["INBOX","UNREAD","CATEGORY_SOCIAL"]}}]},
            {"id":"9030","labelsAdded":[{"message":{"id":"19ab","threadId":"19aa"},"labelIds":["TRASH","STARRED"]}]},
            {"id":"9031","messagesDeleted":[{"message":{"id":"19ac","threadId":"19ac"}}]}
        ],"nextPageToken":"p","historyId":"9100"}"#;
        let page: wire::History = serde_json::from_str(page).unwrap();
        assert_eq!(
            (page.history_id, page.next_page_token.as_deref()),
            (9100, Some("p"))
        );
        let found: Vec<Change> = page.history.into_iter().flat_map(changes).collect();
        let labels = |id: &str, added: &[&str], light| Change::Labels {
            id: id.into(),
            added: added.iter().map(|label| (*label).to_owned()).collect(),
            removed: vec![],
            light,
        };
        assert_eq!(
            found,
            [
                labels(
                    "19aa",
                    &[],
                    Light {
                        read: Some(true),
                        ..Light::default()
                    }
                ),
                Change::Present {
                    id: "19ab".into(),
                    light: Light {
                        read: Some(false),
                        starred: Some(false),
                        folders: Some(vec!["INBOX".into()]),
                        received: None,
                        thread: Some("19aa".into()),
                        draft: Some(false),
                    }
                },
                labels(
                    "19ab",
                    &["TRASH"],
                    Light {
                        starred: Some(true),
                        ..Light::default()
                    }
                ),
                Change::Gone {
                    id: "19ac".into(),
                    certain: true
                },
            ]
        );
    }
}
