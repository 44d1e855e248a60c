//! Several hosts on one database: each hears of what the others did, and none takes what another holds.

use std::time::Duration;

use host_store::*;
use sqlx::Connection as _;

use super::support::*;

const LEASE: u64 = 60_000;

async fn two_hosts() -> (World, Store) {
    let world = World::new().await;
    world.enable(PLUGIN).await;
    let other = world.open(Purpose::Serve).await.unwrap();
    (world, other)
}

/// Long before anything would be looked for without being told.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("nothing was heard")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hosts_may_begin_at_once() {
    let world = World::new().await;
    let (one, two, three) = tokio::join!(
        world.open(Purpose::Serve),
        world.open(Purpose::Serve),
        world.open(Purpose::Tool)
    );
    for store in [one, two, three] {
        store.unwrap().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_of_many_makes_one_schema() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(TestClock::at(START));
    let database = crate::engine::TestDatabase::new(super::ENGINE).await;
    let open = || {
        let options = Options::new(clock.clone(), Purpose::Serve).database(&database.database);
        Store::open_with(folder.path(), options)
    };
    let (one, two, three) = tokio::join!(open(), open(), open());
    for store in [one, two, three] {
        store.unwrap().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_one_host_is_heard_at_the_other() {
    let (world, other) = two_hosts().await;
    let mut heard = other.events().subscribe("anna", None).await.unwrap();
    for number in 0..5 {
        let event = Write::Publish {
            topic: "a.b".to_owned(),
            user: Some("anna".to_owned()),
            payload: number.to_string(),
        };
        world.apply(vec![event]).await.unwrap();
        assert_eq!(
            soon(heard.next()).await.unwrap().payload,
            number.to_string()
        );
    }
    // A page that was at the one host goes on at the other.
    let last = world
        .store
        .events()
        .publish("a.b", None, &serde_json::json!(5))
        .await
        .unwrap();
    let page = other.events().subscribe("anna", Some(last)).await.unwrap();
    assert!(!page.missed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_one_host_wakes_the_other_and_is_run_once() {
    let (world, other) = two_hosts().await;
    let waiting =
        tokio::spawn(async move { other.jobs().next(LEASE, &every_plugin).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    world
        .apply(vec![Write::Enqueue(new_job("k", "a"))])
        .await
        .unwrap();
    assert_eq!(soon(waiting).await.unwrap().key, "a");
    assert_eq!(
        world
            .store
            .jobs()
            .claim(LEASE, &every_plugin)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_claim_at_once_get_different_jobs_and_one_of_a_key() {
    let (world, other) = two_hosts().await;
    let batch = (0..40)
        .map(|number: i64| {
            let kind = if number % 2 == 0 { "even" } else { "odd" };
            Write::Enqueue(new_job(kind, &(number / 2).to_string()))
        })
        .collect();
    world.apply(batch).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let jobs = if number % 2 == 0 {
            world.store.jobs()
        } else {
            other.jobs()
        };
        workers.spawn(async move {
            let mut keys = Vec::new();
            for _ in 0..50 {
                if let Some(lease) = jobs.claim(LEASE, &every_plugin).await.unwrap() {
                    keys.push(lease.key);
                }
            }
            keys
        });
    }
    let mut keys: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    keys.sort();
    let mut expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    expected.sort();
    assert_eq!(keys, expected, "one of each key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_host_ran_is_taken_over_when_its_lease_lapses_and_it_can_write_no_more() {
    let (world, other) = two_hosts().await;
    world
        .define(collection(
            "t",
            vec![required("id", Kind::Text)],
            &["id"],
            vec![],
        ))
        .await;
    world
        .apply(vec![Write::Enqueue(new_job("k", "a"))])
        .await
        .unwrap();
    let lost = world
        .store
        .jobs()
        .claim(LEASE, &every_plugin)
        .await
        .unwrap()
        .unwrap();
    // Opening takes nothing from who may be alive.
    let third = world.open(Purpose::Serve).await.unwrap();
    assert_eq!(
        third.jobs().claim(LEASE, &every_plugin).await.unwrap(),
        None
    );
    world.advance(60);
    let taken = other
        .jobs()
        .claim(LEASE, &every_plugin)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((taken.id, taken.attempt), (lost.id, 2));
    let row = |id: &str| vec![put("t", &["id"], vec![vec![text(id)]])];
    let late = world
        .store
        .collections()
        .apply(&fenced(lost.fence()), row("late"))
        .await;
    assert_eq!(late, Err(StorageError::Fenced));
    other
        .collections()
        .apply(&fenced(taken.fence()), row("mine"))
        .await
        .unwrap();
    assert_eq!(world.texts(&query("t", vec![], vec![], 9)).await, ["mine"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_one_host_releases_is_the_others() {
    let (world, other) = two_hosts().await;
    let locks = world.store.locks();
    let held = locks
        .acquire(PLUGIN, "l", 600_000, 0)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        other.locks().acquire(PLUGIN, "l", 1_000, 0).await.unwrap(),
        None
    );
    let waiting =
        tokio::spawn(async move { other.locks().acquire(PLUGIN, "l", 1_000, 60_000).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    locks.release(&held).await.unwrap();
    assert!(soon(waiting).await.unwrap().unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_that_one_host_extends_is_known_at_the_other() {
    let (world, other) = two_hosts().await;
    let fields = vec![required("id", Kind::Text)];
    let mut grown = collection("t", fields, &["id"], vec![]);
    world.define(grown.clone()).await;
    let asked = query("t", vec![], vec![], 1);
    other.collections().find(PLUGIN, &asked).await.unwrap();
    grown.fields.push(field("more", Kind::Text));
    world.define(grown).await;
    let known = async {
        loop {
            let page = other.collections().find(PLUGIN, &asked).await.unwrap();
            if page.rows.fields.len() == 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_made_again() {
    let (world, other) = two_hosts().await;
    let mut heard = other.events().subscribe("anna", None).await.unwrap();
    let mut connection = world.database.connect().await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    // Each connection that was cut fails one call at most.
    let event = || Write::Publish {
        topic: "a.b".to_owned(),
        user: None,
        payload: "1".to_owned(),
    };
    soon(async {
        while world.apply(vec![event()]).await.is_err() {}
        while heard.next().await.is_err() {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_collector_leaves_out_what_others_hold_and_waits_for_nobody() {
    let (world, other) = two_hosts().await;
    let (blobs, me) = (world.store.blobs(), caller());
    let upload = blobs.create(&me).await.unwrap();
    blobs.append(&me, &upload, 0, vec![7]).await.unwrap();
    let blob = blobs.finish(&me, &upload).await.unwrap();
    world.advance(2 * 86_400);
    let mut connection = world.database.connect().await;
    // A batch that is about to let a row name it; a host that stores the same content.
    for table in ["host_blobs", "host_objects"] {
        let mut held = connection.begin().await.unwrap();
        let hold = format!("SELECT 1 FROM host.{table} WHERE id = $1 FOR SHARE");
        let hold = sqlx::query(sqlx::AssertSqlSafe(hold)).bind(&blob);
        hold.execute(&mut *held).await.unwrap();
        soon(other.housekeep()).await.unwrap();
        assert_eq!(world.objects().len(), 1, "{table}");
        held.rollback().await.unwrap();
    }
    soon(other.housekeep()).await.unwrap();
    assert_eq!(world.objects().len(), 0);
}

#[tokio::test]
async fn a_backup_says_that_the_rows_are_the_servers() {
    let world = World::new().await;
    let target = tempfile::tempdir().unwrap();
    let target = target.path().join("copy");
    let refused = backup::backup(world.folder.path(), &world.place(), &target).await;
    assert!(matches!(refused, Err(Error::Conflict(said)) if said.contains("pg_dump")));
    assert!(!target.exists());
}

/// Whoever hangs up gives a call up, wherever it is. What comes after it on the same connection is committed all the same.
#[tokio::test]
async fn a_call_that_is_given_up_takes_nothing_of_others_along() {
    let world = World::new().await;
    let mut past = world.database.connect().await;
    for number in 0..200_u32 {
        let store = world.store.clone();
        let given_up = tokio::spawn(async move {
            let event = serde_json::json!(null);
            store.events().publish("a.b", None, &event).await
        });
        tokio::time::sleep(Duration::from_micros(u64::from(number) * 10)).await;
        given_up.abort();
        let digest = number.to_string();
        let components = world.store.components();
        components.keep(PLUGIN, &digest, vec![1]).await.unwrap();
        let seen: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM host.host_components WHERE digest = $1")
                .bind(digest)
                .fetch_one(&mut past)
                .await
                .unwrap();
        assert_eq!(seen, 1, "{number}");
    }
}

#[tokio::test]
async fn a_host_with_other_keys_is_refused_before_it_seals_anything() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    let other = world.options(Purpose::Serve).key_file(&keys);
    let refused = Store::open_with(world.folder.path(), other).await;
    let Err(Error::Corrupt(reason)) = refused else {
        panic!("{refused:?}");
    };
    assert!(reason.contains("copy the key file of a host"), "{reason}");
    // One that was given the same keys is not.
    std::fs::copy(world.folder.path().join("keys.json"), &keys).unwrap();
    let same = world.options(Purpose::Serve).key_file(&keys);
    Store::open_with(world.folder.path(), same).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_done_so_often_is_counted_for_all_hosts() {
    let (world, other) = two_hosts().await;
    let limit = [Limit {
        subject: "a door".to_owned(),
        most: 5,
    }];
    let tries = (0..10).map(|number| {
        let store = if number % 2 == 0 {
            &world.store
        } else {
            &other
        };
        let (tries, limit) = (store.tries(), limit.clone());
        async move { tries.begin(&limit, 60_000).await.unwrap() }
    });
    let ended = futures::future::join_all(tries).await;
    let refused = ended.iter().filter(|end| end.is_some()).count();
    assert_eq!(refused, 5, "{ended:?}");
    world.advance(61);
    assert_eq!(other.tries().begin(&limit, 60_000).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_to_be_alone_knows_of_hosts_with_other_folders() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let keys = world.folder.path().join("keys.json");
    let options = world.options(Purpose::Serve).key_file(&keys);
    let other = Store::open_with(folder.path(), options.clone())
        .await
        .unwrap();
    world.store.close().await;
    let World {
        store,
        folder: own,
        clock: _clock,
        database: _database,
        ..
    } = world;
    drop(store);
    let alone = Options {
        purpose: Purpose::Alone,
        ..options.clone()
    };
    let refused = Store::open_with(own.path(), alone.clone()).await;
    assert!(
        matches!(&refused, Err(Error::InUse(reason)) if reason.contains("stop all hosts")),
        "{refused:?}"
    );
    other.close().await;
    drop(other);
    let alone = Store::open_with(own.path(), alone).await.unwrap();
    let refused = Store::open_with(folder.path(), options.clone()).await;
    assert!(matches!(refused, Err(Error::Unfinished(_))), "{refused:?}");
    alone.close().await;
    drop(alone);
    // The server may not have noticed yet that nobody is alone any more.
    soon(async {
        while Store::open_with(folder.path(), options.clone())
            .await
            .is_err()
        {}
    })
    .await;
}
