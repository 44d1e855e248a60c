//! Who may come in, and what each may do.

use crate::support::http::{ADMIN, PASSWORD, QUARTER, World, answered, is_problem};
use crate::support::{DOUBLE, NOW, double};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_session_begins_with_the_right_password_and_ends_when_asked() {
    let world = World::new().await;
    let stranger = world.stranger();
    is_problem(
        &stranger.get("/api/me").await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    let wrong = json!({ "email": ADMIN, "password": "wrong password" });
    is_problem(
        &stranger.json(Method::POST, "/api/session", wrong).await,
        StatusCode::UNAUTHORIZED,
        "wrong-credentials",
    );
    let admin = world.admin().await;
    let (status, me) = admin.get("/api/me").await;
    assert_eq!(
        (status, &me["role"], &me["via"]),
        (StatusCode::OK, &json!("administrator"), &json!("session"))
    );
    let response = admin
        .request(Method::DELETE, "/api/session")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    is_problem(
        &admin.get("/api/me").await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    world.stop().await;
}

#[tokio::test]
async fn the_session_cookie_stays_out_of_scripts_and_other_sites() {
    let world = World::new().await;
    let body = json!({ "email": ADMIN, "password": PASSWORD });
    let response = world
        .stranger()
        .request(Method::POST, "/api/session")
        .json(&body)
        .send()
        .await
        .unwrap();
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.contains("; HttpOnly")
            && cookie.contains("; SameSite=Lax")
            && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn guessing_a_password_has_to_wait_and_the_wait_ends() {
    let world = World::new().await;
    let stranger = world.stranger();
    let wrong = || json!({ "email": ADMIN, "password": "wrong password" });
    for _ in 0..10 {
        is_problem(
            &stranger.json(Method::POST, "/api/session", wrong()).await,
            StatusCode::UNAUTHORIZED,
            "wrong-credentials",
        );
    }
    let right = json!({ "email": ADMIN, "password": PASSWORD });
    let refused = stranger.json(Method::POST, "/api/session", right).await;
    is_problem(&refused, StatusCode::TOO_MANY_REQUESTS, "rate-limited");
    assert_eq!(
        refused.1["retry_at"],
        NOW + u64::try_from(QUARTER.as_millis()).unwrap()
    );
    world.clock.advance(QUARTER);
    world.admin().await;
}

#[tokio::test]
async fn a_page_of_another_site_can_not_write() {
    let world = World::new().await;
    let admin = world.admin().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let forged = admin
            .request(Method::POST, "/api/tokens")
            .header(name, value)
            .json(&json!({ "name": "x" }));
        is_problem(
            &answered(forged).await,
            StatusCode::FORBIDDEN,
            "cross-origin",
        );
    }
    let own = admin
        .request(Method::POST, "/api/tokens")
        .header("origin", &world.base)
        .json(&json!({ "name": "x" }));
    assert_eq!(answered(own).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn administering_asks_for_the_password_again_after_a_while() {
    let world = World::new().await;
    let admin = world.admin().await;
    world.clock.advance(QUARTER);
    let new = || json!({ "name": "Eva", "email": "eva@localhost", "password": PASSWORD });
    is_problem(
        &admin.json(Method::POST, "/api/users", new()).await,
        StatusCode::FORBIDDEN,
        "confirmation-required",
    );
    let wrong = json!({ "password": "wrong password" });
    is_problem(
        &admin
            .json(Method::POST, "/api/session/confirm", wrong)
            .await,
        StatusCode::UNAUTHORIZED,
        "wrong-credentials",
    );
    assert_eq!(
        admin
            .json(
                Method::POST,
                "/api/session/confirm",
                json!({ "password": PASSWORD })
            )
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        admin.json(Method::POST, "/api/users", new()).await.0,
        StatusCode::CREATED
    );
    is_problem(
        &admin.json(Method::POST, "/api/users", new()).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-field",
    );
}

#[tokio::test]
async fn a_token_does_what_it_was_made_for_and_no_more() {
    let world = World::new().await;
    let admin = world.admin().await;
    let member = world.member(&admin, "eva").await;
    let make = |scopes: Value| json!({ "name": "script", "scopes": scopes, "days": 1 });
    is_problem(
        &member
            .json(Method::POST, "/api/tokens", make(json!(["admin"])))
            .await,
        StatusCode::FORBIDDEN,
        "administrator-only",
    );
    let (_, plain) = admin
        .json(Method::POST, "/api/tokens", make(json!([])))
        .await;
    let (_, strong) = admin
        .json(Method::POST, "/api/tokens", make(json!(["admin"])))
        .await;
    let program = world.stranger();
    let with = |token: &Value, path: &str| {
        program
            .request(Method::GET, path)
            .bearer_auth(token["token"].as_str().unwrap())
    };
    assert_eq!(answered(with(&plain, "/api/me")).await.1["role"], "member");
    is_problem(
        &answered(with(&plain, "/api/users")).await,
        StatusCode::FORBIDDEN,
        "administrator-only",
    );
    assert_eq!(
        answered(with(&strong, "/api/users")).await.0,
        StatusCode::OK
    );
    is_problem(
        &member.get("/api/users").await,
        StatusCode::FORBIDDEN,
        "administrator-only",
    );

    // Somebody else's token can't be told from none.
    let id = plain["id"].as_str().unwrap();
    is_problem(
        &answered(member.request(Method::DELETE, &format!("/api/tokens/{id}"))).await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
    assert_eq!(
        answered(admin.request(Method::DELETE, &format!("/api/tokens/{id}")))
            .await
            .0,
        StatusCode::NO_CONTENT
    );
    is_problem(
        &answered(with(&plain, "/api/me")).await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    world.clock.advance(Duration::from_secs(86_400));
    is_problem(
        &answered(with(&strong, "/api/me")).await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    let (_, list) = admin.get("/api/tokens").await;
    assert!(!list.to_string().contains("pht_"), "{list}");
}

#[tokio::test]
async fn a_new_password_signs_out_everywhere_else() {
    let world = World::new().await;
    let (here, there) = (world.admin().await, world.admin().await);
    let change = json!({ "password": "another long one", "current_password": PASSWORD });
    assert_eq!(
        here.json(Method::PATCH, "/api/me", change).await.0,
        StatusCode::OK
    );
    assert_eq!(here.get("/api/me").await.0, StatusCode::OK);
    is_problem(
        &there.get("/api/me").await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
}

#[tokio::test]
async fn somebody_can_always_administer() {
    let world = World::new().await;
    let admin = world.admin().await;
    let me = admin.get("/api/me").await.1["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/users/{me}");
    is_problem(
        &admin
            .json(Method::PATCH, &path, json!({ "role": "member" }))
            .await,
        StatusCode::CONFLICT,
        "conflict",
    );
    is_problem(
        &answered(admin.request(Method::DELETE, &path)).await,
        StatusCode::CONFLICT,
        "conflict",
    );
}

#[tokio::test]
async fn administrators_read_who_changed_what_and_find_no_secrets() {
    let world = World::new().await;
    let admin = world.admin().await;
    let member = world.member(&admin, "eva").await;
    let id = admin.install(double()).await;
    admin.post(&format!("/api/plugins/{id}/enable")).await;
    is_problem(
        &member.get("/api/audit").await,
        StatusCode::FORBIDDEN,
        "administrator-only",
    );
    let (_, first) = admin.get("/api/audit?limit=2").await;
    let (newest, second) = (&first["items"][0], &first["items"][1]);
    assert_eq!(newest["action"], "plugin.enable");
    assert_eq!(newest["actor_name"], "Administrator");
    assert_eq!(
        (&newest["subject"], &newest["subject_name"]),
        (&json!(DOUBLE), &json!("Double"))
    );
    assert_eq!(
        (&newest["at"], &second["action"]),
        (&json!(NOW), &json!("plugin.approve"))
    );
    let next = first["next"].as_str().unwrap();
    let (_, rest) = admin.get(&format!("/api/audit?cursor={next}")).await;
    let actions: Vec<_> = rest["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["plugin.add", "user.add"]);
    assert_eq!(rest["items"][1]["subject_name"], "eva");
    assert_eq!(rest["next"], Value::Null);
    assert!(!rest.to_string().contains(PASSWORD));
    for path in ["/api/audit?limit=0", "/api/audit?cursor=x"] {
        is_problem(
            &admin.get(path).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-field",
        );
    }
}
