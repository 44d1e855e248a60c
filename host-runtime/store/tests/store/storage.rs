//! Rows come back as they were written, batches are applied whole or not at all, and mistakes are named.

use host_store::*;

use super::support::*;

pub(crate) fn things() -> Collection {
    collection(
        "things",
        vec![
            required("id", Kind::Text),
            field("flag", Kind::Boolean),
            field("number", Kind::Integer),
            field("ratio", Kind::Float),
            field("name", Kind::Text),
            field("raw", Kind::Bytes),
            field("doc", Kind::Json),
            field("at", Kind::Time),
        ],
        &["id"],
        vec![index(&["name"]), unique(&["at"])],
    )
}

pub(crate) const ALL: [&str; 8] = ["id", "flag", "number", "ratio", "name", "raw", "doc", "at"];

pub(crate) fn by_id(id: &str) -> Filter {
    all_of(vec![equal("id", text(id))])
}

#[tokio::test]
async fn every_kind_comes_back_as_it_was_written() {
    let world = World::new().await;
    world.define(things()).await;
    let rows = vec![
        vec![
            text("a"),
            Value::Boolean(true),
            int(i64::MIN),
            Value::Float(f64::INFINITY),
            text("\u{0}\u{10ffff} é"),
            Value::Bytes(vec![0, 255]),
            Value::Json("{\"b\": [1, 2]}".to_owned()),
            Value::Time(i64::MAX.unsigned_abs()),
        ],
        vec![
            text("b"),
            Value::Boolean(false),
            int(i64::MAX),
            Value::Float(-1e-300),
            text(""),
            Value::Bytes(Vec::new()),
            Value::Json("null".to_owned()),
            Value::Time(0),
        ],
        vec![
            text("c"),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
        ],
    ];
    world.put("things", &ALL, rows.clone()).await;
    let page = world
        .find(&query("things", vec![], vec![], 10))
        .await
        .unwrap();
    assert_eq!(
        page.rows,
        Rows {
            fields: strings(&ALL),
            values: rows
        }
    );
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn a_put_changes_only_the_fields_it_names() {
    let world = World::new().await;
    world.define(things()).await;
    world
        .put(
            "things",
            &["id", "name", "number"],
            vec![vec![text("a"), text("one"), int(1)]],
        )
        .await;
    world
        .put(
            "things",
            &["number", "id"],
            vec![vec![int(2), text("a")], vec![int(3), text("b")]],
        )
        .await;
    // Of two rows with one key the later counts.
    world
        .put(
            "things",
            &["id", "number"],
            vec![vec![text("c"), int(1)], vec![text("c"), int(9)]],
        )
        .await;
    let rows = world
        .store
        .collections()
        .get_many(
            PLUGIN,
            "things",
            &[
                vec![text("c")],
                vec![text("missing")],
                vec![text("a")],
                vec![text("b")],
            ],
            &strings(&["name", "number"]),
        )
        .await
        .unwrap();
    assert_eq!(
        rows.values,
        [
            [Value::Null, int(9)],
            [text("one"), int(2)],
            [Value::Null, int(3)]
        ]
    );
}

#[tokio::test]
async fn required_fields_are_never_null() {
    let world = World::new().await;
    world
        .define(collection(
            "r",
            vec![required("id", Kind::Text), required("x", Kind::Integer)],
            &["id"],
            vec![],
        ))
        .await;
    let missing = world
        .apply(vec![put("r", &["id"], vec![vec![text("a")]])])
        .await;
    assert!(matches!(missing, Err(StorageError::Invalid(field, _)) if field == "x"));
    let null = world
        .apply(vec![put(
            "r",
            &["id", "x"],
            vec![vec![text("a"), Value::Null]],
        )])
        .await;
    assert!(matches!(null, Err(StorageError::Invalid(field, _)) if field == "x"));
    world
        .put("r", &["id", "x"], vec![vec![text("a"), int(1)]])
        .await;
    // The row is there: the field keeps its value.
    world.put("r", &["id"], vec![vec![text("a")]]).await;
    let add = Write::Add {
        collection: "r".to_owned(),
        key: vec![text("b")],
        field: "x".to_owned(),
        amount: 4,
    };
    world.apply(vec![add]).await.unwrap();
    assert_eq!(
        world.all(&query("r", vec![], vec![], 10)).await,
        [[text("a"), int(1)], [text("b"), int(4)]]
    );
}

#[tokio::test]
async fn a_batch_is_applied_whole_or_not_at_all() {
    let world = World::new().await;
    world.define(things()).await;
    let unmet = Write::Require {
        collection: "things".to_owned(),
        filter: by_id("zzz"),
        count: 1,
    };
    let event = Write::Publish {
        topic: "x.y".to_owned(),
        user: None,
        payload: "1".to_owned(),
    };
    let mut listener = world.store.events().subscribe("u", None).await.unwrap();
    let refused = world
        .apply(vec![
            put("things", &["id"], vec![vec![text("a")]]),
            Write::Enqueue(new_job("k", "")),
            event.clone(),
            unmet,
        ])
        .await;
    assert!(
        matches!(refused, Err(StorageError::Conflict(_))),
        "{refused:?}"
    );
    assert_eq!(world.count("things", vec![]).await, 0);
    assert!(world.store.jobs().list(None, 10).await.unwrap().is_empty());
    // What a batch wrote is seen by what follows in it.
    let met = Write::Require {
        collection: "things".to_owned(),
        filter: by_id("a"),
        count: 1,
    };
    let made = put("things", &["id"], vec![vec![text("a")]]);
    world
        .apply(vec![made, met, Write::Enqueue(new_job("k", "")), event])
        .await
        .unwrap();
    assert_eq!(world.count("things", vec![]).await, 1);
    assert_eq!(world.store.jobs().list(None, 10).await.unwrap().len(), 1);
    assert_eq!(listener.next().await.unwrap().topic, "x.y");
}

#[tokio::test]
async fn a_unique_index_is_a_conflict_that_names_its_fields() {
    let world = World::new().await;
    world.define(things()).await;
    world
        .put(
            "things",
            &["id", "at"],
            vec![
                vec![text("a"), Value::Time(5)],
                vec![text("b"), Value::Null],
            ],
        )
        .await;
    // Nulls never agree.
    world
        .put("things", &["id", "at"], vec![vec![text("c"), Value::Null]])
        .await;
    let refused = world
        .apply(vec![put(
            "things",
            &["id", "at"],
            vec![vec![text("d"), Value::Time(5)]],
        )])
        .await;
    assert_eq!(
        refused,
        Err(StorageError::Conflict(
            "things: another row has the same at".to_owned()
        ))
    );
    let patch = Write::Patch {
        collection: "things".to_owned(),
        filter: by_id("b"),
        fields: strings(&["at"]),
        values: vec![Value::Time(5)],
    };
    assert!(matches!(
        world.apply(vec![patch]).await,
        Err(StorageError::Conflict(_))
    ));
}

#[tokio::test]
async fn counters_add_up_and_never_overflow() {
    let world = World::new().await;
    world.define(things()).await;
    let add = |amount| Write::Add {
        collection: "things".to_owned(),
        key: vec![text("a")],
        field: "number".to_owned(),
        amount,
    };
    world.apply(vec![add(5), add(-7), add(0)]).await.unwrap();
    assert_eq!(
        world.all(&query("things", by_id("a"), vec![], 1)).await[0][2],
        int(-2)
    );
    world.apply(vec![add(i64::MAX)]).await.unwrap();
    assert!(
        matches!(world.apply(vec![add(3)]).await, Err(StorageError::Invalid(field, _)) if field == "number")
    );
    world.apply(vec![add(2)]).await.unwrap();
    assert_eq!(
        world.all(&query("things", by_id("a"), vec![], 1)).await[0][2],
        int(i64::MAX)
    );
    // A null counts as zero.
    world
        .put(
            "things",
            &["id", "number"],
            vec![vec![text("a"), Value::Null]],
        )
        .await;
    world.apply(vec![add(i64::MIN)]).await.unwrap();
    assert_eq!(
        world.all(&query("things", by_id("a"), vec![], 1)).await[0][2],
        int(i64::MIN)
    );
    assert!(matches!(
        world.apply(vec![add(-1)]).await,
        Err(StorageError::Invalid(..))
    ));
}

#[tokio::test]
async fn patch_and_delete_reach_all_rows_that_match() {
    let world = World::new().await;
    world.define(things()).await;
    let rows = (0..100)
        .map(|number| vec![text(&format!("{number:03}")), int(number % 2)])
        .collect();
    world.put("things", &["id", "number"], rows).await;
    let odd = all_of(vec![equal("number", int(1))]);
    let patch = Write::Patch {
        collection: "things".to_owned(),
        filter: odd,
        fields: strings(&["name"]),
        values: vec![text("odd")],
    };
    let named = all_of(vec![equal("name", text("odd"))]);
    let delete = Write::Delete {
        collection: "things".to_owned(),
        filter: named.clone(),
    };
    let require = Write::Require {
        collection: "things".to_owned(),
        filter: named,
        count: 50,
    };
    world.apply(vec![patch, require, delete]).await.unwrap();
    assert_eq!(world.count("things", vec![]).await, 50);
}

#[tokio::test]
async fn plugins_do_not_see_each_other() {
    let world = World::new().await;
    let collections = world.store.collections();
    world.define(things()).await;
    world.put("things", &["id"], vec![vec![text("a")]]).await;
    let missing = collections
        .find("other", &query("things", vec![], vec![], 1))
        .await;
    assert_eq!(
        missing,
        Err(StorageError::UnknownCollection("things".to_owned()))
    );
    collections.define("other", &things()).await.unwrap();
    assert!(
        collections
            .find("other", &query("things", vec![], vec![], 1))
            .await
            .unwrap()
            .rows
            .values
            .is_empty()
    );
    world.delete_data("other").await;
    assert_eq!(world.count("things", vec![]).await, 1);
    assert!(
        collections
            .find("other", &query("things", vec![], vec![], 1))
            .await
            .is_err()
    );
    collections.define("other", &things()).await.unwrap();
}

#[tokio::test]
async fn rows_are_there_after_a_crash() {
    let world = World::new().await;
    world.define(things()).await;
    world
        .put("things", &["id", "name"], vec![vec![text("a"), text("n")]])
        .await;
    let world = world.reopen().await;
    assert_eq!(
        world
            .all(&query(
                "things",
                all_of(vec![equal("name", text("n"))]),
                vec![],
                1
            ))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn counts_by_groups() {
    let world = World::new().await;
    world.define(things()).await;
    let rows = vec![
        vec![text("1"), text("b"), Value::Boolean(true)],
        vec![text("2"), text("a"), Value::Boolean(true)],
        vec![text("3"), text("b"), Value::Boolean(true)],
        vec![text("4"), Value::Null, Value::Boolean(false)],
    ];
    world.put("things", &["id", "name", "flag"], rows).await;
    let collections = world.store.collections();
    let groups = collections
        .count(PLUGIN, "things", &vec![], &strings(&["name", "flag"]))
        .await
        .unwrap();
    assert_eq!(
        groups,
        [
            (vec![text("a"), Value::Boolean(true)], 1),
            (vec![text("b"), Value::Boolean(true)], 2),
            (vec![Value::Null, Value::Boolean(false)], 1),
        ]
    );
    assert_eq!(
        collections
            .count(PLUGIN, "things", &vec![], &[])
            .await
            .unwrap(),
        [(vec![], 4)]
    );
    assert_eq!(
        collections
            .count(PLUGIN, "things", &by_id("x"), &[])
            .await
            .unwrap(),
        [(vec![], 0)]
    );
}

#[tokio::test]
async fn storage_ends_at_the_quota_and_deleting_makes_room() {
    let world = World::new().await;
    world.define(things()).await;
    world
        .store
        .plugins()
        .set_quota(PLUGIN, Some(3_000))
        .await
        .unwrap();
    let row = |id: &str, size: usize| {
        let long = Value::Json(format!("\"{}\"", "x".repeat(size)));
        vec![put("things", &["id", "doc"], vec![vec![text(id), long]])]
    };
    world.apply(row("a", 1_000)).await.unwrap();
    world.apply(row("b", 1_000)).await.unwrap();
    assert_eq!(
        world.apply(row("c", 1_000)).await,
        Err(StorageError::QuotaExceeded)
    );
    assert_eq!(world.count("things", vec![]).await, 2);
    // Growing in place counts, too; shrinking is always allowed.
    assert_eq!(
        world.apply(row("a", 3_000)).await,
        Err(StorageError::QuotaExceeded)
    );
    world
        .store
        .plugins()
        .set_quota(PLUGIN, Some(100))
        .await
        .unwrap();
    world.apply(row("a", 500)).await.unwrap();
    world
        .apply(vec![Write::Delete {
            collection: "things".to_owned(),
            filter: vec![],
        }])
        .await
        .unwrap();
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(
        usage,
        Usage {
            row_bytes: 0,
            blob_bytes: 0,
            quota: Some(100)
        }
    );
}

#[tokio::test]
async fn a_page_ends_at_one_mebibyte() {
    let long = |size: usize| Value::Json(format!("\"{}\"", "x".repeat(size)));
    let world = World::new().await;
    world.define(things()).await;
    let rows = (0..20).map(|number| vec![text(&format!("{number:02}")), long(300 * 1024)]);
    world.put("things", &["id", "doc"], rows.collect()).await;
    let asked = query("things", vec![], vec![], 100);
    let page = world.find(&asked).await.unwrap();
    assert_eq!(page.rows.values.len(), 3);
    assert!(page.next.is_some());
    assert_eq!(world.all(&asked).await.len(), 20);
    // One row that is larger is still answered.
    world
        .put(
            "things",
            &["id", "doc"],
            vec![vec![text("00"), long(2 * 1024 * 1024)]],
        )
        .await;
    assert_eq!(world.find(&asked).await.unwrap().rows.values.len(), 1);
}
