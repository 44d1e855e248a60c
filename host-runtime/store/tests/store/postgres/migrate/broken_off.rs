//! Stopped or killed at any moment, it goes on, and comes to the same end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::filled::{dump, fill};
use super::*;

/// Runs until it is through, each time for one report of rows that are there for good. Answers how often.
async fn bit_by_bit(moving: &Move, from: &Database, to: &Database) -> u32 {
    for times in 1..1_000 {
        let run = moving.watched(from, to, false, |progress| match progress.step {
            Step::Copying => ControlFlow::Break(()),
            Step::Comparing => ControlFlow::Continue(()),
        });
        match run.await {
            Ok(moved) => {
                assert!(moved.resumed);
                return times;
            }
            Err(Error::Unfinished(reason)) => assert!(reason.contains("again"), "{reason}"),
            Err(error) => panic!("{error}"),
        }
        if times % 4 > 0 {
            continue;
        }
        let refused = moving.open(to).await;
        assert!(
            matches!(&refused, Err(Error::Unfinished(reason)) if reason.contains("migrate-store")),
            "{refused:?}"
        );
    }
    panic!("it does not come to an end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_after_each_batch_it_comes_to_the_same_end() {
    let moving = Move::of(fill).await;
    let before = dump(moving.folder.path()).await;
    let runs = bit_by_bit(&moving, &Database::Folder, moving.server()).await;
    assert!(runs > 30, "{runs}");
    assert_eq!(
        dump(moving.folder.path()).await,
        before,
        "the source is as it was"
    );
    let _away = moving.put_away();
    bit_by_bit(&moving, moving.server(), &Database::Folder).await;
    assert_eq!(dump(moving.folder.path()).await, before);
}

/// Drops the future after so many polls, in the middle of whatever it does then.
async fn killed_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_it_comes_to_the_same_end() {
    let moving = Move::of(fill).await;
    let before = dump(moving.folder.path()).await;
    let server = moving.server().clone();
    let mut away = Vec::new();
    for (from, to) in [
        (Database::Folder, server.clone()),
        (server, Database::Folder),
    ] {
        let mut polls = 20;
        loop {
            let run = moving.watched(&from, &to, false, |_| ControlFlow::Continue(()));
            match killed_after(polls, run).await {
                Some(Ok(_)) => break,
                // The server may not have noticed yet that the one before is gone.
                None | Some(Err(Error::InUse(_))) => polls += polls / 7,
                Some(Err(error)) => panic!("{error}"),
            }
        }
        if matches!(to, Database::Postgres { .. }) {
            away.push(moving.put_away());
        }
    }
    assert_eq!(dump(moving.folder.path()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_compared_is_not_served() {
    let moving = Move::copied().await;
    let opened = moving.open(moving.server()).await;
    assert!(matches!(opened, Err(Error::Unfinished(_))));
    // The source is still what counts: looking at it changes nothing.
    let options = Options::new(Arc::new(moving.clock.clone()), Purpose::Tool);
    let source = Store::open_with(moving.folder.path(), options)
        .await
        .unwrap();
    assert_eq!(source.users().list().await.unwrap().len(), 1);
    source.close().await;
    assert!(moving.there().await.unwrap().resumed);
    moving.open(moving.server()).await.unwrap().close().await;
}
