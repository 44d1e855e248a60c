//! A data folder can be copied while it is used, and a copy that is not whole is noticed.

use host_store::*;

use crate::support::*;

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

#[tokio::test]
async fn a_copy_made_while_the_folder_is_used_opens_with_everything() {
    let world = World::new().await;
    let blob = filled(&world).await;
    let place = tempfile::tempdir().unwrap();
    let (copy, restored) = (place.path().join("copy"), place.path().join("restored"));
    let made = backup::backup(world.folder.path(), &copy).await.unwrap();
    assert_eq!((made.blobs, made.blob_bytes), (1, 7));
    world
        .store
        .secrets()
        .put(PLUGIN, "key", b"later")
        .await
        .unwrap();

    assert_eq!(backup::restore(&copy, &restored).await.unwrap(), made);
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

#[tokio::test]
async fn a_copy_is_only_for_whoever_made_it() {
    let world = World::new().await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    backup::backup(world.folder.path(), &copy).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&copy), mode(&copy.join("keys.json"))), (0o700, 0o600));
    }
    assert!(matches!(
        backup::backup(world.folder.path(), &copy).await,
        Err(Error::Conflict(_))
    ));
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_noticed() {
    let world = World::new().await;
    let blob = filled(&world).await;
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    backup::backup(world.folder.path(), &copy).await.unwrap();
    let object = copy.join("blobs/objects").join(&blob[..2]).join(&blob[2..]);
    std::fs::write(&object, b"CONTENT").unwrap();
    assert!(matches!(
        backup::verify(&copy).await,
        Err(Error::Corrupt(_))
    ));
    std::fs::remove_file(&object).unwrap();
    assert!(matches!(
        backup::restore(&copy, &place.path().join("other")).await,
        Err(Error::Corrupt(_))
    ));
    assert!(matches!(
        backup::backup(place.path(), &place.path().join("third")).await,
        Err(Error::NotFound(_))
    ));
}
