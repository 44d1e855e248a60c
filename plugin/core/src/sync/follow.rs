//! News: what happened since a stream's cursor, a page at a time; and what to do when the cursor is lost.
//!
//! The cursor moves in the batch that stores what it led to. News may be partial, repeated and out of order, so they are merged:
//! what is not told stays. That a message left a stream is never enough to delete it: it is asked for first.

use std::collections::HashMap;

use super::fetch::BITE;
use super::plan;
use super::{Fault, Worker};
use crate::platform::{Level, Platform, Value};
use crate::provider::{self, Change, Changes, Provider, ProviderError, RemoteId};
use crate::store::column::Column;
use crate::store::commit::News;
use crate::store::folders::Folders;
use crate::store::rows::{Light, Parked, Stream};
use crate::store::{accounts, queues, reads};

/// What a page of news asks for.
#[derive(Default)]
struct ToDo {
    news: Vec<News>,
    fetch: Vec<RemoteId>,
    doubted: Vec<RemoteId>,
}

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// A page of a stream's news. If there are none, the others that are due, or soon will be, are looked at as well: most rounds of most
    /// accounts find nothing anywhere, and then cost one run and one batch.
    pub(super) async fn follow(&mut self, name: &str) -> Result<(), Fault> {
        let first = self.named(name)?;
        let others = plan::along(&self.situation())
            .filter(|stream| stream.stream != name)
            .cloned();
        let streams: Vec<Stream> = std::iter::once(first).chain(others).collect();
        let mut quiet = Vec::new();
        for stream in streams {
            // What happens, and is asked for, while the provider answers is not in its answer.
            let began = self.now();
            let answer = match &stream.cursor {
                Some(cursor) => self.mailbox.changes(&stream.stream, cursor).await,
                None => Err(ProviderError::CursorLost),
            };
            match answer {
                Ok(changes) if changes.are_none() && !stream.comparing => quiet.push(Stream {
                    cursor: Some(changes.next),
                    more: false,
                    polled: began,
                    answered: Some(self.account.poked),
                    ..stream
                }),
                answer => {
                    self.keep_quiet(quiet);
                    self.flush().await?;
                    return match answer {
                        Ok(changes) => self.take(stream, began, changes).await,
                        Err(ProviderError::CursorLost) => self.lost(stream).await,
                        Err(error) => Err(error.into()),
                    };
                }
            }
            if self.spent() {
                break;
            }
        }
        self.keep_quiet(quiet);
        Ok(())
    }

    /// Nothing has happened in these.
    fn keep_quiet(&mut self, streams: Vec<Stream>) {
        if streams.is_empty() {
            return;
        }
        for stream in &streams {
            let known = self.streams.iter_mut();
            for known in known.filter(|known| known.stream == stream.stream) {
                known.clone_from(stream);
            }
        }
        self.held.extend(accounts::put_streams(streams));
        self.hold_well();
    }

    /// Takes a page of news in.
    async fn take(&self, stream: Stream, began: u64, changes: Changes) -> Result<(), Fault> {
        let name = stream.stream.as_str();
        if changes.snapshot && stream.phase == "listing" {
            // It would name everything that is being listed; it is followed when the listing is through.
            let row = Stream {
                snapshots: true,
                polled: began,
                answered: Some(self.account.poked),
                ..stream
            };
            self.platform
                .apply(accounts::put_streams(vec![row]).into_iter().collect())
                .await?;
            return Ok(());
        }
        let opens = changes.snapshot && !stream.comparing;
        let round = if opens {
            self.open_round(&stream).await?
        } else {
            stream.round
        };
        let (comparing, next, more) = (changes.snapshot, changes.next.clone(), changes.more);
        let closes = changes.snapshot && !changes.more;
        let wanted = self.sort_changes(&stream, round, changes).await?;

        let (now, later) = wanted.fetch.split_at(wanted.fetch.len().min(BITE));
        let mut parked: Vec<Parked> = later
            .iter()
            .map(|remote| self.parked(remote, "queued", "not fetched yet"))
            .collect();
        parked.extend(
            wanted
                .doubted
                .iter()
                .map(|remote| self.parked(remote, "doubted", "said to be gone")),
        );
        let now: Vec<provider::Wanted> = now.iter().map(provider::Wanted::from).collect();
        let fetched = self.fetch(&now).await?;
        let row = Stream {
            cursor: Some(next),
            round,
            comparing: (stream.comparing && stream.phase == "listing") || (comparing && !closes),
            sweeping: stream.sweeping || closes,
            snapshots: stream.snapshots || comparing,
            more,
            polled: if more { stream.polled } else { began },
            // Later pages tell what was when the first was asked for.
            answered: if stream.more {
                stream.answered
            } else {
                Some(self.account.poked)
            },
            ..stream.clone()
        };
        let mut last: Vec<_> = accounts::put_streams(vec![row]).into_iter().collect();
        last.extend(queues::park(parked));
        last.extend(self.went_well(if comparing { "reconcile" } else { "increment" }));
        self.store(fetched, wanted.news, Some((name, round)), last)
            .await?;
        Ok(())
    }

    /// A number that nothing is marked with yet. It is used up before it marks anything: were the beginning of a snapshot asked for twice
    /// under the same number, a message that was deleted in between would pass for one that was named.
    async fn open_round(&self, stream: &Stream) -> Result<i64, Fault> {
        let round = stream.round.saturating_add(1);
        let row = Stream {
            round,
            ..stream.clone()
        };
        let writes = accounts::put_streams(vec![row]).into_iter().collect();
        self.platform.apply(writes).await?;
        Ok(round)
    }

    /// Does what the account's row asks for: compares everything, or lists again from a moved start date.
    pub(super) async fn again(&mut self) -> Result<(), Fault> {
        let followed = self
            .streams
            .iter()
            .filter(|stream| stream.phase == "following");
        let rows = if self.account.compare {
            // Without a cursor a stream begins like one whose cursor was lost.
            followed
                .map(|stream| Stream {
                    cursor: None,
                    more: true,
                    ..stream.clone()
                })
                .collect()
        } else {
            let listing = |stream: &Stream| Stream {
                phase: "listing".into(),
                page: None,
                pages: 0,
                ..stream.clone()
            };
            let listed =
                |stream: &&Stream| matches!(stream.phase.as_str(), "following" | "listing");
            self.streams.iter().filter(listed).map(listing).collect()
        };
        let asked = if self.account.compare {
            "compare"
        } else {
            "relist"
        };
        let mut writes: Vec<_> = accounts::put_streams(rows).into_iter().collect();
        writes.push(accounts::patch(
            &self.account.id,
            vec![(asked, false.write())],
        ));
        self.platform.apply(writes).await?;
        Ok(())
    }

    async fn sort_changes(
        &self,
        stream: &Stream,
        round: i64,
        changes: Changes,
    ) -> Result<ToDo, Fault> {
        let id = |change: &Change| match change {
            Change::Present { id, .. } | Change::Labels { id, .. } | Change::Gone { id, .. } => {
                id.clone()
            }
        };
        let remotes: Vec<RemoteId> = changes.items.iter().map(id).collect();
        let known: HashMap<RemoteId, Light> = self.known(remotes.iter()).await?;
        let folders = match self.account.left_out() {
            [] => None,
            _ => Some(Folders::load(self.platform, &self.account).await?),
        };
        // Only saves the fetching: what is kept is decided where it is stored.
        let drops = |light: &crate::provider::Light| {
            let (Some(folders), Some(told)) = (&folders, &light.folders) else {
                return false;
            };
            folders.drops(&folders.local(told))
        };
        let mut wanted = ToDo::default();
        for change in changes.items {
            match change {
                Change::Present { id, light } if known.contains_key(&id) => {
                    wanted.news.push(News::Light {
                        remote: id,
                        light,
                        named: Some((stream.stream.clone(), round)),
                    });
                }
                Change::Present { light, .. }
                    if light
                        .received
                        .is_some_and(|received| self.too_old(received)) => {}
                Change::Present { light, .. } if drops(&light) => {}
                Change::Present { id, .. } => wanted.fetch.push(id),
                Change::Labels {
                    id,
                    added,
                    removed,
                    light,
                } if known.contains_key(&id) => {
                    wanted.news.push(News::Labels {
                        remote: id,
                        added,
                        removed,
                        light,
                    });
                }
                Change::Labels { id, .. } => wanted.fetch.push(id),
                Change::Gone { id, certain: true } => {
                    wanted.fetch.retain(|fetch| *fetch != id);
                    wanted.news.push(News::Gone { remote: id });
                }
                // Told by the stream that it has already left: it moved, and the other stream told first.
                Change::Gone { id, .. }
                    if known
                        .get(&id)
                        .is_some_and(|light| light.stream != stream.stream) =>
                {
                    wanted.fetch.retain(|fetch| *fetch != id);
                }
                // Also what was never seen here: it may have left and come back before anybody looked, which is all that is told of it.
                Change::Gone { id, .. } => {
                    wanted.fetch.retain(|fetch| *fetch != id);
                    wanted.doubted.push(id);
                }
            }
        }
        wanted.fetch.sort_unstable();
        wanted.fetch.dedup();
        Ok(wanted)
    }

    /// A lost cursor: a new one, then everything is named again and compared.
    async fn lost(&mut self, stream: Stream) -> Result<(), Fault> {
        self.platform.log(
            Level::Warn,
            "a sync cursor was lost: comparing everything",
            &[("account", &self.account.id)],
        );
        let cursor = self.mailbox.begin(&stream.stream).await?;
        let row = compare(Stream {
            cursor: Some(cursor),
            ..stream
        });
        let mut writes: Vec<_> = accounts::put_streams(vec![row]).into_iter().collect();
        if !self.mailbox.listed_apart(&[]).is_empty() {
            // Containers will be listed one by one, and there may be new ones.
            let unknown = vec![("folders_at", Value::Null)];
            writes.push(accounts::patch(&self.account.id, unknown));
            writes.push(accounts::forget_told(&self.account.id));
        }
        writes.extend(self.lost_cursor().await?);
        writes.extend(self.went_well("reconcile"));
        writes.push(accounts::changed(&self.account));
        self.platform.apply(writes).await?;
        Ok(())
    }

    /// Asks for what a comparing round did not name, before anything is deleted.
    pub(super) async fn sweep(&mut self, name: &str) -> Result<(), Fault> {
        let stream = self.named(name)?;
        let limit = u32::try_from(BITE).unwrap_or(u32::MAX);
        let (unnamed, _) =
            reads::unnamed(self.platform, &self.account.id, name, stream.round, limit).await?;
        let mut last = self.went_well("reconcile");
        if unnamed.is_empty() {
            if stream.phase == "leaving" {
                last.push(accounts::delete_stream(&self.account.id, name));
            } else {
                last.extend(accounts::put_streams(vec![Stream {
                    sweeping: false,
                    ..stream
                }]));
            }
            last.push(accounts::changed(&self.account));
            self.platform.apply(last).await?;
            return Ok(());
        }
        let ids: Vec<RemoteId> = unnamed.iter().map(|light| light.remote.clone()).collect();
        let wanted: Vec<provider::Wanted> = ids.iter().map(provider::Wanted::from).collect();
        let fetched = self.fetch(&wanted).await?;
        // Named by being answered for, so that the sweep goes on; what failed is parked and tried again.
        let answered = fetched.answered();
        let named = |remote: &RemoteId| News::Light {
            remote: remote.clone(),
            light: crate::provider::Light::default(),
            named: Some((name.to_owned(), stream.round)),
        };
        let news = ids
            .iter()
            .filter(|id| answered.contains(*id))
            .map(named)
            .collect();
        self.store(fetched, news, Some((name, stream.round)), last)
            .await?;
        Ok(())
    }
}

/// The stream at the beginning of a comparing round.
pub(crate) fn compare(stream: Stream) -> Stream {
    let snapshots = stream.snapshots;
    Stream {
        phase: if snapshots {
            "following".into()
        } else {
            "listing".into()
        },
        page: None,
        pass: (!snapshots).then(String::new),
        pages: 0,
        round: if snapshots {
            stream.round
        } else {
            stream.round.saturating_add(1)
        },
        // A snapshot opens its own round.
        comparing: !snapshots,
        sweeping: false,
        more: true,
        ..stream
    }
}
