//! Old mail in short pages, several of which are stored together.

use provider_sim::{Action, Fault, Limits, RetryAfter};

use crate::engine::Engine;
use crate::pacing::refusals;
use crate::support::MICROSOFT;

const MESSAGES: u32 = 600;

/// A page of messages is asked for.
const LISTING: &str = "/mailFolders/[^/]+/messages[?]";

/// One of so many is refused, so that not all pages of a bite ever come in a row.
const EVERY: u64 = 5;

/// Every refusal asks to wait that long, in seconds.
const WAIT: u32 = 30;

/// What came before a refusal is stored, or such a mailbox would never be read; and nothing is asked before it may be.
#[tokio::test]
async fn a_listing_that_is_refused_again_and_again_goes_on() {
    let engine = Engine::linked(MICROSOFT, MESSAGES, Limits::none()).await;
    let before = engine.requests();
    engine.settle().await;
    let usual = engine.requests() - before;

    let engine = Engine::linked(MICROSOFT, MESSAGES, Limits::none()).await;
    let before = engine.requests();
    for refusal in 1..usual {
        let refused = Fault::once(Action::Answer {
            status: 429,
            body: None,
            retry_after: RetryAfter::Seconds(WAIT),
        });
        let faults = engine.world.sim.faults();
        let refused = refused.on("GET", LISTING).skip(refusal * EVERY - 1);
        faults.inject(refused).unwrap();
    }
    let (mut refused, mut until) = (0, 0);
    while engine.account().await.status.stored < u64::from(MESSAGES) {
        let worked = engine.turn().await;
        if refusals(&engine) > refused {
            assert!(engine.now() >= until, "asked before it may be");
            assert_eq!(refusals(&engine), refused + 1, "and asked again at once");
            refused += 1;
            until = engine.now() + u64::from(WAIT) * 1_000;
        }
        if !worked {
            engine.world.advance(1);
        }
    }
    assert!(refused > 5, "{refused} refusals");
    let needed = engine.requests() - before;
    println!("{needed} requests instead of {usual}, {refused} of them refused");
    assert!(needed <= 2 * usual, "{needed} requests instead of {usual}");
    engine.world.sim.faults().clear(None);
    engine.settle().await;
    engine.check().await;
}
