//! Which job does what.

use crate::connect::Connect;
use crate::model::{JobOutcome, JobRun};
use crate::platform::{Platform, Priority, StoreError};
use crate::settings;
use crate::store::{accounts, queues};
use crate::sync::{self, Policy};

/// The schedule that wakes every account: what a failed job or a host that was down has left asleep.
pub const TICK: &str = "tick";

/// Seconds between two ticks. Accounts schedule their own next run; this is the net below.
pub const TICK_SECONDS: u32 = 300;

/// Runs one bounded step of a job.
pub async fn run(platform: &impl Platform, connect: &impl Connect, job: &JobRun) -> JobOutcome {
    match job.kind.as_str() {
        TICK => tick(platform).await.map_or_else(
            |error| JobOutcome::Failed(error.to_string()),
            |()| JobOutcome::Done,
        ),
        queues::SYNC => match settings::sync(platform).await {
            Ok(settings) => {
                sync::run(
                    platform,
                    connect,
                    Policy {
                        interval_ms: settings.interval_ms(),
                        push: settings.push,
                    },
                    &job.key,
                )
                .await
            }
            Err(error) => JobOutcome::Failed(error.to_string()),
        },
        queues::SWEEP => crate::actions::sweep(platform, &job.key).await,
        queues::PURGE => match purge(platform, &job.key).await {
            Ok(true) => JobOutcome::AgainAt(platform.now()),
            Ok(false) => JobOutcome::Done,
            Err(error) => JobOutcome::Failed(error.to_string()),
        },
        // Of another version of this plugin.
        _ => JobOutcome::Done,
    }
}

async fn tick(platform: &impl Platform) -> Result<(), StoreError> {
    let now = platform.now();
    let mut writes = Vec::new();
    for account in accounts::all(platform).await? {
        match account.state.as_str() {
            "purging" => writes.push(queues::enqueue(queues::PURGE, &account.id)),
            "active"
                if account.reconnect.is_none()
                    && account.next_run.is_none_or(|next| next <= now) =>
            {
                writes.push(queues::wake(&account.id, None, Priority::Background));
            }
            _ => {}
        }
    }
    platform.apply(writes).await
}

async fn purge(platform: &impl Platform, id: &str) -> Result<bool, StoreError> {
    match accounts::get(platform, id).await? {
        Some(account) if account.state == "purging" => accounts::purge(platform, &account).await,
        _ => Ok(false),
    }
}
