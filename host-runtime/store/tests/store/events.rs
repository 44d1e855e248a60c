//! A page hears what concerns its person, in order, once, and goes on where it was cut off.

use host_store::*;

use super::support::*;

fn publish(topic: &str, user: Option<&str>) -> Write {
    Write::Publish {
        topic: topic.to_owned(),
        user: user.map(str::to_owned),
        payload: "{\"a\":1}".to_owned(),
    }
}

#[tokio::test]
async fn people_hear_their_own_and_what_is_for_everybody() {
    let world = World::new().await;
    let mut anna = world.store.events().subscribe("anna", None).await.unwrap();
    world
        .apply(vec![
            publish("one", Some("boris")),
            publish("two", Some("anna")),
            publish("three", None),
        ])
        .await
        .unwrap();
    world
        .store
        .events()
        .publish("host.said", None, &serde_json::json!({}))
        .await
        .unwrap();
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(anna.next().await.unwrap());
    }
    let topics: Vec<&str> = heard.iter().map(|event| event.topic.as_str()).collect();
    assert_eq!(topics, ["two", "three", "host.said"]);
    assert_eq!(
        (heard[0].plugin.as_deref(), heard[2].plugin.as_deref()),
        (Some(PLUGIN), None)
    );
    assert!(heard.is_sorted_by_key(|event| event.id));
    // Nothing is left.
    let more = tokio::select! {
        event = anna.next() => Some(event),
        () = async { for _ in 0..50 { tokio::task::yield_now().await } } => None,
    };
    assert!(more.is_none());
}

#[tokio::test]
async fn a_page_that_was_cut_off_goes_on_where_it_was() {
    let world = World::new().await;
    let events = world.store.events();
    let mut anna = events.subscribe("anna", None).await.unwrap();
    world
        .apply(
            (0..250)
                .map(|number| publish(&format!("t{number}"), None))
                .collect(),
        )
        .await
        .unwrap();
    let first = anna.next().await.unwrap();
    drop((anna, events));
    let world = world.reopen().await;
    let events = world.store.events();
    let mut anna = events.subscribe("anna", Some(first.id)).await.unwrap();
    assert!(!anna.missed());
    for number in 1..250 {
        assert_eq!(anna.next().await.unwrap().topic, format!("t{number}"));
    }
    // After ten minutes they are gone, and the page is told.
    world.advance(600);
    world.store.housekeep().await.unwrap();
    assert!(
        events
            .subscribe("anna", Some(first.id))
            .await
            .unwrap()
            .missed()
    );
    let newest = events
        .publish("new", None, &serde_json::json!(null))
        .await
        .unwrap();
    assert!(
        events
            .subscribe("anna", Some(first.id))
            .await
            .unwrap()
            .missed()
    );
    assert!(
        !events
            .subscribe("anna", Some(newest))
            .await
            .unwrap()
            .missed()
    );
    assert!(
        events
            .subscribe("anna", Some(newest + 1_000))
            .await
            .unwrap()
            .missed()
    );
}
