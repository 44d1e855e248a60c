//! The generated mailbox can be listed page by page and read, whole and byte-identical where it matters.
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
use provider_sim::corpus::landmark;

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
