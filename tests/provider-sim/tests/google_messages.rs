//! Gmail messages are shown, listed and searched as the real service does it (facts E 13 to 17).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use google_support::*;
use provider_sim::corpus::{Corpus, Oddity, Person};
use provider_sim::{Account, Backend, Change, Deliver, Limits, Provider, TestClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Bytes whose base64 has both characters in which the two alphabets differ.
const FILE: &[u8] = &[0xfb, 0xff, 0xfe, 0x00, 0x3e, 0x3f, 0xff];

fn tree() -> String {
    format!(
        "From: =?utf-8?B?0JDQtNCw?= <carol@elsewhere.example>\r\nTo: {ADA}\r\nsUBJECT: =?iso-8859-1?Q?Caf=E9?=\r\n\
         Message-ID: <tree@elsewhere.example>\r\nX-Twice: one\r\nX-Twice: two\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n\
         Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n\
         Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Caf=E9 & <more> 'x'?\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Caf\u{e9}</p>\r\n--inner--\r\n\
         --outer\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"f.bin\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n\
         Subject: within\r\nFrom: dave@elsewhere.example\r\n\r\nNested text\r\n--outer--\r\n",
        STANDARD.encode(FILE)
    )
}

#[tokio::test]
async fn e13_64_bit_numbers_are_strings_and_what_is_empty_is_left_out() {
    let world = world().await;
    assert_eq!(
        world.get("messages").await,
        json!({"resultSizeEstimate": 0})
    );
    assert_eq!(world.get("threads").await, json!({"resultSizeEstimate": 0}));
    assert_eq!(world.get("drafts").await, json!({"resultSizeEstimate": 0}));
    let id = world.deliver(ADA, simple("one"));
    let message = world.get(&format!("messages/{id}")).await;
    assert!(message["historyId"].is_string());
    assert_eq!(message["internalDate"], "1790841600000");
    assert!(message["sizeEstimate"].is_u64());
    let labels = ["UNREAD", "INBOX", "CATEGORY_PERSONAL"].map(str::to_owned);
    for label in labels {
        world
            .post(
                &format!("messages/{id}/modify"),
                json!({"removeLabelIds": [label]}),
            )
            .await;
    }
    let bare = world.get(&format!("messages/{id}?format=minimal")).await;
    assert_eq!(bare.get("labelIds"), None);
    assert_eq!(bare["id"], bare["threadId"]);
    assert_eq!(id.len(), 16);
    let labels = world.get("labels").await;
    assert!(
        labels["labels"]
            .as_array()
            .unwrap()
            .iter()
            .all(|label| label.get("messagesTotal").is_none())
    );
    let quiet = world
        .get(&format!(
            "history?startHistoryId={}",
            world.history_id().await
        ))
        .await;
    assert_eq!(quiet.get("history"), None);
    assert!(quiet["historyId"].is_string());
}

#[tokio::test]
async fn e14_a_message_has_four_formats_and_a_tree_of_parts() {
    let world = world().await;
    let raw = tree();
    let id = world.deliver(ADA, raw.clone());
    let path = format!("messages/{id}");

    let full = world.get(&path).await;
    let payload = &full["payload"];
    assert_eq!(payload["partId"], "");
    assert_eq!(payload["mimeType"], "multipart/mixed");
    assert_eq!(header(&full, "subject").as_deref(), Some("Caf\u{e9}"));
    assert_eq!(
        header(&full, "From").as_deref(),
        Some("\u{410}\u{434}\u{430} <carol@elsewhere.example>")
    );
    let names: Vec<String> = payload["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| text(&h["name"]))
        .collect();
    assert!(names.contains(&"sUBJECT".to_owned()), "{names:?}");
    assert_eq!(names.iter().filter(|name| *name == "X-Twice").count(), 2);
    assert_eq!(full["snippet"], "Caf\u{e9} &amp; &lt;more&gt; &#39;x&#39;?");

    let parts = payload["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 3);
    let plain = &parts[0]["parts"][0];
    assert_eq!(plain["partId"], "0.0");
    // Text comes as UTF-8, whatever charset its header says.
    assert_eq!(unraw(&plain["body"]["data"]), "Caf\u{e9} & <more> 'x'?");
    assert!(text(&plain["headers"][0]["value"]).contains("iso-8859-1"));
    assert_eq!(parts[1]["partId"], "1");
    assert_eq!(parts[1]["filename"], "f.bin");
    assert_eq!(parts[1]["body"]["size"], FILE.len());
    assert_eq!(parts[1]["body"].get("data"), None);
    assert_eq!(parts[2]["mimeType"], "message/rfc822");
    assert_eq!(parts[2]["parts"][0]["partId"], "2.0");
    assert_eq!(
        unraw(&parts[2]["parts"][0]["body"]["data"]).trim_end(),
        "Nested text"
    );

    let attachment = text(&parts[1]["body"]["attachmentId"]);
    let file = world.get(&format!("{path}/attachments/{attachment}")).await;
    // base64url with padding.
    assert_eq!(file["data"], URL_SAFE.encode(FILE));
    assert!(text(&file["data"]).contains(['-', '_']));
    assert!(text(&file["data"]).ends_with('='));
    let nested = text(&parts[2]["body"]["attachmentId"]);
    let nested = world.get(&format!("{path}/attachments/{nested}")).await;
    assert!(unraw(&nested["data"]).starts_with("Subject: within\r\n"));

    let minimal = world.get(&format!("{path}?format=minimal")).await;
    assert_eq!(minimal.get("payload"), None);
    let metadata = world
        .get(&format!(
            "{path}?format=metadata&metadataHeaders=X-TWICE&metadataHeaders=subject"
        ))
        .await;
    assert_eq!(metadata["payload"]["headers"].as_array().unwrap().len(), 3);
    assert_eq!(metadata["payload"].get("parts"), None);
    let whole = world.get(&format!("{path}?format=raw")).await;
    assert_eq!(unraw(&whole["raw"]), raw);
    assert_eq!(whole.get("payload"), None);
    assert_eq!(
        world.status(&format!("{path}?format=nonsense")).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world.status(&format!("threads/{id}?format=raw")).await,
        StatusCode::BAD_REQUEST
    );

    let masked = world
        .get(&format!("{path}?fields=id,payload(mimeType,parts/partId)"))
        .await;
    assert_eq!(
        masked,
        json!({"id": id, "payload": {"mimeType": "multipart/mixed", "parts": [{"partId": "0"}, {"partId": "1"}, {"partId": "2"}]}})
    );
}

#[tokio::test]
async fn e14_odd_mail_is_shown_too() {
    let world = world().await;
    let owner = Person::new("Ada Lovelace", ADA);
    for oddity in Oddity::ALL {
        let raw = Corpus::oddity(*oddity, &owner, 1_790_841_600_000, 7).raw();
        let id = world.deliver(ADA, raw.clone());
        let full = world.get(&format!("messages/{id}")).await;
        assert!(full["payload"]["mimeType"].is_string(), "{oddity:?}");
        let whole = world.get(&format!("messages/{id}?format=raw")).await;
        assert!(
            URL_SAFE.decode(text(&whole["raw"])).unwrap() == raw,
            "{oddity:?}"
        );
        let metadata = world.get(&format!("messages/{id}?format=metadata")).await;
        assert_eq!(metadata["snippet"], full["snippet"], "{oddity:?}");
    }
}

#[tokio::test]
async fn e15_attachment_ids_change_at_each_call_and_belong_to_their_message() {
    let world = world().await;
    let id = world.deliver(ADA, tree());
    let other = world.deliver(ADA, tree());
    let attachment =
        |message: &Value| text(&message["payload"]["parts"][1]["body"]["attachmentId"]);
    let first = attachment(&world.get(&format!("messages/{id}")).await);
    let second = attachment(&world.get(&format!("messages/{id}")).await);
    assert_ne!(first, second);
    let a = world
        .get(&format!("messages/{id}/attachments/{first}"))
        .await;
    let b = world
        .get(&format!("messages/{id}/attachments/{second}"))
        .await;
    assert_eq!(a, b);
    for wrong in [
        format!("messages/{other}/attachments/{first}"),
        format!("messages/{id}/attachments/x{first}"),
    ] {
        assert_eq!(world.status(&wrong).await, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn e16_labels_filter_together_queries_search_and_spam_and_trash_stay_out() {
    let world = world().await;
    let google = world.sim.google();
    let one = world.deliver(ADA, simple("apples"));
    let two = world.deliver(ADA, simple("pears"));
    let spam = google
        .deliver(
            ADA,
            &Deliver {
                folder: Some("spam".to_owned()),
                ..Deliver::new(simple("prize"))
            },
        )
        .unwrap();
    let trash = google
        .deliver(
            ADA,
            &Deliver {
                folder: Some("trash".to_owned()),
                ..Deliver::new(simple("rubbish"))
            },
        )
        .unwrap();
    google
        .change(
            ADA,
            &one,
            &Change {
                starred: Some(true),
                read: Some(true),
                ..Change::default()
            },
        )
        .unwrap();
    let list = async |query: &str| ids(&world.get(&format!("messages?{query}")).await, "messages");
    assert_eq!(list("").await, [two.clone(), one.clone()]);
    assert_eq!(
        list("labelIds=INBOX&labelIds=STARRED").await,
        std::slice::from_ref(&one)
    );
    assert_eq!(list("labelIds=UNREAD").await, std::slice::from_ref(&two));
    assert_eq!(list("labelIds=TRASH").await, std::slice::from_ref(&trash));
    assert_eq!(list("includeSpamTrash=true").await.len(), 4);
    assert_eq!(list("q=in:anywhere").await.len(), 4);
    assert_eq!(list("q=in:spam").await, [spam]);
    assert_eq!(list("q=is:starred").await, std::slice::from_ref(&one));
    assert_eq!(
        list("q=subject:pears+from:carol").await,
        std::slice::from_ref(&two)
    );
    assert_eq!(
        list("q=%22text+of+apples%22").await,
        std::slice::from_ref(&one)
    );
    assert_eq!(
        list("q=rfc822msgid:pears@elsewhere.example").await,
        std::slice::from_ref(&two)
    );
    assert_eq!(list("q=rubbish").await, Vec::<String>::new());
    assert_eq!(
        world.status("messages?labelIds=Label_99").await,
        StatusCode::BAD_REQUEST
    );
    let threads = world.get("threads?q=pears").await;
    assert_eq!(ids(&threads, "threads"), [two]);
}

#[tokio::test]
async fn e16_search_lags_behind_sending_and_lists_by_label_do_not() {
    let world = world().await;
    world.sim.set_limits(Limits {
        google_search_lag_ms: 5_000,
        ..Limits::none()
    });
    let sent = world
        .post(
            "messages/send",
            message("To: bob@example.com\nSubject: quick\n\nx"),
        )
        .await;
    let sent = [text(&sent["id"])];
    let found = world.get("messages?q=subject:quick").await;
    assert_eq!(found, json!({"resultSizeEstimate": 0}));
    let listed = world.get("messages?labelIds=SENT").await;
    assert_eq!(ids(&listed, "messages"), sent);
    world.advance(5_000);
    let found = world.get("messages?q=subject:quick").await;
    assert_eq!(ids(&found, "messages"), sent);
}

#[tokio::test]
async fn e17_pages_hold_500_at_most_and_foreign_tokens_are_refused() {
    let clock = TestClock::default();
    let many = Account::new("many@example.com", "Many")
        .with_messages(700)
        .with_profile(provider_sim::corpus::Profile::Small);
    let mut world = world_of(builder(&clock).account(Provider::Google, many), clock).await;
    world.token = world.sim.google().access_token("many@example.com", &[FULL]);

    let first = world
        .get("messages?maxResults=900&includeSpamTrash=true")
        .await;
    assert_eq!(ids(&first, "messages").len(), 500);
    let token = text(&first["nextPageToken"]);
    let second = world
        .get(&format!(
            "messages?maxResults=900&includeSpamTrash=true&pageToken={token}"
        ))
        .await;
    assert_eq!(second.get("nextPageToken"), None);
    let mut all = ids(&first, "messages");
    all.extend(ids(&second, "messages"));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 700);
    assert_eq!(
        ids(
            &world.get("messages?includeSpamTrash=true").await,
            "messages"
        )
        .len(),
        100
    );

    // Threads, one by one, and none twice.
    let mut seen = Vec::new();
    let mut page = String::new();
    loop {
        let list = world
            .get(&format!(
                "threads?maxResults=37&includeSpamTrash=true{page}"
            ))
            .await;
        seen.extend(ids(&list, "threads"));
        match list.get("nextPageToken") {
            Some(next) => page = format!("&pageToken={}", text(next)),
            None => break,
        }
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
    assert_eq!(world.get("profile").await["threadsTotal"], count);

    for bad in [
        format!("messages?pageToken={token}"),
        format!("messages?includeSpamTrash=true&q=is:unread&pageToken={token}"),
        "messages?pageToken=nonsense".to_owned(),
    ] {
        let (status, reason, _) = error(world.call(Method::GET, &bad, None).await).await;
        assert_eq!((status, reason.as_str()), (400, "invalidArgument"), "{bad}");
    }
    assert_eq!(
        world.status("messages?maxResults=0").await,
        StatusCode::BAD_REQUEST
    );
    world
        .sim
        .google()
        .expire_cursors("many@example.com")
        .unwrap();
    let stale = format!("messages?includeSpamTrash=true&pageToken={token}");
    assert_eq!(world.status(&stale).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn e17_what_is_malformed_unknown_or_somebody_elses_is_told_apart() {
    let world = world().await;
    let (status, _, message) = error(world.call(Method::GET, "messages/not-hex", None).await).await;
    assert_eq!((status, message.as_str()), (400, "Invalid id value"));
    let (status, reason, message) = error(
        world
            .call(Method::GET, "messages/00000000deadbeef", None)
            .await,
    )
    .await;
    assert_eq!(
        (status, reason.as_str(), message.as_str()),
        (404, "notFound", "Requested entity was not found.")
    );
    let foreign = world
        .http
        .get(world.url("/gmail/v1/users/bob%40example.com/profile"))
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    assert_eq!(
        error(foreign).await.2,
        "Delegation denied for bob@example.com"
    );
    let own = world
        .http
        .get(world.url("/gmail/v1/users/ada%40example.com/profile"))
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    assert_eq!(
        world.status("messages?labelids=INBOX").await,
        StatusCode::BAD_REQUEST
    );
    let wrong = world
        .call(Method::POST, "messages/send", Some(json!({"Raw": "x"})))
        .await;
    let (status, _, message) = error(wrong).await;
    assert_eq!(status, 400);
    assert!(message.contains("Unknown name \"Raw\""), "{message}");
}
