//! A blob is readable by who may know it, kept as long as a row names it, and gone soon after.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use host_store::*;
use rstest::rstest;

use super::support::*;

const DAY: u64 = 86_400;

async fn ready(kept: Kept) -> World {
    let world = World::with(kept).await;
    world
        .define(collection(
            "files",
            vec![
                required("id", Kind::Text),
                field("content", Kind::Blob),
                field("preview", Kind::Blob),
            ],
            &["id"],
            vec![],
        ))
        .await;
    world
}

async fn upload(world: &World, caller: &Caller, content: &[u8]) -> String {
    let blobs = world.store.blobs();
    let upload = blobs.create(caller).await.unwrap();
    blobs
        .append(caller, &upload, 0, content.to_vec())
        .await
        .unwrap();
    blobs.finish(caller, &upload).await.unwrap()
}

async fn name(world: &World, caller: &Caller, id: &str, blob: &str) -> Result<(), StorageError> {
    let rows = vec![vec![text(id), Value::Blob(blob.to_owned())]];
    world
        .store
        .collections()
        .apply(caller, vec![put("files", &["id", "content"], rows)])
        .await
}

async fn delete(world: &World, id: &str) {
    let filter = all_of(vec![equal("id", text(id))]);
    world
        .apply(vec![Write::Delete {
            collection: "files".to_owned(),
            filter,
        }])
        .await
        .unwrap();
}

fn objects(world: &World) -> usize {
    world.objects().len()
}

#[rstest]
#[tokio::test]
async fn pieces_make_a_blob(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = ready(kept).await;
    let (blobs, me) = (world.store.blobs(), caller_for("anna"));
    let pieces: Vec<Vec<u8>> = (0..5_u8)
        .map(|number| vec![number; 300_000 + usize::from(number)])
        .collect();
    let id = blobs.create(&me).await.unwrap();
    let mut size = 0;
    for piece in &pieces {
        let after = blobs.append(&me, &id, size, piece.clone()).await.unwrap();
        // The answer was lost: the same again changes nothing.
        assert_eq!(
            blobs.append(&me, &id, size, piece.clone()).await.unwrap(),
            after
        );
        size = after;
    }
    assert_eq!(
        blobs.append(&me, &id, 7, vec![1]).await,
        Err(BlobError::Conflict(size))
    );
    assert!(matches!(
        blobs.append(&me, &id, size, vec![0; 1024 * 1024 + 1]).await,
        Err(BlobError::Other(_))
    ));
    let blob = blobs.finish(&me, &id).await.unwrap();
    assert_eq!(blobs.finish(&me, &id).await.unwrap(), blob);
    assert_eq!(
        blobs.append(&me, &id, size, vec![1]).await,
        Err(BlobError::NotFound)
    );
    let whole = pieces.concat();
    assert_eq!(blobs.size(&me, &blob).await.unwrap(), whole.len() as u64);
    assert_eq!(
        blobs.read(&me, &blob, 299_999, 4).await.unwrap(),
        [0, 1, 1, 1]
    );
    assert_eq!(blobs.read(&me, &blob, size - 1, 100).await.unwrap(), [4]);
    assert!(blobs.read(&me, &blob, size, 100).await.unwrap().is_empty());
    assert_eq!(
        blobs.read(&me, &blob, 0, u32::MAX).await.unwrap().len(),
        1024 * 1024
    );
    let (length, mut stream) = blobs.stream(&me, &blob).await.unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = stream.next().await {
        read.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(length, whole.len() as u64);
    assert!(read == whole);
    assert_eq!(objects(&world), 1, "the pieces are gone");
}

#[rstest]
#[tokio::test]
async fn an_empty_blob_is_one(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = ready(kept).await;
    let (blobs, me) = (world.store.blobs(), caller());
    let id = blobs.create(&me).await.unwrap();
    let blob = blobs.finish(&me, &id).await.unwrap();
    assert_eq!(blobs.size(&me, &blob).await.unwrap(), 0);
    assert!(blobs.read(&me, &blob, 0, 10).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn only_who_may_know_a_blob_reads_it(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = ready(kept).await;
    let blobs = world.store.blobs();
    let (anna, boris) = (caller_for("anna"), caller_for("boris"));
    let foreign = Caller {
        plugin: "other-plugin".to_owned(),
        ..anna.clone()
    };
    let id = blobs.create(&anna).await.unwrap();
    for stranger in [&boris, &foreign, &caller()] {
        assert_eq!(
            blobs.append(stranger, &id, 0, vec![1]).await,
            Err(BlobError::NotFound)
        );
        assert_eq!(blobs.finish(stranger, &id).await, Err(BlobError::NotFound));
    }
    blobs.append(&anna, &id, 0, vec![1]).await.unwrap();
    let blob = blobs.finish(&anna, &id).await.unwrap();
    assert_eq!(blobs.read(&anna, &blob, 0, 1).await.unwrap(), [1]);
    for stranger in [&boris, &foreign, &caller()] {
        assert_eq!(
            blobs.read(stranger, &blob, 0, 1).await,
            Err(BlobError::NotFound)
        );
        assert_eq!(blobs.size(stranger, &blob).await, Err(BlobError::NotFound));
        assert!(blobs.stream(stranger, &blob).await.is_err());
    }
    // Nor may a row name it for them.
    assert!(matches!(
        name(&world, &boris, "x", &blob).await,
        Err(StorageError::Invalid(..))
    ));
    name(&world, &anna, "x", &blob).await.unwrap();
    // Now the plugin's rows name it, and the plugin decides who sees them.
    assert_eq!(blobs.read(&boris, &blob, 0, 1).await.unwrap(), [1]);
    assert_eq!(
        blobs.read(&foreign, &blob, 0, 1).await,
        Err(BlobError::NotFound)
    );
    name(&world, &boris, "y", &blob).await.unwrap();
    assert_eq!(
        blobs.read(&caller(), "no-such", 0, 1).await,
        Err(BlobError::NotFound)
    );
    assert_eq!(
        blobs.read(&caller(), "../../keys.json", 0, 1).await,
        Err(BlobError::NotFound)
    );
}

#[rstest]
#[tokio::test]
async fn what_a_row_names_stays_and_what_none_names_goes(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let (blobs, me) = (world.store.blobs(), caller_for("anna"));
    let kept = upload(&world, &me, b"kept").await;
    let twice = upload(&world, &me, b"twice").await;
    let unused = upload(&world, &me, b"unused").await;
    name(&world, &me, "1", &kept).await.unwrap();
    name(&world, &me, "2", &twice).await.unwrap();
    let preview = vec![vec![text("1"), Value::Blob(twice.clone())]];
    world
        .apply(vec![put("files", &["id", "preview"], preview)])
        .await
        .unwrap();
    // Not yet a day old: kept for who uploaded it.
    world.store.housekeep().await.unwrap();
    assert_eq!(blobs.read(&me, &unused, 0, 9).await.unwrap(), b"unused");
    delete(&world, "2").await;
    world.advance(DAY);
    world.store.housekeep().await.unwrap();
    assert_eq!(
        blobs.read(&me, &unused, 0, 9).await,
        Err(BlobError::NotFound)
    );
    assert_eq!(blobs.read(&caller(), &kept, 0, 9).await.unwrap(), b"kept");
    assert_eq!(blobs.read(&caller(), &twice, 0, 9).await.unwrap(), b"twice");
    assert_eq!(objects(&world), 2);
    assert_eq!(
        world
            .store
            .plugins()
            .usage(PLUGIN)
            .await
            .unwrap()
            .blob_bytes,
        9
    );
    // Replaced, and deleted with its row.
    let other = upload(&world, &me, b"other").await;
    name(&world, &me, "1", &other).await.unwrap();
    world.store.housekeep().await.unwrap();
    assert_eq!(
        blobs.read(&caller(), &kept, 0, 9).await,
        Err(BlobError::NotFound)
    );
    delete(&world, "1").await;
    world.advance(2 * DAY);
    world.store.housekeep().await.unwrap();
    assert_eq!(objects(&world), 0);
    assert_eq!(
        world
            .store
            .plugins()
            .usage(PLUGIN)
            .await
            .unwrap()
            .blob_bytes,
        0
    );
}

#[rstest]
#[tokio::test]
async fn a_column_that_was_added_later_keeps_its_blobs(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let me = caller();
    let blob = upload(&world, &me, b"late").await;
    // The columns are known by now.
    assert!(world.store.blobs().size(&me, &blob).await.is_ok());
    world
        .define(collection(
            "files",
            vec![
                required("id", Kind::Text),
                field("content", Kind::Blob),
                field("preview", Kind::Blob),
                field("late", Kind::Blob),
            ],
            &["id"],
            vec![],
        ))
        .await;
    world
        .put(
            "files",
            &["id", "late"],
            vec![vec![text("1"), Value::Blob(blob.clone())]],
        )
        .await;
    world.advance(3 * DAY);
    world.store.housekeep().await.unwrap();
    assert_eq!(
        world.store.blobs().read(&me, &blob, 0, 9).await.unwrap(),
        b"late"
    );
}

#[rstest]
#[tokio::test]
async fn content_that_two_plugins_hold_is_stored_once_and_goes_with_the_last(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let (me, other) = (
        caller(),
        Caller {
            plugin: "other-plugin".to_owned(),
            ..caller()
        },
    );
    let mine = upload(&world, &me, b"same").await;
    let theirs = upload(&world, &other, b"same").await;
    assert_eq!(mine, theirs);
    assert_eq!(objects(&world), 1);
    name(&world, &me, "1", &mine).await.unwrap();
    world.delete_data("other-plugin").await;
    assert_eq!(
        world.store.blobs().read(&me, &mine, 0, 9).await.unwrap(),
        b"same"
    );
    world.delete_data(PLUGIN).await;
    assert_eq!(objects(&world), 0);
}

#[rstest]
#[tokio::test]
async fn content_that_comes_again_while_it_is_thrown_away_is_kept(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let me = caller();
    for round in 0..20 {
        let blob = upload(&world, &me, b"again and again").await;
        name(&world, &me, "1", &blob).await.unwrap();
        delete(&world, "1").await;
        world.advance(2 * DAY);
        let store = world.store.clone();
        let collecting = tokio::spawn(async move { store.housekeep().await });
        let blob = upload(&world, &me, b"again and again").await;
        collecting.await.unwrap().unwrap();
        assert_eq!(
            world.store.blobs().read(&me, &blob, 0, 5).await.unwrap(),
            b"again",
            "round {round}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn a_persons_upload_is_streamed_and_handed_to_the_plugin(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = ready(kept).await;
    let (blobs, me) = (world.store.blobs(), caller_for("anna"));
    let chunks = |count: usize| {
        stream::iter((0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; 100_000]))))
    };
    let (upload, size) = blobs.upload(&me, chunks(80), 10_000_000).await.unwrap();
    assert_eq!(size, 8_000_000);
    let blob = blobs.finish(&me, &upload).await.unwrap();
    assert_eq!(blobs.size(&me, &blob).await.unwrap(), size);
    assert_eq!(blobs.uploaded(&me, &upload).await, Ok(blob));
    let boris = caller_for("boris");
    assert_eq!(
        blobs.finish(&boris, &upload).await,
        Err(BlobError::NotFound)
    );
    assert_eq!(
        blobs.uploaded(&boris, &upload).await,
        Err(BlobError::NotFound)
    );
    let open = blobs.create(&me).await.unwrap();
    assert_eq!(blobs.uploaded(&me, &open).await, Err(BlobError::NotFound));
    assert!(matches!(
        blobs.upload(&me, chunks(80), 5_000_000).await,
        Err(BlobError::Other(_))
    ));
    let broken = stream::iter([
        Ok(Bytes::from_static(b"x")),
        Err(std::io::Error::other("gone")),
    ]);
    assert!(matches!(
        blobs.upload(&me, broken, 100).await,
        Err(BlobError::Other(_))
    ));
    assert_eq!(objects(&world), 1, "what was refused left nothing behind");
}

#[rstest]
#[tokio::test]
async fn uploads_count_in_the_quota(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = ready(kept).await;
    let (blobs, me) = (world.store.blobs(), caller());
    world
        .store
        .plugins()
        .set_quota(PLUGIN, Some(1_000))
        .await
        .unwrap();
    let id = blobs.create(&me).await.unwrap();
    assert_eq!(blobs.append(&me, &id, 0, vec![0; 900]).await.unwrap(), 900);
    assert_eq!(
        blobs.append(&me, &id, 900, vec![0; 101]).await,
        Err(BlobError::QuotaExceeded)
    );
    let chunk = || stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![1; 500]))]);
    assert_eq!(
        blobs.upload(&me, chunk(), 10_000).await.map(drop),
        Err(BlobError::QuotaExceeded)
    );
    // Given up: its bytes are free after its day.
    world.advance(DAY);
    world.store.housekeep().await.unwrap();
    assert_eq!(
        world
            .store
            .plugins()
            .usage(PLUGIN)
            .await
            .unwrap()
            .blob_bytes,
        0
    );
    assert_eq!(objects(&world), 0);
    assert_eq!(
        blobs.append(&me, &id, 900, vec![0; 1]).await,
        Err(BlobError::NotFound)
    );
    blobs.upload(&me, chunk(), 10_000).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn blobs_are_there_after_a_crash(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = ready(kept).await;
    let me = caller();
    let blob = upload(&world, &me, b"durable").await;
    name(&world, &me, "1", &blob).await.unwrap();
    let open = world.store.blobs().create(&me).await.unwrap();
    world
        .store
        .blobs()
        .append(&me, &open, 0, vec![1, 2])
        .await
        .unwrap();
    let world = world.reopen().await;
    assert_eq!(
        world.store.blobs().read(&me, &blob, 0, 9).await.unwrap(),
        b"durable"
    );
    assert_eq!(
        world
            .store
            .blobs()
            .append(&me, &open, 2, vec![3])
            .await
            .unwrap(),
        3
    );
    let blob = world.store.blobs().finish(&me, &open).await.unwrap();
    assert_eq!(
        world.store.blobs().read(&me, &blob, 0, 9).await.unwrap(),
        [1, 2, 3]
    );
}
