//! What can't be defined, asked or written is refused by name.

use host_store::*;
use rstest::rstest;

use super::storage::*;
use super::support::*;

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
