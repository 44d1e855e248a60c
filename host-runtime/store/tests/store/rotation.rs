//! A new key replaces the old one everywhere, beside whoever uses what is sealed, and however often it breaks off.

use std::ops::ControlFlow;
use std::path::PathBuf;

use host_store::*;

use super::support::*;

/// More than two batches.
const MANY: usize = 230;

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

async fn fill(store: &Store) -> String {
    for number in 0..MANY {
        let name = format!("token-{number}");
        let value = format!("value {number}");
        store
            .secrets()
            .put(PLUGIN, &name, value.as_bytes())
            .await
            .unwrap();
    }
    let flows = store.oauth_flows();
    let state = flows.new_state().unwrap();
    let flow = NewFlow {
        plugin: PLUGIN.to_owned(),
        user: "anna".to_owned(),
        session: "s".to_owned(),
        provider: "p".to_owned(),
        flow: b"verifier".to_vec(),
    };
    flows.store(&state, flow).await.unwrap();
    state
}

async fn opens(store: &Store) {
    for number in 0..MANY {
        let value = store
            .secrets()
            .get(PLUGIN, &format!("token-{number}"))
            .await;
        assert_eq!(
            value.unwrap().unwrap(),
            format!("value {number}").as_bytes()
        );
    }
}

/// A host with a copy of the key file.
async fn with_a_copy(world: &World, place: &tempfile::TempDir) -> Result<Store, Error> {
    let options = world.options(Purpose::Tool).key_file(&copied(world, place));
    Store::open_with(world.folder.path(), options).await
}

/// Copies the key file.
fn copied(world: &World, place: &tempfile::TempDir) -> PathBuf {
    let copy = place.path().join("copy.json");
    std::fs::copy(world.folder.path().join("keys.json"), &copy).unwrap();
    copy
}

/// Number and records of each key, the current one last.
async fn keys(store: &Store) -> Vec<(u32, u64)> {
    let keys = store.secrets().keys().await.unwrap();
    assert!(keys.last().unwrap().current && keys.iter().all(|key| key.present));
    keys.into_iter().map(|key| (key.id, key.records)).collect()
}

fn in_file(world: &World) -> String {
    std::fs::read_to_string(world.folder.path().join("keys.json")).unwrap()
}

#[tokio::test]
async fn everything_is_sealed_anew_and_old_keys_go_if_they_are_to() {
    let world = World::new().await;
    let state = fill(&world.store).await;
    let all = u64::try_from(MANY).unwrap() + 1;
    assert_eq!(keys(&world.store).await, [(1, all)]);
    let secrets = world.store.secrets();
    let done = secrets.rotate(OldKeys::Keep, go_on).await.unwrap();
    assert_eq!((done.key, done.is_new, done.records), (2, true, all));
    assert_eq!(keys(&world.store).await, [(1, 0), (2, all)]);
    opens(&world.store).await;

    drop(secrets);
    let world = world.reopen_for(Purpose::Alone).await;
    let secrets = world.store.secrets();
    let done = secrets.rotate(OldKeys::Drop, go_on).await.unwrap();
    assert_eq!((done.key, done.dropped), (3, vec![1, 2]));
    assert_eq!(keys(&world.store).await, [(3, all)]);
    let file = in_file(&world);
    assert!(
        file.contains("\"current\": 3") && !file.contains("\"2\""),
        "{file}"
    );
    drop(secrets);
    let world = world.reopen().await;
    opens(&world.store).await;
    let flow = world
        .store
        .oauth_flows()
        .take(&state, PLUGIN, "anna", "s")
        .await;
    assert_eq!(flow.unwrap().flow, b"verifier");
}

#[tokio::test]
async fn one_that_broke_off_is_ended_by_the_next() {
    let world = World::new().await;
    fill(&world.store).await;
    let secrets = world.store.secrets();
    let stop = |_: u64| ControlFlow::Break(());
    let stopped = secrets.rotate(OldKeys::Keep, stop).await;
    assert!(matches!(stopped, Err(Error::Unfinished(_))));
    let half = keys(&world.store).await;
    assert!(half[0].1 > 0 && half[1].1 > 0, "{half:?}");
    opens(&world.store).await;
    drop(secrets);
    let world = world.reopen().await;
    opens(&world.store).await;
    let done = world
        .store
        .secrets()
        .rotate(OldKeys::Keep, go_on)
        .await
        .unwrap();
    assert_eq!((done.key, done.is_new, done.records), (2, false, half[0].1));
    opens(&world.store).await;
}

#[tokio::test]
async fn a_key_that_was_added_and_not_used_yet_is_used() {
    let world = World::new().await;
    fill(&world.store).await;
    let secrets = world.store.secrets();
    // As after a crash between the file and the database.
    let path = world.folder.path().join("keys.json");
    let added = in_file(&world).replace("\"current\": 1", "\"current\": 2");
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let added = added.replacen("\"1\":", &format!("\"2\": \"{key}\", \"1\":"), 1);
    std::fs::write(&path, added).unwrap();
    let done = secrets.rotate(OldKeys::Keep, go_on).await.unwrap();
    assert_eq!((done.key, done.is_new, done.prepared), (2, true, true));
    opens(&world.store).await;
}

#[tokio::test]
async fn a_key_is_brought_to_every_host_before_it_is_used() {
    let world = World::new().await;
    fill(&world.store).await;
    let all = u64::try_from(MANY).unwrap() + 1;
    let place = tempfile::tempdir().unwrap();
    let other = with_a_copy(&world, &place).await.unwrap();
    let secrets = world.store.secrets();
    assert_eq!(secrets.prepare().await.unwrap(), 2);
    assert_eq!(secrets.prepare().await.unwrap(), 2, "it waits already");
    secrets.put(PLUGIN, "before", b"x").await.unwrap();
    let listed = secrets.keys().await.unwrap();
    let uses: Vec<_> = listed.iter().map(|key| (key.id, key.records)).collect();
    assert_eq!(uses, [(1, all + 1), (2, 0)]);
    assert!(listed[0].current && listed[1].prepared);
    // Also not by who starts meanwhile.
    drop(with_a_copy(&world, &place).await.unwrap());
    assert!(secrets.keys().await.unwrap()[0].current);

    let done = secrets.rotate(OldKeys::Keep, go_on).await.unwrap();
    assert_eq!((done.key, done.is_new, done.prepared), (2, true, true));
    opens(&other).await;
    // Although its file still calls the other one current.
    other.secrets().put(PLUGIN, "after", b"x").await.unwrap();
    assert_eq!(keys(&world.store).await, [(1, 0), (2, all + 2)]);
    let again = world
        .options(Purpose::Tool)
        .key_file(&place.path().join("copy.json"));
    let again = Store::open_with(world.folder.path(), again).await.unwrap();
    again.secrets().put(PLUGIN, "again", b"x").await.unwrap();
    assert_eq!(keys(&world.store).await, [(1, 0), (2, all + 3)]);
}

#[tokio::test]
async fn who_lacks_the_key_says_so_seals_nothing_and_goes_on_once_it_is_there() {
    let world = World::new().await;
    fill(&world.store).await;
    let place = tempfile::tempdir().unwrap();
    let other = with_a_copy(&world, &place).await.unwrap();
    let done = world
        .store
        .secrets()
        .rotate(OldKeys::Keep, go_on)
        .await
        .unwrap();
    assert!(!done.prepared);
    let sealed = keys(&world.store).await;
    let behind = other.secrets();
    let options = world
        .options(Purpose::Tool)
        .key_file(&place.path().join("copy.json"));
    for refused in [
        behind.get(PLUGIN, "token-0").await.map(drop),
        behind.put(PLUGIN, "fresh", b"x").await,
        Store::open_with(world.folder.path(), options)
            .await
            .map(drop),
    ] {
        assert!(
            matches!(&refused, Err(Error::Corrupt(reason)) if reason.contains("copy the key file")),
            "{refused:?}"
        );
    }
    assert_eq!(keys(&world.store).await, sealed);
    copied(&world, &place);
    opens(&other).await;
    behind.put(PLUGIN, "fresh", b"x").await.unwrap();
    let (old, new) = (sealed[0], sealed[1]);
    assert_eq!(keys(&world.store).await, [old, (new.0, new.1 + 1)]);
}

#[tokio::test]
async fn who_runs_meanwhile_reads_and_seals_with_the_new_key() {
    let world = World::new().await;
    fill(&world.store).await;
    let tool = world.open(Purpose::Tool).await.unwrap();
    let secrets = tool.secrets();
    let half = secrets.rotate(OldKeys::Keep, |_| ControlFlow::Break(()));
    assert!(matches!(half.await, Err(Error::Unfinished(_))));
    // In the middle of it: read what is sealed with either, and seal with the new one only.
    opens(&world.store).await;
    let before = keys(&tool).await;
    world
        .store
        .secrets()
        .put(PLUGIN, "fresh", b"x")
        .await
        .unwrap();
    let after = keys(&tool).await;
    assert_eq!((after[0], after[1].1), (before[0], before[1].1 + 1));
    tool.secrets().rotate(OldKeys::Keep, go_on).await.unwrap();
    opens(&world.store).await;
    assert_eq!(keys(&world.store).await[0], (1, 0));
}

#[tokio::test]
async fn who_has_not_used_any_key_since_seals_with_the_new_one() {
    let world = World::new().await;
    let tool = world.open(Purpose::Tool).await.unwrap();
    tool.secrets().rotate(OldKeys::Keep, go_on).await.unwrap();
    world.store.secrets().put(PLUGIN, "a", b"x").await.unwrap();
    assert_eq!(keys(&tool).await, [(1, 0), (2, 1)]);
    let read = tool.secrets().get(PLUGIN, "a").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"x"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_lose_no_key() {
    let world = World::new().await;
    fill(&world.store).await;
    let tool = world.open(Purpose::Tool).await.unwrap();
    let (one, other) = (world.store.secrets(), tool.secrets());
    let (one, other) = tokio::join!(
        one.rotate(OldKeys::Keep, go_on),
        other.rotate(OldKeys::Keep, go_on)
    );
    one.unwrap();
    other.unwrap();
    opens(&world.store).await;
    opens(&tool).await;
    let keys = keys(&world.store).await;
    assert_eq!(
        keys.last().unwrap().1,
        u64::try_from(MANY).unwrap() + 1,
        "{keys:?}"
    );
}

#[tokio::test]
async fn keys_go_only_where_nobody_else_can_use_them() {
    let world = World::new().await;
    fill(&world.store).await;
    let before = in_file(&world);
    let refused = world.store.secrets().rotate(OldKeys::Drop, go_on).await;
    assert!(matches!(refused, Err(Error::InUse(_))));
    let refused = world.open(Purpose::Alone).await;
    assert!(matches!(refused, Err(Error::InUse(_))));
    assert_eq!(in_file(&world), before);
}

#[tokio::test]
async fn a_record_that_does_not_open_keeps_all_keys() {
    let world = World::new().await;
    world.store.secrets().put(PLUGIN, "a", b"x").await.unwrap();
    let file = in_file(&world);
    world
        .store
        .secrets()
        .rotate(OldKeys::Keep, go_on)
        .await
        .unwrap();
    let world = world.reopen_for(Purpose::Alone).await;
    let secrets = world.store.secrets();
    // As if somebody had put back a key file from before.
    std::fs::write(world.folder.path().join("keys.json"), &file).unwrap();
    let refused = secrets.rotate(OldKeys::Drop, go_on).await;
    assert!(
        matches!(&refused, Err(Error::Corrupt(reason)) if reason.contains("key 2")),
        "{refused:?}"
    );
    let listed = secrets.keys().await.unwrap();
    let missing = listed.iter().find(|key| key.id == 2).unwrap();
    assert!(!missing.present && missing.records == 1);
}
