//! Wherever blobs are kept, what is read is what was written; and while their place is away, only they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use host_store::*;
use rstest::rstest;

use super::support::*;
use crate::bucket::{ACCESS_KEY, Fault, SECRET_KEY};
use crate::engine::TestDatabase;

const DAY: u64 = 86_400;
const PIECE: usize = 256 * 1024;

/// Pieces that are all different.
fn pieces(
    count: usize,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + Unpin {
    stream::iter((0..count).map(|number| {
        let number = u8::try_from(number % 251).unwrap();
        Ok(Bytes::from(vec![number; PIECE]))
    }))
}

async fn upload(store: &Store, content: &[u8]) -> Result<String, BlobError> {
    let (blobs, me) = (store.blobs(), caller());
    let upload = blobs.create(&me).await?;
    blobs.append(&me, &upload, 0, content.to_vec()).await?;
    blobs.finish(&me, &upload).await
}

/// The same store on a host that soon gives up.
async fn impatient(world: &World) -> Store {
    let mut s3 = world.bucket().s3();
    s3.patience = Duration::from_millis(300);
    let place = BlobPlace::S3(Box::new(s3));
    let options = world.options(Purpose::Tool).blobs(&place);
    Store::open_with(world.folder.path(), options)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_small_blob_is_one_request_and_a_large_one_goes_in_parts() {
    let world = World::with(Kept::InBucket).await;
    let (blobs, me, bucket) = (world.store.blobs(), caller(), world.bucket());
    bucket.asked();
    upload(&world.store, b"small").await.unwrap();
    let asked = bucket.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].method == "PUT" && asked[0].checksum);

    let (id, size) = blobs.upload(&me, pieces(80), u64::MAX).await.unwrap();
    let asked = bucket.asked();
    let parts: Vec<_> = asked
        .iter()
        .filter(|one| one.query.contains("partNumber"))
        .collect();
    assert_eq!(parts.len(), 3, "{asked:?}");
    assert!(parts.iter().all(|part| part.checksum));
    assert!(parts.iter().all(|part| part.length <= 8 << 20));
    let smaller = parts.iter().filter(|part| part.length < 5 << 20).count();
    assert!(smaller <= 1, "only the last part may be small");
    let blob = blobs.finish(&me, &id).await.unwrap();
    let content = blobs.stream(&me, &blob).await.unwrap().1;
    let read: usize = content
        .map_ok(|piece| piece.len())
        .try_fold(0, |sum, length| async move { Ok(sum + length) })
        .await
        .unwrap();
    assert_eq!(read as u64, size);
    assert_eq!((bucket.objects().len(), bucket.open_uploads()), (2, 0));
}

#[rstest]
#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = World::with(kept).await;
    let broken = pieces(80).chain(stream::iter([Err(std::io::Error::other("gone"))]));
    let answer = world
        .store
        .blobs()
        .upload(&caller(), broken, u64::MAX)
        .await;
    assert!(matches!(answer, Err(BlobError::Other(_))));
    assert_eq!(world.objects().len(), 0);
    if let Some(bucket) = &world.bucket {
        assert_eq!(bucket.open_uploads(), 0);
    }
}

#[rstest]
#[tokio::test]
async fn what_a_crash_left_of_a_large_upload_goes_after_a_day(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = World::with(kept).await;
    // To everybody else, a host that never goes on is one that was killed; dropping the upload would tidy up.
    let (come, mut came) = tokio::sync::mpsc::channel(1);
    let endless = pieces(80)
        .chain(stream::once(async move {
            come.send(()).await.unwrap();
            std::future::pending().await
        }))
        .boxed();
    let killed = world.another_host().await;
    tokio::spawn(async move { killed.blobs().upload(&caller(), endless, u64::MAX).await });
    came.recv().await.unwrap();
    let left = |world: &World| {
        let open = world.bucket.as_ref().map_or(0, |b| b.open_uploads());
        world.objects().len() + open
    };
    assert_eq!(left(&world), 1);

    world.store.housekeep().await.unwrap();
    assert_eq!(left(&world), 1, "another host may still be writing it");
    world.advance(DAY + 1);
    world.store.housekeep().await.unwrap();
    assert_eq!(left(&world), 0);
}

#[rstest]
#[tokio::test]
async fn damaged_content_is_never_taken_for_whole(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
    #[values(1_000, 20 << 20)] size: usize,
) {
    let world = World::with(kept).await;
    let (blobs, me) = (world.store.blobs(), caller());
    let content = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![7; size]))]);
    let (id, _) = blobs.upload(&me, content, u64::MAX).await.unwrap();
    let blob = blobs.finish(&me, &id).await.unwrap();
    let object = world.objects().remove(0);
    let sound = std::fs::read(&object).unwrap();

    let mut flipped = sound.clone();
    flipped[size / 2] ^= 1;
    for damaged in [
        flipped,
        sound[..size - 1].to_vec(),
        [&sound[..], b"x"].concat(),
    ] {
        let longer = damaged.len() > size;
        std::fs::write(&object, damaged).unwrap();
        let mut stream = blobs.stream(&me, &blob).await.unwrap().1;
        let mut read = 0;
        let problem = loop {
            match stream.next().await {
                Some(Ok(piece)) => read += piece.len(),
                Some(Err(problem)) => break problem,
                None => panic!("taken for whole"),
            }
        };
        assert!(problem.to_string().contains("damaged"), "{problem}");
        assert!(read < size, "a receiver would take it for whole");
        if size == 1_000 && !longer {
            let problem = blobs.read(&me, &blob, 0, 1_000).await.unwrap_err();
            assert!(matches!(problem, BlobError::Other(_)), "{problem}");
        }
    }
    std::fs::remove_file(&object).unwrap();
    let problem = blobs.read(&me, &blob, 0, 9).await.unwrap_err();
    assert!(problem.to_string().contains("missing"), "{problem}");
    // Part of a sound one.
    std::fs::write(&object, sound).unwrap();
    assert_eq!(blobs.read(&me, &blob, 500, 4).await.unwrap(), [7; 4]);
}

#[rstest]
#[tokio::test]
async fn an_upload_goes_on_after_a_restart_and_on_another_host(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = World::with(kept).await;
    let me = caller_for("anna");
    let upload = world.store.blobs().create(&me).await.unwrap();
    let first = world.store.blobs();
    assert_eq!(first.append(&me, &upload, 0, vec![1; 9]).await, Ok(9));
    drop(first);
    let world = world.reopen().await;
    let other = world.another_host().await.blobs();
    assert_eq!(other.append(&me, &upload, 9, vec![2; 9]).await, Ok(18));
    let blobs = world.store.blobs();
    assert_eq!(blobs.append(&me, &upload, 18, vec![3; 9]).await, Ok(27));
    let blob = other.finish(&me, &upload).await.unwrap();
    assert_eq!(blobs.finish(&me, &upload).await, Ok(blob.clone()));
    assert_eq!(
        blobs.read(&me, &blob, 8, 11).await.unwrap(),
        [&[1][..], &[2; 9], &[3]].concat()
    );
    assert_eq!(world.objects().len(), 1);
}

#[tokio::test]
async fn what_passes_soon_is_not_noticed() {
    let world = World::with(Kept::InBucket).await;
    for (method, fault) in [
        ("PUT", Fault::Status(503)),
        ("PUT", Fault::Status(500)),
        ("PUT", Fault::AnswerLost),
        ("GET", Fault::Status(503)),
        ("GET", Fault::AnswerLost),
    ] {
        let times = AtomicUsize::new(0);
        world.bucket().fail(
            move |asked| asked.method == method && times.fetch_add(1, Ordering::Relaxed) < 2,
            fault,
        );
        let content = vec![method.as_bytes()[0]; 1_000];
        let blob = upload(&world.store, &content).await.unwrap();
        let read = world.store.blobs().read(&caller(), &blob, 0, 1_000).await;
        assert!(read.unwrap() == content);
    }
}

#[tokio::test]
async fn while_the_bucket_is_away_rows_are_there_and_no_row_names_what_is_not() {
    let world = World::with(Kept::InBucket).await;
    let fields = vec![required("id", Kind::Text), field("content", Kind::Blob)];
    world
        .define(collection("files", fields, &["id"], vec![]))
        .await;
    let blob = upload(&world.store, b"before").await.unwrap();
    let row = vec![vec![text("1"), Value::Blob(blob.clone())]];
    world.put("files", &["id", "content"], row).await;
    let host = impatient(&world).await;
    let (blobs, me, bucket) = (host.blobs(), caller(), world.bucket());
    let open = blobs.create(&me).await.unwrap();
    blobs.append(&me, &open, 0, b"so ".to_vec()).await.unwrap();
    let pieces_of_it = blobs.create(&me).await.unwrap();
    for at in 0..2 {
        let piece = blobs.append(&me, &pieces_of_it, at, vec![7]).await;
        assert_eq!(piece, Ok(at + 1));
    }
    assert_eq!(blobs.ping().await, Ok(()));

    for fault in [
        Some(Fault::Status(503)),
        Some(Fault::Status(403)),
        Some(Fault::Silence),
        None,
    ] {
        let gone = fault.is_none();
        match fault {
            Some(fault) => bucket.fail(|_| true, fault),
            None => bucket.go_away().await,
        }
        let problem = blobs.ping().await.unwrap_err();
        assert!(matches!(problem, Error::Unavailable(_)), "{problem}");
        assert!(problem.to_string().contains("mail-blobs"), "{problem}");
        for problem in [
            blobs.append(&me, &open, 3, b"far".to_vec()).await.map(drop),
            blobs.upload(&me, pieces(1), u64::MAX).await.map(drop),
            blobs.upload(&me, pieces(80), u64::MAX).await.map(drop),
            blobs.finish(&me, &pieces_of_it).await.map(drop),
            blobs.read(&me, &blob, 0, 9).await.map(drop),
            blobs.stream(&me, &blob).await.map(drop),
        ] {
            let problem = problem.unwrap_err();
            assert!(matches!(problem, BlobError::Unavailable(_)), "{problem}");
            let said = problem.to_string();
            assert!(said.contains("mail-blobs"), "{said}");
            assert!(!said.contains(SECRET_KEY) && !said.contains(ACCESS_KEY));
        }
        assert_eq!(blobs.size(&me, &blob).await, Ok(6));
        assert_eq!(world.texts(&query("files", vec![], vec![], 9)).await, ["1"]);
        if gone {
            bucket.come_back().await;
        }
        bucket.heal();
        assert_eq!(blobs.ping().await, Ok(()));
        assert_eq!(blobs.read(&me, &blob, 0, 9).await.unwrap(), b"before");
    }
    // What had arrived is still there, and what had not can be sent again.
    assert_eq!(blobs.append(&me, &open, 3, b"far".to_vec()).await, Ok(6));
    let whole = blobs.finish(&me, &open).await.unwrap();
    assert_eq!(blobs.read(&me, &whole, 0, 9).await.unwrap(), b"so far");
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.blob_bytes, 14, "failures cost no quota");
    blobs.finish(&me, &pieces_of_it).await.unwrap();
    world.advance(DAY + 1);
    world.store.housekeep().await.unwrap();
    assert_eq!((bucket.objects().len(), bucket.open_uploads()), (1, 0));
}

#[tokio::test]
async fn what_could_not_be_deleted_is_deleted_later() {
    let world = World::with(Kept::InBucket).await;
    upload(&world.store, b"nobody names this").await.unwrap();
    world.advance(DAY);
    let host = impatient(&world).await;
    world
        .bucket()
        .fail(|asked| asked.method == "DELETE", Fault::Status(503));
    assert!(matches!(host.housekeep().await, Err(Error::Unavailable(_))));
    assert_eq!(world.objects().len(), 1);
    world.bucket().heal();
    world.advance(3_601);
    world.store.housekeep().await.unwrap();
    assert_eq!(world.objects().len(), 0);
}

#[tokio::test]
async fn a_host_starts_while_the_bucket_is_away() {
    let world = World::with(Kept::InBucket).await;
    let blob = upload(&world.store, b"content").await.unwrap();
    world.bucket().go_away().await;
    let world = world.reopen().await;
    assert_eq!(world.store.ping().await, Ok(()));
    assert!(world.store.blobs().ping().await.is_err());
    world.bucket().come_back().await;
    let read = world.store.blobs().read(&caller(), &blob, 0, 9).await;
    assert_eq!(read.unwrap(), b"content");
    upload(&world.store, b"more").await.unwrap();
}

#[tokio::test]
async fn a_place_that_is_not_the_stores_is_not_written_to() {
    let world = World::with(Kept::InBucket).await;
    upload(&world.store, b"content").await.unwrap();
    let World {
        store,
        clock,
        folder,
        bucket,
        database,
    } = world;
    let bucket = bucket.unwrap();
    drop(store);
    let options = |place: &BlobPlace, purpose| {
        Options::new(Arc::new(clock.clone()), purpose)
            .database(&database.database)
            .blobs(place)
    };
    let mut elsewhere = bucket.s3();
    elsewhere.prefix = "host-b".to_owned();
    for place in [BlobPlace::S3(Box::new(elsewhere)), BlobPlace::Folder] {
        let options = options(&place, Purpose::Tool);
        let store = Store::open_with(folder.path(), options).await.unwrap();
        let problem = upload(&store, b"other").await.unwrap_err();
        assert!(problem.to_string().contains("none of the 1"), "{problem}");
    }
    // A bucket that is not there, for a store that has no blobs yet.
    let empty = tempfile::tempdir().unwrap();
    let mut nowhere = bucket.s3();
    nowhere.bucket = "no-such-bucket".to_owned();
    // This server makes what is missing; others say so.
    bucket.fail(
        |asked| asked.path.contains("no-such-bucket"),
        Fault::Status(404),
    );
    let fresh = TestDatabase::new(super::ENGINE).await;
    let place = BlobPlace::S3(Box::new(nowhere));
    let first = options(&place, Purpose::Serve).database(&fresh.database);
    let store = Store::open_with(empty.path(), first).await.unwrap();
    let problem = upload(&store, b"other").await.unwrap_err();
    assert!(
        problem.to_string().contains("create the bucket"),
        "{problem}"
    );
    bucket.heal();
    // Emptied by somebody: no start makes it look like a new one.
    bucket.lose_the_marker();
    let options = options(&bucket.place(), Purpose::Serve);
    let opened = Store::open_with(folder.path(), options).await;
    assert!(matches!(opened, Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn keys_are_never_shown() {
    let world = World::with(Kept::InBucket).await;
    let mut s3 = world.bucket().s3();
    let shown = format!("{s3:?} {s3} {:?}", world.place());
    assert!(!shown.contains(SECRET_KEY) && !shown.contains(ACCESS_KEY));
    s3.secret_key = "another-secret".into();
    let place = BlobPlace::S3(Box::new(s3));
    let options = world.options(Purpose::Tool).blobs(&place);
    let store = Store::open_with(world.folder.path(), options)
        .await
        .unwrap();
    let problem = upload(&store, b"content").await.unwrap_err().to_string();
    assert!(problem.contains("check the keys"), "{problem}");
    assert!(!problem.contains("another-secret") && !problem.contains(ACCESS_KEY));
}
