//! A plugin's pages are there for whom they are meant while it is enabled and they are granted, the shell is shown wherever a person goes, and
//! nothing of either weakens what keeps scripts of others out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::io::Read as _;

use host_store::NewFlow;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use support::http::{Person, World, answered, is_problem};
use support::{DOUBLE, double, marked, with_pages};

fn index() -> Value {
    json!({
        "module": "index.js", "styles": ["index.css"], "description": { "ru": "Двойник" },
        "entries": [
            { "path": "/done", "place": "main", "title": { "en": "Done", "ru": "Готово" }, "icon": "M0 0h24z", "badge": { "get": "/api/me", "value": "id" } },
            { "path": "/admin/double", "place": "settings", "role": "administrator", "title": { "en": "Double" } }
        ]
    })
}

fn component() -> Vec<u8> {
    let script = "export const mount = () => {};\n".repeat(100);
    with_pages(
        &index(),
        &[
            ("index.js", &script),
            ("index.css", "a{}"),
            ("chunks/more.js", "export {}"),
        ],
    )
}

/// With a shell of two files.
async fn world() -> World {
    let folder = tempfile::tempdir().unwrap().keep();
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    std::fs::write(
        folder.join("index.html"),
        "<meta property=\"csp-nonce\" nonce=\"__NONCE__\"><script nonce=\"__NONCE__\" src=\"/shell/assets/main-1.js\"></script>",
    )
    .unwrap();
    std::fs::write(folder.join("assets/main-1.js"), "start()").unwrap();
    std::fs::write(folder.join("icon.svg"), "<svg/>").unwrap();
    World::with(|config| config.shell_dir = Some(folder)).await
}

async fn with_the_double() -> (World, Person) {
    let world = world().await;
    let admin = world.admin().await;
    let id = admin.install(component()).await;
    assert_eq!(
        admin.post(&format!("/api/plugins/{id}/enable")).await.0,
        StatusCode::OK
    );
    (world, admin)
}

/// What a browser asks when a person goes somewhere.
async fn visited(person: &Person, path: &str) -> Response {
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let request = person.request(Method::GET, path);
    request.header("accept", accept).send().await.unwrap()
}

async fn file(person: &Person, path: &str) -> Response {
    person.request(Method::GET, path).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_plugin_describes_itself_in_the_readers_language_if_it_knows_it() {
    let (_world, admin) = with_the_double().await;
    let own = admin.get("/api/plugins").await.1["items"][0]["manifest"]["description"].clone();
    for (locale, description) in [("ru-RU", json!("Двойник")), ("zh", own)] {
        let me = json!({ "locale": locale });
        assert_eq!(
            admin.json(Method::PATCH, "/api/me", me).await.0,
            StatusCode::OK
        );
        let (_, all) = admin.get("/api/plugins").await;
        assert_eq!(all["items"][0]["description"], description);
        let (_, one) = admin.get(&format!("/api/plugins/{DOUBLE}")).await;
        assert_eq!(one["description"], description);
    }
}

#[tokio::test]
async fn pages_are_listed_for_whom_they_are_meant_while_the_plugin_is_enabled() {
    let (world, admin) = with_the_double().await;
    let member = world.member(&admin, "eva").await;
    is_problem(
        &world.stranger().get("/api/pages").await,
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
    );
    let (_, all) = admin.get("/api/pages").await;
    let pages = &all["items"][0];
    assert_eq!(pages["plugin"], DOUBLE);
    assert_eq!(pages["entries"].as_array().unwrap().len(), 2);
    assert_eq!(pages["entries"][0]["title"]["ru"], "Готово");
    assert_eq!(pages["entries"][0]["badge"]["events"], json!([]));
    assert_eq!(pages["entries"][1]["role"], "administrator");
    let (_, own) = member.get("/api/pages").await;
    assert_eq!(own["items"][0]["entries"].as_array().unwrap().len(), 1);
    assert_eq!(own["items"][0]["entries"][0]["path"], "/done");

    let module = pages["module"].as_str().unwrap();
    assert_eq!(file(&member, module).await.status(), StatusCode::OK);
    admin.post(&format!("/api/plugins/{DOUBLE}/disable")).await;
    assert_eq!(admin.get("/api/pages").await.1, json!({ "items": [] }));
    assert_eq!(file(&member, module).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_that_were_not_granted_are_not_shown() {
    let world = world().await;
    let admin = world.admin().await;
    let id = admin.install(component()).await;
    let path = format!("/api/plugins/{id}");
    let (_, plugin) = admin.get(&path).await;
    assert_eq!(plugin["page_paths"], json!(["/done", "/admin/double"]));
    let mut grants = plugin["proposed_grants"].clone();
    assert_eq!(grants["pages"], true);
    grants["pages"] = json!(false);
    let grants = admin
        .json(Method::PUT, &format!("{path}/grants"), grants)
        .await;
    assert_eq!(grants.0, StatusCode::OK);
    assert_eq!(
        admin.post(&format!("{path}/enable")).await.1["state"],
        "enabled"
    );
    assert_eq!(admin.get("/api/pages").await.1, json!({ "items": [] }));
    assert_eq!(
        visited(&admin, "/done").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn files_are_kept_for_ever_compressed_and_never_taken_for_something_else() {
    let (_world, admin) = with_the_double().await;
    let (_, all) = admin.get("/api/pages").await;
    let module = all["items"][0]["module"].as_str().unwrap();
    let plain = file(&admin, module).await;
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("vary", "accept-encoding"),
        ("content-encoding", ""),
    ] {
        assert_eq!(header(&plain, name), value, "{name}");
    }
    let plain = plain.bytes().await.unwrap();
    let small = admin
        .request(Method::GET, module)
        .header("accept-encoding", "br, gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&small, "content-encoding"), "gzip");
    let small = small.bytes().await.unwrap();
    assert!(small.len() < plain.len() / 4);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(small.as_ref())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);

    let folder = module.strip_suffix("index.js").unwrap();
    let other = format!("/pages/{DOUBLE}/{}/index.js", "0".repeat(32));
    assert_eq!(
        file(&admin, &format!("{folder}chunks/more.js"))
            .await
            .status(),
        StatusCode::OK
    );
    for path in [
        format!("{folder}pages.json"),
        format!("{folder}../index.js"),
        format!("{folder}chunks"),
        other,
        "/pages/nobody/1/index.js".to_owned(),
    ] {
        let missing = answered(admin.request(Method::GET, &path)).await;
        is_problem(&missing, StatusCode::NOT_FOUND, "not-found");
    }
}

#[tokio::test]
async fn another_version_of_the_pages_has_another_address() {
    let (_world, admin) = with_the_double().await;
    let module = |all: Value| all["items"][0]["module"].as_str().unwrap().to_owned();
    let old = module(admin.get("/api/pages").await.1);
    let newer = with_pages(&index(), &[("index.js", "export {}"), ("index.css", "")]);
    let newer = marked(newer, "1.0.0-double", "2.0.0-double");
    let upgrade = admin
        .request(Method::POST, &format!("/api/plugins/{DOUBLE}/upgrade"))
        .header("content-type", "application/wasm")
        .body(newer);
    let (status, plugin) = answered(upgrade).await;
    assert_eq!(
        (status, &plugin["version"]),
        (StatusCode::OK, &json!("2.0.0-double"))
    );
    let new = module(admin.get("/api/pages").await.1);
    assert_ne!(old, new);
    assert_eq!(file(&admin, &old).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(file(&admin, &new).await.text().await.unwrap(), "export {}");
}

#[tokio::test]
async fn a_component_with_wrong_pages_is_refused_in_words() {
    let world = world().await;
    let admin = world.admin().await;
    let said = async |component: Vec<u8>| {
        let upload = admin
            .request(Method::POST, "/api/plugins")
            .header("content-type", "application/wasm")
            .body(component);
        let refused = answered(upload).await;
        is_problem(
            &refused,
            StatusCode::UNPROCESSABLE_ENTITY,
            "contract-mismatch",
        );
        refused.1["detail"].as_str().unwrap().to_owned()
    };
    let missing = said(marked(double(), "pages:none", "pages:some")).await;
    assert!(missing.contains("no section `platform:pages`"), "{missing}");
    let unsaid = said(marked(component(), "pages:some", "pages:none")).await;
    assert!(unsaid.contains("there are no pages"), "{unsaid}");
    let mut greedy = index();
    greedy["entries"][0]["path"] = json!("/api/mail");
    let greedy = said(with_pages(&greedy, &[("index.js", ""), ("index.css", "")])).await;
    assert!(greedy.contains("/api/mail"), "{greedy}");
    let mut both = index();
    both["entries"][0]["path"] = json!("/double/callback");
    let both = said(with_pages(&both, &[("index.js", ""), ("index.css", "")])).await;
    assert!(both.contains("/double/callback"), "{both}");
    let empty = said(with_pages(&index(), &[])).await;
    assert!(empty.contains("index.js"), "{empty}");
}

#[tokio::test]
async fn two_plugins_never_show_pages_at_one_address() {
    let (_world, admin) = with_the_double().await;
    let other = marked(component(), DOUBLE, "guest-double-b");
    let other = admin.install(other).await;
    let refused = admin.post(&format!("/api/plugins/{other}/enable")).await;
    is_problem(&refused, StatusCode::CONFLICT, "taken");
    assert!(refused.1["detail"].as_str().unwrap().contains("/done"));
}

#[tokio::test]
async fn the_shell_is_shown_wherever_a_person_goes_and_nowhere_else() {
    let (world, admin) = with_the_double().await;
    let stranger = world.stranger();
    for path in [
        "/",
        "/sign-in",
        "/plugins",
        "/plugins/x",
        "/settings",
        "/users",
        "/tokens",
        "/done",
        "/done/and/more?x=1",
        "/admin/double",
    ] {
        let shown = visited(&stranger, path).await;
        assert_eq!(shown.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&shown, "cache-control"), "no-store");
        assert_eq!(header(&shown, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&shown, "x-frame-options"), "DENY");
    }
    // Where there is nothing, the shell says so; to what programs ask for, it has nothing to say.
    for (path, told) in [
        ("/donesome", true),
        ("/nothing", true),
        ("/admin", true),
        ("/pages", false),
        ("/shell", false),
        ("/hooks/nothing", false),
        ("/api/nothing", false),
    ] {
        let answer = visited(&stranger, path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let text = answer.text().await.unwrap();
        assert_eq!(text.contains("/shell/assets/main-1.js"), told, "{path}");
    }
    // A program that asks for no document gets none.
    is_problem(
        &stranger.get("/done").await,
        StatusCode::NOT_FOUND,
        "not-found",
    );
    let root = file(&stranger, "/").await.text().await.unwrap();
    assert!(root.contains("/api/openapi.json"));
    admin.post(&format!("/api/plugins/{DOUBLE}/disable")).await;
    assert_eq!(
        visited(&stranger, "/done").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn every_document_has_a_nonce_of_its_own_and_scripts_run_by_nothing_else() {
    let world = world().await;
    let stranger = world.stranger();
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let shown = visited(&stranger, "/").await;
        let policy = header(&shown, "content-security-policy").to_owned();
        let nonce = policy
            .split('\'')
            .find_map(|part| part.strip_prefix("nonce-"));
        let nonce = nonce.unwrap().to_owned();
        let scripts = policy
            .split("; ")
            .find(|rule| rule.starts_with("script-src"));
        assert_eq!(
            scripts.unwrap(),
            format!("script-src 'nonce-{nonce}' 'strict-dynamic'")
        );
        assert!(policy.starts_with("default-src 'none'; "));
        assert!(!policy.contains("unsafe-eval"), "{policy}");
        let text = shown.text().await.unwrap();
        assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
        assert!(!text.contains("__NONCE__"));
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn files_of_the_shell_are_served_but_for_the_document() {
    let world = world().await;
    let stranger = world.stranger();
    let script = file(&stranger, "/shell/assets/main-1.js").await;
    assert_eq!(
        header(&script, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        header(&file(&stranger, "/shell/icon.svg").await, "cache-control"),
        "public, max-age=3600"
    );
    for path in [
        "/shell/index.html",
        "/shell/assets",
        "/shell/%2e%2e/Cargo.toml",
    ] {
        assert_eq!(
            file(&stranger, path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn open_pages_hear_that_plugins_changed() {
    let (world, admin) = with_the_double().await;
    let member = world.member(&admin, "eva").await;
    let mut stream = file(&member, "/api/events").await;
    for change in ["disable", "enable"] {
        admin.post(&format!("/api/plugins/{DOUBLE}/{change}")).await;
        heard(&mut stream, "event: plugins.changed").await;
    }
    let gone = admin.request(
        Method::DELETE,
        &format!("/api/plugins/{DOUBLE}?data=delete"),
    );
    assert_eq!(answered(gone).await.0, StatusCode::NO_CONTENT);
    heard(&mut stream, "event: plugins.changed").await;
}

/// Reads on until this was said; what comes later is not read.
async fn heard(stream: &mut Response, said: &str) {
    let mut text = String::new();
    while !text.contains(said) {
        let piece = stream.chunk().await.unwrap().expect("the stream goes on");
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
}

/// A flow that was begun with an API token; answers its `state` and the token.
async fn flow(world: &World, admin: &Person) -> (String, String) {
    let (_, token) = admin
        .json(Method::POST, "/api/tokens", json!({ "name": "browser" }))
        .await;
    let (_, me) = admin.get("/api/me").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let flows = world.server.as_ref().unwrap().host().store().oauth_flows();
    let state = flows.new_state().unwrap();
    let flow = NewFlow {
        plugin: DOUBLE.into(),
        user: text(&me["id"]),
        session: format!("token:{}", text(&token["id"])),
        provider: "somebody".into(),
        flow: b"flow".to_vec(),
    };
    flows.store(&state, flow).await.unwrap();
    (state, text(&token["token"]))
}

#[tokio::test]
async fn a_browser_that_linked_an_account_goes_on_to_where_the_plugin_says() {
    let (world, admin) = with_the_double().await;
    let (state, token) = flow(&world, &admin).await;
    let back = world
        .stranger()
        .request(
            Method::GET,
            &format!("/double/callback?code=c0de&state={state}"),
        )
        .header("accept", "text/html")
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&back, "location"), "/done/flow/1");
}

#[tokio::test]
async fn a_browser_whose_linking_failed_is_told_so_at_an_address_without_the_code() {
    let (world, admin) = with_the_double().await;
    let back = visited(&world.stranger(), "/double/callback?code=c0de&state=f0rged").await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER);
    let next = header(&back, "location").to_owned();
    let id = next.strip_prefix("/oauth/failed?problem=").expect(&next);
    assert_eq!(visited(&admin, &next).await.status(), StatusCode::OK);
    let address = format!("/api/oauth/failures/{id}");
    let (status, told) = admin.get(&address).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(told["next"], "/done");
    let detail = told["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("Begin linking the account again"), "{told}");
    let (status, _) = admin.get("/api/oauth/failures/unknown").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = world.stranger().get(&address).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_shell_the_host_tells_it_itself() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_owned();
    let world = World::with(|config| config.shell_dir = Some(empty)).await;
    let admin = world.admin().await;
    let id = admin.install(component()).await;
    admin.post(&format!("/api/plugins/{id}/enable")).await;
    let stranger = world.stranger();
    let back = visited(&stranger, "/double/callback?code=c0de&state=f0rged").await;
    let next = header(&back, "location").to_owned();
    assert!(
        next.starts_with("/double/callback?problem=") && !next.contains("c0de"),
        "{next}"
    );
    let told = visited(&stranger, &next).await;
    assert_eq!(told.status(), StatusCode::BAD_REQUEST);
    let text = told.text().await.unwrap();
    assert!(text.contains("Begin linking the account again"), "{text}");
    assert!(
        text.contains("href=\"/done\"") && !text.contains("c0de"),
        "{text}"
    );
    let unknown = visited(&stranger, "/double/callback?problem=%3Cscript%3E").await;
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    assert!(!unknown.text().await.unwrap().contains("<script>"));
}
