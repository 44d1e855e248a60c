//! What the API answers, to whom, and whether it is still there after a restart.

use crate::support::http::{Person, World, answered, is_problem};
use crate::support::{DOUBLE, double, guest};
use host_runtime::config::Config;
use host_runtime::web::Server;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn every_mistake_of_a_request_is_told() {
    let world = World::new().await;
    let admin = world.admin().await;
    let raw = |body: &'static str, kind: &'static str| {
        admin
            .request(Method::POST, "/api/users")
            .header("content-type", kind)
            .body(body)
    };
    is_problem(
        &answered(raw("no json", "application/json")).await,
        StatusCode::BAD_REQUEST,
        "malformed-request",
    );
    is_problem(
        &answered(raw("{}", "text/plain")).await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
    );
    let unknown = admin
        .json(Method::POST, "/api/users", json!({ "nmae": "Eva" }))
        .await;
    is_problem(&unknown, StatusCode::UNPROCESSABLE_ENTITY, "invalid-field");
    let short = admin
        .json(
            Method::POST,
            "/api/users",
            json!({ "name": "Eva", "email": "eva@localhost", "password": "short" }),
        )
        .await;
    is_problem(&short, StatusCode::UNPROCESSABLE_ENTITY, "invalid-field");
    assert_eq!(short.1["field"], "password");
    is_problem(
        &admin.get("/api/nothing").await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
    is_problem(
        &answered(admin.request(Method::DELETE, "/api/me")).await,
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
    );
    is_problem(
        &admin.get("/api/plugins/nothing").await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
    is_problem(
        &admin.get("/api/mail/accounts").await,
        StatusCode::NOT_FOUND,
        "plugin-disabled",
    );
    let file = admin
        .request(Method::POST, "/api/plugins")
        .header("content-type", "application/wasm")
        .body("not wasm");
    is_problem(
        &answered(file).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "not-a-component",
    );
    let no_fate = answered(admin.request(Method::DELETE, "/api/plugins/nothing")).await;
    is_problem(&no_fate, StatusCode::UNPROCESSABLE_ENTITY, "invalid-field");
    let browser = admin
        .request(Method::GET, "/nothing")
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert_eq!(browser.status(), StatusCode::NOT_FOUND);
    assert!(
        browser.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn whoever_runs_it_sees_how_it_does() {
    let world = World::new().await;
    let stranger = world.stranger();
    assert_eq!(
        stranger.get("/healthz").await,
        (StatusCode::OK, json!({ "status": "ok" }))
    );
    assert_eq!(stranger.get("/readyz").await.0, StatusCode::OK);
    let text = stranger
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        text.contains(
            "plugin_host_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"
        ),
        "{text}"
    );
    assert_eq!(
        stranger
            .request(Method::GET, "/")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_description_names_every_address_and_every_reference_in_it_leads_somewhere() {
    let world = World::new().await;
    let (_, document) = world.stranger().get("/api/openapi.json").await;
    for promised in [
        "/api/session",
        "/api/me",
        "/api/plugins",
        "/api/plugins/{id}/enable",
        "/api/plugins/{id}/settings",
        "/api/mail/accounts/{id}/reconnect",
        "/api/mail/threads",
        "/api/mail/messages/{id}/view",
        "/api/mail/messages/{id}/attachments/{aid}",
        "/api/mail/actions",
        "/api/mail/drafts/{id}",
        "/api/mail/send",
        "/api/mail/outbox",
        "/api/uploads",
        "/api/uploads/{id}",
        "/api/events",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        assert!(document["paths"].get(promised).is_some(), "{promised}");
    }
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.push(reference.clone());
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        assert!(
            document
                .pointer(reference.trim_start_matches('#'))
                .is_some(),
            "{reference}"
        );
    }
}

#[tokio::test]
async fn an_event_stream_tells_each_person_their_own_and_goes_on_where_it_was() {
    let world = World::new().await;
    let admin = world.admin().await;
    let eva = world.member(&admin, "eva").await;
    let id = eva.get("/api/me").await.1["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let store = world.server.as_ref().unwrap().host().store().clone();
    let mut stream = eva
        .request(Method::GET, "/api/events")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    store
        .events()
        .publish("private", Some("somebody else"), &json!({}))
        .await
        .unwrap();
    let first = store
        .events()
        .publish("threads.changed", Some(&id), &json!({ "n": 1 }))
        .await
        .unwrap();
    store
        .events()
        .publish("threads.changed", Some(&id), &json!({ "n": 2 }))
        .await
        .unwrap();
    let mut heard = String::new();
    while !heard.contains("{\"n\":2}") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(!heard.contains("private"), "{heard}");
    assert!(heard.contains("event: threads.changed"), "{heard}");
    let mut again = eva
        .request(Method::GET, "/api/events")
        .header("last-event-id", first)
        .send()
        .await
        .unwrap();
    let mut heard = String::new();
    while !heard.contains("{\"n\":2}") {
        heard.push_str(std::str::from_utf8(&again.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(!heard.contains("{\"n\":1}"), "{heard}");
    // Stopping ends the streams instead of waiting for them.
    world.stop().await;
}

#[tokio::test]
async fn a_plugin_is_approved_enabled_disabled_and_removed_over_the_api() {
    let world = World::new().await;
    let admin = world.admin().await;
    let member = world.member(&admin, "eva").await;
    let id = admin.install(double()).await;
    assert_eq!(id, DOUBLE);
    assert_eq!(member.get("/api/plugins").await.1["items"], json!([]));
    let hook = || {
        world
            .stranger()
            .request(Method::POST, &format!("/hooks/{DOUBLE}/push"))
            .body("hello")
    };
    is_problem(&answered(hook()).await, StatusCode::NOT_FOUND, "not-found");
    let (status, plugin) = admin.post(&format!("/api/plugins/{id}/enable")).await;
    assert_eq!(
        (status, &plugin["state"]),
        (StatusCode::OK, &json!("enabled"))
    );
    assert_eq!(
        member.get("/api/plugins").await.1["items"][0]["grants"],
        Value::Null
    );
    is_problem(
        &member.post(&format!("/api/plugins/{id}/disable")).await,
        StatusCode::FORBIDDEN,
        "administrator-only",
    );
    assert_eq!(
        admin.get(&format!("/api/plugins/{id}/faults")).await.1,
        json!({ "items": [] })
    );
    let upload = admin
        .request(Method::POST, "/api/plugins")
        .header("content-type", "application/wasm")
        .body(double());
    is_problem(&answered(upload).await, StatusCode::CONFLICT, "conflict");
    assert_eq!(
        admin.post(&format!("/api/plugins/{id}/disable")).await.0,
        StatusCode::OK
    );
    is_problem(&answered(hook()).await, StatusCode::NOT_FOUND, "not-found");
    let gone =
        answered(admin.request(Method::DELETE, &format!("/api/plugins/{id}?data=delete"))).await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT);
    is_problem(
        &admin.get(&format!("/api/plugins/{id}")).await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
}

#[tokio::test]
async fn mail_that_is_not_there_is_not_found_and_an_upload_is_its_owners() {
    let world = World::new().await;
    let admin = world.admin().await;
    let id = admin.install(guest("postbox")).await;
    is_problem(
        &admin
            .post(&format!("/api/plugins/{id}/settings/x/check"))
            .await,
        StatusCode::NOT_FOUND,
        "plugin-disabled",
    );
    assert_eq!(
        admin.post(&format!("/api/plugins/{id}/enable")).await.0,
        StatusCode::OK
    );
    assert_eq!(
        admin.get("/api/mail/accounts").await,
        (StatusCode::OK, json!({ "items": [] }))
    );
    assert_eq!(
        admin.get("/api/mail/folders").await,
        (StatusCode::OK, json!({ "items": [] }))
    );
    for path in [
        "/api/mail/accounts/1",
        "/api/mail/threads/1",
        "/api/mail/messages/1",
        "/api/mail/messages/1/view",
        "/api/mail/messages/1/text",
        "/api/mail/messages/1/raw",
        "/api/mail/messages/1/attachments/1",
    ] {
        is_problem(&admin.get(path).await, StatusCode::NOT_FOUND, "not-found");
    }
    is_problem(
        &admin.get("/api/mail/threads?unraed=true").await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-field",
    );
    let draft = json!({ "draft": { "account": "1" } });
    is_problem(
        &admin.json(Method::POST, "/api/mail/send", draft).await,
        StatusCode::BAD_REQUEST,
        "idempotency-key-missing",
    );
    let both = json!({ "action": "star", "messages": ["1"], "threads": ["1"] });
    is_problem(
        &admin.json(Method::POST, "/api/mail/actions", both).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-field",
    );

    let (status, upload) =
        answered(admin.request(Method::POST, "/api/uploads").body("content")).await;
    assert_eq!((status, &upload["size"]), (StatusCode::CREATED, &json!(7)));
    is_problem(
        &answered(
            admin
                .request(Method::POST, "/api/uploads")
                .body("x".repeat(1001)),
        )
        .await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
    );
    is_problem(
        &world
            .stranger()
            .get("/api/mail/inline/forged.forged/1")
            .await,
        StatusCode::FORBIDDEN,
        "link-expired",
    );
}

#[tokio::test]
async fn an_upload_is_shown_to_its_owner_alone_and_only_a_picture_as_one() {
    let world = World::new().await;
    let admin = world.admin().await;
    let id = admin.install(guest("postbox")).await;
    admin.post(&format!("/api/plugins/{id}/enable")).await;
    let owner = world.member(&admin, "owner").await;
    let stored = async |content: &'static [u8]| {
        let (_, upload) = answered(owner.request(Method::POST, "/api/uploads").body(content)).await;
        format!("/api/uploads/{}", upload["id"].as_str().unwrap())
    };
    let picture = stored(b"\x89PNG\r\n\x1a\nand so on").await;
    let page = stored(b"<script>alert(1)</script>").await;
    for (path, kind, disposition) in [
        (&picture, "image/png", "inline"),
        (&page, "application/octet-stream", "attachment"),
    ] {
        let answer = owner.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), kind);
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-disposition").starts_with(disposition));
        assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    }
    let shown = owner.request(Method::GET, &picture).send().await.unwrap();
    assert_eq!(
        shown.bytes().await.unwrap(),
        b"\x89PNG\r\n\x1a\nand so on".as_slice()
    );
    // Whoever else asks: not even an administrator.
    let other = world.member(&admin, "other").await;
    for person in [&admin, &other] {
        is_problem(
            &person.get(&picture).await,
            StatusCode::NOT_FOUND,
            "not-found",
        );
    }
    is_problem(
        &world.stranger().get(&picture).await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    is_problem(
        &owner.get("/api/uploads/guessed").await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart_and_a_second_server_is_refused() {
    let mut world = World::new().await;
    let admin = world.admin().await;
    let id = admin.install(double()).await;
    assert_eq!(
        admin.post(&format!("/api/plugins/{id}/enable")).await.0,
        StatusCode::OK
    );
    let config = Config {
        data_dir: world.folder.path().to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    assert!(
        Server::start(config, Arc::new(world.clock.clone()))
            .await
            .is_err()
    );
    world.server.take().unwrap().shutdown().await;
    let server = World::start(&world.folder, &world.clock).await;
    assert!(server.first_administrator().is_none());
    world.base = server.origin().to_owned();
    world.server = Some(server);
    let admin = Person {
        base: world.base.clone(),
        ..admin
    };
    assert_eq!(
        admin.get(&format!("/api/plugins/{id}")).await.1["state"],
        "enabled"
    );
    world.stop().await;
}
