//! A store with some of everything, and everything that a file holds, as text.

use std::collections::BTreeMap;
use std::path::Path;

use host_store::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::support::*;

pub(super) const OTHER: &str = "other-plugin";

/// More than two batches.
pub(super) const MANY: i64 = 1_100;

/// A text in each writing that the words are cut in, and a word of it.
pub(super) const LANGUAGES: [(&str, &str, &str); 5] = [
    ("latin", "Quarterly budget, résumé attached", "resume"),
    ("cyrillic", "Счёт за сентябрь оплачен вовремя", "сентябрь"),
    ("chinese", "会议改到星期三下午", "星期三"),
    ("japanese", "明日の打ち合わせの資料です", "打ち合わせ"),
    ("arabic", "اجتماع الفريق يوم الأحد", "الفريق"),
];

pub(super) fn letters() -> Collection {
    let mut letters = collection(
        "letters",
        vec![
            required("id", Kind::Text),
            required("account", Kind::Text),
            field("subject", Kind::Text),
            field("body", Kind::Text),
            field("file", Kind::Blob),
        ],
        &["id"],
        vec![index(&["account"])],
    );
    letters.full_text = Some(FullText {
        fields: strings(&["subject", "body"]),
        scope: "account".to_owned(),
    });
    letters
}

/// A field of each kind.
pub(super) fn values() -> Collection {
    collection(
        "values",
        vec![
            required("key", Kind::Text),
            field("boolean", Kind::Boolean),
            field("integer", Kind::Integer),
            field("float", Kind::Float),
            field("text", Kind::Text),
            field("bytes", Kind::Bytes),
            field("json", Kind::Json),
            field("time", Kind::Time),
        ],
        &["key"],
        vec![index(&["float"]), unique(&["integer"])],
    )
}

pub(super) const VALUES: [&str; 8] = [
    "key", "boolean", "integer", "float", "text", "bytes", "json", "time",
];

pub(super) fn edges() -> Vec<Vec<Value>> {
    let row = |key: &str, float: f64, integer: i64, content: &str, bytes: Vec<u8>| {
        vec![
            text(key),
            Value::Boolean(integer > 0),
            int(integer),
            Value::Float(float),
            text(content),
            Value::Bytes(bytes),
            Value::Json(format!("{{\"a\": [{integer}, null]}}")),
            Value::Time(u64::try_from(i64::MAX).unwrap()),
        ]
    };
    let mut rows = vec![
        row("a", 0.1 + 0.2, i64::MIN, "", vec![]),
        row("b", f64::MAX, i64::MAX, "\0", vec![0]),
        row(
            "c",
            f64::MIN_POSITIVE / 8.0,
            0,
            "\u{1}\0\u{1}",
            vec![1, 0, 255],
        ),
        row("d", f64::INFINITY, 1, "a\0b", (0..=255).collect()),
        row(
            "e",
            f64::NEG_INFINITY,
            -1,
            "\u{10ffff}\u{fffd}\u{feff}",
            vec![0; 70_000],
        ),
        row("f\0", -0.0, 2, "' \" \\ $1 ? ;", b"\\x00".to_vec()),
        row(
            &"ä".repeat(1_200),
            1e-300,
            3,
            &"x".repeat(300_000),
            vec![255; 3],
        ),
    ];
    let mut nulls = vec![Value::Null; VALUES.len()];
    nulls[0] = text("nulls");
    rows.push(nulls);
    rows
}

async fn rows_of_plugins(world: &World) {
    let mut first = letters();
    let body = first.fields.remove(3);
    first.full_text = Some(FullText {
        fields: strings(&["subject"]),
        scope: "account".to_owned(),
    });
    world.define(first).await;
    // Grown, so that its fields are not in the order in which a plugin would name them now.
    let mut grown = letters();
    grown.fields.retain(|field| field.name != "body");
    grown.fields.push(body);
    world.define(grown).await;
    world.define(values()).await;
    world.put("values", &VALUES, edges()).await;
    let fields = ["id", "account", "subject", "body"];
    for (language, content, _) in LANGUAGES {
        let row = vec![text(language), text("a"), text("Subject"), text(content)];
        world.put("letters", &fields, vec![row]).await;
    }
    // Rows that went and rows that were changed, so that numbers have gaps.
    let gone = vec![text("gone"), text("b"), text("gone"), Value::Null];
    world.put("letters", &fields, vec![gone]).await;
    let gone = all_of(vec![equal("id", text("gone"))]);
    world
        .apply(vec![Write::Delete {
            collection: "letters".to_owned(),
            filter: gone,
        }])
        .await
        .unwrap();

    let numbers = collection(
        "numbers",
        vec![
            required("a", Kind::Integer),
            required("b", Kind::Bytes),
            field("c", Kind::Text),
        ],
        &["a", "b"],
        vec![],
    );
    let collections = world.store.collections();
    collections.define(OTHER, &numbers).await.unwrap();
    let empty = collection("letters", vec![required("x", Kind::Text)], &["x"], vec![]);
    collections.define(OTHER, &empty).await.unwrap();
    let rows = (0..MANY).map(|number| {
        let bytes = number.to_be_bytes().to_vec();
        vec![
            int(-number),
            Value::Bytes(bytes),
            text(&format!("row {number}")),
        ]
    });
    let caller = Caller {
        plugin: OTHER.to_owned(),
        ..Caller::default()
    };
    let many = put("numbers", &["a", "b", "c"], rows.collect());
    collections.apply(&caller, vec![many]).await.unwrap();
}

async fn people(world: &World) {
    let store = &world.store;
    let anna = store
        .users()
        .add(NewUser {
            name: "Анна\u{1}".to_owned(),
            email: "anna@example.com".to_owned(),
            role: Role::Administrator,
            locale: "ru".to_owned(),
            password: None,
        })
        .await
        .unwrap();
    store.sessions().create(&anna.id).await.unwrap();
    let tokens = store.api_tokens();
    tokens
        .create(&anna.id, "script", &strings(&["admin"]), None)
        .await
        .unwrap();
}

async fn jobs(world: &World) {
    let jobs = world.store.jobs();
    world.enable(PLUGIN).await;
    let schedule = Schedule {
        kind: "tick".to_owned(),
        every_ms: 3_600_000,
    };
    jobs.set_schedules(PLUGIN, &[schedule]).await.unwrap();
    let failing = NewJob {
        payload: b"\0payload".to_vec(),
        priority: Priority::Interactive,
        ..new_job("sync", "failing")
    };
    jobs.enqueue(PLUGIN, &failing).await.unwrap();
    let lease = jobs.claim(60_000, &every_plugin).await.unwrap().unwrap();
    let failed = Outcome::Failed("no answer".to_owned());
    assert!(jobs.finish(&lease, failed).await.unwrap());
    let later = NewJob {
        run_at: Some(START + 86_400_000),
        ..new_job("sync", "later")
    };
    jobs.enqueue(PLUGIN, &later).await.unwrap();
    // Taken by the schedule's first time, and lost with the host.
    let running = jobs.claim(60_000, &every_plugin).await.unwrap().unwrap();
    assert_eq!(running.kind, "tick");
    jobs.enqueue(PLUGIN, &new_job("sync", "due")).await.unwrap();
}

async fn blobs(world: &World) {
    let (caller, blobs) = (caller_for("anna"), world.store.blobs());
    let upload = blobs.create(&caller).await.unwrap();
    blobs
        .append(&caller, &upload, 0, b"content".to_vec())
        .await
        .unwrap();
    let blob = blobs.finish(&caller, &upload).await.unwrap();
    let named = put(
        "letters",
        &["id", "account", "file"],
        vec![vec![text("named"), text("b"), Value::Blob(blob)]],
    );
    let collections = world.store.collections();
    collections.apply(&caller, vec![named]).await.unwrap();
    let begun = blobs.create(&caller).await.unwrap();
    for (offset, piece) in [(0, b"one".to_vec()), (3, b"two".to_vec())] {
        blobs.append(&caller, &begun, offset, piece).await.unwrap();
    }
    std::fs::write(world.folder.path().join("begun"), begun).unwrap();
}

/// Fills a store with some of everything.
pub(super) async fn fill(world: &World) {
    let store = &world.store;
    people(world).await;
    rows_of_plugins(world).await;
    jobs(world).await;
    blobs(world).await;
    let secrets = store.secrets();
    secrets.put(PLUGIN, "token", b"hunter2").await.unwrap();
    secrets.put(OTHER, "z\0", b"").await.unwrap();
    let flow = NewFlow {
        plugin: PLUGIN.to_owned(),
        user: "anna".to_owned(),
        session: "s".to_owned(),
        provider: "p".to_owned(),
        flow: b"verifier".to_vec(),
    };
    store.oauth_flows().store("state", flow).await.unwrap();
    store
        .plugins()
        .record_fault(PLUGIN, "run", "trap", "unreachable")
        .await
        .unwrap();
    store
        .plugins()
        .set_quota(PLUGIN, Some(1 << 30))
        .await
        .unwrap();
    store
        .plugins()
        .set_quota("not-there", Some(5))
        .await
        .unwrap();
    store
        .audit()
        .record(
            Some("anna"),
            "plugin.enable",
            PLUGIN,
            &serde_json::json!({ "a": 1 }),
        )
        .await
        .unwrap();
    for number in 0..3 {
        let said = serde_json::json!(number);
        store.events().publish("a.b", None, &said).await.unwrap();
    }
    let components = store.components();
    // Larger than a batch.
    let component: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 251) as u8).collect();
    components.keep(PLUGIN, "0a", component).await.unwrap();
    components.keep(OTHER, "0b", vec![]).await.unwrap();
    let notice = Notice {
        plugin: PLUGIN.to_owned(),
        problem: "{}".to_owned(),
    };
    store.notices().keep("n", &notice, 600_000).await.unwrap();
    let refused = Limit {
        subject: "sign-in".to_owned(),
        most: 1,
    };
    store.tries().begin(&[refused], 900_000).await.unwrap();
    store
        .locks()
        .acquire(PLUGIN, "lock", 60_000, 0)
        .await
        .unwrap()
        .unwrap();
}

/// What engines make of rows in their own way, and what is not to be moved.
const DERIVED: [&str; 6] = [
    "host_schema",
    "host_locks",
    "host_tries",
    "host_text_scopes",
    "host_migration",
    "host_migration_parts",
];

/// All rows of a file, by table, and how the tables were made.
pub(super) async fn dump(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut file = SqliteConnectOptions::new()
        .filename(folder.join("host.db"))
        .connect()
        .await
        .unwrap();
    let made: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%\\_text\\_%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    let mut dump = BTreeMap::new();
    for (kind, name, sql) in &made {
        dump.insert(format!("{kind} {name}"), vec![format!("{sql:?}")]);
        let counted = kind == "table" && !sql.as_ref().is_some_and(|sql| sql.contains("fts5"));
        if counted && !DERIVED.contains(&name.as_str()) {
            dump.insert(name.clone(), rows(&mut file, name).await);
        }
    }
    file.close().await.unwrap();
    dump
}

async fn rows(file: &mut SqliteConnection, table: &str) -> Vec<String> {
    let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(&mut *file)
        .await
        .unwrap();
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            format!(
                "CASE typeof(\"{column}\") WHEN 'text' THEN 't' || hex(\"{column}\") WHEN 'blob' THEN 'b' || hex(\"{column}\") ELSE quote(\"{column}\") END"
            )
        })
        .collect();
    let left = match table {
        "sqlite_sequence" => " WHERE name NOT IN ('host_text_scopes')",
        _ => "",
    };
    let select = format!(
        "SELECT {} FROM \"{table}\"{left}",
        values.join(" || ' ' || ")
    );
    let mut rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(select))
        .fetch_all(file)
        .await
        .unwrap();
    rows.sort();
    rows
}
