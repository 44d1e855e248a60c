//! Whatever is asked, the answer is what a plain list of rows, filtered and sorted, would give, page by page.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use host_store::*;
use proptest::prelude::*;

use super::support::*;

/// Rows of (id, group, number, name): small sets of values, so that they meet.
type Row = (i64, i64, Option<i64>, Option<String>);

const FIELDS: [&str; 4] = ["id", "group", "number", "name"];

fn rows_collection(indexes: Vec<Index>) -> Collection {
    collection(
        "rows",
        vec![
            required("id", Kind::Integer),
            required("group", Kind::Integer),
            field("number", Kind::Integer),
            field("name", Kind::Text),
        ],
        &["id"],
        indexes,
    )
}

fn values(row: &Row) -> Vec<Value> {
    vec![
        int(row.0),
        int(row.1),
        row.2.map_or(Value::Null, int),
        row.3.as_deref().map_or(Value::Null, text),
    ]
}

fn names() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(
        0.8,
        prop::sample::select(vec![
            "",
            "a",
            "A",
            "ab",
            "b",
            "é",
            "e\u{301}",
            "я",
            "Я",
            "中",
            "\u{ffff}",
            "\u{10000}",
            "\u{10ffff}",
        ]),
    )
    .prop_map(|name| name.map(str::to_owned))
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(
        (
            0..60_i64,
            0..5_i64,
            prop::option::weighted(0.7, -3..3_i64),
            names(),
        ),
        0..80,
    )
}

fn conditions() -> impl Strategy<Value = Condition> {
    let number =
        prop::option::weighted(0.9, -3..3_i64).prop_map(|number| number.map_or(Value::Null, int));
    let name = names().prop_map(|name| name.map_or(Value::Null, Value::Text));
    let sign = prop::sample::select(vec![
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ]);
    let plain = prop_oneof![
        3 => (0..6_i64).prop_map(|group| equal("group", int(group))),
        3 => prop::collection::vec(0..6_i64, 1..5).prop_map(|groups| one_of("group", groups.into_iter().map(int).collect())),
        1 => number.clone().prop_map(|number| equal("number", number)),
        1 => prop::collection::vec(number, 1..4).prop_map(|numbers| one_of("number", numbers)),
        1 => name.prop_map(|name| equal("name", name)),
        1 => (sign.clone(), -3..3_i64).prop_map(|(sign, number)| condition("number", sign, vec![int(number)])),
        1 => (sign.clone(), names()).prop_map(|(sign, name)| condition("name", sign, vec![Value::Text(name.unwrap_or_default())])),
        1 => (sign, 0..60_i64).prop_map(|(sign, id)| condition("id", sign, vec![int(id)])),
        1 => names().prop_map(|name| condition("name", Operator::StartsWith, vec![Value::Text(name.unwrap_or_default())])),
        1 => Just(condition("number", Operator::IsNull, vec![])),
    ];
    (plain, prop::bool::weighted(0.2)).prop_map(|(condition, negated)| Condition {
        negated,
        ..condition
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let clause = prop_oneof![
        4 => prop::collection::vec(conditions(), 1),
        1 => prop::collection::vec(conditions(), 0..3),
    ];
    prop::collection::vec(clause, 0..4)
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    (
        Just(FIELDS.to_vec()).prop_shuffle(),
        0..4_usize,
        prop::collection::vec(any::<bool>(), 4),
        any::<bool>(),
    )
        .prop_map(|(fields, length, directions, uniform)| {
            fields
                .into_iter()
                .zip(&directions)
                .take(length)
                .map(|(field, down)| Order {
                    field: field.to_owned(),
                    descending: if uniform { directions[0] } else { *down },
                })
                .collect()
        })
}

fn indexes() -> impl Strategy<Value = Vec<Index>> {
    prop::sample::subsequence(
        vec![
            index(&["group", "number"]),
            index(&["group", "name"]),
            index(&["number"]),
            index(&["name", "number"]),
            index(&["group", "number", "name"]),
            index(&["group"]),
        ],
        0..6,
    )
}

fn holds(condition: &Condition, row: &[Value]) -> bool {
    let at = FIELDS
        .iter()
        .position(|name| *name == condition.field)
        .unwrap();
    let value = &row[at];
    let compared = |operand: &Value| compare(value, operand);
    let first = condition.operands.first();
    let plain = match condition.operator {
        Operator::IsNull => *value == Value::Null,
        Operator::Equal => value == first.unwrap(),
        Operator::OneOf => condition.operands.contains(value),
        _ if *value == Value::Null => false,
        Operator::Less => compared(first.unwrap()).is_lt(),
        Operator::LessOrEqual => compared(first.unwrap()).is_le(),
        Operator::Greater => compared(first.unwrap()).is_gt(),
        Operator::GreaterOrEqual => compared(first.unwrap()).is_ge(),
        Operator::StartsWith => match (value, first.unwrap()) {
            (Value::Text(text), Value::Text(prefix)) => text.starts_with(prefix.as_str()),
            _ => false,
        },
        Operator::Matches => unreachable!(),
    };
    plain != condition.negated
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        // Rust orders text by code point.
        (Value::Text(one), Value::Text(other)) => one.chars().cmp(other.chars()),
        _ => Ordering::Equal,
    }
}

fn expected(rows: &BTreeMap<i64, Vec<Value>>, filter: &Filter, order: &[Order]) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> = rows
        .values()
        .filter(|row| {
            filter
                .iter()
                .all(|clause| clause.iter().any(|condition| holds(condition, row)))
        })
        .cloned()
        .collect();
    let key_descending = order.last().is_some_and(|last| last.descending);
    let mut order = order.to_vec();
    order.push(Order {
        field: "id".to_owned(),
        descending: key_descending,
    });
    found.sort_by(|one, other| {
        for by in &order {
            let at = FIELDS.iter().position(|name| *name == by.field).unwrap();
            let ordering = match (&one[at], &other[at]) {
                (Value::Null, Value::Null) => Ordering::Equal,
                (Value::Null, _) => Ordering::Greater,
                (_, Value::Null) => Ordering::Less,
                (one, other) if by.descending => compare(other, one),
                (one, other) => compare(one, other),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    });
    found
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn filled(rows: &[Row], indexes: Vec<Index>) -> (World, BTreeMap<i64, Vec<Value>>) {
    let world = World::new().await;
    world.define(rows_collection(indexes)).await;
    let kept: BTreeMap<i64, Vec<Value>> = rows.iter().map(|row| (row.0, values(row))).collect();
    world
        .put("rows", &FIELDS, rows.iter().map(values).collect())
        .await;
    (world, kept)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn find_and_count_agree_with_the_model(
        rows in rows(),
        indexes in indexes(),
        queries in prop::collection::vec((filters(), orders(), 1..8_u32), 12),
    ) {
        run(async {
            let (world, kept) = filled(&rows, indexes).await;
            for (filter, order, limit) in queries {
                let expected = expected(&kept, &filter, &order);
                let found = world.all(&query("rows", filter.clone(), order.clone(), limit)).await;
                prop_assert_eq!(&found, &expected, "{:?} {:?}", filter, order);
                prop_assert_eq!(world.count("rows", filter.clone()).await, expected.len() as u64);
                let require = Write::Require { collection: "rows".to_owned(), filter, count: expected.len() as u64 };
                prop_assert_eq!(world.apply(vec![require]).await, Ok(()));
            }
            Ok(())
        })?;
    }

    #[test]
    fn patch_and_delete_agree_with_the_model(
        rows in rows(),
        indexes in indexes(),
        steps in prop::collection::vec((filters(), any::<bool>(), 0..5_i64), 6),
    ) {
        run(async {
            let (world, mut kept) = filled(&rows, indexes).await;
            for (filter, delete, group) in steps {
                let matching: Vec<i64> = expected(&kept, &filter, &[])
                    .iter()
                    .map(|row| if let Value::Integer(id) = row[0] { id } else { unreachable!() })
                    .collect();
                let collection = "rows".to_owned();
                if delete {
                    world.apply(vec![Write::Delete { collection, filter }]).await.unwrap();
                    kept.retain(|id, _| !matching.contains(id));
                } else {
                    let patch = Write::Patch { collection, filter, fields: strings(&["group"]), values: vec![int(group)] };
                    world.apply(vec![patch]).await.unwrap();
                    for id in matching {
                        kept.get_mut(&id).unwrap()[1] = int(group);
                    }
                }
                prop_assert_eq!(world.all(&query("rows", vec![], vec![], 7)).await, kept.values().cloned().collect::<Vec<_>>());
            }
            Ok(())
        })?;
    }

    #[test]
    fn paging_skips_and_repeats_nothing_that_was_there_throughout(
        rows in rows(),
        order in orders(),
        groups in prop::collection::vec(0..6_i64, 1..5),
        limit in 1..6_u32,
        meanwhile in prop::collection::vec((any::<bool>(), 60..90_i64, 0..5_i64, prop::option::of(-3..3_i64), names()), 20),
    ) {
        run(async {
            let (world, kept) = filled(&rows, vec![index(&["group", "number"]), index(&["group", "name"])]).await;
            let filter = all_of(vec![one_of("group", groups.into_iter().map(int).collect())]);
            let expected = expected(&kept, &filter, &order);
            let mut asked = query("rows", filter, order, limit);
            let mut seen = Vec::new();
            let mut meanwhile = meanwhile.into_iter();
            loop {
                let page = world.find(&asked).await.unwrap();
                seen.extend(page.rows.values.into_iter().filter(|row| matches!(row[0], Value::Integer(id) if id < 60)));
                if let Some((delete, id, group, number, name)) = meanwhile.next() {
                    // Other rows come and go.
                    if delete {
                        let filter = all_of(vec![condition("id", Operator::GreaterOrEqual, vec![int(id)])]);
                        world.apply(vec![Write::Delete { collection: "rows".to_owned(), filter }]).await.unwrap();
                    } else {
                        world.put("rows", &FIELDS, vec![values(&(id, group, number, name))]).await;
                    }
                }
                match page.next {
                    Some(next) => asked.cursor = Some(next),
                    None => break,
                }
            }
            prop_assert_eq!(seen, expected);
            Ok(())
        })?;
    }
}
