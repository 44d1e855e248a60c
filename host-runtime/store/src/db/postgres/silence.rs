//! Whether the server answers at all.
//!
//! A server that is gone says so: connections break or are refused. One that is cut off says nothing, nor does the network: what is sent vanishes, and TCP
//! tries for a quarter of an hour before it gives up. A time limit for each statement would have to be longer than the longest of them, and would
//! end those of a server that is only busy. So one connection does nothing but ask; when it gets no answer, whatever waits for the server ends at once, and so
//! does whatever is begun, until it answers again.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// How long an answer to nothing may take: longer than a server is busy, shorter than people wait.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

/// Asks for as long as one of its clones is there.
#[derive(Debug, Clone)]
pub(super) struct Silence {
    silent: watch::Receiver<bool>,
    /// When it was silent last.
    last: Arc<Mutex<Option<Instant>>>,
    _asking: Arc<Asking>,
}

#[derive(Debug)]
struct Asking(AbortHandle);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Silence {
    /// Asks the server that these options lead to.
    pub(super) fn watch(options: PgConnectOptions) -> Self {
        let (said, silent) = watch::channel(false);
        let last = Arc::default();
        let asking = tokio::spawn(ask(options, said, Arc::clone(&last)));
        Self {
            silent,
            last,
            _asking: Arc::new(Asking(asking.abort_handle())),
        }
    }

    /// Whether it was silent a moment ago: what a connection was used for may have been given up in the middle, which makes it unfit for more.
    pub(super) fn was_recent(&self) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < PAUSE)
    }

    /// What comes of `work`, unless the server is silent or falls silent meanwhile.
    pub(super) async fn unless<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let mut silent = self.silent.clone();
        tokio::select! {
            biased;
            done = work => done,
            Ok(_) = silent.wait_for(|silent| *silent) => Err(no_answer()),
        }
    }
}

pub(super) fn no_answer() -> sqlx::Error {
    let reason = "the database server does not answer";
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, reason))
}

async fn ask(
    options: PgConnectOptions,
    said: watch::Sender<bool>,
    last: Arc<Mutex<Option<Instant>>>,
) {
    let mut connection: Option<PgConnection> = None;
    loop {
        let begun = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, answer(&options, connection.take())).await;
        // Whoever is told why is told by the statement that failed.
        let silent = answer.is_err();
        connection = answer.ok().flatten();
        if silent || *said.borrow() {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        let changed = said.send_if_modified(|was| std::mem::replace(was, silent) != silent);
        match (changed, silent) {
            (true, true) => tracing::warn!("the database server does not answer"),
            (true, false) => tracing::info!("the database server answers again"),
            (false, _) => {}
        }
        tokio::time::sleep_until(begun + PAUSE).await;
    }
}

/// The connection that was answered on; none: it was refused, or broke, which is an answer too.
async fn answer(options: &PgConnectOptions, known: Option<PgConnection>) -> Option<PgConnection> {
    if let Some(mut known) = known
        && known.ping().await.is_ok()
    {
        return Some(known);
    }
    options.connect().await.ok()
}
