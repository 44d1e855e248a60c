//! What went wrong at a redirect URI, kept for a few minutes, so that a browser can be sent to an address without the provider's code and the
//! `state` before the person is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::problem::Problem;

/// Long enough to read it, reload it and ask somebody.
const LIFETIME_MS: u64 = 10 * 60 * 1000;
/// Anybody can cause one, so that there must be an end; each has some hundred bytes.
const MOST: usize = 500;

struct Notice {
    id: String,
    end: u64,
    told: Told,
}

/// What went wrong, and for whom.
#[derive(Clone)]
pub(super) struct Told {
    /// Whose redirect URI it was.
    pub(super) plugin: String,
    pub(super) problem: Problem,
}

/// Problems by the id of the request that met them.
#[derive(Default)]
pub(super) struct Notices(Mutex<VecDeque<Notice>>);

impl Notices {
    pub(super) fn keep(&self, id: &str, told: Told, now: u64) {
        let mut notices = self.lock();
        notices.retain(|notice| now < notice.end);
        if notices.len() >= MOST {
            notices.pop_front();
        }
        notices.push_back(Notice {
            id: id.to_owned(),
            end: now.saturating_add(LIFETIME_MS),
            told,
        });
    }

    pub(super) fn get(&self, id: &str, now: u64) -> Option<Told> {
        self.lock()
            .iter()
            .find(|notice| notice.id == id && now < notice.end)
            .map(|notice| notice.told.clone())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Kind;
    use super::*;

    #[test]
    fn notices_end_and_are_never_too_many() {
        let notices = Notices::default();
        let told = || Told {
            plugin: "double".to_owned(),
            problem: Problem::new(Kind::OauthState, "Begin again."),
        };
        notices.keep("first", told(), 0);
        assert!(notices.get("first", LIFETIME_MS - 1).is_some());
        assert!(notices.get("first", LIFETIME_MS).is_none());
        for id in 0..=MOST {
            notices.keep(&id.to_string(), told(), 0);
        }
        assert!(notices.get("first", 0).is_none());
        assert_eq!(notices.lock().len(), MOST);
    }
}
