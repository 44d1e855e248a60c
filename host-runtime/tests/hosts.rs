//! Several hosts on one database: what is done with a plugin at one of them holds at all, and a host that is gone leaves nothing half done.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use host_runtime::plugin::Grants;
use host_runtime::{Host, HostOptions};
use host_store::{
    Database, NewJob, Options, PluginRecord, PluginState, Priority, Purpose, Store, TestClock,
};
use support::{DOUBLE, NOW, Server, double, internal, marked, obey};

/// What two hosts need.
struct Ground {
    clock: TestClock,
    folders: [tempfile::TempDir; 2],
    database: xtask::postgres::Database,
}

impl Ground {
    fn new() -> Self {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        // Blobs would have to be in a bucket; these hosts keep none.
        let place = folders[0].path().join("blobs");
        std::fs::create_dir(&place).unwrap();
        std::os::unix::fs::symlink(&place, folders[1].path().join("blobs")).unwrap();
        Self {
            clock: TestClock::at(NOW),
            folders,
            database: xtask::postgres::Database::new().unwrap(),
        }
    }

    async fn host(&self, number: usize) -> Host {
        let keys = self.folders[0].path().join("keys.json");
        let options = Options::new(Arc::new(self.clock.clone()), Purpose::Serve)
            .database(&Database::Postgres {
                url: self.database.url().to_string().into(),
                connections: 8,
            })
            .key_file(&keys);
        let folder = self.folders[number].path();
        let store = Store::open_with(folder, options).await.unwrap();
        let mut options = HostOptions::new(&store, "http://host.test");
        options.live_calls = 8;
        options.compiled = Some(xtask::target().join("compiled-guests"));
        Host::start(store, options).await.unwrap()
    }
}

/// Two hosts with a folder each.
struct Pair {
    here: Host,
    there: Host,
    /// Goes last: the hosts use it.
    ground: Ground,
}

impl Pair {
    async fn new() -> Self {
        let ground = Ground::new();
        Self {
            here: ground.host(0).await,
            there: ground.host(1).await,
            ground,
        }
    }

    /// With the double enabled here and there.
    async fn with_double() -> Self {
        let pair = Self::new().await;
        enable(&pair.here, double()).await;
        until(async || obey(&pair.there, "echo a").await.is_ok()).await;
        pair
    }
}

/// Adds a plugin, grants what it asks for, and enables it.
async fn enable(host: &Host, component: Vec<u8>) {
    let plugins = host.plugins();
    let added = plugins.add(component).await.unwrap();
    let grants = Grants::proposed(&added.inspection.manifest);
    plugins.approve(&added.id, grants).await.unwrap();
    plugins.enable(&added.id).await.unwrap();
}

/// Until another host has heard of it.
async fn until(so: impl AsyncFn() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(30), async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.unwrap();
}

async fn life(host: &Host) -> String {
    let secrets = host.store().secrets();
    let life = secrets.get(DOUBLE, "life").await.unwrap();
    String::from_utf8(life.unwrap_or_default()).unwrap()
}

fn version_at(host: &Host) -> String {
    let status = host.plugins().get(DOUBLE).unwrap();
    status.inspection.manifest.version.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_is_enabled_upgraded_disabled_and_removed_at_all_hosts() {
    let pair = Pair::with_double().await;
    assert!(pair.there.routes().find("/double/callback").is_some());
    assert!(pair.there.routes().has_webhook(DOUBLE, "push"));
    assert_eq!(life(&pair.here).await.matches("install").count(), 1);

    let next = marked(double(), "1.0.0-double", "2.0.0-double");
    pair.there
        .plugins()
        .upgrade(DOUBLE, next, None)
        .await
        .unwrap();
    until(async || version_at(&pair.here) == "2.0.0-double").await;
    assert_eq!(obey(&pair.here, "echo new").await.unwrap(), "new");
    assert_eq!(life(&pair.here).await.matches("upgrade").count(), 1);

    pair.here.plugins().disable(DOUBLE).await.unwrap();
    until(async || obey(&pair.there, "echo a").await.is_err()).await;
    assert!(pair.there.routes().find("/double/callback").is_none());
    let status = pair.there.plugins().get(DOUBLE).unwrap();
    assert_eq!(status.state, PluginState::Disabled);

    // Whoever asks sees what is so, without waiting for it.
    pair.here.plugins().remove(DOUBLE, true).await.unwrap();
    pair.there.plugins().catch_up().await;
    assert!(pair.there.plugins().list().is_empty());
    assert_eq!(life(&pair.there).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_at_one_host_may_be_done_at_another() {
    let pair = Pair::with_double().await;
    let server = Server::start().await;
    let command = format!("get {}/hello", server.origin());
    obey(&pair.there, &command).await.unwrap_err();
    let plugins = pair.here.plugins();
    let mut grants = plugins.get(DOUBLE).unwrap().grants.clone().unwrap();
    grants.origins.push(internal(&server.origin()));
    plugins.approve(DOUBLE, grants).await.unwrap();
    until(async || obey(&pair.there, &command).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_fails_to_start_leaves_the_old_one_at_all_hosts() {
    let pair = Pair::with_double().await;
    let next = marked(double(), "1.0.0-double", "2.0.0-double");
    let failing = marked(next, "fails-in:nothing", "fails-in:upgrade");
    let upgraded = pair.here.plugins().upgrade(DOUBLE, failing, None).await;
    upgraded.unwrap_err();
    for host in [&pair.here, &pair.there] {
        host.plugins().catch_up().await;
        assert_eq!(version_at(host), "1.0.0-double");
        assert_eq!(obey(host, "echo old").await.unwrap(), "old");
    }
    let record = pair.there.store().plugins().get(DOUBLE).await.unwrap();
    let record = record.unwrap();
    assert_eq!(record.pending, None);
    let kept = pair.there.store().components().digests(DOUBLE).await;
    assert_eq!(kept.unwrap(), [record.digest]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_host_had_begun_is_ended_by_another() {
    let pair = Pair::with_double().await;
    pair.here.plugins().disable(DOUBLE).await.unwrap();
    pair.there.plugins().catch_up().await;
    // It takes its turn, begins to enable the plugin, and is never heard of again.
    let lost = pair.here.store().clone();
    let plugins = lost.plugins();
    let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
    let record = plugins.get(DOUBLE).await.unwrap().unwrap();
    let begun = PluginRecord {
        pending: Some("enable".into()),
        ..record.clone()
    };
    plugins.save(&begun, &turn).await.unwrap();
    let other = pair.there.store().plugins();
    assert!(other.turn(Duration::ZERO).await.unwrap().is_none());
    // Its turn lapses, which it doesn't know.
    pair.ground.clock.advance(Duration::from_secs(60));
    until(async || obey(&pair.there, "echo a").await.is_ok()).await;
    until(async || obey(&pair.here, "echo a").await.is_ok()).await;
    let late = plugins.save(&record, &turn).await.unwrap_err();
    assert!(late.to_string().contains("another one"), "{late}");
    // Nor does it take anything along that another host put in place meanwhile.
    let next = marked(double(), "1.0.0-double", "2.0.0-double");
    pair.there
        .plugins()
        .upgrade(DOUBLE, next, None)
        .await
        .unwrap();
    let components = lost.components();
    components.discard_unnamed(DOUBLE, &turn).await.unwrap_err();
    plugins.delete_data(DOUBLE, &turn).await.unwrap_err();
    assert_eq!(components.digests(DOUBLE).await.unwrap().len(), 1);
    assert!(life(&pair.here).await.contains("install"));
    let record = plugins.get(DOUBLE).await.unwrap().unwrap();
    assert_eq!((record.state, record.pending), (PluginState::Enabled, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_a_lost_host_had_begun_leaves_the_version_that_runs() {
    let pair = Pair::with_double().await;
    let plugins = pair.here.store().plugins();
    let turn = plugins.turn(Duration::ZERO).await.unwrap().unwrap();
    let record = plugins.get(DOUBLE).await.unwrap().unwrap();
    let begun = PluginRecord {
        pending: Some("exchange".into()),
        ..record
    };
    plugins.save(&begun, &turn).await.unwrap();
    // Calls go on meanwhile.
    pair.there.plugins().catch_up().await;
    assert_eq!(obey(&pair.there, "echo a").await.unwrap(), "a");
    pair.ground.clock.advance(Duration::from_secs(60));
    let ended = async || {
        let record = plugins.get(DOUBLE).await.unwrap().unwrap();
        record.pending.is_none() && record.state == PluginState::Enabled
    };
    until(ended).await;
    assert_eq!(obey(&pair.there, "echo a").await.unwrap(), "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_keeps_failing_is_stopped_at_all_hosts() {
    let pair = Pair::with_double().await;
    for _ in 0..host_runtime::limits::FAULTS_UNTIL_BROKEN {
        obey(&pair.here, "panic").await.unwrap_err();
    }
    let broken = async || {
        let status = pair.there.plugins().get(DOUBLE).unwrap();
        status.state == PluginState::Broken
    };
    until(broken).await;
    obey(&pair.there, "echo a").await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_leaves_the_jobs_of_a_plugin_that_does_not_run_there_to_others() {
    const OTHER: &str = "guest-double-b";
    let ground = Ground::new();
    let here = ground.host(0).await;
    enable(&here, double()).await;
    let forget = format!("DELETE FROM host.host_components WHERE plugin = '{DOUBLE}'");
    ground.database.query(&forget).unwrap();
    let there = ground.host(1).await;
    obey(&there, "echo a").await.unwrap_err();
    enable(&there, marked(double(), DOUBLE, OTHER)).await;
    let pair = Pair {
        here,
        there,
        ground,
    };
    // What is due longest goes first, if it goes at all.
    let outcomes = async |plugin| {
        let jobs = pair.here.store().jobs();
        let runs = jobs.runs(plugin, None, 100).await.unwrap();
        runs.into_iter()
            .map(|run| run.outcome)
            .collect::<Vec<String>>()
    };
    for plugin in [DOUBLE, OTHER] {
        let job = NewJob {
            kind: "obey".to_owned(),
            key: "key".to_owned(),
            payload: b"put a".to_vec(),
            run_at: None,
            priority: Priority::Normal,
        };
        let jobs = pair.there.store().jobs();
        jobs.enqueue(plugin, &job).await.unwrap();
    }
    pair.there.start_jobs().await;
    until(async || outcomes(OTHER).await == ["done"]).await;
    assert!(outcomes(DOUBLE).await.is_empty());
    pair.here.start_jobs().await;
    until(async || outcomes(DOUBLE).await == ["done"]).await;
}
