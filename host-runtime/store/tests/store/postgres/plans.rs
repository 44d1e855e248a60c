//! A query reads its index: nothing is read from end to end, and nothing is sorted that an index has in order. Which index that is, is the
//! server's choice, which is told only to prefer one (`enable_seqscan`); so tables are filled and their statistics known.

use host_store::*;
use rstest::rstest;
use sqlx::Executor as _;

use super::support::*;

async fn explain(world: &World, query: &Query) -> String {
    let plan = world.store.collections().explain(PLUGIN, query).await;
    plan.unwrap().join("\n")
}

async fn analyse(world: &World) {
    let mut connection = world.database.connect().await;
    connection.execute("ANALYZE").await.unwrap();
}

/// As mail would have it: threads in folders, newest first.
async fn mailbox() -> World {
    let world = World::new().await;
    world.define(joins()).await;
    let row = |number: usize| {
        vec![
            text(&format!("folder{}", number % 40)),
            text(&format!("{number:06}")),
            text(&format!("account{}", number % 10)),
            Value::Time(1_000 + number as u64 * 7_919 % 20_000),
            int(i64::from(number.is_multiple_of(9))),
            if number.is_multiple_of(3) {
                Value::Time(number as u64)
            } else {
                Value::Null
            },
        ]
    };
    let fields = ["folder", "thread", "account", "latest", "unread", "snoozed"];
    for batch in 0..4 {
        let rows = (batch * 5_000..(batch + 1) * 5_000).map(row).collect();
        world.put("joins", &fields, rows).await;
    }
    analyse(&world).await;
    world
}

fn newest(filter: Vec<Condition>) -> Query {
    query("joins", all_of(filter), vec![descending("latest")], 50)
}

#[tokio::test]
async fn an_index_serves() {
    let world = mailbox().await;
    let folder = || equal("folder", text("folder7"));
    let account = || equal("account", text("account7"));
    let cases = [
        ("one folder", newest(vec![folder()]), "c1_i0"),
        (
            "several folders",
            newest(vec![one_of(
                "folder",
                vec![text("folder1"), text("folder2")],
            )]),
            "c1_i0",
        ),
        (
            "equalities first",
            newest(vec![account(), equal("unread", int(1))]),
            "c1_i2",
        ),
        (
            "the rest is tested",
            newest(vec![account(), not(equal("folder", text("x")))]),
            "c1_i1",
        ),
        (
            "range and order",
            newest(vec![
                folder(),
                condition("latest", Operator::Less, vec![Value::Time(9_000)]),
            ]),
            "c1_i0",
        ),
        (
            "the whole key",
            query(
                "joins",
                all_of(vec![folder(), equal("thread", text("000007"))]),
                vec![],
                5,
            ),
            "c1_key",
        ),
        (
            "the key's order",
            query("joins", all_of(vec![folder()]), vec![], 5),
            "c1_key",
        ),
        (
            "nulls apart",
            query(
                "joins",
                all_of(vec![account()]),
                vec![ascending("snoozed")],
                5,
            ),
            "c1_i3",
        ),
    ];
    for (name, asked, index) in cases {
        let plan = explain(&world, &asked).await;
        assert!(
            plan.contains(index) && !plan.contains("Seq Scan") && !plan.contains("Sort"),
            "{name}: {plan}"
        );
    }
    // A page deep down begins at its bound.
    let mut asked = newest(vec![folder()]);
    asked.cursor = world.find(&asked).await.unwrap().next;
    let plan = explain(&world, &asked).await;
    let bound = plan.lines().find(|line| line.contains("Index Cond"));
    assert!(
        bound.is_some_and(|line| line.contains("f_latest <=")),
        "{plan}"
    );
}

#[rstest]
#[case::one("\"rare1\"", 1)]
#[case::few("some", 40)]
#[case::phrase("\"common rare1\"", 1)]
#[case::beginning("rar", 20)]
#[case::many("common", 10_000)]
#[tokio::test]
async fn a_search_reads_the_words_index_or_the_orders(#[case] words: &str, #[case] hits: usize) {
    let world = World::new().await;
    let mut messages = collection(
        "messages",
        vec![
            required("id", Kind::Text),
            required("account", Kind::Text),
            required("at", Kind::Time),
            field("body", Kind::Text),
        ],
        &["id"],
        vec![index(&["account", "at"])],
    );
    messages.full_text = Some(FullText {
        fields: strings(&["body"]),
        scope: "account".to_owned(),
    });
    world.define(messages).await;
    let row = |number: usize| {
        let mut body = format!("common w{} w{}", number % 977, number % 499);
        if number.is_multiple_of(500) {
            body = format!("common rare{} and", number / 500);
        }
        if number.is_multiple_of(250) {
            body.push_str(" some");
        }
        vec![
            text(&format!("{number:05}")),
            text("a"),
            Value::Time(number as u64),
            text(&body),
        ]
    };
    for batch in 0..2 {
        let rows = (batch * 5_000..(batch + 1) * 5_000).map(row).collect();
        world
            .put("messages", &["id", "account", "at", "body"], rows)
            .await;
    }
    analyse(&world).await;
    let asked = query(
        "messages",
        all_of(vec![matches("a", words), equal("account", text("a"))]),
        vec![descending("at")],
        1_000,
    );
    let plan = explain(&world, &asked).await;
    if hits > 2_000 {
        assert!(plan.contains("c1_i0") && !plan.contains("Sort"), "{plan}");
    } else {
        assert!(plan.contains("c1_text_vector"), "{plan}");
        // A word is taken for more than it finds, and the index of dates would be walked to its end for the rest of a page.
        assert!(!plan.contains("c1_i0"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    assert_eq!(world.all(&asked).await.len(), hits);
}
