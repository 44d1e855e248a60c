//! A job runs at least once, one of a key at a time, in order of urgency, and survives crashes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use host_store::*;
use rstest::rstest;

use super::support::*;
use crate::engine::Engine;

const LEASE: u64 = 60_000;

async fn ready() -> World {
    let world = World::new().await;
    world.enable(PLUGIN).await;
    world
}

async fn enqueue(world: &World, job: NewJob) {
    world.store.jobs().enqueue(PLUGIN, &job).await.unwrap();
}

async fn claim(world: &World) -> Option<Lease> {
    world
        .store
        .jobs()
        .claim(LEASE, &every_plugin)
        .await
        .unwrap()
}

async fn finish(world: &World, lease: &Lease, outcome: Outcome) -> bool {
    world.store.jobs().finish(lease, outcome).await.unwrap()
}

#[tokio::test]
async fn waiting_jobs_of_one_kind_and_key_merge() {
    let world = ready().await;
    let later = NewJob {
        payload: vec![1],
        run_at: Some(START + 9_000),
        priority: Priority::Interactive,
        ..new_job("sync", "a")
    };
    let sooner = NewJob {
        payload: vec![2],
        run_at: Some(START + 5_000),
        priority: Priority::Background,
        ..later.clone()
    };
    enqueue(&world, later.clone()).await;
    enqueue(&world, sooner).await;
    enqueue(
        &world,
        NewJob {
            payload: vec![3],
            ..later
        },
    )
    .await;
    enqueue(&world, new_job("sync", "b")).await;
    enqueue(&world, new_job("other", "a")).await;
    let jobs = world.store.jobs().list(Some(PLUGIN), 10).await.unwrap();
    assert_eq!(jobs.len(), 3);
    let merged = jobs
        .iter()
        .find(|job| job.kind == "sync" && job.key == "a")
        .unwrap();
    assert_eq!(
        (merged.run_at, merged.priority),
        (START + 5_000, Priority::Interactive)
    );
    world
        .store
        .jobs()
        .cancel(PLUGIN, "sync", "b")
        .await
        .unwrap();
    world
        .store
        .jobs()
        .cancel(PLUGIN, "other", "a")
        .await
        .unwrap();
    assert_eq!(claim(&world).await, None);
    world.advance(5);
    let lease = claim(&world).await.unwrap();
    assert_eq!((lease.payload.as_slice(), lease.attempt), (&[3][..], 1));
}

#[tokio::test]
async fn one_job_of_a_key_runs_at_a_time() {
    let world = ready().await;
    enqueue(&world, new_job("sync", "a")).await;
    enqueue(&world, new_job("send", "a")).await;
    enqueue(&world, new_job("sync", "b")).await;
    let first = claim(&world).await.unwrap();
    let second = claim(&world).await.unwrap();
    assert_eq!((first.key.as_str(), second.key.as_str()), ("a", "b"));
    assert_eq!(claim(&world).await, None);
    assert!(finish(&world, &first, Outcome::Done).await);
    assert_eq!(claim(&world).await.unwrap().kind, "send");
}

#[tokio::test]
async fn what_is_enqueued_during_a_run_survives_its_end() {
    let world = ready().await;
    enqueue(&world, new_job("sync", "a")).await;
    let first = claim(&world).await.unwrap();
    enqueue(
        &world,
        NewJob {
            payload: vec![7],
            ..new_job("sync", "a")
        },
    )
    .await;
    assert!(finish(&world, &first, Outcome::Done).await);
    let second = claim(&world).await.unwrap();
    assert_eq!(second.payload, [7]);
    // Merged with what the run asks for: the earliest time, the newest payload.
    enqueue(
        &world,
        NewJob {
            payload: vec![8],
            run_at: Some(START + 50_000),
            ..new_job("sync", "a")
        },
    )
    .await;
    assert!(finish(&world, &second, Outcome::AgainAt(START + 20_000)).await);
    let jobs = world.store.jobs().list(None, 10).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].run_at, START + 20_000);
    world.advance(20);
    assert_eq!(claim(&world).await.unwrap().payload, [8]);
}

#[tokio::test]
async fn the_most_urgent_runs_first_then_the_earliest() {
    let world = ready().await;
    let job = |key: &str, at: u64, priority| NewJob {
        run_at: Some(START + at),
        priority,
        ..new_job("k", key)
    };
    enqueue(&world, job("1", 0, Priority::Background)).await;
    enqueue(&world, job("2", 5, Priority::Normal)).await;
    enqueue(&world, job("3", 2, Priority::Normal)).await;
    enqueue(&world, job("4", 9, Priority::Interactive)).await;
    enqueue(&world, job("5", 99_999, Priority::Interactive)).await;
    world.advance(1);
    let mut order = Vec::new();
    while let Some(lease) = claim(&world).await {
        order.push(lease.key);
    }
    assert_eq!(order, ["4", "3", "2", "1"]);
}

#[tokio::test]
async fn what_is_urgent_again_and_again_lets_the_rest_run_too() {
    let world = ready().await;
    let job = |key: &str, priority| NewJob {
        priority,
        ..new_job("k", key)
    };
    enqueue(&world, job("patient", Priority::Background)).await;
    world.advance(1);
    for turn in 1..=4 {
        enqueue(&world, job("urgent", Priority::Interactive)).await;
        let lease = claim(&world).await.unwrap();
        assert_eq!(lease.key == "patient", turn == 4, "turn {turn}");
        assert!(finish(&world, &lease, Outcome::Done).await);
    }
}

#[tokio::test]
async fn a_priority_is_for_one_run() {
    let world = ready().await;
    let urgent = NewJob {
        priority: Priority::Interactive,
        ..new_job("k", "a")
    };
    enqueue(&world, urgent).await;
    let ends = [
        (Outcome::Failed("no".to_owned()), Priority::Interactive),
        (Outcome::AgainAt(START), Priority::Normal),
    ];
    for (end, priority) in ends {
        let lease = claim(&world).await.unwrap();
        assert!(finish(&world, &lease, end).await);
        let jobs = world.store.jobs().list(None, 10).await.unwrap();
        assert_eq!(jobs[0].priority, priority);
        world.advance(5);
    }
}

#[tokio::test]
async fn of_jobs_that_go_on_each_has_its_turn_and_its_last_fifty_runs_are_kept() {
    let world = ready().await;
    for key in ["a", "b"] {
        enqueue(&world, new_job("k", key)).await;
    }
    for _ in 0..120 {
        let lease = claim(&world).await.unwrap();
        world.advance(1);
        // A time that has passed is now, or what says so would go first for ever.
        assert!(finish(&world, &lease, Outcome::AgainAt(0)).await);
    }
    for key in ["a", "b"] {
        let runs = world.store.jobs().runs(PLUGIN, Some(key), 1_000).await;
        assert_eq!(runs.unwrap().len(), 50, "{key}");
    }
}

#[tokio::test]
async fn plugins_take_turns() {
    let world = ready().await;
    world.enable("other-plugin").await;
    for number in 0..4 {
        let key = number.to_string();
        enqueue(
            &world,
            NewJob {
                priority: Priority::Interactive,
                ..new_job("k", &key)
            },
        )
        .await;
    }
    world
        .store
        .jobs()
        .enqueue("other-plugin", &new_job("k", ""))
        .await
        .unwrap();
    let plugins = [
        claim(&world).await.unwrap().plugin,
        claim(&world).await.unwrap().plugin,
    ];
    assert!(plugins.contains(&"other-plugin".to_owned()), "{plugins:?}");
}

#[tokio::test]
async fn failures_are_retried_with_growing_delays_and_counted() {
    let world = ready().await;
    enqueue(&world, new_job("k", "")).await;
    let mut delays = Vec::new();
    for attempt in 1..=12 {
        let lease = claim(&world).await.unwrap();
        assert_eq!(lease.attempt, attempt);
        assert!(finish(&world, &lease, Outcome::Failed(format!("no {attempt}"))).await);
        let job = &world.store.jobs().list(None, 1).await.unwrap()[0];
        assert_eq!(job.last_error, Some(format!("no {attempt}")));
        delays.push((job.run_at - world.now()) / 1_000);
        assert_eq!(claim(&world).await, None);
        world.clock.set(job.run_at);
    }
    assert_eq!(
        delays,
        [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]
    );
    // A run that asks to go on begins to count anew.
    let lease = claim(&world).await.unwrap();
    assert!(finish(&world, &lease, Outcome::AgainAt(world.now())).await);
    assert_eq!(claim(&world).await.unwrap().attempt, 1);
    let runs = world
        .store
        .jobs()
        .runs(PLUGIN, Some(""), 100)
        .await
        .unwrap();
    assert_eq!(runs.len(), 13);
    assert_eq!(
        (runs[0].outcome.as_str(), runs[1].outcome.as_str()),
        ("again", "failed")
    );
    assert_eq!(runs[1].reason.as_deref(), Some("no 12"));
}

#[tokio::test]
async fn a_lease_that_lapses_is_somebody_elses_work() {
    let world = ready().await;
    world
        .define(collection(
            "t",
            vec![required("id", Kind::Text)],
            &["id"],
            vec![],
        ))
        .await;
    enqueue(
        &world,
        NewJob {
            payload: vec![5],
            ..new_job("k", "a")
        },
    )
    .await;
    let lost = claim(&world).await.unwrap();
    world.advance(59);
    assert!(world.store.jobs().heartbeat(&lost, LEASE).await.unwrap());
    world.advance(59);
    let collections = world.store.collections();
    let row = |id: &str| vec![put("t", &["id"], vec![vec![text(id)]])];
    collections
        .apply(&fenced(lost.fence()), row("in-time"))
        .await
        .unwrap();
    assert_eq!(claim(&world).await, None);
    world.advance(1);
    assert!(!world.store.jobs().heartbeat(&lost, LEASE).await.unwrap());
    // Lapsed and not yet taken: already refused.
    assert_eq!(
        collections.apply(&fenced(lost.fence()), row("late")).await,
        Err(StorageError::Fenced)
    );
    let taken = claim(&world).await.unwrap();
    assert_eq!((taken.payload.as_slice(), taken.attempt), (&[5][..], 2));
    assert_eq!(
        collections.apply(&fenced(lost.fence()), row("late")).await,
        Err(StorageError::Fenced)
    );
    assert!(!finish(&world, &lost, Outcome::Done).await);
    collections
        .apply(&fenced(taken.fence()), row("mine"))
        .await
        .unwrap();
    assert!(finish(&world, &taken, Outcome::Done).await);
    assert_eq!(
        collections.apply(&fenced(taken.fence()), row("late")).await,
        Err(StorageError::Fenced)
    );
    assert_eq!(
        world.texts(&query("t", vec![], vec![], 9)).await,
        ["in-time", "mine"]
    );
    assert!(world.store.jobs().list(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_crash_loses_no_job_and_no_schedule() {
    let world = ready().await;
    let every = Schedule {
        kind: "poll".to_owned(),
        every_ms: 300_000,
    };
    world
        .store
        .jobs()
        .set_schedules(PLUGIN, std::slice::from_ref(&every))
        .await
        .unwrap();
    let poll = claim(&world).await.unwrap();
    assert!(finish(&world, &poll, Outcome::Done).await);
    enqueue(&world, new_job("k", "running")).await;
    enqueue(
        &world,
        NewJob {
            run_at: Some(START + 100_000),
            ..new_job("k", "later")
        },
    )
    .await;
    let lost = claim(&world).await.unwrap();
    let world = world.reopen().await;
    // At once where nobody else can be alive, and then the crash is no failure of the job; or else when the lease lapses.
    let attempt = match super::ENGINE {
        Engine::Sqlite => 1,
        Engine::Postgres => {
            assert_eq!(claim(&world).await, None);
            world.advance(60);
            2
        }
    };
    let again = claim(&world).await.unwrap();
    assert_eq!((again.key.as_str(), again.attempt), ("running", attempt));
    assert!(!finish(&world, &lost, Outcome::Done).await);
    assert!(finish(&world, &again, Outcome::Done).await);
    assert_eq!(claim(&world).await, None);
    world.clock.set(START + 100_000);
    let later = claim(&world).await.unwrap();
    assert_eq!(later.key, "later");
    assert!(finish(&world, &later, Outcome::Done).await);
    world
        .store
        .jobs()
        .set_schedules(PLUGIN, &[every])
        .await
        .unwrap();
    assert_eq!(claim(&world).await, None);
    world.clock.set(START + 300_000);
    assert_eq!(claim(&world).await.unwrap().kind, "poll");
}

#[tokio::test]
async fn schedules_come_again_and_what_was_missed_comes_once() {
    let world = ready().await;
    let jobs = world.store.jobs();
    let every = |seconds: u64| {
        [Schedule {
            kind: "poll".to_owned(),
            every_ms: seconds * 1_000,
        }]
    };
    jobs.set_schedules(PLUGIN, &every(60)).await.unwrap();
    for _ in 0..3 {
        let lease = claim(&world).await.unwrap();
        assert_eq!((lease.kind.as_str(), lease.key.as_str()), ("poll", ""));
        assert!(finish(&world, &lease, Outcome::Done).await);
        assert_eq!(claim(&world).await, None);
        assert_eq!(
            jobs.next_due(&every_plugin).await.unwrap(),
            Some(world.now() + 60_000)
        );
        world.advance(60);
    }
    world.advance(86_400);
    let lease = claim(&world).await.unwrap();
    assert!(finish(&world, &lease, Outcome::Done).await);
    assert_eq!(claim(&world).await, None);
    jobs.set_schedules(PLUGIN, &[]).await.unwrap();
    assert_eq!(jobs.next_due(&every_plugin).await.unwrap(), None);
}

#[rstest]
#[case(PluginState::Disabled)]
#[case(PluginState::Broken)]
#[tokio::test]
async fn a_plugin_that_is_not_enabled_runs_nothing(#[case] state: PluginState) {
    let world = ready().await;
    enqueue(&world, new_job("k", "a")).await;
    world
        .store
        .jobs()
        .set_schedules(
            PLUGIN,
            &[Schedule {
                kind: "s".to_owned(),
                every_ms: 1_000,
            }],
        )
        .await
        .unwrap();
    world.set_state(PLUGIN, state).await;
    assert_eq!(claim(&world).await, None);
    assert_eq!(
        world.store.jobs().next_due(&every_plugin).await.unwrap(),
        None
    );
    world.enable(PLUGIN).await;
    let mut record = world.store.plugins().get(PLUGIN).await.unwrap().unwrap();
    record.pending = Some("exchange".to_owned());
    world.save_plugin(&record).await.unwrap();
    assert_eq!(claim(&world).await, None);
    record.pending = None;
    world.save_plugin(&record).await.unwrap();
    assert!(claim(&world).await.is_some());
}

#[tokio::test]
async fn a_plugin_that_does_not_run_here_is_left_to_other_hosts() {
    let world = ready().await;
    let jobs = world.store.jobs();
    let every = Schedule {
        kind: "s".to_owned(),
        every_ms: 1_000,
    };
    jobs.set_schedules(PLUGIN, &[every]).await.unwrap();
    enqueue(&world, new_job("k", "a")).await;
    let (running, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let runs_here = |_: &str| {
        looks.fetch_add(1, Ordering::Relaxed);
        running.load(Ordering::Relaxed)
    };
    assert_eq!(jobs.claim(LEASE, &runs_here).await.unwrap(), None);
    // It would be asked for in vain, again and again.
    assert_eq!(jobs.next_due(&runs_here).await.unwrap(), None);
    looks.store(0, Ordering::Relaxed);
    let (lease, ()) = tokio::join!(jobs.next(LEASE, &runs_here), async {
        // For a job, and then for when there will be one.
        while looks.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        running.store(true, Ordering::Relaxed);
        jobs.look_again();
    });
    let lease = lease.unwrap();
    assert_eq!((lease.key.as_str(), lease.attempt), ("a", 1));
}

#[tokio::test]
async fn the_runner_is_woken_when_something_is_due() {
    let world = ready().await;
    let next = |world: &World| {
        let jobs = world.store.jobs();
        tokio::spawn(async move { jobs.next(LEASE, &every_plugin).await.unwrap() })
    };
    let settle = || async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    };
    // By an enqueue of a batch,
    let waiting = next(&world);
    settle().await;
    world
        .apply(vec![Write::Enqueue(new_job("k", "a"))])
        .await
        .unwrap();
    let lease = waiting.await.unwrap();
    // by the end of a run of the same key,
    enqueue(&world, new_job("k", "a")).await;
    let waiting = next(&world);
    settle().await;
    assert!(finish(&world, &lease, Outcome::Done).await);
    let lease = waiting.await.unwrap();
    // by the clock,
    let waiting = next(&world);
    assert!(finish(&world, &lease, Outcome::AgainAt(world.now() + 5_000)).await);
    settle().await;
    assert!(!waiting.is_finished());
    world.clock.advance(Duration::from_secs(5));
    let lease = waiting.await.unwrap();
    // and by a lease that lapses.
    let waiting = next(&world);
    settle().await;
    world.clock.advance(Duration::from_millis(LEASE));
    assert_eq!(waiting.await.unwrap().id, lease.id);
}

#[tokio::test]
async fn every_worker_gets_another_job() {
    let world = ready().await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let jobs = world.store.jobs();
        workers.spawn(async move { jobs.next(LEASE, &every_plugin).await.unwrap().key });
    }
    let batch = (0..8)
        .map(|key| Write::Enqueue(new_job("k", &key.to_string())))
        .collect();
    world.apply(batch).await.unwrap();
    let mut keys = workers.join_all().await;
    keys.sort();
    assert_eq!(keys, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}
