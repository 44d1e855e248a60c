//! Mail that machines write: newsletters, notifications, invitations, delivery failures.

use rand::Rng;

use super::files;
use super::mime::{self, Charset, Part, Transfer};
use super::render::{Scene, escape, html};
use super::text::{self, Language};

impl Scene<'_> {
    pub(super) fn paragraphs(&mut self, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes + 500);
        while out.len() < bytes {
            out.push_str(&format!(
                "<p>{}</p>\n",
                escape(&text::paragraph(Language::English, 200, &mut self.rng))
            ));
        }
        out
    }

    pub(super) fn newsletter(&mut self, room: usize) -> Part {
        let domain = self.from.domain().to_owned();
        let intro = text::paragraph(Language::English, 150, &mut self.rng);
        if room < 1_800 {
            return html(&format!(
                "<table width=\"600\"><tr><td><h2>{}</h2><p>{}</p></td></tr></table>",
                self.thread.subject,
                escape(&intro)
            ));
        }
        let mut out = format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>.card{{border-radius:8px;padding:16px}} @media (max-width:600px){{.col{{width:100%!important}}}}</style></head>\
             <body style=\"margin:0;background:#f4f4f4\"><img src=\"https://{domain}/open.gif?m={:x}\" width=\"1\" height=\"1\" alt=\"\">\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\"><table width=\"600\" class=\"col\"><tr><td><h1>{}</h1><p>{}</p></td></tr>",
            self.item.seed,
            self.thread.subject,
            escape(&intro)
        );
        // Base64 takes a third more; the plain alternative takes its part.
        while out.len() < room * 2 / 3 {
            let thing = text::name_of_thing(&mut self.rng);
            let teaser = text::paragraph(Language::English, 220, &mut self.rng);
            out.push_str(&format!(
                "<tr><td class=\"card\" style=\"background:#ffffff;font-family:Arial,sans-serif;font-size:15px;line-height:22px;color:#333333\">\
                 <a href=\"https://{domain}/c/{:x}?utm_source=mail\"><img src=\"https://{domain}/img/{thing}.jpg\" width=\"560\" height=\"240\" alt=\"{thing}\" style=\"display:block;border:0\"></a>\
                 <h2 style=\"margin:12px 0\">{thing}</h2><p>{}</p></td></tr>",
                self.rng.random::<u64>(),
                escape(&teaser)
            ));
        }
        out.push_str(&format!("</table></td></tr></table><p style=\"font-size:11px\"><a href=\"https://{domain}/unsubscribe\">Unsubscribe</a></p></body></html>"));
        let plain = Part::text(
            "plain",
            Charset::Utf8,
            Transfer::QuotedPrintable,
            &format!("{}\n\n{intro}\n", self.thread.subject),
        );
        Part::multi(
            "alternative",
            vec![
                plain,
                Part::text("html", Charset::Utf8, Transfer::Base64, &out),
            ],
        )
    }

    pub(super) fn notification(&mut self, room: usize) -> Part {
        let body = self.paragraphs(room.saturating_sub(500) / 2);
        let text = text::paragraph(Language::English, (room / 3).min(4_000), &mut self.rng);
        if room < 1_800 {
            return Part::text("plain", Charset::Utf8, Transfer::SevenBit, &text);
        }
        let markup = format!(
            "<html><body><div style=\"max-width:640px\">{body}<a href=\"https://{}/view\">View it</a></div></body></html>",
            self.from.domain()
        );
        Part::multi(
            "alternative",
            vec![
                Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, &text),
                html(&markup),
            ],
        )
    }

    pub(super) fn invitation(&mut self, charset: Charset, room: usize) -> Part {
        let text = self.plain_letter((room / 4).min(6_000));
        let uid = format!("{:016x}@{}", self.item.seed, self.from.domain());
        let start = self.slot.time + 3 * 86_400_000;
        let calendar = files::invitation(
            &uid,
            &self.thread.subject,
            &self.from.address,
            &self.owner.address,
            start,
        );
        let mut parts = vec![Part::text("plain", charset, Transfer::Base64, &text)];
        if room > 2_500 {
            parts.push(Part::text(
                "html",
                charset,
                Transfer::Base64,
                &self.html_letter(&text, None),
            ));
        }
        parts.push(Part::text(
            "calendar; method=REQUEST",
            Charset::Utf8,
            Transfer::Base64,
            &calendar,
        ));
        Part::multi("alternative", parts)
    }

    /// A delivery failure (RFC 3464) about the message before this one.
    pub(super) fn report(&mut self) -> Part {
        let failed = self
            .thread
            .people
            .get(1)
            .map_or("nobody@example.org", |p| p.address.as_str());
        let original = self
            .thread
            .slots
            .first()
            .and_then(|s| s.id.as_deref())
            .unwrap_or_default();
        let note = format!(
            "Your message to {failed} could not be delivered: the address does not exist.\n"
        );
        let status = format!(
            "Reporting-MTA: dns; mx.corpus.example\r\nArrival-Date: {}\r\n\r\nFinal-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
            mime::date(self.slot.time)
        );
        let headers = format!(
            "From: {}\r\nTo: {failed}\r\nSubject: {}\r\nMessage-ID: {original}\r\n",
            self.owner.address,
            mime::encoded(&self.thread.subject, Charset::Utf8, 9)
        );
        Part::multi(
            "report; report-type=delivery-status",
            vec![
                Part::text("plain", Charset::Utf8, Transfer::SevenBit, &note),
                Part::plain("message/delivery-status", status.as_bytes()),
                Part::plain("text/rfc822-headers", headers.as_bytes()),
            ],
        )
    }
}
