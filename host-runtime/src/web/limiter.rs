//! Slows down guessing of passwords.
//!
//! Two windows of a quarter of an hour: one for a name from one address, so that a stranger elsewhere can't lock anybody out, and a
//! wider one for the address, so that many names can't be tried in turn. The windows follow the host's clock. A password is
//! hashed only after both have been asked, and only so many at once, because hashing is made to be expensive.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// Milliseconds.
const WINDOW: u64 = 15 * 60 * 1000;
/// An office behind one address has many people who mistype.
const ADDRESS_FACTOR: u32 = 10;
/// Past this many entries the oldest go: an attacker with a network of addresses must not fill the memory.
const MOST_ENTRIES: usize = 10_000;

/// Who is tried, from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(IpAddr, String),
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: u64,
    failures: u32,
}

/// Counts refused sign-ins.
#[derive(Debug)]
pub(crate) struct SignInLimiter {
    tries: u32,
    windows: Mutex<HashMap<Key, Window>>,
}

impl SignInLimiter {
    pub(crate) fn new(tries: u32) -> Self {
        Self {
            tries,
            windows: Mutex::default(),
        }
    }

    /// When to come back, if there were too many; otherwise the try counts as refused until [`Self::succeeded`] takes it back, so
    /// that parallel tries can't slip through.
    pub(crate) fn begin(&self, address: IpAddr, name: &str, now: u64) -> Result<(), u64> {
        let mut windows = self
            .windows
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let keys = keys(address, name);
        for (key, most) in keys
            .iter()
            .zip([self.tries, self.tries.saturating_mul(ADDRESS_FACTOR)])
        {
            if let Some(window) = windows.get(key).filter(|w| open(w, now))
                && window.failures >= most
            {
                return Err(window.since + WINDOW);
            }
        }
        if windows.len() >= MOST_ENTRIES {
            windows.retain(|_, window| open(window, now));
            if windows.len() >= MOST_ENTRIES {
                windows.clear();
            }
        }
        for key in keys {
            let window = windows.entry(key).or_insert(Window {
                since: now,
                failures: 0,
            });
            if !open(window, now) {
                *window = Window {
                    since: now,
                    failures: 0,
                };
            }
            window.failures += 1;
        }
        Ok(())
    }

    /// The password was right.
    pub(crate) fn succeeded(&self, address: IpAddr, name: &str) {
        let mut windows = self
            .windows
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let [by_name, by_address] = keys(address, name);
        windows.remove(&by_name);
        if let Some(window) = windows.get_mut(&by_address) {
            window.failures = window.failures.saturating_sub(1);
        }
    }
}

fn keys(address: IpAddr, name: &str) -> [Key; 2] {
    [
        Key::Name(address, name.to_lowercase()),
        Key::Address(address),
    ]
}

fn open(window: &Window, now: u64) -> bool {
    now < window.since.saturating_add(WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_name_waits_after_too_many_tries_and_only_from_there() {
        let limiter = SignInLimiter::new(2);
        assert_eq!(limiter.begin(HERE, "eva", 0), Ok(()));
        assert_eq!(limiter.begin(HERE, "Eva", 5), Ok(()));
        assert_eq!(limiter.begin(HERE, "eva", 10), Err(WINDOW));
        assert_eq!(limiter.begin(THERE, "eva", 10), Ok(()));
        assert_eq!(limiter.begin(HERE, "adam", 10), Ok(()));
        assert_eq!(limiter.begin(HERE, "eva", WINDOW), Ok(()));
    }

    #[test]
    fn a_right_password_clears_the_name() {
        let limiter = SignInLimiter::new(1);
        assert_eq!(limiter.begin(HERE, "eva", 0), Ok(()));
        limiter.succeeded(HERE, "eva");
        assert_eq!(limiter.begin(HERE, "eva", 0), Ok(()));
    }

    #[test]
    fn many_names_from_one_address_wait_too() {
        let limiter = SignInLimiter::new(1);
        for n in 0..ADDRESS_FACTOR {
            assert_eq!(limiter.begin(HERE, &n.to_string(), 0), Ok(()));
        }
        assert_eq!(limiter.begin(HERE, "one more", 0), Err(WINDOW));
    }
}
