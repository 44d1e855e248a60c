//! Changes to a Gmail mailbox have the effects and the history that the real service gives them (facts E 18 to 22, 24, 25).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use google_support::*;
use provider_sim::{Account, Backend, Change, Provider};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Kind and message of each record.
fn kinds(history: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for record in history["history"].as_array().into_iter().flatten() {
        for kind in [
            "messagesAdded",
            "messagesDeleted",
            "labelsAdded",
            "labelsRemoved",
        ] {
            for change in record[kind].as_array().into_iter().flatten() {
                found.push((kind.to_owned(), text(&change["message"]["id"])));
            }
        }
    }
    found
}

#[tokio::test]
async fn e18_history_ascends_with_gaps_filters_pages_and_forgets_after_a_week() {
    let mut world = world().await;
    let google = world.sim.google().clone();
    let start = world.history_id().await;
    let one = world.deliver(ADA, simple("one"));
    let two = world.deliver(ADA, simple("two"));
    google
        .change(
            ADA,
            &one,
            &Change {
                read: Some(true),
                ..Change::default()
            },
        )
        .unwrap();
    google
        .change(
            ADA,
            &two,
            &Change {
                starred: Some(true),
                ..Change::default()
            },
        )
        .unwrap();
    google.remove(ADA, &one).unwrap();

    let history = world.get(&format!("history?startHistoryId={start}")).await;
    let expected = [
        ("messagesAdded", &one),
        ("messagesAdded", &two),
        ("labelsRemoved", &one),
        ("labelsAdded", &two),
        ("messagesDeleted", &one),
    ];
    assert_eq!(
        kinds(&history),
        expected.map(|(kind, id)| (kind.to_owned(), id.clone()))
    );
    let records: Vec<u64> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| text(&r["id"]).parse().unwrap())
        .collect();
    assert!(records.is_sorted());
    assert!(records.windows(2).any(|pair| pair[1] - pair[0] > 1));
    assert_eq!(history["historyId"], records.last().unwrap().to_string());
    let first = &history["history"][0];
    assert_eq!(first["messages"][0]["id"], one.as_str());
    assert!(texts(&first["messagesAdded"][0]["message"]["labelIds"]).contains(&"INBOX".to_owned()));

    let only = world
        .get(&format!(
            "history?startHistoryId={start}&historyTypes=labelAdded&historyTypes=messageDeleted"
        ))
        .await;
    assert_eq!(kinds(&only).len(), 2);
    let starred = world
        .get(&format!("history?startHistoryId={start}&labelId=STARRED"))
        .await;
    assert_eq!(kinds(&starred), [("labelsAdded".to_owned(), two.clone())]);

    let mut paged = Vec::new();
    let mut page = String::new();
    loop {
        let part = world
            .get(&format!(
                "history?startHistoryId={start}&maxResults=2{page}"
            ))
            .await;
        assert_eq!(part["historyId"], history["historyId"]);
        paged.extend(kinds(&part));
        match part.get("nextPageToken") {
            Some(next) => page = format!("&pageToken={}", text(next)),
            None => break,
        }
    }
    assert_eq!(paged, kinds(&history));

    // From a record's own id: what came after it.
    let middle = world
        .get(&format!("history?startHistoryId={}", records[2]))
        .await;
    assert_eq!(kinds(&middle).len(), 2);

    for unknown in ["1", "99999999999"] {
        let (status, reason, _) = error(
            world
                .call(
                    Method::GET,
                    &format!("history?startHistoryId={unknown}"),
                    None,
                )
                .await,
        )
        .await;
        assert_eq!((status, reason.as_str()), (404, "notFound"));
    }
    assert_eq!(world.status("history").await, StatusCode::BAD_REQUEST);
    assert_eq!(
        world.status("history?startHistoryId=abc").await,
        StatusCode::BAD_REQUEST
    );
    world.advance(7 * DAY_MS);
    world.token = google.access_token(ADA, &[FULL]);
    assert_eq!(
        world
            .status(&format!("history?startHistoryId={start}"))
            .await,
        StatusCode::NOT_FOUND
    );
    let now = world.history_id().await;
    assert_eq!(
        world.status(&format!("history?startHistoryId={now}")).await,
        StatusCode::OK
    );
    google.expire_cursors(ADA).unwrap();
    assert_eq!(
        world.status(&format!("history?startHistoryId={now}")).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn e19_trash_is_a_label_change_and_deletion_is_for_ever() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    let start = world.history_id().await;
    let trashed = world.post(&format!("messages/{id}/trash"), json!({})).await;
    let labels = texts(&trashed["labelIds"]);
    assert!(labels.contains(&"TRASH".to_owned()) && !labels.contains(&"INBOX".to_owned()));
    let back = world
        .post(&format!("messages/{id}/untrash"), json!({}))
        .await;
    let labels = texts(&back["labelIds"]);
    assert!(!labels.contains(&"TRASH".to_owned()) && !labels.contains(&"INBOX".to_owned()));
    let gone = world
        .call(Method::DELETE, &format!("messages/{id}"), None)
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        world.status(&format!("messages/{id}")).await,
        StatusCode::NOT_FOUND
    );
    let history = world.get(&format!("history?startHistoryId={start}")).await;
    assert_eq!(
        kinds(&history)
            .into_iter()
            .map(|(kind, _)| kind)
            .collect::<Vec<_>>(),
        [
            "labelsAdded",
            "labelsRemoved",
            "labelsRemoved",
            "messagesDeleted"
        ]
    );
    let again = world
        .call(Method::DELETE, &format!("messages/{id}"), None)
        .await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn e20_a_draft_keeps_its_id_and_gets_a_new_message_with_each_update() {
    let world = world().await;
    let start = world.history_id().await;
    let draft = world
        .post(
            "drafts",
            json!({"message": message("To: bob@example.com\nSubject: plan\n\none")}),
        )
        .await;
    let id = text(&draft["id"]);
    let first = text(&draft["message"]["id"]);
    assert_eq!(draft["message"]["labelIds"], json!(["DRAFT"]));
    let body = json!({"message": message("To: bob@example.com\nSubject: plan\n\ntwo")});
    let updated = ok(world
        .call(Method::PUT, &format!("drafts/{id}"), Some(body))
        .await)
    .await;
    let second = text(&updated["message"]["id"]);
    assert_eq!(updated["id"], draft["id"]);
    assert_ne!(second, first);
    assert_eq!(updated["message"]["threadId"], draft["message"]["threadId"]);
    assert_eq!(
        world.status(&format!("messages/{first}")).await,
        StatusCode::NOT_FOUND
    );
    let history = world.get(&format!("history?startHistoryId={start}")).await;
    let pair = [
        ("messagesAdded", &first),
        ("messagesAdded", &second),
        ("messagesDeleted", &first),
    ];
    assert_eq!(
        kinds(&history),
        pair.map(|(kind, id)| (kind.to_owned(), id.clone()))
    );

    let listed = world.get("drafts").await;
    assert_eq!(ids(&listed, "drafts"), std::slice::from_ref(&id));
    assert_eq!(listed["drafts"][0]["message"]["id"], second.as_str());
    let got = world.get(&format!("drafts/{id}?format=raw")).await;
    assert!(unraw(&got["message"]["raw"]).ends_with("\r\n\r\ntwo"));

    let body = json!({"message": message("To: bob@example.com\nSubject: other plan\n\ntwo")});
    let moved = ok(world
        .call(Method::PUT, &format!("drafts/{id}"), Some(body))
        .await)
    .await;
    assert_ne!(moved["message"]["threadId"], draft["message"]["threadId"]);

    let sent = world.post("drafts/send", json!({"id": id})).await;
    assert_eq!(sent["labelIds"], json!(["SENT"]));
    assert_ne!(sent["id"], moved["message"]["id"]);
    assert_eq!(
        world.status(&format!("drafts/{id}")).await,
        StatusCode::NOT_FOUND
    );
    let twice = world
        .call(Method::POST, "drafts/send", Some(json!({"id": id})))
        .await;
    assert_eq!(twice.status(), StatusCode::NOT_FOUND);
    assert_eq!(world.sim.google().sent().len(), 1);

    let other = world
        .post(
            "drafts",
            json!({"message": message("Subject: nobody\n\nx")}),
        )
        .await;
    let other = text(&other["id"]);
    let nobody = world
        .call(Method::POST, "drafts/send", Some(json!({"id": other})))
        .await;
    assert_eq!(error(nobody).await.2, "Recipient address required");
    let gone = world
        .call(Method::DELETE, &format!("drafts/{other}"), None)
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.get("drafts").await, json!({"resultSizeEstimate": 0}));
}

#[tokio::test]
async fn e21_sending_replaces_the_message_id_and_threads_only_what_answers() {
    let world = world().await;
    let sent = world
        .post(
            "messages/send",
            message("To: bob@example.com\nFrom: somebody@else.example\nSubject: plan\nMessage-ID: <mine@here>\nX-Key: k-1\n\nhello"),
        )
        .await;
    assert_eq!(sent["labelIds"], json!(["SENT"]));
    let copy = world.get(&format!("messages/{}", text(&sent["id"]))).await;
    let message_id = header(&copy, "Message-ID").unwrap();
    assert!(message_id.ends_with("@mail.gmail.com>"), "{message_id}");
    assert_eq!(header(&copy, "X-Key").as_deref(), Some("k-1"));
    assert_eq!(
        header(&copy, "From").as_deref(),
        Some("Ada Lovelace <ada@example.com>")
    );
    assert!(header(&copy, "Date").is_some());
    let found = world
        .get(&format!(
            "messages?q=rfc822msgid:{}",
            message_id.trim_matches(['<', '>'])
        ))
        .await;
    assert_eq!(ids(&found, "messages"), [text(&sent["id"])]);

    let bob = world.sim.google().access_token(BOB, &[FULL]);
    let inbox = ok(world
        .call_as(&bob, Method::GET, "messages?labelIds=INBOX", None)
        .await)
    .await;
    let received = ids(&inbox, "messages");
    assert_eq!(received.len(), 1);
    let received = ok(world
        .call_as(
            &bob,
            Method::GET,
            &format!("messages/{}", received[0]),
            None,
        )
        .await)
    .await;
    assert_eq!(header(&received, "Message-ID"), Some(message_id.clone()));
    assert!(texts(&received["labelIds"]).contains(&"UNREAD".to_owned()));

    // Bob answers: it joins the thread in both mailboxes.
    let thread = text(&received["threadId"]);
    let mut answer = message(&format!(
        "To: ada@example.com\nSubject: Re: plan\nIn-Reply-To: {message_id}\nReferences: {message_id}\n\nyes"
    ));
    answer["threadId"] = json!(thread);
    let answered = ok(world
        .call_as(&bob, Method::POST, "messages/send", Some(answer))
        .await)
    .await;
    assert_eq!(answered["threadId"], thread.as_str());
    let own = world
        .get(&format!("threads/{}", text(&sent["threadId"])))
        .await;
    assert_eq!(own["messages"].as_array().unwrap().len(), 2);

    // Without references, with another subject, or without naming the thread, it does not.
    let thread = text(&sent["threadId"]);
    for (raw, named) in [
        (
            "To: bob@example.com\nSubject: Re: plan\n\nx".to_owned(),
            true,
        ),
        (
            format!("To: bob@example.com\nSubject: other\nIn-Reply-To: {message_id}\n\nx"),
            true,
        ),
        (
            format!("To: bob@example.com\nSubject: Re: plan\nIn-Reply-To: {message_id}\n\nx"),
            false,
        ),
    ] {
        let mut body = message(&raw);
        if named {
            body["threadId"] = json!(thread);
        }
        assert_ne!(
            world.post("messages/send", body).await["threadId"],
            thread.as_str(),
            "{raw}"
        );
    }
    let mut lost = message("To: bob@example.com\nSubject: x\n\nx");
    lost["threadId"] = json!("00000000deadbeef");
    let lost = world.call(Method::POST, "messages/send", Some(lost)).await;
    assert_eq!(lost.status(), StatusCode::NOT_FOUND);

    let to_self = world
        .post(
            "messages/send",
            message("To: ada@example.com, bob@example.com\nSubject: me\n\nx"),
        )
        .await;
    let labels = texts(&to_self["labelIds"]);
    assert!(
        ["SENT", "INBOX", "UNREAD"]
            .iter()
            .all(|label| labels.contains(&(*label).to_owned())),
        "{labels:?}"
    );
    let as_alias = world
        .post(
            "messages/send",
            message(
                "From: The Countess <countess@example.com>\nTo: bob@example.com\nSubject: a\n\nx",
            ),
        )
        .await;
    let copy = world
        .get(&format!("messages/{}", text(&as_alias["id"])))
        .await;
    assert_eq!(
        header(&copy, "From").as_deref(),
        Some("The Countess <countess@example.com>")
    );
    assert_eq!(
        world.get("settings/sendAs").await["sendAs"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn e22_recipients_do_not_see_bcc() {
    let clock = provider_sim::TestClock::default();
    let world = world_of(
        builder(&clock).account(Provider::Google, Account::new("eve@example.com", "Eve")),
        clock,
    )
    .await;
    let sent = world
        .post(
            "messages/send",
            message("To: bob@example.com\nBcc: eve@example.com\nSubject: quiet\n\nx"),
        )
        .await;
    let copy = world
        .get(&format!("messages/{}?format=raw", text(&sent["id"])))
        .await;
    assert!(unraw(&copy["raw"]).contains("Bcc: eve@example.com"));
    let google = world.sim.google();
    for to in [BOB, "eve@example.com"] {
        let state = Backend::mailbox(&**google, to).unwrap();
        assert_eq!(state.messages.len(), 1, "{to}");
        let raw = google.raw(to, &state.messages[0].id).unwrap();
        assert!(
            !String::from_utf8_lossy(&raw).contains("eve@example.com"),
            "{to}"
        );
    }
    assert_eq!(google.sent()[0].to, ["bob@example.com", "eve@example.com"]);
}

#[tokio::test]
async fn e24_batch_modify_takes_a_thousand_ids_and_ignores_unknown_ones() {
    let world = world().await;
    let one = world.deliver(ADA, simple("one"));
    let two = world.deliver(ADA, simple("two"));
    let body = json!({"ids": [one, "00000000deadbeef", two], "addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]});
    let answer = world
        .call(Method::POST, "messages/batchModify", Some(body))
        .await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        ids(&world.get("messages?labelIds=STARRED").await, "messages").len(),
        2
    );
    let many: Vec<String> = (0..1_001).map(|id| format!("{id:016x}")).collect();
    for path in ["messages/batchModify", "messages/batchDelete"] {
        let mut body = json!({"ids": many});
        if path.ends_with("Modify") {
            body["addLabelIds"] = json!(["STARRED"]);
        }
        let over = world.call(Method::POST, path, Some(body)).await;
        let (status, _, message) = error(over).await;
        assert_eq!(
            (status, message.as_str()),
            (400, "Number of ids cannot exceed 1000")
        );
    }
    let gone = world
        .call(
            Method::POST,
            "messages/batchDelete",
            Some(json!({"ids": [one, two]})),
        )
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.get("profile").await["messagesTotal"], 0);
}

#[tokio::test]
async fn e25_sent_and_draft_cannot_be_changed_and_label_names_are_unique() {
    let world = world().await;
    let id = world.deliver(ADA, simple("one"));
    for label in ["SENT", "DRAFT"] {
        for what in ["addLabelIds", "removeLabelIds"] {
            let refused = world
                .call(
                    Method::POST,
                    &format!("messages/{id}/modify"),
                    Some(json!({what: [label]})),
                )
                .await;
            let (status, _, message) = error(refused).await;
            assert_eq!((status, message), (400, format!("Invalid label: {label}")));
        }
    }
    let made = world.post("labels", json!({"name": "Work/Urgent"})).await;
    let label = text(&made["id"]);
    assert!(label.starts_with("Label_"));
    assert_eq!(made["type"], "user");
    let twice = world
        .call(Method::POST, "labels", Some(json!({"name": "work/urgent"})))
        .await;
    assert_eq!(
        error(twice).await,
        (
            409,
            "aborted".to_owned(),
            "Label name exists or conflicts".to_owned()
        )
    );
    for bad in ["INBOX", "", "a//b", "Trash"] {
        let refused = world
            .call(Method::POST, "labels", Some(json!({"name": bad})))
            .await;
        assert_eq!(error(refused).await.2, "Invalid label name", "{bad}");
    }
    world
        .post(
            &format!("threads/{id}/modify"),
            json!({"addLabelIds": [label]}),
        )
        .await;
    let counted = world.get(&format!("labels/{label}")).await;
    assert_eq!(
        (&counted["messagesTotal"], &counted["threadsUnread"]),
        (&json!(1), &json!(1))
    );
    let renamed = ok(world
        .call(
            Method::PATCH,
            &format!("labels/{label}"),
            Some(json!({"name": "Later"})),
        )
        .await)
    .await;
    assert_eq!(renamed["name"], "Later");
    let start = world.history_id().await;
    let gone = world
        .call(Method::DELETE, &format!("labels/{label}"), None)
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        kinds(&world.get(&format!("history?startHistoryId={start}")).await),
        [("labelsRemoved".to_owned(), id)]
    );
    assert_eq!(
        world.status(&format!("labels/{label}")).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        world
            .call(Method::DELETE, "labels/INBOX", None)
            .await
            .status(),
        StatusCode::BAD_REQUEST
    );
}
