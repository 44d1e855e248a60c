//! A mailbox can be listed, read, followed, changed and written from, at either provider, and nothing is lost or sent twice when an
//! answer is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use email_manager_core::platform::Clock as _;
use email_manager_core::provider::{
    Address, Change as Happened, DraftFate, Edit, Light, Mailbox, Outgoing, OutgoingAttachment,
    Provider, ProviderError, Relation, RelationKind, RemoteMessage, Role,
};
use email_manager_core::settings::ProviderKind;
use email_manager_core::settings::form::Entry;
use email_manager_core::testing::Memory;
use provider_sim::corpus::landmark;
use provider_sim::{Action, Change, Deliver, Fault, Limits, MessageState};
use rstest::rstest;
use support::{GOOGLE, MICROSOFT, OWNER, World, side};

const BOB: &str = "bob@example.com";

/// No limits: pacing is the business of whoever calls.
async fn world(kind: ProviderKind, messages: u32) -> World {
    let world = World::with(kind, messages).await;
    world.sim.set_limits(Limits {
        google_units_per_minute: None,
        google_sends_per_day: None,
        microsoft_requests_per_ten_minutes: None,
        ..Limits::default()
    });
    world.link().await;
    world
}

/// Ids of everything that a listing names, with what came whole.
async fn listed(
    mailbox: &Mailbox<'_, Memory>,
    since: Option<u64>,
) -> (Vec<String>, Vec<RemoteMessage>) {
    let (mut ids, mut whole) = (Vec::new(), Vec::new());
    for stream in mailbox.streams(&mailbox.folders().await.unwrap()) {
        let mut page = None;
        loop {
            let listing = mailbox.list(&stream, since, page.as_deref()).await.unwrap();
            for item in listing.items {
                ids.push(item.id.clone());
                whole.extend(item.message.map(|message| *message));
            }
            page = listing.next;
            if page.is_none() {
                break;
            }
        }
    }
    (ids, whole)
}

async fn everything(mailbox: &Mailbox<'_, Memory>) -> BTreeMap<String, RemoteMessage> {
    let (ids, whole) = listed(mailbox, None).await;
    if !whole.is_empty() {
        return whole
            .into_iter()
            .map(|message| (message.id.clone(), message))
            .collect();
    }
    let fetched = mailbox.fetch(&ids).await.unwrap();
    fetched
        .into_iter()
        .map(|(id, message)| (id, message.unwrap()))
        .collect()
}

/// Follows every stream to its end.
struct Followed {
    cursors: BTreeMap<String, String>,
}

impl Followed {
    async fn from_now(mailbox: &Mailbox<'_, Memory>) -> Self {
        let mut cursors = BTreeMap::new();
        for stream in mailbox.streams(&mailbox.folders().await.unwrap()) {
            let cursor = mailbox.begin(&stream).await.unwrap();
            cursors.insert(stream, cursor);
        }
        let mut followed = Self { cursors };
        followed.round(mailbox).await;
        followed
    }

    async fn round(&mut self, mailbox: &Mailbox<'_, Memory>) -> Vec<Happened> {
        let mut found = Vec::new();
        for (stream, cursor) in &mut self.cursors {
            loop {
                let changes = mailbox.changes(stream, cursor).await.unwrap();
                found.extend(changes.items);
                *cursor = changes.next;
                if !changes.more {
                    break;
                }
            }
        }
        found
    }
}

fn by_message_id<'a>(all: &'a BTreeMap<String, RemoteMessage>, id: &str) -> &'a RemoteMessage {
    all.values()
        .find(|message| message.message_id.as_deref() == Some(id))
        .unwrap()
}

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
async fn what_happens_at_the_provider_is_noticed(#[case] kind: ProviderKind) {
    let world = world(kind, 30).await;
    let mailbox = world.mailbox().await;
    let mut followed = Followed::from_now(&mailbox).await;
    assert_eq!(followed.round(&mailbox).await, []);
    let provider = world.sim.backend(side(kind));
    let theirs: Vec<MessageState> = world
        .at_provider()
        .messages
        .into_iter()
        .filter(|message| !message.draft)
        .collect();
    let (read, starred, trashed, deleted) = (&theirs[0], &theirs[1], &theirs[2], &theirs[3]);
    let new = provider
        .deliver(
            OWNER,
            &Deliver::new(
                "From: x@example.org\r\nTo: ada@example.com\r\nSubject: new\r\n\r\nhello\r\n",
            ),
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &read.id,
            &Change {
                read: Some(!read.read),
                ..Change::default()
            },
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &starred.id,
            &Change {
                starred: Some(!starred.starred),
                ..Change::default()
            },
        )
        .unwrap();
    provider
        .change(
            OWNER,
            &trashed.id,
            &Change {
                move_to: Some("trash".to_owned()),
                ..Change::default()
            },
        )
        .unwrap();
    provider.remove(OWNER, &deleted.id).unwrap();
    let changes = followed.round(&mailbox).await;
    let lights = |wanted: &str| -> Vec<&Light> {
        let light = |change| match change {
            &Happened::Present { ref id, ref light }
            | &Happened::Labels {
                ref id, ref light, ..
            } if id == wanted => Some(light),
            _ => None,
        };
        changes.iter().filter_map(light).collect()
    };
    assert!(!lights(&new).is_empty());
    assert!(
        lights(&read.id)
            .iter()
            .any(|light| light.read == Some(!read.read))
    );
    assert!(
        lights(&starred.id)
            .iter()
            .any(|light| light.starred == Some(!starred.starred))
    );
    assert!(changes.iter().any(|change| matches!(change, Happened::Gone { id, certain } if *id == deleted.id && *certain == (kind == GOOGLE))));
    let trash = mailbox
        .folders()
        .await
        .unwrap()
        .into_iter()
        .find(|folder| folder.role == Role::Trash)
        .unwrap()
        .id;
    let moved = changes.iter().any(|change| match change {
        Happened::Labels { id, added, .. } => *id == trashed.id && added.contains(&trash),
        Happened::Present { id, .. } | Happened::Gone { id, .. } => *id == trashed.id,
    });
    assert!(moved);
    let asked = mailbox
        .fetch(&[trashed.id.clone(), deleted.id.clone()])
        .await
        .unwrap();
    assert!(asked[0].1.as_ref().unwrap().folders.contains(&trash));
    assert_eq!(asked[1].1, Err(ProviderError::NotFound));
    assert_eq!(followed.round(&mailbox).await, []);
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_forgotten_cursor_says_so(#[case] kind: ProviderKind) {
    let world = world(kind, 10).await;
    let mailbox = world.mailbox().await;
    let followed = Followed::from_now(&mailbox).await;
    world.sim.backend(side(kind)).expire_cursors(OWNER).unwrap();
    for (stream, cursor) in &followed.cursors {
        assert_eq!(
            mailbox.changes(stream, cursor).await,
            Err(ProviderError::CursorLost)
        );
    }
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn edits_are_seen_at_the_provider(#[case] kind: ProviderKind) {
    let world = world(kind, 40).await;
    world.save(&[("allow_delete", Entry::Toggle(true))]).await;
    world.link().await;
    let mailbox = world.mailbox().await;
    let folders = mailbox.folders().await.unwrap();
    let place = |role: Role| {
        folders
            .iter()
            .find(|folder| folder.role == role)
            .map(|folder| folder.id.clone())
            .unwrap_or_default()
    };
    let in_inbox: Vec<String> = world
        .at_provider()
        .messages
        .iter()
        .filter(|message| message.folders.contains(&place(Role::Inbox)) && !message.draft)
        .map(|message| message.id.clone())
        .collect();
    let few = &in_inbox[..3];
    let many = &in_inbox[..in_inbox.len().min(14)];
    let states = || -> BTreeMap<String, MessageState> {
        world
            .at_provider()
            .messages
            .into_iter()
            .map(|message| (message.id.clone(), message))
            .collect()
    };
    let all = |ids: &[String], holds: &dyn Fn(&MessageState) -> bool| {
        let states = states();
        ids.iter().all(|id| holds(&states[id]))
    };
    let edit = |ids: Vec<String>, edit: Edit| {
        let mailbox = &mailbox;
        async move {
            for (_, outcome) in mailbox.edit(&ids, &edit).await.unwrap() {
                assert_eq!(outcome, Ok(()), "{edit:?}");
            }
        }
    };
    for ids in [few, many] {
        edit(ids.to_vec(), Edit::Read(true)).await;
        assert!(all(ids, &|state| state.read));
        edit(ids.to_vec(), Edit::Read(false)).await;
        assert!(all(ids, &|state| !state.read));
        edit(ids.to_vec(), Edit::Starred(true)).await;
        assert!(all(ids, &|state| state.starred));
        edit(ids.to_vec(), Edit::Archive).await;
        assert!(all(ids, &|state| !state
            .folders
            .contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::Unarchive).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::Spam).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Spam))
            && !state.folders.contains(&place(Role::Inbox))));
        edit(ids.to_vec(), Edit::NotSpam).await;
        edit(ids.to_vec(), Edit::Trash).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Trash))));
        edit(ids.to_vec(), Edit::Restore(None)).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))
            && !state.folders.contains(&place(Role::Trash))));
        let target = folders
            .iter()
            .find(|folder| {
                matches!(folder.role, Role::Folder)
                    || (folder.role == Role::Label && !folder.id.starts_with("category:"))
            })
            .unwrap();
        edit(ids.to_vec(), Edit::MoveTo(target.id.clone())).await;
        assert!(all(ids, &|state| state.folders.contains(&target.id)));
        edit(ids.to_vec(), Edit::MoveTo(place(Role::Inbox))).await;
        assert!(all(ids, &|state| state
            .folders
            .contains(&place(Role::Inbox))));
        let label = if kind == GOOGLE {
            target.id.clone()
        } else {
            "category:Red & blue".to_owned()
        };
        edit(ids.to_vec(), Edit::AddLabel(label.clone())).await;
        let has = |state: &MessageState| {
            state.folders.contains(&label) || state.categories.contains(&"Red & blue".to_owned())
        };
        assert!(all(ids, &has));
        edit(ids.to_vec(), Edit::RemoveLabel(label.clone())).await;
        assert!(all(ids, &|state| !has(state)));
    }
    let gone = mailbox
        .edit(&["0000000000000001".to_owned()], &Edit::Read(true))
        .await
        .unwrap();
    assert!(
        matches!(gone[0].1, Err(ProviderError::NotFound)),
        "{gone:?}"
    );
    edit(many.to_vec(), Edit::DeleteForEver).await;
    assert!(
        world
            .at_provider()
            .messages
            .iter()
            .all(|message| !many.contains(&message.id))
    );
}

#[tokio::test]
async fn deleting_for_ever_without_the_right_to_it_names_what_is_missing() {
    let world = world(GOOGLE, 5).await;
    let id = world.at_provider().messages[0].id.clone();
    let refused = world
        .mailbox()
        .await
        .edit(&[id], &Edit::DeleteForEver)
        .await;
    assert!(
        matches!(refused, Err(ProviderError::MissingScope(_))),
        "{refused:?}"
    );
}

fn outgoing(marker: &str) -> Outgoing {
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
            bytes: b"%PDF-1.4 test".repeat(400),
        }],
        ..Outgoing::default()
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
    let made = mailbox.create_draft(&outgoing("marker-1")).await.unwrap();
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
    let copy = mailbox.fetch(&[id]).await.unwrap().remove(0).1.unwrap();
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
        ..outgoing("marker-1")
    };
    let draft = mailbox.create_draft(&message).await.unwrap().id;
    mailbox.send_draft(&draft).await.unwrap();
    world.advance(120);
    let DraftFate::Sent(Some(id)) = mailbox.draft_fate(&draft, "marker-1").await.unwrap() else {
        panic!("not found among the sent")
    };
    let copy = mailbox.fetch(&[id]).await.unwrap().remove(0).1.unwrap();
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
        ..outgoing("marker-1")
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
        ..outgoing("marker-1")
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
async fn a_limit_says_until_when_to_wait_and_trouble_is_waited_for(#[case] kind: ProviderKind) {
    let world = world(kind, 10).await;
    let mailbox = world.mailbox().await;
    let now = world.host.now();
    for (status, retry_after, seconds) in [
        (429, provider_sim::RetryAfter::Seconds(12), 12),
        (503, provider_sim::RetryAfter::Date(30), 30),
    ] {
        world
            .sim
            .faults()
            .inject(Fault::once(Action::Answer {
                status,
                body: None,
                retry_after,
            }))
            .unwrap();
        let error = mailbox.profile().await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Wait { until, .. } if until == now + seconds * 1000),
            "{error:?}"
        );
    }
    for action in [
        Action::HtmlBadGateway,
        Action::DropConnection,
        Action::TruncateBody,
        Action::DropMidBody,
    ] {
        world.sim.faults().inject(Fault::once(action)).unwrap();
        let error = mailbox.profile().await.unwrap_err();
        assert!(
            matches!(error, ProviderError::Wait { until, .. } if until > now),
            "{error:?}"
        );
    }
    let ids: Vec<String> = world
        .at_provider()
        .messages
        .iter()
        .map(|message| message.id.clone())
        .collect();
    let throttled = Action::Answer {
        status: 429,
        body: None,
        retry_after: provider_sim::RetryAfter::Seconds(3),
    };
    world
        .sim
        .faults()
        .inject(Fault::once(throttled).on("GET", &format!("messages/{}", ids[4])))
        .unwrap();
    let fetched = mailbox.fetch(&ids).await.unwrap();
    assert_eq!(
        fetched
            .iter()
            .filter(|(_, message)| message.is_ok())
            .count(),
        9,
        "only the part that was refused waits"
    );
    assert!(
        matches!(&fetched[4].1, Err(ProviderError::Wait { until, .. }) if *until == now + 3_000)
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
    for (id, message) in mailbox.fetch(&ids).await.unwrap() {
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
    let mut message = outgoing("marker-1");
    message.attachments[0].bytes.clone_from(&bytes);
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
        .fetch(std::slice::from_ref(&id))
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
        ..outgoing("marker-1")
    };
    let draft = mailbox.create_draft(&message).await.unwrap().id;
    mailbox.send_draft(&draft).await.unwrap();
    assert_eq!(sent_by_ada(&world).len(), 1);
}
