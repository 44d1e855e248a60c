//! Batches, scopes, quotas and uploads work as at Google (facts E 23 and 26 to 28).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use google_support::*;
use provider_sim::{Action, Backend, Fault, Limits, TestClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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
