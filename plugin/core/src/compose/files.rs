//! Attachments that a forward carries on.

use crate::connect::Connect;
use crate::mailbox;
use crate::model::{Error, Part, Result};
use crate::platform::Platform;
use crate::store::rows::{Account, Message};

/// Largest file that is carried on, in bytes: it is read whole on its way here, and is in memory more than once then.
const CARRIED: u64 = 25 * super::MEGABYTE;

/// Longest piece that an upload takes at once.
const CHUNK: u32 = 1 << 20;

/// The original's attachments as uploads of the caller, on whose behalf this call runs.
pub(super) async fn carry(
    platform: &impl Platform,
    connect: &impl Connect,
    account: &Account,
    message: &Message,
) -> Result<Vec<Part>> {
    let total: u64 = message.files.0.iter().map(|file| file.size).sum();
    super::fits(account, i64::try_from(total).unwrap_or(i64::MAX))?;
    if message.files.0.iter().any(|file| file.size > CARRIED) {
        let why = format!(
            "A forward carries files of up to {} MB on.",
            CARRIED / super::MEGABYTE
        );
        return Err(Error::Invalid("attachments".into(), why));
    }
    let mut parts = Vec::new();
    for file in &message.files.0 {
        let kept = mailbox::fetch(platform, connect, account, message, Some(&file.id)).await?;
        let size = platform.size(&kept.blob.0).await?;
        let upload = platform.create().await?;
        let mut offset = 0;
        while offset < size {
            let chunk = platform.read(&kept.blob.0, offset, CHUNK).await?;
            offset = platform.append(&upload, offset, chunk).await?;
        }
        parts.push(Part {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            upload,
            content_id: file.content_id.clone().filter(|_| file.inline),
            size: Some(size),
        });
    }
    Ok(parts)
}
