//! A server or a host that says nothing, neither that it is gone nor anything else; and people who do not wait for what it says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use host_store::*;
use sqlx::{Connection as _, Executor as _};

use super::support::*;
use super::wire::Wire;

/// A statement ends so long after the server fell silent, at the latest; the rest is for a busy machine.
const BOUND: Duration = Duration::from_secs(20);

async fn open(folder: &tempfile::TempDir, database: &Database) -> Store {
    let clock = Arc::new(SystemClock::default());
    let options = Options::new(clock, Purpose::Serve).database(database);
    Store::open_with(folder.path(), options).await.unwrap()
}

fn direct(database: &xtask::postgres::Database) -> Database {
    Database::Postgres {
        url: database.url().to_string().into(),
        connections: 4,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_silent_server_is_told_and_served_once_it_speaks() {
    let database = xtask::postgres::Database::new().unwrap();
    let wire = Wire::to(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &wire.database(&database)).await;
    store.ping().await.unwrap();

    wire.cut();
    let begun = Instant::now();
    // More than there are connections, some of which are given up by who asked.
    let asked: Vec<_> = (0..12)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let patience = if number < 4 { 1 } else { 60 };
                tokio::time::timeout(Duration::from_secs(patience), store.ping()).await
            })
        })
        .collect();
    for (number, asked) in asked.into_iter().enumerate() {
        let told = asked.await.unwrap();
        match told {
            Err(_) => assert!(number < 4, "{number} waited for ever"),
            Ok(told) => assert!(matches!(told, Err(Error::Unavailable(_))), "{told:?}"),
        }
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    // By now it is known, and nobody waits.
    let begun = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1));

    wire.mend();
    let begun = Instant::now();
    while store.ping().await.is_err() {
        assert!(begun.elapsed() < BOUND, "it is not served again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_leaves_no_transaction_behind() {
    let database = xtask::postgres::Database::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &direct(&database)).await;
    // Given up at any moment, at most of them before the transaction has begun.
    for moment in 0..400 {
        let moment = Duration::from_micros(moment * 5);
        let _ = tokio::time::timeout(moment, store.jobs().next_due(&every_plugin)).await;
        let _ = tokio::time::timeout(moment, store.jobs().claim(1_000, &every_plugin)).await;
    }
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let begun = Instant::now();
    while database.query(open).unwrap() != "0" {
        assert!(begun.elapsed() < BOUND, "a transaction stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A connection that is only listened on says nothing, so that whoever is between forgets it: then nothing comes any more, and nothing fails.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_nothing_any_more_listens_anew() {
    let database = xtask::postgres::Database::new().unwrap();
    let wire = Wire::to(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &wire.database(&database)).await;
    let other = open(&folder, &direct(&database)).await;
    save(&other, &plugin(PLUGIN, PluginState::Enabled))
        .await
        .unwrap();

    let before = wire.listeners();
    wire.deafen();
    let begun = Instant::now();
    while wire.listeners() == before {
        assert!(begun.elapsed() < BOUND, "nobody listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // By looking, one is found every ten seconds.
    let heard = async {
        for number in 0..4 {
            let job = new_job("k", &number.to_string());
            let jobs = store.jobs();
            let (heard, enqueued) = tokio::join!(jobs.next(60_000, &every_plugin), async {
                other.jobs().enqueue(PLUGIN, &job).await
            });
            enqueued.unwrap();
            assert_eq!(heard.unwrap().key, job.key);
        }
    };
    tokio::time::timeout(BOUND, heard).await.unwrap();
}

/// Whoever is cut off or paused inside of a transaction keeps what it locked, and the server can't know that it is not to come back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_locked_by_a_host_that_fell_silent_is_soon_the_others() {
    let database = xtask::postgres::Database::new().unwrap();
    let wire = Wire::to(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &wire.database(&database)).await;
    let other = open(&folder, &direct(&database)).await;
    wire.cut_after(b"a key of both");
    let job = new_job("k", "a key of both");
    let lost = store.jobs().enqueue(PLUGIN, &job).await;
    assert!(
        matches!(lost, Err(StorageError::Unavailable(_))),
        "{lost:?}"
    );
    // Waits for what becomes of the other's row, and longer than its patience would be an error.
    other.jobs().enqueue(PLUGIN, &job).await.unwrap();
    assert_eq!(other.jobs().list(Some(PLUGIN), 9).await.unwrap().len(), 1);
}

/// All hosts wait for each other where events get their numbers, which each of them sees to.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_falls_silent_keeps_no_event_from_others() {
    let database = xtask::postgres::Database::new().unwrap();
    let wire = Wire::to(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let _store = open(&folder, &wire.database(&database)).await;
    // It does nothing by itself but look for events, and so falls silent in the middle of that, if it has a middle.
    wire.cut_before(b"COMMIT");
    let event = "INSERT INTO host.host_events_new (at, topic, payload) VALUES (0, 'a.b', '0')";
    database.query(event).unwrap();
    let left = "SELECT COUNT(*) FROM host.host_events_new";
    let begun = Instant::now();
    while database.query(left).unwrap() != "0" && !wire.is_cut() {
        assert!(begun.elapsed() < BOUND, "it does not look for events");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let other = open(&folder, &direct(&database)).await;
    let mut heard = other.events().subscribe("anna", None).await.unwrap();
    let payload = serde_json::json!(1);
    let said = async {
        other.events().publish("a.b", None, &payload).await.unwrap();
        while heard.next().await.unwrap().payload != "1" {}
    };
    // Well before the server gives a silent host up.
    let soon = Duration::from_secs(8);
    tokio::time::timeout(soon, said).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_numbers_of_events_leaves_connections_to_others() {
    let database = xtask::postgres::Database::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, &direct(&database)).await;
    let mut turn = sqlx::PgConnection::connect(database.url().as_str())
        .await
        .unwrap();
    let take = "BEGIN; LOCK TABLE host.host_events_new IN SHARE UPDATE EXCLUSIVE MODE";
    turn.execute(take).await.unwrap();
    // More than may write at once.
    let said: Vec<_> = (0..6)
        .map(|number| {
            let store = store.clone();
            let payload = serde_json::json!(number);
            tokio::spawn(async move { store.events().publish("a.b", None, &payload).await })
        })
        .collect();
    let written = "SELECT COUNT(*) FROM host.host_events_new";
    let begun = Instant::now();
    while database.query(written).unwrap() != "6" {
        assert!(begun.elapsed() < BOUND, "nobody can write any more");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    turn.execute("COMMIT").await.unwrap();
    for said in said {
        said.await.unwrap().unwrap();
    }
    let numbered = "SELECT COUNT(DISTINCT id) FROM host.host_events";
    assert_eq!(database.query(numbered).unwrap(), "6");
}
