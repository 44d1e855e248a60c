//! The methods, one file per resource.

pub(crate) mod drafts;
pub(crate) mod history;
pub(crate) mod labels;
pub(crate) mod listing;
pub(crate) mod messages;
pub(crate) mod render;
pub(crate) mod sending;
pub(crate) mod settings;
pub(crate) mod threads;
pub(crate) mod watch;

use serde::Deserialize;

use super::api::error::{ApiError, ApiResult};
use super::mailbox::{Entry, LabelKey, State, system};

/// Labels per request of `modify`.
const MOST_LABELS: usize = 100;

/// Body of the `modify` methods.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Modify {
    add_label_ids: Vec<String>,
    remove_label_ids: Vec<String>,
}

/// Labels to add and to remove, checked.
pub(crate) struct Relabel {
    pub(crate) add: Vec<LabelKey>,
    pub(crate) remove: Vec<LabelKey>,
}

impl Modify {
    pub(crate) fn check(&self, state: &State) -> ApiResult<Relabel> {
        if self.add_label_ids.len() > MOST_LABELS || self.remove_label_ids.len() > MOST_LABELS {
            return Err(ApiError::invalid(format!(
                "Number of labels cannot exceed {MOST_LABELS}"
            )));
        }
        if self.add_label_ids.is_empty() && self.remove_label_ids.is_empty() {
            return Err(ApiError::invalid("No label add or removes specified"));
        }
        if let Some(both) = self
            .add_label_ids
            .iter()
            .find(|label| self.remove_label_ids.contains(label))
        {
            return Err(ApiError::invalid(format!(
                "Cannot both add and remove the same label: {both}"
            )));
        }
        Ok(Relabel {
            add: changeable(state, &self.add_label_ids)?,
            remove: changeable(state, &self.remove_label_ids)?,
        })
    }
}

fn changeable(state: &State, ids: &[String]) -> ApiResult<Vec<LabelKey>> {
    ids.iter()
        .map(|id| match state.labels.key(id) {
            Some(system::SENT | system::DRAFT | system::CHAT) => {
                Err(ApiError::invalid(format!("Invalid label: {id}")))
            }
            Some(key) => Ok(key),
            None if id.starts_with("Label_") => {
                Err(ApiError::invalid(format!("labelId not found: {id}")))
            }
            None => Err(ApiError::invalid(format!("Invalid label: {id}"))),
        })
        .collect()
}

/// Drafts take no labels of the person's own.
pub(crate) fn refuse_on_draft(entry: &Entry, state: &State, relabel: &Relabel) -> ApiResult<()> {
    let own = relabel
        .add
        .iter()
        .any(|key| state.labels.get(*key).is_some_and(|label| !label.system));
    if own && entry.has(system::DRAFT) {
        return Err(ApiError::failed_precondition(
            "Labels cannot be applied to drafts",
        ));
    }
    Ok(())
}

/// Changes one message in the way the trash does.
pub(crate) fn trash(state: &mut State, id: u64, now: u64) {
    state.relabel(id, &[system::TRASH], &[system::INBOX, system::SPAM], now);
}

/// Out of the trash, but not back into the inbox.
pub(crate) fn untrash(state: &mut State, id: u64, now: u64) {
    state.relabel(id, &[], &[system::TRASH], now);
}
