//! Whatever goes wrong, the caller gets a problem document that says what to do, and nothing else breaks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use common::{come_back, condition, consent, link};
use end_to_end::consent::Person;
use end_to_end::json::{list, number, text};
use end_to_end::site::CALLBACK;
use serde_json::json;

#[tokio::test]
async fn plugins_that_are_none_or_want_too_much_are_refused() {
    let stack = common::start().await;
    stack.site.sign_in_administrator().await.unwrap();
    let administrator = &stack.site.administrator;
    administrator
        .get("/api/plugins/no-such-plugin")
        .await
        .unwrap()
        .problem(404, "not-found")
        .unwrap();
    administrator
        .post("/api/plugins/no-such-plugin/enable", json!({}))
        .await
        .unwrap()
        .problem(404, "not-found")
        .unwrap();

    let file = stack.folder().join("upload.wasm");
    std::fs::write(&file, b"MZ this is no component").unwrap();
    stack
        .site
        .upload(&file)
        .await
        .unwrap()
        .problem(422, "not-a-component")
        .unwrap();
    std::fs::write(&file, wat::parse_str("(module)").unwrap()).unwrap();
    stack
        .site
        .upload(&file)
        .await
        .unwrap()
        .problem(422, "not-a-component")
        .unwrap();

    let greedy = r#"(component (import "wasi:sockets/instance-network@0.2.0" (instance (export "network" (type (sub resource))))))"#;
    std::fs::write(&file, wat::parse_str(greedy).unwrap()).unwrap();
    let problem = stack
        .site
        .upload(&file)
        .await
        .unwrap()
        .problem(422, "contract-mismatch")
        .unwrap();
    assert!(
        text(&problem, "/detail").unwrap().contains("wasi:sockets"),
        "the import is named: {problem}"
    );

    let id = stack.site.add_plugin().await.unwrap();
    administrator
        .post(&format!("/api/plugins/{id}/enable"), json!({}))
        .await
        .unwrap()
        .problem(409, "grants-required")
        .unwrap();
}

#[tokio::test]
async fn a_second_plugin_that_brings_mail_is_refused_in_words() {
    let stack = common::small().await;
    let mut twin = std::fs::read(&stack.site.component).unwrap();
    // The same component under another id of the same length.
    let (id, other) = (b"email-manager", b"other-manager");
    let places: Vec<usize> = twin
        .windows(id.len())
        .enumerate()
        .filter(|(_, window)| *window == id)
        .map(|(place, _)| place)
        .collect();
    for place in places {
        twin[place..place + id.len()].copy_from_slice(other);
    }
    let file = stack.folder().join("twin.wasm");
    std::fs::write(&file, twin).unwrap();
    let added = stack.site.upload(&file).await.unwrap().success().unwrap();
    let twin = text(&added, "/id").unwrap();
    assert_eq!(twin, "other-manager");
    stack.site.approve(twin).await.unwrap();
    let problem = stack
        .site
        .administrator
        .post(&format!("/api/plugins/{twin}/enable"), json!({}))
        .await
        .unwrap()
        .problem(409, "taken")
        .unwrap();
    assert!(
        text(&problem, "/detail").unwrap().contains("email-manager"),
        "it says who has the place: {problem}"
    );
    stack
        .site
        .administrator
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .success()
        .unwrap();
}

#[tokio::test]
async fn a_sign_in_that_goes_wrong_links_nothing() {
    let stack = common::small().await;
    let providers = &stack.site.providers;
    let member = stack.site.member("ann").await.unwrap();
    let nothing_linked = async || {
        let accounts = member
            .get("/api/mail/accounts")
            .await
            .unwrap()
            .success()
            .unwrap();
        assert!(list(&accounts, "/items").unwrap().is_empty(), "{accounts}");
    };
    for provider in ["google", "microsoft"] {
        let address = providers.address(provider).unwrap();
        let back = consent(&stack, &member, provider, &Person::unwilling(address)).await;
        come_back(&member, &back)
            .await
            .problem(400, "oauth-refused")
            .unwrap();
        nothing_linked().await;

        // The secret is wrong: the person can do nothing about it, an administrator can.
        stack
            .site
            .save_values(
                "email-manager",
                provider,
                json!({ "client_secret": "not-the-secret" }),
            )
            .await
            .unwrap();
        let back = consent(&stack, &member, provider, &Person::willing(address)).await;
        let problem = come_back(&member, &back)
            .await
            .problem(409, "administrator-action")
            .unwrap();
        assert!(!problem.to_string().contains("not-the-secret"), "{problem}");
        let open = stack.site.verify("email-manager", provider).await.unwrap();
        assert!(
            open.iter()
                .any(|step| step["outcome"] == "failed" && step["detail"] != ""),
            "verify setup says so too: {open:?}"
        );
        stack
            .site
            .save_settings("email-manager", provider)
            .await
            .unwrap();
        nothing_linked().await;
    }

    // With a scope for reading and one for sending, either can be left out.
    let address = providers.address("google").unwrap();
    stack
        .site
        .save_values("email-manager", "google", json!({ "access": "send" }))
        .await
        .unwrap();
    let person = Person::willing(address).without("gmail.readonly");
    let back = consent(&stack, &member, "google", &person).await;
    let problem = come_back(&member, &back)
        .await
        .problem(400, "oauth-refused")
        .unwrap();
    assert!(
        text(&problem, "/detail")
            .unwrap()
            .contains("gmail.readonly"),
        "the missing scope is named: {problem}"
    );
    nothing_linked().await;
    let person = Person::willing(address).without("gmail.compose");
    let back = consent(&stack, &member, "google", &person).await;
    come_back(&member, &back).await.success().unwrap();
    let accounts = member
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .success()
        .unwrap();
    let account = &list(&accounts, "/items").unwrap()[0];
    // Sending was asked for and not granted. Changing and deleting were not asked for, so linking again would not bring them.
    assert_eq!(account["missing_features"], json!(["send"]), "{account}");
    assert_eq!(account["features"], json!(["read"]), "{account}");
    member
        .delete(&format!(
            "/api/mail/accounts/{}",
            text(account, "/id").unwrap()
        ))
        .await
        .unwrap()
        .success()
        .unwrap();
    stack
        .site
        .save_values("email-manager", "google", json!({ "access": "full" }))
        .await
        .unwrap();

    let other = stack.site.member("bob").await.unwrap();
    let back = consent(&stack, &member, "google", &Person::willing(address)).await;
    come_back(&other, &back)
        .await
        .problem(400, "oauth-state")
        .unwrap();
    come_back(&member, &back).await.success().unwrap();
    come_back(&member, &back)
        .await
        .problem(400, "oauth-state")
        .unwrap();
    come_back(&member, &format!("{CALLBACK}?state=made-up&code=x"))
        .await
        .problem(400, "oauth-state")
        .unwrap();
    let accounts = member
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(list(&accounts, "/items").unwrap().len(), 1);
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_registered_is_found_by_verify_setup() {
    let stack = common::registered_as("http://127.0.0.1:9/elsewhere").await;
    let member = stack.site.member("ann").await.unwrap();
    for provider in ["google", "microsoft"] {
        let open = stack.site.verify("email-manager", provider).await.unwrap();
        let step = open
            .iter()
            .find(|step| step["outcome"] == "failed")
            .unwrap();
        assert!(
            text(step, "/detail").unwrap().contains(CALLBACK),
            "it says which address to register: {step}"
        );
        // The provider shows this to the person on its own page and sends nobody back.
        let begun = member
            .post("/api/mail/accounts", json!({ "provider": provider }))
            .await
            .unwrap()
            .success()
            .unwrap();
        let back = stack.host.base().join(CALLBACK).unwrap();
        let address = stack.site.providers.address(provider).unwrap();
        let visit = Person::willing(address)
            .visit(
                member.browser(),
                text(&begun, "/authorize_url").unwrap(),
                back.as_str(),
            )
            .await;
        assert!(visit.is_err(), "{visit:?}");
    }
}

#[tokio::test]
async fn an_account_that_can_no_longer_be_reached_says_why_and_until_when() {
    let mut stack = common::small().await;
    let member = stack.site.member("ann").await.unwrap();
    let google = link(&stack, &member, "google").await;
    stack
        .site
        .providers
        .happen("google", "revoke-grants", json!({}))
        .await
        .unwrap();
    stack
        .site
        .providers
        .happen("google", "expire-access-tokens", json!({}))
        .await
        .unwrap();
    member
        .post(&format!("/api/mail/accounts/{google}/sync"), json!({}))
        .await
        .unwrap()
        .success()
        .unwrap();
    let status = condition(&member, &google, "reconnect").await;
    assert!(!text(&status, "/detail").unwrap().is_empty());

    let other = stack.site.member("bob").await.unwrap();
    let microsoft = link(&stack, &other, "microsoft").await;
    let now = u64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis(),
    )
    .unwrap();
    stack.simulator.kill();
    other
        .post(&format!("/api/mail/accounts/{microsoft}/sync"), json!({}))
        .await
        .unwrap()
        .success()
        .unwrap();
    let status = condition(&other, &microsoft, "waiting").await;
    assert!(
        number(&status, "/until").unwrap() > now,
        "the time of the next try: {status}"
    );
    // What is here stays readable while the provider is away.
    let threads = other
        .get(&format!("/api/mail/threads?account={microsoft}"))
        .await
        .unwrap()
        .success()
        .unwrap();
    assert!(!list(&threads, "/items").unwrap().is_empty());
}

#[tokio::test]
async fn malformed_mail_is_kept_and_shown() {
    let stack = common::small().await;
    let member = stack.site.member("ann").await.unwrap();
    let mails = [
        "Subject: no end of header",
        "Subject: =?utf-8?B?broken\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%\r\n",
        "From: <<>>\r\nDate: yesterday\r\nSubject: odd\r\nContent-Type: text/html; charset=no-such\r\n\r\n<script>alert(1)</script><p onclick=x()>kept\u{0}text</p>",
    ];
    for provider in ["google", "microsoft"] {
        for mail in mails {
            stack.site.providers.deliver(provider, mail).await.unwrap();
        }
        let id = link(&stack, &member, provider).await;
        let expected = stack
            .site
            .providers
            .mailbox(provider)
            .await
            .unwrap()
            .messages
            .len();
        let account = member
            .get(&format!("/api/mail/accounts/{id}"))
            .await
            .unwrap()
            .success()
            .unwrap();
        assert_eq!(
            number(&account, "/status/local_count").unwrap() as usize,
            expected,
            "{account}"
        );
        let page = member
            .get(&format!("/api/mail/messages?account={id}&limit=10"))
            .await
            .unwrap()
            .success()
            .unwrap();
        for message in list(&page, "/items").unwrap() {
            let view = member
                .get(&format!(
                    "/api/mail/messages/{}/view",
                    text(message, "/id").unwrap()
                ))
                .await
                .unwrap();
            assert_eq!(view.status, 200, "{message}");
            let shown = String::from_utf8_lossy(&view.body);
            assert!(
                !shown.contains("<script") && !shown.contains("onclick"),
                "{shown}"
            );
            member
                .get(&format!(
                    "/api/mail/messages/{}/text",
                    text(message, "/id").unwrap()
                ))
                .await
                .unwrap()
                .success()
                .unwrap();
        }
        member
            .delete(&format!("/api/mail/accounts/{id}"))
            .await
            .unwrap()
            .success()
            .unwrap();
    }
}

#[tokio::test]
async fn somebody_elses_things_are_not_there_and_odd_bodies_are_explained() {
    let stack = common::small().await;
    let ann = stack.site.member("ann").await.unwrap();
    let bob = stack.site.member("bob").await.unwrap();
    let id = link(&stack, &ann, "google").await;
    let own = link(&stack, &bob, "microsoft").await;

    let stranger = ann.stranger().unwrap();
    stranger
        .get("/api/mail/accounts")
        .await
        .unwrap()
        .problem(401, "not-signed-in")
        .unwrap();
    ann.get("/api/users")
        .await
        .unwrap()
        .problem(403, "administrator-only")
        .unwrap();

    let threads = ann
        .get("/api/mail/threads?limit=1")
        .await
        .unwrap()
        .success()
        .unwrap();
    let thread = text(&threads, "/items/0/id").unwrap();
    let whole = ann
        .get(&format!("/api/mail/threads/{thread}"))
        .await
        .unwrap()
        .success()
        .unwrap();
    let message = text(&whole, "/messages/0/id").unwrap();
    for path in [
        format!("/api/mail/accounts/{id}"),
        format!("/api/mail/threads/{thread}"),
        format!("/api/mail/messages/{message}"),
        format!("/api/mail/messages/{message}/view"),
        format!("/api/mail/messages/{message}/raw"),
        format!("/api/mail/messages/{message}/attachments/0"),
    ] {
        for other in [&bob, &stack.site.administrator] {
            other
                .get(&path)
                .await
                .unwrap()
                .problem(404, "not-found")
                .unwrap_or_else(|error| panic!("{path}: {error:#}"));
        }
    }
    let act = json!({ "action": "trash", "messages": [message] });
    let answer = bob.post("/api/mail/actions", act).await.unwrap();
    let refused = answer.status == 404 || answer.json().unwrap()["messages"] == 0;
    assert!(refused, "somebody else's message was put into the trash");
    let marks = ann
        .get(&format!("/api/mail/messages/{message}"))
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(marks["folders"], whole["messages"][0]["folders"]);

    let upload = ann
        .send(reqwest::Method::POST, "/api/uploads", |request| {
            request.header("content-type", "text/plain").body("private")
        })
        .await
        .unwrap()
        .success()
        .unwrap();
    let draft = json!({ "account": own, "to": [{ "email": "grace@elsewhere.example" }], "subject": "x", "text": "x",
        "attachments": [{ "name": "x", "media_type": "text/plain", "upload": text(&upload, "/id").unwrap() }] });
    let sent = bob
        .send(reqwest::Method::POST, "/api/mail/send", |request| {
            request
                .header("idempotency-key", "k")
                .json(&json!({ "draft": draft }))
        })
        .await
        .unwrap();
    assert!(
        (400..500).contains(&sent.status),
        "somebody else's upload was taken: {}",
        sent.status
    );
    let kind = if sent.status == 404 {
        "not-found"
    } else {
        "invalid-field"
    };
    sent.problem(sent.status, kind).unwrap();
    ann.send(reqwest::Method::POST, "/api/mail/send", |request| {
        request.json(&json!({ "draft": draft }))
    })
    .await
    .unwrap()
    .problem(400, "idempotency-key-missing")
    .unwrap();

    let foreign = reqwest::header::HeaderMap::from_iter([(
        reqwest::header::ORIGIN,
        "https://evil.example".parse().unwrap(),
    )]);
    let broken = |body: &'static str| {
        ann.send(
            reqwest::Method::POST,
            "/api/mail/accounts",
            move |request| {
                request
                    .header("content-type", "application/json")
                    .body(body)
            },
        )
    };
    broken("{not json")
        .await
        .unwrap()
        .problem(400, "malformed-request")
        .unwrap();
    broken(r#"{"provider":7}"#)
        .await
        .unwrap()
        .problem(422, "invalid-field")
        .unwrap();
    ann.post("/api/mail/accounts", json!({ "provider": "yahoo" }))
        .await
        .unwrap()
        .problem(422, "invalid-field")
        .unwrap();
    ann.send(reqwest::Method::POST, "/api/mail/accounts", |request| {
        request.header("content-type", "text/plain").body("x")
    })
    .await
    .unwrap()
    .problem(415, "unsupported-media-type")
    .unwrap();
    ann.send(reqwest::Method::POST, "/api/mail/accounts", |request| {
        request
            .headers(foreign.clone())
            .json(&json!({ "provider": "google" }))
    })
    .await
    .unwrap()
    .problem(403, "cross-origin")
    .unwrap();
}
