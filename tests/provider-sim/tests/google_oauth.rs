//! Google's OAuth behaves as its documentation and field reports say (facts E 1 to 11, and A1).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod google_support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use google_support::*;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use provider_sim::{Account, Backend, ConsentPolicy, Provider, TestClock};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn e01_state_is_echoed_and_a_code_serves_once_within_ten_minutes() {
    let world = world().await;
    let answer = world
        .consent(&world.authorize_url(&[]), ADA, &[MODIFY], "allow")
        .await;
    let url = location(&answer);
    assert!(url.starts_with(REDIRECT));
    assert_eq!(query(&url, "state").as_deref(), Some("st/ate?&="));
    let code = query(&url, "code").unwrap();
    assert_eq!(world.exchange(&code, &[]).await.0, StatusCode::OK);
    let (status, again) = world.exchange(&code, &[]).await;
    assert_eq!(
        (status, &again["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_grant"))
    );

    let late = world.code(&[]).await;
    world.advance(10 * 60 * 1000);
    assert_eq!(world.exchange(&late, &[]).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn e02_the_verifier_must_match_the_challenge() {
    let world = world().await;
    for wrong in ["another-verifier-of-at-least-forty-three-characters", ""] {
        let code = world.code(&[]).await;
        let (status, body) = world.exchange(&code, &[("code_verifier", wrong)]).await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_grant"))
        );
    }
    let code = world.code(&[]).await;
    assert_eq!(world.exchange(&code, &[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn e03_the_redirect_uri_is_compared_to_the_letter() {
    let world = world().await;
    for wrong in [
        "http://127.0.0.1:9000/admin/settings/mail/oauth2/",
        "http://127.0.0.1:9001/admin/settings/mail/oauth2",
        "https://127.0.0.1:9000/admin/settings/mail/oauth2",
    ] {
        let page = world
            .http
            .get(world.authorize_url(&[("redirect_uri", wrong)]))
            .send()
            .await
            .unwrap();
        assert_eq!(page.status(), StatusCode::BAD_REQUEST);
        assert!(page.text().await.unwrap().contains("redirect_uri_mismatch"));
    }
    let code = world.code(&[]).await;
    let (status, body) = world
        .exchange(&code, &[("redirect_uri", "http://127.0.0.1:9000/")])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"], "redirect_uri_mismatch");
}

#[tokio::test]
async fn e04_a_refresh_token_comes_only_offline_and_again_only_with_prompt_consent() {
    let world = world().await;
    let code = world.code(&[("access_type", "")]).await;
    let online = world.exchange(&code, &[]).await.1;
    assert_eq!(online.get("refresh_token"), None);
    assert_eq!(online["expires_in"], 3599);
    assert_eq!(online["token_type"], "Bearer");

    assert!(world.linked().await["refresh_token"].is_string());
    assert_eq!(world.linked().await.get("refresh_token"), None);
    let code = world.code(&[("prompt", "consent")]).await;
    assert!(world.exchange(&code, &[]).await.1["refresh_token"].is_string());
}

#[tokio::test]
async fn e05_unticked_scopes_are_missing_from_what_is_granted() {
    let world = world().await;
    let scope = format!("openid email {READONLY} {COMPOSE}");
    let answer = world
        .consent(
            &world.authorize_url(&[("scope", &scope)]),
            ADA,
            &[READONLY],
            "allow",
        )
        .await;
    let code = query(&location(&answer), "code").unwrap();
    let tokens = world.exchange(&code, &[]).await.1;
    assert_eq!(tokens["scope"], format!("openid email {READONLY}"));

    let token = text(&tokens["access_token"]);
    let profile = world.call_as(&token, Method::GET, "profile", None).await;
    assert_eq!(profile.status(), StatusCode::OK);
    let draft = json!({"message": message("To: bob@example.com\n\nx")});
    let refused = world
        .call_as(&token, Method::POST, "drafts", Some(draft))
        .await;
    assert_eq!(error(refused).await.1, "insufficientPermissions");

    // A later request for more can include what was granted before.
    let more = format!("openid {LABELS}");
    let answer = world
        .consent(
            &world.authorize_url(&[("scope", &more), ("include_granted_scopes", "true")]),
            ADA,
            &[LABELS],
            "allow",
        )
        .await;
    let code = query(&location(&answer), "code").unwrap();
    let scope = text(&world.exchange(&code, &[]).await.1["scope"]);
    assert!(
        scope.contains(READONLY) && scope.contains(LABELS),
        "{scope}"
    );
}

#[tokio::test]
async fn e06_a_refresh_gives_no_new_refresh_token() {
    let world = world().await;
    let tokens = world.linked().await;
    let refresh = text(&tokens["refresh_token"]);
    for _ in 0..2 {
        let (status, body) = world.refresh(&refresh).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body.get("refresh_token"), None);
        assert_ne!(body["access_token"], tokens["access_token"]);
        assert_eq!(body["scope"], tokens["scope"]);
    }
}

#[tokio::test]
async fn e07_revocation_by_either_token_or_by_the_person_ends_the_whole_grant() {
    let world = world().await;
    for by in ["access_token", "refresh_token"] {
        let tokens = world.linked().await;
        let revoked = world
            .http
            .post(world.url("/revoke"))
            .form(&[("token", text(&tokens[by]))])
            .send()
            .await
            .unwrap();
        assert_eq!(revoked.status(), StatusCode::OK);
        let (status, body) = world.refresh(&text(&tokens["refresh_token"])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["error"], "invalid_grant");
        assert_eq!(
            body["error_description"],
            "Token has been expired or revoked."
        );
        let call = world
            .call_as(&text(&tokens["access_token"]), Method::GET, "profile", None)
            .await;
        assert_eq!(call.status(), StatusCode::UNAUTHORIZED);
    }
    let unknown = world
        .http
        .post(world.url("/revoke"))
        .form(&[("token", "nonsense")])
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        unknown.json::<Value>().await.unwrap()["error"],
        "invalid_token"
    );

    let tokens = world.linked().await;
    let google = world.sim.google();
    google
        .control("change-password", json!({"address": ADA}))
        .unwrap();
    assert_eq!(
        world.refresh(&text(&tokens["refresh_token"])).await.1["error"],
        "invalid_grant"
    );

    let tokens = world.linked().await;
    google
        .control("end-session", json!({"address": ADA}))
        .unwrap();
    let body = world.refresh(&text(&tokens["refresh_token"])).await.1;
    assert_eq!(body["error_subtype"], "invalid_rapt");
}

#[tokio::test]
async fn e08_an_expired_access_token_is_refused_and_a_refreshed_one_serves() {
    let world = world().await;
    let tokens = world.linked().await;
    let token = text(&tokens["access_token"]);
    world.advance(3_599_000);
    let refused = world.call_as(&token, Method::GET, "profile", None).await;
    let challenge = refused.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(challenge.contains("invalid_token"));
    let (status, reason, message) = error(refused).await;
    assert_eq!((status, reason.as_str()), (401, "authError"));
    assert!(message.starts_with("Request had invalid authentication credentials."));

    let fresh = world.refresh(&text(&tokens["refresh_token"])).await.1;
    let served = world
        .call_as(&text(&fresh["access_token"]), Method::GET, "profile", None)
        .await;
    assert_eq!(served.status(), StatusCode::OK);

    let none = world
        .http
        .get(world.url("/gmail/v1/users/me/profile"))
        .send()
        .await
        .unwrap();
    assert_eq!(error(none).await.1, "required");
}

#[tokio::test]
async fn e09_a_wrong_secret_is_not_a_dead_grant() {
    let world = world().await;
    let code = world.code(&[]).await;
    for (client, secret) in [("client", "wrong"), ("nobody", "secret")] {
        let (status, body) = world
            .exchange(&code, &[("client_id", client), ("client_secret", secret)])
            .await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_client"))
        );
    }
    let basic = world
        .http
        .post(world.url("/token"))
        .basic_auth("client", Some("secret"))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), StatusCode::OK);
    assert_eq!(
        world.exchange("4/nonsense", &[]).await.1["error"],
        "invalid_grant"
    );
    let (status, body) = world
        .token_request(&[
            ("grant_type", "password"),
            ("client_id", "client"),
            ("client_secret", "secret"),
        ])
        .await;
    assert_eq!(
        (status, &body["error"]),
        (StatusCode::BAD_REQUEST, &json!("unsupported_grant_type"))
    );
}

#[tokio::test]
async fn e10_denial_goes_back_to_the_application_and_policy_stays_on_googles_page() {
    let clock = TestClock::default();
    let mut ruled = Account::new("ruled@corp.example", "Ruled");
    ruled.consent = ConsentPolicy::AdminApproval;
    let world = world_of(builder(&clock).account(Provider::Google, ruled), clock).await;
    let denied = world
        .consent(&world.authorize_url(&[]), ADA, &[], "deny")
        .await;
    let url = location(&denied);
    assert_eq!(query(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&url, "state").as_deref(), Some("st/ate?&="));
    assert_eq!(query(&url, "code"), None);

    let ruled = world
        .consent(
            &world.authorize_url(&[]),
            "ruled@corp.example",
            &[MODIFY],
            "allow",
        )
        .await;
    assert_eq!(ruled.status(), StatusCode::BAD_REQUEST);
    assert!(
        ruled
            .text()
            .await
            .unwrap()
            .contains("admin_policy_enforced")
    );

    let silent = world
        .http
        .get(world.authorize_url(&[("prompt", "none")]))
        .send()
        .await
        .unwrap();
    assert_eq!(
        query(&location(&silent), "error").as_deref(),
        Some("interaction_required")
    );
}

#[tokio::test]
async fn e11_the_101st_refresh_token_kills_the_oldest_and_testing_tokens_die_after_a_week() {
    let world = world().await;
    let google = world.sim.google();
    let url = world.authorize_url(&[("prompt", "consent")]);
    let mut tokens = Vec::new();
    for _ in 0..101 {
        let answer = google
            .control("authorize", json!({"url": url, "address": ADA}))
            .unwrap();
        let code = query(&text(&answer["location"]), "code").unwrap();
        tokens.push(text(&world.exchange(&code, &[]).await.1["refresh_token"]));
    }
    assert_eq!(world.refresh(&tokens[0]).await.1["error"], "invalid_grant");
    assert_eq!(world.refresh(&tokens[1]).await.0, StatusCode::OK);
    assert_eq!(world.refresh(&tokens[100]).await.0, StatusCode::OK);

    let code = world.code(&[("client_id", "testing")]).await;
    let body = world.exchange(&code, &[("client_id", "testing")]).await.1;
    assert_eq!(body["refresh_token_expires_in"], 604_799);
    let refresh = text(&body["refresh_token"]);
    world.advance(7 * DAY_MS - 1);
    assert_eq!(
        world.refresh_as("testing", &refresh).await.0,
        StatusCode::OK
    );
    world.advance(1);
    assert_eq!(
        world.refresh_as("testing", &refresh).await.1["error"],
        "invalid_grant"
    );
    // Others live on as long as they are used.
    assert_eq!(world.refresh(&tokens[100]).await.0, StatusCode::OK);
    world.advance(182 * DAY_MS);
    assert_eq!(
        world.refresh(&tokens[100]).await.1["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a1_the_id_token_is_signed_by_a_published_key_and_names_the_person() {
    let world = world().await;
    let tokens = world.linked().await;
    let id_token = text(&tokens["id_token"]);
    let keys: Value = world
        .http
        .get(world.url("/oauth2/v3/certs"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let kid = decode_header(&id_token).unwrap().kid.unwrap();
    let key = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == kid.as_str())
        .unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["client"]);
    validation.set_issuer(&["https://accounts.google.com"]);
    // Expiry is on the test clock.
    validation.validate_exp = false;
    let decoding = DecodingKey::from_rsa_components(&text(&key["n"]), &text(&key["e"])).unwrap();
    let claims = decode::<Value>(&id_token, &decoding, &validation)
        .unwrap()
        .claims;
    assert_eq!(claims["email"], ADA);
    assert_eq!(claims["nonce"], "n-1");
    let now = provider_sim::Clock::now(&world.clock) / 1000;
    assert_eq!(claims["exp"], now + 3600);

    let info: Value = world
        .http
        .get(world.url("/v1/userinfo"))
        .bearer_auth(text(&tokens["access_token"]))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(info["sub"], claims["sub"]);
    assert_eq!(info["name"], "Ada Lovelace");
    let signature = id_token.rsplit('.').next().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap().len(), 256);
}
