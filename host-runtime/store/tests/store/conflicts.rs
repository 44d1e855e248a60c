//! Batches that are applied at the same time leave what some order of them would have left.

use host_store::*;
use tokio::task::JoinSet;

use super::support::*;

async fn world() -> World {
    let world = World::new().await;
    let mut rows = collection(
        "rows",
        vec![
            required("id", Kind::Text),
            field("number", Kind::Integer),
            field("state", Kind::Text),
            field("scope", Kind::Text),
            field("body", Kind::Text),
        ],
        &["id"],
        vec![index(&["state"]), unique(&["number"])],
    );
    rows.full_text = Some(FullText {
        fields: strings(&["body"]),
        scope: "scope".to_owned(),
    });
    world.define(rows).await;
    world
}

fn add(id: &str, amount: i64) -> Write {
    Write::Add {
        collection: "rows".to_owned(),
        key: vec![text(id)],
        field: "number".to_owned(),
        amount,
    }
}

/// Applies batches at once; how many were applied, and what the others were told.
async fn at_once(world: &World, batches: Vec<Vec<Write>>) -> (usize, Vec<StorageError>) {
    let mut tasks = JoinSet::new();
    for batch in batches {
        let collections = world.store.collections();
        tasks.spawn(async move { collections.apply(&caller(), batch).await });
    }
    let (mut applied, mut refused) = (0, Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.unwrap() {
            Ok(()) => applied += 1,
            Err(error) => refused.push(error),
        }
    }
    (applied, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_addition_is_lost() {
    let world = world().await;
    for round in 0..4 {
        let batches = (0..8).map(|_| vec![add("a", 1)]).collect();
        assert_eq!(at_once(&world, batches).await, (8, vec![]), "{round}");
    }
    let rows = world.all(&query("rows", vec![], vec![], 1)).await;
    assert_eq!(rows[0][1], int(32));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_required_still_holds_when_a_batch_is_applied() {
    let world = world().await;
    // Each may leave as long as the other stays: which a snapshot alone would allow both.
    let leave = |id: &str| {
        vec![
            Write::Require {
                collection: "rows".to_owned(),
                filter: all_of(vec![equal("state", text("on"))]),
                count: 2,
            },
            put("rows", &["id", "state"], vec![vec![text(id), text("off")]]),
        ]
    };
    for round in 0..10 {
        let on = vec![vec![text("a"), text("on")], vec![text("b"), text("on")]];
        world.put("rows", &["id", "state"], on).await;
        let (applied, refused) = at_once(&world, vec![leave("a"), leave("b")]).await;
        assert_eq!(applied, 1, "{round}: {refused:?}");
        assert!(matches!(refused.as_slice(), [StorageError::Conflict(_)]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rows_that_agree_in_a_unique_index_one_is_made() {
    let world = world().await;
    for round in 0..5 {
        let batches = (0..6)
            .map(|number| {
                let id = text(&format!("{round}-{number}"));
                vec![put("rows", &["id", "number"], vec![vec![id, int(round)]])]
            })
            .collect();
        let (applied, refused) = at_once(&world, batches).await;
        assert_eq!((applied, refused.len()), (1, 5), "{refused:?}");
        for error in refused {
            let same = "rows: another row has the same number".to_owned();
            assert_eq!(error, StorageError::Conflict(same));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_that_many_begin_at_once_is_one() {
    let world = world().await;
    let batches = (0..8)
        .map(|number| {
            let id = text(&number.to_string());
            vec![put(
                "rows",
                &["id", "scope", "body"],
                vec![vec![id, text("new"), text("same words")]],
            )]
        })
        .collect();
    assert_eq!(at_once(&world, batches).await, (8, vec![]));
    let found = query("rows", all_of(vec![matches("new", "words")]), vec![], 3);
    assert_eq!(world.all(&found).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_is_not_passed_by_many_together() {
    let world = world().await;
    world
        .store
        .plugins()
        .set_quota(PLUGIN, Some(10_000))
        .await
        .unwrap();
    let batches = (0..12)
        .map(|number| {
            let (id, body) = (text(&format!("{number:02}")), text(&"x".repeat(2_000)));
            vec![put("rows", &["id", "body"], vec![vec![id, body]])]
        })
        .collect();
    let (applied, refused) = at_once(&world, batches).await;
    assert_eq!((applied, refused.len()), (4, 8), "{refused:?}");
    let usage = world.store.plugins().usage(PLUGIN).await.unwrap();
    assert_eq!(usage.row_bytes, 4 * (2_000 + 64 + 2));
    world.store.housekeep().await.unwrap();
    assert_eq!(world.store.plugins().usage(PLUGIN).await.unwrap(), usage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_and_events_of_many_batches_are_all_there() {
    let world = world().await;
    world.enable(PLUGIN).await;
    let mut heard = world.store.events().subscribe("anna", None).await.unwrap();
    let batches = (0..20)
        .map(|number: i64| {
            vec![
                Write::Enqueue(new_job("k", &(number % 5).to_string())),
                Write::Publish {
                    topic: "t".to_owned(),
                    user: None,
                    payload: number.to_string(),
                },
            ]
        })
        .collect();
    assert_eq!(at_once(&world, batches).await, (20, vec![]));
    let mut payloads = Vec::new();
    let mut last = 0;
    for _ in 0..20 {
        let event = heard.next().await.unwrap();
        assert!(event.id > last);
        last = event.id;
        payloads.push(event.payload.parse::<i64>().unwrap());
    }
    payloads.sort_unstable();
    assert_eq!(payloads, (0..20).collect::<Vec<i64>>());
    assert_eq!(world.store.jobs().list(None, 99).await.unwrap().len(), 5);
}
