//! Turns a planned message into bytes.
//!
//! Everything random here comes from the item's own seed: the same item renders to the same bytes in any order, on any thread.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::mime::{self, Charset, Part, Transfer};
use super::oddity::Odd;
use super::people::Person;
use super::plan::{Kind, Slot, Thread};
use super::text::{self, Language};
use super::{Item, Profile, files, landmark};

/// Share of base64 in what it carries: four characters for three bytes, and line ends.
const BASE64_OVERHEAD: f64 = 1.37;

/// A message about to be written.
pub(super) struct Scene<'a> {
    pub(super) item: &'a Item,
    pub(super) thread: &'a Thread,
    pub(super) slot: &'a Slot,
    pub(super) from: &'a Person,
    pub(super) owner: &'a Person,
    pub(super) language: Language,
    pub(super) rng: ChaCha8Rng,
}

pub(super) fn item(item: &Item) -> Vec<u8> {
    let thread = &*item.plan;
    let nobody = Person::new("", "nobody@example.org");
    let Some(slot) = thread.slots.get(item.position) else {
        return Vec::new();
    };
    let owner = thread.people.first().unwrap_or(&nobody);
    let from = thread.people.get(slot.from).unwrap_or(&nobody);
    if let Kind::Odd(oddity) = thread.kind {
        return oddity.render(&Odd {
            from,
            owner,
            subject: &thread.subject,
            id: slot.id.as_deref(),
            time: slot.time,
            seed: item.seed,
        });
    }
    // A conversation is held in the language of whom it is held with.
    let language = thread
        .people
        .get(1)
        .map_or(Language::English, |p| p.language);
    let mut scene = Scene {
        item,
        thread,
        slot,
        from,
        owner,
        language,
        rng: ChaCha8Rng::seed_from_u64(item.seed),
    };
    let mut out = Vec::with_capacity(item.size + item.size / 4 + 1_000);
    let charset = scene.language.charset(&mut scene.rng);
    scene.headers(&mut out, charset);
    let body = scene.body(charset, item.size.saturating_sub(out.len()));
    body.write(&mut out, &mut scene.rng);
    out
}

impl Scene<'_> {
    fn headers(&mut self, out: &mut Vec<u8>, charset: Charset) {
        let real = self.thread.profile == Profile::Real;
        if real && self.slot.from != 0 {
            self.transport(out);
        }
        mime::header(
            out,
            "From",
            &mime::mailbox(&self.from.name, &self.from.address, charset),
        );
        let others: Vec<&Person> = self
            .thread
            .people
            .iter()
            .filter(|p| p.address != self.from.address)
            .collect();
        let (to, cc) = match self.thread.kind {
            Kind::Bounce if self.slot.from == 2 => (vec![self.owner], Vec::new()),
            Kind::Bounce => (self.thread.people.get(1).into_iter().collect(), Vec::new()),
            _ => (
                others.iter().copied().take(2).collect(),
                others.iter().copied().skip(2).collect::<Vec<_>>(),
            ),
        };
        let list = |people: &[&Person]| {
            people
                .iter()
                .map(|p| mime::mailbox(&p.name, &p.address, charset))
                .collect::<Vec<_>>()
                .join(",\r\n ")
        };
        mime::header(out, "To", &list(&to));
        if !cc.is_empty() {
            mime::header(out, "Cc", &list(&cc));
        }
        let subject = match (self.thread.kind, self.item.position) {
            (Kind::Bounce, 1) => "Undelivered Mail Returned to Sender".to_owned(),
            (_, 0) => self.thread.subject.clone(),
            _ => format!("Re: {}", self.thread.subject),
        };
        mime::header(out, "Subject", &mime::encoded(&subject, charset, 9));
        mime::header(out, "Date", &mime::date(self.slot.time));
        if let Some(id) = &self.slot.id {
            mime::header(out, "Message-ID", id);
        }
        let ancestors: Vec<&str> = self
            .thread
            .slots
            .iter()
            .take(self.item.position)
            .filter_map(|s| s.id.as_deref())
            .collect();
        if let Some(parent) = ancestors
            .last()
            .filter(|_| self.thread.kind != Kind::Bounce)
        {
            mime::header(out, "In-Reply-To", parent);
            mime::header(out, "References", &ancestors.join("\r\n "));
        }
        match self.thread.kind {
            Kind::Newsletter | Kind::Notification => {
                let domain = self.from.domain();
                let token: u64 = self.rng.random();
                mime::header(out, "List-Id", &format!("<news.{domain}>"));
                mime::header(
                    out,
                    "List-Unsubscribe",
                    &format!(
                        "<https://{domain}/unsubscribe?t={token:x}>,\r\n <mailto:leave-{token:x}@{domain}>"
                    ),
                );
                mime::header(out, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
                mime::header(out, "Precedence", "bulk");
            }
            Kind::Bounce if self.slot.from == 2 => {
                mime::header(out, "Auto-Submitted", "auto-replied")
            }
            _ => {}
        }
        mime::header(out, "MIME-Version", "1.0");
    }

    /// What mail collects on its way.
    fn transport(&mut self, out: &mut Vec<u8>) {
        let domain = self.from.domain();
        let date = mime::date(self.item.received);
        let hop: u32 = self.rng.random();
        mime::header(out, "Delivered-To", &self.owner.address);
        mime::header(
            out,
            "Received",
            &format!(
                "from mx.{domain} (mx.{domain} [192.0.2.{}])\r\n by mail.corpus.example with ESMTPS id {hop:08x};\r\n {date}",
                hop % 250
            ),
        );
        mime::header(
            out,
            "Authentication-Results",
            &format!(
                "mail.corpus.example;\r\n dkim=pass header.i=@{domain};\r\n spf=pass smtp.mailfrom={};\r\n dmarc=pass",
                self.from.address
            ),
        );
        let signature = base64_of(&files::noise(192, self.item.seed ^ 1));
        mime::header(
            out,
            "DKIM-Signature",
            &format!(
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=s1;\r\n h=from:to:subject:date;\r\n b={signature}"
            ),
        );
    }

    fn body(&mut self, charset: Charset, room: usize) -> Part {
        match self.thread.kind {
            Kind::Newsletter => self.newsletter(room),
            Kind::Notification => self.notification(room),
            Kind::Invitation => self.invitation(charset, room),
            Kind::Bounce if self.slot.from == 2 => self.report(),
            Kind::Spam => html(&format!(
                "<html><body><h1>{}</h1>{}</body></html>",
                self.thread.subject,
                self.paragraphs(room)
            )),
            Kind::Mixed if self.item.position == 1 => mixed(),
            Kind::Word => self.word(room),
            _ => self.letter(charset, room),
        }
    }

    fn letter(&mut self, charset: Charset, room: usize) -> Part {
        let transfer = match charset {
            Charset::Iso2022Jp => Transfer::SevenBit,
            _ if self.rng.random() => Transfer::Base64,
            _ => Transfer::QuotedPrintable,
        };
        // Every transfer encoding makes these scripts larger.
        let growth = if transfer == Transfer::QuotedPrintable && self.language != Language::English
        {
            2.6
        } else {
            1.4
        };
        if room < 2_500 {
            let text = self.plain_letter(shrink(room.saturating_sub(250), growth));
            return Part::text("plain", charset, transfer, &text);
        }
        // Large letters are large by their files.
        let files_room = if room > 24_000 && self.rng.random_ratio(2, 3) {
            room * 7 / 10
        } else {
            0
        };
        let text = self.plain_letter(shrink((room - files_room) / 2, growth));
        let picture = files_room > 0 && self.rng.random_ratio(1, 4);
        let cid = format!("img{:x}@{}", self.item.seed, self.from.domain());
        let markup = self.html_letter(&text, picture.then_some(cid.as_str()));
        let alternative = Part::multi(
            "alternative",
            vec![
                Part::text("plain", charset, transfer, &text),
                Part::text("html", charset, transfer, &markup),
            ],
        );
        if files_room == 0 {
            return alternative;
        }
        if picture {
            let image = files::png_of(shrink(files_room, BASE64_OVERHEAD), self.item.seed);
            return Part::multi(
                "related",
                vec![
                    alternative,
                    Part::inline("photo.png", "image/png", &cid, &image),
                ],
            );
        }
        let mut parts = vec![alternative];
        parts.extend(self.attachments(shrink(files_room, BASE64_OVERHEAD)));
        Part::multi("mixed", parts)
    }

    fn attachments(&mut self, room: usize) -> Vec<Part> {
        let seed = self.item.seed;
        let thing = text::name_of_thing(&mut self.rng);
        match self.rng.random_range(0..6) {
            0 => vec![Part::attachment(
                &format!("{thing}.png"),
                "image/png",
                &files::png_of(room, seed),
            )],
            1 => vec![Part::attachment(
                &format!("{thing}.zip"),
                "application/zip",
                &files::zip(&format!("{thing}.bin"), &files::noise(room, seed)),
            )],
            2 => {
                let notes = text::paragraph(self.language, room / 8, &mut self.rng);
                vec![
                    Part::attachment("notes.txt", "text/plain; charset=utf-8", notes.as_bytes()),
                    Part::attachment(
                        &format!("{thing}.pdf"),
                        "application/pdf",
                        &files::pdf(&[&thing], room * 7 / 8, seed),
                    ),
                ]
            }
            3 => {
                let mut inner = Vec::new();
                mime::header(&mut inner, "From", "Archive <archive@northwind.example>");
                mime::header(&mut inner, "Subject", &format!("About {thing}"));
                mime::header(
                    &mut inner,
                    "Date",
                    &mime::date(self.slot.time.saturating_sub(86_400_000)),
                );
                mime::header(
                    &mut inner,
                    "Message-ID",
                    &format!("<inner.{seed:x}@northwind.example>"),
                );
                mime::header(&mut inner, "MIME-Version", "1.0");
                let text = text::paragraph(Language::English, room / 2, &mut self.rng);
                Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, &text)
                    .write(&mut inner, &mut self.rng);
                vec![Part::plain("message/rfc822", &inner)]
            }
            4 => {
                let name = format!(
                    "{} {thing}.pdf",
                    text::subject(self.language, &mut self.rng)
                );
                vec![Part::attachment(
                    &name,
                    "application/pdf",
                    &files::pdf(&[&thing], room, seed),
                )]
            }
            _ => vec![Part::attachment(
                &format!("{thing} contract.pdf"),
                "application/pdf",
                &files::pdf(&[&thing], room, seed),
            )],
        }
    }

    pub(super) fn plain_letter(&mut self, bytes: usize) -> String {
        let language = self.language;
        let mut out = format!("{}\n\n", text::greeting(language, &mut self.rng));
        // Answers drag what they answer behind them.
        let quoted = if self.item.position > 0 { bytes / 2 } else { 0 };
        while out.len() < bytes.saturating_sub(quoted).max(80) {
            let length = self.rng.random_range(80..700).min(bytes.max(80));
            out.push_str(&text::paragraph(language, length, &mut self.rng));
            out.push_str("\n\n");
        }
        out.push_str(&format!(
            "{}\n{}\n",
            text::closing(language, &mut self.rng),
            self.from.name
        ));
        if quoted > 0 {
            let parent = self.thread.slots.get(self.item.position.saturating_sub(1));
            let author = parent
                .and_then(|s| self.thread.people.get(s.from))
                .map_or("", |p| p.name.as_str());
            out.push_str(&format!("\n{author} {}\n", text::wrote(language)));
            let mut written = 0;
            while written < quoted {
                let line = text::sentence(language, &mut self.rng);
                written += line.len() + 3;
                out.push_str(&format!("> {line}\n"));
            }
        }
        out
    }

    pub(super) fn html_letter(&self, plain: &str, cid: Option<&str>) -> String {
        let direction = if self.language.right_to_left() {
            " dir=\"rtl\""
        } else {
            ""
        };
        let mut out = format!(
            "<html lang=\"{}\"><body{direction} style=\"font-family:sans-serif\">",
            self.language.tag()
        );
        let mut quoting = false;
        for line in plain.lines() {
            let quote = line.starts_with("> ");
            if quote != quoting {
                out.push_str(if quote {
                    "<blockquote type=\"cite\">"
                } else {
                    "</blockquote>"
                });
                quoting = quote;
            }
            let line = line.trim_start_matches("> ");
            if !line.is_empty() {
                out.push_str(&format!("<p>{}</p>\n", escape(line)));
            }
        }
        if quoting {
            out.push_str("</blockquote>");
        }
        if let Some(cid) = cid {
            out.push_str(&format!(
                "<p><img src=\"cid:{cid}\" alt=\"photo\" width=\"320\"></p>"
            ));
        }
        out.push_str("</body></html>");
        out
    }

    fn word(&mut self, room: usize) -> Part {
        let text = format!(
            "Hi,\n\nfor the slow movement we need somebody who can play the {}, even if only a little.\n\n{}\n\nBest\nAda\n",
            landmark::WORD,
            text::paragraph(
                Language::English,
                room.saturating_sub(300).min(4_000),
                &mut self.rng
            )
        );
        Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, &text)
    }
}

fn mixed() -> Part {
    use landmark::{ACCENTED, CHINESE, CYRILLIC};
    let plain = format!("{CYRILLIC}\n\n{CHINESE}\n\n{ACCENTED}\n\nМария\n");
    let markup = format!(
        "<html><body><p>{CYRILLIC}</p><p>{CHINESE}</p><p>{ACCENTED}</p><p><img src=\"cid:{}\" alt=\"skyline\"></p><p>Мария</p></body></html>",
        landmark::IMAGE_CID
    );
    let alternative = Part::multi(
        "alternative",
        vec![
            Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, &plain),
            Part::text("html", Charset::Gb18030, Transfer::Base64, &markup),
        ],
    );
    let image = Part::inline(
        landmark::IMAGE_NAME,
        "image/png",
        landmark::IMAGE_CID,
        &landmark::image(),
    );
    Part::multi(
        "mixed",
        vec![
            Part::multi("related", vec![alternative, image]),
            Part::attachment(
                landmark::ATTACHMENT_NAME,
                "application/pdf",
                &landmark::attachment(),
            ),
        ],
    )
}

/// An HTML part.
pub(super) fn html(markup: &str) -> Part {
    Part::text("html", Charset::Utf8, Transfer::QuotedPrintable, markup)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sizes of mails"
)]
fn shrink(bytes: usize, growth: f64) -> usize {
    (bytes as f64 / growth) as usize
}

/// Text in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn base64_of(bytes: &[u8]) -> String {
    let body = mime::encode(Transfer::Base64, bytes);
    String::from_utf8_lossy(&body)
        .trim_end()
        .replace("\r\n", "\r\n  ")
}
