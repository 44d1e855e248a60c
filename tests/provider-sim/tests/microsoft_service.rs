//! Batches, limits and notifications behave as Graph's do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod microsoft_support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use microsoft_support::*;
use provider_sim::{Backend, Limits, Provider};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn e40_batches_hold_twenty_and_every_part_answers_for_itself() {
    let w = World::new(20).await;
    let part = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let many: Vec<Value> = (0..21).map(|n| part(&n.to_string(), "/me")).collect();
    w.post("/$batch", json!({"requests": many})).await.is(400);
    w.post(
        "/$batch",
        json!({"requests": [part("1", "/me"), part("1", "/me")]}),
    )
    .await
    .is(400);
    let mut failing = part("2", "/me/messages/nonsense");
    failing["dependsOn"] = json!(["1"]);
    let mut following = part("3", "/me");
    following["dependsOn"] = json!(["2"]);
    let patch = json!({"id": "4", "method": "POST", "url": "/me/mailFolders", "headers": {"Content-Type": "application/json"}, "body": {"displayName": "Batch"}});
    let answer = w
        .post(
            "/$batch",
            json!({"requests": [part("1", "/me/messages?$top=2"), failing, following, patch]}),
        )
        .await
        .is(200);
    let status = |id: &str| {
        answer.json["responses"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["id"] == id)
            .unwrap()["status"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        [status("1"), status("2"), status("3"), status("4")],
        [200, 400, 424, 201]
    );
    w.sim.set_limits(Limits {
        microsoft_requests_per_ten_minutes: Some(w_used(&w) + 2),
        ..Limits::default()
    });
    let parts: Vec<Value> = (0..4).map(|n| part(&n.to_string(), "/me")).collect();
    let answer = w.post("/$batch", json!({"requests": parts})).await.is(200);
    let responses = answer.json["responses"].as_array().unwrap();
    let throttled: Vec<&Value> = responses.iter().filter(|r| r["status"] == 429).collect();
    assert_eq!(throttled.len(), 2);
    assert!(throttled[0]["headers"]["Retry-After"].is_string());
    assert_eq!(
        throttled[0]["body"]["error"]["code"],
        "ApplicationThrottled"
    );
}

/// Requests of the mailbox that counted so far.
fn w_used(w: &World) -> u64 {
    let parts = w.sim.log().entries();
    parts
        .iter()
        .filter(|a| a.route != "/v1.0/$batch" && a.provider == Provider::Microsoft)
        .count() as u64
}

#[tokio::test]
async fn e41_the_fifth_request_at_once_is_refused() {
    let w = World::new(0).await;
    let mut open = Vec::new();
    let mut running = Vec::new();
    for _ in 0..4 {
        let (sender, receiver) =
            futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
        open.push(sender);
        let request = w
            .request(
                Method::POST,
                "/me/sendMail",
                &[("Content-Type", "application/json")],
            )
            .body(reqwest::Body::wrap_stream(receiver));
        running.push(tokio::spawn(request.send()));
    }
    // The four are in once a fifth is refused; until then it is one of the first.
    let refusal = async {
        loop {
            let answer = w.get("/me/messages").await;
            if answer.status == 429 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let patience = tokio::time::timeout(Duration::from_secs(20), refusal);
    let refused = patience.await.unwrap();
    assert_eq!(refused.code(), "ApplicationThrottled");
    assert!(
        refused.json["error"]["message"]
            .as_str()
            .unwrap()
            .contains("MailboxConcurrency")
    );
    assert!(refused.headers.contains_key("retry-after"));
    drop(open);
    for request in running {
        let _ = request.await.unwrap();
    }
    w.get("/me/messages").await.is(200);
}

#[tokio::test]
async fn e41_ten_thousand_requests_in_ten_minutes() {
    let w = World::new(0).await;
    w.sim.set_limits(Limits {
        microsoft_requests_per_ten_minutes: Some(3),
        ..Limits::default()
    });
    for _ in 0..3 {
        w.get("/me").await.is(200);
    }
    let refused = w.get("/me").await.is(429);
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    w.advance(wait * 1000);
    w.get("/me").await.is(200);
}

type Received = Arc<Mutex<Vec<Value>>>;

/// A receiver of notifications that answers handshakes if `valid`.
async fn receiver(valid: bool) -> (String, Received) {
    let received: Received = Arc::default();
    let inbox = Arc::clone(&received);
    let app = axum::Router::new().route(
        "/hook",
        axum::routing::post(
            move |axum::extract::Query(query): axum::extract::Query<
                std::collections::HashMap<String, String>,
            >,
                  body: String| {
                let inbox = Arc::clone(&inbox);
                async move {
                    match query.get("validationToken") {
                        Some(token) if valid => token.clone(),
                        Some(_) => "no".to_owned(),
                        None => {
                            inbox
                                .lock()
                                .unwrap()
                                .push(serde_json::from_str(&body).unwrap());
                            String::new()
                        }
                    }
                }
            },
        ),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, received)
}

async fn wait_for(received: &Received, count: usize) -> Vec<Value> {
    for _ in 0..500 {
        let all = received.lock().unwrap().clone();
        if all.len() >= count {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    received.lock().unwrap().clone()
}

#[tokio::test]
async fn e43_subscriptions_shake_hands_notify_and_expire() {
    let w = World::new(0).await;
    w.sim.log().exchanges.keep();
    let (url, received) = receiver(true).await;
    let (bad, _) = receiver(false).await;
    let minutes = |n: u64| {
        let at = 1_790_841_600 + n * 60;
        chrono::DateTime::from_timestamp(i64::try_from(at).unwrap(), 0)
            .unwrap()
            .to_rfc3339()
    };
    let wish = |url: &str, expires: String| {
        json!({"changeType": "created,updated,deleted", "resource": "me/mailFolders('inbox')/messages", "notificationUrl": url,
            "lifecycleNotificationUrl": url, "clientState": "s3cret", "expirationDateTime": expires})
    };
    let refused = w
        .post("/subscriptions", wish(&bad, minutes(60)))
        .await
        .is(400);
    assert_eq!(refused.code(), "InvalidRequest");
    assert!(
        refused.json["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Subscription validation request failed")
    );
    let refused = w
        .post("/subscriptions", wish(&url, minutes(10_080)))
        .await
        .is(400);
    assert_eq!(refused.code(), "ExtensionError");
    assert_eq!(
        refused.json["error"]["message"],
        "Subscription expiration can only be 10070 minutes in the future."
    );
    let made = w
        .post_with("/subscriptions", wish(&url, minutes(10)), &[IMMUTABLE])
        .await
        .is(201);
    assert_eq!(made.json["expirationDateTime"], "2026-10-01T08:45:00Z");
    assert_eq!(made.json["clientState"], "s3cret");

    let id = w.arrives("Notify me");
    let told = wait_for(&received, 1).await;
    let first = &told[0]["value"][0];
    assert_eq!(first["clientState"], "s3cret");
    assert_eq!(first["changeType"], "created");
    assert_eq!(first["resourceData"]["id"], id.as_str());
    assert_eq!(first["subscriptionId"], made.json["id"]);

    let told = w
        .sim
        .microsoft()
        .control("lifecycle", json!({"address": ME, "event": "missed"}))
        .unwrap();
    assert_eq!(told["told"], 1);
    let all = wait_for(&received, 2).await;
    assert_eq!(all[1]["value"][0]["lifecycleEvent"], "missed");
    // Kept once it has been answered.
    let kept = |route: &str| {
        let all = w.sim.log().exchanges.all();
        all.into_iter().find(|exchange| exchange.route == route)
    };
    for _ in 0..500 {
        if kept("lifecycleNotificationUrl").is_some() && kept("notificationUrl").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lifecycle = kept("lifecycleNotificationUrl").unwrap();
    assert_eq!(
        (lifecycle.status, lifecycle.request.as_ref()),
        (200, all.get(1))
    );
    assert_eq!(
        kept("notificationUrl").unwrap().request.as_ref(),
        all.first()
    );

    let path = format!("/subscriptions/{}", made.id());
    let shown = w.get(&path).await.is(200);
    assert_eq!(shown.json["clientState"], Value::Null, "told once");
    let renewed = w
        .patch(&path, json!({"expirationDateTime": minutes(600)}))
        .await
        .is(200);
    assert_eq!(renewed.json["expirationDateTime"], "2026-10-01T18:00:00Z");
    w.post(&format!("{path}/reauthorize"), json!({}))
        .await
        .is(204);
    w.advance(700 * 60_000);
    let token = w
        .sim
        .microsoft()
        .access_token(ME, "app", &["Mail.ReadWrite"]);
    let gone = read(
        w.http
            .patch(w.url(&path))
            .bearer_auth(&token)
            .json(&json!({"expirationDateTime": minutes(1400)})),
    )
    .await
    .is(404);
    assert_eq!(gone.code(), "ResourceNotFound");
    let foreign = json!({"changeType": "created", "resource": format!("users/{PERSONAL}/messages"), "notificationUrl": url, "expirationDateTime": minutes(1400)});
    read(
        w.http
            .post(w.url("/subscriptions"))
            .bearer_auth(&token)
            .json(&foreign),
    )
    .await
    .is(403);
}
