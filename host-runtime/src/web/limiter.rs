//! Slows down guessing of passwords.
//!
//! Two windows of a quarter of an hour: one for a name from one address, so that a stranger elsewhere can't lock anybody out, and a
//! wider one for the address, so that many names can't be tried in turn. The windows follow the host's clock, and are counted for all hosts of one
//! database. A password is hashed only after both have been asked, and only so many at once, because hashing is made to be expensive.

use std::net::IpAddr;

use host_store::{Error, Limit, Tries};

/// Milliseconds.
const WINDOW: u64 = 15 * 60 * 1000;
/// An office behind one address has many people who mistype.
const ADDRESS_FACTOR: u32 = 10;

/// Counts refused sign-ins.
pub(crate) struct SignInLimiter {
    most: u32,
    tries: Tries,
}

impl SignInLimiter {
    pub(crate) fn new(most: u32, tries: Tries) -> Self {
        Self { most, tries }
    }

    /// When to come back, if there were too many; otherwise the try counts as refused until [`Self::succeeded`] takes it back, so
    /// that parallel tries can't slip through.
    pub(crate) async fn begin(&self, address: IpAddr, name: &str) -> Result<Option<u64>, Error> {
        let limits = [
            Limit {
                subject: by_name(address, name),
                most: self.most,
            },
            Limit {
                subject: by_address(address),
                most: self.most.saturating_mul(ADDRESS_FACTOR),
            },
        ];
        self.tries.begin(&limits, WINDOW).await
    }

    /// The password was right.
    pub(crate) async fn succeeded(&self, address: IpAddr, name: &str) -> Result<(), Error> {
        self.tries
            .take_back(&by_name(address, name), &by_address(address))
            .await
    }
}

/// As a digest: whom somebody tries to be is nobody's business, and a name may be of any length.
fn by_name(address: IpAddr, name: &str) -> String {
    let name = format!("{address} {}", name.to_lowercase());
    format!("sign-in name {}", blake3::hash(name.as_bytes()).to_hex())
}

fn by_address(address: IpAddr) -> String {
    format!("sign-in address {address}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::time::Duration;

    use host_store::{Purpose, Store, TestClock};
    use tempfile::TempDir;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const BEGIN: u64 = 1_000_000;

    struct World {
        limiter: SignInLimiter,
        clock: TestClock,
        _folder: TempDir,
    }

    async fn world(most: u32) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(BEGIN);
        let store = Store::open(folder.path(), Arc::new(clock.clone()), Purpose::Serve)
            .await
            .unwrap();
        World {
            limiter: SignInLimiter::new(most, store.tries()),
            clock,
            _folder: folder,
        }
    }

    #[tokio::test]
    async fn a_name_waits_after_too_many_tries_and_only_from_there() {
        let world = world(2).await;
        let begin = async |address, name| world.limiter.begin(address, name).await.unwrap();
        assert_eq!(begin(HERE, "eva").await, None);
        assert_eq!(begin(HERE, "Eva").await, None);
        assert_eq!(begin(HERE, "eva").await, Some(BEGIN + WINDOW));
        assert_eq!(begin(THERE, "eva").await, None);
        assert_eq!(begin(HERE, "adam").await, None);
        world.clock.advance(Duration::from_millis(WINDOW));
        assert_eq!(begin(HERE, "eva").await, None);
    }

    #[tokio::test]
    async fn a_right_password_clears_the_name() {
        let world = world(1).await;
        assert_eq!(world.limiter.begin(HERE, "eva").await.unwrap(), None);
        world.limiter.succeeded(HERE, "eva").await.unwrap();
        assert_eq!(world.limiter.begin(HERE, "eva").await.unwrap(), None);
    }

    #[tokio::test]
    async fn many_names_from_one_address_wait_too() {
        let world = world(1).await;
        for n in 0..ADDRESS_FACTOR {
            let name = n.to_string();
            assert_eq!(world.limiter.begin(HERE, &name).await.unwrap(), None);
        }
        let refused = world.limiter.begin(HERE, "one more").await.unwrap();
        assert_eq!(refused, Some(BEGIN + WINDOW));
    }
}
