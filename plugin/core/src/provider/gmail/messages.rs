//! Listing, fetching, attachments, raw text.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use futures::future::join;
use futures::{StreamExt as _, stream};

use super::batch::{self, Part};
use super::payload::{self, Parsed};
use super::{Gmail, units, wire};
use crate::platform::{Platform, Response, give_way};
use crate::provider::client::{Call, escape, together};
use crate::provider::{
    Light, Listed, Listing, ProviderError, RemoteId, RemoteMessage, Result, Wanted,
};

/// Padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Requests of one kind in flight: Gmail begins to refuse at about ten per person.
const AT_ONCE: usize = 4;

/// What Gmail sends, mostly without line breaks.
pub(super) fn decode(data: &str) -> Option<Vec<u8>> {
    BASE64.decode(data).ok().or_else(|| {
        let clean: String = data
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| {
                if c == '+' {
                    '-'
                } else if c == '/' {
                    '_'
                } else {
                    c
                }
            })
            .collect();
        BASE64.decode(clean).ok()
    })
}

impl<P: Platform> Gmail<'_, P> {
    /// Of everything, or of what has a label.
    pub(super) async fn list_ids(
        &self,
        label: Option<&str>,
        since: Option<u64>,
        page: Option<&str>,
    ) -> Result<Listing> {
        let mut path = "messages?maxResults=500&includeSpamTrash=true".to_owned();
        if let Some(label) = label {
            path.push_str(&format!("&labelIds={}", escape(label)));
        }
        if let Some(since) = since {
            // `after:` means later than that second.
            path.push_str(&format!("&q=after:{}", (since / 1000).saturating_sub(1)));
        }
        if let Some(page) = page {
            path.push_str(&format!("&pageToken={}", escape(page)));
        }
        let answer: wire::MessageList = self.read(&path).await?;
        let listed = |message: wire::Message| Listed {
            thread: Some(message.thread_id).filter(|thread| !thread.is_empty()),
            id: message.id,
            light: Light::default(),
            message: None,
        };
        Ok(Listing {
            items: answer.messages.into_iter().map(listed).collect(),
            next: answer.next_page_token,
        })
    }

    pub(super) async fn messages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<(RemoteId, Result<RemoteMessage>)>> {
        let asks = asks(wanted);
        let mut found = Vec::with_capacity(wanted.len());
        let mut answered = stream::iter(asks.chunks(batch::MOST))
            .map(|piece| async move { (piece, self.answers(piece).await) })
            // Never more than one batch is under way, see `batch::MOST`.
            .buffered(1);
        let mut current = match answered.next().await {
            Some((_, Err(error))) => return Err(error),
            Some((piece, Ok(answers))) => Some((piece, answers)),
            None => None,
        };
        let mut stopped: Option<ProviderError> = None;
        while let Some((piece, answers)) = current.take() {
            // While these are read, the next are on their way.
            let (following, read) = join(answered.next(), self.read_all(piece, answers)).await;
            found.extend(read);
            current = match following {
                Some((next, Ok(answers))) => Some((next, answers)),
                Some((next, Err(error))) => {
                    let error = stopped.insert(error).clone();
                    found.extend(
                        next.iter()
                            .flat_map(Ask::ids)
                            .map(|id| (id.clone(), Err(error.clone()))),
                    );
                    None
                }
                None => None,
            };
        }
        if let Some(error) = stopped {
            // What was answered before stays answered, and what comes after is not asked for.
            let done = found.iter().map(|(id, _)| id).collect::<HashSet<_>>();
            let left: Vec<_> = asks
                .iter()
                .flat_map(Ask::ids)
                .filter(|id| !done.contains(id))
                .cloned()
                .collect();
            found.extend(left.into_iter().map(|id| (id, Err(error.clone()))));
        }
        match found.iter().find_map(|(_, answer)| {
            answer
                .as_ref()
                .err()
                .filter(|error| concerns_account(error))
        }) {
            Some(error) => Err(error.clone()),
            None => Ok(found),
        }
    }

    async fn answers(&self, asks: &[Ask<'_>]) -> Result<Vec<Result<Response>>> {
        if let [ask] = asks {
            return Ok(vec![
                self.client.send(Call::get(self.url(&ask.path()))).await,
            ]);
        }
        let parts: Vec<Part> = asks
            .iter()
            .map(|ask| Part::get(Self::path(&ask.path())))
            .collect();
        self.batch(&parts).await
    }

    async fn read_all(
        &self,
        asks: &[Ask<'_>],
        answers: Vec<Result<Response>>,
    ) -> Vec<(RemoteId, Result<RemoteMessage>)> {
        let read = asks.iter().zip(answers).map(|(ask, answer)| async move {
            match (ask, answer) {
                (Ask::Message(id), answer) => vec![self.one(id, answer).await],
                (Ask::Thread(_, ids), Ok(answer)) => self.members(ids, &answer).await,
                (Ask::Thread(_, ids), Err(ProviderError::NotFound)) => self.one_by_one(ids).await,
                (Ask::Thread(_, ids), Err(error)) => ids
                    .iter()
                    .map(|id| ((*id).clone(), Err(error.clone())))
                    .collect(),
            }
        });
        together(read, AT_ONCE)
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    async fn one(
        &self,
        id: &RemoteId,
        answer: Result<Response>,
    ) -> (RemoteId, Result<RemoteMessage>) {
        give_way().await;
        let message = match answer {
            Ok(answer) => match payload::read(id, answer.body()) {
                Ok(parsed) => self.whole(parsed).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        (id.clone(), message)
    }

    /// All of a thread, and those that are no longer in it.
    async fn members(
        &self,
        wanted: &[&RemoteId],
        answer: &Response,
    ) -> Vec<(RemoteId, Result<RemoteMessage>)> {
        // One by one, what can't be read is a message and not a thread.
        let Ok(thread) = serde_json::from_slice::<wire::Thread<'_>>(answer.body()) else {
            return self.one_by_one(wanted).await;
        };
        let mut found = Vec::with_capacity(thread.messages.len());
        for raw in thread.messages {
            give_way().await;
            if let Some(parsed) = payload::read_member(raw.get()) {
                found.push((parsed.message.id.clone(), self.whole(parsed).await));
            }
        }
        let missing = |id: &&&RemoteId| !found.iter().any(|(there, _)| there == **id);
        let missing: Vec<&RemoteId> = wanted.iter().filter(missing).copied().collect();
        found.extend(self.one_by_one(&missing).await);
        found
    }

    async fn one_by_one(&self, ids: &[&RemoteId]) -> Vec<(RemoteId, Result<RemoteMessage>)> {
        let one = |id: &RemoteId| {
            let id = id.clone();
            async move {
                let answer = self.client.send(Call::get(self.url(&full(&id)))).await;
                self.one(&id, answer).await
            }
        };
        together(ids.iter().map(|id| one(id)), 1).await
    }

    /// Fetches bodies that were too large for the message.
    async fn whole(&self, parsed: Parsed) -> Result<RemoteMessage> {
        let Parsed {
            mut message,
            pending,
        } = parsed;
        for body in pending {
            match self.stored(&message.id, &body.attachment).await {
                Ok(bytes) => {
                    payload::add_body(&mut message, body.html, &bytes, body.charset.as_deref())
                }
                Err(ProviderError::NotFound | ProviderError::Refused(_)) => {
                    message.problem = Some("a part of the text could not be read".to_owned())
                }
                Err(error) => return Err(error),
            }
        }
        Ok(message)
    }

    async fn stored(&self, message: &str, attachment: &str) -> Result<Vec<u8>> {
        let body: wire::Body = self
            .read(&format!(
                "messages/{}/attachments/{}",
                escape(message),
                escape(attachment)
            ))
            .await?;
        body.data
            .as_deref()
            .and_then(decode)
            .ok_or_else(|| ProviderError::Refused("the attachment is not readable".to_owned()))
    }

    /// Attachment ids change with every look, so the part is looked up again.
    pub(super) async fn attachment_bytes(&self, message: &str, part: &str) -> Result<Vec<u8>> {
        let whole: wire::Message = self.read(&full(message)).await?;
        let found = whole
            .payload
            .as_ref()
            .and_then(|root| payload::find(root, part))
            .ok_or(ProviderError::NotFound)?;
        if let Some(data) = &found.body.data {
            return decode(data).ok_or_else(|| {
                ProviderError::Refused("the attachment is not readable".to_owned())
            });
        }
        match &found.body.attachment_id {
            Some(attachment) => self.stored(message, attachment).await,
            // A forwarded message has no bytes of its own in the tree.
            None => payload::nested(&self.raw_message(message).await?, part)
                .ok_or(ProviderError::NotFound),
        }
    }

    pub(super) async fn raw_message(&self, message: &str) -> Result<Vec<u8>> {
        let answer: wire::Message = self
            .read(&format!("messages/{}?format=raw", escape(message)))
            .await?;
        answer
            .raw
            .as_deref()
            .and_then(decode)
            .ok_or_else(|| ProviderError::Refused("the message is not readable".to_owned()))
    }
}

/// A request for messages.
enum Ask<'a> {
    Message(&'a RemoteId),
    /// A whole thread, of which these are wanted.
    Thread(&'a str, Vec<&'a RemoteId>),
}

impl<'a> Ask<'a> {
    fn path(&self) -> String {
        match self {
            Self::Message(id) => full(id),
            Self::Thread(thread, _) => format!("threads/{}?format=full", escape(thread)),
        }
    }

    fn ids(&self) -> impl Iterator<Item = &'a RemoteId> {
        match self {
            Self::Message(id) => vec![*id],
            Self::Thread(_, ids) => ids.clone(),
        }
        .into_iter()
    }
}

/// The cheapest requests for all of them, in the order of the first of each.
fn asks(wanted: &[Wanted]) -> Vec<Ask<'_>> {
    let mut members: HashMap<&str, Vec<&RemoteId>> = HashMap::new();
    for message in wanted {
        if let Some(thread) = &message.thread {
            members.entry(thread).or_default().push(&message.id);
        }
    }
    let mut asks = Vec::new();
    for Wanted { id, thread } in wanted {
        match thread
            .as_deref()
            .and_then(|thread| Some((thread, members.get(thread)?.len())))
        {
            // At the price of two, older ones come along.
            Some((thread, count)) if count as u64 * units::MESSAGE >= units::THREAD => {
                let ids = members
                    .get_mut(thread)
                    .map(std::mem::take)
                    .unwrap_or_default();
                asks.push(Ask::Thread(thread, ids));
            }
            // Asked for with its thread.
            Some((_, 0)) => {}
            _ => asks.push(Ask::Message(id)),
        }
    }
    asks
}

fn full(id: &str) -> String {
    format!("messages/{}?format=full", escape(id))
}

/// Would every other message fail alike?
pub(super) fn concerns_account(error: &ProviderError) -> bool {
    matches!(
        error,
        ProviderError::Unauthorized
            | ProviderError::Reconnect(_)
            | ProviderError::Administrator(_)
            | ProviderError::MissingScope(_)
    )
}
