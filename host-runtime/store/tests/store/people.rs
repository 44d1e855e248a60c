//! People sign in with what only they know, and what is over is over; plugins are remembered with their faults; one process serves a folder.

use std::time::Duration;

use host_store::*;

use super::support::*;
use crate::engine::Engine;

const DAY: u64 = 86_400;

fn anna() -> NewUser {
    NewUser {
        name: "Anna".to_owned(),
        email: " Anna@Example.com".to_owned(),
        role: Role::Member,
        locale: "ru".to_owned(),
        password: Some("correct horse".into()),
    }
}

#[tokio::test]
async fn a_password_opens_the_door_and_nothing_else_does() {
    let world = World::new().await;
    let users = world.store.users();
    let added = users.add(anna()).await.unwrap();
    assert_eq!(added.email, "anna@example.com");
    assert_eq!(users.get(&added.id).await.unwrap(), Some(added.clone()));
    assert_eq!(
        users.by_email("ANNA@example.com").await.unwrap(),
        Some(added.clone())
    );
    assert!(matches!(users.add(anna()).await, Err(Error::Conflict(_))));
    let short = NewUser {
        email: "x@y".to_owned(),
        password: Some("short".into()),
        ..anna()
    };
    assert!(matches!(
        users.add(short).await,
        Err(Error::Invalid("password", _))
    ));
    assert!(matches!(
        users
            .add(NewUser {
                email: "x".to_owned(),
                ..anna()
            })
            .await,
        Err(Error::Invalid("email", _))
    ));
    let verify =
        async |email: &str, password: &str| users.verify(email, password.into()).await.unwrap();
    assert_eq!(
        verify("anna@EXAMPLE.com", "correct horse").await,
        Some(added.clone())
    );
    assert_eq!(verify("anna@example.com", "wrong horse").await, None);
    assert_eq!(verify("nobody@example.com", "correct horse").await, None);
    let disabled = User {
        disabled: true,
        ..added.clone()
    };
    users.update(&disabled).await.unwrap();
    assert_eq!(verify("anna@example.com", "correct horse").await, None);
    users.update(&added).await.unwrap();
    users
        .set_password(&added.id, "new password".into())
        .await
        .unwrap();
    assert_eq!(verify("anna@example.com", "correct horse").await, None);
    assert!(verify("anna@example.com", "new password").await.is_some());
    users.delete(&added.id).await.unwrap();
    assert!(matches!(
        users.delete(&added.id).await,
        Err(Error::NotFound("user"))
    ));
    assert!(users.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_lasts_while_it_is_used() {
    let world = World::new().await;
    let (users, sessions) = (world.store.users(), world.store.sessions());
    let anna = users.add(anna()).await.unwrap();
    let token = sessions.create(&anna.id).await.unwrap();
    assert_eq!(sessions.get("guess").await.unwrap(), None);
    for _ in 0..5 {
        world.advance(13 * DAY);
        assert_eq!(sessions.get(&token).await.unwrap().unwrap().user, anna);
    }
    assert_eq!(
        sessions.get(&token).await.unwrap().unwrap().confirmed_at,
        START
    );
    sessions.confirm(&token).await.unwrap();
    assert_eq!(
        sessions.get(&token).await.unwrap().unwrap().confirmed_at,
        world.now()
    );
    world.advance(14 * DAY);
    assert_eq!(sessions.get(&token).await.unwrap(), None);
    world.store.housekeep().await.unwrap();
    let (one, two) = (
        sessions.create(&anna.id).await.unwrap(),
        sessions.create(&anna.id).await.unwrap(),
    );
    sessions.end(&one).await.unwrap();
    assert!(
        sessions.get(&one).await.unwrap().is_none() && sessions.get(&two).await.unwrap().is_some()
    );
    users
        .set_password(&anna.id, "another one".into())
        .await
        .unwrap();
    assert!(sessions.get(&two).await.unwrap().is_none());
}

#[tokio::test]
async fn an_api_token_works_until_it_ends() {
    let world = World::new().await;
    let (users, tokens) = (world.store.users(), world.store.api_tokens());
    let anna = users.add(anna()).await.unwrap();
    let scopes = strings(&["admin"]);
    let (token, secret) = tokens
        .create(&anna.id, "laptop", &scopes, Some(START + 10_000))
        .await
        .unwrap();
    let (owner, used) = tokens.verify(&secret).await.unwrap().unwrap();
    assert_eq!((owner, used.scopes), (anna.clone(), scopes));
    assert_eq!(tokens.list(&anna.id).await.unwrap()[0].used_at, Some(START));
    assert!(tokens.verify("pht_guess").await.unwrap().is_none());
    assert!(matches!(
        tokens.revoke("somebody-else", &token.id).await,
        Err(Error::NotFound(_))
    ));
    world.advance(10);
    assert!(tokens.verify(&secret).await.unwrap().is_none());
    let (token, secret) = tokens
        .create(&anna.id, "for ever", &[], None)
        .await
        .unwrap();
    world.advance(1_000 * DAY);
    assert!(tokens.verify(&secret).await.unwrap().is_some());
    tokens.revoke(&anna.id, &token.id).await.unwrap();
    assert!(tokens.verify(&secret).await.unwrap().is_none());
}

#[tokio::test]
async fn an_oauth_flow_is_taken_once_by_who_began_it_within_ten_minutes() {
    let world = World::new().await;
    let flows = world.store.oauth_flows();
    let begin = async || {
        let state = flows.new_state().unwrap();
        let flow = NewFlow {
            plugin: PLUGIN.to_owned(),
            user: "anna".to_owned(),
            session: "browser".to_owned(),
            provider: "p".to_owned(),
            flow: b"pkce".to_vec(),
        };
        flows.store(&state, flow).await.unwrap();
        state
    };
    let state = begin().await;
    for (plugin, user, session) in [
        ("other", "anna", "browser"),
        (PLUGIN, "boris", "browser"),
        (PLUGIN, "anna", "another"),
    ] {
        assert_eq!(
            flows.take(&state, plugin, user, session).await,
            Err(FlowError::Foreign)
        );
    }
    let flow = flows.take(&state, PLUGIN, "anna", "browser").await.unwrap();
    assert_eq!(
        (flow.flow.as_slice(), flow.provider.as_str()),
        (&b"pkce"[..], "p")
    );
    assert_eq!(
        flows.take(&state, PLUGIN, "anna", "browser").await,
        Err(FlowError::Used)
    );
    assert_eq!(
        flows.take("guess", PLUGIN, "anna", "browser").await,
        Err(FlowError::Unknown)
    );
    let state = begin().await;
    world.advance(600);
    assert_eq!(
        flows.take(&state, PLUGIN, "anna", "browser").await,
        Err(FlowError::Expired)
    );
    world.advance(600);
    world.store.housekeep().await.unwrap();
    assert_eq!(
        flows.take(&state, PLUGIN, "anna", "browser").await,
        Err(FlowError::Unknown)
    );
}

#[tokio::test]
async fn plugins_are_remembered_with_what_is_pending_and_what_went_wrong() {
    let world = World::new().await;
    world.enable(PLUGIN).await;
    let mut record = world.store.plugins().get(PLUGIN).await.unwrap().unwrap();
    record.pending = Some("upgrade".to_owned());
    record.grants = Some(serde_json::json!({"origins": ["https://example.com"]}));
    world.save_plugin(&record).await.unwrap();
    for number in 0..250 {
        world
            .store
            .plugins()
            .record_fault(PLUGIN, "run", "trap", &number.to_string())
            .await
            .unwrap();
        world.advance(1);
    }
    let world = world.reopen().await;
    let plugins = world.store.plugins();
    assert_eq!(plugins.list().await.unwrap(), [record]);
    let faults = plugins.faults(PLUGIN, 1_000).await.unwrap();
    assert_eq!((faults.len(), faults[0].detail.as_str()), (200, "249"));
    assert_eq!(
        plugins
            .faults_since(PLUGIN, world.now() - 10_000)
            .await
            .unwrap(),
        10
    );
    let wrong = PluginRecord {
        id: "x'; DROP".to_owned(),
        ..plugins.get(PLUGIN).await.unwrap().unwrap()
    };
    assert!(matches!(
        world.save_plugin(&wrong).await,
        Err(Error::Invalid("id", _))
    ));
    let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
    plugins.delete(PLUGIN, &turn).await.unwrap();
    assert!(matches!(
        plugins.delete(PLUGIN, &turn).await,
        Err(Error::NotFound("plugin"))
    ));
}

#[tokio::test]
async fn changes_are_listed_newest_first() {
    let world = World::new().await;
    let audit = world.store.audit();
    for number in 0..5 {
        audit
            .record(
                Some("anna"),
                "plugin.enable",
                PLUGIN,
                &serde_json::json!({"n": number}),
            )
            .await
            .unwrap();
    }
    let page = audit.list(None, 2).await.unwrap();
    assert_eq!(
        page.iter()
            .map(|entry| entry.details["n"].as_i64().unwrap())
            .collect::<Vec<_>>(),
        [4, 3]
    );
    assert_eq!(audit.list(Some(page[1].id), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn one_process_serves_a_file_and_tools_may_look() {
    let world = World::new().await;
    let second = world.open(Purpose::Serve).await;
    match super::ENGINE {
        Engine::Sqlite => assert!(matches!(second, Err(Error::InUse(_)))),
        Engine::Postgres => second.unwrap().close().await,
    }
    let tool = world.open(Purpose::Tool).await.unwrap();
    let anna = tool.users().add(anna()).await.unwrap();
    tool.close().await;
    assert_eq!(world.store.users().get(&anna.id).await.unwrap(), Some(anna));
    world.store.ping().await.unwrap();
}

#[tokio::test]
async fn what_anybody_can_cause_has_an_end() {
    let world = World::new().await;
    let notices = world.store.notices();
    let notice = Notice {
        plugin: PLUGIN.to_owned(),
        problem: "{}".to_owned(),
    };
    for number in 0..510 {
        let id = number.to_string();
        notices.keep(&id, &notice, 600_000).await.unwrap();
        world.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(notices.get("0").await.unwrap(), None);
    assert_eq!(notices.get("509").await.unwrap(), Some(notice));
    world.advance(600);
    assert_eq!(notices.get("509").await.unwrap(), None);
}

#[tokio::test]
async fn a_component_that_no_record_names_goes_in_its_changers_turn_only() {
    let world = World::new().await;
    world.enable(PLUGIN).await;
    let mut record = world.store.plugins().get(PLUGIN).await.unwrap().unwrap();
    record.digest = "now".to_owned();
    world.save_plugin(&record).await.unwrap();
    let components = world.store.components();
    for digest in ["before", "now"] {
        let content = digest.as_bytes().to_vec();
        components.keep(PLUGIN, digest, content).await.unwrap();
    }
    let plugins = world.store.plugins();
    let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
    components.discard_unnamed(PLUGIN, &turn).await.unwrap();
    assert_eq!(components.digests(PLUGIN).await.unwrap(), ["now"]);
    let kept = components.get(PLUGIN, "now").await.unwrap();
    assert_eq!(kept.as_deref(), Some(&b"now"[..]));
}
