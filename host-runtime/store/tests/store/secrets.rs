//! Secrets are unreadable at rest, belong to one plugin and name, and survive a change of keys.

use std::sync::Arc;

use host_store::*;

use super::support::*;
use crate::engine::TestDatabase;

fn holds(world: &World, needle: &[u8]) -> bool {
    std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .any(|path| {
            std::fs::read(path)
                .unwrap()
                .windows(needle.len())
                .any(|window| window == needle)
        })
}

#[tokio::test]
async fn they_come_back_and_are_not_in_any_file() {
    let world = World::new().await;
    let secrets = world.store.secrets();
    assert_eq!(secrets.get(PLUGIN, "token").await.unwrap(), None);
    secrets
        .put(PLUGIN, "token", b"hunter2-hunter2")
        .await
        .unwrap();
    secrets.put(PLUGIN, "empty", b"").await.unwrap();
    assert_eq!(
        secrets.get(PLUGIN, "token").await.unwrap().unwrap(),
        b"hunter2-hunter2"
    );
    assert_eq!(secrets.get(PLUGIN, "empty").await.unwrap().unwrap(), b"");
    assert_eq!(secrets.get("other-plugin", "token").await.unwrap(), None);
    assert!(!holds(&world, b"hunter2"));
    assert!(
        secrets
            .put(PLUGIN, "large", &vec![0; 64 * 1024 + 1])
            .await
            .is_err()
    );
    assert!(secrets.put(PLUGIN, "", b"x").await.is_err());
    drop(secrets);
    let world = world.reopen().await;
    let secrets = world.store.secrets();
    assert_eq!(
        secrets.get(PLUGIN, "token").await.unwrap().unwrap(),
        b"hunter2-hunter2"
    );
    secrets.delete(PLUGIN, "token").await.unwrap();
    secrets.delete(PLUGIN, "token").await.unwrap();
    assert_eq!(secrets.get(PLUGIN, "token").await.unwrap(), None);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_key_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let mode = std::fs::metadata(world.folder.path().join("keys.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_is_sealed_opens_only_where_it_belongs() {
    let world = World::new().await;
    let secrets = world.store.secrets();
    let sealed = secrets.seal(&["cookie", "a"], b"content").unwrap();
    assert_eq!(secrets.open(&["cookie", "a"], &sealed).unwrap(), b"content");
    for context in [
        &["cookie", "b"][..],
        &["cookie"],
        &["cookiea"],
        &["cookie", "a", ""],
    ] {
        assert!(matches!(
            secrets.open(context, &sealed),
            Err(Error::Corrupt(_))
        ));
    }
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(secrets.open(&["cookie", "a"], &changed).is_err());
    assert!(secrets.open(&["cookie", "a"], &[]).is_err());
}

#[tokio::test]
async fn a_damaged_key_file_is_refused_and_not_replaced() {
    let world = World::new().await;
    let path = world.folder.path().join("keys.json");
    world
        .store
        .secrets()
        .put(PLUGIN, "token", b"value")
        .await
        .unwrap();
    std::fs::write(&path, "{}").unwrap();
    let opened = world.open(Purpose::Tool).await;
    assert!(matches!(opened, Err(Error::Corrupt(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
}

#[tokio::test]
async fn a_missing_key_file_is_not_replaced_either() {
    let world = World::new().await;
    world
        .store
        .secrets()
        .put(PLUGIN, "token", b"value")
        .await
        .unwrap();
    std::fs::remove_file(world.folder.path().join("keys.json")).unwrap();
    let opened = world.open(Purpose::Tool).await;
    assert!(matches!(opened, Err(Error::Corrupt(reason)) if reason.contains("restore")));
}

#[tokio::test]
async fn two_processes_that_begin_at_once_share_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::at(START));
    let database = TestDatabase::new(super::ENGINE).await;
    let open = |purpose| {
        let options = Options::new(clock.clone(), purpose).database(&database.database);
        Store::open_with(folder.path(), options)
    };
    let (serving, tool) = tokio::join!(open(Purpose::Serve), open(Purpose::Tool));
    let (serving, tool) = (serving.unwrap(), tool.unwrap());
    tool.secrets().put(PLUGIN, "token", b"value").await.unwrap();
    assert_eq!(
        serving
            .secrets()
            .get(PLUGIN, "token")
            .await
            .unwrap()
            .unwrap(),
        b"value"
    );
}
