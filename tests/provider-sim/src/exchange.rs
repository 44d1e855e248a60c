//! Whole requests and answers, to be held against the providers' own descriptions of their APIs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::Provider;

/// Of one kind, which differ only in what is in them.
const EACH: usize = 40;

/// A request that was answered; also one that a provider sends, to a subscriber.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// Which side.
    pub provider: Provider,
    /// Upper case.
    pub method: String,
    /// As in [`Access`](crate::Access); of what is sent to a subscriber, the property of the subscription that holds its address.
    pub route: String,
    /// Decoded pairs.
    pub query: Vec<(String, String)>,
    /// What was answered.
    pub status: u16,
    /// The body of the request, if it is JSON.
    pub request: Option<Value>,
    /// The body of the answer, if it is JSON.
    pub answer: Option<Value>,
}

/// By method, route and status.
type Kind = (String, String, u16);

/// Exchanges of the mail APIs; none are kept until somebody wants them.
#[derive(Debug, Default)]
pub struct Exchanges {
    wanted: AtomicBool,
    kept: Mutex<BTreeMap<Kind, Vec<Exchange>>>,
}

impl Exchanges {
    /// Keeps forty of each kind from now on.
    pub fn keep(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, exchange: Exchange) {
        let kind = (
            exchange.method.clone(),
            exchange.route.clone(),
            exchange.status,
        );
        let mut kept = self.kept.lock();
        let alike = kept.entry(kind).or_default();
        if alike.len() < EACH {
            alike.push(exchange);
        }
    }

    /// What was kept, by method and route.
    pub fn all(&self) -> Vec<Exchange> {
        self.kept.lock().values().flatten().cloned().collect()
    }
}
