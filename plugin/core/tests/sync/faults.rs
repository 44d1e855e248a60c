//! Every fault at every request: a backfill and an increment meet it once, end in the right mailbox and the right status, and ask little
//! more than without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use email_manager_core::model::Condition;
use email_manager_core::settings::ProviderKind;
use provider_sim::{Action as Mishap, Change, Deliver, Fault, Limits, RetryAfter};

use crate::engine::Engine;
use crate::support::{GOOGLE, MICROSOFT, OWNER, side};

const MESSAGES: u32 = 14;

/// Of all positions and faults, one in so many is tried in every run of the tests; `EVERYTHING` set, all of them.
const SAMPLE: u64 = 9;

/// What befalls one request.
#[derive(Debug, Clone)]
enum Misfortune {
    /// The request itself.
    Fault(Mishap),
    /// It and the next one to the provider's API: a fresh access token is refused as well.
    Refused,
    /// Just before it, cursors and page tokens are forgotten.
    Forget,
    /// Just before it, access tokens expire.
    Expire,
    /// Just before it, the newest message is deleted.
    Delete,
    /// Just before it, the oldest message moves to the trash.
    Move,
    /// Just before it, mail arrives.
    Deliver,
}

fn misfortunes() -> Vec<Misfortune> {
    let refused = |status, retry_after| {
        Misfortune::Fault(Mishap::Answer {
            status,
            body: None,
            retry_after,
        })
    };
    vec![
        refused(429, RetryAfter::None),
        refused(429, RetryAfter::Seconds(7)),
        refused(429, RetryAfter::Date(7)),
        refused(500, RetryAfter::None),
        refused(503, RetryAfter::Seconds(5)),
        Misfortune::Fault(Mishap::Unauthorized),
        Misfortune::Fault(Mishap::HtmlBadGateway),
        Misfortune::Fault(Mishap::DropConnection),
        Misfortune::Fault(Mishap::DropMidBody),
        Misfortune::Fault(Mishap::TruncateBody),
        Misfortune::Fault(Mishap::LoseAnswer),
        Misfortune::Refused,
        Misfortune::Forget,
        Misfortune::Expire,
        Misfortune::Delete,
        Misfortune::Move,
        Misfortune::Deliver,
    ]
}

/// Mail of many kinds, and what an increment has to find.
fn happen(engine: &Engine) {
    let provider = engine.world.sim.backend(side(engine.world.kind));
    let messages = engine.world.at_provider().messages;
    let change =
        |at: usize, change: Change| provider.change(OWNER, &messages[at].id, &change).unwrap();
    change(
        0,
        Change {
            read: Some(!messages[0].read),
            starred: Some(!messages[0].starred),
            ..Change::default()
        },
    );
    change(
        2,
        Change {
            move_to: Some("trash".to_owned()),
            ..Change::default()
        },
    );
    change(
        4,
        Change {
            move_to: Some("archive".to_owned()),
            ..Change::default()
        },
    );
    provider.remove(OWNER, &messages[6].id).unwrap();
    deliver(engine);
}

fn deliver(engine: &Engine) {
    let provider = engine.world.sim.backend(side(engine.world.kind));
    let letter = format!(
        "From: bob@example.org\r\nTo: {OWNER}\r\nSubject: News\r\n\r\nA letter without a date or an id\r\n"
    );
    provider.deliver(OWNER, &Deliver::new(letter)).unwrap();
}

/// The provider's API refuses every access token; new ones are given out.
fn refusal() -> Fault {
    Fault {
        path: Some(r"^/(gmail|batch|v1\.0)/".to_owned()),
        ..Fault::new(Mishap::Unauthorized)
    }
}

/// Lets it befall the request after `position` others.
fn arrange(engine: &Engine, misfortune: &Misfortune, position: u64) {
    let provider = engine.world.sim.backend(side(engine.world.kind));
    let (asked, misfortune) = (Arc::new(AtomicU64::new(0)), misfortune.clone());
    let fault = match &misfortune {
        Misfortune::Fault(mishap) => Some(Fault::once(mishap.clone())),
        Misfortune::Refused => Some(refusal().times(2)),
        _ => None,
    };
    if let Some(fault) = fault {
        let faults = engine.world.sim.faults();
        faults.inject(fault.skip(position)).unwrap();
        return;
    }
    engine.host().on_request(move || {
        if asked.fetch_add(1, Ordering::SeqCst) != position {
            return;
        }
        let messages = provider.mailbox(OWNER).unwrap().messages;
        match misfortune {
            Misfortune::Fault(_) | Misfortune::Refused => {}
            Misfortune::Forget => provider.expire_cursors(OWNER).unwrap(),
            Misfortune::Expire => {
                provider.expire_access_tokens(Some(OWNER));
            }
            Misfortune::Delete => provider.remove(OWNER, &messages[0].id).unwrap(),
            Misfortune::Move => {
                let trash = Change {
                    move_to: Some("trash".to_owned()),
                    ..Change::default()
                };
                let oldest = messages.last().unwrap();
                provider.change(OWNER, &oldest.id, &trash).unwrap();
            }
            Misfortune::Deliver => {
                let letter = Deliver::new("Subject: Just now\r\n\r\nHello\r\n");
                provider.deliver(OWNER, &letter).unwrap();
            }
        }
    });
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Backfill,
    Increment,
}

/// Answers how many requests it took.
async fn through(kind: ProviderKind, phase: Phase, misfortune: Option<(&Misfortune, u64)>) -> u64 {
    let engine = Engine::linked(kind, MESSAGES, Limits::none()).await;
    if phase == Phase::Increment {
        engine.settle().await;
        happen(&engine);
    }
    let before = engine.requests();
    if let Some((misfortune, position)) = misfortune {
        arrange(&engine, misfortune, position);
    }
    match phase {
        Phase::Backfill => engine.settle().await,
        Phase::Increment => engine.sync().await,
    }
    let asked = engine.requests() - before;
    engine.host().on_request(|| {});
    engine.world.sim.faults().clear(None);
    // What happened during the last look is found by the next.
    engine.sync().await;
    engine.check().await;
    let account = engine.account().await;
    assert_eq!(account.status.condition, Condition::UpToDate);
    assert_eq!(
        account.status.reason, None,
        "what is over is not told any more"
    );
    asked
}

async fn everything(kind: ProviderKind, phase: Phase) {
    let usual = through(kind, phase, None).await;
    let whole = std::env::var_os("EVERYTHING").is_some();
    let mut number = 0;
    for misfortune in misfortunes() {
        for position in 0..usual {
            number += 1;
            if !whole && number % SAMPLE != 0 {
                continue;
            }
            println!("{kind:?} {phase:?}: {misfortune:?} at request {position} of {usual}");
            let asked = through(kind, phase, Some((&misfortune, position))).await;
            // A lost cursor lists everything again, once.
            assert!(
                asked <= 3 * usual + 12,
                "{asked} requests instead of {usual}"
            );
        }
    }
}

#[rstest::rstest]
#[case(GOOGLE, Phase::Backfill)]
#[case(GOOGLE, Phase::Increment)]
#[case(MICROSOFT, Phase::Backfill)]
#[case(MICROSOFT, Phase::Increment)]
#[tokio::test]
async fn any_fault_at_any_request_is_survived(#[case] kind: ProviderKind, #[case] phase: Phase) {
    everything(kind, phase).await;
}

/// A revoked grant is nothing that asking again could mend.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_revoked_grant_stops_all_calls_at_once(#[case] kind: ProviderKind) {
    let engine = Engine::linked(kind, MESSAGES, Limits::none()).await;
    for _ in 0..2 {
        engine.turn().await;
    }
    let provider = engine.world.sim.backend(side(kind));
    provider.revoke_grants(Some(OWNER));
    provider.expire_access_tokens(Some(OWNER));
    engine
        .until(async |engine| {
            matches!(
                engine.account().await.status.condition,
                Condition::Reconnect(_)
            )
        })
        .await;
    let before = engine.requests();
    for _ in 0..20 {
        engine.world.advance(600);
        while engine.turn().await {}
    }
    assert_eq!(
        engine.requests(),
        before,
        "nothing is asked until it is linked again"
    );
}

/// Where tokens are given out nothing is wrong, so it may pass, and mostly does.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn fresh_tokens_that_are_refused_are_waited_out_and_not_for_ever(#[case] kind: ProviderKind) {
    let engine = Engine::linked(kind, MESSAGES, Limits::none()).await;
    engine.settle().await;
    let faults = engine.world.sim.faults();
    let condition = async |engine: &Engine| engine.account().await.status.condition;
    let waits = async |engine: &Engine| matches!(condition(engine).await, Condition::Waiting(_));
    let ended = async |engine: &Engine| matches!(condition(engine).await, Condition::Reconnect(_));

    let rule = faults.inject(refusal()).unwrap();
    engine.until(waits).await;
    faults.clear(Some(rule));
    deliver(&engine);
    engine.settle().await;
    engine.check().await;

    faults.inject(refusal()).unwrap();
    engine.until(waits).await;
    let (begun, before) = (engine.now(), engine.requests());
    engine.until(ended).await;
    let waited = engine.now() - begun;
    assert!((300_000..400_000).contains(&waited), "{waited} ms");
    let asked = engine.requests() - before;
    assert!(asked <= 40, "{asked} requests");
}
