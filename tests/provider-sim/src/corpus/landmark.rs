//! The documented messages that every corpus contains: what a check of the main job looks for by name.
//!
//! The thread is the owner's correspondence with Maria about a trip to Shanghai: an opening (inbox), the mixed message (inbox,
//! unread) and the owner's answer (sent). The word is in a message of its own, in the inbox.

use super::files;

/// Subject of the thread (its answers carry `Re: `).
pub const SUBJECT: &str = "Поездка в Шанхай — 上海之行";
/// Message-ID of the message that opens the thread.
pub const OPENING_ID: &str = "<landmark-opening@pochta.example>";
/// Message-ID of the message with Cyrillic, Chinese, quoted-printable and legacy-charset parts, an inline image and an attachment.
pub const MIXED_ID: &str = "<landmark-mixed@pochta.example>";
/// Message-ID of the owner's answer.
pub const ANSWER_ID: &str = "<landmark-answer@corpus.example>";
/// Who writes the mixed message.
pub const FROM: (&str, &str) = ("Мария Соколова", "maria.sokolova@pochta.example");
/// In the plain (quoted-printable UTF-8) and the HTML (base64 GB18030) part.
pub const CYRILLIC: &str = "Поезд отправляется ровно в полдень, билеты у меня.";
/// In both parts.
pub const CHINESE: &str = "我们中午在外滩的钟楼下面见面。";
/// In both parts; long enough for a soft line break.
pub const ACCENTED: &str = "Café à la gare: crème brûlée, naïve façade = 12,50 €, réservation confirmée pour quatre personnes.";
/// File name of the attachment.
pub const ATTACHMENT_NAME: &str = "программа поездки.pdf";
/// Content-ID of the inline image, without angle brackets.
pub const IMAGE_CID: &str = "bund-skyline@pochta.example";
/// File name of the inline image.
pub const IMAGE_NAME: &str = "skyline.png";
/// A word that stands in the body of one message only.
pub const WORD: &str = "quokkaphone";
/// Message-ID of the message with [`WORD`].
pub const WORD_ID: &str = "<landmark-word@northwind.example>";
/// Subject of the message with [`WORD`]; the word itself is only in its body.
pub const WORD_SUBJECT: &str = "Instrument for the spring concert";

/// The attachment's bytes.
pub fn attachment() -> Vec<u8> {
    files::pdf(
        &[
            "Shanghai, day one: the Bund",
            "Shanghai, day two: Yu Garden",
        ],
        4_000,
        20,
    )
}

/// The inline image's bytes.
pub fn image() -> Vec<u8> {
    files::png(48, 32, 11)
}
