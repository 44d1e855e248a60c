//! What happened in a folder. The first round names everything in it with its light state; after it, only changes come. Removals
//! are never certain: with immutable ids a moved message is removed from one folder and may not show up in the other.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::messages::light;
use super::wire::{Message, Page, Raw, id_of};
use super::{Graph, preferring};
use crate::platform::Platform;
use crate::provider::client::{Call, escape};
use crate::provider::{Change, Changes, ProviderError, Result};

/// As little as tells whether a message is known and unchanged.
const FIELDS: &str =
    "id,isRead,isDraft,flag,categories,parentFolderId,receivedDateTime,conversationId";
/// Light entries in a page.
const PAGE: &str = "odata.maxpagesize=500";

/// Where to go on.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    url: String,
    /// Still in the first round.
    #[serde(default)]
    snapshot: bool,
}

impl Cursor {
    fn text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| ProviderError::Refused(error.to_string()))
    }
}

impl<P: Platform> Graph<'_, P> {
    pub(super) fn snapshot_cursor(&self, folder: &str) -> Result<String> {
        let url = self.url(&format!(
            "/mailFolders/{}/messages/delta?$select={FIELDS}",
            escape(folder)
        ));
        Cursor {
            url,
            snapshot: true,
        }
        .text()
    }

    pub(super) async fn delta(&self, cursor: &str) -> Result<Changes> {
        let cursor: Cursor = serde_json::from_str(cursor).map_err(|_| ProviderError::CursorLost)?;
        let call = preferring(Call::get(self.given(&cursor.url)?), Some(PAGE));
        let page: Page<Raw> = self.client.json(call).await?;
        let (next, more) = match (page.next_link, page.delta_link) {
            (Some(url), _) => (
                Cursor {
                    url,
                    snapshot: cursor.snapshot,
                },
                true,
            ),
            (None, Some(url)) => (
                Cursor {
                    url,
                    snapshot: false,
                },
                false,
            ),
            (None, None) => return Err(ProviderError::CursorLost),
        };
        let items = page.value.iter().filter_map(|raw| change(raw)).collect();
        Ok(Changes {
            items,
            next: next.text()?,
            more,
            snapshot: cursor.snapshot,
        })
    }
}

fn change(raw: &RawValue) -> Option<Change> {
    let message: Message = match serde_json::from_str(raw.get()) {
        Ok(message) => message,
        Err(_) => Message {
            id: id_of(raw)?,
            ..Message::default()
        },
    };
    Some(if message.removed.is_some() {
        Change::Gone {
            id: message.id,
            certain: false,
        }
    } else {
        Change::Present {
            light: light(&message),
            id: message.id,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::provider::Light;

    #[test]
    fn a_partial_entry_tells_only_what_changed() {
        let page = r##"{"@odata.context":"…","value":[{"@odata.type":"#microsoft.graph.message","@odata.etag":"W/\"CQAA\"","id":"AAMk1","isRead":true,"parentFolderId":"AQMk"},
            {"@odata.type":"#microsoft.graph.message","id":"AAMk2","@removed":{"reason":"deleted"}}],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/x"}"##;
        let page: Page<Raw> = serde_json::from_str(page).unwrap();
        assert!(page.delta_link.is_some());
        let found: Vec<Change> = page.value.iter().filter_map(|raw| change(raw)).collect();
        assert_eq!(
            found,
            [
                Change::Present {
                    id: "AAMk1".into(),
                    light: Light {
                        read: Some(true),
                        ..Light::default()
                    }
                },
                Change::Gone {
                    id: "AAMk2".into(),
                    certain: false
                }
            ]
        );
    }
}
