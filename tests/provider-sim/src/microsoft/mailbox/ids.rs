//! Exchange ids: what they look like, what is in them, and when they stop being true.
//!
//! An ordinary message id names a place: it carries the instance number of the message, which grows with every move, so that the id
//! of before is unknown afterwards. An immutable id carries the message's key alone. Both are URL-safe base64, as Graph gives them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

/// Ids a client asked for with `Prefer: IdType="…"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IdKind {
    /// Changes with every move.
    #[default]
    Mutable,
    /// Stays while the message is in this mailbox.
    Immutable,
}

/// Which message an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: u64,
    /// None in immutable ids.
    pub(crate) instance: Option<u32>,
}

const MUTABLE: u8 = 1;
const IMMUTABLE: u8 = 2;
const FOLDER: u8 = 3;
const ATTACHMENT: u8 = 4;

/// Long enough to look and to cost like the real ones (about 120 characters).
const PADDING: usize = 46;

fn pack(prefix: &str, kind: u8, mailbox: u64, numbers: &[u64]) -> String {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&mailbox.to_be_bytes());
    for number in numbers {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    let mut filler = mailbox ^ 0x9e37_79b9_7f4a_7c15;
    while bytes.len() < PADDING + 34 {
        bytes.extend_from_slice(&filler.to_be_bytes());
        filler = filler
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
    }
    format!("{prefix}{}", URL_SAFE.encode(bytes))
}

fn unpack(id: &str, mailbox: u64) -> Option<(u8, Vec<u64>)> {
    let bytes = URL_SAFE.decode(id.get(4..)?).ok()?;
    let (kind, rest) = bytes.split_first()?;
    let mut numbers = rest
        .chunks_exact(8)
        .map(|c| c.try_into().map_or(0, u64::from_be_bytes));
    (numbers.next()? == mailbox).then(|| (*kind, numbers.take(3).collect()))
}

/// A message's id.
pub(crate) fn message(mailbox: u64, key: u64, instance: u32, kind: IdKind) -> String {
    match kind {
        IdKind::Mutable => pack("AAMk", MUTABLE, mailbox, &[key, u64::from(instance)]),
        IdKind::Immutable => pack("AAkA", IMMUTABLE, mailbox, &[key]),
    }
}

/// What a message id names; none: it is no id of this mailbox.
pub(crate) fn parse_message(mailbox: u64, id: &str) -> Option<Named> {
    let (kind, numbers) = unpack(id, mailbox)?;
    let key = *numbers.first()?;
    match kind {
        MUTABLE => Some(Named {
            key,
            instance: numbers.get(1).and_then(|n| u32::try_from(*n).ok()),
        }),
        IMMUTABLE => Some(Named {
            key,
            instance: None,
        }),
        _ => None,
    }
}

/// A folder's id; survives moves.
pub(crate) fn folder(mailbox: u64, folder: u32) -> String {
    pack("AQMk", FOLDER, mailbox, &[u64::from(folder)])
}

/// What a folder id names.
pub(crate) fn parse_folder(mailbox: u64, id: &str) -> Option<u32> {
    let (kind, numbers) = unpack(id, mailbox)?;
    (kind == FOLDER).then(|| numbers.first().and_then(|n| u32::try_from(*n).ok()))?
}

/// An attachment's id; as stable as the message's.
pub(crate) fn attachment(
    mailbox: u64,
    key: u64,
    instance: u32,
    number: u64,
    kind: IdKind,
) -> String {
    let instance = match kind {
        IdKind::Mutable => u64::from(instance) + 1,
        IdKind::Immutable => 0,
    };
    pack("AAMk", ATTACHMENT, mailbox, &[key, instance, number])
}

/// The attachment's number within the message with `key`.
pub(crate) fn parse_attachment(mailbox: u64, key: u64, id: &str) -> Option<u64> {
    let (kind, numbers) = unpack(id, mailbox)?;
    (kind == ATTACHMENT && numbers.first() == Some(&key)).then(|| numbers.get(2).copied())?
}

/// A conversation's id: per mailbox, never a message's.
pub(crate) fn conversation(mailbox: u64, conversation: u64) -> String {
    pack("AAQk", 5, mailbox, &[conversation])
}

/// What a conversation id names.
pub(crate) fn parse_conversation(mailbox: u64, id: &str) -> Option<u64> {
    unpack(id, mailbox)
        .filter(|(kind, _)| *kind == 5)
        .and_then(|(_, n)| n.first().copied())
}
