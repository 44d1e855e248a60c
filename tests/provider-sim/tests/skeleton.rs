//! Faults, access log, limits and control API do what tests of other parts rely on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use std::time::Duration;

use google_support::*;
use provider_sim::{Action, Backend, Clock, Fault, Limits, Provider, RetryAfter, TestClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn mail() -> Value {
    message("To: bob@example.com\nSubject: once\n\nx")
}

#[tokio::test]
async fn an_answer_can_be_replaced_with_every_kind_of_retry_after() {
    let world = world().await;
    for (retry_after, expected) in [
        (RetryAfter::None, None),
        (RetryAfter::Seconds(12), Some("12")),
        (RetryAfter::Date(60), Some("Thu, 01 Oct 2026 08:01:00 GMT")),
    ] {
        let fault = Fault::once(Action::Answer {
            status: 429,
            body: None,
            retry_after,
        });
        world
            .sim
            .faults()
            .inject(fault.on("GET", "/profile"))
            .unwrap();
        let response = world.call(Method::GET, "profile", None).await;
        let header = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header.as_deref(), expected);
        assert_eq!(error(response).await.1, "rateLimitExceeded");
        assert_eq!(world.status("profile").await, StatusCode::OK);
    }
    let own = Action::Answer {
        status: 400,
        body: Some(json!({"a": 1})),
        retry_after: RetryAfter::None,
    };
    world.sim.faults().inject(Fault::once(own)).unwrap();
    let response = world.call(Method::GET, "labels", None).await;
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"a": 1}));
    world
        .sim
        .faults()
        .inject(Fault::once(Action::HtmlBadGateway))
        .unwrap();
    let response = world.call(Method::GET, "labels", None).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
}

#[tokio::test]
async fn a_fault_befalls_only_what_it_names_and_only_as_often() {
    let world = world().await;
    let faults = world.sim.faults();
    let third = Fault::once(Action::Unauthorized)
        .on("GET", "messages\\?")
        .user(ADA)
        .skip(2);
    let id = faults.inject(third).unwrap();
    let bob = world.sim.google().access_token(BOB, &[FULL]);
    for _ in 0..4 {
        let other = world
            .call_as(&bob, Method::GET, "messages?maxResults=1", None)
            .await;
        assert_eq!(other.status(), StatusCode::OK);
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(world.status("messages?maxResults=1").await.as_u16());
        assert_eq!(world.status("labels").await, StatusCode::OK);
    }
    assert_eq!(seen, [200, 200, 401, 200]);
    let state = faults
        .list()
        .into_iter()
        .find(|state| state.id == id)
        .unwrap();
    assert_eq!((state.seen, state.applied), (4, 1));
    faults.inject(Fault::new(Action::Unauthorized)).unwrap();
    assert_eq!(world.status("labels").await, StatusCode::UNAUTHORIZED);
    faults.clear(None);
    assert_eq!(world.status("labels").await, StatusCode::OK);
    assert!(
        faults
            .inject(Fault::once(Action::Unauthorized).on("GET", "("))
            .is_err()
    );
}

#[tokio::test]
async fn a_lost_answer_has_been_carried_out_and_a_dropped_request_has_not() {
    let world = world().await;
    let url = world.url("/gmail/v1/users/me/messages/send");
    for (action, carried_out) in [(Action::DropConnection, 0), (Action::LoseAnswer, 1)] {
        world
            .sim
            .faults()
            .inject(Fault::once(action).on("POST", "send"))
            .unwrap();
        let answer = world
            .http
            .post(&url)
            .bearer_auth(&world.token)
            .json(&mail())
            .send()
            .await;
        assert!(answer.is_err());
        assert_eq!(world.sim.google().sent().len(), carried_out);
    }
    let log = world.sim.log().entries();
    let lost = log.last().unwrap();
    assert_eq!(
        (lost.status, lost.fault.as_deref()),
        (None, Some("lose-answer"))
    );
    assert_eq!(lost.route, "/gmail/v1/users/{userId}/messages/send");
}

#[tokio::test]
async fn a_request_can_be_carried_out_after_the_client_gave_up() {
    let world = world().await;
    let late = Action::CarryOutLate {
        after_ms: 30_000,
        hang_up: false,
    };
    world
        .sim
        .faults()
        .inject(Fault::once(late).on("POST", "send"))
        .unwrap();
    let request = world
        .http
        .post(world.url("/gmail/v1/users/me/messages/send"))
        .bearer_auth(&world.token)
        .timeout(Duration::from_millis(200))
        .json(&mail())
        .send()
        .await;
    assert!(request.unwrap_err().is_timeout());
    assert!(world.sim.google().sent().is_empty());
    // Time passes in small steps until the server has noticed that the client is gone, and thirty seconds more.
    for _ in 0..600 {
        if !world.sim.google().sent().is_empty() {
            return;
        }
        world.advance(1_000);
        world.status("profile").await;
    }
    panic!("never carried out");
}

#[tokio::test]
async fn bodies_break_off_or_end_early() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    let path = format!("messages/{id}");
    world
        .sim
        .faults()
        .inject(Fault::once(Action::DropMidBody))
        .unwrap();
    let broken = world.call(Method::GET, &path, None).await;
    assert_eq!(broken.status(), StatusCode::OK);
    assert!(broken.bytes().await.is_err());
    world
        .sim
        .faults()
        .inject(Fault::once(Action::TruncateBody))
        .unwrap();
    let short = world
        .call(Method::GET, &path, None)
        .await
        .bytes()
        .await
        .unwrap();
    assert!(serde_json::from_slice::<Value>(&short).is_err());
    assert!(
        serde_json::from_slice::<Value>(
            &world
                .call(Method::GET, &path, None)
                .await
                .bytes()
                .await
                .unwrap()
        )
        .is_ok()
    );
}

#[tokio::test]
async fn a_delay_ends_with_the_clock() {
    let world = world().await;
    world
        .sim
        .faults()
        .inject(Fault::once(Action::Delay { ms: 5_000 }))
        .unwrap();
    let slow = world.call(Method::GET, "profile", None);
    tokio::pin!(slow);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), &mut slow)
            .await
            .is_err()
    );
    world.advance(5_000);
    assert_eq!(slow.await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_access_log_has_templates_callers_and_no_secrets() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    world.status(&format!("messages/{id}?format=minimal")).await;
    world.status(&format!("messages/{id}?format=raw")).await;
    let query = world
        .http
        .get(world.url(&format!(
            "/gmail/v1/users/me/profile?access_token={}",
            world.token
        )))
        .send()
        .await
        .unwrap();
    assert_eq!(query.status(), StatusCode::OK);
    let log = world.sim.log();
    let route = "/gmail/v1/users/{userId}/messages/{id}";
    assert_eq!(log.count("GET", route), 2);
    let entries = log.entries();
    assert_eq!(entries[0].user.as_deref(), Some(ADA));
    assert_eq!(
        entries[0].query,
        [("format".to_owned(), "minimal".to_owned())]
    );
    assert_eq!(entries[0].status, Some(200));
    assert_eq!(entries[2].query[0].1, "***");
    log.clear();
    assert_eq!(log.count("GET", route), 0);
}

#[tokio::test]
async fn requests_beyond_the_concurrency_limit_are_refused() {
    let clock = TestClock::default();
    let limits = Limits {
        google_concurrent: Some(2),
        latency_ms: 300,
        ..Limits::none()
    };
    let world = world_of(builder(&clock).limits(limits), clock).await;
    let calls = (0..3).map(|_| world.status("profile"));
    let mut statuses: Vec<u16> = futures::future::join_all(calls)
        .await
        .iter()
        .map(|status| status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429]);
    world.sim.set_limits(Limits::none());
    assert_eq!(world.status("profile").await, StatusCode::OK);
}

#[tokio::test]
async fn everything_can_be_driven_over_http() {
    let world = world().await;
    let control = |path: &str| world.url(&format!("/_control/{path}"));
    let http = &world.http;
    let json_of = async |request: reqwest::RequestBuilder| ok(request.send().await.unwrap()).await;

    let clock = json_of(
        http.put(control("clock"))
            .json(&json!({"advance_ms": 1_000})),
    )
    .await;
    assert_eq!(clock["now"], world.clock.now());

    let path = format!("google/mailboxes/{ADA}/messages");
    let delivered = json_of(
        http.post(control(&format!(
            "{path}?starred=true&label=Work&read=true"
        )))
        .body(simple("one")),
    )
    .await;
    let id = text(&delivered["id"]);
    let message = world.get(&format!("messages/{id}?format=minimal")).await;
    assert!(texts(&message["labelIds"]).contains(&"STARRED".to_owned()));
    let generated = json_of(
        http.post(control(&format!("google/mailboxes/{ADA}/generate")))
            .json(&json!({"count": 10})),
    )
    .await;
    assert_eq!(generated["ids"].as_array().unwrap().len(), 10);

    let changed = http
        .patch(control(&format!("{path}/{id}")))
        .json(&json!({"read": false, "move_to": "trash"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), StatusCode::NO_CONTENT);
    let state = json_of(http.get(control(&format!("google/mailboxes/{ADA}")))).await;
    let one = state["messages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["id"] == id.as_str())
        .unwrap();
    assert_eq!(
        (&one["read"], &one["starred"]),
        (&json!(false), &json!(true))
    );
    assert!(texts(&one["folders"]).contains(&"TRASH".to_owned()));
    assert_eq!(one["message_id"], "<one@elsewhere.example>");
    let raw = http
        .get(control(&format!("{path}/{id}/raw")))
        .send()
        .await
        .unwrap();
    assert_eq!(raw.text().await.unwrap(), simple("one"));
    let gone = http
        .delete(control(&format!("{path}/{id}")))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        world.status(&format!("messages/{id}")).await,
        StatusCode::NOT_FOUND
    );

    let fault = json!({"provider": "google", "method": "GET", "path": "/labels", "times": 1,
        "action": {"do": "answer", "status": 503, "retry_after": {"seconds": 3}}});
    json_of(http.post(control("faults")).json(&fault)).await;
    assert_eq!(
        world.status("labels").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(json_of(http.get(control("faults"))).await[0]["applied"], 1);

    world.post("messages/send", mail()).await;
    let sent = json_of(http.get(control("google/sent"))).await;
    assert_eq!(sent[0]["to"], json!([BOB]));

    let counts = json_of(http.get(control("access/counts"))).await;
    assert!(
        counts
            .as_array()
            .unwrap()
            .iter()
            .any(|count| count["route"] == "/gmail/v1/users/{userId}/messages/send")
    );
    let mut limits = json_of(http.get(control("limits"))).await;
    limits["google_units_per_minute"] = json!(0);
    json_of(http.put(control("limits")).json(&limits)).await;
    assert_eq!(world.status("profile").await, StatusCode::FORBIDDEN);

    let expired = json_of(
        http.post(control("google/expire-access-tokens"))
            .json(&json!({"address": ADA})),
    )
    .await;
    assert_eq!(expired["count"], 1);
    assert_eq!(world.status("profile").await, StatusCode::UNAUTHORIZED);
    let cursors = http
        .post(control("google/expire-cursors"))
        .json(&json!({"address": ADA}))
        .send()
        .await
        .unwrap();
    assert_eq!(cursors.status(), StatusCode::NO_CONTENT);

    let location = json_of(
        http.post(control("google/do/authorize"))
            .json(&json!({"url": world.authorize_url(&[]), "address": ADA})),
    )
    .await;
    let code = query(&text(&location["location"]), "code").unwrap();
    let tokens = world.exchange(&code, &[]).await.1;
    let revoked = json_of(http.post(control("google/revoke-grants"))).await;
    assert_eq!(revoked["count"], 1);
    assert_eq!(
        world.refresh(&text(&tokens["refresh_token"])).await.1["error"],
        "invalid_grant"
    );

    for wrong in [
        "google/mailboxes/nobody@example.com",
        "nowhere/sent",
        "google/do/nonsense",
    ] {
        let response = if wrong.contains("/do/") {
            http.post(control(wrong)).send().await.unwrap()
        } else {
            http.get(control(wrong)).send().await.unwrap()
        };
        assert!(response.status().is_client_error(), "{wrong}");
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_mailbox() {
    let state = async |seed: u64| {
        let clock = TestClock::default();
        let account = provider_sim::Account::new("same@example.com", "Same")
            .with_messages(40)
            .with_profile(provider_sim::corpus::Profile::Small);
        let sim = builder(&clock)
            .seed(seed)
            .account(Provider::Google, account)
            .start()
            .await
            .unwrap();
        Backend::mailbox(&**sim.google(), "same@example.com").unwrap()
    };
    let first = state(5).await;
    assert_eq!(first.messages.len(), 40);
    assert_eq!(first, state(5).await);
    assert_ne!(first, state(6).await);
}

#[tokio::test]
async fn mail_goes_from_one_provider_to_the_other() {
    let clock = TestClock::default();
    let outside = provider_sim::Account::new("olga@outlook.example", "Olga");
    let world = world_of(builder(&clock).account(Provider::Microsoft, outside), clock).await;
    world
        .post(
            "messages/send",
            message("To: olga@outlook.example\nSubject: across\n\nx"),
        )
        .await;
    let there = world
        .sim
        .backend(Provider::Microsoft)
        .mailbox("olga@outlook.example")
        .unwrap();
    assert_eq!(there.messages.len(), 1);
    assert_eq!(there.messages[0].subject, "across");
}
