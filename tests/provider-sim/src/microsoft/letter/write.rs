//! A composed [`Letter`] as RFC 5322, the way Exchange sends it: HTML with a plain alternative, inline images beside it, files around.

use bytes::Bytes;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Address, Attachment, Kind, Letter};
use crate::corpus::mime::{self, Charset, Part, Transfer};
use crate::microsoft::mailbox::message::Importance;

impl Letter {
    /// The whole message; always the same for the same letter.
    pub(crate) fn to_mime(&self, keep_bcc: bool) -> Bytes {
        let mut out = Vec::new();
        // Boundaries follow from the Message-ID, which no two letters share.
        let id = self.message_id.as_deref().unwrap_or_default();
        let seed = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        self.head(&mut out, keep_bcc);
        mime::header(&mut out, "MIME-Version", "1.0");
        self.body().write(&mut out, &mut rng);
        Bytes::from(out)
    }

    fn head(&self, out: &mut Vec<u8>, keep_bcc: bool) {
        if let Some(from) = &self.from {
            mime::header(out, "From", &line(from));
        }
        if let Some(sender) = self
            .sender
            .as_ref()
            .filter(|s| Some(*s) != self.from.as_ref())
        {
            mime::header(out, "Sender", &line(sender));
        }
        let lists = [
            ("To", &self.to, true),
            ("Cc", &self.cc, true),
            ("Bcc", &self.bcc, keep_bcc),
            ("Reply-To", &self.reply_to, true),
        ];
        for (name, list, wanted) in lists {
            if wanted && !list.is_empty() {
                mime::header(
                    out,
                    name,
                    &list.iter().map(line).collect::<Vec<_>>().join(",\r\n "),
                );
            }
        }
        mime::header(
            out,
            "Subject",
            &mime::encoded(&self.subject, Charset::Utf8, 9),
        );
        if let Some(date) = self.date {
            mime::header(out, "Date", &mime::date(date));
        }
        if let Some(id) = &self.message_id {
            mime::header(out, "Message-ID", id);
        }
        if let Some(parent) = &self.in_reply_to {
            mime::header(out, "In-Reply-To", parent);
        }
        if !self.references.is_empty() {
            mime::header(out, "References", &self.references.join("\r\n "));
        }
        if self.importance != Importance::Normal {
            mime::header(out, "Importance", self.importance.name());
        }
        if self.read_receipt
            && let Some(from) = &self.from
        {
            mime::header(out, "Disposition-Notification-To", &line(from));
        }
        for (name, value) in self
            .headers
            .iter()
            .filter(|(n, _)| n.to_ascii_lowercase().starts_with("x-"))
        {
            mime::header(
                out,
                name,
                &mime::encoded(value, Charset::Utf8, name.len() + 2),
            );
        }
    }

    fn body(&self) -> Part {
        let text = |subtype: &str, text: &str| {
            Part::text(subtype, Charset::Utf8, Transfer::QuotedPrintable, text)
        };
        let mut body = match &self.html {
            Some(html) => Part::multi(
                "alternative",
                vec![text("plain", &self.plain()), text("html", html)],
            ),
            None => text("plain", self.text.as_deref().unwrap_or_default()),
        };
        let beside = |a: &Attachment| a.inline && a.kind == Kind::File;
        let images: Vec<Part> = self
            .attachments
            .iter()
            .filter(|a| beside(a))
            .map(inline)
            .collect();
        if !images.is_empty() {
            body = Part::multi("related", std::iter::once(body).chain(images).collect());
        }
        let files: Vec<Part> = self
            .attachments
            .iter()
            .filter(|a| !beside(a))
            .map(file)
            .collect();
        if !files.is_empty() {
            body = Part::multi("mixed", std::iter::once(body).chain(files).collect());
        }
        body
    }
}

fn line(address: &Address) -> String {
    let name = if address.name == address.address {
        ""
    } else {
        address.name.as_str()
    };
    let name = name.replace(['"', '\\', '\r', '\n'], "");
    mime::mailbox(&name, &address.address, Charset::Utf8)
}

fn inline(a: &Attachment) -> Part {
    Part::inline(
        &a.name,
        &a.media_type,
        a.content_id.as_deref().unwrap_or(&a.name),
        &a.bytes,
    )
}

fn file(a: &Attachment) -> Part {
    match a.kind {
        Kind::Item => Part::plain("message/rfc822", &a.bytes),
        Kind::File | Kind::Reference => Part::attachment(&a.name, &a.media_type, &a.bytes),
    }
}
