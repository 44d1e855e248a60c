//! Values at the edges of their kinds are kept, compared and ordered the same on every engine.

use host_store::*;
use rstest::rstest;

use super::support::*;

async fn with(kind: Kind, values: &[Value]) -> World {
    let world = World::new().await;
    world
        .define(collection(
            "rows",
            vec![
                required("id", Kind::Integer),
                required("group", Kind::Integer),
                field("value", kind),
            ],
            &["id"],
            vec![index(&["value"]), index(&["group", "value"])],
        ))
        .await;
    let rows = values
        .iter()
        .enumerate()
        .map(|(number, value)| vec![int(number as i64), int(1), value.clone()]);
    world
        .put("rows", &["id", "group", "value"], rows.collect())
        .await;
    world
}

async fn values(
    world: &World,
    filter: Vec<Condition>,
    order: Vec<Order>,
    limit: u32,
) -> Vec<Value> {
    let mut asked = query("rows", all_of(filter), order, limit);
    asked.fields = strings(&["value"]);
    let rows = world.all(&asked).await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

/// In their order.
fn texts() -> Vec<Value> {
    let texts = [
        "",
        "\0",
        "\0\0",
        "\0a",
        "\u{1}",
        "\u{1}\0",
        "\u{1}\u{1}",
        "\u{1}\u{2}",
        "\u{2}",
        "\t",
        " ",
        "!",
        "A",
        "B",
        "_",
        "a",
        "a\0",
        "a\u{1}",
        "a\u{2}",
        "a ",
        "aa",
        "b",
        "~",
        "\u{7f}",
        "\u{80}",
        "Ä",
        "ß",
        "ä",
        "é",
        "e\u{301}",
        "ё",
        "я",
        "א",
        "م",
        "ก",
        "あ",
        "ア",
        "中",
        "文",
        "가",
        "\u{d7ff}",
        "\u{e000}",
        "ﬀ",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10000}",
        "😀",
        "\u{10ffff}",
    ];
    let mut texts: Vec<&str> = texts.to_vec();
    texts.sort_by(|one, other| one.chars().cmp(other.chars()));
    texts.into_iter().map(text).collect()
}

fn bytes() -> Vec<Value> {
    [
        &[][..],
        &[0],
        &[0, 0],
        &[0, 1],
        &[1],
        &[127],
        &[128],
        &[128, 0],
        &[255],
        &[255, 255],
    ]
    .iter()
    .map(|bytes| Value::Bytes(bytes.to_vec()))
    .collect()
}

fn floats() -> Vec<Value> {
    [
        f64::NEG_INFINITY,
        f64::MIN,
        -1.5,
        -f64::MIN_POSITIVE,
        -5e-324,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        0.1,
        1.0,
        1.0 + f64::EPSILON,
        9_007_199_254_740_993.0,
        f64::MAX,
        f64::INFINITY,
    ]
    .map(Value::Float)
    .to_vec()
}

fn integers() -> Vec<Value> {
    [
        i64::MIN,
        i64::MIN + 1,
        -1,
        0,
        1,
        i64::from(i32::MAX) + 1,
        i64::MAX - 1,
        i64::MAX,
    ]
    .map(Value::Integer)
    .to_vec()
}

fn times() -> Vec<Value> {
    [0, 1, START, i64::MAX.unsigned_abs()]
        .map(Value::Time)
        .to_vec()
}

#[rstest]
#[case::text(Kind::Text, texts())]
#[case::bytes(Kind::Bytes, bytes())]
#[case::float(Kind::Float, floats())]
#[case::integer(Kind::Integer, integers())]
#[case::time(Kind::Time, times())]
#[case::boolean(Kind::Boolean, vec![Value::Boolean(false), Value::Boolean(true)])]
#[tokio::test]
async fn order_comparisons_and_content(#[case] kind: Kind, #[case] sorted: Vec<Value>) {
    // Neither sorted nor in reverse, and with nulls among them.
    let mut mixed: Vec<Value> = Vec::new();
    for (number, value) in sorted.iter().enumerate() {
        if number % 2 == 0 {
            mixed.push(value.clone());
        } else {
            mixed.insert(0, value.clone());
        }
    }
    mixed.insert(1, Value::Null);
    mixed.push(Value::Null);
    let world = with(kind, &mixed).await;
    let nulls = [Value::Null, Value::Null];
    let ascending_all: Vec<Value> = sorted.iter().chain(&nulls).cloned().collect();
    let descending_all: Vec<Value> = sorted.iter().rev().chain(&nulls).cloned().collect();
    for filter in [vec![], vec![equal("group", int(1))]] {
        // Pages of three: a bound at every kind of value, null among them.
        let found = values(&world, filter.clone(), vec![ascending("value")], 3).await;
        assert_eq!(found, ascending_all);
        let found = values(&world, filter, vec![descending("value")], 3).await;
        assert_eq!(found, descending_all);
    }
    for (number, value) in sorted.iter().enumerate() {
        let ask = async |operator| {
            let filter = vec![condition("value", operator, vec![value.clone()])];
            values(&world, filter, vec![ascending("value")], 100).await
        };
        assert_eq!(ask(Operator::Less).await, sorted[..number], "{value:?}");
        assert_eq!(ask(Operator::GreaterOrEqual).await, sorted[number..]);
        assert_eq!(ask(Operator::Equal).await, std::slice::from_ref(value));
        let others = world
            .count("rows", all_of(vec![not(equal("value", value.clone()))]))
            .await;
        assert_eq!(others, mixed.len() as u64 - 1, "a null is not equal");
    }
    let some = one_of("value", vec![sorted[0].clone(), Value::Null]);
    assert_eq!(
        values(&world, vec![some], vec![descending("value")], 2).await,
        [sorted[0].clone(), Value::Null, Value::Null]
    );
}

#[tokio::test]
async fn a_beginning_is_found_whatever_comes_after() {
    let world = with(Kind::Text, &texts()).await;
    for prefix in [
        "",
        "\0",
        "\u{1}",
        "a",
        "a\0",
        "\u{d7ff}",
        "\u{ffff}",
        "\u{10ffff}",
        "中",
    ] {
        let expected: Vec<Value> = texts()
            .into_iter()
            .filter(|value| matches!(value, Value::Text(text) if text.starts_with(prefix)))
            .collect();
        let filter = vec![condition("value", Operator::StartsWith, vec![text(prefix)])];
        let found = values(&world, filter, vec![ascending("value")], 2).await;
        assert_eq!(found, expected, "{prefix:?}");
    }
}

#[tokio::test]
async fn there_is_one_zero() {
    let world = with(Kind::Float, &[Value::Float(-0.0), Value::Float(0.0)]).await;
    for zero in [0.0, -0.0] {
        let equal = all_of(vec![equal("value", Value::Float(zero))]);
        assert_eq!(world.count("rows", equal).await, 2);
    }
    let groups = world.store.collections();
    let groups = groups
        .count(PLUGIN, "rows", &vec![], &strings(&["value"]))
        .await
        .unwrap();
    assert_eq!(groups, [(vec![Value::Float(0.0)], 2)]);
}

#[tokio::test]
async fn what_is_too_long_for_an_index_is_refused_and_the_longest_is_kept() {
    // Text that can't be compressed: an engine must not take by luck what it refuses another time.
    let long = |length: usize| {
        let mut state = 7_u64;
        (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
            })
            .collect::<String>()
    };
    let world = with(Kind::Text, &[text(&long(2_400))]).await;
    let row = |value: String| {
        let row = vec![int(7), int(1), Value::Text(value)];
        vec![put("rows", &["id", "group", "value"], vec![row])]
    };
    assert!(matches!(
        world.apply(row(long(2_401))).await,
        Err(StorageError::Invalid(field, _)) if field == "value"
    ));
    world.apply(row("\u{1}".repeat(1_200))).await.unwrap();
    assert_eq!(
        values(&world, vec![], vec![ascending("value")], 9).await,
        [text(&"\u{1}".repeat(1_200)), text(&long(2_400))]
    );
}

#[tokio::test]
async fn every_text_of_the_host_may_have_every_character() {
    let world = World::new().await;
    let strange = "\0a\u{1}b\u{2}\u{10ffff}";
    world
        .store
        .secrets()
        .put(PLUGIN, strange, b"value")
        .await
        .unwrap();
    let secret = world.store.secrets().get(PLUGIN, strange).await.unwrap();
    assert_eq!(secret.as_deref(), Some(&b"value"[..]));
    world
        .apply(vec![Write::Enqueue(new_job(strange, strange))])
        .await
        .unwrap();
    let jobs = world.store.jobs().list(Some(PLUGIN), 9).await.unwrap();
    assert_eq!(
        (jobs[0].kind.as_str(), jobs[0].key.as_str()),
        (strange, strange)
    );
}
