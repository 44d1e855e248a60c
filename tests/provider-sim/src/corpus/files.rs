//! Files that attachments carry: small, valid, and made by code.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes that do not compress.
pub(super) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut out = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut out);
    out
}

/// An RGB image of noise.
pub(super) fn png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let row = width as usize * 3;
    let pixels = noise(row * height as usize, seed);
    let mut raw = Vec::with_capacity(pixels.len() + height as usize);
    for line in pixels.chunks(row.max(1)) {
        raw.push(0);
        raw.extend_from_slice(line);
    }
    // Noise doesn't compress: stored blocks spare the time.
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::none());
    let data = zlib
        .write_all(&raw)
        .and_then(|()| zlib.finish())
        .unwrap_or_default();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = Vec::with_capacity(13);
    head.extend_from_slice(&width.to_be_bytes());
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &head);
    chunk(&mut out, b"IDAT", &data);
    chunk(&mut out, b"IEND", &[]);
    out
}

/// An image of about `bytes` bytes.
pub(super) fn png_of(bytes: usize, seed: u64) -> Vec<u8> {
    let side = (bytes / 3).max(64).isqrt();
    png(
        u32::try_from(side).unwrap_or(64),
        u32::try_from(side).unwrap_or(64),
        seed,
    )
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    let mut crc = crc32fast::Hasher::new();
    crc.update(kind);
    crc.update(data);
    out.extend_from_slice(&crc.finalize().to_be_bytes());
}

/// A one-page document of at least `bytes` bytes: the lines as text, the rest in an unused stream.
pub(super) fn pdf(lines: &[&str], bytes: usize, seed: u64) -> Vec<u8> {
    let mut content = String::from("BT /F1 18 Tf 72 760 Td 24 TL\n");
    for line in lines {
        content.push_str(&format!("({line}) Tj T*\n"));
    }
    content.push_str("ET\n");
    let mut objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_vec(),
        format!("<< /Length {} >>\nstream\n{content}endstream", content.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ];
    if bytes > 1_000 {
        let filler = noise(bytes - 900, seed);
        let mut object = format!("<< /Length {} >>\nstream\n", filler.len()).into_bytes();
        object.extend_from_slice(&filler);
        object.extend_from_slice(b"\nendstream");
        objects.push(object);
    }
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = String::new();
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    let count = objects.len() + 1;
    out.extend_from_slice(
        format!("xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").as_bytes(),
    );
    out
}

/// An archive with one stored file.
pub(super) fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let crc = crc32fast::hash(content).to_le_bytes();
    let size = u32::try_from(content.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
    // Version 2.0, UTF-8 names, stored, 2026-01-01 00:00.
    let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0x5c];
    for field in [&crc[..], &size, &size, &name_len, &[0, 0]] {
        common.extend_from_slice(field);
    }
    let mut out = b"PK\x03\x04".to_vec();
    out.extend_from_slice(&common);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(content);
    let directory = out.len();
    out.extend_from_slice(b"PK\x01\x02\x14\x00");
    out.extend_from_slice(&common);
    out.extend_from_slice(&[0; 14]);
    out.extend_from_slice(name.as_bytes());
    let length = out.len() - directory;
    out.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    out.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&u32::try_from(directory).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A TNEF stream (`winmail.dat`) with a subject and a rich body that only Outlook reads.
pub(super) fn tnef(subject: &str) -> Vec<u8> {
    let mut out = vec![0x78, 0x9f, 0x3e, 0x22, 0x01, 0x00];
    let mut attribute = |level: u8, id: u32, data: &[u8]| {
        out.push(level);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(data);
        let sum = data.iter().fold(0u16, |s, b| s.wrapping_add(u16::from(*b)));
        out.extend_from_slice(&sum.to_le_bytes());
    };
    attribute(1, 0x0008_9006, &[0x00, 0x00, 0x01, 0x00]);
    attribute(1, 0x0006_9007, &[0xe9, 0xfd, 0, 0, 0, 0, 0, 0]);
    let mut text = subject.as_bytes().to_vec();
    text.push(0);
    attribute(1, 0x0001_8004, &text);
    out
}

/// An invitation (`text/calendar; method=REQUEST`) to an event of one hour.
pub(super) fn invitation(
    uid: &str,
    summary: &str,
    organizer: &str,
    attendee: &str,
    start_ms: u64,
) -> String {
    let time = |ms: u64| {
        chrono::DateTime::<chrono::Utc>::from_timestamp_millis(i64::try_from(ms).unwrap_or(0))
            .map(|d| d.format("%Y%m%dT%H%M%SZ").to_string())
            .unwrap_or_default()
    };
    format!(
        "BEGIN:VCALENDAR\r\nPRODID:-//Corpus//Calendar//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:{stamp}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{summary}\r\nLOCATION:Room 4\r\nORGANIZER:mailto:{organizer}\r\n\
         ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:{attendee}\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        stamp = time(start_ms.saturating_sub(86_400_000)),
        start = time(start_ms),
        end = time(start_ms + 3_600_000),
    )
}
