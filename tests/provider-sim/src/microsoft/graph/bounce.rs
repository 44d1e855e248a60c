//! Delivery failures: 202 was only a promise, and the report comes as mail.

use bytes::Bytes;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::call::Call;
use crate::corpus::mime::{self, Charset, Part, Transfer};
use crate::microsoft::letter::Letter;
use crate::microsoft::mailbox::folder::key;

/// Reports those recipients of the sender's own domain who don't exist, if the mailbox is set to do so.
pub(super) fn report(call: &Call, letter: &Letter, recipients: &[String]) {
    if !call.with(|m| m.hazards.report_unknown_recipients) {
        return;
    }
    let domain = call
        .person
        .account
        .address
        .rsplit_once('@')
        .map_or("", |(_, d)| d);
    for unknown in recipients {
        let local = unknown
            .rsplit_once('@')
            .is_some_and(|(_, d)| d.eq_ignore_ascii_case(domain));
        if local && call.shared.directory.find(unknown).is_none() {
            let raw = failure(call, letter, unknown, domain);
            call.with(|m| {
                let message = m.arrive(raw, key::INBOX, call.now);
                m.add(message);
            });
        }
    }
}

/// The report (RFC 3464), with the headers of what failed.
fn failure(call: &Call, letter: &Letter, unknown: &str, domain: &str) -> Bytes {
    let mut out = Vec::new();
    let id = uuid::Uuid::new_v4();
    let failed = letter.message_id.as_deref().unwrap_or_default();
    mime::header(
        &mut out,
        "From",
        &format!("Microsoft Outlook <postmaster@{domain}>"),
    );
    mime::header(&mut out, "To", &call.person.account.address);
    let subject = format!("Undeliverable: {}", letter.subject);
    mime::header(
        &mut out,
        "Subject",
        &mime::encoded(&subject, Charset::Utf8, 9),
    );
    mime::header(&mut out, "Date", &mime::date(call.now));
    mime::header(&mut out, "Message-ID", &format!("<{id}@{domain}>"));
    if !failed.is_empty() {
        mime::header(&mut out, "In-Reply-To", failed);
        mime::header(&mut out, "References", failed);
    }
    mime::header(&mut out, "MIME-Version", "1.0");
    let note = format!(
        "Your message to {unknown} couldn't be delivered: the address wasn't found at {domain}.\n"
    );
    let status = format!(
        "Reporting-MTA: dns;mail.{domain}\r\n\r\nFinal-Recipient: rfc822;{unknown}\r\nAction: failed\r\nStatus: 5.1.10\r\n\
         Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\r\n"
    );
    let mut headers = Vec::new();
    mime::header(
        &mut headers,
        "Subject",
        &mime::encoded(&letter.subject, Charset::Utf8, 9),
    );
    mime::header(&mut headers, "Message-ID", failed);
    let parts = vec![
        Part::text("plain", Charset::Utf8, Transfer::QuotedPrintable, &note),
        Part::plain("message/delivery-status", status.as_bytes()),
        Part::plain("text/rfc822-headers", &headers),
    ];
    let seed = u64::from_be_bytes(id.as_bytes().first_chunk().copied().unwrap_or_default());
    Part::multi("report; report-type=delivery-status", parts)
        .write(&mut out, &mut ChaCha8Rng::seed_from_u64(seed));
    Bytes::from(out)
}
