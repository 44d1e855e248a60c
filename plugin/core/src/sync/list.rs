//! Old mail, newest first, a page at a time; and the comparing round that lists everything again when a cursor was lost.
//!
//! A page's messages are stored as they are fetched, the place in the listing moves with the last of them. A crash in between
//! lists the page again and passes over what is stored.

use std::collections::HashMap;

use futures::future::{OptionFuture, join};

use super::fetch::{BITE, Fetched};
use super::{Fault, Worker};
use crate::ids;
use crate::platform::{Platform, Write};
use crate::provider::{Listed, Provider, ProviderError, RemoteId, RemoteMessage, Wanted};
use crate::store::commit::News;
use crate::store::rows::{Light, Stream};
use crate::store::{accounts, reads};

/// Of the very first page, this many are fetched first, so that a list is readable within seconds.
const FIRST: usize = 20;

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    fn stream(&self, name: &str) -> Option<Stream> {
        self.streams
            .iter()
            .find(|stream| stream.stream == name)
            .cloned()
    }

    pub(super) fn named(&self, name: &str) -> Result<Stream, Fault> {
        let missing = || crate::platform::StoreError::Conflict("the stream is gone".into());
        self.stream(name).ok_or_else(|| missing().into())
    }

    /// Takes a cursor **before** listing, so that nothing falls between the two.
    pub(super) async fn begin(&mut self, name: &str) -> Result<(), Fault> {
        let stream = self.named(name)?;
        let cursor = self.mailbox.begin(name).await?;
        let row = Stream {
            cursor: Some(cursor),
            phase: "listing".into(),
            page: None,
            pages: 0,
            polled: self.now(),
            ..stream
        };
        let mut writes: Vec<Write> = accounts::put_streams(vec![row]).into_iter().collect();
        writes.extend(self.went_well("backfill"));
        self.platform.apply(writes).await?;
        Ok(())
    }

    /// A page of a stream's listing.
    pub(super) async fn list(&mut self, name: &str) -> Result<(), Fault> {
        let stream = self.named(name)?;
        if let Some(pass) = stream.pass.clone() {
            return self.list_members(stream, pass).await;
        }
        let mut listing = match self
            .mailbox
            .list(name, self.account.since, stream.page.as_deref())
            .await
        {
            // The place in the listing is no longer known: from the top, passing over what is stored.
            Err(crate::provider::ProviderError::CursorLost) if stream.page.is_some() => {
                let row = Stream {
                    page: None,
                    ..stream
                };
                self.platform
                    .apply(accounts::put_streams(vec![row]).into_iter().collect())
                    .await?;
                return Ok(());
            }
            listing => listing?,
        };
        if stream.comparing {
            self.tell_state(&mut listing.items).await?;
        }
        let known = self
            .known(listing.items.iter().map(|item| &item.id))
            .await?;
        let mut whole = Vec::new();
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut news = Vec::new();
        for item in listing.items {
            self.sort(&stream, item, &known, &mut whole, &mut wanted, &mut news);
        }
        let named = Some((name, stream.round));
        let bite = if stream.pages == 0 { FIRST } else { BITE };
        let mut bites: Vec<Fetched> = Vec::new();
        let mut rest = whole;
        while !rest.is_empty() {
            let tail = rest.split_off(rest.len().min(bite));
            bites.push(Fetched {
                whole: std::mem::replace(&mut rest, tail),
                ..Fetched::default()
            });
        }
        let stage = if stream.comparing {
            "reconcile"
        } else {
            "backfill"
        };
        let finished = self.finished(&stream, listing.next.clone(), stage);
        let fetches: Vec<&[Wanted]> = if wanted.len() > bite && stream.pages == 0 {
            let (first, others) = wanted.split_at(bite);
            std::iter::once(first).chain(others.chunks(BITE)).collect()
        } else {
            wanted.chunks(BITE).collect()
        };
        let batches = bites.len() + fetches.len();
        let mut done = 0;
        for fetched in bites {
            done += 1;
            let last = if done == batches {
                finished.clone()
            } else {
                Vec::new()
            };
            self.store(fetched, std::mem::take(&mut news), named, last)
                .await?;
        }
        let mut ahead = None;
        let mut fetches = fetches.into_iter().peekable();
        while let Some(ids) = fetches.next() {
            let fetched = match ahead.take() {
                Some(fetched) => fetched,
                // The page is listed again; what is stored by now is passed over.
                None if done > 0 && self.spent() => return Ok(()),
                None => self.fetch(ids).await?,
            };
            done += 1;
            let last = if done == batches {
                finished.clone()
            } else {
                Vec::new()
            };
            // While these are stored, the next are on their way.
            let next = fetches
                .peek()
                .copied()
                .filter(|_| fetched.pause.is_none() && !self.spent());
            let (following, stored) = join(
                OptionFuture::from(next.map(|ids| self.fetch(ids))),
                self.store(fetched, std::mem::take(&mut news), named, last),
            )
            .await;
            stored?;
            ahead = following.transpose()?;
        }
        if batches == 0 {
            self.store(Fetched::default(), news, named, finished)
                .await?;
        }
        Ok(())
    }

    /// What is to be listed apart, in a fixed order.
    async fn listed_apart(&self) -> Result<Vec<String>, Fault> {
        let folders = accounts::folders(self.platform, &self.account.id).await?;
        let known: Vec<String> = folders.into_iter().filter_map(|row| row.remote).collect();
        Ok(self.mailbox.listed_apart(&known))
    }

    /// A page of what is in a container. `pass` is the one under way if there is a page to go on with, else the one before the next.
    async fn list_members(&mut self, stream: Stream, pass: String) -> Result<(), Fault> {
        let container = if stream.page.is_some() {
            Some(pass)
        } else {
            let apart = self.listed_apart().await?;
            apart.into_iter().find(|container| *container > pass)
        };
        let mut writes = Vec::new();
        let page = match &container {
            // All of them are listed.
            None => None,
            Some(container) => {
                let (since, page) = (self.account.since, stream.page.as_deref());
                match self.mailbox.members(container, since, page).await {
                    Ok((remotes, next)) => {
                        let told =
                            accounts::tell(self.platform, &self.account.id, container, &remotes);
                        writes.extend(told.await?);
                        next
                    }
                    // Nothing is in what is not there any more.
                    Err(ProviderError::NotFound) => None,
                    Err(ProviderError::CursorLost) if page.is_some() => {
                        // From its top. The container before this one is not known any more, but what was noted is noted once.
                        let row = Stream {
                            page: None,
                            pass: Some(String::new()),
                            ..stream
                        };
                        writes.extend(accounts::put_streams(vec![row]));
                        self.platform.apply(writes).await?;
                        return Ok(());
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let row = Stream {
            page,
            pass: container,
            ..stream
        };
        writes.extend(accounts::put_streams(vec![row]));
        writes.extend(self.went_well("reconcile"));
        self.platform.apply(writes).await?;
        Ok(())
    }

    /// Adds the state of what is listed, where the provider had to be asked for it apart.
    async fn tell_state(&self, items: &mut [Listed]) -> Result<(), Fault> {
        if self.listed_apart().await?.is_empty() {
            return Ok(());
        }
        let remotes: Vec<RemoteId> = items.iter().map(|item| item.id.clone()).collect();
        let mut told = accounts::told(self.platform, &self.account.id, &remotes).await?;
        for item in items {
            let row = told.remove(&ids::message(&self.account.id, &item.id));
            let containers = row.map(|row| row.containers.0).unwrap_or_default();
            item.light = self.mailbox.state_in(&containers);
        }
        Ok(())
    }

    pub(super) async fn known(
        &self,
        remotes: impl Iterator<Item = &RemoteId>,
    ) -> Result<HashMap<RemoteId, Light>, Fault> {
        let ids: Vec<String> = remotes
            .map(|remote| ids::message(&self.account.id, remote))
            .collect();
        let lights = reads::lights(self.platform, &ids).await?;
        Ok(lights
            .into_iter()
            .map(|light| (light.remote.clone(), light))
            .collect())
    }

    /// What is to be done about a listed message.
    fn sort(
        &self,
        stream: &Stream,
        item: Listed,
        known: &HashMap<RemoteId, Light>,
        whole: &mut Vec<RemoteMessage>,
        wanted: &mut Vec<Wanted>,
        news: &mut Vec<News>,
    ) {
        let stored = known.get(&item.id);
        if let Some(message) = item.message {
            whole.push(*message);
            return;
        }
        let fetch = |id, thread| Wanted { id, thread };
        match stored {
            None if item
                .light
                .received
                .is_some_and(|received| self.too_old(received)) => {}
            None => wanted.push(fetch(item.id, item.thread)),
            // Already named by this round, or fetched since the cursor was taken.
            Some(light) if light.stream == stream.stream && light.seen >= stream.round => {}
            // A listing that tells no state can't tell what changed, so a comparing round fetches.
            Some(_) if stream.comparing && item.light.folders.is_none() => {
                wanted.push(fetch(item.id, item.thread));
            }
            Some(_) => {
                news.push(News::Light {
                    remote: item.id,
                    light: item.light,
                    named: Some((stream.stream.clone(), stream.round)),
                });
            }
        }
    }

    /// The stream after this page.
    fn finished(&self, stream: &Stream, next: Option<String>, stage: &str) -> Vec<Write> {
        let over = next.is_none();
        let row = Stream {
            phase: if over {
                "following".into()
            } else {
                "listing".into()
            },
            page: next,
            pages: stream.pages.saturating_add(1),
            sweeping: stream.sweeping || (over && stream.comparing),
            comparing: stream.comparing && !over,
            // What happened since the cursor was taken is asked for at once.
            more: stream.more || over,
            ..stream.clone()
        };
        let mut writes: Vec<Write> = accounts::put_streams(vec![row]).into_iter().collect();
        if over && stream.comparing {
            writes.push(accounts::forget_told(&self.account.id));
        }
        writes.extend(self.went_well(stage));
        writes.push(accounts::changed(&self.account));
        writes
    }
}
