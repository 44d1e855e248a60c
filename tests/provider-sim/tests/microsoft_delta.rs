//! Delta rounds tell what happened in a folder, with the habits of Exchange that a client must survive.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod microsoft_support;

use microsoft_support::*;
use provider_sim::microsoft::Expired;
use provider_sim::{Backend, Change, Provider};
use serde_json::json;

const DELTA: &str = "/me/mailFolders/inbox/messages/delta";

impl World {
    fn at_provider(&self, id: &str, change: Change) {
        self.sim.microsoft().change(ME, id, &change).unwrap();
    }
    fn moves(&self, id: &str, to: &str) {
        self.at_provider(
            id,
            Change {
                move_to: Some(to.to_owned()),
                ..Change::default()
            },
        );
    }
}

#[tokio::test]
async fn e33_a_first_round_lists_everything_and_later_ones_what_changed() {
    let w = World::new(80).await;
    let (inbox, _) = w.follow("/me/mailFolders/inbox/messages", &[]).await;
    let small = [IMMUTABLE, ("Prefer", "odata.maxpagesize=7")];
    let page = w
        .get_with(&format!("{DELTA}()?$select=subject,isRead,body"), &small)
        .await
        .is(200);
    assert_eq!(page.values().len(), 7);
    assert!(page.values()[0]["body"]["content"].is_string());
    let (first, link) = w
        .follow(&format!("{DELTA}?$select=subject,isRead,body"), &small)
        .await;
    assert_eq!(first.len(), inbox.len());
    // Nothing happened: one empty page with a new link.
    let quiet = w.get_with(&link.unwrap(), &small).await.is(200);
    assert!(quiet.values().is_empty());
    let link = quiet.json["@odata.deltaLink"].as_str().unwrap().to_owned();

    let new = w.arrives("Fresh");
    let toggled = first[0]["id"].as_str().unwrap();
    let read = first[0]["isRead"].as_bool().unwrap();
    w.at_provider(
        toggled,
        Change {
            read: Some(!read),
            ..Change::default()
        },
    );
    let gone = first[1]["id"].as_str().unwrap();
    w.sim.microsoft().remove(ME, gone).unwrap();
    let page = w.get_with(&link, &small).await.is(200);
    // With changes, the round ends with an empty page.
    let last = w
        .get_with(page.json["@odata.nextLink"].as_str().unwrap(), &small)
        .await
        .is(200);
    assert!(last.values().is_empty() && last.json["@odata.deltaLink"].is_string());
    let by_id = |id: &str| page.values().iter().find(|m| m["id"] == id).unwrap();
    assert_eq!(page.values().len(), 3);
    assert_eq!(by_id(&new)["subject"], "Fresh");
    assert_eq!(by_id(gone)["@removed"]["reason"], "deleted");
    let partial = by_id(toggled).as_object().unwrap();
    assert_eq!(partial["isRead"], !read);
    assert!(
        !partial.contains_key("subject") && !partial.contains_key("body"),
        "{partial:?}"
    );
}

#[tokio::test]
async fn e33_options_hold_for_the_whole_chain_and_changes_can_repeat() {
    let w = World::new(0).await;
    let one = w.arrives("One");
    let (_, link) = w
        .follow(
            &format!("{DELTA}?changeType=created&$select=subject"),
            &[IMMUTABLE],
        )
        .await;
    w.at_provider(
        &one,
        Change {
            starred: Some(true),
            ..Change::default()
        },
    );
    let two = w.arrives("Two");
    let (changes, _) = w.follow(&link.unwrap(), &[IMMUTABLE]).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["id"].as_str().unwrap(), two);

    // What happens while the first round is being paged is told in the second, known or not.
    let small = [IMMUTABLE, ("Prefer", "odata.maxpagesize=1")];
    let page = w.get_with(DELTA, &small).await.is(200);
    w.at_provider(
        &one,
        Change {
            read: Some(true),
            ..Change::default()
        },
    );
    let (rest, link) = w
        .follow(page.json["@odata.nextLink"].as_str().unwrap(), &small)
        .await;
    assert_eq!(rest.len(), 1);
    let (again, link) = w.follow(&link.unwrap(), &small).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["id"].as_str().unwrap(), one);
    w.sim.microsoft().set_hazards(ME, |h| h.replay = true);
    w.at_provider(
        &one,
        Change {
            read: Some(false),
            ..Change::default()
        },
    );
    let (told, link) = w.follow(&link.unwrap(), &small).await;
    let (repeated, _) = w.follow(&link.unwrap(), &small).await;
    assert_eq!(told, repeated);
}

#[tokio::test]
async fn e33_a_start_date_limits_the_stream() {
    let w = World::new(200).await;
    let since = "2026-08-15T00:00:00Z";
    let (some, link) = w
        .follow(
            &format!("{DELTA}?$filter=receivedDateTime+ge+{since}"),
            &[IMMUTABLE],
        )
        .await;
    let (all, _) = w
        .follow("/me/mailFolders/inbox/messages", &[IMMUTABLE])
        .await;
    let expected = all
        .iter()
        .filter(|m| m["receivedDateTime"].as_str().unwrap() >= since)
        .count();
    assert!(expected > 0 && expected < all.len());
    assert_eq!(some.len(), expected);
    let old = all.last().unwrap()["id"].as_str().unwrap();
    w.at_provider(
        old,
        Change {
            read: Some(true),
            starred: Some(true),
            ..Change::default()
        },
    );
    let new = w.arrives("Now");
    let (changes, _) = w.follow(&link.unwrap(), &[IMMUTABLE]).await;
    assert_eq!(
        changes
            .iter()
            .map(|m| m["id"].as_str().unwrap())
            .collect::<Vec<_>>(),
        [new]
    );
    w.get(&format!("{DELTA}?$search=\"x\"")).await.is(400);
}

#[tokio::test]
async fn e34_old_cursors_are_gone() {
    let w = World::new(20).await;
    let (_, link) = w.follow(DELTA, &[IMMUTABLE]).await;
    let link = link.unwrap();
    w.sim.microsoft().expire_cursors(ME).unwrap();
    let gone = w.get_with(&link, &[IMMUTABLE]).await.is(410);
    let start = gone.headers["location"].to_str().unwrap().to_owned();
    w.sim
        .microsoft()
        .set_hazards(ME, |h| h.expired = Expired::SyncStateNotFound);
    assert_eq!(
        w.get_with(&link, &[IMMUTABLE]).await.is(400).code(),
        "syncStateNotFound"
    );
    w.sim
        .microsoft()
        .set_hazards(ME, |h| h.expired = Expired::ResyncRequired);
    assert_eq!(
        w.get_with(&link, &[IMMUTABLE]).await.is(410).code(),
        "resyncRequired"
    );
    let (_, fresh) = w.follow(&start, &[IMMUTABLE]).await;
    w.get_with(&fresh.unwrap(), &[IMMUTABLE]).await.is(200);
    w.get(&format!("{DELTA}?$deltatoken=garbage")).await.is(400);
}

#[tokio::test]
async fn e35_a_message_that_left_and_came_back_shows_as_removed() {
    let w = World::new(0).await;
    let id = w.arrives("Wanderer");
    let (_, inbox) = w.follow(DELTA, &[IMMUTABLE]).await;
    let (_, archive) = w
        .follow("/me/mailFolders/archive/messages/delta", &[IMMUTABLE])
        .await;
    let (_, mutable) = w.follow(DELTA, &[]).await;
    w.moves(&id, "archive");
    w.moves(&id, "inbox");
    let (changes, inbox) = w.follow(&inbox.unwrap(), &[IMMUTABLE]).await;
    assert_eq!(changes.len(), 1);
    assert!(changes[0]["@removed"].is_object());
    // The truth is in the message itself.
    w.get_with(&format!("/me/messages/{id}"), &[IMMUTABLE])
        .await
        .is(200);
    // With ordinary ids it is another message: one removed, one new.
    let (changes, _) = w.follow(&mutable.unwrap(), &[]).await;
    assert_eq!(changes.len(), 2);

    w.moves(&id, "archive");
    let (left, _) = w.follow(&inbox.unwrap(), &[IMMUTABLE]).await;
    assert!(left[0]["@removed"].is_object() && left[0]["id"] == id.as_str());
    let (came, archive) = w.follow(&archive.unwrap(), &[IMMUTABLE]).await;
    assert_eq!(came[0]["id"], id.as_str());
    w.sim
        .microsoft()
        .set_hazards(ME, |h| h.hide_arrival_of_moves = true);
    let other = w.arrives("Second");
    w.moves(&other, "archive");
    let (hidden, _) = w.follow(&archive.unwrap(), &[IMMUTABLE]).await;
    assert!(hidden.iter().all(|m| m["id"] != other.as_str()));
    let there = w
        .get_with(&format!("/me/messages/{other}"), &[IMMUTABLE])
        .await
        .is(200);
    let folder = w.get("/me/mailFolders/archive").await.id();
    assert_eq!(there.json["parentFolderId"], folder);
}

#[tokio::test]
async fn e42_a_stale_etag_is_a_conflict() {
    let w = World::new(0).await;
    let id = w.arrives("Contested");
    let path = format!("/me/messages/{id}");
    let seen = w.get(&path).await.is(200).json["@odata.etag"]
        .as_str()
        .unwrap()
        .to_owned();
    let change = |etag: &str| {
        read(
            w.request(reqwest::Method::PATCH, &path, &[("If-Match", etag)])
                .json(&json!({"isRead": true})),
        )
    };
    let newer = change(&seen).await.is(200).json["@odata.etag"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(newer, seen);
    assert_eq!(
        change(&seen).await.is(412).code(),
        "ErrorIrresolvableConflict"
    );
    change(&newer).await.is(200);
    w.patch(
        &path,
        json!({"categories": ["Red category"], "flag": {"flagStatus": "flagged"}}),
    )
    .await
    .is(200);
    let state = Backend::mailbox(&**w.sim.microsoft(), ME).unwrap();
    assert!(state.messages[0].read && state.messages[0].starred);
    assert_eq!(state.messages[0].categories, ["Red category"]);
    let _ = Provider::Microsoft;
}
