//! Old mail, newest first, a page at a time; and the comparing round that lists everything again when a cursor was lost.
//!
//! A page's messages are stored as they are fetched, the place in the listing moves with the last of them. A crash in between
//! lists the page again and passes over what is stored.

use std::collections::{HashMap, HashSet, VecDeque};

use futures::channel::mpsc;
use futures::future::join3;
use futures::{SinkExt as _, StreamExt as _};

use super::fetch::{BITE, Fetched, Ready};
use super::plan::{self, Queues, Situation, Step};
use super::{Fault, Worker};
use crate::ids;
use crate::platform::{Platform, Write};
use crate::provider::{Listed, Listing, Provider, ProviderError, RemoteId, RemoteMessage, Wanted};
use crate::store::commit::News;
use crate::store::rows::{Light, Stream};
use crate::store::{accounts, reads};

/// Of the very first page, this many are fetched first, so that a list is readable within seconds.
const FIRST: usize = 20;

/// Bytes of bodies in pages that are taken together, besides the last of them: a quarter of a bite's usual worst.
const GATHERED_BYTES: usize = 2 << 20;

/// For as long pages are taken together, in milliseconds: whoever wants something sent meanwhile waits for it.
const GATHERING_MS: u64 = 1_000;

/// A page of a listing, or several short ones.
pub(crate) struct Page {
    /// As it stood when the page was asked for.
    stream: Stream,
    bites: VecDeque<Bite>,
    /// The first of them, fetched already.
    begun: Option<Fetched>,
    news: Vec<News>,
    /// The page after it.
    next: Option<String>,
    /// Why that one could not be had, if it was asked for: told once this page is stored.
    trouble: Option<ProviderError>,
}

/// Messages that are stored in one go.
enum Bite {
    /// The listing brought them along.
    Told(Vec<RemoteMessage>),
    Asked(Vec<Wanted>),
}

/// Some of a page's messages, on their way to the store.
struct Piece {
    fetched: Fetched,
    news: Vec<News>,
    last: Vec<Write>,
}

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
            answered: Some(self.account.poked),
            ..stream
        };
        let mut writes: Vec<Write> = accounts::put_streams(vec![row]).into_iter().collect();
        writes.extend(self.went_well("backfill"));
        self.platform.apply(writes).await?;
        Ok(())
    }

    /// A page of a stream's listing. While its last messages are stored, the next page is asked for and kept for the next step.
    pub(super) async fn list(&mut self, name: &str) -> Result<(), Fault> {
        let stream = self.named(name)?;
        if let Some(pass) = stream.pass.clone() {
            return self.list_members(stream, pass).await;
        }
        let page = match self.ahead.take().filter(|page| page.stream == stream) {
            Some(page) => *page,
            None => match self.page(stream.clone()).await {
                // The place in the listing is no longer known: from the top, passing over what is stored.
                Err(Fault::Provider(ProviderError::CursorLost)) if stream.page.is_some() => {
                    let row = Stream {
                        page: None,
                        ..stream
                    };
                    self.platform
                        .apply(accounts::put_streams(vec![row]).into_iter().collect())
                        .await?;
                    return Ok(());
                }
                page => page?,
            },
        };
        self.ahead = self.store_page(page).await?.map(Box::new);
        Ok(())
    }

    /// Asks for the page at which a listing stands, and sorts what it names.
    async fn page(&self, stream: Stream) -> Result<Page, Fault> {
        let (mut listing, trouble) = self.listing(&stream).await?;
        if stream.comparing {
            self.tell_state(&mut listing.items).await?;
        }
        // A message that came along is stored whatever is known of it.
        let named = listing.items.iter().filter(|item| item.message.is_none());
        let known = self.known(named.map(|item| &item.id)).await?;
        let mut whole = Vec::new();
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut news = Vec::new();
        for item in listing.items {
            self.sort(&stream, item, &known, &mut whole, &mut wanted, &mut news);
        }
        let first = if stream.pages == 0 { FIRST } else { BITE };
        let told = in_bites(whole, first).into_iter().map(Bite::Told);
        let asked = in_bites(wanted, first).into_iter().map(Bite::Asked);
        Ok(Page {
            bites: told.chain(asked).collect(),
            begun: None,
            news,
            next: listing.next,
            trouble,
            stream,
        })
    }

    /// The page at which a listing stands. Those that bring their messages along are short: as many as fill a bite are taken
    /// together, because each one that is stored costs a batch and a look at what else is to be done. Not the first one, which
    /// somebody waits for. With what kept the next page from being among them.
    async fn listing(&self, stream: &Stream) -> Result<(Listing, Option<ProviderError>), Fault> {
        let began = self.now();
        let (name, since) = (&stream.stream, self.account.since);
        let page = stream.page.as_deref();
        let mut listing = self.mailbox.list(name, since, page).await?;
        while stream.pages > 0
            && has_room(&listing.items)
            && self.now().saturating_sub(began) < GATHERING_MS
            && let Some(next) = listing.next.clone()
        {
            let more = match self.mailbox.list(name, since, Some(&next)).await {
                Ok(more) => more,
                // For the step that begins there.
                Err(ProviderError::CursorLost) => break,
                Err(error) => return Ok((listing, Some(error))),
            };
            listing = joined(listing, more);
        }
        Ok((listing, None))
    }

    /// Fetches, makes ready and stores a page's messages, each at its own pace: while some are stored, others are on their way.
    /// Answers the next page, if there was time to begin with it.
    async fn store_page(&self, page: Page) -> Result<Option<Page>, Fault> {
        let (to_ready, mut fetched) = mpsc::channel::<Piece>(0);
        let (mut to_store, mut ready) = mpsc::channel::<Ready>(0);
        let stream = page.stream.clone();
        let named = Some((stream.stream.as_str(), stream.round));
        let fetching = self.fetch_page(page, to_ready);
        // Whoever finds that nobody takes its work stops: what stopped them is told by themselves.
        let readying = async move {
            while let Some(piece) = fetched.next().await {
                let Piece {
                    fetched,
                    news,
                    last,
                } = piece;
                let ready = self.ready(fetched, news, named, last).await?;
                if to_store.send(ready).await.is_err() {
                    break;
                }
            }
            Ok::<(), Fault>(())
        };
        let storing = async move {
            while let Some(ready) = ready.next().await {
                self.keep(ready).await?;
            }
            Ok::<(), Fault>(())
        };
        let (following, readied, stored) = join3(fetching, readying, storing).await;
        stored?;
        readied?;
        following
    }

    /// Fetches a page's messages and hands them on, then begins with the next page.
    async fn fetch_page(
        &self,
        page: Page,
        mut to: mpsc::Sender<Piece>,
    ) -> Result<Option<Page>, Fault> {
        let Page {
            stream,
            mut bites,
            mut begun,
            mut news,
            next,
            trouble,
        } = page;
        let after = after(&stream, next);
        let mut at_all = false;
        loop {
            let fetched = match (begun.take(), bites.pop_front()) {
                (Some(begun), bite) => {
                    if let Some(bite) = bite {
                        bites.push_front(bite);
                    }
                    begun
                }
                // The page is listed again; what is stored by now is passed over.
                (None, Some(_)) if at_all && self.spent() => {
                    return trouble.map_or(Ok(None), |trouble| Err(trouble.into()));
                }
                (None, Some(bite)) => self.bite(bite).await?,
                // A page without messages moves its stream all the same.
                (None, None) if !at_all => Fetched::default(),
                (None, None) => break,
            };
            at_all = true;
            let paused = fetched.pause.is_some();
            let last = if bites.is_empty() {
                self.finished(&stream, &after)
            } else {
                Vec::new()
            };
            let news = std::mem::take(&mut news);
            let piece = Piece {
                fetched,
                news,
                last,
            };
            if to.send(piece).await.is_err() || paused {
                return Ok(None);
            }
        }
        drop(to);
        if let Some(trouble) = trouble {
            return Err(trouble.into());
        }
        let Some(stream) = self.listed_next(after).filter(|_| !self.spent()) else {
            return Ok(None);
        };
        let mut page = match self.page(stream).await {
            // For the step that asks for it again.
            Err(Fault::Provider(ProviderError::CursorLost)) => return Ok(None),
            page => page?,
        };
        // What the provider says of the account holds for whatever the next step is.
        if let Some(trouble) = page.trouble {
            return Err(trouble.into());
        }
        if let Some(bite) = page.bites.pop_front() {
            page.begun = Some(self.bite(bite).await?);
        }
        Ok(Some(page))
    }

    /// The listing that goes on once a stream stands there, if nobody asks for anything else.
    fn listed_next(&self, after: Stream) -> Option<Stream> {
        let mut streams = self.streams.clone();
        let stands = streams
            .iter_mut()
            .find(|stream| stream.stream == after.stream)?;
        *stands = after;
        // If nobody asks for anything.
        let then = Situation {
            streams: &streams,
            queues: Queues::default(),
            ..self.situation()
        };
        let Step::List(name) = plan::next(&then) else {
            return None;
        };
        let listed = streams.into_iter().find(|stream| stream.stream == name);
        listed.filter(|stream| stream.pass.is_none())
    }

    async fn bite(&self, bite: Bite) -> Result<Fetched, Fault> {
        match bite {
            Bite::Told(whole) => Ok(Fetched {
                whole,
                ..Fetched::default()
            }),
            Bite::Asked(wanted) => self.fetch(&wanted).await,
        }
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

    /// What goes with the last of a page's messages: the stream stands after it.
    fn finished(&self, stream: &Stream, after: &Stream) -> Vec<Write> {
        let over = after.page.is_none();
        let stage = if stream.comparing {
            "reconcile"
        } else {
            "backfill"
        };
        let mut writes: Vec<Write> = accounts::put_streams(vec![after.clone()])
            .into_iter()
            .collect();
        if over && stream.comparing {
            writes.push(accounts::forget_told(&self.account.id));
        }
        writes.extend(self.went_well(stage));
        writes.push(accounts::changed(&self.account));
        writes
    }
}

/// A stream after a page that names the next one.
fn after(stream: &Stream, next: Option<String>) -> Stream {
    let over = next.is_none();
    Stream {
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
    }
}

/// Whether another page may be stored with these.
fn has_room(items: &[Listed]) -> bool {
    let bytes = items.iter().try_fold(0_usize, |bytes, item| {
        // One that is to be fetched is known to be small no sooner than it is here.
        let message = item.message.as_ref()?;
        let body = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        Some(bytes + body(&message.html) + body(&message.text))
    });
    items.len() < BITE && bytes.is_some_and(|bytes| bytes < GATHERED_BYTES)
}

/// Two pages as one. What moves from one to the other while they are asked for is named by both, and was read last by the second.
fn joined(first: Listing, second: Listing) -> Listing {
    let again: HashSet<&RemoteId> = second.items.iter().map(|item| &item.id).collect();
    let mut items = first.items;
    items.retain(|item| !again.contains(&item.id));
    items.extend(second.items);
    Listing {
        items,
        next: second.next,
    }
}

/// In their order: at most so many at first, then at most [`BITE`] at a time.
fn in_bites<T>(all: Vec<T>, first: usize) -> Vec<Vec<T>> {
    let mut all = all.into_iter().peekable();
    let mut bites = Vec::new();
    while all.peek().is_some() {
        let most = if bites.is_empty() { first } else { BITE };
        bites.push(all.by_ref().take(most).collect());
    }
    bites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_pages_name_is_taken_once_as_it_was_read_last() {
        let page = |ids: &[(&str, bool)], next: Option<&str>| Listing {
            items: ids
                .iter()
                .map(|(id, read)| Listed {
                    id: (*id).to_owned(),
                    thread: None,
                    light: crate::provider::Light {
                        read: Some(*read),
                        ..Default::default()
                    },
                    message: None,
                })
                .collect(),
            next: next.map(str::to_owned),
        };
        let first = page(&[("a", false), ("b", false)], Some("2"));
        let second = page(&[("b", true), ("c", false)], None);
        let both = page(&[("a", false), ("b", true), ("c", false)], None);
        assert_eq!(joined(first, second), both);
    }
}
