//! The mail between mailboxes: whoever has one here gets what is sent to them, at either provider.

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;

use crate::{Backend, Deliver};

/// Knows every backend; backends hold it, so it holds them weakly.
#[derive(Default)]
pub struct PostOffice {
    backends: OnceLock<Vec<Weak<dyn Backend>>>,
}

impl PostOffice {
    pub(crate) fn open(&self, backends: &[Arc<dyn Backend>]) {
        // A second call would come from a second start of the same simulator, which does not exist.
        let _ = self
            .backends
            .set(backends.iter().map(Arc::downgrade).collect());
    }

    /// Delivers `raw` (without Bcc) to everyone of `recipients` who has a mailbox here, except `except`: the sender whose own copy
    /// its provider has already filed. Addresses nobody has are swallowed, like mail to the world outside.
    pub fn deliver(&self, recipients: &[String], raw: &Bytes, except: Option<&str>) {
        for recipient in recipients {
            if except.is_some_and(|except| except.eq_ignore_ascii_case(recipient)) {
                continue;
            }
            for backend in self.backends.get().into_iter().flatten() {
                let Some(backend) = backend.upgrade() else {
                    continue;
                };
                if backend.has_mailbox(recipient) {
                    let mail = Deliver::new(raw.clone());
                    if let Err(error) = backend.deliver(recipient, &mail) {
                        tracing::warn!(%error, "a mailbox refused mail");
                    }
                    break;
                }
            }
        }
    }
}
