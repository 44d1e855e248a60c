//! What open pages hear.
//!
//! Events are rows, written in the transaction of what they are about, so that none exists without its cause and a page that was cut off takes
//! up where it was. A listener is only woken through memory; what it hears it reads from the table, in order, and never misses one.

use std::sync::Arc;

use tokio::sync::watch;

use crate::db::{Db, Tx, sql};
use crate::error::Error;
use crate::store::Inner;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Grows; what `Last-Event-ID` names.
    pub id: i64,
    /// Which plugin said so; none: the host.
    pub plugin: Option<String>,
    /// Such as `threads.changed`.
    pub topic: String,
    /// Only this person hears it; none: everybody.
    pub user: Option<String>,
    /// A JSON document.
    pub payload: String,
}

/// The newest event that was committed.
#[derive(Clone)]
pub(crate) struct EventSignal {
    latest: watch::Sender<i64>,
}

impl EventSignal {
    pub(crate) async fn open(db: &Db) -> Result<Self, Error> {
        let row = db
            .fetch_first(sql!("SELECT MAX(id) FROM host_events"))
            .await?;
        Ok(Self {
            latest: watch::Sender::new(row.map_or(Ok(0), |row| row.int(0))?),
        })
    }

    /// Call it after the commit.
    pub(crate) fn committed(&self, id: i64) {
        self.latest.send_if_modified(|latest| {
            let newer = id > *latest;
            *latest = id.max(*latest);
            newer
        });
    }
}

/// Adds an event to a transaction; answers what `Inner::event_committed` takes.
pub(crate) async fn insert(
    tx: &mut Tx,
    now: u64,
    plugin: Option<&str>,
    topic: &str,
    user: Option<&str>,
    payload: &str,
) -> Result<i64, Error> {
    let table = tx.dialect().new_events();
    tx.fetch_int(sql!(
        format!("INSERT INTO {table} (at, plugin, topic, user_id, payload) VALUES (?, ?, ?, ?, ?) RETURNING id"),
        now,
        plugin,
        topic,
        user,
        payload
    ))
    .await
}

/// What open pages hear.
#[derive(Clone)]
pub struct Events(pub(crate) Arc<Inner>);

/// Rows read at once by a listener.
const BATCH: u32 = 100;

impl Events {
    /// Says something in the host's own name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn publish(
        &self,
        topic: &str,
        user: Option<&str>,
        payload: &serde_json::Value,
    ) -> Result<i64, Error> {
        let mut tx = self.0.db.write().await?;
        let id = insert(
            &mut tx,
            self.0.now(),
            None,
            topic,
            user,
            &payload.to_string(),
        )
        .await?;
        tx.commit().await?;
        let id = match self.0.db.server() {
            Some(server) => server.number_events().await?,
            None => id,
        };
        self.0.events.committed(id);
        Ok(id)
    }

    /// Listens to what concerns `user`: after the event `after`, or from now on. Events are kept for about ten minutes; whether some were
    /// missed says [`Subscription::missed`].
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn subscribe(&self, user: &str, after: Option<i64>) -> Result<Subscription, Error> {
        let latest = self.0.events.latest.subscribe();
        if let Some(server) = self.0.db.server()
            && after.is_some_and(|after| after > *latest.borrow())
        {
            // Another host told it, and this one has not heard of it yet.
            self.0.events.committed(server.number_events().await?);
        }
        let newest = *latest.borrow();
        let (last, missed) = match after {
            None => (newest, false),
            // An id from the future is from another data folder: begin anew.
            Some(after) if after > newest => (newest, true),
            Some(after) => {
                let row = self
                    .0
                    .db
                    .fetch_first(sql!("SELECT MIN(id) FROM host_events"))
                    .await?;
                let oldest = row.map_or(Ok(None), |row| row.opt_int(0))?;
                // Ids have gaps only where a batch failed, so that this may say "missed" too often, never too seldom.
                let missed =
                    oldest.map_or(after < newest, |oldest| after.saturating_add(1) < oldest);
                (after, missed)
            }
        };
        Ok(Subscription {
            inner: Arc::clone(&self.0),
            user: user.to_owned(),
            last,
            missed,
            latest,
            ready: Vec::new(),
        })
    }
}

/// A listener's place in the events.
pub struct Subscription {
    inner: Arc<Inner>,
    user: String,
    last: i64,
    missed: bool,
    latest: watch::Receiver<i64>,
    /// Read already, newest first.
    ready: Vec<Event>,
}

impl Subscription {
    /// Whether events were thrown away that this listener has not heard: it should read everything anew.
    #[must_use]
    pub fn missed(&self) -> bool {
        self.missed
    }

    /// The next event; waits for one. May be dropped and called again.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; the next call goes on at the same place.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.ready.pop() {
                self.last = event.id;
                return Ok(event);
            }
            let last = self.last;
            let newest = *self
                .latest
                .wait_for(|newest| *newest > last)
                .await
                .map_err(|_| Error::Unavailable("the store is closed".to_owned()))?;
            let rows = self
                .inner
                .db
                .fetch(sql!(
                    "SELECT id, plugin, topic, user_id, payload FROM host_events
                     WHERE id > ? AND id <= ? AND (user_id IS NULL OR user_id = ?) ORDER BY id LIMIT ?",
                    last,
                    newest,
                    &self.user,
                    BATCH
                ))
                .await?;
            if rows.is_empty() {
                self.last = newest;
            }
            for row in rows.iter().rev() {
                self.ready.push(Event {
                    id: row.int(0)?,
                    plugin: row.opt_text(1)?,
                    topic: row.text(2)?,
                    user: row.opt_text(3)?,
                    payload: row.text(4)?,
                });
            }
        }
    }
}
