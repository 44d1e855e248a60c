//! Batches, scopes, quotas, uploads and push work as at Google (facts E 23 and 26 to 29).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use google_support::*;
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use provider_sim::google::Subscription;
use provider_sim::{Action, Backend, Fault, Limits, TestClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

fn batch(calls: &[(&str, String)]) -> String {
    let mut body = String::new();
    for (id, call) in calls {
        body.push_str(&format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <{id}>\r\n\r\n{call}\r\n\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    body
}

/// Content-ID, status and body of each part, in the order of the answer.
async fn send_batch(
    world: &World,
    calls: &[(&str, String)],
) -> (StatusCode, Vec<(String, u16, String)>) {
    let response = world
        .http
        .post(world.url("/batch/gmail/v1"))
        .bearer_auth(&world.token)
        .header("content-type", "multipart/mixed; boundary=b")
        .body(batch(calls))
        .send()
        .await
        .unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let text = response.text().await.unwrap();
    let Some((_, boundary)) = kind.split_once("boundary=") else {
        return (status, Vec::new());
    };
    let parts = text
        .split(&format!("--{boundary}"))
        .filter(|part| part.contains("HTTP/1.1"))
        .map(|part| {
            let id = part
                .split_once("Content-ID: <")
                .unwrap()
                .1
                .split_once('>')
                .unwrap()
                .0
                .to_owned();
            let (_, http) = part.split_once("HTTP/1.1 ").unwrap();
            let status = http.split_whitespace().next().unwrap().parse().unwrap();
            let body = http.split_once("\r\n\r\n").unwrap().1.trim().to_owned();
            (id, status, body)
        })
        .collect();
    (status, parts)
}

#[tokio::test]
async fn e23_a_batch_answers_each_part_by_itself_in_any_order_and_takes_a_hundred() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    let get = |id: &str| format!("GET /gmail/v1/users/me/messages/{id}?format=minimal");
    let modify = format!(
        "POST /gmail/v1/users/me/messages/{id}/modify\r\nContent-Type: application/json\r\n\r\n{{\"addLabelIds\":[\"STARRED\"]}}"
    );
    let other = format!(
        "GET /gmail/v1/users/me/profile\r\nAuthorization: Bearer {}",
        world.sim.google().access_token(BOB, &[FULL])
    );
    let (status, parts) = send_batch(
        &world,
        &[
            ("a", get(&id)),
            ("b", get("00000000deadbeef")),
            ("c", modify),
            ("d", other),
            ("e", "GET /gmail/v1/users/me/nonsense".to_owned()),
        ],
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let part = |id: &str| {
        parts
            .iter()
            .find(|(of, _, _)| *of == format!("response-{id}"))
            .unwrap()
    };
    assert_eq!(parts.len(), 5);
    assert_eq!(
        serde_json::from_str::<Value>(&part("a").2).unwrap()["id"],
        id.as_str()
    );
    assert_eq!(part("b").1, 404);
    assert!(part("b").2.contains("\"notFound\""));
    assert!(part("c").2.contains("STARRED"));
    assert!(part("d").2.contains(BOB));
    assert_eq!(part("e").1, 404);

    // Twenty parts come in another order than they were asked in.
    let ids: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let calls: Vec<(&str, String)> = ids.iter().map(|n| (n.as_str(), get(&id))).collect();
    let (_, parts) = send_batch(&world, &calls).await;
    let order: Vec<String> = parts
        .iter()
        .map(|(of, _, _)| of.replace("response-", ""))
        .collect();
    assert_ne!(order, ids);

    let many: Vec<(&str, String)> = (0..101).map(|_| ("x", get(&id))).collect();
    assert_eq!(send_batch(&world, &many).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(send_batch(&world, &[]).await.0, StatusCode::BAD_REQUEST);

    // Parts can fail by themselves, also by injected faults, and are in the access log.
    let failing = Fault::once(Action::Answer {
        status: 503,
        body: None,
        retry_after: Default::default(),
    })
    .on("GET", "minimal");
    world.sim.faults().inject(failing).unwrap();
    let (status, parts) = send_batch(&world, &[("a", get(&id)), ("b", get(&id))]).await;
    let mut statuses: Vec<u16> = parts.iter().map(|(_, status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!((status, statuses), (StatusCode::OK, vec![200, 503]));
    assert!(
        world
            .sim
            .log()
            .entries()
            .iter()
            .any(|entry| entry.part && entry.route == "/gmail/v1/users/{userId}/messages/{id}")
    );
}

#[tokio::test]
async fn e23_parts_beyond_the_concurrency_limit_are_refused() {
    let clock = TestClock::default();
    let limits = Limits {
        google_concurrent: Some(10),
        ..Limits::none()
    };
    let world = world_of(builder(&clock).limits(limits), clock).await;
    let calls: Vec<(&str, String)> = (0..14)
        .map(|_| ("x", "GET /gmail/v1/users/me/profile".to_owned()))
        .collect();
    let (_, parts) = send_batch(&world, &calls).await;
    assert_eq!(
        parts.iter().filter(|(_, status, _)| *status == 200).count(),
        10
    );
    let refused: Vec<&String> = parts
        .iter()
        .filter(|(_, status, _)| *status == 429)
        .map(|(_, _, body)| body)
        .collect();
    assert_eq!(refused.len(), 4);
    assert!(refused[0].contains("Too many concurrent requests for user"));
    // Nothing is left in flight.
    assert_eq!(world.status("profile").await, StatusCode::OK);
}

#[tokio::test]
async fn e26_every_method_wants_one_of_its_scopes() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    let cases: [(&[&str], Method, String, bool); 16] = [
        (&[READONLY], Method::GET, format!("messages/{id}"), true),
        (
            &[READONLY],
            Method::POST,
            format!("messages/{id}/modify"),
            false,
        ),
        (&[READONLY], Method::POST, "drafts".to_owned(), false),
        (
            &[MODIFY],
            Method::POST,
            format!("messages/{id}/modify"),
            true,
        ),
        (&[MODIFY], Method::DELETE, format!("messages/{id}"), false),
        (
            &[MODIFY],
            Method::POST,
            "messages/batchDelete".to_owned(),
            false,
        ),
        (&[COMPOSE], Method::POST, "drafts".to_owned(), true),
        (&[COMPOSE], Method::GET, format!("messages/{id}"), false),
        (&[COMPOSE], Method::GET, "profile".to_owned(), true),
        (&[SEND], Method::POST, "messages/send".to_owned(), true),
        (&[SEND], Method::POST, "drafts/send".to_owned(), false),
        (&[SEND], Method::GET, "profile".to_owned(), false),
        (&[LABELS], Method::GET, "labels".to_owned(), true),
        (&[LABELS], Method::GET, "messages".to_owned(), false),
        (
            &[METADATA],
            Method::GET,
            format!("messages/{id}?format=metadata"),
            true,
        ),
        (
            &[METADATA],
            Method::GET,
            "history?startHistoryId=1".to_owned(),
            true,
        ),
    ];
    for (scopes, method, path, allowed) in cases {
        let token = world.sim.google().access_token(ADA, scopes);
        let body = (method == Method::POST).then(|| json!({}));
        let response = world.call_as(&token, method, &path, body).await;
        let refused = response.status() == StatusCode::FORBIDDEN;
        assert_eq!(refused, !allowed, "{scopes:?} {path} {}", response.status());
        if refused {
            let body: Value = response.json().await.unwrap();
            assert_eq!(
                body["error"]["details"][0]["reason"],
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
            );
            assert_eq!(
                body["error"]["errors"][0]["reason"],
                "insufficientPermissions"
            );
        }
    }
    let narrow = world.sim.google().access_token(ADA, &[METADATA]);
    for path in [
        format!("messages/{id}"),
        format!("messages/{id}?format=raw"),
        "messages?q=x".to_owned(),
    ] {
        let response = world.call_as(&narrow, Method::GET, &path, None).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn e27_units_are_counted_by_the_minute_of_the_clock() {
    let clock = TestClock::default();
    let world = world_of(builder(&clock).limits(Limits::default()), clock).await;
    let id = world.deliver(ADA, simple("one"));
    // 6,000 units: 149 threads of 40, and 40 more.
    for _ in 0..149 {
        assert_eq!(
            world.status(&format!("threads/{id}?format=minimal")).await,
            StatusCode::OK
        );
    }
    assert_eq!(
        world.status(&format!("messages/{id}?format=minimal")).await,
        StatusCode::OK
    );
    assert_eq!(
        world.status(&format!("messages/{id}?format=minimal")).await,
        StatusCode::OK
    );
    let used = world
        .sim
        .google()
        .control("units", json!({"address": ADA}))
        .unwrap();
    assert_eq!(used["used"], 6_000);
    let (status, reason, _) = error(world.call(Method::GET, "profile", None).await).await;
    assert_eq!((status, reason.as_str()), (403, "rateLimitExceeded"));
    // Everybody has a quota of their own.
    let bob = world.sim.google().access_token(BOB, &[FULL]);
    assert_eq!(
        world
            .call_as(&bob, Method::GET, "profile", None)
            .await
            .status(),
        StatusCode::OK
    );
    world.advance(60_000);
    assert_eq!(world.status("profile").await, StatusCode::OK);

    world.sim.set_limits(Limits {
        google_sends_per_day: Some(1),
        ..Limits::none()
    });
    world
        .post(
            "messages/send",
            message("To: bob@example.com\nSubject: a\n\nx"),
        )
        .await;
    let over = world
        .call(
            Method::POST,
            "messages/send",
            Some(message("To: bob@example.com\nSubject: b\n\nx")),
        )
        .await;
    let (status, _, message_text) = error(over).await;
    assert_eq!(status, 429);
    assert!(
        message_text.contains("Retry after 2026-10-02T00:00:00.000Z"),
        "{message_text}"
    );
    world.advance(DAY_MS);
    let token = world.sim.google().access_token(ADA, &[FULL]);
    let next_day = world
        .call_as(
            &token,
            Method::POST,
            "messages/send",
            Some(message("To: bob@example.com\nSubject: b\n\nx")),
        )
        .await;
    assert_eq!(next_day.status(), StatusCode::OK);
}

#[tokio::test]
async fn e28_of_a_chunk_that_breaks_off_whole_multiples_are_kept_for_a_week() {
    let world = world().await;
    let message = format!("To: bob@example.com\r\n\r\n{}", "x".repeat(1_200_000));
    let begun = world
        .http
        .post(world.url("/upload/gmail/v1/users/me/drafts?uploadType=resumable"))
        .bearer_auth(&world.token)
        .header("x-upload-content-length", message.len())
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    let session = begun.headers()["location"].to_str().unwrap().to_owned();
    let put = |range: String, body: String| {
        let request = world.http.put(&session).header("content-range", range);
        request.body(body).send()
    };
    let total = message.len();
    world
        .sim
        .faults()
        .inject(Fault::once(Action::DropMidRequest).on("PUT", "upload_id"))
        .unwrap();
    let broken = put(format!("bytes 0-{}/{total}", total - 1), message.clone()).await;
    assert!(broken.is_err());
    let asked = put(format!("bytes */{total}"), String::new())
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(
        asked.headers()["range"],
        format!("bytes=0-{}", 2 * 256 * 1024 - 1)
    );
    world.advance(7 * 24 * 3_600_000);
    let late = put(format!("bytes */{total}"), String::new())
        .await
        .unwrap();
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn e28_an_upload_goes_whole_with_metadata_or_in_resumable_chunks() {
    let world = world().await;
    let big = format!(
        "To: bob@example.com\r\nSubject: big\r\n\r\n{}",
        "x".repeat(600_000)
    );
    let upload = |kind: &str| {
        world.url(&format!(
            "/upload/gmail/v1/users/me/messages/send?uploadType={kind}"
        ))
    };
    let whole = world
        .http
        .post(upload("media"))
        .bearer_auth(&world.token)
        .header("content-type", "message/rfc822")
        .body(big.clone())
        .send()
        .await
        .unwrap();
    let sent = ok(whole).await;
    let related = format!(
        "--r\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{{\"threadId\":\"{}\"}}\r\n--r\r\n\
         Content-Type: message/rfc822\r\n\r\n{big}\r\n--r--",
        text(&sent["threadId"])
    );
    let multipart = world
        .http
        .post(upload("multipart"))
        .bearer_auth(&world.token)
        .header("content-type", "multipart/related; boundary=\"r\"")
        .body(related)
        .send()
        .await
        .unwrap();
    ok(multipart).await;

    let begun = world
        .http
        .post(upload("resumable"))
        .bearer_auth(&world.token)
        .header("x-upload-content-type", "message/rfc822")
        .header("x-upload-content-length", big.len())
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), StatusCode::OK);
    let session = begun.headers()["location"].to_str().unwrap().to_owned();
    let put = async |range: String, body: Vec<u8>| {
        world
            .http
            .put(&session)
            .header("content-range", range)
            .body(body)
            .send()
            .await
            .unwrap()
    };
    let total = big.len();
    let chunk = 256 * 1024;
    let bytes = big.as_bytes();
    let nothing_yet = put(format!("bytes */{total}"), Vec::new()).await;
    assert_eq!(nothing_yet.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(nothing_yet.headers().get("range"), None);
    let first = put(
        format!("bytes 0-{}/{total}", chunk - 1),
        bytes[..chunk].to_vec(),
    )
    .await;
    assert_eq!(first.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(first.headers()["range"], format!("bytes=0-{}", chunk - 1));
    // Half a chunk arrives: only whole multiples are kept.
    let half = put(
        format!("bytes {chunk}-{}/{total}", chunk + 99),
        bytes[chunk..chunk + 100].to_vec(),
    )
    .await;
    assert_eq!(half.headers()["range"], format!("bytes=0-{}", chunk - 1));
    let gap = put(
        format!("bytes {}-{}/{total}", 2 * chunk, total - 1),
        bytes[2 * chunk..].to_vec(),
    )
    .await;
    assert_eq!(gap.status(), StatusCode::BAD_REQUEST);
    let rest = put(
        format!("bytes {chunk}-{}/{total}", total - 1),
        bytes[chunk..].to_vec(),
    )
    .await;
    let sent = ok(rest).await;
    let copy = world
        .get(&format!("messages/{}?format=raw", text(&sent["id"])))
        .await;
    assert!(unraw(&copy["raw"]).ends_with(&"x".repeat(600_000)));
    let gone = put(format!("bytes */{total}"), Vec::new()).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(world.sim.google().sent().len(), 3);

    let too_big = world
        .http
        .post(upload("resumable"))
        .bearer_auth(&world.token)
        .header("x-upload-content-length", 36_700_161)
        .send()
        .await
        .unwrap();
    assert_eq!(too_big.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let wrong = world
        .http
        .post(upload("media"))
        .bearer_auth(&world.token)
        .header("content-type", "text/plain")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

type Pushed = (HeaderMap, Value);

async fn listener() -> (String, mpsc::UnboundedReceiver<Pushed>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/hooks/mail/google",
        listener.local_addr().unwrap()
    );
    let hook = |State(sender): State<Arc<mpsc::UnboundedSender<Pushed>>>,
                headers: HeaderMap,
                body: axum::Json<Value>| async move {
        sender.send((headers, body.0)).unwrap();
        StatusCode::NO_CONTENT
    };
    let router = Router::new()
        .route("/hooks/mail/google", post(hook))
        .with_state(Arc::new(sender));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, receiver)
}

#[tokio::test]
async fn e29_an_application_watches_for_one_topic_at_a_time() {
    let world = world().await;
    let (endpoint, mut pushed) = listener().await;
    let [mail, other] = ["projects/sim/topics/mail", "projects/sim/topics/other"];
    for topic in [mail, other] {
        world.sim.google().subscribe(Subscription {
            topic: topic.to_owned(),
            endpoint: endpoint.clone(),
            audience: None,
            service_account: "push@project.example".to_owned(),
        });
    }
    let watch = |topic: &str| world.call(Method::POST, "watch", Some(json!({"topicName": topic})));
    assert_eq!(watch(mail).await.status(), StatusCode::OK);
    assert_eq!(watch(mail).await.status(), StatusCode::OK, "renewed");
    for _ in 0..2 {
        pushed.recv().await.unwrap();
    }
    let refused = watch(other).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["error"]["status"], "INVALID_ARGUMENT");
    let why = text(&refused["error"]["message"]);
    assert!(why.starts_with("Only one user push notification client"));
    world.call(Method::POST, "stop", None).await;
    assert_eq!(watch(other).await.status(), StatusCode::OK);
    world.advance(7 * DAY_MS + 1);
    let token = world.sim.google().access_token(ADA, &[FULL]);
    let body = json!({"topicName": mail});
    let later = world
        .call_as(&token, Method::POST, "watch", Some(body))
        .await;
    assert_eq!(later.status(), StatusCode::OK, "the other one has ended");

    let odd = json!({"topicName": mail, "labelFilterBehavior": "only"});
    let odd = world
        .call_as(&token, Method::POST, "watch", Some(odd))
        .await;
    assert_eq!(odd.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn e29_a_watch_pushes_signed_hints_for_seven_days() {
    let world = world().await;
    let (endpoint, mut pushed) = listener().await;
    let topic = "projects/sim/topics/mail";
    let watch =
        json!({"topicName": topic, "labelIds": ["INBOX"], "labelFilterBehavior": "include"});
    let refused = world.call(Method::POST, "watch", Some(watch.clone())).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    world.sim.google().subscribe(Subscription {
        topic: topic.to_owned(),
        endpoint: endpoint.clone(),
        audience: Some("our-audience".to_owned()),
        service_account: "push@project.example".to_owned(),
    });
    let watched = world.post("watch", watch).await;
    let now = provider_sim::Clock::now(&world.clock);
    assert_eq!(watched["expiration"], (now + 7 * DAY_MS).to_string());
    pushed.recv().await.unwrap();

    world.advance(1_000);
    world.deliver(ADA, simple("one"));
    let (headers, envelope) = pushed.recv().await.unwrap();
    let data = STANDARD.decode(text(&envelope["message"]["data"])).unwrap();
    let data: Value = serde_json::from_slice(&data).unwrap();
    assert_eq!(data["emailAddress"], ADA);
    assert_eq!(
        data["historyId"].as_u64().unwrap().to_string(),
        world.history_id().await
    );
    assert!(envelope["message"]["messageId"].is_string());
    assert_eq!(envelope["subscription"], "projects/sim/subscriptions/mail");

    let keys: Value = world
        .http
        .get(world.url("/oauth2/v3/certs"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let verify = |headers: &HeaderMap| {
        let token = headers["authorization"]
            .to_str()
            .unwrap()
            .strip_prefix("Bearer ")
            .unwrap()
            .to_owned();
        let kid = decode_header(&token).unwrap().kid.unwrap();
        let key = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == kid.as_str())
            .unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&["our-audience"]);
        validation.validate_exp = false;
        let decoding =
            DecodingKey::from_rsa_components(&text(&key["n"]), &text(&key["e"])).unwrap();
        decode::<Value>(&token, &decoding, &validation).map(|token| token.claims)
    };
    let claims = verify(&headers).unwrap();
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!("push@project.example"), &json!(true))
    );
    world
        .sim
        .google()
        .control("push", json!({"address": ADA, "forged": true}))
        .unwrap();
    let (headers, _) = pushed.recv().await.unwrap();
    assert!(verify(&headers).is_err());

    // At most one a second, and only for the labels asked for.
    world.deliver(ADA, simple("two"));
    world.deliver(ADA, simple("three"));
    world.advance(1_000);
    let four = world.deliver(ADA, simple("four"));
    let (_, envelope) = pushed.recv().await.unwrap();
    let data = STANDARD.decode(text(&envelope["message"]["data"])).unwrap();
    let after_four = world.history_id().await;
    assert!(String::from_utf8(data).unwrap().contains(&after_four));
    world.advance(1_000);
    world
        .post(
            &format!("messages/{four}/modify"),
            json!({"removeLabelIds": ["INBOX"]}),
        )
        .await;
    assert!(pushed.try_recv().is_err());

    world.advance(7 * DAY_MS);
    world.deliver(ADA, simple("five"));
    let token = world.sim.google().access_token(ADA, &[FULL]);
    let stopped = world.call_as(&token, Method::POST, "stop", None).await;
    assert_eq!(stopped.status(), StatusCode::NO_CONTENT);
    assert!(pushed.try_recv().is_err());
    assert_eq!(
        world
            .sim
            .google()
            .pushes()
            .iter()
            .filter(|push| push.status == Some(204))
            .count(),
        4
    );
}
