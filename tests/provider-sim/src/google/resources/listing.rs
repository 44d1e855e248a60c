//! What `messages.list`, `threads.list` and `drafts.list` have in common: which messages, page by page.

use super::super::api::call::Call;
use super::super::api::error::{ApiError, ApiResult};
use super::super::api::methods::METADATA;
use super::super::mailbox::page::{self, Position};
use super::super::mailbox::query::{Meaning, Query};
use super::super::mailbox::{Entry, LabelKey, system};

/// Messages copied at a time, so that the mailbox is not held while they are searched.
const CHUNK: usize = 512;

/// A question as asked.
pub(crate) struct Listing {
    labels: Vec<LabelKey>,
    query: Option<Query>,
    with_spam_and_trash: bool,
    fingerprint: u64,
    epoch: u64,
    from: Option<Position>,
    /// What was sent later is not yet in the search index, in milliseconds since the Unix epoch.
    indexed_until: u64,
    pub(crate) limit: usize,
}

impl Listing {
    /// Reads the query; `only` is a label that everything must carry.
    pub(crate) fn of(call: &Call, only: Option<LabelKey>) -> ApiResult<Self> {
        let q = call.query("q");
        if q.is_some() && call.has_scope(METADATA) {
            let narrow = !call.access.scopes.iter().any(|scope| {
                scope.ends_with("mail.google.com/")
                    || scope.ends_with("gmail.modify")
                    || scope.ends_with("gmail.readonly")
            });
            if narrow {
                return Err(ApiError::metadata_scope(
                    "Metadata scope does not support 'q' parameter",
                ));
            }
        }
        let state = call.mailbox.state.read();
        let mut labels: Vec<LabelKey> = only.into_iter().collect();
        for id in call.all("labelIds") {
            let key = state
                .labels
                .key(id)
                .ok_or_else(|| ApiError::invalid(format!("Invalid label: {id}")))?;
            labels.push(key);
        }
        let query = q.map(|text| {
            Query::parse(
                text,
                &Meaning {
                    labels: &state.labels,
                    address: &call.mailbox.account.address,
                    now: call.now,
                },
            )
        });
        let with_spam_and_trash = call.flag("includeSpamTrash")?
            || labels.contains(&system::TRASH)
            || labels.contains(&system::SPAM)
            || query.as_ref().is_some_and(|query| query.anywhere);
        let fingerprint = page::fingerprint(&(
            call.path.len(),
            q,
            &labels,
            with_spam_and_trash,
            call.mailbox.account.address.as_str(),
        ));
        let epoch = state.epoch;
        let from = call
            .query("pageToken")
            .map(|token| page::read(token, fingerprint, epoch))
            .transpose()?;
        Ok(Self {
            labels,
            query,
            with_spam_and_trash,
            fingerprint,
            epoch,
            from,
            indexed_until: call
                .now
                .saturating_sub(call.google.context.limits.read().google_search_lag_ms),
            limit: call.max_results()?,
        })
    }

    /// Is this message part of the answer?
    pub(crate) fn includes(&self, entry: &Entry) -> bool {
        let hidden = entry.has(system::TRASH) || entry.has(system::SPAM);
        (self.with_spam_and_trash || !hidden)
            && self.labels.iter().all(|label| entry.has(*label))
            && self.query.as_ref().is_none_or(|query| {
                let indexed = !entry.has(system::SENT) || entry.body.date <= self.indexed_until;
                indexed && query.finds(entry)
            })
    }

    /// Feeds matching messages, newest first, until `take` has had enough (answers false).
    pub(crate) fn walk(&self, call: &Call, mut take: impl FnMut(&Entry) -> bool) {
        let mut from = self.from;
        loop {
            let chunk: Vec<Entry> = call
                .mailbox
                .state
                .read()
                .newest(&self.labels, from)
                .take(CHUNK)
                .cloned()
                .collect();
            let Some(last) = chunk.last() else {
                return;
            };
            from = Some(position(last));
            for entry in &chunk {
                if self.includes(entry) && !take(entry) {
                    return;
                }
            }
        }
    }

    /// The token of the page after `last`.
    pub(crate) fn next(&self, last: &Entry) -> String {
        page::write(position(last), self.fingerprint, self.epoch)
    }

    /// Gmail's estimate is good for little: the true number up to one page, 201 for more.
    pub(crate) fn estimate(found: usize, more: bool) -> usize {
        if more { found.max(201) } else { found }
    }
}

fn position(entry: &Entry) -> Position {
    Position {
        major: entry.body.date,
        minor: entry.body.id,
    }
}
