//! Fetching whole messages and storing them, in bites that fit a batch. What can't be stored is parked, with its reason and a time
//! to try again, in the batch that moves the cursor past it.

use std::collections::BTreeSet;

use super::{Fault, Worker, pacing, round};
use crate::content;
use crate::platform::{Platform, Write, give_way};
use crate::provider::{Provider, ProviderError, RemoteId, RemoteMessage, Wanted};
use crate::store::commit::{Arrived, News, commit};
use crate::store::rows::Parked;
use crate::store::{accounts, queues, writing};

/// Messages that are fetched, made ready and stored in one go: the stages of a listing work at the same time, each on one such
/// bite, so that it also bounds what an instance holds in memory.
pub(super) const BITE: usize = 200;

/// Bytes of bodies in one batch: half of what a batch may hold, the rest being rows and overhead.
const BATCH_BYTES: usize = 4 << 20;

/// What a fetch gave.
#[derive(Default)]
pub(super) struct Fetched {
    /// Read in full.
    pub whole: Vec<RemoteMessage>,
    /// Not there any more.
    pub gone: Vec<RemoteId>,
    /// Not readable now.
    pub failed: Vec<(RemoteId, String)>,
    /// Why the rest did not come: it concerns the whole account. What did come is stored, what `store` was to add is not.
    pub pause: Option<ProviderError>,
}

/// What was fetched, ready to be stored.
pub(super) struct Ready {
    /// As many as fit into a batch, each.
    batches: Vec<Vec<News>>,
    /// The rest, for the last batch.
    news: Vec<News>,
    /// Answered for: these need no other try.
    settled: Vec<RemoteId>,
    failed: Vec<(RemoteId, String)>,
    last: Vec<Write>,
    pause: Option<ProviderError>,
}

impl Fetched {
    /// For which there is an answer, whatever it says.
    pub(super) fn answered(&self) -> BTreeSet<RemoteId> {
        let whole = self.whole.iter().map(|message| &message.id);
        let failed = self.failed.iter().map(|(id, _)| id);
        whole.chain(&self.gone).chain(failed).cloned().collect()
    }
}

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// Fetches whole messages.
    pub(super) async fn fetch(&self, wanted: &[Wanted]) -> Result<Fetched, Fault> {
        let mut fetched = Fetched::default();
        if wanted.is_empty() {
            return Ok(fetched);
        }
        let mut asked: BTreeSet<&RemoteId> = wanted.iter().map(|message| &message.id).collect();
        for (id, answer) in self.mailbox.fetch(wanted).await? {
            asked.remove(&id);
            match answer {
                Ok(message) => fetched.whole.push(message),
                Err(ProviderError::NotFound) => fetched.gone.push(id),
                Err(
                    error @ (ProviderError::Wait { .. }
                    | ProviderError::Paced { .. }
                    | ProviderError::Unauthorized
                    | ProviderError::Reconnect(_)
                    | ProviderError::Administrator(_)
                    | ProviderError::NoAccess),
                ) => fetched.pause = Some(error),
                Err(error) => fetched.failed.push((id, error.to_string())),
            }
        }
        // An answer that is missing is no answer; it must not get lost.
        if fetched.pause.is_some() {
            return Ok(fetched);
        }
        fetched.failed.extend(
            asked
                .into_iter()
                .map(|id| (id.clone(), "the provider did not answer for it".to_owned())),
        );
        Ok(fetched)
    }

    /// Bodies made ready, and the message's home.
    async fn arrive(
        &self,
        message: RemoteMessage,
        named: Option<(&str, i64)>,
    ) -> Result<News, Fault> {
        let home = self.home(&message.folders);
        let (stream, round) = match named {
            // A listing knows where it found the message, unless the message has moved since.
            Some((stream, round)) if home.0.is_empty() || home.0 == stream => {
                (stream.to_owned(), round)
            }
            _ => home,
        };
        let arrived: Arrived = content::arrive(self.platform, message).await?;
        Ok(News::Whole {
            arrived: Box::new(arrived),
            stream,
            round,
        })
    }

    /// Stores what was fetched, with other news, in as few batches as fit; `last` goes into the last one.
    pub(super) async fn store(
        &self,
        fetched: Fetched,
        news: Vec<News>,
        named: Option<(&str, i64)>,
        last: Vec<Write>,
    ) -> Result<(), Fault> {
        let ready = self.ready(fetched, news, named, last).await?;
        self.keep(ready).await
    }

    /// Makes ready what was fetched.
    pub(super) async fn ready(
        &self,
        fetched: Fetched,
        mut news: Vec<News>,
        named: Option<(&str, i64)>,
        mut last: Vec<Write>,
    ) -> Result<Ready, Fault> {
        let account = &self.account.id;
        let mut settled: Vec<RemoteId> = fetched
            .whole
            .iter()
            .map(|message| message.id.clone())
            .collect();
        if fetched.pause.is_some() {
            last.clear();
        }
        let mut batches = Vec::new();
        let mut bytes = 0;
        for message in fetched.whole {
            match message.marker.as_deref() {
                Some(marker) if message.draft => {
                    last.extend(self.strays(marker, &message.id).await?)
                }
                Some(marker) => last.push(queues::recognise(account, marker, &message.id)),
                None => {}
            }
            if self.too_old(message.received) && !self.is_known(&message.id).await? {
                continue;
            }
            give_way().await;
            let arrived = self.arrive(message, named).await?;
            if let News::Whole { arrived, .. } = &arrived {
                bytes += arrived.text.len() + arrived.html.as_ref().map_or(0, String::len) + 4_096;
            }
            news.push(arrived);
            if bytes > BATCH_BYTES {
                batches.push(std::mem::take(&mut news));
                bytes = 0;
            }
        }
        news.extend(fetched.gone.iter().map(|remote| News::Gone {
            remote: remote.clone(),
        }));
        settled.extend(fetched.gone);
        Ok(Ready {
            batches,
            news,
            settled,
            failed: fetched.failed,
            last,
            pause: fetched.pause,
        })
    }

    /// Stores what is ready.
    pub(super) async fn keep(&self, ready: Ready) -> Result<(), Fault> {
        let account = &self.account.id;
        for news in &ready.batches {
            let counted = |outcome: &_| round::counted(&self.account, outcome);
            commit(self.platform, account, news, counted).await?;
        }
        let parked = self.failures(&ready.failed).await?;
        let fresh = parked.iter().filter(|row| row.tries == 1).count();
        let outcome = commit(self.platform, account, &ready.news, |outcome| {
            let mut writes = round::counted(&self.account, outcome);
            writes.extend(round::parked(&self.account, fresh));
            writes.extend(queues::unpark(account, &ready.settled));
            writes.extend(queues::park(parked.clone()));
            writes.extend(ready.last.iter().cloned());
            writes
        });
        outcome.await?;
        ready.pause.map_or(Ok(()), |pause| Err(pause.into()))
    }

    /// A draft of ours has appeared. If its message is out already, or the draft is another by now, it was made by a request that nobody
    /// waited for any more: its makers are woken.
    async fn strays(&self, marker: &str, remote: &str) -> Result<Vec<Write>, Fault> {
        let account = &self.account.id;
        let draft = writing::stray(self.platform, account, marker, remote).await?;
        let sent = queues::stray(account, marker, self.now());
        Ok(draft.into_iter().chain([sent]).collect())
    }

    async fn is_known(&self, remote: &str) -> Result<bool, Fault> {
        let id = crate::ids::message(&self.account.id, remote);
        Ok(!crate::store::reads::lights(self.platform, &[id])
            .await?
            .is_empty())
    }

    async fn failures(&self, failed: &[(RemoteId, String)]) -> Result<Vec<Parked>, Fault> {
        let ids: Vec<RemoteId> = failed.iter().map(|(id, _)| id.clone()).collect();
        let before = queues::parked_get(self.platform, &self.account.id, &ids).await?;
        let now = self.now();
        let row = |(remote, reason): &(RemoteId, String)| {
            let known = before.iter().find(|row| row.remote == *remote);
            let tries = known.map_or(0, |row| row.tries);
            // A listing may come across it before its time; only waiting it out counts as another try.
            let (tries, next_try) = match known {
                Some(row) if row.kind == "failed" && row.next_try > now => (tries, row.next_try),
                _ => {
                    let delay = pacing::delay(u32::try_from(tries).unwrap_or(u32::MAX));
                    (
                        tries.saturating_add(1),
                        now.saturating_add(delay.saturating_mul(12)),
                    )
                }
            };
            Parked {
                account: self.account.id.clone(),
                remote: remote.clone(),
                kind: "failed".into(),
                reason: reason.clone(),
                tries,
                next_try,
            }
        };
        Ok(failed.iter().map(row).collect())
    }

    /// A row for a message that is to be fetched soon.
    pub(super) fn parked(&self, remote: &str, kind: &str, reason: &str) -> Parked {
        Parked {
            account: self.account.id.clone(),
            remote: remote.to_owned(),
            kind: kind.into(),
            reason: reason.into(),
            tries: 0,
            next_try: self.now(),
        }
    }

    /// Fetches and stores these messages now, beside the usual course.
    pub(crate) async fn fetch_now(&self, ids: &[RemoteId]) -> Result<(), Fault> {
        let wanted: Vec<Wanted> = ids.iter().map(Wanted::from).collect();
        let fetched = self.fetch(&wanted).await?;
        self.store(fetched, Vec::new(), None, Vec::new()).await?;
        Ok(())
    }

    /// Shows a message that was just made in place of one that was just deleted. Only to be quick: whatever fails here is found by the
    /// next look at what is new.
    pub(crate) async fn replace_now(
        &self,
        gone: Option<RemoteId>,
        made: Option<RemoteId>,
    ) -> Result<(), Fault> {
        let made: Vec<Wanted> = made.into_iter().map(Wanted::from).collect();
        let fetched = match self.fetch(&made).await {
            Ok(fetched) => Fetched {
                failed: Vec::new(),
                pause: None,
                ..fetched
            },
            Err(Fault::Provider(_)) => Fetched::default(),
            Err(other) => return Err(other),
        };
        let news = gone.map(|remote| News::Gone { remote });
        self.store(fetched, news.into_iter().collect(), None, Vec::new())
            .await?;
        Ok(())
    }

    /// Tries parked messages again.
    pub(super) async fn fetch_parked(&mut self) -> Result<(), Fault> {
        let due = queues::parked_due(
            self.platform,
            &self.account.id,
            self.now(),
            u32::try_from(BITE).unwrap_or(u32::MAX),
        )
        .await?;
        let wanted: Vec<Wanted> = due.into_iter().map(|row| row.remote.into()).collect();
        let fetched = self.fetch(&wanted).await?;
        let mut last = self.went_well("increment");
        last.push(accounts::changed(&self.account));
        self.store(fetched, Vec::new(), None, last).await?;
        Ok(())
    }
}
