//! What is thrown away and restored is in the folder that it was in, however the worker comes between.

use email_manager_core::model::{Action, Role, Subject};
use email_manager_core::{actions, mailbox};
use provider_sim::Limits;

use crate::engine::Engine;
use crate::support::MICROSOFT;

/// How the worker comes between two clicks.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    /// It runs until it has nothing to do.
    Run,
    /// It is cut off after so many of its doings, and taken up later.
    Cut(u64),
}

async fn between(engine: &Engine, how: Between) {
    match how {
        Between::Nothing => {}
        Between::Run => while engine.turn().await {},
        Between::Cut(step) => {
            engine.host().crash_at(step);
            engine.turn().await;
            engine.host().calm();
        }
    }
}

async fn act(engine: &Engine, action: Action, message: &str) -> String {
    let subject = Subject::Messages(vec![message.to_owned()]);
    let done = actions::apply(engine.host(), &engine.me, subject, action).await;
    done.unwrap().undo
}

#[tokio::test]
async fn a_restored_message_is_where_it_was() {
    let engine = Engine::linked(MICROSOFT, 60, Limits::none()).await;
    engine.settle().await;
    let folders = mailbox::list_folders(engine.host(), &engine.me, None)
        .await
        .unwrap();
    let inbox = folders
        .iter()
        .find(|folder| folder.role == Role::Inbox)
        .unwrap()
        .id
        .clone();
    let own = folders
        .iter()
        .find(|folder| folder.role == Role::Folder)
        .unwrap()
        .id
        .clone();
    let messages: Vec<String> = engine
        .here()
        .await
        .into_iter()
        .filter(|(_, (_, _, places))| places.contains(&inbox))
        .map(|(id, _)| id)
        .collect();
    let ways = [
        Between::Nothing,
        Between::Run,
        Between::Cut(3),
        Between::Cut(8),
        Between::Cut(14),
        Between::Cut(20),
    ];
    // A sample of all combinations, in which every way comes at every place.
    for number in (0..ways.len().pow(4)).step_by(43) {
        let message = &messages[number % messages.len()];
        let way = |place: u32| ways[number / ways.len().pow(place) % ways.len()];
        let undo = act(&engine, Action::Archive, message).await;
        between(&engine, way(0)).await;
        actions::undo(engine.host(), &engine.me, &undo)
            .await
            .unwrap();
        between(&engine, way(1)).await;
        act(&engine, Action::MoveTo(own.clone()), message).await;
        between(&engine, way(2)).await;
        act(&engine, Action::Trash, message).await;
        between(&engine, way(3)).await;
        act(&engine, Action::Restore, message).await;
        engine.sync().await;
        let places = &engine.here().await[message].2;
        let came = [way(0), way(1), way(2), way(3)];
        assert!(places.contains(&own), "{came:?}: {places:?}");
        act(&engine, Action::MoveTo(inbox.clone()), message).await;
        engine.sync().await;
    }
}
