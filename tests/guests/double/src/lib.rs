//! A test plugin that does what its caller asks for, well or badly.
//!
//! `settings.load` takes a command and its arguments in place of a section, and answers what came of it; jobs take one as their
//! payload. What the plugin says of itself stands in marked strings of fixed length, which a test overwrites in the finished file to
//! get another version, another plugin, or one that fails when it is enabled.
#![cfg(target_family = "wasm")]

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package test:guests;
        world double {
            include platform:plugin/plugin@0.1.0;
            export platform:plugin/settings@0.1.0;
            export platform:plugin/oauth-callback@0.1.0;
            export platform:plugin/webhook@0.1.0;
            export platform:plugin/job-handler@0.1.0;
        }
    ",
    world: "test:guests/double",
    generate_all,
});

use exports::platform::plugin::{job_handler, lifecycle, oauth_callback, settings, webhook};
use platform::host::{jobs, locks, log, routing, secrets, storage, users};
use platform::plugin::types::{Caller, Error};

/// Overwritten by tests; each keeps its length.
static ID: &str = "guest-double-a";
static VERSION: &str = "1.0.0-double";
static FAILS: &str = "fails-in:nothing";
static PAGES: &str = "pages:none";
static ORIGIN: &str = "https://wants.double.example";

struct Double;
export!(Double);

fn marked(text: &'static str) -> String {
    black_box(text).to_string()
}

impl lifecycle::Guest for Double {
    fn describe() -> lifecycle::Manifest {
        lifecycle::Manifest {
            id: marked(ID),
            title: "Double".into(),
            version: marked(VERSION),
            description: "Does what it is told.".into(),
            origins: vec![marked(ORIGIN)],
            paths: vec!["/double/callback".into()],
            pages: marked(PAGES) == "pages:some",
            storage_bytes: 1 << 20,
            memory_bytes: 64 << 20,
            call_seconds: 2,
            schedules: vec![],
        }
    }
    fn install() -> Result<(), String> {
        lived("install")
    }
    fn enable() -> Result<(), String> {
        let _ = routing::register("/double/callback", &routing::Target::OauthCallback);
        let _ = routing::register("push", &routing::Target::Webhook("push".into()));
        define().map_err(|e| format!("{e:?}"))?;
        lived("enable")
    }
    fn disable() -> Result<(), String> {
        lived("disable")
    }
    fn upgrade(from: String) -> Result<(), String> {
        lived(&format!("upgrade({from})"))
    }
    fn remove() -> Result<(), String> {
        lived("remove")
    }
    fn user_removed(user: String) -> Result<(), String> {
        lived(&format!("user-removed({user})"))
    }
}

/// Adds a step to the story of this plugin's life, or fails as marked.
fn lived(step: &str) -> Result<(), String> {
    let fails = marked(FAILS);
    let fails = fails.trim_start_matches("fails-in:");
    if step.starts_with(fails) {
        return Err(format!("told to fail in {step}"));
    }
    if fails == "panic!!" && step == "enable" {
        panic!("told to panic in {step}");
    }
    let mut life = secrets::get("life").map_err(|e| format!("{e:?}"))?.unwrap_or_default();
    life.extend_from_slice(step.as_bytes());
    life.push(b' ');
    secrets::put("life", &life).map_err(|e| format!("{e:?}"))
}

fn define() -> Result<(), storage::Error> {
    let field = |name: &str, kind| storage::Field {
        name: name.into(),
        kind,
        required: name == "id",
    };
    storage::define(&storage::Collection {
        name: "things".into(),
        fields: vec![field("id", storage::Kind::Text), field("what", storage::Kind::Text)],
        key: vec!["id".into()],
        indexes: vec![],
        full_text: None,
    })
}

fn put(id: &str, what: &str) -> storage::Write {
    put_into("things", id, what)
}

fn put_into(collection: &str, id: &str, what: &str) -> storage::Write {
    let text = |t: &str| storage::Value::Text(t.into());
    storage::Write::Put(storage::Put {
        collection: collection.into(),
        rows: storage::Rows {
            fields: vec!["id".into(), "what".into()],
            values: vec![vec![text(id), text(what)]],
        },
    })
}

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

/// Does what a command says; the answer is for the test.
fn obey(caller: &str, command: &str) -> Result<String, String> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let number = || rest.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    let text = |e: &dyn std::fmt::Debug| format!("{e:?}");
    Ok(match verb {
        "echo" => rest.into(),
        "count" => CALLS.with(|calls| {
            calls.set(calls.get() + 1);
            calls.get().to_string()
        }),
        "spin" => loop {
            black_box(());
        },
        "sleep" => {
            std::thread::sleep(Duration::from_millis(number()));
            "awake".into()
        }
        "grow" => {
            let mut blocks: Vec<Vec<u8>> = Vec::new();
            for _ in 0..number() {
                blocks.push(vec![1; 1 << 20]);
            }
            black_box(&blocks).len().to_string()
        }
        "panic" => panic!("{rest}"),
        "recurse" => deep(number()).to_string(),
        "flood" => {
            for i in 0..number() {
                println!("line {i} of a flood that never ends, {}", "x".repeat(100));
                log::write(log::Level::Info, "flood", &[("line".into(), i.to_string())]);
            }
            "flooded".into()
        }
        "shells" => {
            let files = std::fs::read_dir("/").map_or_else(|e| e.kind().to_string(), |_| "listed".into());
            format!(
                "environment {} arguments {} files {files}",
                std::env::vars().count(),
                std::env::args().count()
            )
        }
        "now" => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| text(&e))?;
            now.as_millis().to_string()
        }
        "get" => get(rest)?,
        "post" => {
            let (bytes, url) = rest.split_once(' ').ok_or("post BYTES URL")?;
            post(url, bytes.parse().map_err(|e| text(&e))?)?
        }
        "secret" => match rest.split_once(' ') {
            Some((name, value)) => {
                secrets::put(name, value.as_bytes()).map_err(|e| text(&e))?;
                "stored".into()
            }
            None => {
                let value = secrets::get(rest).map_err(|e| text(&e))?;
                value.map_or_else(|| "none".into(), |v| String::from_utf8_lossy(&v).into_owned())
            }
        },
        "lock" => match locks::acquire(rest, 60_000, 0) {
            Some(_guard) => "held".into(),
            None => "taken".into(),
        },
        "lock-and-panic" => {
            let _guard = locks::acquire(rest, 600_000, 0);
            panic!("with a lock in hand");
        }
        "put" => {
            storage::apply(&[put(rest, "put")]).map_err(|e| text(&e))?;
            "applied".into()
        }
        "submit" => {
            let written: Vec<storage::Write> = rest.split(' ').map(|id| put(id, "submitted")).collect();
            let submission = storage::submit(&written);
            submission.subscribe().block();
            let first = submission.take().ok_or("ready, and no answer")?;
            format!("{first:?} {:?}", submission.take())
        }
        "submit-broken" => {
            let submission = storage::submit(&[put(rest, "whole"), put_into("nowhere", rest, "broken")]);
            submission.subscribe().block();
            format!("{:?}", submission.take().ok_or("ready, and no answer")?)
        }
        "submit-and-leave" => {
            storage::submit(&[put(rest, "left behind")]);
            "left".into()
        }
        "submit-many" => {
            let all: Vec<_> = (0..number()).map(|n| storage::submit(&[put(&n.to_string(), "one of many")])).collect();
            all.len().to_string()
        }
        "enqueue" => {
            let (key, payload) = rest.split_once(' ').ok_or("enqueue KEY COMMAND")?;
            let job = jobs::Job {
                kind: "obey".into(),
                key: key.into(),
                payload: payload.as_bytes().to_vec(),
                run_at: None,
                priority: jobs::Priority::Normal,
            };
            storage::apply(&[storage::Write::Enqueue(job)]).map_err(|e| text(&e))?;
            "enqueued".into()
        }
        "things" => {
            let page = storage::find(&storage::Query {
                collection: "things".into(),
                filter: vec![],
                order: vec![],
                fields: vec!["id".into()],
                limit: 100,
                cursor: None,
            })
            .map_err(|e| text(&e))?;
            let ids = page.rows.values.iter().flatten().map(|v| match v {
                storage::Value::Text(id) => id.as_str(),
                _ => "?",
            });
            ids.collect::<Vec<_>>().join(" ")
        }
        "caller" => {
            let user = users::get(caller);
            format!("{caller} {}", user.map_or_else(|| "unknown".into(), |u| u.name))
        }
        "redirect-uri" => routing::redirect_uri().unwrap_or_else(|| "none".into()),
        other => return Err(format!("no such command: {other}")),
    })
}

fn deep(n: u64) -> u64 {
    if n == 0 { 0 } else { black_box(deep(n - 1)) + 1 }
}

fn get(url: &str) -> Result<String, String> {
    let response = waki::Client::new().get(url).send().map_err(|e| format!("{e:#}"))?;
    let status = response.status_code();
    let body = response.body().map_err(|e| format!("{e:#}"))?;
    Ok(format!("{status} {}", body.len()))
}

fn post(url: &str, bytes: usize) -> Result<String, String> {
    let response = waki::Client::new()
        .post(url)
        .body(vec![b'x'; bytes])
        .send()
        .map_err(|e| format!("{e:#}"))?;
    let status = response.status_code();
    let body = response.body().map_err(|e| format!("{e:#}"))?;
    Ok(format!("{status} {}", String::from_utf8_lossy(&body)))
}

impl settings::Guest for Double {
    fn describe(_: Caller) -> Vec<settings::Section> {
        vec![]
    }
    fn load(caller: Caller, section: String) -> Result<Vec<(String, settings::Entry)>, Error> {
        match obey(&caller.user, &section) {
            Ok(answer) => Ok(vec![("answer".into(), settings::Entry::Text(answer))]),
            Err(reason) => Err(Error::Other(reason)),
        }
    }
    fn notices(_: Caller, _: String) -> Result<Vec<settings::Notice>, Error> {
        Ok(vec![])
    }
    fn save(_: Caller, _: String, _: Vec<(String, settings::Entry)>) -> Result<Vec<settings::Problem>, Error> {
        Ok(vec![])
    }
    fn check(_: Caller, _: String) -> Result<Vec<settings::Step>, Error> {
        Ok(vec![])
    }
}

impl oauth_callback::Guest for Double {
    fn begin(
        _: Caller,
        provider: String,
        _: Vec<(String, String)>,
        redirect_uri: String,
        state: String,
    ) -> Result<oauth_callback::Begun, Error> {
        Ok(oauth_callback::Begun {
            authorize_url: format!("https://{provider}.example/authorize?redirect_uri={redirect_uri}&state={state}"),
            flow: provider.into_bytes(),
        })
    }
    fn complete(_: Caller, flow: Vec<u8>, query: Vec<(String, String)>) -> Result<String, Error> {
        Ok(format!("/done/{}/{}", String::from_utf8_lossy(&flow), query.len()))
    }
}

impl webhook::Guest for Double {
    fn handle(name: String, request: webhook::Request) -> webhook::Response {
        webhook::Response {
            status: 202,
            headers: vec![],
            body: [name.as_bytes(), b" ", &request.body].concat(),
        }
    }
}

impl job_handler::Guest for Double {
    fn run(job: job_handler::Job) -> job_handler::Outcome {
        let command = String::from_utf8_lossy(&job.payload).into_owned();
        match command.split_once(' ') {
            Some(("again-at", at)) => job_handler::Outcome::AgainAt(at.parse().unwrap_or(0)),
            Some(("once-then-put", id)) if job.attempt > 1 => match storage::apply(&[put(id, "put")]) {
                Ok(()) => job_handler::Outcome::Done,
                Err(error) => job_handler::Outcome::Failed(format!("{error:?}")),
            },
            Some(("once-then-put", _)) => job_handler::Outcome::Failed("the first time".into()),
            Some(("get-then-put", rest)) => {
                let (id, url) = rest.split_once(' ').unwrap_or((rest, ""));
                let _ = get(url);
                match storage::apply(&[put(id, "put")]) {
                    Ok(()) => job_handler::Outcome::Done,
                    Err(error) => job_handler::Outcome::Failed(format!("{error:?}")),
                }
            }
            _ => match obey("", &command) {
                Ok(_) => job_handler::Outcome::Done,
                Err(reason) => job_handler::Outcome::Failed(reason),
            },
        }
    }
}
