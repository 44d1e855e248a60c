//! Drafts, answers, sending and uploads behave as Graph's do.
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
use provider_sim::microsoft::Resend;
use provider_sim::{Action, Backend, Fault};
use reqwest::Method;
use serde_json::{Value, json};

async fn drafts(w: &World) -> usize {
    w.get("/me/mailFolders/drafts/messages")
        .await
        .is(200)
        .values()
        .len()
}

#[tokio::test]
async fn e36_sending_answers_202_without_an_id_and_files_the_copy_later() {
    let w = World::new(0).await;
    let draft = w
        .post_with("/me/messages", message_to(PERSONAL, "Once"), &[IMMUTABLE])
        .await
        .is(201);
    assert_eq!(draft.json["isDraft"], true);
    let message_id = draft.json["internetMessageId"].as_str().unwrap().to_owned();
    let path = format!("/me/messages/{}", draft.id());
    let sent = w
        .post_with(&format!("{path}/send"), json!({}), &[IMMUTABLE])
        .await
        .is(202);
    assert!(sent.text.is_empty());
    assert_eq!(drafts(&w).await, 0);
    w.post_with(&format!("{path}/send"), json!({}), &[IMMUTABLE])
        .await
        .is(404);
    assert!(
        w.get("/me/mailFolders/sentitems/messages")
            .await
            .values()
            .is_empty()
    );
    w.advance(2_000);
    let copy = w
        .get_with("/me/mailFolders/sentitems/messages", &[IMMUTABLE])
        .await
        .is(200);
    assert_eq!(copy.values()[0]["id"], draft.json["id"]);
    assert_eq!(copy.values()[0]["internetMessageId"], message_id.as_str());
    assert_eq!(copy.values()[0]["isDraft"], false);
    // Received on the other side, once.
    let inbox = Backend::mailbox(&**w.sim.microsoft(), PERSONAL).unwrap();
    assert_eq!(inbox.messages.len(), 1);
    assert_eq!(
        inbox.messages[0].message_id.as_deref(),
        Some(message_id.as_str())
    );
    let log = w.sim.microsoft().sent();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].to, [PERSONAL]);

    // Mail to oneself is there twice.
    w.post(
        "/me/sendMail",
        json!({"Message": message_to(ME, "Note"), "SaveToSentItems": true}),
    )
    .await
    .is(202);
    w.advance(2_000);
    let twice = w
        .get("/me/messages?$filter=subject eq 'Note'")
        .await
        .is(200);
    assert_eq!(twice.values().len(), 2);
    w.post(
        "/me/sendMail",
        json!({"message": message_to(PERSONAL, "Unsaved"), "saveToSentItems": false}),
    )
    .await
    .is(202);
    w.advance(2_000);
    assert!(
        w.get("/me/messages?$filter=subject eq 'Unsaved'")
            .await
            .is(200)
            .values()
            .is_empty()
    );
}

/// Nobody knows which it is, so a client has to live with each.
#[tokio::test]
async fn e36_sending_a_draft_again_answers_in_one_of_many_ways() {
    for (resend, status, sent) in [
        (Resend::AsFound, 404, 1),
        (Resend::NotFound, 404, 1),
        (Resend::Refused, 400, 1),
        (Resend::Conflict, 412, 1),
        (Resend::Fault, 500, 1),
        (Resend::Accepted, 202, 1),
        (Resend::SentAgain, 202, 2),
    ] {
        for is_new in [false, true] {
            let w = World::new(0).await;
            w.sim.microsoft().set_hazards(ME, |hazards| {
                hazards.resend = resend;
                hazards.sent_copy_is_new = is_new;
            });
            let draft = w
                .post_with("/me/messages", message_to(PERSONAL, "Once"), &[IMMUTABLE])
                .await
                .is(201);
            let path = format!("/me/messages/{}/send", draft.id());
            let send = || w.post_with(&path, json!({}), &[IMMUTABLE]);
            send().await.is(202);
            send().await.is(status);
            w.advance(2_000);
            assert_eq!(w.sim.microsoft().sent().len(), sent, "{resend:?}");
            let filed = w.get("/me/mailFolders/sentitems/messages").await;
            assert_eq!(filed.values().len(), sent, "{resend:?}");
        }
    }
}

#[tokio::test]
async fn e36_mime_is_sent_as_it_is_without_bcc_for_others() {
    let w = World::new(0).await;
    let raw = format!(
        "To: {PERSONAL}\r\nBcc: hidden@example.org,\r\n {ME}\r\nSubject: Raw\r\nMessage-ID: <raw@client>\r\n\r\nBody\r\n"
    );
    let body = STANDARD.encode(&raw);
    let post = |path: &'static str, body: String| {
        read(
            w.request(Method::POST, path, &[("Content-Type", "text/plain")])
                .body(body),
        )
    };
    assert_eq!(
        post("/me/sendMail", "%%%".to_owned()).await.is(400).code(),
        "ErrorMimeContentInvalidBase64String"
    );
    post("/me/sendMail", body.clone()).await.is(202);
    let sent = w.sim.microsoft().sent();
    assert_eq!(sent[0].to, [PERSONAL, "hidden@example.org", ME]);
    let text = String::from_utf8_lossy(&sent[0].raw).into_owned();
    assert!(
        !text.to_lowercase().contains("bcc")
            && !text.contains("hidden@")
            && text.contains("From: ")
    );
    w.advance(2_000);
    let copy = w.get("/me/mailFolders/sentitems/messages").await.is(200);
    assert_eq!(
        copy.values()[0]["bccRecipients"].as_array().unwrap().len(),
        2
    );
    let draft = post("/me/messages", body).await.is(201);
    assert_eq!(draft.json["subject"], "Raw");
    assert_eq!(draft.json["isDraft"], true);
}

#[tokio::test]
async fn e36_a_failure_comes_back_as_mail() {
    let w = World::new(0).await;
    w.sim
        .microsoft()
        .set_hazards(ME, |h| h.report_unknown_recipients = true);
    let draft = w
        .post("/me/messages", message_to("nobody@contoso.example", "Lost"))
        .await
        .is(201);
    w.post(&format!("/me/messages/{}/send", draft.id()), json!({}))
        .await
        .is(202);
    let inbox = w
        .get("/me/mailFolders/inbox/messages?$select=subject,internetMessageHeaders")
        .await
        .is(200);
    assert_eq!(inbox.values()[0]["subject"], "Undeliverable: Lost");
    let headers = inbox.values()[0]["internetMessageHeaders"]
        .as_array()
        .unwrap();
    let wanted = draft.json["internetMessageId"].as_str().unwrap();
    assert!(
        headers
            .iter()
            .any(|h| h["name"] == "In-Reply-To" && h["value"].as_str().unwrap().contains(wanted))
    );
}

#[tokio::test]
async fn e37_headers_must_start_with_x_and_bodies_stay_below_4_mb() {
    let w = World::new(0).await;
    let with = |headers: Value| {
        let mut message = message_to(PERSONAL, "Headers");
        message["internetMessageHeaders"] = headers;
        message
    };
    let header = |name: &str| json!({"name": name, "value": "v"});
    let refused = w
        .post("/me/messages", with(json!([header("In-Reply-To")])))
        .await
        .is(400);
    assert_eq!(refused.code(), "InvalidInternetMessageHeader");
    let many: Vec<Value> = (0..6).map(|n| header(&format!("x-{n}"))).collect();
    let refused = w.post("/me/messages", with(json!(many))).await.is(400);
    assert_eq!(refused.code(), "InvalidInternetMessageHeaderCollection");
    let draft = w
        .post("/me/messages", with(json!([header("X-Marker")])))
        .await
        .is(201);
    w.post(&format!("/me/messages/{}/send", draft.id()), json!({}))
        .await
        .is(202);
    assert!(String::from_utf8_lossy(&w.sim.microsoft().sent()[0].raw).contains("X-Marker: v"));
    let mut huge = message_to(PERSONAL, "Huge");
    huge["body"]["content"] = json!("x".repeat(4 * 1024 * 1024));
    w.post("/me/messages", huge).await.is(413);
}

#[tokio::test]
async fn e37_extended_properties_stay_on_the_message_and_find_it() {
    let w = World::new(0).await;
    let id = "String {8ECCC264-6880-4EBE-992F-8888D2EEAA1D} Name marker";
    let mut message = message_to(PERSONAL, "Marked");
    message["singleValueExtendedProperties"] = json!([{"id": id, "value": "m-17"}]);
    let draft = w.post("/me/messages", message).await.is(201);
    let filter =
        format!("singleValueExtendedProperties/Any(ep: ep/id eq '{id}' and ep/value eq 'm-17')");
    let find = || {
        let url = reqwest::Url::parse_with_params(
            &w.url("/me/messages"),
            [
                ("$filter", filter.as_str()),
                (
                    "$expand",
                    &format!("singleValueExtendedProperties($filter=id eq '{id}')"),
                ),
            ],
        )
        .unwrap();
        let url = url.to_string();
        let w = &w;
        async move { w.get(&url).await.is(200) }
    };
    let found = find().await;
    assert_eq!(found.values()[0]["id"], draft.json["id"]);
    assert_eq!(
        found.values()[0]["singleValueExtendedProperties"][0]["value"],
        "m-17"
    );
    w.post(&format!("/me/messages/{}/send", draft.id()), json!({}))
        .await
        .is(202);
    assert!(find().await.values().is_empty());
    w.advance(2_000);
    assert_eq!(find().await.values()[0]["isDraft"], false);
}

#[tokio::test]
async fn e38_what_was_sent_keeps_its_content() {
    let w = World::new(0).await;
    let id = w.arrives("Fixed");
    let refused = w
        .patch(&format!("/me/messages/{id}"), json!({"subject": "Other"}))
        .await
        .is(400);
    assert_eq!(refused.code(), "ErrorInvalidPropertySet");
    w.patch(
        &format!("/me/messages/{id}"),
        json!({"isRead": true, "importance": "high"}),
    )
    .await
    .is(200);
    let draft = w
        .post("/me/messages", message_to(PERSONAL, "Draft"))
        .await
        .is(201);
    let path = format!("/me/messages/{}", draft.id());
    let changed = w.patch(&path, json!({"subject": "Better", "ccRecipients": [{"emailAddress": {"address": "c@example.org"}}]})).await.is(200);
    assert_eq!(changed.json["subject"], "Better");
    assert_eq!(changed.json["id"], draft.json["id"]);
    assert_eq!(
        w.post(&format!("/me/messages/{id}/send"), json!({}))
            .await
            .is(400)
            .code(),
        "ErrorInvalidOperation"
    );
    let nobody = w
        .post("/me/messages", json!({"subject": "To nobody"}))
        .await
        .is(201);
    let refused = w
        .post(&format!("/me/messages/{}/send", nobody.id()), json!({}))
        .await
        .is(400);
    assert_eq!(refused.code(), "ErrorInvalidRecipients");
    assert_eq!(drafts(&w).await, 2);
}

#[tokio::test]
async fn answers_and_forwards_carry_threading_headers() {
    let w = World::new(60).await;
    let opening = provider_sim::corpus::landmark::MIXED_ID;
    let found = w
        .get(&format!(
            "/me/messages?$filter=internetMessageId eq '{}'",
            opening.replace('<', "%3C").replace('>', "%3E")
        ))
        .await
        .is(200);
    let original = found.values()[0].clone();
    let path = format!("/me/messages/{}", original["id"].as_str().unwrap());
    let both = w
        .post(
            &format!("{path}/createReply"),
            json!({"comment": "a", "message": {"body": {"contentType": "text", "content": "b"}}}),
        )
        .await;
    both.is(400);
    let reply = w
        .post(
            &format!("{path}/createReply"),
            json!({"comment": "Thanks <all>"}),
        )
        .await
        .is(201);
    assert_eq!(reply.json["conversationId"], original["conversationId"]);
    assert_eq!(
        reply.json["toRecipients"][0]["emailAddress"]["address"],
        original["from"]["emailAddress"]["address"]
    );
    assert!(
        reply.json["body"]["content"]
            .as_str()
            .unwrap()
            .contains("Thanks &lt;all&gt;")
    );
    w.post(&format!("/me/messages/{}/send", reply.id()), json!({}))
        .await
        .is(202);
    let raw = String::from_utf8_lossy(&w.sim.microsoft().sent()[0].raw).into_owned();
    assert!(raw.contains(&format!("In-Reply-To: {opening}")), "{raw}");
    assert!(
        raw.contains("References: ") && raw.contains(provider_sim::corpus::landmark::OPENING_ID)
    );
    let forward = w
        .post(
            &format!("{path}/createForward"),
            json!({"toRecipients": [{"emailAddress": {"address": PERSONAL}}]}),
        )
        .await
        .is(201);
    assert!(
        forward.json["subject"]
            .as_str()
            .unwrap()
            .starts_with("FW: ")
    );
    assert_eq!(forward.json["hasAttachments"], true);
    w.post(&format!("/me/messages/{}/send", forward.id()), json!({}))
        .await
        .is(202);
    let received = Backend::mailbox(&**w.sim.microsoft(), PERSONAL).unwrap();
    let raw = Backend::raw(&**w.sim.microsoft(), PERSONAL, &received.messages[0].id).unwrap();
    let parsed = mail_parser::MessageParser::default()
        .parse(&raw[..])
        .unwrap();
    let wanted = provider_sim::corpus::landmark::attachment();
    assert!(parsed.attachments().any(|a| a.contents() == wanted));
    w.post(&format!("{path}/replyAll"), json!({"comment": "Bye"}))
        .await
        .is(202);
    assert_eq!(w.sim.microsoft().sent().len(), 3);
}

#[tokio::test]
async fn e39_uploads_go_in_order_without_a_token_until_they_expire() {
    let w = World::new(0).await;
    let draft = w
        .post("/me/messages", message_to(PERSONAL, "Large"))
        .await
        .is(201);
    let path = format!("/me/messages/{}/attachments", draft.id());
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let direct = json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.bin", "contentBytes": STANDARD.encode(&bytes[..3_145_728 / 4 * 3 + 300_000])});
    let small = w.post(&path, direct).await;
    assert_eq!(small.status.as_u16(), 201, "{}", small.text);
    let item = json!({"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": bytes.len()}});
    let session = w
        .post(&format!("{path}/createUploadSession"), item.clone())
        .await
        .is(201);
    assert_eq!(session.json["nextExpectedRanges"][0], "0-");
    let url = session.json["uploadUrl"].as_str().unwrap().to_owned();
    let put = |start: usize, end: usize| {
        w.http
            .put(&url)
            .header(
                "Content-Range",
                format!("bytes {start}-{}/{}", end - 1, bytes.len()),
            )
            .body(bytes[start..end].to_vec())
    };
    read(put(0, 2_097_152).bearer_auth(&w.token)).await.is(401);
    let first = read(put(0, 2_097_152)).await.is(200);
    assert_eq!(first.json["nextExpectedRanges"][0], "2097152");
    read(put(3_000_000, 4_000_000)).await.is(416);
    let last = read(put(2_097_152, bytes.len())).await.is(201);
    let location = last.headers["location"].to_str().unwrap().to_owned();
    let stored = w.get(&location).await.is(200);
    assert_eq!(stored.json["name"], "big.bin");
    assert_eq!(
        STANDARD
            .decode(stored.json["contentBytes"].as_str().unwrap())
            .unwrap(),
        bytes
    );
    let late = w
        .post(&format!("{path}/createUploadSession"), item)
        .await
        .is(201);
    w.advance(24 * 3_600_000 + 1);
    let url = late.json["uploadUrl"].as_str().unwrap().to_owned();
    read(
        w.http
            .put(&url)
            .header("Content-Range", format!("bytes 0-9/{}", bytes.len()))
            .body(vec![0; 10]),
    )
    .await
    .is(404);
}

#[tokio::test]
async fn e39_an_upload_that_breaks_off_tells_what_it_has() {
    let w = World::new(0).await;
    let draft = w
        .post("/me/messages", message_to(PERSONAL, "Large"))
        .await
        .is(201);
    let item =
        json!({"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": 4_000_000}});
    let path = format!(
        "/me/messages/{}/attachments/createUploadSession",
        draft.id()
    );
    let session = w.post(&path, item).await.is(201);
    let url = session.json["uploadUrl"].as_str().unwrap().to_owned();
    let put = |from: usize, to: usize| {
        let range = format!("bytes {from}-{}/4000000", to - 1);
        let request = w.http.put(&url).header("Content-Range", range);
        request.body(vec![7; to - from])
    };
    let has = async || read(w.http.get(&url)).await.is(200).json["nextExpectedRanges"][0].clone();
    assert_eq!(has().await, "0");
    read(put(0, 2_000_000)).await.is(200);
    for mishap in [Action::DropMidRequest, Action::LoseAnswer] {
        let fault = Fault::once(mishap).on("PUT", "/upload/");
        w.sim.faults().inject(fault).unwrap();
        assert!(put(2_000_000, 3_000_000).send().await.is_err());
    }
    assert_eq!(has().await, "3000000", "of a piece, all or nothing");
    read(put(2_000_000, 3_000_000)).await.is(416);
    read(put(3_000_000, 4_000_000)).await.is(201);
    read(w.http.get(&url)).await.is(404);
}
