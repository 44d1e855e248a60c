//! Push works as at Google: a watch, a topic, and signed messages to an endpoint (fact E 29).

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
use provider_sim::Backend;
use provider_sim::google::Subscription;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

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
