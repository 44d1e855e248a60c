//! Removing mail of folders that a person left out, unless it stands in another folder too.
//!
//! Done from the folder's list, without asking the provider: it was not lost there, it is only no longer wanted here.

use super::{Fault, Worker, round};
use crate::platform::{Platform, StoreError};
use crate::provider::{Light, Provider};
use crate::store::column::{Column, Json};
use crate::store::commit::{News, commit};
use crate::store::reads::Narrow;
use crate::store::rows::Pruning;
use crate::store::{accounts, reads};

/// Conversations looked at in one step.
const THREADS: u32 = 50;

/// Messages removed in one batch: some ten rows each, of 10,000.
const BATCH: usize = 200;

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// A page of the first folder that is being left.
    pub(super) async fn prune(&mut self) -> Result<(), Fault> {
        let mut pruning = match &self.account.pruning {
            Some(Json(pruning)) => pruning.clone(),
            None => return Ok(()),
        };
        if let Some(folder) = pruning.folders.first().cloned() {
            let (places, next) = reads::listings(
                self.platform,
                std::slice::from_ref(&folder),
                Narrow::default(),
                THREADS,
                pruning.cursor.take(),
            )
            .await?;
            let threads: Vec<String> = places.into_iter().map(|place| place.thread).collect();
            let lights = reads::lights_of(self.platform, &threads).await?;
            // Nothing new about it, so that its place is looked at again.
            let news: Vec<News> = lights
                .into_iter()
                .filter(|light| light.folders.0.contains(&folder))
                .map(|light| News::Light {
                    remote: light.remote,
                    light: Light::default(),
                    named: None,
                })
                .collect();
            for news in news.chunks(BATCH) {
                let counted = |outcome: &_| round::counted(&self.account, outcome);
                commit(self.platform, &self.account.id, news, counted).await?;
            }
            if next.is_none() {
                pruning.folders.remove(0);
            }
            pruning.cursor = next;
        }
        let rest: Option<Json<Pruning>> = (!pruning.folders.is_empty()).then_some(Json(pruning));
        let over = rest.is_none();
        let mut writes = vec![
            accounts::require_left_out(&self.account),
            accounts::patch(&self.account.id, vec![("pruning", rest.write())]),
        ];
        writes.extend(self.went_well("increment"));
        if over {
            writes.push(accounts::changed(&self.account));
        }
        match self.platform.apply(writes).await {
            // Other folders are left out by now: the next step begins with those.
            Err(StoreError::Conflict(_)) => Ok(()),
            answer => Ok(answer?),
        }
    }
}
