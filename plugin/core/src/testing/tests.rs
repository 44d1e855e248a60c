//! The double keeps the contract's promises.

use super::{Memory, Outcome, TestClock};
use crate::platform::{
    Collection, Condition, Field, Filter, FullText, Index, Job, Kind, Locks, Operator, Order,
    Priority, Query, Secrets, Store, StoreError, Value, Write,
};

fn letters() -> Collection {
    let field = |name, kind, required| Field {
        name,
        kind,
        required,
    };
    Collection {
        name: "letters",
        fields: vec![
            field("owner", Kind::Text, true),
            field("id", Kind::Integer, true),
            field("at", Kind::Time, false),
            field("text", Kind::Text, false),
            field("hits", Kind::Integer, false),
        ],
        key: &["owner", "id"],
        indexes: vec![
            Index {
                fields: &["owner", "at"],
                unique: false,
            },
            Index {
                fields: &["text"],
                unique: true,
            },
        ],
        full_text: Some(FullText {
            fields: &["text"],
            scope: "owner",
        }),
    }
}

async fn host() -> (Memory, TestClock) {
    let clock = TestClock::at(1_000_000);
    let memory = Memory::new(&clock);
    memory.define(&letters()).await.unwrap();
    (memory, clock)
}

fn put(owner: &str, id: i64, at: Option<u64>, text: &str) -> Write {
    let values = vec![
        Value::Text(owner.into()),
        Value::Integer(id),
        at.map_or(Value::Null, Value::Time),
        Value::Text(text.into()),
    ];
    Write::Put {
        collection: "letters",
        fields: vec!["owner", "id", "at", "text"],
        values: vec![values],
    }
}

fn equal(field: &'static str, value: Value) -> Filter {
    vec![vec![Condition {
        field,
        operator: Operator::Equal,
        operands: vec![value],
        negated: false,
    }]]
}

fn query(filter: Filter, order: Vec<Order>, limit: u32, cursor: Option<String>) -> Query {
    Query {
        collection: "letters",
        filter,
        order,
        fields: vec!["id"],
        limit,
        cursor,
    }
}

fn ids(values: &[Vec<Value>]) -> Vec<i64> {
    values
        .iter()
        .map(|row| {
            if let Value::Integer(id) = row[0] {
                id
            } else {
                panic!("no id")
            }
        })
        .collect()
}

#[tokio::test]
async fn a_failed_batch_leaves_nothing_behind() {
    let (memory, _) = host().await;
    let job = Job {
        kind: "sync".into(),
        key: "a".into(),
        payload: vec![],
        run_at: None,
        priority: Priority::Normal,
    };
    let writes = vec![
        put("a", 1, None, "one"),
        Write::Add {
            collection: "letters",
            key: vec![Value::Text("a".into()), Value::Integer(1)],
            field: "hits",
            amount: 2,
        },
        Write::Enqueue(job),
        Write::Publish {
            topic: "x",
            user: None,
            payload: "{}".into(),
        },
        Write::Require {
            collection: "letters",
            filter: equal("owner", Value::Text("a".into())),
            count: 7,
        },
    ];
    assert!(matches!(
        memory.apply(writes).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(memory.dump("letters").is_empty());
    assert!(memory.take_job().is_none());
    assert!(memory.take_events().is_empty());
}

#[tokio::test]
async fn pages_follow_the_order_with_nulls_last_and_nothing_twice() {
    let (memory, _) = host().await;
    let writes = (0..7)
        .map(|id| {
            put(
                "a",
                id,
                (id != 3).then_some(100 + id as u64 / 2),
                &format!("t{id}"),
            )
        })
        .collect();
    memory.apply(writes).await.unwrap();
    let order = vec![Order {
        field: "at",
        descending: true,
    }];
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = memory
            .find(query(
                equal("owner", Value::Text("a".into())),
                order.clone(),
                2,
                cursor,
            ))
            .await
            .unwrap();
        seen.extend(ids(&page.rows.values));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [6, 5, 4, 2, 1, 0, 3]);
}

#[tokio::test]
async fn put_keeps_what_it_does_not_name_and_unique_indexes_hold() {
    let (memory, _) = host().await;
    memory
        .apply(vec![put("a", 1, Some(5), "one")])
        .await
        .unwrap();
    let key = vec![Value::Text("a".into()), Value::Integer(1)];
    let add = Write::Add {
        collection: "letters",
        key: key.clone(),
        field: "hits",
        amount: 3,
    };
    memory.apply(vec![add.clone(), add]).await.unwrap();
    let fields = vec!["at", "text", "hits"];
    let rows = memory.get_many("letters", vec![key], fields).await.unwrap();
    assert_eq!(
        rows.values,
        [vec![
            Value::Time(5),
            Value::Text("one".into()),
            Value::Integer(6)
        ]]
    );
    assert!(matches!(
        memory.apply(vec![put("b", 1, None, "one")]).await,
        Err(StoreError::Conflict(_))
    ));
}

#[tokio::test]
async fn search_stays_in_its_scope_and_knows_prefixes_and_pairs() {
    let (memory, _) = host().await;
    memory
        .apply(vec![
            put("a", 1, None, "Счёт за июль"),
            put("a", 2, None, "会议纪要"),
            put("b", 3, None, "Счёт чужой"),
        ])
        .await
        .unwrap();
    for (words, found) in [
        ("счет", vec![1]),
        ("\"счёт за\" ию", vec![1]),
        ("ию счёт", vec![]),
        ("纪要", vec![2]),
        ("чужой", vec![]),
    ] {
        let operands = vec![Value::Text("a".into()), Value::Text(words.into())];
        let filter = vec![vec![Condition {
            field: "",
            operator: Operator::Matches,
            operands,
            negated: false,
        }]];
        assert_eq!(
            ids(&memory
                .find(query(filter, vec![], 9, None))
                .await
                .unwrap()
                .rows
                .values),
            found,
            "{words}"
        );
    }
}

#[tokio::test]
async fn jobs_merge_come_back_after_a_crash_and_fence_the_late() {
    let (memory, clock) = host().await;
    let job = |payload: u8, run_at| {
        Write::Enqueue(Job {
            kind: "sync".into(),
            key: "a".into(),
            payload: vec![payload],
            run_at,
            priority: Priority::Normal,
        })
    };
    memory
        .apply(vec![job(1, Some(1_000_500)), job(2, None)])
        .await
        .unwrap();
    let (lease, call) = memory.take_job().unwrap();
    assert_eq!(lease.job.payload, [2]);
    memory.apply(vec![job(3, None)]).await.unwrap();
    assert!(memory.take_job().is_none(), "one of a key at a time");
    memory.finish(&lease, Outcome::Done);
    assert!(matches!(
        call.apply(vec![put("a", 1, None, "late")]).await,
        Err(StoreError::Fenced)
    ));
    let (lost, stale) = memory.take_job().unwrap();
    assert_eq!(lost.job.payload, [3]);
    clock.advance(61_000);
    assert!(matches!(
        stale.apply(vec![put("a", 1, None, "late")]).await,
        Err(StoreError::Fenced)
    ));
    assert_eq!(memory.take_job().unwrap().0.attempt, 2);
}

#[tokio::test]
async fn a_crash_stops_at_its_step_and_what_was_committed_stays() {
    let (memory, _) = host().await;
    memory.crash_at(1);
    let work = async {
        memory.put_secret("one", b"1").await.unwrap();
        memory.put_secret("two", b"2").await.unwrap();
    };
    assert!(memory.run(work).await.is_none());
    assert_eq!(memory.secret_names(), ["one"]);
}

#[tokio::test]
async fn a_lock_is_held_by_one_and_fences_when_it_lapses() {
    let (memory, clock) = host().await;
    let (first, second) = (memory.call(), memory.call());
    let guard = first.acquire("x", 1_000, 0).await.unwrap();
    assert!(second.acquire("x", 1_000, 0).await.is_none());
    clock.advance(1_001);
    assert!(matches!(
        first.apply(vec![put("a", 1, None, "late")]).await,
        Err(StoreError::Fenced)
    ));
    let theirs = second.acquire("x", 1_000, 0).await.unwrap();
    drop(guard);
    assert!(
        memory.acquire("x", 1_000, 0).await.is_none(),
        "the late one's drop frees nothing"
    );
    drop(theirs);
    assert!(memory.acquire("x", 1_000, 0).await.is_some());
}
