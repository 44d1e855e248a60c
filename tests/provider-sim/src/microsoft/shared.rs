//! What every handler of the Microsoft side works on.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::directory::{Directory, Person};
use super::graph::subscriptions::Subscriptions;
use super::graph::uploads::Upload;
use super::identity::Identity;
use super::mailbox::Mailbox;
use crate::{Concurrency, Context, Sent, WindowQuota};

/// The window of the request quota: ten minutes.
const REQUESTS_WINDOW: u64 = 600_000;
/// The window of the upload quota: five minutes.
const UPLOAD_WINDOW: u64 = 300_000;

/// State of the Microsoft side.
pub(crate) struct Shared {
    pub(crate) context: Context,
    pub(crate) directory: Directory,
    pub(crate) identity: Identity,
    pub(crate) requests: WindowQuota,
    pub(crate) uploaded: WindowQuota,
    pub(crate) concurrency: Concurrency,
    pub(crate) uploads: Mutex<HashMap<String, Upload>>,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) sent: Mutex<Vec<Sent>>,
}

impl Shared {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            directory: Directory::new(&context),
            identity: Identity::default(),
            requests: WindowQuota::new(REQUESTS_WINDOW),
            uploaded: WindowQuota::new(UPLOAD_WINDOW),
            concurrency: Concurrency::default(),
            uploads: Mutex::default(),
            subscriptions: Subscriptions::default(),
            sent: Mutex::default(),
            context,
        }
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.context.clock.now()
    }

    /// Works on a mailbox under its lock, carries out what is due before, and tells subscribers afterwards. Nothing slow in `work`.
    pub(crate) fn with<T>(&self, person: &Arc<Person>, work: impl FnOnce(&mut Mailbox) -> T) -> T {
        let (out, events) = {
            let mut mailbox = person.mailbox.lock();
            mailbox.settle(self.now());
            let out = work(&mut mailbox);
            (out, mailbox.take_events())
        };
        if !events.is_empty() {
            self.subscriptions.tell(person, &events, &self.context);
        }
        out
    }
}
