//! Folders and messages are listed, found and read as Graph gives them: ids, pages, filters, bodies, attachments, shared mailboxes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod microsoft_support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microsoft_support::*;
use provider_sim::corpus::{Corpus, Oddity, landmark};
use provider_sim::{Backend, Deliver, Provider};
use serde_json::json;

#[tokio::test]
async fn every_message_can_be_listed_and_read() {
    let w = World::new(150).await;
    let (all, _) = w.follow("/me/messages?$top=40", &[]).await;
    assert_eq!(all.len(), 150);
    let dates: Vec<&str> = all
        .iter()
        .map(|m| m["receivedDateTime"].as_str().unwrap())
        .collect();
    assert!(dates.is_sorted_by(|a, b| a >= b));
    for message in &all {
        let id = message["id"].as_str().unwrap();
        let one = w
            .get(&format!("/me/messages/{id}?$expand=attachments"))
            .await
            .is(200);
        assert_eq!(one.json["subject"], message["subject"]);
        let raw = w.get(&format!("/me/messages/{id}/$value")).await.is(200);
        assert!(!raw.text.is_empty());
    }
}

#[tokio::test]
async fn the_documented_message_is_whole() {
    let w = World::new(60).await;
    let filter = format!("internetMessageId eq '{}'", landmark::MIXED_ID);
    let found = w
        .get(&format!(
            "/me/messages?$filter={}",
            url::form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>()
        ))
        .await
        .is(200);
    let message = &found.values()[0];
    let body = message["body"]["content"].as_str().unwrap();
    for phrase in [landmark::CYRILLIC, landmark::CHINESE, landmark::ACCENTED] {
        assert!(body.contains(phrase), "{phrase}");
    }
    assert_eq!(message["body"]["contentType"], "html");
    assert_eq!(message["hasAttachments"], true);
    let id = message["id"].as_str().unwrap();
    let files = w
        .get(&format!("/me/messages/{id}/attachments"))
        .await
        .is(200);
    let file = |name: &str| {
        files
            .values()
            .iter()
            .find(|a| a["name"] == name)
            .unwrap()
            .clone()
    };
    let pdf = file(landmark::ATTACHMENT_NAME);
    assert_eq!(
        STANDARD
            .decode(pdf["contentBytes"].as_str().unwrap())
            .unwrap(),
        landmark::attachment()
    );
    assert_eq!(pdf["isInline"], false);
    let image = file(landmark::IMAGE_NAME);
    assert_eq!(image["isInline"], true);
    assert_eq!(image["contentId"], landmark::IMAGE_CID);
    let raw = w
        .http
        .get(w.url(&format!(
            "/me/messages/{id}/attachments/{}/$value",
            image["id"].as_str().unwrap()
        )))
        .bearer_auth(&w.token)
        .send()
        .await
        .unwrap();
    assert_eq!(raw.bytes().await.unwrap(), landmark::image());
    let conversation = message["conversationId"].as_str().unwrap();
    let filter = format!("conversationId eq '{conversation}'");
    let thread = w
        .get(&format!(
            "/me/messages?$filter={}",
            url::form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>()
        ))
        .await
        .is(200);
    assert_eq!(thread.values().len(), 3);
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn e30_ids_change_with_a_move_unless_they_are_immutable() {
    let w = World::new(0).await;
    w.arrives("One");
    let inbox = w.get("/me/mailFolders/inbox/messages").await.is(200);
    assert!(!inbox.headers.contains_key("preference-applied"));
    let old = inbox.values()[0]["id"].as_str().unwrap().to_owned();
    let moved = w
        .post(
            &format!("/me/messages/{old}/move"),
            json!({"destinationId": "Archive"}),
        )
        .await
        .is(201);
    assert_ne!(moved.id(), old);
    let gone = w.get(&format!("/me/messages/{old}")).await.is(404);
    assert_eq!(gone.code(), "ErrorItemNotFound");
    assert_eq!(
        w.get("/me/messages/nonsense").await.is(400).code(),
        "ErrorInvalidIdMalformed"
    );

    let listed = w.get_with("/me/messages", &[IMMUTABLE]).await.is(200);
    assert_eq!(
        listed.headers["preference-applied"],
        "IdType=\"ImmutableId\""
    );
    let stable = listed.values()[0]["id"].as_str().unwrap().to_owned();
    let moved = w
        .post_with(
            &format!("/me/messages/{stable}/move"),
            json!({"destinationId": "inbox"}),
            &[IMMUTABLE],
        )
        .await
        .is(201);
    assert_eq!(moved.id(), stable);
    w.get_with(&format!("/me/messages/{stable}"), &[IMMUTABLE])
        .await
        .is(200);
    let translated = w
        .post(
            "/me/translateExchangeIds",
            json!({"inputIds": [stable], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}),
        )
        .await
        .is(200);
    w.get(&format!(
        "/me/messages/{}",
        translated.values()[0]["targetId"].as_str().unwrap()
    ))
    .await
    .is(200);
}

#[tokio::test]
async fn e31_pages_have_ten_items_and_an_opaque_link() {
    let w = World::new(25).await;
    let page = w.get("/me/messages").await.is(200);
    assert_eq!(page.values().len(), 10);
    let link = page.json["@odata.nextLink"].as_str().unwrap();
    assert!(
        link.starts_with(&w.base) && link.contains("$skiptoken="),
        "{link}"
    );
    let (all, _) = w
        .follow("/me/messages?%24top=7&$select=subject,isRead", &[])
        .await;
    assert_eq!(all.len(), 25);
    assert_eq!(
        all[0]
            .as_object()
            .unwrap()
            .keys()
            .filter(|k| !k.starts_with('@'))
            .count(),
        3,
        "{}",
        all[0]
    );
    let skipped = w
        .get("/me/messages?$skip=20&$top=1000&$count=true")
        .await
        .is(200);
    assert_eq!(skipped.values().len(), 5);
    assert_eq!(skipped.json["@odata.count"], 25);
    let sized = w
        .get_with("/me/messages?$top=50", &[("Prefer", "odata.maxpagesize=3")])
        .await
        .is(200);
    assert_eq!(sized.values().len(), 3);
    w.get("/me/messages?$top=many").await.is(400);
}

#[tokio::test]
async fn e32_filters_and_searches_that_exchange_refuses() {
    let w = World::new(60).await;
    let refused = w
        .get("/me/messages?$filter=isRead eq false&$orderby=receivedDateTime desc")
        .await
        .is(400);
    assert_eq!(refused.code(), "InefficientFilter");
    let good = "receivedDateTime ge 2026-01-01T00:00:00Z and isRead eq false";
    let (unread, _) = w
        .follow(
            &format!(
                "/me/messages?$filter={}&$orderby=receivedDateTime desc",
                encoded(good)
            ),
            &[],
        )
        .await;
    assert!(!unread.is_empty() && unread.iter().all(|m| m["isRead"] == false));
    let both = w
        .get("/me/messages?$search=\"quokkaphone\"&$filter=isRead eq true")
        .await
        .is(400);
    assert_eq!(both.code(), "SearchWithFilter");
    let ordered = w
        .get("/me/messages?$search=\"quokkaphone\"&$orderby=receivedDateTime")
        .await
        .is(400);
    assert_eq!(ordered.code(), "SearchWithOrderBy");
    let found = w.get("/me/messages?$search=\"quokkaphone\"").await.is(200);
    assert_eq!(found.values().len(), 1);
    let from = w
        .get("/me/messages?$search=\"from:maria subject:Шанхай\"")
        .await
        .is(200);
    assert_eq!(from.values().len(), 2);
    w.get("/me/messages?$filter=isRead equals false")
        .await
        .is(400);
}

#[tokio::test]
async fn e44_folders_are_found_by_well_known_name_in_any_language() {
    let w = World::build(200, |mut account| {
        account.locale = Some("de-DE".to_owned());
        account
    })
    .await;
    let inbox = w.get("/me/mailFolders/Inbox").await.is(200);
    assert_eq!(inbox.json["displayName"], "Posteingang");
    assert_eq!(
        w.get("/me/mailFolders('SentItems')").await.is(200).json["displayName"],
        "Gesendete Elemente"
    );
    let (top, _) = w.follow("/me/mailFolders", &[]).await;
    assert!(top.iter().all(|f| f["isHidden"] == false));
    assert!(
        top.iter()
            .any(|f| f["@odata.type"] == "#microsoft.graph.mailSearchFolder")
    );
    assert_eq!(w.get("/me/mailFolders").await.values().len(), 10);
    let (hidden, _) = w
        .follow("/me/mailFolders?includeHiddenFolders=true&$top=100", &[])
        .await;
    assert!(hidden.len() > top.len());
    let projects = w
        .post("/me/mailFolders", json!({"displayName": "Ablage"}))
        .await
        .is(201);
    let child = w
        .post(
            &format!("/me/mailFolders/{}/childFolders", projects.id()),
            json!({"displayName": "2026"}),
        )
        .await
        .is(201);
    assert_eq!(child.json["parentFolderId"], projects.json["id"]);
    let twice = w
        .post("/me/mailFolders", json!({"displayName": "ablage"}))
        .await
        .is(409);
    assert_eq!(twice.code(), "ErrorFolderExists");
    let parent = w
        .get(&format!("/me/mailFolders/{}", projects.id()))
        .await
        .is(200);
    assert_eq!(parent.json["childFolderCount"], 1);
    let (children, _) = w
        .follow(
            &format!("/me/mailFolders/{}/childFolders", projects.id()),
            &[],
        )
        .await;
    assert_eq!(children.len(), 1);
    w.delete("/me/mailFolders/inbox").await.is(403);

    let (folders, delta) = w.follow("/me/mailFolders/delta", &[]).await;
    assert!(folders.iter().any(|f| f["displayName"] == "2026"));
    w.delete(&format!("/me/mailFolders/{}", child.id()))
        .await
        .is(204);
    let (changes, _) = w.follow(&delta.unwrap(), &[]).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["@removed"]["reason"], "deleted");
    w.get(&format!("/me/mailFolders/{}", child.id()))
        .await
        .is(404);
}

#[tokio::test]
async fn e45_invitations_attached_messages_and_links() {
    let w = World::new(400).await;
    let (all, _) = w.follow("/me/messages?$top=200", &[]).await;
    let invitation = all
        .iter()
        .find(|m| m["@odata.type"] == "#microsoft.graph.eventMessageRequest")
        .unwrap();
    assert_eq!(invitation["meetingMessageType"], "meetingRequest");
    assert!(invitation["startDateTime"]["dateTime"].is_string());

    let nested = all
        .iter()
        .find(|m| m["subject"].as_str().unwrap().ends_with("(NestedMessage)"))
        .unwrap();
    let id = nested["id"].as_str().unwrap();
    let files = w
        .get(&format!("/me/messages/{id}/attachments"))
        .await
        .is(200);
    let item = &files.values()[0];
    assert_eq!(item["@odata.type"], "#microsoft.graph.itemAttachment");
    assert_eq!(item["name"], "Middle");
    assert!(item.get("contentBytes").is_none() && item.get("item").is_none());
    let path = format!(
        "/me/messages/{id}/attachments/{}",
        item["id"].as_str().unwrap()
    );
    let expanded = w
        .get(&format!(
            "{path}?$expand=microsoft.graph.itemattachment/item"
        ))
        .await
        .is(200);
    assert_eq!(expanded.json["item"]["subject"], "Middle");
    let raw = w.get(&format!("{path}/$value")).await.is(200);
    assert!(raw.text.contains("Subject: Middle"), "{}", raw.text);

    let draft = w
        .post("/me/messages", message_to("x@example.org", "Link"))
        .await
        .is(201);
    let link = w
        .post(
            &format!("/me/messages/{}/attachments", draft.id()),
            json!({"@odata.type": "#microsoft.graph.referenceAttachment", "name": "Plan.docx"}),
        )
        .await
        .is(201);
    let path = format!("/me/messages/{}/attachments/{}", draft.id(), link.id());
    assert_eq!(
        w.get(&path).await.is(200).json["@odata.type"],
        "#microsoft.graph.referenceAttachment"
    );
    w.get(&format!("{path}/$value")).await.is(405);
}

#[tokio::test]
async fn e46_shared_mailboxes_need_rights_and_scopes() {
    let w = World::new(0).await;
    w.sim
        .backend(Provider::Microsoft)
        .deliver(
            SHARED,
            &Deliver::new(
                "From: a@example.org\r\nTo: team@contoso.example\r\nSubject: For all\r\n\r\nHi\r\n",
            ),
        )
        .unwrap();
    let list = format!("/users/{SHARED}/mailFolders/inbox/messages");
    assert_eq!(w.get(&list).await.is(403).code(), "ErrorAccessDenied");
    let token = w.sim.microsoft().access_token(
        ME,
        "app",
        &[
            "Mail.ReadWrite",
            "Mail.Send",
            "Mail.ReadWrite.Shared",
            "Mail.Send.Shared",
        ],
    );
    let ask = |path: &str| w.http.get(w.url(path)).bearer_auth(&token);
    let page = read(ask(&list)).await.is(200);
    assert_eq!(page.values()[0]["subject"], "For all");
    assert_eq!(
        read(ask(&format!("/users/{PERSONAL}/messages")))
            .await
            .is(403)
            .code(),
        "ErrorAccessDenied"
    );
    assert_eq!(
        read(ask("/users/nobody@contoso.example/messages"))
            .await
            .is(404)
            .code(),
        "ErrorInvalidUser"
    );
    read(ask("/users/nora%40contoso.example/messages"))
        .await
        .is(200);

    let mut mail = message_to("out@example.org", "As the team");
    mail["from"] = json!({"emailAddress": {"address": SHARED}});
    let send = |token: &str| {
        w.http
            .post(w.url("/me/sendMail"))
            .bearer_auth(token)
            .json(&json!({"message": mail}))
    };
    assert_eq!(
        read(send(&w.token)).await.is(403).code(),
        "ErrorSendAsDenied"
    );
    read(send(&token)).await.is(202);
    let sent = w.sim.microsoft().sent();
    let raw = String::from_utf8_lossy(&sent[0].raw).into_owned();
    assert!(
        raw.contains(&format!("From: {SHARED}")) && raw.contains("Sender: \"Nora Berg\""),
        "{raw}"
    );
    mail["from"] = json!({"emailAddress": {"address": "boss@contoso.example"}});
    let foreign = w
        .http
        .post(w.url("/me/sendMail"))
        .bearer_auth(&token)
        .json(&json!({"message": mail}));
    assert_eq!(read(foreign).await.is(403).code(), "ErrorSendAsDenied");
}

#[tokio::test]
async fn bodies_come_cleaned_as_html_or_as_text() {
    let w = World::new(0).await;
    let owner = provider_sim::corpus::Person::new("Nora", ME);
    let item = Corpus::oddity(Oddity::HostileHtml, &owner, 1_790_000_000_000, 3);
    w.sim
        .backend(Provider::Microsoft)
        .deliver(ME, &Deliver::new(item.raw()))
        .unwrap();
    let html = w
        .get("/me/messages?$select=body,uniqueBody,internetMessageHeaders")
        .await
        .is(200);
    let body = html.values()[0]["body"]["content"]
        .as_str()
        .unwrap()
        .to_lowercase();
    for gone in [
        "<script",
        "onerror",
        "onload",
        "javascript:",
        "<iframe",
        "<form",
    ] {
        assert!(!body.contains(gone), "{gone} in {body}");
    }
    assert!(body.contains("only this line is harmless"));
    assert!(
        !html.values()[0]["internetMessageHeaders"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let text = w
        .get_with(
            "/me/messages",
            &[("Prefer", "outlook.body-content-type=\"text\"")],
        )
        .await
        .is(200);
    assert_eq!(text.values()[0]["body"]["contentType"], "text");
    assert!(
        !text.values()[0]["body"]["content"]
            .as_str()
            .unwrap()
            .contains('<')
    );
    assert!(
        text.values()[0]["bodyPreview"]
            .as_str()
            .unwrap()
            .chars()
            .count()
            <= 255
    );
}

#[tokio::test]
async fn odd_mail_is_kept_and_shown() {
    let w = World::new(0).await;
    let owner = provider_sim::corpus::Person::new("Nora", ME);
    for (index, oddity) in Oddity::ALL.iter().enumerate() {
        let item = Corpus::oddity(*oddity, &owner, 1_790_000_000_000, index as u64);
        let id = w
            .sim
            .backend(Provider::Microsoft)
            .deliver(ME, &Deliver::new(item.raw()))
            .unwrap();
        let shown = w
            .get_with(
                &format!("/me/messages/{id}?$expand=attachments"),
                &[IMMUTABLE],
            )
            .await
            .is(200);
        assert!(shown.json["receivedDateTime"].is_string(), "{oddity:?}");
        match oddity {
            Oddity::MissingMessageId => assert!(shown.json["internetMessageId"].is_null()),
            Oddity::ThousandRecipients => {
                let count = |name: &str| shown.json[name].as_array().unwrap().len();
                assert_eq!(count("toRecipients") + count("ccRecipients"), 1_000);
            }
            Oddity::Winmail => assert_eq!(shown.json["attachments"][0]["name"], "winmail.dat"),
            _ => {}
        }
    }
    let same = format!("internetMessageId eq '{}'", Oddity::DUPLICATE_ID);
    let found = w
        .get(&format!("/me/messages?$filter={}", encoded(&same)))
        .await
        .is(200);
    assert_eq!(found.values().len(), 1);
}
