//! What does not fit is refused, and is as it was.

use rstest::rstest;

use super::filled::{dump, fill};
use super::*;

#[rstest]
#[case::changed_row("UPDATE host.host_users SET locale = 'de'", "host_users")]
#[case::lost_row("DELETE FROM host.host_secrets WHERE name = 'token'", "host_secrets")]
#[case::changed_field(
    "UPDATE plugin_other_plugin.c3_rows SET f_c = 'other' WHERE f_a = -7",
    "numbers of other-plugin"
)]
#[case::changed_number(
    "UPDATE plugin_test_plugin.c2_rows SET f_integer = 4 WHERE f_integer = 3",
    "values of test-plugin"
)]
#[case::next_number(
    "SELECT setval(pg_get_serial_sequence('host.host_events', 'id'), 100)",
    "host_events"
)]
#[case::definition(
    "UPDATE host.host_collections SET definition = replace(definition, 'true', 'false') WHERE id = 4",
    "letters of other-plugin"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_an_error_that_names_its_table(
    #[case] change: &'static str,
    #[case] named: &str,
) {
    let moving = Move::copied().await;
    moving.on_the_server(change).await;
    let compared = moving.there().await;
    assert!(
        matches!(&compared, Err(Error::Corrupt(reason)) if reason.contains(named)),
        "{compared:?}"
    );
    let opened = moving.open(moving.server()).await;
    assert!(matches!(opened, Err(Error::Unfinished(_))));
    let anew = moving.watched(&Database::Folder, moving.server(), true, |_| {
        ControlFlow::Continue(())
    });
    assert!(!anew.await.unwrap().resumed);
    moving.open(moving.server()).await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_served_in_between_is_noticed() {
    let moving = Move::copied().await;
    let store = moving.open(&Database::Folder).await.unwrap();
    store.secrets().put(PLUGIN, "token", b"new").await.unwrap();
    store.close().await;
    drop(store);
    assert!(matches!(moving.there().await, Err(Error::Corrupt(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_used_is_refused_and_unharmed() {
    let moving = Move::of(fill).await;
    let store = moving.open(moving.server()).await.unwrap();
    store.secrets().put("mine", "a", b"mine").await.unwrap();
    store.close().await;
    drop(store);
    let refused = moving.there().await;
    assert!(
        matches!(&refused, Err(Error::Conflict(reason)) if reason.contains("holds a store already")),
        "{refused:?}"
    );
    // Not even if it is asked to begin anew: nothing there came of a migration.
    let anew = moving.watched(&Database::Folder, moving.server(), true, |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(anew.await, Err(Error::Conflict(_))));
    let store = moving.open(moving.server()).await.unwrap();
    let mine = store.secrets().get("mine", "a").await.unwrap();
    assert_eq!(mine.as_deref(), Some(&b"mine"[..]));
    assert!(store.users().list().await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_there_is_refused_and_unharmed() {
    let moving = Move::of(fill).await;
    let before = dump(moving.folder.path()).await;
    moving.there().await.unwrap();
    let refused = moving.back().await;
    assert!(
        matches!(&refused, Err(Error::Conflict(reason)) if reason.contains("host.db")),
        "{refused:?}"
    );
    assert_eq!(dump(moving.folder.path()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_another_store_are_not_added_to() {
    let moving = Move::copied().await;
    moving
        .on_the_server("UPDATE host.host_migration SET source = 'elsewhere'")
        .await;
    let refused = moving.there().await;
    assert!(
        matches!(&refused, Err(Error::Conflict(reason)) if reason.contains("elsewhere")),
        "{refused:?}"
    );
    // Nor is what is half there moved on.
    let _away = moving.put_away();
    assert!(matches!(moving.back().await, Err(Error::Unfinished(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_may_serve_either_of_them() {
    let moving = Move::of(fill).await;
    let store = moving.open(&Database::Folder).await.unwrap();
    let in_use = |moved: &Result<Moved, Error>| matches!(moved, Err(Error::InUse(reason)) if reason.contains("stop all hosts"));
    let refused = moving.there().await;
    assert!(in_use(&refused), "{refused:?}");
    store.close().await;
    drop(store);
    // Also not from another folder, as another host has it.
    let elsewhere = tempfile::tempdir().unwrap();
    let keys = moving.folder.path().join("keys.json");
    let options = Options::new(Arc::new(moving.clock.clone()), Purpose::Serve)
        .database(moving.server())
        .key_file(&keys);
    let other = Store::open_with(elsewhere.path(), options.clone())
        .await
        .unwrap();
    let refused = moving.there().await;
    assert!(in_use(&refused), "{refused:?}");
    // Nor while the connection by which it hears others is cut.
    moving
        .on_the_server(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query ILIKE 'LISTEN%'",
        )
        .await;
    other.ping().await.unwrap();
    let refused = moving.there().await;
    assert!(in_use(&refused), "{refused:?}");
    other.close().await;
    drop(other);
    // What it left there: marks of the keys.
    moving.on_the_server("DELETE FROM host.host_keys").await;
    moving.there().await.unwrap();

    // And nobody begins to.
    let mut moving_on = moving.server.connect().await;
    let hosts = blake3::hash(b"hosts");
    let number = i64::from_be_bytes(*hosts.as_bytes().first_chunk().unwrap());
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(number)
        .execute(&mut moving_on)
        .await
        .unwrap();
    let refused = Store::open_with(elsewhere.path(), options).await;
    assert!(
        matches!(&refused, Err(Error::Unfinished(reason)) if reason.contains("migrate-store")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_must_be_something_to_move() {
    let moving = Move::of(async |_: &World| {}).await;
    let _away = moving.put_away();
    assert!(matches!(moving.there().await, Err(Error::NotFound(_))));
    let nowhere = Migration {
        folder: std::path::Path::new("/nowhere"),
        from: &Database::Folder,
        to: moving.server(),
        key_file: None,
        anew: false,
    };
    let refused = nowhere.run(&mut |_| ControlFlow::Continue(())).await;
    assert!(matches!(refused, Err(Error::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_another_store_are_refused_before_anything_is_moved() {
    let moving = Move::of(fill).await;
    moving.there().await.unwrap();
    let away = moving.put_away();
    let keys = moving.folder.path().join("keys.json");
    let shared = away.path().join("shared.json");
    let back = async || {
        let migration = Migration {
            folder: moving.folder.path(),
            from: moving.server(),
            to: &Database::Folder,
            key_file: Some(&shared),
            anew: false,
        };
        migration.run(&mut |_| ControlFlow::Continue(())).await
    };
    // Mistyped: no new key is made up for it.
    let refused = back().await;
    assert!(
        matches!(&refused, Err(Error::Corrupt(reason)) if reason.contains("shared.json")),
        "{refused:?}"
    );
    assert!(!shared.exists());
    let elsewhere = tempfile::tempdir().unwrap();
    let options = Options::new(Arc::new(moving.clock.clone()), Purpose::Serve);
    let other = Store::open_with(elsewhere.path(), options).await.unwrap();
    other.close().await;
    std::fs::copy(elsewhere.path().join("keys.json"), &shared).unwrap();
    let refused = back().await;
    assert!(
        matches!(&refused, Err(Error::Corrupt(reason)) if reason.contains("other keys")),
        "{refused:?}"
    );
    // A file of other keys in the folder is not overwritten.
    std::fs::rename(&keys, away.path().join("ours.json")).unwrap();
    std::fs::rename(&shared, &keys).unwrap();
    std::fs::rename(away.path().join("ours.json"), &shared).unwrap();
    let before = std::fs::read(&keys).unwrap();
    let refused = back().await;
    assert!(
        matches!(&refused, Err(Error::Conflict(reason)) if reason.contains("put it elsewhere")),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&keys).unwrap(), before);
    assert!(!moving.folder.path().join("host.db").exists());
    // Where there is none, the folder gets those of the server's database.
    std::fs::remove_file(&keys).unwrap();
    back().await.unwrap();
    let store = moving.open(&Database::Folder).await.unwrap();
    let token = store.secrets().get(PLUGIN, "token").await.unwrap();
    assert_eq!(token.as_deref(), Some(&b"hunter2"[..]));
    store.close().await;
}
