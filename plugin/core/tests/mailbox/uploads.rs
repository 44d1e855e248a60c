//! A large upload that breaks off goes on with what the provider has, and its address is nobody else's to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use email_manager_core::platform::Clock as _;
use email_manager_core::provider::{
    DraftFate, Edit, MadeDraft, Outgoing, OutgoingAttachment, Provider as _, ProviderError,
};
use email_manager_core::settings::ProviderKind;
use provider_sim::{Action, Fault, Limits, RetryAfter};
use rstest::rstest;

use crate::support::{GOOGLE, MICROSOFT, World, side};
use crate::{BOB, wanted, world};

/// Nine million bytes take three pieces at Microsoft and six at Google.
const LARGE: u32 = 9_000_000;
const DAY_S: u64 = 24 * 3_600;

fn bytes(seed: u32, length: u32) -> Vec<u8> {
    (0..length).map(|at| (at * 7 % 251 + seed) as u8).collect()
}

fn message(world: &World, files: &[Vec<u8>]) -> Outgoing {
    let file = |bytes: &Vec<u8>| OutgoingAttachment {
        name: "film.bin".to_owned(),
        media_type: "application/octet-stream".to_owned(),
        content_id: None,
        blob: world.host.blob(bytes),
        size: bytes.len() as u64,
    };
    let to = email_manager_core::provider::Address {
        name: String::new(),
        email: BOB.to_owned(),
    };
    Outgoing {
        marker: "marker-1".to_owned(),
        to: vec![to],
        subject: "Large".to_owned(),
        text: Some("See the films".to_owned()),
        attachments: files.iter().map(file).collect(),
        ..Outgoing::default()
    }
}

/// Bytes that were sent to upload addresses, refused ones included.
fn count_uploaded(world: &World) -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let counter = count.clone();
    world.host.answer_http(move |request| {
        if request.method() == http::Method::PUT {
            counter.fetch_add(request.body().len() as u64, Ordering::SeqCst);
            let given = request.headers().contains_key("authorization");
            assert!(!given, "the address is its own authorisation");
        }
        None
    });
    count
}

/// Asks again until the draft is made, each time as a new call would.
async fn made(world: &World, message: &Outgoing) -> MadeDraft {
    for _ in 0..20 {
        let mailbox = world.mailbox().await;
        if let Some(id) = mailbox.find_draft(&message.marker).await.unwrap().pop() {
            return MadeDraft { id, message: None };
        }
        match mailbox.create_draft(message).await {
            Ok(draft) => return draft,
            Err(ProviderError::Wait { .. }) => world.advance(60),
            Err(ProviderError::Unclear(_) | ProviderError::Underway) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("never made")
}

/// Sent once, whole, with nothing left behind.
async fn check(world: &World, draft: &str, files: &[Vec<u8>]) {
    let mailbox = world.mailbox().await;
    mailbox.abandon_draft("marker-1").await.unwrap();
    mailbox.send_draft(draft).await.unwrap();
    world.advance(120);
    assert!(matches!(
        mailbox.draft_fate(draft, "marker-1").await.unwrap(),
        DraftFate::Sent(_)
    ));
    let sent = world.sim.backend(side(world.kind)).sent();
    assert_eq!(sent.len(), 1);
    let received = mail_parser::MessageParser::default()
        .parse(sent[0].raw.as_ref())
        .unwrap();
    let attached: Vec<&[u8]> = received.attachments().map(|part| part.contents()).collect();
    assert!(attached == files, "other bytes arrived than were sent");
    let left = world.at_provider().messages;
    assert!(left.iter().all(|message| !message.draft));
    let secrets = world.host.secret_names();
    assert!(secrets.iter().all(|name| !name.starts_with("upload/")));
    let told = world.host.lines();
    assert!(
        told.iter()
            .all(|line| !format!("{line:?}").contains("upload"))
    );
}

/// Cut within a piece, once at each of them.
#[rstest]
#[case(GOOGLE, 8)]
#[case(MICROSOFT, 3)]
#[tokio::test]
async fn an_upload_cut_within_a_piece_sends_only_what_is_missing(
    #[case] kind: ProviderKind,
    #[case] pieces: u64,
) {
    for mishap in [
        Action::DropMidRequest,
        Action::LoseAnswer,
        Action::TruncateBody,
    ] {
        let files = [bytes(1, LARGE)];
        let world = world(kind, 1).await;
        let message = message(&world, &files);
        let uploaded = count_uploaded(&world);
        for piece in 0..pieces {
            let fault = Fault::once(mishap.clone()).on("PUT", "upload");
            world.sim.faults().inject(fault.skip(2 * piece)).unwrap();
        }
        let draft = made(&world, &message).await.id;
        check(&world, &draft, &files).await;
        let encoded = u64::from(LARGE) * if kind == GOOGLE { 78 } else { 57 } / 57;
        let sent = uploaded.load(Ordering::SeqCst);
        let again = sent.saturating_sub(encoded);
        assert!(
            again <= (pieces + 1) * (4 << 20) && sent < 2 * encoded + (4 << 20),
            "{again} bytes of {encoded} were sent again: {mishap:?}"
        );
    }
}

/// The host dies at any step of it; what has arrived is not sent again, however often it dies.
#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_upload_goes_on_after_a_restart_with_what_has_arrived(#[case] kind: ProviderKind) {
    let files = [bytes(1, LARGE)];
    let world = world(kind, 1).await;
    let message = message(&world, &files);
    let uploaded = count_uploaded(&world);
    let mut draft = None;
    let mut deaths = 0;
    // A little further each time, so that each piece meets it.
    for life in 12.. {
        let mailbox = world.mailbox().await;
        draft = mailbox.find_draft("marker-1").await.unwrap().pop();
        if draft.is_some() {
            break;
        }
        world.host.crash_at(life);
        let begun = world.host.run(mailbox.create_draft(&message)).await;
        world.host.calm();
        if let Some(outcome) = begun {
            draft = Some(outcome.unwrap().id);
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 2, "it died {deaths} times");
    check(&world, &draft.unwrap(), &files).await;
    let encoded = u64::from(LARGE) * if kind == GOOGLE { 78 } else { 57 } / 57;
    let again = uploaded.load(Ordering::SeqCst).saturating_sub(encoded);
    assert!(again <= deaths * (4 << 20), "{again} bytes were sent again");
}

/// A call does not upload for longer than the host lets it.
#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_slow_upload_is_spread_over_several_calls(#[case] kind: ProviderKind) {
    let files = [bytes(1, LARGE), bytes(2, 4_000_000)];
    let world = world(kind, 1).await;
    let message = message(&world, &files);
    let uploaded = count_uploaded(&world);
    let clock = world.clock.clone();
    world
        .host
        .on_request(move || clock.advance(std::time::Duration::from_millis(1_500)));
    let mut calls = 1;
    let draft = loop {
        let begun = uploaded.load(Ordering::SeqCst);
        match world.mailbox().await.create_draft(&message).await {
            Ok(draft) => break draft.id,
            Err(ProviderError::Underway) => calls += 1,
            Err(other) => panic!("{other:?}"),
        }
        assert!(uploaded.load(Ordering::SeqCst) - begun <= 8 << 20);
    };
    assert!(calls > 2);
    check(&world, &draft, &files).await;
    let total: u64 = files.iter().map(|file| file.len() as u64).sum();
    let encoded = total * if kind == GOOGLE { 78 } else { 57 } / 57;
    let sent = uploaded.load(Ordering::SeqCst);
    assert!(sent <= encoded + 10_000, "nothing was sent twice");
}

#[rstest]
#[case(GOOGLE, 8 * DAY_S)]
#[case(MICROSOFT, 2 * DAY_S)]
#[tokio::test]
async fn an_upload_that_has_expired_is_begun_anew(#[case] kind: ProviderKind, #[case] after: u64) {
    let files = [bytes(0, 100), bytes(1, 4_000_000), bytes(2, LARGE)];
    let world = world(kind, 1).await;
    let message = message(&world, &files);
    let cut = Fault::once(Action::DropConnection).on("PUT", "upload");
    world.sim.faults().inject(cut.skip(2)).unwrap();
    let begun = world.mailbox().await.create_draft(&message).await;
    assert!(
        matches!(begun, Err(ProviderError::Wait { .. })),
        "{begun:?}"
    );
    world.advance(after);
    let draft = made(&world, &message).await.id;
    check(&world, &draft, &files).await;
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_upload_that_is_slowed_down_waits_as_long_as_it_is_told(#[case] kind: ProviderKind) {
    let files = [bytes(1, LARGE)];
    let world = world(kind, 1).await;
    let message = message(&world, &files);
    let slow = Action::Answer {
        status: 429,
        body: None,
        retry_after: RetryAfter::Seconds(240),
    };
    let fault = Fault::once(slow).on("PUT", "upload").skip(1);
    world.sim.faults().inject(fault).unwrap();
    let asked = world.host.now();
    match world.mailbox().await.create_draft(&message).await {
        Err(ProviderError::Wait { until, .. }) => assert_eq!(until, asked + 240_000),
        other => panic!("{other:?}"),
    }
    let draft = made(&world, &message).await.id;
    check(&world, &draft, &files).await;
}

/// What was begun for other words is not gone on with.
#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_message_that_was_changed_meanwhile_is_uploaded_anew(#[case] kind: ProviderKind) {
    let files = [bytes(1, LARGE)];
    let world = world(kind, 1).await;
    let mut message = message(&world, &files);
    let cut = Fault::once(Action::DropConnection).on("PUT", "upload");
    world.sim.faults().inject(cut.skip(1)).unwrap();
    world
        .mailbox()
        .await
        .create_draft(&message)
        .await
        .unwrap_err();
    message.text = Some("Said differently".to_owned());
    let mailbox = world.mailbox().await;
    mailbox.create_draft(&message).await.unwrap();
    let draft = mailbox.find_draft("marker-1").await.unwrap().remove(0);
    check(&world, &draft, &files).await;
    let sent = world.sim.backend(side(kind)).sent();
    assert!(String::from_utf8_lossy(&sent[0].raw).contains("Said differently"));
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_upload_that_is_not_wanted_any_more_leaves_nothing(#[case] kind: ProviderKind) {
    let world = world(kind, 1).await;
    let message = message(&world, &[bytes(1, LARGE)]);
    let cut = Fault::once(Action::DropConnection).on("PUT", "upload");
    world.sim.faults().inject(cut.skip(1)).unwrap();
    let mailbox = world.mailbox().await;
    mailbox.create_draft(&message).await.unwrap_err();
    mailbox.abandon_draft("marker-1").await.unwrap();
    assert!(
        world
            .at_provider()
            .messages
            .iter()
            .all(|known| !known.draft)
    );
    let kept = world.host.secret_names();
    assert!(kept.iter().all(|name| !name.starts_with("upload/")));
}

/// The largest that may be attached, and never more of it in memory than a piece.
#[rstest]
#[case(GOOGLE, 25_000_000)]
#[case(MICROSOFT, 150_000_000)]
#[tokio::test]
async fn the_largest_file_goes_in_pieces_of_four_megabytes(
    #[case] kind: ProviderKind,
    #[case] size: usize,
) {
    let file: Vec<u8> = b"All work and no play"
        .iter()
        .copied()
        .cycle()
        .take(1 << 20)
        .collect();
    let mut file = file.repeat(size / (1 << 20) + 1);
    file.truncate(size);
    let world = world(kind, 1).await;
    let message = message(&world, std::slice::from_ref(&file));
    world.host.answer_http(|request| {
        assert!(request.body().len() < 4_000_000);
        None
    });
    let mailbox = world.mailbox().await;
    let made = mailbox.create_draft(&message).await.unwrap();
    let id = made.message.unwrap();
    let draft = mailbox
        .fetch(&wanted(std::slice::from_ref(&id)))
        .await
        .unwrap()
        .remove(0);
    let attached = draft.1.unwrap().attachments;
    let arrived = mailbox.attachment(&id, &attached[0]).await.unwrap();
    assert!(arrived == file, "other bytes arrived than were sent");
}

/// What Outlook takes in five minutes is known beforehand, so that no piece is sent only to be refused.
#[tokio::test]
async fn more_than_outlook_takes_in_five_minutes_waits_for_its_turn() {
    let world = world(MICROSOFT, 1).await;
    world.sim.set_limits(Limits::default());
    let large = vec![7; 80_000_000];
    let first = message(&world, std::slice::from_ref(&large));
    let second = Outgoing {
        marker: "marker-2".to_owned(),
        ..message(&world, &[large])
    };
    let mailbox = world.mailbox().await;
    mailbox.create_draft(&first).await.unwrap();
    let begun = world.host.now();
    let Err(ProviderError::Paced { until }) = mailbox.create_draft(&second).await else {
        panic!("there is no room for all of it");
    };
    assert!(until > begun && until <= begun + 310_000, "{until}");
    // A mark is too small to wait for.
    let newest = world.at_provider().messages[0].id.clone();
    mailbox.edit(&[newest], &Edit::Starred(true)).await.unwrap();
    world.advance((until - begun).div_ceil(1_000));
    mailbox.create_draft(&second).await.unwrap();
    let log = world.sim.log().entries();
    assert!(log.iter().all(|entry| entry.status != Some(429)));
    assert!(log.iter().any(|entry| entry.method == "PATCH"));
}
