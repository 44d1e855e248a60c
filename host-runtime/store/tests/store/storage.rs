//! Rows come back as they were written, batches are applied whole or not at all, and mistakes are named.

use host_store::*;
use rstest::rstest;

use crate::support::*;

fn things() -> Collection {
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

const ALL: [&str; 8] = ["id", "flag", "number", "ratio", "name", "raw", "doc", "at"];

fn by_id(id: &str) -> Filter {
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

#[rstest]
#[case::unknown_collection(vec![put("nothing", &["id"], vec![])], "unknown collection nothing")]
#[case::unknown_field(vec![put("things", &["id", "zzz"], vec![])], "zzz: ")]
#[case::named_twice(vec![put("things", &["id", "id"], vec![])], "id: ")]
#[case::no_key(vec![put("things", &["name"], vec![])], "id: ")]
#[case::null_key(vec![put("things", &["id"], vec![vec![Value::Null]])], "id: ")]
#[case::wrong_kind(vec![put("things", &["id", "number"], vec![vec![text("a"), text("1")]])], "number: ")]
#[case::too_few_values(vec![put("things", &["id", "number"], vec![vec![text("a")]])], "things: ")]
#[case::not_a_number(vec![put("things", &["id", "ratio"], vec![vec![text("a"), Value::Float(f64::NAN)]])], "ratio: ")]
#[case::not_json(vec![put("things", &["id", "doc"], vec![vec![text("a"), Value::Json("{".to_owned())]])], "doc: ")]
#[case::too_late(vec![put("things", &["id", "at"], vec![vec![text("a"), Value::Time(u64::MAX)]])], "at: ")]
#[case::foreign_blob(vec![put("files", &["id", "content"], vec![vec![text("a"), Value::Blob("ab".to_owned())]])], "ab: ")]
#[case::patched_key(vec![Write::Patch { collection: "things".to_owned(), filter: vec![], fields: strings(&["id"]), values: vec![text("b")] }], "id: ")]
#[case::empty_patch(vec![Write::Patch { collection: "things".to_owned(), filter: vec![], fields: vec![], values: vec![] }], "things: ")]
#[case::added_text(vec![Write::Add { collection: "things".to_owned(), key: vec![text("a")], field: "name".to_owned(), amount: 1 }], "name: ")]
#[case::added_without_key(vec![Write::Add { collection: "things".to_owned(), key: vec![], field: "number".to_owned(), amount: 1 }], "key: ")]
#[case::bad_topic(vec![Write::Publish { topic: "No Topic".to_owned(), user: None, payload: "1".to_owned() }], "topic: ")]
#[case::bad_payload(vec![Write::Publish { topic: "a.b".to_owned(), user: None, payload: "{".to_owned() }], "payload: ")]
#[case::large_payload(vec![Write::Publish { topic: "a.b".to_owned(), user: None, payload: format!("\"{}\"", "x".repeat(16 * 1024)) }], "payload: ")]
#[case::large_job(vec![Write::Enqueue(NewJob { payload: vec![0; 64 * 1024 + 1], ..new_job("k", "") })], "payload: ")]
#[case::unnamed_job(vec![Write::Enqueue(new_job("", ""))], "kind: ")]
#[case::many_rows(vec![put("things", &["id"], vec![vec![text("a")]; 10_001])], "batch: ")]
#[case::many_bytes(vec![put("things", &["id", "name"], vec![vec![text("a"), text(&"x".repeat(8 * 1024 * 1024))]])], "batch: ")]
#[tokio::test]
async fn mistakes_in_a_batch_are_named(#[case] writes: Vec<Write>, #[case] expected: &str) {
    let world = World::new().await;
    world.define(things()).await;
    world
        .define(collection(
            "files",
            vec![required("id", Kind::Text), field("content", Kind::Blob)],
            &["id"],
            vec![],
        ))
        .await;
    let error = world.apply(writes).await.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(world.count("things", vec![]).await, 0);
}

#[rstest]
#[case::limit_0(Query { limit: 0, ..query("things", vec![], vec![], 1) }, "limit: ")]
#[case::limit_1001(query("things", vec![], vec![], 1_001), "limit: ")]
#[case::order_json(query("things", vec![], vec![ascending("doc")], 1), "doc: ")]
#[case::order_twice(query("things", vec![], vec![ascending("name"), descending("name")], 1), "name: ")]
#[case::no_operand(query("things", all_of(vec![condition("name", Operator::Equal, vec![])]), vec![], 1), "name: ")]
#[case::two_operands(query("things", all_of(vec![condition("name", Operator::Less, vec![text("a"), text("b")])]), vec![], 1), "name: ")]
#[case::null_order(query("things", all_of(vec![condition("name", Operator::Less, vec![Value::Null])]), vec![], 1), "name: ")]
#[case::is_null_operand(query("things", all_of(vec![condition("name", Operator::IsNull, vec![text("a")])]), vec![], 1), "name: ")]
#[case::one_of_nothing(query("things", all_of(vec![one_of("name", vec![])]), vec![], 1), "name: ")]
#[case::one_of_many(query("things", all_of(vec![one_of("number", (0..1_001).map(int).collect())]), vec![], 1), "number: ")]
#[case::prefix_of_number(query("things", all_of(vec![condition("number", Operator::StartsWith, vec![text("1")])]), vec![], 1), "number: ")]
#[case::no_full_text(query("things", all_of(vec![matches("s", "w")]), vec![], 1), "things: ")]
#[case::cursor(Query { cursor: Some("AAAA".to_owned()), ..query("things", vec![], vec![], 1) }, "cursor: ")]
#[case::field(Query { fields: strings(&["nope"]), ..query("things", vec![], vec![], 1) }, "nope: ")]
#[tokio::test]
async fn mistakes_in_a_query_are_named(#[case] query: Query, #[case] expected: &str) {
    let world = World::new().await;
    world.define(things()).await;
    let error = world.find(&query).await.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test]
async fn a_cursor_serves_only_its_query() {
    let world = World::new().await;
    world.define(things()).await;
    world
        .put(
            "things",
            &["id"],
            vec![vec![text("a")], vec![text("b")], vec![text("c")]],
        )
        .await;
    let mut asked = query("things", vec![], vec![], 2);
    let page = world.find(&asked).await.unwrap();
    asked.cursor = page.next;
    assert_eq!(
        world.find(&asked).await.unwrap().rows.values[0][0],
        text("c")
    );
    asked.order = vec![descending("id")];
    assert!(
        matches!(world.find(&asked).await, Err(StorageError::Invalid(field, _)) if field == "cursor")
    );
}

#[tokio::test]
async fn definitions_only_grow() {
    let world = World::new().await;
    let collections = world.store.collections();
    world.define(things()).await;
    world
        .put(
            "things",
            &["id", "name"],
            vec![vec![text("a"), text("n")], vec![text("b"), text("n")]],
        )
        .await;
    // Again, and with more.
    world.define(things()).await;
    let mut more = things();
    more.fields.push(field("extra", Kind::Text));
    more.indexes.push(index(&["extra", "name"]));
    world.define(more.clone()).await;
    world
        .put("things", &["id", "extra"], vec![vec![text("a"), text("e")]])
        .await;
    let page = world
        .find(&query("things", by_id("a"), vec![], 1))
        .await
        .unwrap();
    assert_eq!(page.rows.values[0][4], text("n"));
    assert_eq!(page.rows.values[0][8], text("e"));
    // The older definition is still served: what it does not name stays.
    world.define(things()).await;
    assert_eq!(
        world
            .find(&query("things", vec![], vec![], 1))
            .await
            .unwrap()
            .rows
            .fields
            .len(),
        9
    );

    let mut wrong = things();
    wrong.fields.push(required("must", Kind::Text));
    assert!(
        matches!(collections.define(PLUGIN, &wrong).await, Err(StorageError::Invalid(field, _)) if field == "must")
    );
    let mut wrong = things();
    wrong.fields[2].kind = Kind::Text;
    assert!(
        matches!(collections.define(PLUGIN, &wrong).await, Err(StorageError::Invalid(field, _)) if field == "number")
    );
    let mut wrong = things();
    wrong.key = strings(&["name"]);
    assert!(collections.define(PLUGIN, &wrong).await.is_err());
    let mut wrong = things();
    wrong.indexes.push(unique(&["name"]));
    assert!(matches!(
        collections.define(PLUGIN, &wrong).await,
        Err(StorageError::Conflict(_))
    ));
    // What failed left nothing behind.
    world.define(things()).await;
    world
        .put("things", &["id", "name"], vec![vec![text("c"), text("n")]])
        .await;
}

#[rstest]
#[case("Things")]
#[case("1things")]
#[case("")]
#[case("a b")]
#[case("x\"; DROP TABLE host_users; --")]
#[case("ящик")]
#[case("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
#[tokio::test]
async fn names_that_are_none_are_refused(#[case] name: &str) {
    let world = World::new().await;
    let collections = world.store.collections();
    let asked = collection(name, vec![required("id", Kind::Text)], &["id"], vec![]);
    assert!(matches!(
        collections.define(PLUGIN, &asked).await,
        Err(StorageError::Invalid(..))
    ));
    let asked = collection("c", vec![required(name, Kind::Text)], &[name], vec![]);
    assert!(matches!(
        collections.define(PLUGIN, &asked).await,
        Err(StorageError::Invalid(..))
    ));
}

#[tokio::test]
async fn names_that_are_words_of_the_engine_are_fine() {
    let world = World::new().await;
    world
        .define(collection(
            "select",
            vec![
                required("order", Kind::Text),
                field("group", Kind::Integer),
                field("_id".trim_start_matches('_'), Kind::Text),
            ],
            &["order"],
            vec![index(&["group"])],
        ))
        .await;
    world
        .put("select", &["order", "group"], vec![vec![text("a"), int(1)]])
        .await;
    let found = query(
        "select",
        all_of(vec![equal("group", int(1))]),
        vec![descending("group")],
        1,
    );
    assert_eq!(world.texts(&found).await, ["a"]);
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
    world.store.plugins().delete_data("other").await.unwrap();
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
        vec![put(
            "things",
            &["id", "name"],
            vec![vec![text(id), text(&"x".repeat(size))]],
        )]
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
    let world = World::new().await;
    world.define(things()).await;
    let rows =
        (0..20).map(|number| vec![text(&format!("{number:02}")), text(&"x".repeat(300 * 1024))]);
    world.put("things", &["id", "name"], rows.collect()).await;
    let asked = query("things", vec![], vec![], 100);
    let page = world.find(&asked).await.unwrap();
    assert_eq!(page.rows.values.len(), 3);
    assert!(page.next.is_some());
    assert_eq!(world.all(&asked).await.len(), 20);
    // One row that is larger is still answered.
    world
        .put(
            "things",
            &["id", "name"],
            vec![vec![text("00"), text(&"x".repeat(2 * 1024 * 1024))]],
        )
        .await;
    assert_eq!(world.find(&asked).await.unwrap().rows.values.len(), 1);
}
