//! Plugins are added, approved, enabled, upgraded and removed while the host runs, and what can't be is refused in words.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use host_runtime::plugin::inspect::InspectError;
use host_runtime::plugin::trace::Trace;
use host_runtime::plugin::{CallError, Grants};
use host_runtime::{ManageError, PluginError};
use host_store::{PluginRecord, PluginState, Store};
use support::{DOUBLE, Fixture, Server, double, guest, internal, marked};

/// What the double has lived through.
async fn life(fixture: &Fixture) -> String {
    let secrets = fixture.host.store().secrets();
    let life = secrets
        .get(DOUBLE, "life")
        .await
        .unwrap()
        .unwrap_or_default();
    String::from_utf8(life).unwrap().trim_end().to_owned()
}

async fn save(store: &Store, record: &PluginRecord) {
    let turn = store.plugins().turn(Duration::ZERO).await.unwrap().unwrap();
    store.plugins().save(record, &turn).await.unwrap();
}

fn version(to: &str) -> Vec<u8> {
    marked(double(), "1.0.0-double", to)
}

fn failing(component: Vec<u8>, step: &str) -> Vec<u8> {
    marked(component, "fails-in:nothing", &format!("fails-in:{step}"))
}

#[tokio::test]
async fn a_plugin_is_added_approved_enabled_and_disabled() {
    let fixture = Fixture::new().await;
    let plugins = fixture.host.plugins();
    let added = plugins.add(double()).await.unwrap();
    assert_eq!(
        (added.id.as_str(), added.state),
        (DOUBLE, PluginState::Disabled)
    );
    assert!(
        added
            .inspection
            .imports
            .iter()
            .any(|i| i.starts_with("wasi:http/outgoing-handler"))
    );
    assert!(
        added
            .inspection
            .exports
            .iter()
            .any(|e| e.starts_with("platform:plugin/settings"))
    );
    assert_eq!(
        fixture.obey("echo a").await,
        Err(PluginError::Call(CallError::NotEnabled(DOUBLE.into())))
    );
    let refused = plugins.enable(DOUBLE).await.unwrap_err();
    let ManageError::NotApproved { wants, .. } = &refused else {
        panic!("{refused}");
    };
    assert!(
        wants.contains(&"to call https://wants.double.example".to_owned()),
        "{wants:?}"
    );

    plugins
        .approve(DOUBLE, Grants::proposed(&added.inspection.manifest))
        .await
        .unwrap();
    assert_eq!(
        plugins.enable(DOUBLE).await.unwrap().state,
        PluginState::Enabled
    );
    assert_eq!(fixture.obey("echo a").await.unwrap(), "a");
    assert_eq!(
        fixture.obey("redirect-uri").await.unwrap(),
        "http://host.test/double/callback"
    );
    assert!(fixture.host.routes().find("/double/callback").is_some());
    assert!(fixture.host.routes().has_webhook(DOUBLE, "push"));

    plugins.disable(DOUBLE).await.unwrap();
    assert_eq!(
        fixture.obey("echo a").await,
        Err(PluginError::Call(CallError::NotEnabled(DOUBLE.into())))
    );
    assert!(fixture.host.routes().find("/double/callback").is_none());
    assert!(!fixture.host.routes().has_webhook(DOUBLE, "push"));
    assert_eq!(life(&fixture).await, "install enable disable");
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_in_words() {
    let fixture = Fixture::new().await;
    let plugins = fixture.host.plugins();
    let refusals = [
        (b"not wasm at all".to_vec(), "no WebAssembly component"),
        (wat::parse_str("(module)").unwrap(), "core module"),
        (wat::parse_str("(component)").unwrap(), "platform:plugin/lifecycle"),
        (
            wat::parse_str(r#"(component (import "wasi:sockets/tcp@0.2.3" (instance)))"#).unwrap(),
            "wasi:sockets/tcp@0.2.3",
        ),
        (
            wat::parse_str(r#"(component (import "evil:host/root@1.0.0" (instance)))"#).unwrap(),
            "evil:host/root@1.0.0",
        ),
        (
            wat::parse_str(r#"(component (import "platform:host/log@9.0.0" (instance (export "write" (func)))))"#)
                .unwrap(),
            "platform:host/log@9.0.0",
        ),
        (vec![0; host_runtime::limits::COMPONENT_BYTES + 1], "may have"),
        (marked(double(), DOUBLE, "GUEST DOUBLE A"), "is no id"),
        (marked(double(), "1.0.0-double", "one.point.oh"), "no semantic version"),
    ];
    for (component, words) in refusals {
        let error = plugins.add(component).await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    assert!(plugins.list().is_empty());
    assert_eq!(
        plugins.enable("nobody").await.unwrap_err(),
        ManageError::Unknown("nobody".into())
    );
    plugins.add(double()).await.unwrap();
    assert!(matches!(
        plugins.add(double()).await,
        Err(ManageError::AlreadyInstalled { .. })
    ));
}

#[tokio::test]
async fn an_import_without_its_grant_keeps_a_plugin_from_starting() {
    let fixture = Fixture::new().await;
    let plugins = fixture.host.plugins();
    let added = plugins.add(double()).await.unwrap();
    let mut grants = Grants::proposed(&added.inspection.manifest);
    grants.origins.clear();
    plugins.approve(DOUBLE, grants.clone()).await.unwrap();
    let error = plugins.enable(DOUBLE).await.unwrap_err();
    assert!(
        matches!(&error, ManageError::MissingGrant { import, .. } if import.starts_with("wasi:http/")),
        "{error}"
    );
    grants.paths = vec!["/not/asked/for".into()];
    assert!(matches!(
        plugins.approve(DOUBLE, grants).await,
        Err(ManageError::InvalidGrants(_))
    ));
}

#[tokio::test]
async fn only_one_enabled_plugin_brings_mail() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.host.mail().err(), Some(CallError::NoMail));
    let first = fixture.install(guest("postbox"), |_| {}).await;
    assert_eq!(
        fixture
            .host
            .mail()
            .unwrap()
            .list_accounts(&support::caller())
            .await
            .unwrap()
            .len(),
        0
    );

    let plugins = fixture.host.plugins();
    let second = plugins
        .add(marked(guest("postbox"), "postbox-one", "postbox-two"))
        .await
        .unwrap();
    plugins
        .approve(&second.id, Grants::proposed(&second.inspection.manifest))
        .await
        .unwrap();
    let error = plugins.enable(&second.id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plugin `postbox-one` brings mail already; disable it before enabling `postbox-two`"
    );
    plugins.disable(&first).await.unwrap();
    plugins.enable(&second.id).await.unwrap();
    assert!(fixture.host.mail().is_ok());
}

#[tokio::test]
async fn a_call_in_flight_ends_although_the_plugin_is_disabled() {
    let server = Server::start().await;
    let origin = server.origin();
    let fixture = Fixture::with_double_granted(move |g| {
        g.origins = vec![internal(&origin)];
        g.call_seconds = 20;
    })
    .await;
    let command = format!("get {}/held", server.origin());
    let (answer, ()) = tokio::join!(fixture.obey(&command), async {
        server.requested(1).await;
        let plugins = fixture.host.plugins();
        let disabling = plugins.disable(DOUBLE);
        tokio::pin!(disabling);
        // It waits for the call, while new ones are refused.
        assert!(futures::poll!(disabling.as_mut()).is_pending());
        support::until(|| plugins.running(DOUBLE).is_err()).await;
        assert!(matches!(
            fixture.obey("echo new").await,
            Err(PluginError::Call(CallError::NotEnabled(_)))
        ));
        server.release.add_permits(1);
        disabling.await.unwrap();
    });
    assert_eq!(answer.unwrap(), "200 8");
}

#[tokio::test]
async fn an_upgrade_takes_the_place_of_the_version_that_runs() {
    let fixture = Fixture::with_double().await;
    let status = fixture
        .host
        .plugins()
        .upgrade(DOUBLE, version("2.0.0-double"), None)
        .await
        .unwrap();
    assert_eq!(status.inspection.manifest.version, "2.0.0-double");
    assert_eq!(status.state, PluginState::Enabled);
    assert_eq!(fixture.obey("echo new").await.unwrap(), "new");
    assert_eq!(
        life(&fixture).await,
        "install enable upgrade(1.0.0-double) enable"
    );
    assert!(fixture.host.routes().find("/double/callback").is_some());
}

#[tokio::test]
async fn a_broken_new_version_leaves_the_old_one_running() {
    let fixture = Fixture::with_double().await;
    let plugins = fixture.host.plugins();
    for (component, words) in [
        (
            failing(version("2.0.0-double"), "upgrade"),
            "told to fail in upgrade",
        ),
        (
            failing(version("2.0.0-double"), "panic!!"),
            "failed to enable",
        ),
        (b"garbage".to_vec(), "no WebAssembly component"),
        (
            marked(double(), DOUBLE, "guest-double-b"),
            "is the plugin `guest-double-b`",
        ),
    ] {
        let error = plugins.upgrade(DOUBLE, component, None).await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        let status = plugins.get(DOUBLE).unwrap();
        assert_eq!(status.inspection.manifest.version, "1.0.0-double");
        assert_eq!(status.state, PluginState::Enabled);
        assert_eq!(fixture.obey("echo old").await.unwrap(), "old");
        assert!(fixture.host.routes().find("/double/callback").is_some());
    }
    // The old file is still there to start from.
    let fixture = fixture.restarted().await;
    assert_eq!(fixture.obey("echo old").await.unwrap(), "old");
}

#[tokio::test]
async fn a_version_that_wants_more_needs_approval_again() {
    let fixture = Fixture::with_double().await;
    let plugins = fixture.host.plugins();
    let greedy = marked(
        version("2.0.0-double"),
        "https://wants.double.example",
        "https://other.double.example",
    );
    let error = plugins
        .upgrade(DOUBLE, greedy.clone(), None)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ManageError::NotApproved { wants, .. } if wants == &["to call https://other.double.example"]),
        "{error}"
    );
    let wanted = plugins.inspect(greedy.clone()).await.unwrap();
    let grants = Grants::proposed(&wanted.manifest);
    let status = plugins.upgrade(DOUBLE, greedy, Some(grants)).await.unwrap();
    assert_eq!(status.inspection.manifest.version, "2.0.0-double");
}

#[tokio::test]
async fn new_grants_count_at_once_for_a_plugin_that_runs() {
    let server = Server::start().await;
    let fixture = Fixture::with_double().await;
    let plugins = fixture.host.plugins();
    let command = format!("get {}/hello", server.origin());
    fixture.obey(&command).await.unwrap_err();
    let mut grants = plugins.get(DOUBLE).unwrap().grants.clone().unwrap();
    grants.origins.push(internal(&server.origin()));
    plugins.approve(DOUBLE, grants).await.unwrap();
    assert_eq!(fixture.obey(&command).await.unwrap(), "200 5");
}

#[tokio::test]
async fn what_is_enabled_is_remembered_over_a_restart() {
    let fixture = Fixture::with_double().await;
    let fixture = fixture.restarted().await;
    assert_eq!(fixture.obey("echo again").await.unwrap(), "again");
    assert_eq!(life(&fixture).await, "install enable enable");
    fixture.host.plugins().disable(DOUBLE).await.unwrap();
    let fixture = fixture.restarted().await;
    assert_eq!(
        fixture.host.plugins().get(DOUBLE).unwrap().state,
        PluginState::Disabled
    );
    assert!(fixture.obey("echo again").await.is_err());
}

#[tokio::test]
async fn steps_that_a_crash_interrupted_are_taken_again() {
    let fixture = Fixture::with_double().await;
    let store = fixture.host.store().clone();
    let mut record = store.plugins().get(DOUBLE).await.unwrap().unwrap();
    // As a crash in the middle of enabling leaves it.
    record.pending = Some("enable".into());
    record.state = PluginState::Disabled;
    save(&store, &record).await;
    drop(store);
    let fixture = fixture.restarted().await;
    assert_eq!(fixture.obey("echo up").await.unwrap(), "up");

    // … and in the middle of removing.
    let store = fixture.host.store().clone();
    let mut record = store.plugins().get(DOUBLE).await.unwrap().unwrap();
    record.pending = Some("remove-data".into());
    record.state = PluginState::Disabled;
    save(&store, &record).await;
    drop(store);
    let fixture = fixture.restarted().await;
    assert!(fixture.host.plugins().list().is_empty());
    assert_eq!(life(&fixture).await, "");
}

#[tokio::test]
async fn a_changed_component_is_not_run() {
    let fixture = Fixture::with_double().await;
    let store = fixture.host.store().clone();
    let mut record = store.plugins().get(DOUBLE).await.unwrap().unwrap();
    record.digest = "of another".into();
    store
        .components()
        .keep(DOUBLE, &record.digest, version("6.6.6-double"))
        .await
        .unwrap();
    save(&store, &record).await;
    drop(store);
    let fixture = fixture.restarted().await;
    let status = fixture.host.plugins().get(DOUBLE).unwrap();
    assert_eq!(status.state, PluginState::Broken);
    assert!(
        status.reason.as_deref().unwrap().contains("was changed"),
        "{:?}",
        status.reason
    );
}

#[tokio::test]
async fn a_removed_plugin_leaves_its_data_or_takes_it_along() {
    let fixture = Fixture::with_double().await;
    let plugins = fixture.host.plugins();
    fixture.obey("secret word sesame").await.unwrap();
    plugins.remove(DOUBLE, false).await.unwrap();
    assert!(plugins.get(DOUBLE).is_none());
    fixture.install(double(), |_| {}).await;
    assert_eq!(fixture.obey("secret word").await.unwrap(), "sesame");
    assert_eq!(
        life(&fixture).await,
        "install enable disable install enable"
    );

    plugins.remove(DOUBLE, true).await.unwrap();
    assert_eq!(life(&fixture).await, "");
    fixture.install(double(), |_| {}).await;
    assert_eq!(fixture.obey("secret word").await.unwrap(), "none");
}

#[tokio::test]
async fn plugins_hear_of_removed_users_even_if_they_were_off() {
    let fixture = Fixture::with_double().await;
    let plugins = fixture.host.plugins();
    plugins.user_removed("u-1").await.unwrap();
    assert_eq!(life(&fixture).await, "install enable user-removed(u-1)");
    plugins.disable(DOUBLE).await.unwrap();
    plugins.user_removed("u-2").await.unwrap();
    plugins.enable(DOUBLE).await.unwrap();
    assert_eq!(
        life(&fixture).await,
        "install enable user-removed(u-1) disable enable user-removed(u-2)"
    );
}

#[tokio::test]
async fn two_plugins_see_nothing_of_each_other() {
    let fixture = Fixture::with_double().await;
    let other = fixture
        .install(marked(double(), DOUBLE, "guest-double-b"), |g| {
            g.paths.clear()
        })
        .await;
    fixture.obey("secret word sesame").await.unwrap();
    let other = fixture.host.plugin(&other).unwrap();
    let answer = other
        .load_settings(&support::caller(), "secret word".into())
        .await
        .unwrap();
    assert_eq!(
        format!("{answer:?}"),
        r#"[("answer", Entry::Text("none"))]"#
    );
}

#[tokio::test]
async fn any_export_is_called_by_name_and_traced() {
    let fixture = Fixture::with_double().await;
    let caller = r#"{user: "u", role: member, permissions: [], locale: "en", request: "r"}"#;
    let trace = Trace::on();
    let done = fixture
        .host
        .invoke(
            DOUBLE,
            &format!(r#"settings.load({caller}, "secret word sesame")"#),
            None,
            trace,
        )
        .await
        .unwrap();
    assert_eq!(done.answer, r#"ok([("answer", text("stored"))])"#);
    let [entry] = done.trace.as_slice() else {
        panic!("{:?}", done.trace);
    };
    assert_eq!(
        (entry.function, entry.subject.as_str(), &*entry.outcome),
        ("secrets.put", "word", "ok")
    );
    assert!(
        !format!("{:?}", done.trace).contains("sesame"),
        "a trace has no contents"
    );

    let invoke = |expression: &'static str| {
        fixture
            .host
            .invoke(DOUBLE, expression, None, Trace::default())
    };
    assert!(
        invoke("platform:plugin/lifecycle.describe()")
            .await
            .unwrap()
            .answer
            .contains("guest-double-a")
    );
    for (expression, words) in [
        ("nonsense", "no arguments"),
        ("settings.none()", "lifecycle.describe"),
        ("settings.load(1)", "is no call such as"),
    ] {
        let error = invoke(expression).await.unwrap_err().to_string();
        assert!(error.contains(words), "{expression}: {error}");
    }
}

#[tokio::test]
async fn a_component_with_a_lifecycle_of_another_shape_is_refused() {
    // The interface is there, `describe` is not.
    let empty =
        r#"(component (instance $i) (export "platform:plugin/lifecycle@0.1.0" (instance $i)))"#;
    let fixture = Fixture::new().await;
    let error = fixture
        .host
        .plugins()
        .add(wat::parse_str(empty).unwrap())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ManageError::Inspect(InspectError::Exports(_))),
        "{error}"
    );
}
