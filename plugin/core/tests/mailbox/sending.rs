//! What is written is sent once, whole, and into its conversation.

use crate::support::{GOOGLE, MICROSOFT, OWNER, World, side};
use crate::wanted;
use crate::{BOB, by_message_id, everything, world};
use email_manager_core::provider::{
    Address, DraftFate, Outgoing, OutgoingAttachment, Provider as _, ProviderError, Relation,
    RelationKind,
};
use email_manager_core::settings::ProviderKind;
use provider_sim::corpus::landmark;
use provider_sim::{Action, Deliver, Fault};
use rstest::rstest;
use std::collections::BTreeSet;

fn outgoing(world: &World, marker: &str) -> Outgoing {
    let address = |name: &str, email: &str| Address {
        name: name.to_owned(),
        email: email.to_owned(),
    };
    Outgoing {
        marker: marker.to_owned(),
        from: Some(address("Ada Lovelace", OWNER)),
        to: vec![address("Боб", BOB)],
        bcc: vec![address("", "secret@example.com")],
        subject: "Отчёт — июль".to_owned(),
        html: Some("<p>Привет, <b>Боб</b></p>".to_owned()),
        text: Some("Привет, Боб".to_owned()),
        attachments: vec![OutgoingAttachment {
            name: "отчёт.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            content_id: None,
            ..file(world, &b"%PDF-1.4 test".repeat(400))
        }],
        ..Outgoing::default()
    }
}

/// What a person has uploaded.
fn file(world: &World, bytes: &[u8]) -> OutgoingAttachment {
    OutgoingAttachment {
        blob: world.host.blob(bytes),
        size: bytes.len() as u64,
        ..OutgoingAttachment::default()
    }
}

fn sent_by_ada(world: &World) -> Vec<provider_sim::Sent> {
    world.sim.backend(side(world.kind)).sent()
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_draft_is_sent_with_its_attachment_and_found_among_the_sent(#[case] kind: ProviderKind) {
    let world = world(kind, 5).await;
    let mailbox = world.mailbox().await;
    let made = mailbox
        .create_draft(&outgoing(&world, "marker-1"))
        .await
        .unwrap();
    let (draft, message) = (made.id, made.message.unwrap());
    assert_eq!(
        mailbox.draft_of(&message).await.unwrap(),
        Some(draft.clone()),
        "the message leads back to its draft"
    );
    assert_eq!(
        mailbox.find_draft("marker-1").await.unwrap(),
        std::slice::from_ref(&draft)
    );
    assert_eq!(
        mailbox.find_draft("marker-2").await.unwrap(),
        [] as [String; 0]
    );
    assert_eq!(
        mailbox.draft_fate(&draft, "marker-1").await.unwrap(),
        DraftFate::Draft
    );
    mailbox.send_draft(&draft).await.unwrap();
    assert_eq!(mailbox.draft_of(&message).await.unwrap(), None);
    world.advance(120);
    let DraftFate::Sent(Some(id)) = mailbox.draft_fate(&draft, "marker-1").await.unwrap() else {
        panic!("not found among the sent")
    };
    let copy = mailbox
        .fetch(&wanted(&[id]))
        .await
        .unwrap()
        .remove(0)
        .1
        .unwrap();
    assert_eq!(
        (copy.marker.as_deref(), copy.subject.as_str()),
        (Some("marker-1"), "Отчёт — июль")
    );
    assert_eq!(
        mailbox
            .attachment(&copy.id, &copy.attachments[0])
            .await
            .unwrap(),
        b"%PDF-1.4 test".repeat(400)
    );
    let sent = sent_by_ada(&world);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        sent[0].to.iter().collect::<BTreeSet<_>>(),
        [BOB.to_owned(), "secret@example.com".to_owned()]
            .iter()
            .collect()
    );
    let received = mail_parser::MessageParser::default()
        .parse(sent[0].raw.as_ref())
        .unwrap();
    assert_eq!(received.subject(), Some("Отчёт — июль"));
    assert!(received.bcc().is_none());
    assert_eq!(received.attachment_count(), 1);
}

#[rstest]
#[case(GOOGLE, RelationKind::Reply)]
#[case(GOOGLE, RelationKind::Forward)]
#[case(MICROSOFT, RelationKind::Reply)]
#[case(MICROSOFT, RelationKind::ReplyAll)]
#[case(MICROSOFT, RelationKind::Forward)]
#[tokio::test]
async fn an_answer_joins_its_conversation_and_carries_only_what_was_given(
    #[case] kind: ProviderKind,
    #[case] relation: RelationKind,
) {
    let world = world(kind, 60).await;
    let mailbox = world.mailbox().await;
    let all = everything(&mailbox).await;
    let original = by_message_id(&all, landmark::MIXED_ID);
    let message = Outgoing {
        subject: format!("Re: {}", landmark::SUBJECT),
        relation: Some(Relation {
            kind: relation,
            id: original.id.clone(),
            thread: original.thread.clone(),
            message_id: original.message_id.clone(),
            references: original.references.clone(),
        }),
        ..outgoing(&world, "marker-1")
    };
    let draft = mailbox.create_draft(&message).await.unwrap().id;
    mailbox.send_draft(&draft).await.unwrap();
    world.advance(120);
    let DraftFate::Sent(Some(id)) = mailbox.draft_fate(&draft, "marker-1").await.unwrap() else {
        panic!("not found among the sent")
    };
    let copy = mailbox
        .fetch(&wanted(&[id]))
        .await
        .unwrap()
        .remove(0)
        .1
        .unwrap();
    let received = mail_parser::MessageParser::default()
        .parse(sent_by_ada(&world)[0].raw.as_ref())
        .unwrap()
        .into_owned();
    assert_eq!(received.attachment_count(), 1, "none of the original's");
    assert!(received.body_html(0).unwrap().contains("Привет"));
    assert_eq!(sent_by_ada(&world)[0].to.len(), 2);
    if relation != RelationKind::Forward {
        assert_eq!(copy.thread, original.thread);
        assert_eq!(
            received.in_reply_to().as_text(),
            Some(landmark::MIXED_ID.trim_matches(['<', '>']))
        );
    }
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_lost_answer_is_unclear_and_can_be_found_out(#[case] kind: ProviderKind) {
    let world = world(kind, 30).await;
    let mailbox = world.mailbox().await;
    let lose = |path: &str| {
        world
            .sim
            .faults()
            .inject(Fault::once(Action::LoseAnswer).on("POST", path))
            .unwrap()
    };
    let message = Outgoing {
        attachments: vec![],
        ..outgoing(&world, "marker-1")
    };
    lose(if kind == GOOGLE {
        "/drafts$"
    } else {
        "/messages$"
    });
    let error = mailbox.create_draft(&message).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unclear(_)), "{error:?}");
    let found = mailbox.find_draft("marker-1").await.unwrap();
    assert_eq!(found.len(), 1);
    lose("/send$");
    let error = mailbox.send_draft(&found[0]).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unclear(_)), "{error:?}");
    world.advance(120);
    assert!(matches!(
        mailbox.draft_fate(&found[0], "marker-1").await.unwrap(),
        DraftFate::Sent(Some(_))
    ));
    assert_eq!(sent_by_ada(&world).len(), 1);
    assert!(matches!(
        mailbox.send_draft(&found[0]).await,
        Err(ProviderError::NotFound | ProviderError::Refused(_))
    ));
    assert_eq!(sent_by_ada(&world).len(), 1);
}

#[rstest]
#[case("attachments$")]
#[case("createReply$")]
#[tokio::test]
async fn half_a_draft_is_never_taken_for_a_whole_one(#[case] interrupted: &str) {
    let world = world(MICROSOFT, 60).await;
    let mailbox = world.mailbox().await;
    let all = everything(&mailbox).await;
    let original = by_message_id(&all, landmark::MIXED_ID);
    let relation = Relation {
        kind: RelationKind::Reply,
        id: original.id.clone(),
        thread: original.thread.clone(),
        message_id: None,
        references: vec![],
    };
    let message = Outgoing {
        relation: Some(relation),
        ..outgoing(&world, "marker-1")
    };
    let drafts = || {
        world
            .at_provider()
            .messages
            .iter()
            .filter(|message| message.draft)
            .count()
    };
    let before = drafts();
    // The answer is lost, and so is the clean-up.
    world
        .sim
        .faults()
        .inject(Fault::once(Action::LoseAnswer).on("POST", interrupted))
        .unwrap();
    world
        .sim
        .faults()
        .inject(Fault::once(Action::DropConnection).on("DELETE", "messages/[^/]*$"))
        .unwrap();
    assert!(matches!(
        mailbox.create_draft(&message).await,
        Err(ProviderError::Unclear(_))
    ));
    assert_eq!(drafts(), before + 1);
    world.sim.faults().clear(None);
    assert_eq!(
        mailbox.find_draft("marker-1").await.unwrap(),
        [] as [String; 0]
    );
    assert_eq!(drafts(), before);
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_attachment_too_large_for_one_request_is_sent_whole(#[case] kind: ProviderKind) {
    let world = world(kind, 3).await;
    let mailbox = world.mailbox().await;
    let bytes: Vec<u8> = (0..7_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let mut message = outgoing(&world, "marker-1");
    let large = file(&world, &bytes);
    message.attachments[0].blob = large.blob;
    message.attachments[0].size = large.size;
    let draft = mailbox.create_draft(&message).await.unwrap().id;
    assert_eq!(
        mailbox.find_draft("marker-1").await.unwrap(),
        std::slice::from_ref(&draft)
    );
    mailbox.send_draft(&draft).await.unwrap();
    let sent = sent_by_ada(&world);
    let received = mail_parser::MessageParser::default()
        .parse(sent[0].raw.as_ref())
        .unwrap();
    assert!(received.attachment(0).unwrap().contents() == bytes);
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_answer_to_a_message_that_is_gone_can_still_be_sent(#[case] kind: ProviderKind) {
    let world = world(kind, 5).await;
    let mailbox = world.mailbox().await;
    let original = "From: b@example.org\r\nMessage-ID: <gone@x>\r\nSubject: gone\r\n\r\nhello\r\n";
    let provider = world.sim.backend(side(kind));
    let id = provider.deliver(OWNER, &Deliver::new(original)).unwrap();
    let thread = mailbox
        .fetch(&wanted(std::slice::from_ref(&id)))
        .await
        .unwrap()
        .remove(0)
        .1
        .unwrap()
        .thread;
    provider.remove(OWNER, &id).unwrap();
    let relation = Relation {
        kind: RelationKind::Reply,
        id,
        thread,
        message_id: Some("<gone@x>".to_owned()),
        references: vec![],
    };
    let message = Outgoing {
        relation: Some(relation),
        ..outgoing(&world, "marker-1")
    };
    let draft = mailbox.create_draft(&message).await.unwrap().id;
    mailbox.send_draft(&draft).await.unwrap();
    assert_eq!(sent_by_ada(&world).len(), 1);
}
