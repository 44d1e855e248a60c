//! Random histories of sending: letters with and without answers and files, second thoughts, faults at any request, requests that are carried
//! out after everybody gave up, crashes at any step. In the end each letter that was accepted and not taken back is out exactly
//! once and whole, and a person reads the truth. A failing history is printed; `PROPTEST_CASES` sets how many are played.

mod play;

use std::time::Duration;

use email_manager_core::accounts;
use email_manager_core::model::Relation;
use email_manager_core::settings::ProviderKind;
use proptest::prelude::*;
use provider_sim::microsoft::Resend;
use provider_sim::{Action as Mishap, Fault, RetryAfter};

use crate::random::{cases, played};
use crate::support::{GOOGLE, MICROSOFT};
use play::{Event, Habits, LARGE, Letter, ORIGINALS, Play, play};

#[derive(Debug, Clone, Copy)]
enum Where {
    Anywhere,
    Sending,
    Creating,
    Attaching,
    Uploading,
}

fn letter() -> impl Strategy<Value = Letter> {
    let relation = prop_oneof![
        2 => Just(None),
        3 => (0..3_u8, 0..ORIGINALS).prop_map(|(kind, original)| {
            let kinds = [Relation::Reply, Relation::ReplyAll, Relation::Forward];
            Some((kinds[usize::from(kind)], original))
        }),
    ];
    let file = prop_oneof![12 => 0_usize..3_000, 1 => Just(LARGE)];
    let files = prop::collection::vec(file, 0..3);
    let later = prop::option::weighted(0.3, 1_u8..60);
    let saved = prop::bool::weighted(0.2);
    let dies = prop::option::weighted(0.2, 0_u8..20);
    (relation, files, later, saved, dies).prop_map(|(relation, files, later, saved, dies)| Letter {
        relation,
        files,
        later,
        saved,
        dies,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let place = prop_oneof![
        Just(Where::Anywhere),
        Just(Where::Sending),
        Just(Where::Creating),
        Just(Where::Attaching),
        Just(Where::Uploading),
    ];
    prop_oneof![
        4 => letter().prop_map(Event::Write),
        2 => any::<u8>().prop_map(Event::Cancel),
        6 => (mishap(), place, 0..4_u64).prop_map(|(mishap, place, skip)| Event::Fail(fault(mishap, place, skip))),
        4 => Just(Event::Run),
        4 => any::<u8>().prop_map(Event::Crash),
        2 => any::<u8>().prop_map(Event::Wait),
    ]
}

fn habits() -> impl Strategy<Value = Habits> {
    let resend = prop::sample::select(vec![
        Resend::AsFound,
        Resend::NotFound,
        Resend::Refused,
        Resend::Conflict,
        Resend::Fault,
        Resend::Accepted,
        Resend::SentAgain,
    ]);
    (resend, any::<bool>(), 0_u8..90, 0_u16..1_500).prop_map(
        |(resend, copy_is_new, copy_after_s, request_ms)| Habits {
            resend,
            copy_is_new,
            copy_after_s,
            request_ms,
        },
    )
}

const fn late(after_ms: u64) -> Mishap {
    Mishap::CarryOutLate {
        after_ms,
        hang_up: true,
    }
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let refused = |status, retry_after| Mishap::Answer {
        status,
        body: None,
        retry_after,
    };
    prop::sample::select(vec![
        refused(429, RetryAfter::None),
        refused(429, RetryAfter::Seconds(3)),
        refused(500, RetryAfter::None),
        refused(503, RetryAfter::None),
        Mishap::HtmlBadGateway,
        Mishap::DropConnection,
        Mishap::DropMidRequest,
        Mishap::DropMidBody,
        Mishap::TruncateBody,
        Mishap::LoseAnswer,
        late(800),
        late(45_000),
        late(400_000),
    ])
}

/// Befalls the request of that kind after `skip` others.
fn fault(mishap: Mishap, place: Where, skip: u64) -> Fault {
    let (method, path) = match place {
        Where::Anywhere => return Fault::once(mishap).skip(4 * skip),
        Where::Sending => ("POST", "/send$"),
        Where::Creating => ("POST", "/(drafts|messages|create[A-Za-z]+)$"),
        Where::Attaching => ("POST", "/attachments$"),
        Where::Uploading => ("PUT", "upload"),
    };
    Fault::once(mishap).on(method, path).skip(skip)
}

/// Played in every run of the tests; `cargo xtask test --deep sending` plays a thousand.
const CASES: u32 = 40;

proptest! {
    #![proptest_config(cases(CASES))]

    #[test]
    fn gmail_sends_every_letter_exactly_once(habits in habits(), events in prop::collection::vec(event(), 1..20)) {
        played(play(GOOGLE, habits, events));
    }

    #[test]
    fn outlook_sends_every_letter_exactly_once(habits in habits(), events in prop::collection::vec(event(), 1..20)) {
        played(play(MICROSOFT, habits, events));
    }
}

/// As they are documented.
const USUAL: Habits = Habits {
    resend: Resend::AsFound,
    copy_is_new: false,
    copy_after_s: 2,
    request_ms: 100,
};

/// A new one without files, sent at once.
const PLAIN: Letter = Letter {
    relation: None,
    files: Vec::new(),
    later: None,
    saved: false,
    dies: None,
};

/// The request that nobody waited for any more makes a draft after its message is out, or after the draft was dropped.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_draft_that_is_made_too_late_goes_again(
    #[case] kind: ProviderKind,
    #[values(false, true)] saved: bool,
) {
    let letter = Letter { saved, ..PLAIN };
    let made_late = Event::Fail(fault(late(400_000), Where::Creating, 0));
    play(
        kind,
        USUAL,
        vec![made_late, Event::Write(letter), Event::Run],
    )
    .await;
}

/// Of a saved draft, another one: the one that its author knows stays.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_draft_that_is_made_twice_stays_once(#[case] kind: ProviderKind) {
    let letter = Letter {
        saved: true,
        later: Some(20),
        ..PLAIN
    };
    let made_late = Event::Fail(fault(late(45_000), Where::Creating, 0));
    let events = vec![
        made_late,
        Event::Write(letter),
        Event::Cancel(0),
        Event::Run,
    ];
    play(kind, USUAL, events).await;
}

/// The provider has no room, then fails to make the draft, which is not to be sent any more by then: it is made all the same.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_draft_that_could_not_be_made_is_made_later(#[case] kind: ProviderKind) {
    let refused = |status| Mishap::Answer {
        status,
        body: None,
        retry_after: RetryAfter::None,
    };
    let letter = Letter {
        saved: true,
        ..PLAIN
    };
    let habits = Habits {
        request_ms: 0,
        ..USUAL
    };
    let events = vec![
        Event::Fail(Fault::once(refused(429))),
        Event::Write(letter),
        Event::Fail(fault(refused(500), Where::Creating, 0)),
        Event::Wait(10),
        Event::Cancel(0),
        Event::Run,
    ];
    play(kind, habits, events).await;
}

/// Outlook keeps what was deleted where its id still finds it.
#[tokio::test]
async fn a_draft_that_was_dropped_on_the_way_is_not_shown() {
    let letter = Letter {
        files: vec![10],
        ..PLAIN
    };
    let lost = Event::Fail(fault(Mishap::LoseAnswer, Where::Attaching, 0));
    play(
        MICROSOFT,
        USUAL,
        vec![lost, Event::Write(letter), Event::Run],
    )
    .await;
}

/// The first sending comes through while the second is on its way, so that the second is refused; and the copy is not there yet.
#[rstest::rstest]
#[tokio::test]
async fn a_second_sending_that_is_refused_is_no_failure(
    #[values(
        Resend::AsFound,
        Resend::NotFound,
        Resend::Refused,
        Resend::Conflict,
        Resend::Fault,
        Resend::Accepted
    )]
    resend: Resend,
    #[values(false, true)] copy_is_new: bool,
) {
    let habits = Habits {
        resend,
        copy_is_new,
        copy_after_s: 60,
        ..USUAL
    };
    let mut play = Play::begin(MICROSOFT, habits).await;
    let clock = play.engine.world.clock.clone();
    play.engine.host().answer_http(move |request| {
        if request.uri().path().ends_with("/send") {
            clock.advance(Duration::from_secs(30));
        }
        None
    });
    let first = Event::Fail(fault(late(30_000), Where::Sending, 0));
    let events = [first, Event::Write(PLAIN), Event::Run];
    for (number, event) in events.iter().enumerate() {
        play.happen(event, number).await;
    }
    assert_eq!(play.engine.world.sim.faults().late(), 1);
    play.end().await;
    play.check().await;
}

/// Its address would let whoever knows it write to the mailbox.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_unlinked_account_leaves_no_upload(#[case] kind: ProviderKind) {
    let letter = Letter {
        files: vec![LARGE],
        ..PLAIN
    };
    let mut play = Play::begin(kind, USUAL).await;
    let cut = Fault::new(Mishap::DropConnection).on("PUT", "upload");
    for (number, event) in [Event::Fail(cut), Event::Write(letter), Event::Run]
        .iter()
        .enumerate()
    {
        play.happen(event, number).await;
    }
    let (engine, host) = (&play.engine, play.engine.host());
    let kept = || {
        let names = host.secret_names();
        names.iter().any(|name| name.starts_with("upload/"))
    };
    assert!(kept());
    accounts::unlink(host, &engine.me, &engine.account, false)
        .await
        .unwrap();
    while engine.turn().await {}
    assert!(!kept());
}
