//! What befalls the hosts and what they depend on, and how it is mended.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use rand::Rng;
use rand::seq::SliceRandom as _;

use super::field::{Field, HOSTS, OFF_CLOCK};
use super::network::Peer;

/// Longer than a paused host's jobs belong to it; see `JOB_LEASE` of the host.
const PAST_LEASE: Duration = Duration::from_secs(34);

/// Long enough that time limits end what was under way, and that a host notices that it is alone.
const CUT: Duration = Duration::from_secs(25);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfortune {
    /// A host is killed, and started again after a while.
    Killed(u8),
    /// A host stands still (SIGSTOP) until others have its jobs, and goes on where it was.
    Paused(u8),
    /// What a host and the database send each other vanishes.
    NoDatabase(u8),
    /// What a host and the providers send each other vanishes.
    NoProviders(u8),
    /// The bucket refuses connections.
    NoBucket,
    /// The database crashes, and is started again.
    Crash,
    /// The clock of one host is set ten minutes ahead.
    Ahead,
    /// The clock of one host is set back by ten minutes.
    Behind,
}

impl fmt::Display for Misfortune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(host) => write!(f, "host {host} killed"),
            Self::Paused(host) => write!(f, "host {host} paused past its leases"),
            Self::NoDatabase(host) => write!(f, "host {host} cut off from the database"),
            Self::NoProviders(host) => write!(f, "host {host} cut off from the providers"),
            Self::NoBucket => f.write_str("bucket away"),
            Self::Crash => f.write_str("database crashed"),
            Self::Ahead => write!(f, "clock of host {OFF_CLOCK} ten minutes ahead"),
            Self::Behind => write!(f, "clock of host {OFF_CLOCK} ten minutes behind"),
        }
    }
}

impl Misfortune {
    /// How long it lasts.
    #[must_use]
    pub(super) fn lasts(self) -> Duration {
        match self {
            Self::Paused(_) => PAST_LEASE,
            Self::NoDatabase(_) | Self::NoProviders(_) => CUT,
            Self::Ahead | Self::Behind | Self::NoBucket => Duration::from_secs(12),
            Self::Killed(_) | Self::Crash => Duration::from_secs(4),
        }
    }

    /// Which host it hits, if it is one.
    fn host(self) -> Option<u8> {
        match self {
            Self::Killed(host)
            | Self::Paused(host)
            | Self::NoDatabase(host)
            | Self::NoProviders(host) => Some(host),
            Self::Ahead | Self::Behind => Some(OFF_CLOCK),
            Self::NoBucket | Self::Crash => None,
        }
    }

    /// It happens.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) async fn begin(self, field: &mut Field) -> Result<()> {
        match self {
            Self::Killed(host) => field.host(host)?.kill(),
            Self::Paused(host) => field.host(host)?.pause(true)?,
            Self::NoDatabase(host) => field.network.cut(host, Peer::Database)?,
            Self::NoProviders(host) => field.network.cut(host, Peer::Providers)?,
            Self::NoBucket => field.bucket.go_away().await,
            Self::Crash => field.server.crash()?,
            Self::Ahead => field.set_clock("+10m")?,
            Self::Behind => field.set_clock("-10m")?,
        }
        Ok(())
    }

    /// It is mended.
    ///
    /// # Errors
    ///
    /// If the system refuses, or what was away does not start.
    pub(super) async fn end(self, field: &mut Field) -> Result<()> {
        match self {
            Self::Killed(host) => field.host(host)?.restart().await?,
            Self::Paused(host) => field.host(host)?.pause(false)?,
            Self::NoDatabase(host) => field.network.mend(host, Peer::Database)?,
            Self::NoProviders(host) => field.network.mend(host, Peer::Providers)?,
            Self::NoBucket => field.bucket.come_back().await?,
            Self::Crash => field.server.start_again()?,
            Self::Ahead | Self::Behind => field.set_clock("+0")?,
        }
        Ok(())
    }
}

/// Each once and little time lost: those that go together happen together.
#[must_use]
pub(super) fn short() -> Vec<Vec<Misfortune>> {
    use Misfortune::{Ahead, Behind, Crash, Killed, NoBucket, NoDatabase, NoProviders, Paused};
    vec![
        vec![Killed(0), Behind],
        vec![Paused(1), NoProviders(2)],
        vec![NoDatabase(0), NoBucket],
        vec![Ahead, Crash],
    ]
}

/// Each once alone, and then some that overlap; always one host is spared.
#[must_use]
pub(super) fn round(dice: &mut impl Rng) -> Vec<Vec<Misfortune>> {
    let mut alone = each(dice);
    alone.shuffle(dice);
    let mut steps: Vec<Vec<Misfortune>> = alone.into_iter().map(|one| vec![one]).collect();
    for _ in 0..3 {
        let mut some = each(dice);
        some.shuffle(dice);
        let mut together: Vec<Misfortune> = Vec::new();
        for next in some {
            let free = next.host().is_none_or(|host| {
                let hosts = || together.iter().filter_map(|one| one.host());
                hosts().count() + 1 < usize::from(HOSTS) && hosts().all(|other| other != host)
            });
            if free && together.len() < 3 {
                together.push(next);
            }
        }
        steps.push(together);
    }
    steps
}

fn each(dice: &mut impl Rng) -> Vec<Misfortune> {
    let mut host = || dice.random_range(0..HOSTS);
    vec![
        Misfortune::Killed(host()),
        Misfortune::Paused(host()),
        Misfortune::NoDatabase(host()),
        Misfortune::NoProviders(host()),
        Misfortune::NoBucket,
        Misfortune::Crash,
        Misfortune::Ahead,
        Misfortune::Behind,
    ]
}
