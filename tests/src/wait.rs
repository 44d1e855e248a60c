//! Waiting for what other processes do.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often is looked: well below what a person notices.
const PAUSE: Duration = Duration::from_millis(40);

/// Looks until there is something to see. The last sight is in the error.
///
/// # Errors
///
/// If nothing was seen within `limit`, or looking failed.
pub async fn until<T, F, Look>(what: &str, limit: Duration, mut look: F) -> Result<T>
where
    F: FnMut() -> Look,
    Look: Future<Output = Result<Result<T, String>>>,
{
    let begun = Instant::now();
    loop {
        match look().await? {
            Ok(seen) => return Ok(seen),
            Err(sight) if begun.elapsed() > limit => {
                bail!("waited {} s for {what}; at last: {sight}", limit.as_secs())
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
