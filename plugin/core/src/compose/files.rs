//! Attachments that a forward carries on.

use crate::connect::Connect;
use crate::mailbox;
use crate::model::{Part, Result};
use crate::platform::Platform;
use crate::store::rows::{Account, Message};

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
