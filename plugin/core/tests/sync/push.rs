//! A change at the provider is seen after one message of its own, long before anybody would have looked; and what is forged, repeated or
//! sent in floods does no harm.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use email_manager_core::lifecycle;
use email_manager_core::platform::Routing as _;
use email_manager_core::settings::form::{self, Entry};
use email_manager_core::settings::texts::Locale;
use email_manager_core::settings::{ProviderKind, Section, push_address};
use email_manager_core::testing::Memory;
use email_manager_core::webhook::{self, Incoming};
use provider_sim::{Deliver, Limits};
use serde_json::json;

use crate::engine::Engine;
use crate::pacing::slow;
use crate::support::{GOOGLE, MICROSOFT, OWNER, side};

const TOPIC: &str = "projects/mine/topics/mail";
const SIGNER: &str = "push@mine.example";

/// The host's address for hooks: what comes in is handed to the plugin and kept.
#[derive(Clone)]
struct Hooks {
    host: Memory,
    name: &'static str,
    came: Arc<Mutex<Vec<(Incoming, u16)>>>,
}

async fn hook(
    State(hooks): State<Hooks>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let incoming = Incoming {
        query,
        headers: headers.collect(),
        body: body.to_vec(),
    };
    let answer = webhook::handle(&hooks.host, hooks.name, &incoming).await;
    hooks.came.lock().unwrap().push((incoming, answer.status));
    (StatusCode::from_u16(answer.status).unwrap(), answer.body)
}

/// The address for hooks, and its origin.
async fn listen(engine: &Engine) -> (Hooks, String) {
    let kind = engine.world.kind;
    let hooks = Hooks {
        host: engine.host().clone(),
        name: kind.name(),
        came: Arc::default(),
    };
    let path = push_address("", kind);
    let router = Router::new()
        .route(&path, post(hook))
        .with_state(hooks.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (hooks, origin)
}

/// What an administrator sets up in Google's console: a topic whose messages are posted to us.
fn publish(engine: &Engine, topic: &str, origin: &str) {
    let kind = engine.world.kind;
    let subscription =
        json!({"topic": topic, "endpoint": push_address(origin, kind), "service_account": SIGNER});
    let google = engine.world.sim.backend(side(kind));
    google.control("subscribe", subscription).unwrap();
}

/// A mailbox that is up to date and whose provider tells of changes.
async fn told(kind: ProviderKind) -> (Engine, Hooks) {
    let engine = Engine::linked(kind, 12, Limits::none()).await;
    let (hooks, origin) = listen(&engine).await;
    engine.host().set_origin(&origin);
    if kind == GOOGLE {
        publish(&engine, TOPIC, &origin);
        let text = |text: &str| Entry::Text(text.to_owned());
        assert_eq!(
            engine
                .world
                .save(&[("push_topic", text(TOPIC)), ("push_account", text(SIGNER))])
                .await,
            []
        );
    }
    let on = vec![("push".to_owned(), Entry::Toggle(true))];
    assert_eq!(
        form::save(engine.host(), Section::Sync, on, Locale::English)
            .await
            .unwrap(),
        []
    );
    engine.settle().await;
    (engine, hooks)
}

impl Hooks {
    /// Until so many have come in; the provider posts on its own.
    async fn came(&self, count: usize) -> Vec<(Incoming, u16)> {
        for _ in 0..2_000 {
            let came = self.came.lock().unwrap().clone();
            if came.len() >= count {
                return came;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("only {} came", self.came.lock().unwrap().len());
    }
}

/// A letter arrives, later than the last message: Gmail tells of a mailbox once a second.
fn deliver(engine: &Engine, subject: &str) {
    engine.world.advance(2);
    let provider = engine.world.sim.backend(side(engine.world.kind));
    provider.deliver(OWNER, &letter(subject)).unwrap();
}

fn letter(subject: &str) -> Deliver {
    Deliver::new(format!(
        "From: bob@example.org\r\nTo: {OWNER}\r\nSubject: {subject}\r\n\r\nHello\r\n"
    ))
}

#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_change_is_seen_after_one_message_and_without_waiting(#[case] kind: ProviderKind) {
    let (engine, hooks) = told(kind).await;
    slow(&engine);
    let before = hooks.came.lock().unwrap().len();
    deliver(&engine, "Told of");
    let arrived = engine.now();
    let came = hooks.came(before + 1).await;
    assert!(
        came.iter().all(|(_, status)| matches!(status, 200 | 202)),
        "{came:?}"
    );
    let asked = engine.requests();
    while engine.turn().await {}
    engine.check().await;
    let took = engine.now() - arrived;
    println!("{}: here {took} ms after it arrived", kind.name());
    assert!(took <= 3_000, "{took} ms");
    assert!(
        engine.requests() - asked <= 12,
        "it looked, and no more than that"
    );
}

#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn what_is_forged_wakes_nobody_and_a_flood_is_one_look(#[case] kind: ProviderKind) {
    let (engine, hooks) = told(kind).await;
    let before = hooks.came.lock().unwrap().len();
    deliver(&engine, "Told of");
    let genuine = hooks.came(before + 1).await.last().unwrap().0.clone();
    while engine.turn().await {}
    let quiet = engine.requests();

    let mut forged = genuine.clone();
    if kind == GOOGLE {
        for (name, value) in &mut forged.headers {
            if name == "authorization" {
                *value = value.replacen('.', ".e30", 1);
            }
        }
    } else {
        let text = String::from_utf8(forged.body.clone()).unwrap();
        let start = text.find("\"clientState\":\"").unwrap() + 15;
        forged.body = format!("{}x{}", &text[..start], &text[start + 1..]).into_bytes();
    }
    let answer = webhook::handle(engine.host(), kind.name(), &forged).await;
    assert!(
        if kind == GOOGLE {
            answer.status == 403
        } else {
            answer.status == 202
        },
        "{answer:?}"
    );
    assert!(!engine.turn().await, "nobody was woken");
    for body in [&b"no json"[..], b"{}", b"{\"value\":[{}]}"] {
        let nonsense = Incoming {
            body: body.to_vec(),
            ..genuine.clone()
        };
        let answer = webhook::handle(engine.host(), kind.name(), &nonsense).await;
        assert!(answer.status < 500, "{answer:?}");
    }
    assert!(!engine.turn().await);
    assert_eq!(engine.requests(), quiet);

    for _ in 0..50 {
        webhook::handle(engine.host(), kind.name(), &genuine).await;
    }
    while engine.turn().await {}
    assert!(engine.requests() - quiet <= 15, "fifty messages, one look");
}

#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_subscription_is_renewed_before_it_ends_and_ended_with_the_wish(
    #[case] kind: ProviderKind,
) {
    let (engine, hooks) = told(kind).await;
    // Two weeks, in which each subscription would have ended.
    for _ in 0..28 {
        engine.world.advance(12 * 3_600);
        engine.settle().await;
    }
    let before = hooks.came.lock().unwrap().len();
    deliver(&engine, "Two weeks later");
    hooks.came(before + 1).await;
    while engine.turn().await {}
    engine.check().await;

    let off = vec![("push".to_owned(), Entry::Toggle(false))];
    form::save(engine.host(), Section::Sync, off, Locale::English)
        .await
        .unwrap();
    engine.sync().await;
    let route = if kind == GOOGLE {
        "/stop"
    } else {
        "/subscriptions/{subscription}"
    };
    let counts = engine.world.sim.log().counts();
    let ended = counts
        .iter()
        .any(|count| count.method != "PATCH" && count.route.ends_with(route));
    assert!(ended, "{counts:?}");
}

/// An administrator names another topic, or the host moves to another address: the provider tells there, and no more at the old place.
#[rstest::rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn what_a_provider_tells_moves_to_another_place(#[case] kind: ProviderKind) {
    let (engine, before) = told(kind).await;
    let (after, origin) = listen(&engine).await;
    engine.host().set_origin(&origin);
    if kind == GOOGLE {
        let topic = "projects/mine/topics/other";
        publish(&engine, topic, &origin);
        let topic = ("push_topic", Entry::Text(topic.to_owned()));
        assert_eq!(engine.world.save(&[topic]).await, []);
    } else {
        lifecycle::enable(engine.host()).await.unwrap();
    }
    engine.world.advance(301);
    engine.settle().await;
    let told_before = before.came.lock().unwrap().len();
    // Microsoft asks the new place whether it wants to be told; Gmail tells something at once.
    let told_after = after.came(1).await.len();
    deliver(&engine, "Told elsewhere");
    after.came(told_after + 1).await;
    while engine.turn().await {}
    engine.check().await;
    assert_eq!(before.came.lock().unwrap().len(), told_before);
}

/// An address that no provider reaches, as of a host at home.
#[tokio::test]
async fn without_push_mail_comes_all_the_same() {
    let engine = Engine::linked(MICROSOFT, 5, Limits::none()).await;
    let on = vec![("push".to_owned(), Entry::Toggle(true))];
    form::save(engine.host(), Section::Sync, on, Locale::English)
        .await
        .unwrap();
    engine.settle().await;
    let provider = engine.world.sim.backend(side(MICROSOFT));
    provider.deliver(OWNER, &letter("Looked for")).unwrap();
    engine.world.advance(301);
    engine.settle().await;
    engine.check().await;
    let origin = engine.host().public_origin();
    assert!(origin.starts_with("http://127.0.0.1"), "{origin}");
}
