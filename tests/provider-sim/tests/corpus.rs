//! The generated mailbox is the same for the same seed, is made of mail that parses, and has the documented messages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

use std::collections::HashSet;

use mail_parser::{MessageParser, MimeHeaders};
use provider_sim::corpus::{Corpus, FolderRole, Landmark, Oddity, Person, Profile, landmark};

const NOW: u64 = 1_795_000_000_000;

#[test]
fn same_seed_same_bytes() {
    let one = Corpus::generate(3, 200, Profile::Small, NOW);
    let two = Corpus::generate(3, 200, Profile::Small, NOW);
    assert_eq!(one.items.len(), 200);
    for (a, b) in one.items.iter().zip(&two.items) {
        assert_eq!(a.raw(), b.raw());
        assert_eq!(a.received, b.received);
    }
    let other = Corpus::generate(4, 200, Profile::Small, NOW);
    assert_ne!(one.items[50].raw(), other.items[50].raw());
}

#[test]
fn exactly_as_many_as_asked_in_order_and_before_now() {
    for count in [10, 11, 59, 60, 500, 2_000] {
        let corpus = Corpus::generate(9, count, Profile::Small, NOW);
        assert_eq!(corpus.items.len(), count);
        assert!(corpus.items.is_sorted_by_key(|i| i.received));
        assert!(corpus.items.last().unwrap().received <= NOW);
    }
}

#[test]
fn every_message_parses_and_threads_by_its_headers() {
    let corpus = Corpus::generate(1, 600, Profile::Small, NOW);
    let mut ids = HashSet::new();
    let mut answers = 0;
    for item in &corpus.items {
        let raw = item.raw();
        let parsed = MessageParser::default().parse(&raw).unwrap();
        assert!(parsed.from().is_some());
        if let Some(id) = item.message_id() {
            assert_eq!(format!("<{}>", parsed.message_id().unwrap()), id);
            if let Some(parent) = parsed.in_reply_to().as_text() {
                assert!(
                    ids.contains(&(item.thread, parent.to_owned())),
                    "{parent} came before"
                );
                answers += 1;
            }
            ids.insert((item.thread, parsed.message_id().unwrap().to_owned()));
        }
    }
    assert!(answers > 100, "{answers} answers");
}

#[test]
fn real_sizes_have_a_median_of_30_kb_and_a_tail() {
    let corpus = Corpus::generate(5, 400, Profile::Real, NOW);
    let mut sizes: Vec<usize> = corpus.items.iter().map(|i| i.raw().len()).collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!((15_000..45_000).contains(&median), "median {median}");
    assert!(*sizes.last().unwrap() > 400_000);
    let small = Corpus::generate(5, 400, Profile::Small, NOW);
    let mut sizes: Vec<usize> = small.items.iter().map(|i| i.raw().len()).collect();
    sizes.sort_unstable();
    assert!(
        (700..2_000).contains(&sizes[sizes.len() / 2]),
        "median {}",
        sizes[sizes.len() / 2]
    );
}

#[test]
fn the_documented_thread_is_there() {
    let corpus = Corpus::generate(1, 10, Profile::Small, NOW);
    let item = corpus.landmark(Landmark::Mixed).unwrap();
    let raw = item.raw();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(
        parsed.subject().unwrap(),
        format!("Re: {}", landmark::SUBJECT)
    );
    let text = parsed.body_text(0).unwrap();
    let html = parsed.body_html(0).unwrap();
    for body in [&text, &html] {
        for phrase in [landmark::CYRILLIC, landmark::CHINESE, landmark::ACCENTED] {
            assert!(body.contains(phrase), "{phrase} in {body}");
        }
    }
    let files: Vec<_> = parsed
        .attachments()
        .map(|a| {
            (
                a.attachment_name().unwrap().to_owned(),
                a.contents().to_vec(),
            )
        })
        .collect();
    assert!(files.contains(&(landmark::ATTACHMENT_NAME.to_owned(), landmark::attachment())));
    assert!(files.contains(&(landmark::IMAGE_NAME.to_owned(), landmark::image())));
    let thread: Vec<_> = corpus
        .items
        .iter()
        .filter(|i| i.thread == item.thread)
        .map(|i| i.role)
        .collect();
    assert_eq!(
        thread,
        [FolderRole::Inbox, FolderRole::Inbox, FolderRole::Sent]
    );
    let with_word = corpus
        .items
        .iter()
        .filter(|i| String::from_utf8_lossy(&i.raw()).contains(landmark::WORD))
        .count();
    assert_eq!(with_word, 1);
}

#[test]
fn languages_keep_their_letters_through_legacy_charsets() {
    let corpus = Corpus::generate(2, 3_000, Profile::Small, NOW);
    let mut seen = HashSet::new();
    for item in &corpus.items {
        let raw = item.raw();
        let text = String::from_utf8_lossy(&raw).to_lowercase();
        let parsed = MessageParser::default().parse(&raw).unwrap();
        for charset in [
            "windows-1251",
            "koi8-r",
            "gb18030",
            "iso-2022-jp",
            "windows-1252",
            "windows-1255",
            "windows-1256",
        ] {
            if text.contains(&format!("charset={charset}")) && item.landmark.is_none() {
                assert!(
                    !parsed.body_text(0).unwrap_or_default().contains("\u{fffd}"),
                    "{charset}"
                );
                assert!(
                    !parsed.subject().unwrap_or_default().contains("=?"),
                    "{charset}: {:?}",
                    parsed.subject()
                );
                seen.insert(charset);
            }
        }
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn oddities_are_made_on_demand() {
    let owner = Person::new("Owner", "owner@corpus.example");
    for oddity in Oddity::ALL {
        let raw = Corpus::oddity(*oddity, &owner, NOW, 1).raw();
        assert!(raw.starts_with(b"From: "), "{oddity:?}");
    }
    assert_eq!(
        Oddity::named("missing-message-id"),
        Some(Oddity::MissingMessageId)
    );
    let crowd = Corpus::oddity(Oddity::ThousandRecipients, &owner, NOW, 1).raw();
    let parsed = MessageParser::default().parse(&crowd).unwrap();
    let count = parsed.to().unwrap().clone().into_list().len()
        + parsed.cc().unwrap().clone().into_list().len();
    assert_eq!(count, 1_000);
    let none = Corpus::oddity(Oddity::MissingMessageId, &owner, NOW, 1).raw();
    assert!(
        MessageParser::default()
            .parse(&none)
            .unwrap()
            .message_id()
            .is_none()
    );
}

#[test]
fn charsets_are_encoded_as_the_standard_encoder_does() {
    use provider_sim::corpus::mime::Charset;
    let text = "Plain, 日本語のメール and ¥ Привет שלום مرحبا 你好 end.\nNext 行";
    for (charset, label) in [
        (Charset::Iso2022Jp, "iso-2022-jp"),
        (Charset::Gb18030, "gb18030"),
        (Charset::Koi8R, "koi8-r"),
        (Charset::Windows1255, "windows-1255"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let made = charset.encode(text);
        assert_eq!(
            encoding.decode(&made).0,
            encoding.decode(&encoding.encode(text).0).0,
            "{label}"
        );
    }
}
