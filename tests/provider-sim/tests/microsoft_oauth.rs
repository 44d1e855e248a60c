//! Microsoft's sign-in gives, refreshes and refuses tokens as the identity platform v2.0 does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod microsoft_support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use microsoft_support::*;
use provider_sim::{Backend, ConsentPolicy, Provider};
use sha2::{Digest, Sha256};

#[tokio::test]
async fn e01_state_comes_back_and_a_code_works_once_and_for_ten_minutes() {
    let w = World::new(0).await;
    let page = w.authorize("common", &[]).await.is(200);
    assert!(page.text.contains("Permissions requested"));
    let (back, _) = w.decide("common", &page, ME, "allow").await;
    assert_eq!(back["state"], "st 1");
    w.redeem(&back["code"]).await.is(200);
    let again = w.redeem(&back["code"]).await.is(400);
    assert_eq!(again.json["error"], "invalid_grant");
    assert_eq!(again.json["error_codes"][0], 54005);
    assert!(
        again.json["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADSTS54005: ")
    );
    let page = w.authorize("common", &[]).await;
    let (back, _) = w.decide("common", &page, ME, "allow").await;
    w.advance(600_001);
    let late = w.redeem(&back["code"]).await.is(400);
    assert_eq!(late.json["error_codes"][0], 70008);
    // A consent page works once too.
    let (none, answer) = w.decide("common", &page, ME, "allow").await;
    assert!(none.is_empty());
    answer.is(400);
}

#[tokio::test]
async fn e02_pkce_is_checked() {
    let w = World::new(0).await;
    let verifier = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let options = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (given, status) in [(Some(verifier), 200), (Some("wrong"), 400), (None, 400)] {
        let page = w.authorize("common", &options).await;
        let (back, _) = w.decide("common", &page, ME, "allow").await;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "app"),
            ("client_secret", "secret"),
            ("redirect_uri", REDIRECT),
            ("code", back["code"].as_str()),
        ];
        pairs.extend(given.map(|v| ("code_verifier", v)));
        let answer = w.token_form("common", &pairs).await.is(status);
        if status == 400 {
            assert_eq!(answer.json["error"], "invalid_grant");
            assert_eq!(answer.json["error_codes"][0], 501481);
        }
    }
}

#[tokio::test]
async fn e03_the_redirect_address_must_match_to_the_letter() {
    let w = World::new(0).await;
    let wrong = format!("{REDIRECT}/");
    let page = w
        .authorize("common", &[("redirect_uri", &wrong)])
        .await
        .is(400);
    assert!(page.text.contains("AADSTS50011"));
    assert!(!page.headers.contains_key("location"));
    let page = w.authorize("common", &[]).await;
    let (back, _) = w.decide("common", &page, ME, "allow").await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("client_secret", "secret"),
        ("redirect_uri", wrong.as_str()),
        ("code", back["code"].as_str()),
    ];
    w.token_form("common", &pairs).await.is(400);
}

#[tokio::test]
async fn e04_no_refresh_token_without_offline_access() {
    let w = World::new(0).await;
    let without = w
        .sign_in(ME, &[("scope", "openid Mail.Read")])
        .await
        .is(200);
    assert!(without.json.get("refresh_token").is_none());
    let with = w.sign_in(ME, &[]).await.is(200);
    assert!(with.json["refresh_token"].is_string());
    assert!(
        !with.json["scope"]
            .as_str()
            .unwrap()
            .contains("offline_access")
    );
}

#[tokio::test]
async fn e06_refresh_gives_a_new_token_and_the_old_one_stays_valid() {
    let w = World::new(0).await;
    let first = w.sign_in(ME, &[]).await.is(200);
    let old = first.json["refresh_token"].as_str().unwrap();
    let second = w.refresh(old).await.is(200);
    assert_ne!(second.json["refresh_token"], first.json["refresh_token"]);
    w.refresh(old).await.is(200);
    w.advance(91 * 24 * 3_600_000);
    let dead = w.refresh(old).await.is(400);
    assert_eq!(dead.json["error_codes"][0], 700082);
}

#[tokio::test]
async fn e07_revoked_sessions_refuse_refresh_and_access() {
    let w = World::new(0).await;
    let tokens = w.sign_in(ME, &[]).await.is(200);
    assert_eq!(w.sim.microsoft().revoke_grants(Some(ME)), 1);
    let dead = w
        .refresh(tokens.json["refresh_token"].as_str().unwrap())
        .await
        .is(400);
    assert_eq!(dead.json["error"], "invalid_grant");
    assert_eq!(dead.json["error_codes"][0], 50173);
    let me = read(
        w.http
            .get(w.url("/me"))
            .bearer_auth(tokens.json["access_token"].as_str().unwrap()),
    )
    .await
    .is(401);
    assert_eq!(me.code(), "InvalidAuthenticationToken");
    // A new sign-in works again.
    let fresh = w.sign_in(ME, &[]).await.is(200);
    w.refresh(fresh.json["refresh_token"].as_str().unwrap())
        .await
        .is(200);
}

#[tokio::test]
async fn e08_an_expired_access_token_is_refused() {
    let w = World::new(0).await;
    let tokens = w.sign_in(ME, &[]).await.is(200);
    let token = tokens.json["access_token"].as_str().unwrap();
    let ask = || read(w.http.get(w.url("/me")).bearer_auth(token));
    ask().await.is(200);
    w.advance(3_600_000);
    let expired = ask().await.is(401);
    assert_eq!(expired.code(), "InvalidAuthenticationToken");
    assert!(expired.headers.contains_key("www-authenticate"));
    read(w.http.get(w.url("/me"))).await.is(401);
}

#[tokio::test]
async fn e09_a_wrong_secret_is_not_a_dead_grant() {
    let w = World::new(0).await;
    let tokens = w.sign_in(ME, &[]).await.is(200);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("client_secret", "wrong"),
        (
            "refresh_token",
            tokens.json["refresh_token"].as_str().unwrap(),
        ),
    ];
    let refused = w.token_form("common", &pairs).await.is(401);
    assert_eq!(refused.json["error"], "invalid_client");
    assert_eq!(refused.json["error_codes"][0], 7000215);
    for name in ["timestamp", "trace_id", "correlation_id"] {
        assert!(refused.json[name].is_string(), "{name}");
    }
    let garbage = w.refresh("nonsense").await.is(400);
    assert_eq!(garbage.json["error"], "invalid_grant");
}

#[tokio::test]
async fn e10_denial_admin_approval_and_second_factor_come_back_as_errors() {
    for (policy, decision, error, code) in [
        (ConsentPolicy::Ask, "deny", "access_denied", "AADSTS65004"),
        (
            ConsentPolicy::AdminApproval,
            "allow",
            "access_denied",
            "AADSTS90094",
        ),
        (
            ConsentPolicy::StepUp,
            "allow",
            "interaction_required",
            "AADSTS50076",
        ),
    ] {
        let w = World::build(0, |mut account| {
            account.consent = policy;
            account
        })
        .await;
        let page = w.authorize("common", &[]).await.is(200);
        let (back, _) = w.decide("common", &page, ME, decision).await;
        assert_eq!(back["error"], error);
        assert!(back["error_description"].starts_with(code));
        assert_eq!(back["state"], "st 1");
    }
    // Once an administrator has approved, the person may consent.
    let w = World::build(0, |mut account| {
        account.consent = ConsentPolicy::AdminApproval;
        account
    })
    .await;
    let approved = read(
        w.http
            .post(format!("{}/organizations/v2.0/adminconsent/decide", w.base))
            .form(&[
                ("client_id", "app"),
                ("redirect_uri", REDIRECT),
                ("state", "s"),
                ("decision", "allow"),
            ]),
    )
    .await;
    assert_eq!(location(&approved)["admin_consent"], "True");
    w.sign_in(ME, &[]).await.is(200);
}

#[tokio::test]
async fn e12_endpoints_of_tenants_refuse_the_wrong_accounts() {
    let w = World::new(0).await;
    for (tenant, account, fits) in [
        ("consumers", ME, false),
        ("consumers", PERSONAL, true),
        ("organizations", PERSONAL, false),
        ("organizations", ME, true),
        ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", ME, true),
        ("11111111-2222-3333-4444-555555555555", ME, false),
    ] {
        let page = w.authorize(tenant, &[]).await.is(200);
        let (back, answer) = w.decide(tenant, &page, account, "allow").await;
        assert_eq!(back.contains_key("code"), fits, "{tenant} {account}");
        if !fits {
            assert!(answer.text.contains("AADSTS50020"));
        }
    }
    let single = w
        .authorize("common", &[("client_id", "single")])
        .await
        .is(400);
    assert!(single.text.contains("AADSTS50194"));
    let shared = w
        .authorize("common", &[("scope", "Mail.Read.Shared")])
        .await;
    let (none, page) = w.decide("common", &shared, PERSONAL, "allow").await;
    assert!(none.is_empty());
    assert!(page.text.contains("AADSTS70011"));
}

#[tokio::test]
async fn e12_a_claims_challenge_is_answered_by_a_new_sign_in() {
    let w = World::new(0).await;
    let capable = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let tokens = w.sign_in(ME, &[("claims", capable)]).await.is(200);
    let token = tokens.json["access_token"].as_str().unwrap().to_owned();
    w.sim
        .microsoft()
        .control("challenge", serde_json::json!({"address": ME}))
        .unwrap();
    let refused = read(w.http.get(w.url("/me")).bearer_auth(&token))
        .await
        .is(401);
    let challenge = refused.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("insufficient_claims"));
    let claims = challenge
        .split("claims=\"")
        .nth(1)
        .unwrap()
        .trim_end_matches('"');
    let claims = base64::engine::general_purpose::STANDARD
        .decode(claims)
        .unwrap();
    let mut claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["access_token"]["xms_cc"] = serde_json::json!({"values": ["cp1"]});
    let fresh = w
        .sign_in(ME, &[("claims", &claims.to_string())])
        .await
        .is(200);
    read(
        w.http
            .get(w.url("/me"))
            .bearer_auth(fresh.json["access_token"].as_str().unwrap()),
    )
    .await
    .is(200);
}

#[tokio::test]
async fn id_tokens_verify_against_the_published_keys() {
    let w = World::new(0).await;
    let tokens = w.sign_in(PERSONAL, &[]).await.is(200);
    let config = read(w.http.get(format!(
        "{}/common/v2.0/.well-known/openid-configuration",
        w.base
    )))
    .await
    .is(200);
    assert!(
        config.json["issuer"]
            .as_str()
            .unwrap()
            .contains("{tenantid}")
    );
    let keys = read(w.http.get(config.json["jwks_uri"].as_str().unwrap()))
        .await
        .is(200);
    let token = tokens.json["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.json["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|k| k["kid"] == header.kid.as_deref().unwrap())
        .unwrap();
    let key = jsonwebtoken::DecodingKey::from_rsa_components(
        key["n"].as_str().unwrap(),
        key["e"].as_str().unwrap(),
    )
    .unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.set_audience(&["app"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<serde_json::Value>(token, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(claims["tid"], "9188040d-6c67-4c5b-b112-36a304b66dad");
    assert_eq!(claims["nonce"], "n1");
    assert_eq!(claims["preferred_username"], PERSONAL);
    assert!(
        claims["iss"]
            .as_str()
            .unwrap()
            .contains(claims["tid"].as_str().unwrap())
    );
    assert!(claims["oid"].is_string());
    let scope = tokens.json["scope"].as_str().unwrap();
    assert!(scope.contains("https://graph.microsoft.com/Mail.ReadWrite"));
    let _ = Provider::Microsoft;
}
