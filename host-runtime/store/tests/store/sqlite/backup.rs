//! A data folder can be copied while it is used, and a copy that is not whole is noticed.

use host_store::*;
use rstest::rstest;
use sqlx::{AssertSqlSafe, Connection as _};

use super::support::*;
use crate::bucket::{Bucket, files};

fn note() -> Collection {
    Collection {
        name: "notes".into(),
        fields: vec![
            Field {
                name: "id".into(),
                kind: Kind::Text,
                required: true,
            },
            Field {
                name: "file".into(),
                kind: Kind::Blob,
                required: false,
            },
        ],
        key: vec!["id".into()],
        indexes: vec![],
        full_text: None,
    }
}

/// A folder with a row that names a blob, a person and a secret; the blob's id.
async fn filled(world: &World) -> String {
    let caller = Caller {
        plugin: PLUGIN.into(),
        ..Caller::default()
    };
    let (store, collections) = (&world.store, world.store.collections());
    collections.define(PLUGIN, &note()).await.unwrap();
    let upload = store.blobs().create(&caller).await.unwrap();
    store
        .blobs()
        .append(&caller, &upload, 0, b"content".to_vec())
        .await
        .unwrap();
    let blob = store.blobs().finish(&caller, &upload).await.unwrap();
    let rows = Rows {
        fields: vec!["id".into(), "file".into()],
        values: vec![vec![Value::Text("a".into()), Value::Blob(blob.clone())]],
    };
    collections
        .apply(
            &caller,
            vec![Write::Put {
                collection: "notes".into(),
                rows,
            }],
        )
        .await
        .unwrap();
    store.secrets().put(PLUGIN, "key", b"s3cret").await.unwrap();
    blob
}

#[rstest]
#[tokio::test]
async fn a_copy_made_while_the_folder_is_used_opens_with_everything(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = World::with(kept).await;
    let blob = filled(&world).await;
    let place = tempfile::tempdir().unwrap();
    let (copy, restored) = (place.path().join("copy"), place.path().join("restored"));
    let made = backup::backup(world.folder.path(), &world.place(), &copy)
        .await
        .unwrap();
    assert_eq!((made.blobs, made.blob_bytes), (1, 7));
    world
        .store
        .secrets()
        .put(PLUGIN, "key", b"later")
        .await
        .unwrap();

    assert_eq!(
        backup::restore(&copy, &restored, &BlobPlace::Folder)
            .await
            .unwrap(),
        made
    );
    let store = Store::open(
        &restored,
        std::sync::Arc::new(world.clock.clone()),
        Purpose::Serve,
    )
    .await
    .unwrap();
    let caller = Caller {
        plugin: PLUGIN.into(),
        ..Caller::default()
    };
    assert_eq!(
        store.blobs().read(&caller, &blob, 0, 100).await.unwrap(),
        b"content"
    );
    assert_eq!(
        store.secrets().get(PLUGIN, "key").await.unwrap().as_deref(),
        Some(&b"s3cret"[..])
    );
}

#[rstest]
#[tokio::test]
async fn a_copy_is_only_for_whoever_made_it(#[values(Kept::InFolder, Kept::InBucket)] kept: Kept) {
    let world = World::with(kept).await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    backup::backup(world.folder.path(), &world.place(), &copy)
        .await
        .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&copy), mode(&copy.join("keys.json"))), (0o700, 0o600));
    }
    assert!(matches!(
        backup::backup(world.folder.path(), &world.place(), &copy).await,
        Err(Error::Conflict(_))
    ));
}

#[rstest]
#[tokio::test]
async fn what_is_missing_or_damaged_is_noticed(
    #[values(Kept::InFolder, Kept::InBucket)] kept: Kept,
) {
    let world = World::with(kept).await;
    filled(&world).await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    backup::backup(world.folder.path(), &world.place(), &copy)
        .await
        .unwrap();
    let object = files(&copy.join("blobs")).remove(0);
    std::fs::write(&object, b"CONTENT").unwrap();
    assert!(matches!(
        backup::verify(&copy).await,
        Err(Error::Corrupt(_))
    ));
    std::fs::remove_file(&object).unwrap();
    assert!(matches!(
        backup::restore(&copy, &place.path().join("other"), &BlobPlace::Folder).await,
        Err(Error::Corrupt(_))
    ));
    assert!(matches!(
        backup::backup(place.path(), &world.place(), &place.path().join("third")).await,
        Err(Error::NotFound(_))
    ));
}

#[tokio::test]
async fn a_backup_moves_blobs_into_a_bucket_and_back() {
    let world = World::new().await;
    let blob = filled(&world).await;
    let place = tempfile::tempdir().unwrap();
    let (copy, moved) = (place.path().join("copy"), place.path().join("moved"));
    let (again, back) = (place.path().join("again"), place.path().join("back"));
    let made = backup::backup(world.folder.path(), &world.place(), &copy)
        .await
        .unwrap();
    let bucket = Bucket::start().await;
    let restored = backup::restore(&copy, &moved, &bucket.place()).await;
    assert_eq!(restored.unwrap(), made);
    assert_eq!(bucket.objects().len(), 1);
    assert!(files(&moved.join("blobs")).is_empty());
    let read = |folder: std::path::PathBuf, place: BlobPlace| {
        let (clock, blob) = (world.clock.clone(), blob.clone());
        async move {
            let options = Options::new(std::sync::Arc::new(clock), Purpose::Serve).blobs(&place);
            let store = Store::open_with(&folder, options).await;
            store.unwrap().blobs().read(&caller(), &blob, 0, 100).await
        }
    };
    assert_eq!(
        read(moved.clone(), bucket.place()).await.unwrap(),
        b"content"
    );

    // Another store's collector would take for its own what lies there.
    let second = backup::restore(&copy, &place.path().join("second"), &bucket.place()).await;
    assert!(matches!(second, Err(Error::Conflict(_))), "{second:?}");

    backup::backup(&moved, &bucket.place(), &again)
        .await
        .unwrap();
    backup::restore(&again, &back, &BlobPlace::Folder)
        .await
        .unwrap();
    assert_eq!(read(back, BlobPlace::Folder).await.unwrap(), b"content");
}

/// What takes each step of the schema back, the last first.
const BACK: [&[&str]; 4] = [
    &["ALTER TABLE host_schema DROP COLUMN older_stops"],
    &[
        "DROP TABLE host_migration",
        "DROP TABLE host_migration_parts",
    ],
    &[
        "DROP TABLE host_components",
        "DROP TABLE host_keys",
        "DROP TABLE host_tries",
        "DROP TABLE host_notices",
        "ALTER TABLE host_plugins ADD COLUMN file TEXT NOT NULL DEFAULT ''",
        "UPDATE host_plugins SET file = 'plugins/test-plugin/0123.wasm'",
    ],
    &[
        "DROP TABLE host_objects",
        "ALTER TABLE host_upload_parts DROP COLUMN name",
        "ALTER TABLE host_doomed_objects DROP COLUMN due_at",
        "ALTER TABLE host_doomed_objects DROP COLUMN taken",
        "ALTER TABLE host_doomed_objects DROP COLUMN upload",
    ],
];

#[rstest]
#[case::before_versions_beside_each_other(1)]
#[case::before_migrations(2)]
#[case::before_components(3)]
#[case::before_objects(4)]
#[tokio::test]
async fn a_folder_of_an_earlier_version_is_copied_and_opened(#[case] steps: usize) {
    let world = World::new().await;
    world.enable(PLUGIN).await;
    let blob = filled(&world).await;
    let me = caller();
    let upload = world.store.blobs().create(&me).await.unwrap();
    let blobs = world.store.blobs();
    blobs.append(&me, &upload, 0, b"so".to_vec()).await.unwrap();
    drop(blobs);
    world.store.close().await;
    let database = world.folder.path().join("host.db");
    let mut db = sqlx::SqliteConnection::connect(&database.display().to_string())
        .await
        .unwrap();
    let names = "SELECT 'objects/' || substr(id, 1, 2) || '/' || substr(id, 3), name FROM host_objects
                 UNION SELECT 'parts/' || lower(hex(upload)) || '/' || at, name FROM host_upload_parts";
    let names: Vec<(String, String)> = sqlx::query_as(names).fetch_all(&mut db).await.unwrap();
    assert_eq!(names.len(), 2);
    let folder = world.folder.path().join("blobs");
    // As it was: objects under their hash, pieces under the number of their upload.
    for (earlier, name) in names.into_iter().filter(|_| steps > 3) {
        let earlier = folder.join(earlier);
        std::fs::create_dir_all(earlier.parent().unwrap()).unwrap();
        std::fs::rename(folder.join(name), earlier).unwrap();
    }
    let component = "plugins/test-plugin/0123.wasm";
    let file = world.folder.path().join(component);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"a component").unwrap();
    sqlx::query("UPDATE host_plugins SET digest = '0123'")
        .execute(&mut db)
        .await
        .unwrap();
    let version = format!(
        "DELETE FROM host_schema WHERE version > {}",
        BACK.len() - steps
    );
    let statements = BACK.iter().take(steps).flat_map(|step| *step).copied();
    for statement in statements.chain([version.as_str()]) {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut db)
            .await
            .unwrap();
    }
    db.close().await.unwrap();

    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    let made = backup::backup(world.folder.path(), &world.place(), &copy)
        .await
        .unwrap();
    assert_eq!((made.blobs, made.plugins), (1, 1));
    let clock = std::sync::Arc::new(world.clock.clone());
    let store = Store::open(&copy, clock, Purpose::Serve).await.unwrap();
    let kept = store.components().get(PLUGIN, "0123").await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"a component"[..]));
    let blobs = store.blobs();
    assert_eq!(blobs.read(&me, &blob, 0, 100).await.unwrap(), b"content");
    blobs
        .append(&me, &upload, 2, b" far".to_vec())
        .await
        .unwrap();
    let ended = blobs.finish(&me, &upload).await.unwrap();
    assert_eq!(blobs.read(&me, &ended, 0, 100).await.unwrap(), b"so far");
}
