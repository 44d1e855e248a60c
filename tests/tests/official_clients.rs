//! The providers' own client libraries are content with the fakes, on every route that the plugin uses (`tests/clients/*.routes`).
//!
//! `cargo xtask test` installs the libraries and says where their Python is; without it these tests look for `target/clients`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::path::PathBuf;
use std::process::Command;

use end_to_end::consent::Person;
use end_to_end::programs::Simulator;
use serde_json::Value;
use url::Url;

/// Nobody listens there: the browser stops before it gets there.
const BACK: &str = "http://127.0.0.1:9/back";

/// What the plugin asks for, and what these libraries need to delete for ever.
const SCOPES: [(&str, &str); 2] = [
    ("google", "openid email https://mail.google.com/"),
    (
        "microsoft",
        "openid profile email offline_access User.Read Mail.ReadWrite Mail.Send MailboxSettings.Read",
    ),
];

fn python() -> PathBuf {
    let python = std::env::var_os("CLIENTS_PYTHON")
        .map_or_else(|| xtask::target().join("clients/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: `cargo xtask test` installs the official libraries",
        python.display()
    );
    python
}

/// Signs in at a fake as a desktop application would; answers an access token.
async fn access_token(simulator: &Simulator, provider: &str) -> String {
    let base = simulator.providers.base(provider).unwrap();
    let (authorize, token) = match provider {
        "google" => ("/o/oauth2/v2/auth", "/token"),
        _ => ("/common/oauth2/v2.0/authorize", "/common/oauth2/v2.0/token"),
    };
    let scope = SCOPES
        .iter()
        .find(|(known, _)| *known == provider)
        .unwrap()
        .1;
    let mut url = base.join(authorize).unwrap();
    url.query_pairs_mut().extend_pairs([
        ("client_id", "demo-client"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", scope),
        ("state", "s"),
    ]);
    let browser = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let person = Person::willing(simulator.providers.address(provider).unwrap());
    let back = person.visit(&browser, url.as_str(), BACK).await.unwrap();
    let code = Url::query_pairs(&back)
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", BACK),
        ("client_id", "demo-client"),
        ("client_secret", "demo-secret"),
        ("scope", scope),
    ];
    let answer = browser
        .post(base.join(token).unwrap())
        .form(&form)
        .send()
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    answer
        .get("access_token")
        .unwrap_or_else(|| panic!("{answer}"))
        .as_str()
        .unwrap()
        .to_owned()
}

async fn is_content(provider: &'static str) {
    let folder = tempfile::tempdir().unwrap();
    let program = common::paths().providers;
    let simulator = Simulator::start(&program, folder.path(), 60, BACK, &["--no-limits"])
        .await
        .unwrap();
    let token = access_token(&simulator, provider).await;
    let base = simulator
        .providers
        .base(provider)
        .unwrap()
        .as_str()
        .trim_end_matches('/')
        .to_owned();
    let base = if provider == "microsoft" {
        format!("{base}/v1.0")
    } else {
        base
    };
    let script = xtask::root().join(format!("tests/clients/{provider}.py"));
    let run = tokio::task::spawn_blocking(move || {
        Command::new(python())
            .arg(script)
            .args([base, token])
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    let driven = simulator.providers.mail_routes(provider).await.unwrap();
    let missing: Vec<_> = common::driven_routes(provider)
        .difference(&driven)
        .cloned()
        .collect();
    assert!(
        missing.is_empty(),
        "tests/clients/{provider}.py does not drive {missing:#?}"
    );
}

#[tokio::test]
async fn google_api_python_client_is_content() {
    is_content("google").await;
}

#[tokio::test]
async fn msgraph_sdk_is_content() {
    is_content("microsoft").await;
}
