//! A query that an index serves reads one range of it for each range that is merged, and sorts nothing.

use host_store::*;
use rstest::rstest;

use super::support::*;

/// As mail would have it: threads in folders, newest first.
async fn mailbox() -> World {
    let world = World::new().await;
    world.define(joins()).await;
    world
}

fn newest(filter: Vec<Condition>) -> Query {
    query("joins", all_of(filter), vec![descending("latest")], 50)
}

#[rstest]
#[case::one_folder(newest(vec![equal("folder", text("f"))]), 1, "c1_i0 (f_folder=?)")]
#[case::several_folders(newest(vec![one_of("folder", vec![text("f"), text("g"), text("h")])]), 3, "c1_i0 (f_folder=?)")]
#[case::equalities_first(newest(vec![equal("account", text("a")), equal("unread", int(1))]), 1, "c1_i2 (f_account=? AND f_unread=?)")]
#[case::rest_is_tested(newest(vec![equal("account", text("a")), not(equal("folder", text("trash")))]), 1, "c1_i1 (f_account=?)")]
#[case::range_and_order(newest(vec![equal("folder", text("f")), condition("latest", Operator::Less, vec![Value::Time(5)])]), 1, "c1_i0 (f_folder=? AND f_latest<?)")]
#[case::whole_key(newest(vec![equal("folder", text("f")), equal("thread", text("t")), equal("account", text("a"))]), 1, "c1_key (f_folder=? AND f_thread=?)")]
#[case::key_order(query("joins", all_of(vec![equal("folder", text("f"))]), vec![], 5), 1, "c1_key (f_folder=?)")]
#[case::nulls_apart(query("joins", all_of(vec![equal("account", text("a"))]), vec![ascending("snoozed")], 5), 2, "c1_i3 (f_account=? AND f_snoozed")]
#[tokio::test]
async fn an_index_serves(#[case] query: Query, #[case] ranges: usize, #[case] expected: &str) {
    let world = mailbox().await;
    let plan = world
        .store
        .collections()
        .explain(PLUGIN, &query)
        .await
        .unwrap();
    let text = plan.join("\n");
    assert_eq!(
        plan.iter()
            .filter(|line| line.contains("SEARCH") && line.contains(expected))
            .count(),
        ranges,
        "{text}"
    );
    assert!(
        !text.contains("TEMP B-TREE") && !text.contains("SCAN"),
        "{text}"
    );
}

/// Nobody asked for an order, so that little is read and then sorted: by the key's, everything would be read.
#[tokio::test]
async fn what_narrows_is_worth_more_than_the_order_of_the_key() {
    let world = mailbox().await;
    let few = one_of("account", vec![text("a"), text("b")]);
    let asked = query("joins", all_of(vec![few]), vec![], 5);
    let explain = world.store.collections();
    let plan = explain.explain(PLUGIN, &asked).await.unwrap();
    let first = plan.first().unwrap();
    assert!(first.contains("c1_i1 (f_account=?)"), "{plan:?}");
    assert!(!plan.iter().any(|line| line.contains("SCAN")), "{plan:?}");
}

#[tokio::test]
async fn the_next_page_begins_where_the_last_one_ended() {
    let world = mailbox().await;
    let rows = (0..200).map(|number| {
        let folder = text(["f", "g"][number % 2]);
        vec![
            folder,
            text(&format!("{number:04}")),
            text("a"),
            Value::Time(1_000 + number as u64 / 3),
        ]
    });
    world
        .put(
            "joins",
            &["folder", "thread", "account", "latest"],
            rows.collect(),
        )
        .await;
    for filter in [
        equal("folder", text("f")),
        one_of("folder", vec![text("f"), text("g")]),
    ] {
        let mut asked = newest(vec![filter]);
        asked.limit = 10;
        asked.cursor = world.find(&asked).await.unwrap().next;
        let plan = world
            .store
            .collections()
            .explain(PLUGIN, &asked)
            .await
            .unwrap();
        // The bound is part of the range, so that a page deep down costs what the first one costs.
        assert!(
            plan.iter()
                .all(|line| line.contains("c1_i0 (f_folder=? AND f_latest<?)")),
            "{plan:?}"
        );
    }
}

#[tokio::test]
async fn a_search_reads_the_words_of_its_scope_only() {
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
        vec![
            text(&format!("{number:05}")),
            text("a"),
            Value::Time(number as u64),
            text(if number.is_multiple_of(500) {
                "common rare"
            } else {
                "common"
            }),
        ]
    };
    world
        .put(
            "messages",
            &["id", "account", "at", "body"],
            (0..2_500).map(row).collect(),
        )
        .await;
    let asked = |words: &str| {
        query(
            "messages",
            all_of(vec![matches("a", words), equal("account", text("a"))]),
            vec![descending("at")],
            10,
        )
    };
    // Few rows are found: they are looked up by number and sorted.
    let plan = world
        .store
        .collections()
        .explain(PLUGIN, &asked("rare"))
        .await
        .unwrap()
        .join("\n");
    assert!(
        plan.contains("INTEGER PRIMARY KEY") && !plan.contains("SCAN messages"),
        "{plan}"
    );
    // Many are found: the order's index is walked until the page is full, and each row asked whether it holds the word.
    let plan = world
        .store
        .collections()
        .explain(PLUGIN, &asked("\"common\""))
        .await
        .unwrap()
        .join("\n");
    assert!(
        plan.contains("c1_i0 (f_account=?") && !plan.contains("TEMP B-TREE"),
        "{plan}"
    );
    // A word that may go on takes time in proportion to all that it finds whenever it is asked: once for all of these rows.
    let plan = world
        .store
        .collections()
        .explain(PLUGIN, &asked("common"))
        .await
        .unwrap()
        .join("\n");
    assert!(
        plan.contains("c1_i0 (f_account=?") && !plan.contains("CORRELATED"),
        "{plan}"
    );
    // Both ways answer the same.
    for words in ["rare", "common", "\"common\""] {
        let found = world.texts(&asked(words)).await;
        let step = if words == "rare" { 500 } else { 1 };
        let expected: Vec<String> = (0..2_500)
            .rev()
            .filter(|n| n % step == 0)
            .map(|n| format!("{n:05}"))
            .collect();
        assert_eq!(found, expected);
    }
}

/// With STAT4, and without QPSG, a statement is compiled anew whenever other values are bound to what its plan depends on; see `.cargo/config.toml`.
#[tokio::test]
async fn sqlite_compiles_a_statement_once_whatever_is_bound_to_it() {
    use sqlx::Connection as _;
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:")
        .await
        .unwrap();
    let options: Vec<String> = sqlx::query_scalar("PRAGMA compile_options")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(options.iter().any(|option| option == "ENABLE_FTS5"));
    assert!(!options.iter().any(|option| option == "ENABLE_STAT4"));
    assert!(options.iter().any(|option| option == "ENABLE_QPSG"));
}
