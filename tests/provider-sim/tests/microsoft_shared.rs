//! A shared mailbox is Graph's `/users/{address}`: who may work in it, who may send as it, and what is only for its owner.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod microsoft_support;

use microsoft_support::{ME, PERSONAL, SHARED, World, message_to, read};
use provider_sim::{Backend as _, Deliver, Provider};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const SCOPES: [&str; 3] = ["User.Read", "Mail.ReadWrite.Shared", "Mail.Send.Shared"];

/// Somebody with a token for shared mailboxes.
struct Member {
    world: World,
    token: String,
}

impl Member {
    async fn new() -> Self {
        let world = World::new(0).await;
        let token = world.sim.microsoft().access_token(ME, "app", &SCOPES);
        Self { world, token }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.world.http.request(method, self.world.url(path));
        request.bearer_auth(&self.token)
    }

    /// Below the shared mailbox.
    fn shared(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, &format!("/users/{SHARED}{path}"))
    }

    fn permit(&self, rights: Value) {
        let mut body = json!({"address": SHARED, "person": ME});
        let fields = body.as_object_mut().unwrap();
        fields.extend(rights.as_object().unwrap().clone());
        let microsoft = self.world.sim.backend(Provider::Microsoft);
        microsoft.control("permit", body).unwrap();
    }

    fn arrives(&self, subject: &str) -> String {
        let raw = format!(
            "From: a@example.org\r\nTo: {SHARED}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\r\nHi\r\n"
        );
        let microsoft = self.world.sim.backend(Provider::Microsoft);
        microsoft.deliver(SHARED, &Deliver::new(raw)).unwrap()
    }
}

#[tokio::test]
async fn what_is_followed_and_batched_stays_in_the_shared_mailbox() {
    let member = Member::new().await;
    let id = member.arrives("first");
    let delta = "/mailFolders/inbox/messages/delta?$select=isRead";
    let page = read(member.shared(Method::GET, delta)).await.is(200);
    let next = page.json["@odata.deltaLink"].as_str().unwrap();
    assert!(next.contains(&format!("/users/{SHARED}/")), "{next}");
    member.arrives("second");
    let news = read(member.ask(Method::GET, next)).await.is(200);
    assert_eq!(news.values().len(), 1);

    let part = |number: &str, mailbox: &str| json!({"id": number, "method": "GET", "url": format!("{mailbox}/messages/{id}")});
    let parts = [
        part("shared", &format!("/users/{SHARED}")),
        part("own", "/me"),
    ];
    let batch = member.ask(Method::POST, "/$batch");
    let answer = read(batch.json(&json!({"requests": parts}))).await.is(200);
    let status = |number: &str| {
        let answers = answer.json["responses"].as_array().unwrap();
        let found = answers.iter().find(|answer| answer["id"] == number);
        found.unwrap()["status"].clone()
    };
    assert_eq!(status("shared"), 200);
    assert_eq!(status("own"), 403, "a .Shared scope alone is not for /me");
}

#[tokio::test]
async fn a_draft_there_is_sent_as_the_mailbox_and_filed_there() {
    let member = Member::new().await;
    let draft = message_to("out@example.org", "From all of us");
    let made = read(member.shared(Method::POST, "/messages").json(&draft)).await;
    let send = format!("/messages/{}/send", made.is(201).id());

    member.permit(json!({"send_as": false}));
    let denied = read(member.shared(Method::POST, &send)).await.is(403);
    assert_eq!(denied.code(), "ErrorSendAsDenied");
    let drafts = "/mailFolders/drafts/messages";
    let kept = read(member.shared(Method::GET, drafts)).await.is(200);
    assert_eq!(kept.values().len(), 1, "a refused draft is still one");

    member.permit(json!({"send_as": true}));
    read(member.shared(Method::POST, &send)).await.is(202);
    let sent = &member.world.sim.microsoft().sent()[0];
    let raw = String::from_utf8_lossy(&sent.raw).into_owned();
    assert_eq!(sent.from, SHARED);
    assert!(
        raw.contains(SHARED) && !raw.contains(ME) && !raw.contains("Sender:"),
        "{raw}"
    );
}

#[tokio::test]
async fn rights_that_are_taken_end_everything_at_once() {
    let member = Member::new().await;
    let id = member.arrives("secret");
    let message = format!("/messages/{id}");
    read(member.shared(Method::GET, &message)).await.is(200);
    member.permit(json!({"full_access": false}));
    let read_only = json!({"isRead": true});
    for request in [
        member.shared(Method::GET, &message),
        member.shared(Method::PATCH, &message).json(&read_only),
        member.shared(Method::GET, "/mailFolders"),
    ] {
        assert_eq!(read(request).await.is(403).code(), "ErrorAccessDenied");
    }
    member.permit(json!({"full_access": true}));
    read(member.shared(Method::GET, &message)).await.is(200);
}

#[tokio::test]
async fn neither_profile_nor_notifications_of_another_mailbox_are_to_be_had() {
    let member = Member::new().await;
    read(member.ask(Method::GET, "/me")).await.is(200);
    let profile = read(member.shared(Method::GET, "")).await.is(403);
    assert_eq!(profile.code(), "ErrorAccessDenied");
    // Graph's documentation: delegated rights subscribe to the signed-in person's own mailbox only.
    let token = ["Mail.Read", "Mail.ReadWrite.Shared"];
    let token = member.world.sim.microsoft().access_token(ME, "app", &token);
    let body = json!({
        "changeType": "created",
        "resource": format!("/users/{SHARED}/messages"),
        "notificationUrl": "http://127.0.0.1:9/hook",
        "expirationDateTime": "2026-10-01T12:00:00Z",
    });
    let url = member.world.url("/subscriptions");
    let ask = member.world.http.post(url).bearer_auth(token).json(&body);
    read(ask).await.is(403);
}

#[tokio::test]
async fn nobody_signs_in_to_a_shared_mailbox_and_no_personal_account_asks_for_one() {
    let member = Member::new().await;
    let wanted = [("scope", "openid offline_access Mail.ReadWrite.Shared")];
    let page = member.world.authorize("common", &wanted).await.is(200);
    let (back, answer) = member.world.decide("common", &page, SHARED, "allow").await;
    assert!(
        back.is_empty() && answer.text.contains("50034"),
        "{}",
        answer.text
    );
    let page = member.world.authorize("common", &wanted).await.is(200);
    let (back, answer) = member
        .world
        .decide("common", &page, PERSONAL, "allow")
        .await;
    assert!(
        back.is_empty() && answer.text.contains("70011"),
        "{}",
        answer.text
    );
}
