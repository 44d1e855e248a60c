//! All of it comes, and is used as before.

use super::filled::{LANGUAGES, MANY, OTHER, dump, edges, fill};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_is_what_was() {
    let moving = Move::of(fill).await;
    let before = dump(moving.folder.path()).await;
    let moved = moving.there().await.unwrap();
    assert_eq!((moved.collections, moved.resumed), (4, false));
    assert_eq!(
        dump(moving.folder.path()).await,
        before,
        "the source is as it was"
    );

    let _away = moving.put_away();
    assert_eq!(moving.back().await.unwrap(), moved);
    let after = dump(moving.folder.path()).await;
    for (name, rows) in &before {
        assert_eq!(after.get(name), Some(rows), "{name}");
    }
    assert_eq!(after.len(), before.len());
    moving.open(&Database::Folder).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_found_and_counted_as_before() {
    let mut before = None;
    let moving = Move::of(async |world: &World| {
        fill(world).await;
        let plugins = world.store.plugins();
        before = Some((
            plugins.usage(PLUGIN).await.unwrap(),
            plugins.usage(OTHER).await.unwrap(),
        ));
    })
    .await;
    moving.there().await.unwrap();
    let store = moving.open(moving.server()).await.unwrap();
    let collections = store.collections();

    for (language, _, word) in LANGUAGES {
        let filter = all_of(vec![matches("a", word)]);
        let page = collections
            .find(PLUGIN, &query("letters", filter, vec![], 10))
            .await;
        let rows = page.unwrap().rows.values;
        assert_eq!(rows.len(), 1, "{word}");
        assert_eq!(rows[0][0], text(language));
    }
    let elsewhere = all_of(vec![matches("b", "budget")]);
    let page = collections
        .find(PLUGIN, &query("letters", elsewhere, vec![], 10))
        .await;
    assert!(page.unwrap().rows.values.is_empty());

    let page = collections
        .find(
            PLUGIN,
            &query("values", vec![], vec![ascending("key")], 100),
        )
        .await
        .unwrap();
    let mut expected = edges();
    expected.sort_by_key(|row| format!("{:?}", row[0]));
    let mut found = page.rows.values;
    found.sort_by_key(|row| format!("{:?}", row[0]));
    assert_eq!(found, expected);
    let numbers = collections
        .count(OTHER, "numbers", &vec![], &[])
        .await
        .unwrap();
    assert_eq!(numbers[0].1, u64::try_from(MANY).unwrap());

    let (plugin, other) = before.unwrap();
    let plugins = store.plugins();
    assert_eq!(plugins.usage(OTHER).await.unwrap(), other);
    let now = plugins.usage(PLUGIN).await.unwrap();
    assert_eq!(
        (now.blob_bytes, now.quota),
        (plugin.blob_bytes, plugin.quota)
    );
    assert_eq!(plugins.usage("not-there").await.unwrap().quota, Some(5));

    // What is written next fits in with what came: numbers go on, words are replaced, rows are counted.
    let row = vec![
        text("latin"),
        text("a"),
        text("now"),
        text("something else"),
    ];
    let put = put("letters", &["id", "account", "subject", "body"], vec![row]);
    let fresh = support::put(
        "letters",
        &["id", "account"],
        vec![vec![text("z"), text("a")]],
    );
    collections
        .apply(&caller(), vec![put, fresh])
        .await
        .unwrap();
    let filter = all_of(vec![matches("a", "budget")]);
    let page = collections
        .find(PLUGIN, &query("letters", filter, vec![], 10))
        .await;
    assert!(page.unwrap().rows.values.is_empty());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_where_it_was() {
    let moving = Move::of(fill).await;
    moving.there().await.unwrap();
    let store = moving.open(moving.server()).await.unwrap();
    let jobs = store.jobs();

    let due = jobs
        .claim(60_000, &support::every_plugin)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((due.kind.as_str(), due.key.as_str()), ("sync", "due"));
    assert_eq!(
        jobs.claim(60_000, &support::every_plugin).await.unwrap(),
        None,
        "it runs once"
    );
    assert!(jobs.finish(&due, Outcome::Done).await.unwrap());
    moving.clock.advance(Duration::from_secs(61));
    let mut keys = Vec::new();
    while let Some(lease) = jobs.claim(60_000, &support::every_plugin).await.unwrap() {
        keys.push(format!("{} {}", lease.kind, lease.attempt));
        assert!(jobs.finish(&lease, Outcome::Done).await.unwrap());
    }
    keys.sort();
    assert_eq!(keys, ["sync 2", "tick 2"], "what failed, and what was lost");

    let caller = caller_for("anna");
    let begun = std::fs::read_to_string(moving.folder.path().join("begun")).unwrap();
    let blobs = store.blobs();
    assert_eq!(
        blobs.append(&caller, &begun, 6, b"three".to_vec()).await,
        Ok(11)
    );
    let blob = blobs.finish(&caller, &begun).await.unwrap();
    assert_eq!(
        blobs.read(&caller, &blob, 0, 100).await.unwrap(),
        b"onetwothree"
    );
    let named = all_of(vec![equal("id", text("named"))]);
    let page = store
        .collections()
        .find(PLUGIN, &query("letters", named, vec![], 1))
        .await;
    let Value::Blob(named) = page.unwrap().rows.values[0][3].clone() else {
        panic!("names no blob")
    };
    assert_eq!(
        blobs.read(&caller, &named, 0, 100).await.unwrap(),
        b"content"
    );

    let secrets = store.secrets();
    let token = secrets.get(PLUGIN, "token").await.unwrap();
    assert_eq!(token.as_deref(), Some(&b"hunter2"[..]));
    assert_eq!(
        secrets.get(OTHER, "z\0").await.unwrap().as_deref(),
        Some(&b""[..])
    );
    let flow = store.oauth_flows().take("state", PLUGIN, "anna", "s").await;
    assert_eq!(flow.unwrap().flow, b"verifier");
    let lock = store
        .locks()
        .acquire(PLUGIN, "lock", 1_000, 0)
        .await
        .unwrap();
    assert!(lock.is_some(), "nobody who runs holds it");
    let component = store.components().get(PLUGIN, "0a").await.unwrap();
    assert_eq!(component.unwrap().len(), 5_000_000);
    assert!(store.notices().get("n").await.unwrap().is_some());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_that_are_files_yet_become_rows() {
    let moving = Move::of(async |world: &World| world.enable(PLUGIN).await).await;
    // As an earlier version left it: `enable` names no digest.
    let file = moving.folder.path().join("plugins/test-plugin/.wasm");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"a component").unwrap();
    moving.there().await.unwrap();
    let store = moving.open(moving.server()).await.unwrap();
    let kept = store.components().get(PLUGIN, "").await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"a component"[..]));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_goes_on_after_the_last_event_that_it_heard() {
    let moving = Move::of(fill).await;
    moving.there().await.unwrap();
    let store = moving.open(moving.server()).await.unwrap();
    let events = store.events();
    let mut page = events.subscribe("anna", Some(1)).await.unwrap();
    assert!(!page.missed());
    let said = serde_json::json!("now");
    assert_eq!(events.publish("a.b", None, &said).await.unwrap(), 4);
    for id in [2, 3, 4] {
        assert_eq!(page.next().await.unwrap().id, id);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_events_go_on_where_there_are_none_any_more() {
    let moving = Move::of(async |world: &World| {
        fill(world).await;
        world.advance(3_600);
        world.store.housekeep().await.unwrap();
    })
    .await;
    moving.there().await.unwrap();
    let store = moving.open(moving.server()).await.unwrap();
    let events = store.events();
    assert!(events.subscribe("anna", Some(2)).await.unwrap().missed());
    let said = serde_json::json!("now");
    assert_eq!(events.publish("a.b", None, &said).await.unwrap(), 4);
    store.close().await;
}
