//! Everything in a mailbox is read as the provider has it, whatever the mail looks like.

use crate::support::{GOOGLE, MICROSOFT, OWNER, World, side};
use crate::wanted;
use crate::{by_message_id, everything, listed, world};
use email_manager_core::provider::Address;
use email_manager_core::provider::Provider as _;
use email_manager_core::settings::ProviderKind;
use provider_sim::Deliver;
use provider_sim::corpus::landmark;
use rstest::rstest;
use std::collections::{BTreeMap, BTreeSet};

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn everything_in_the_mailbox_is_read_as_the_provider_has_it(#[case] kind: ProviderKind) {
    let world = world(kind, 120).await;
    let mailbox = world.mailbox().await;
    let all = everything(&mailbox).await;
    let theirs = world.at_provider().messages;
    assert_eq!(
        all.keys().collect::<BTreeSet<_>>(),
        theirs.iter().map(|message| &message.id).collect()
    );
    for their in &theirs {
        let our = &all[&their.id];
        assert_eq!(
            (our.read, our.starred, our.draft, &our.thread),
            (their.read, their.starred, their.draft, &their.thread),
            "{}",
            their.subject
        );
        assert_eq!(our.received / 1000, their.received / 1000);
        assert!(
            our.html.is_some()
                || our.text.is_some()
                || !our.attachments.is_empty()
                || our.size.is_some_and(|size| size < 2000),
            "no text in {}",
            their.subject
        );
    }
    let known: BTreeSet<String> = mailbox
        .folders()
        .await
        .unwrap()
        .into_iter()
        .map(|folder| folder.id)
        .collect();
    assert!(
        all.values()
            .flat_map(|message| &message.folders)
            .filter(|id| !id.starts_with("category:"))
            .all(|id| known.contains(id))
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_listing_begins_at_its_date_and_goes_back_in_time(#[case] kind: ProviderKind) {
    let world = world(kind, 150).await;
    let mailbox = world.mailbox().await;
    let theirs = world.at_provider().messages;
    let since = theirs[40].received;
    let (ids, _) = listed(&mailbox, Some(since)).await;
    let ids: BTreeSet<String> = ids.into_iter().collect();
    for their in &theirs {
        // A second of slack: providers count in seconds.
        if their.received >= since {
            assert!(ids.contains(&their.id));
        } else if their.received + 2_000 < since {
            assert!(!ids.contains(&their.id));
        }
    }
    let stream = &mailbox.streams(&mailbox.folders().await.unwrap())[0];
    let first = mailbox.list(stream, Some(since), None).await.unwrap();
    let received: BTreeMap<&str, u64> = theirs
        .iter()
        .map(|their| (their.id.as_str(), their.received))
        .collect();
    let times: Vec<u64> = first
        .items
        .iter()
        .map(|item| received[item.id.as_str()])
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_letter_in_many_charsets_arrives_with_its_image_and_attachment(
    #[case] kind: ProviderKind,
) {
    let world = world(kind, 60).await;
    let mailbox = world.mailbox().await;
    let all = everything(&mailbox).await;
    let mixed = by_message_id(&all, landmark::MIXED_ID);
    assert_eq!(mixed.subject.trim_start_matches("Re: "), landmark::SUBJECT);
    assert_eq!(
        mixed.from,
        Some(Address {
            name: landmark::FROM.0.to_owned(),
            email: landmark::FROM.1.to_owned()
        })
    );
    let shown = mixed.html.clone().unwrap_or_default();
    for words in [landmark::CYRILLIC, landmark::CHINESE] {
        assert!(shown.contains(words), "{words} in {shown}");
        if kind == GOOGLE {
            assert!(mixed.text.as_ref().unwrap().contains(words));
        }
    }
    assert!(
        mixed.references.contains(&landmark::OPENING_ID.to_owned())
            || mixed.in_reply_to.as_deref() == Some(landmark::OPENING_ID)
    );
    let image = mixed
        .attachments
        .iter()
        .find(|attachment| attachment.content_id.as_deref() == Some(landmark::IMAGE_CID))
        .unwrap();
    assert!(image.inline && image.name == landmark::IMAGE_NAME);
    assert_eq!(
        mailbox.attachment(&mixed.id, image).await.unwrap(),
        landmark::image()
    );
    let file = mixed
        .attachments
        .iter()
        .find(|attachment| attachment.name == landmark::ATTACHMENT_NAME)
        .unwrap();
    assert!(!file.inline && file.media_type == "application/pdf");
    for _ in 0..2 {
        assert_eq!(
            mailbox.attachment(&mixed.id, file).await.unwrap(),
            landmark::attachment()
        );
    }
    let raw = mailbox.raw(&mixed.id).await.unwrap();
    assert_eq!(
        raw,
        world.sim.backend(side(kind)).raw(OWNER, &mixed.id).unwrap()
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn malformed_mail_is_kept_and_shows_what_can_be_read(#[case] kind: ProviderKind) {
    let world = world(kind, 3).await;
    let mailbox = world.mailbox().await;
    let provider = world.sim.backend(side(kind));
    let mails: [&[u8]; 6] = [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?B?broken\r\nFrom: <<>>\r\nDate: yesterday\r\n\r\n\xff\xfe\x00",
        b"From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!\r\n",
        b"From: a@b\r\nSubject: inner\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@d\r\nSubject: forwarded\r\n\r\nbody\r\n",
        b"Message-ID: <dup@x>\r\nMessage-ID: <dup@x>\r\nSubject: a\r\nSubject: b\r\n\r\ntext",
    ];
    let ids: Vec<String> = mails
        .iter()
        .map(|mail| {
            provider
                .deliver(OWNER, &Deliver::new(mail.to_vec()))
                .unwrap()
        })
        .collect();
    for (id, message) in mailbox.fetch(&wanted(&ids)).await.unwrap() {
        let message = message.unwrap();
        assert_eq!(message.id, id);
        for attachment in &message.attachments {
            assert!(!attachment.name.is_empty() && !attachment.id.is_empty());
            mailbox.attachment(&id, attachment).await.unwrap();
        }
    }
}

#[tokio::test]
async fn aliases_come_with_the_main_address_first() {
    let account = provider_sim::Account {
        aliases: vec![("sales@example.com".to_owned(), "Sales".to_owned())],
        ..provider_sim::Account::new(OWNER, "Ada")
    };
    let world = World::of(GOOGLE, account).await;
    world.link().await;
    let aliases = world.mailbox().await.aliases().await.unwrap();
    assert_eq!(
        aliases
            .iter()
            .map(|alias| alias.email.as_str())
            .collect::<Vec<_>>(),
        [OWNER, "sales@example.com"]
    );
}
