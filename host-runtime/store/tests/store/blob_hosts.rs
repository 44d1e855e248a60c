//! Several hosts of one store write, name, forget and collect at the same time: what a row names is there, and what none names goes.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use host_store::*;
use proptest::prelude::*;
use rstest::rstest;

use super::support::*;
use crate::bucket::{Fault, Held};

const DAY: u64 = 86_400;

async fn ready(kept: Kept) -> World {
    let world = World::with(kept).await;
    let fields = vec![required("id", Kind::Text), field("content", Kind::Blob)];
    world
        .define(collection("files", fields, &["id"], vec![]))
        .await;
    world
}

async fn upload(store: &Store, content: &[u8]) -> Result<String, BlobError> {
    let (blobs, me) = (store.blobs(), caller());
    let upload = blobs.create(&me).await?;
    let (first, rest) = content.split_at(content.len() / 2);
    let size = blobs.append(&me, &upload, 0, first.to_vec()).await?;
    blobs.append(&me, &upload, size, rest.to_vec()).await?;
    blobs.finish(&me, &upload).await
}

async fn name(store: &Store, row: &str, blob: &str) -> Result<(), StorageError> {
    let rows = vec![vec![text(row), Value::Blob(blob.to_owned())]];
    let write = put("files", &["id", "content"], rows);
    store.collections().apply(&caller(), vec![write]).await
}

async fn unname(store: &Store, row: &str) {
    let write = Write::Delete {
        collection: "files".to_owned(),
        filter: all_of(vec![equal("id", text(row))]),
    };
    let done = store.collections().apply(&caller(), vec![write]).await;
    done.unwrap();
}

/// Requests with this method wait.
fn hold(world: &World, method: &'static str) -> Arc<Held> {
    let held = Arc::new(Held::default());
    let fault = Fault::Held(Arc::clone(&held));
    world.bucket().fail(move |one| one.method == method, fault);
    held
}

#[tokio::test]
async fn content_that_comes_again_while_another_host_deletes_it_is_kept() {
    let world = ready(Kept::InBucket).await;
    let blob = upload(&world.store, b"again").await.unwrap();
    name(&world.store, "1", &blob).await.unwrap();
    unname(&world.store, "1").await;
    world.advance(2 * DAY);

    let held = hold(&world, "DELETE");
    let collector = world.another_host().await;
    let collecting = tokio::spawn(async move { collector.housekeep().await });
    held.arrived.notified().await;
    world.bucket().heal();
    // The other host is about to delete the object.
    assert_eq!(upload(&world.store, b"again").await.unwrap(), blob);
    name(&world.store, "1", &blob).await.unwrap();
    held.go_on.notify_one();
    collecting.await.unwrap().unwrap();

    let read = || world.store.blobs();
    let content = read().read(&caller(), &blob, 0, 9).await.unwrap();
    assert_eq!(content, b"again");
    world.advance(2 * DAY);
    world.store.housekeep().await.unwrap();
    let content = read().read(&caller(), &blob, 0, 9).await.unwrap();
    assert_eq!(content, b"again");
    assert_eq!(world.objects().len(), 1);
}

/// A host that takes more than a day for one request, and the other ones' collector before or in the middle of deleting what it writes.
#[rstest]
#[tokio::test]
async fn what_was_written_for_longer_than_a_day_is_named_by_nothing(
    #[values(false, true)] collector_is_slow: bool,
) {
    let world = ready(Kept::InBucket).await;
    let written = hold(&world, "PUT");
    let slow = world.another_host().await;
    let writing = tokio::spawn(async move {
        let content = futures::stream::iter([Ok::<_, std::io::Error>("slow".into())]);
        slow.blobs().upload(&caller(), content, 100).await
    });
    written.arrived.notified().await;
    world.advance(DAY + 1);
    let deleted = hold(&world, "DELETE");
    let collector = world.another_host().await;
    let mut collecting = tokio::spawn(async move { collector.housekeep().await });
    deleted.arrived.notified().await;
    world.bucket().heal();
    if !collector_is_slow {
        deleted.go_on.notify_one();
        (&mut collecting).await.unwrap().unwrap();
    }
    written.go_on.notify_one();
    let answer = writing.await.unwrap();
    assert!(
        matches!(answer, Err(BlobError::Unavailable(_))),
        "{answer:?}"
    );
    if collector_is_slow {
        deleted.go_on.notify_one();
        collecting.await.unwrap().unwrap();
    }
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.blob_bytes, 0);
    assert_eq!(world.objects().len(), 0);
}

#[tokio::test]
async fn a_blob_that_is_stored_anew_while_it_is_read_is_read() {
    let world = ready(Kept::InBucket).await;
    let blob = upload(&world.store, b"moved").await.unwrap();
    name(&world.store, "1", &blob).await.unwrap();
    let held = hold(&world, "GET");
    let (reader, id) = (world.another_host().await, blob.clone());
    let reading = tokio::spawn(async move { reader.blobs().read(&caller(), &id, 0, 9).await });
    held.arrived.notified().await;
    world.bucket().heal();
    unname(&world.store, "1").await;
    world.advance(2 * DAY);
    world.store.housekeep().await.unwrap();
    upload(&world.store, b"moved").await.unwrap();
    held.go_on.notify_one();
    assert_eq!(reading.await.unwrap().unwrap(), b"moved");
}

#[rstest]
#[tokio::test]
async fn the_same_call_on_two_hosts_counts_once(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let (one, other) = (world.store.blobs(), world.another_host().await.blobs());
    let me = caller();
    let id = one.create(&me).await.unwrap();
    for at in [0, 4] {
        let (a, b) = tokio::join!(
            one.append(&me, &id, at, b"same".to_vec()),
            other.append(&me, &id, at, b"same".to_vec())
        );
        assert_eq!((a, b), (Ok(at + 4), Ok(at + 4)));
    }
    let (a, b) = tokio::join!(one.finish(&me, &id), other.finish(&me, &id));
    let blob = a.unwrap();
    assert_eq!(b.unwrap(), blob);
    assert_eq!(one.read(&me, &blob, 0, 99).await.unwrap(), b"samesame");
    assert_eq!(world.objects().len(), 1);
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.blob_bytes, 8);

    world.advance(2 * DAY);
    let host = world.another_host().await;
    let (a, b) = tokio::join!(world.store.housekeep(), host.housekeep());
    assert_eq!((a, b), (Ok(()), Ok(())));
    assert_eq!(world.objects().len(), 0);
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.blob_bytes, 0);
}

#[derive(Debug, Clone)]
enum Step {
    /// Uploads one of a few contents and lets a row name it.
    Put {
        content: u8,
        row: u8,
    },
    /// Begins to, and is ended after some turns.
    Crash {
        content: u8,
        turns: u8,
    },
    Unname {
        row: u8,
    },
    Collect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, 0..3_u8).prop_map(|(content, row)| Step::Put { content, row }),
        1 => (0..3_u8, 0..60_u8).prop_map(|(content, turns)| Step::Crash { content, turns }),
        3 => (0..3_u8).prop_map(|row| Step::Unname { row }),
        3 => Just(Step::Collect),
    ]
}

fn content(number: u8) -> Vec<u8> {
    vec![number; 100]
}

async fn take(store: Store, step: Step) {
    match step {
        Step::Put { content: one, row } => {
            let blob = upload(&store, &content(one)).await.unwrap();
            name(&store, &row.to_string(), &blob).await.unwrap();
        }
        Step::Crash {
            content: one,
            turns,
        } => {
            let writing = tokio::spawn(async move { upload(&store, &content(one)).await });
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            writing.abort();
        }
        Step::Unname { row } => unname(&store, &row.to_string()).await,
        Step::Collect => store.housekeep().await.unwrap(),
    }
}

async fn history(kept: Kept, rounds: Vec<Vec<(bool, Step)>>) {
    let world = ready(kept).await;
    let other = world.another_host().await;
    let me = caller();
    for round in rounds {
        // Everything that waits for its day is due, but for what this round makes.
        world.advance(2 * DAY);
        join_all(round.into_iter().map(|(here, step)| {
            let store = if here { &world.store } else { &other };
            take(store.clone(), step)
        }))
        .await;
        for row in world.all(&query("files", vec![], vec![], 100)).await {
            let Value::Blob(blob) = &row[1] else {
                panic!("{row:?}")
            };
            let read = other.blobs().read(&me, blob, 0, 200).await.unwrap();
            assert!((0..3).any(|number| content(number) == read));
        }
    }
    for row in 0..3 {
        unname(&world.store, &row.to_string()).await;
    }
    world.advance(2 * DAY);
    // A server takes a moment to notice that a host is gone, and what that one held is left out until then.
    for _ in 0..100 {
        world.store.housekeep().await.unwrap();
        if world.objects().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.objects().len(), 0, "something is left for ever");
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.blob_bytes, 0);
}

fn run(kept: Kept, rounds: Vec<Vec<(bool, Step)>>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(history(kept, rounds));
}

fn rounds() -> impl Strategy<Value = Vec<Vec<(bool, Step)>>> {
    prop::collection::vec(prop::collection::vec((any::<bool>(), step()), 1..6), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_in_a_folder(rounds in rounds()) {
        run(Kept::InFolder, rounds);
    }

    #[test]
    fn in_any_order_in_a_bucket(rounds in rounds()) {
        run(Kept::InBucket, rounds);
    }
}
