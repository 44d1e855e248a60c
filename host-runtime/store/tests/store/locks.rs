//! A lock is held by one call at a time, and who lost it can't write.

use host_store::*;

use super::support::*;

async fn acquire(world: &World, name: &str, wait_ms: u64) -> Option<LockGuard> {
    world
        .store
        .locks()
        .acquire(PLUGIN, name, 10_000, wait_ms)
        .await
        .unwrap()
}

#[tokio::test]
async fn one_holds_it_until_it_is_released_or_lapses() {
    let world = World::new().await;
    let guard = acquire(&world, "token", 0).await.unwrap();
    assert_eq!(guard.held_until, START + 10_000);
    assert!(acquire(&world, "token", 0).await.is_none());
    assert!(acquire(&world, "other", 0).await.is_some());
    assert!(
        world
            .store
            .locks()
            .acquire("other-plugin", "token", 1, 0)
            .await
            .unwrap()
            .is_some()
    );
    world.store.locks().release(&guard).await.unwrap();
    let second = acquire(&world, "token", 0).await.unwrap();
    // Releasing what is not held any more changes nothing.
    world.store.locks().release(&guard).await.unwrap();
    assert!(acquire(&world, "token", 0).await.is_none());
    world.advance(10);
    let third = acquire(&world, "token", 0).await.unwrap();
    world.store.locks().release(&second).await.unwrap();
    assert!(acquire(&world, "token", 0).await.is_none());
    world.store.locks().release(&third).await.unwrap();
}

#[tokio::test]
async fn waiting_ends_with_the_release_the_lapse_or_the_patience() {
    let world = World::new().await;
    let wait = |world: &World, wait_ms: u64| {
        let locks = world.store.locks();
        tokio::spawn(async move { locks.acquire(PLUGIN, "l", 10_000, wait_ms).await.unwrap() })
    };
    let settle = || async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    };
    let first = acquire(&world, "l", 0).await.unwrap();
    let waiting = wait(&world, 60_000);
    settle().await;
    assert!(!waiting.is_finished());
    world.store.locks().release(&first).await.unwrap();
    let second = waiting.await.unwrap().unwrap();
    let waiting = wait(&world, 60_000);
    settle().await;
    world.clock.set(second.held_until);
    assert!(waiting.await.unwrap().is_some());
    let waiting = wait(&world, 500);
    settle().await;
    world.clock.set(world.now() + 500);
    assert!(waiting.await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_of_a_call_whose_lock_has_lapsed_is_refused() {
    let world = World::new().await;
    world
        .define(collection(
            "t",
            vec![required("id", Kind::Text)],
            &["id"],
            vec![],
        ))
        .await;
    let collections = world.store.collections();
    let row = |id: &str| vec![put("t", &["id"], vec![vec![text(id)]])];
    let guard = acquire(&world, "l", 0).await.unwrap();
    collections
        .apply(&fenced(guard.fence()), row("held"))
        .await
        .unwrap();
    world.advance(10);
    assert_eq!(
        collections
            .apply(&fenced(guard.fence()), row("lapsed"))
            .await,
        Err(StorageError::Fenced)
    );
    let other = acquire(&world, "l", 0).await.unwrap();
    assert_eq!(
        collections
            .apply(&fenced(guard.fence()), row("stolen"))
            .await,
        Err(StorageError::Fenced)
    );
    // All that a call holds must hold.
    let both = Caller {
        fences: vec![other.fence(), guard.fence()],
        ..caller()
    };
    assert_eq!(
        collections.apply(&both, row("one of two")).await,
        Err(StorageError::Fenced)
    );
    // Somebody else's lock of the same name is no excuse.
    let foreign = Caller {
        plugin: "other-plugin".to_owned(),
        ..fenced(other.fence())
    };
    assert_eq!(
        collections.apply(&foreign, vec![]).await,
        Err(StorageError::Fenced)
    );
    assert_eq!(world.texts(&query("t", vec![], vec![], 9)).await, ["held"]);
}

#[tokio::test]
async fn one_of_many_gets_it_at_a_time() {
    let world = World::new().await;
    let mut callers = tokio::task::JoinSet::new();
    let holders = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..10 {
        let (locks, holders) = (world.store.locks(), holders.clone());
        callers.spawn(async move {
            let guard = locks
                .acquire(PLUGIN, "l", 600_000, 60_000)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
            tokio::task::yield_now().await;
            holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            locks.release(&guard).await.unwrap();
        });
    }
    callers.join_all().await;
}

#[tokio::test]
async fn a_crash_frees_what_was_held() {
    let world = World::new().await;
    acquire(&world, "l", 0).await.unwrap();
    let world = world.reopen().await;
    world.let_lapse(10);
    assert!(acquire(&world, "l", 0).await.is_some());
}
