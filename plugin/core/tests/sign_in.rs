//! People can sign in to their provider, their tokens stay fresh, and whatever goes wrong says what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use email_manager_core::oauth::flow::Purpose;
use email_manager_core::oauth::{self, Feature, OAuthError, tokens};
use email_manager_core::provider::{Provider as _, ProviderError};
use email_manager_core::settings::check::{self, Outcome};
use email_manager_core::settings::form::{self, Entry, SecretState};
use email_manager_core::settings::texts::Locale;
use email_manager_core::settings::{ProviderKind, Secret, Section};
use provider_sim::{Action, Fault};
use rstest::rstest;
use support::{ACCOUNT, GOOGLE, MICROSOFT, OWNER, World, side};

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn signing_in_tells_who_it_is_and_reaches_the_mailbox(#[case] kind: ProviderKind) {
    let world = World::with(kind, 3).await;
    let link = world.link().await;
    assert_eq!(link.identity.email, OWNER);
    assert!(!link.identity.subject.is_empty());
    assert_eq!(link.missing, []);
    assert_eq!(world.mailbox().await.profile().await.unwrap().email, OWNER);
    let shown = format!("{link:?}");
    assert!(
        shown.contains('…') && !shown.contains("ya29") && !shown.contains("eyJ"),
        "no token in {shown}"
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn an_expired_token_is_refreshed_once_however_many_ask(#[case] kind: ProviderKind) {
    let world = World::with(kind, 1).await;
    world.link().await;
    world.advance(2 * 3600);
    let asked =
        futures::future::join_all((0..8).map(|_| tokens::access(&world.host, kind, ACCOUNT, None)))
            .await;
    let first = asked[0].clone().unwrap();
    assert!(asked.iter().all(|token| token.as_ref() == Ok(&first)));
    let refreshed = world
        .sim
        .log()
        .entries()
        .iter()
        .filter(|access| access.path.ends_with("/token"))
        .count();
    assert_eq!(refreshed, 2, "the code and one refresh");
}

#[tokio::test]
async fn a_token_that_would_run_out_during_a_request_is_refreshed_before_it() {
    let world = World::with(GOOGLE, 1).await;
    world.link().await;
    let token = || tokens::access(&world.host, GOOGLE, ACCOUNT, None);
    let first = token().await.unwrap();
    world.advance(3599 - 90);
    assert_eq!(token().await.unwrap(), first);
    world.advance(60);
    assert_ne!(token().await.unwrap(), first);
}

/// What the providers' token endpoints say, and who has to act.
#[rstest]
#[case(
    GOOGLE,
    400,
    r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
    "reconnect"
)]
#[case(GOOGLE, 400, r#"{"error":"invalid_grant","error_subtype":"invalid_rapt","error_description":"reauth related error (invalid_rapt)"}"#, "reconnect")]
#[case(
    GOOGLE,
    401,
    r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#,
    "administrator"
)]
#[case(GOOGLE, 400, r#"{"error":"admin_policy_enforced"}"#, "administrator")]
#[case(GOOGLE, 500, r#"{"error":"internal_failure"}"#, "wait")]
#[case(GOOGLE, 502, "<html>bad gateway</html>", "wait")]
#[case(GOOGLE, 200, r#"{"access_token":"cut o"#, "wait")]
#[case(MICROSOFT, 400, r#"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired. Trace ID: 1 Correlation ID: 2","error_codes":[700082],"timestamp":"2026-10-01 08:00:00Z","trace_id":"1","correlation_id":"2"}"#, "reconnect")]
#[case(MICROSOFT, 400, r#"{"error":"interaction_required","error_description":"AADSTS50076: MFA","error_codes":[50076],"suberror":"basic_action"}"#, "reconnect")]
#[case(MICROSOFT, 401, r#"{"error":"invalid_client","error_description":"AADSTS7000222: expired","error_codes":[7000222]}"#, "administrator")]
#[case(MICROSOFT, 400, r#"{"error":"consent_required","error_description":"AADSTS90094: admin","error_codes":[90094]}"#, "administrator")]
#[case(MICROSOFT, 400, r#"{"error":"temporarily_unavailable","error_description":"AADSTS90006","error_codes":[90006]}"#, "wait")]
#[tokio::test]
async fn a_refused_refresh_says_who_has_to_act(
    #[case] kind: ProviderKind,
    #[case] status: u16,
    #[case] body: &'static str,
    #[case] who: &str,
) {
    let world = World::with(kind, 0).await;
    world.link().await;
    world.advance(2 * 3600);
    world.host.answer_http(move |request| {
        let token = request.uri().path().ends_with("/token");
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body.into());
        token.then(|| Ok(answer.unwrap()))
    });
    let error = tokens::access(&world.host, kind, ACCOUNT, None)
        .await
        .unwrap_err();
    let found = match &error {
        OAuthError::Reconnect(_) => "reconnect",
        OAuthError::Administrator(_) => "administrator",
        OAuthError::Wait { .. } => "wait",
        _ => "something else",
    };
    assert_eq!(found, who, "{error:?}");
    assert!(!error.to_string().contains("Trace ID"));
    assert!(
        tokens::kept(&world.host, ACCOUNT).await.unwrap().is_some(),
        "the grant stays until it is linked again"
    );
}

/// An identity token that was tampered with, or made for somebody else.
#[rstest]
#[case("signature")]
#[case("audience")]
#[case("nonce")]
#[case("expired")]
#[case("none")]
#[case("forged")]
#[tokio::test]
async fn an_identity_token_that_does_not_hold_is_refused(#[case] flaw: &'static str) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let world = World::with(GOOGLE, 0).await;
    let redirect = format!(
        "{}{}",
        support::ORIGIN,
        email_manager_core::settings::REDIRECT_PATH
    );
    let begun = oauth::begin(&world.host, GOOGLE, Purpose::default(), &redirect, "s")
        .await
        .unwrap();
    let url = url::Url::parse(&begun.authorize_url).unwrap();
    let nonce = url
        .query_pairs()
        .find(|(name, _)| name == "nonce")
        .unwrap()
        .1
        .into_owned();
    let now = provider_sim::Clock::now(&world.clock) / 1000;
    let claims = serde_json::json!({
        "iss": "https://accounts.google.com",
        "aud": if flaw == "audience" { "somebody-else" } else { "client-id" },
        "sub": "1", "email": OWNER,
        "nonce": if flaw == "nonce" { "another" } else { &nonce },
        "exp": if flaw == "expired" { now - 3600 } else { now + 3600 },
    });
    let keys = provider_sim::Keys;
    let signed = keys.sign(&claims);
    let token = match flaw {
        "signature" => {
            let mut parts: Vec<String> = signed.split('.').map(str::to_owned).collect();
            let claims = serde_json::json!({"iss": "https://accounts.google.com", "aud": "client-id", "sub": "2", "nonce": nonce, "exp": now + 3600});
            parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
            parts.join(".")
        }
        "none" => {
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
            format!("{header}.{}.", signed.split('.').nth(1).unwrap())
        }
        "forged" => keys.forge(&claims),
        _ => signed,
    };
    world.host.answer_http(move |request| {
        let answer = serde_json::json!({"access_token": "a", "refresh_token": "r", "expires_in": 3599, "token_type": "Bearer", "id_token": token,
            "scope": "openid https://www.googleapis.com/auth/gmail.modify"});
        let answer = http::Response::builder().header("content-type", "application/json").body(answer.to_string().into_bytes());
        request.uri().path().ends_with("/token").then(|| Ok(answer.unwrap()))
    });
    let refused = oauth::complete(
        &world.host,
        &begun.flow,
        &[("code".to_owned(), "c".to_owned())],
    )
    .await;
    assert!(
        matches!(refused, Err(OAuthError::Untrusted(_))),
        "{refused:?}"
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_token_that_the_provider_refuses_is_replaced_on_the_way(#[case] kind: ProviderKind) {
    let world = World::with(kind, 1).await;
    world.link().await;
    assert_eq!(world.sim.backend(side(kind)).expire_access_tokens(None), 1);
    assert_eq!(world.mailbox().await.profile().await.unwrap().email, OWNER);
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_dead_grant_asks_to_link_again_and_a_wrong_secret_asks_the_administrator(
    #[case] kind: ProviderKind,
) {
    let world = World::with(kind, 1).await;
    world.link().await;
    world.advance(2 * 3600);
    let wrong = Entry::Secret(SecretState::Replace(Secret("wrong".to_owned())));
    assert_eq!(world.save(&[("client_secret", wrong)]).await, []);
    let error = world.mailbox().await.profile().await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Administrator(_)),
        "{error:?}"
    );
    world.save(&[]).await;
    world.sim.backend(side(kind)).revoke_grants(None);
    let error = world.mailbox().await.profile().await.unwrap_err();
    assert!(matches!(error, ProviderError::Reconnect(_)), "{error:?}");
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_provider_in_trouble_is_waited_for(#[case] kind: ProviderKind) {
    let world = World::with(kind, 1).await;
    world.link().await;
    world.advance(2 * 3600);
    let trouble = Action::Answer {
        status: 503,
        body: None,
        retry_after: provider_sim::RetryAfter::Seconds(7),
    };
    world
        .sim
        .faults()
        .inject(Fault::once(trouble).on("POST", "/token"))
        .unwrap();
    let error = tokens::access(&world.host, kind, ACCOUNT, None)
        .await
        .unwrap_err();
    let now = provider_sim::Clock::now(&world.clock);
    assert!(
        matches!(error, OAuthError::Wait { until, .. } if until == now + 7_000),
        "{error:?}"
    );
    assert!(
        tokens::access(&world.host, kind, ACCOUNT, None)
            .await
            .is_ok()
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn who_declines_is_told_so_and_another_person_can_not_take_over_an_account(
    #[case] kind: ProviderKind,
) {
    let world = World::with(kind, 1).await;
    assert_eq!(
        world.sign_in(Purpose::default(), OWNER, None, true).await,
        Err(OAuthError::Declined)
    );
    let link = world.link().await;
    let again = Purpose {
        account: Some((ACCOUNT.to_owned(), link.identity.subject.clone())),
        login_hint: Some(OWNER.to_owned()),
        ..Purpose::default()
    };
    let same = world
        .sign_in(again.clone(), OWNER, None, false)
        .await
        .unwrap();
    assert_eq!(same.identity.subject, link.identity.subject);
    let other = world.sign_in(again, "bob@example.com", None, false).await;
    assert_eq!(
        other,
        Err(OAuthError::OtherIdentity("bob@example.com".to_owned()))
    );
}

#[tokio::test]
async fn a_consent_without_reading_is_refused_by_name_and_one_without_sending_is_partial() {
    let world = World::with(GOOGLE, 1).await;
    world
        .save(&[("access", Entry::Text("send".to_owned()))])
        .await;
    let (read, compose) = (
        "https://www.googleapis.com/auth/gmail.readonly",
        "https://www.googleapis.com/auth/gmail.compose",
    );
    let refused = world
        .sign_in(Purpose::default(), OWNER, Some(&[compose]), false)
        .await;
    assert_eq!(
        refused,
        Err(OAuthError::MissingScope(vec![read.to_owned()]))
    );
    let partial = world
        .sign_in(Purpose::default(), OWNER, Some(&[read]), false)
        .await
        .unwrap();
    assert_eq!(partial.missing, [Feature::Send]);
}

#[tokio::test]
async fn only_allowed_domains_can_be_linked() {
    let world = World::with(GOOGLE, 1).await;
    let values = vec![(
        "allowed_domains".to_owned(),
        Entry::Text("@Firma.example, other.example".to_owned()),
    )];
    assert_eq!(
        form::save(&world.host, Section::Sync, values, Locale::English)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        world.sign_in(Purpose::default(), OWNER, None, false).await,
        Err(OAuthError::DomainNotAllowed(OWNER.to_owned()))
    );
}

#[tokio::test]
async fn unlinking_revokes_at_google_unless_another_account_shares_the_grant() {
    let world = World::with(GOOGLE, 1).await;
    world.link().await;
    let shared = oauth::tokens::revoke(&world.host, GOOGLE, ACCOUNT, true, Locale::English)
        .await
        .unwrap();
    assert!(!shared.revoked && shared.hint.contains("same person"));
    world.link().await;
    let last = oauth::tokens::revoke(&world.host, GOOGLE, ACCOUNT, false, Locale::English)
        .await
        .unwrap();
    assert!(last.revoked && last.hint.is_empty());
    assert!(
        oauth::tokens::kept(&world.host, ACCOUNT)
            .await
            .unwrap()
            .is_none()
    );
    let error = world.mailbox().await.profile().await.unwrap_err();
    assert!(matches!(error, ProviderError::Reconnect(_)));
}

#[tokio::test]
async fn unlinking_at_microsoft_drops_the_tokens_and_says_what_is_left_to_do() {
    let world = World::with(MICROSOFT, 1).await;
    world.link().await;
    let gone = oauth::tokens::revoke(&world.host, MICROSOFT, ACCOUNT, false, Locale::English)
        .await
        .unwrap();
    assert!(!gone.revoked && gone.hint.contains("https://"));
    assert!(
        !world
            .host
            .secret_names()
            .iter()
            .any(|name| name.contains(ACCOUNT))
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn verifying_the_setup_names_the_step_that_fails(#[case] kind: ProviderKind) {
    use Outcome::{Failed, Passed, Skipped};
    let world = World::with(kind, 1).await;
    let outcomes = || async {
        let steps = check::check(&world.host, Section::Provider(kind), Locale::English)
            .await
            .unwrap();
        steps.iter().map(|step| step.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes().await, [Passed; 5]);
    let wrong = Entry::Secret(SecretState::Replace(Secret("wrong".to_owned())));
    world.save(&[("client_secret", wrong)]).await;
    assert_eq!(outcomes().await, [Passed, Passed, Failed, Passed, Passed]);
    world
        .save(&[("client_id", Entry::Text("nobody".to_owned()))])
        .await;
    assert_eq!(outcomes().await[..3], [Passed, Failed, Skipped]);
    world.save(&[]).await;
    world.host.set_origin("http://127.0.0.1:9");
    assert_eq!(outcomes().await, [Passed, Passed, Passed, Failed, Passed]);
    world.host.deny_origin(&world.base());
    assert_eq!(
        outcomes().await,
        [Failed, Skipped, Skipped, Skipped, Failed]
    );
}

#[tokio::test]
async fn saving_names_every_wrong_field_in_the_callers_language_and_changes_nothing() {
    let world = World::with(MICROSOFT, 1).await;
    let before = form::load(&world.host, Section::Provider(MICROSOFT))
        .await
        .unwrap();
    let values = [
        ("tenant", "not a tenant"),
        ("graph_url", "http://graph.example.com"),
        ("access", "everything"),
        ("client_id", " "),
    ];
    let values = values
        .map(|(name, text)| (name.to_owned(), Entry::Text(text.to_owned())))
        .to_vec();
    let problems = form::save(
        &world.host,
        Section::Provider(MICROSOFT),
        values,
        Locale::of("ru-RU"),
    )
    .await
    .unwrap();
    let fields: Vec<&str> = problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect();
    assert_eq!(fields, ["tenant", "graph_url", "access", "client_id"]);
    assert!(problems[3].message.contains("Заполните"));
    assert_eq!(
        form::load(&world.host, Section::Provider(MICROSOFT))
            .await
            .unwrap(),
        before
    );
    assert!(
        before.contains(&("client_secret".to_owned(), Entry::Secret(SecretState::Set))),
        "the secret itself is never sent back"
    );
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn a_crash_at_any_point_of_a_refresh_loses_no_account(#[case] kind: ProviderKind) {
    let world = World::with(kind, 0).await;
    world.link().await;
    let mut crashes = 0;
    loop {
        world.advance(2 * 3600);
        world.host.crash_at(crashes);
        let call = world.host.call();
        let outcome = world
            .host
            .run(tokens::access(&call, kind, ACCOUNT, None))
            .await;
        world.host.calm();
        world.host.restart();
        assert!(
            tokens::access(&world.host, kind, ACCOUNT, None)
                .await
                .is_ok(),
            "after a crash at step {crashes}"
        );
        if outcome.is_some() {
            break;
        }
        crashes += 1;
    }
    assert!(crashes > 5, "every step was tried");
}

#[tokio::test]
async fn an_administrator_is_warned_before_people_are_stopped() {
    use email_manager_core::settings::notices::{Severity, notices};
    let world = World::with(MICROSOFT, 1).await;
    let told = |locale| notices(&world.host, Section::Provider(MICROSOFT), locale);
    let text = |text: &str| Entry::Text(text.to_owned());
    let first = told(Locale::English).await.unwrap();
    assert_eq!(first.len(), 2, "no date, no consent: {first:?}");
    assert!(
        first[1]
            .text
            .contains("/organizations/v2.0/adminconsent?client_id=client-id")
    );
    // The fakes' clock stands in October 2026.
    world
        .save(&[
            ("secret_expires", text("2026-10-20")),
            ("admin_consent", Entry::Toggle(true)),
        ])
        .await;
    let soon = told(Locale::English).await.unwrap();
    assert_eq!(soon.len(), 1, "{soon:?}");
    assert!(soon[0].severity == Severity::Warning && soon[0].text.ends_with("2026-10-20"));
    assert!(
        told(Locale::Russian).await.unwrap()[0]
            .text
            .contains("скоро")
    );
    world.advance(60 * 86_400);
    let over = told(Locale::English).await.unwrap();
    assert!(over[0].text.contains("expired"), "{over:?}");
    let bad = world.save(&[("secret_expires", text("31.12.2026"))]).await;
    assert_eq!(bad[0].field, "secret_expires");
}

/// Every field has a label in every language, and what a form loads it can save.
#[tokio::test]
async fn forms_are_whole_in_every_language() {
    let world = World::with(GOOGLE, 1).await;
    for locale in [Locale::English, Locale::Russian, Locale::Chinese] {
        for section in form::describe(locale) {
            let known = Section::from_name(section.name).unwrap();
            let values = form::load(&world.host, known).await.unwrap();
            let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
            for field in &section.fields {
                assert!(!field.label.is_empty(), "{}", field.name);
                assert!(names.contains(&field.name), "{} is not loaded", field.name);
            }
            assert_eq!(names.len(), section.fields.len(), "{}", section.name);
            if known != Section::Provider(MICROSOFT) {
                let problems = form::save(&world.host, known, values, locale).await;
                assert_eq!(problems.unwrap(), []);
            }
        }
    }
}

#[rstest]
#[case(GOOGLE)]
#[case(MICROSOFT)]
#[tokio::test]
async fn linked_again_with_a_date_it_is_that_date_that_counts(#[case] kind: ProviderKind) {
    use email_manager_core::model::{Caller, Event, Slice};
    use email_manager_core::{accounts, store::schema};
    let world = World::with(kind, 3).await;
    schema::define(&world.host).await.unwrap();
    let ada = Caller {
        user: "ada".into(),
        locale: "en".into(),
        ..Caller::default()
    };
    let waiting = world.link_account(&ada, &[]).await;
    assert!(waiting.ends_with("awaiting-start"), "{waiting}");
    let account = accounts::list(&world.host, &ada).await.unwrap().remove(0);
    for (since, expected) in [("5000", Some(5000)), ("1000", Some(1000)), ("all", None)] {
        let linked = world.link_account(&ada, &[("sync-since", since)]).await;
        assert!(linked.ends_with("state=linked"), "{linked}");
        let again = accounts::list(&world.host, &ada).await.unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((&again[0].id, again[0].sync_since), (&account.id, expected));
    }
    // Without a date, what was chosen stays.
    world.link_account(&ada, &[("account", &account.id)]).await;
    let again = accounts::get(&world.host, &ada, &account.id).await.unwrap();
    assert_eq!(again.sync_since, None);
    let slice = Slice {
        limit: 10,
        cursor: None,
    };
    let log = accounts::log(&world.host, &ada, &account.id, slice)
        .await
        .unwrap();
    let told: Vec<Event> = log.items.into_iter().map(|entry| entry.event).collect();
    assert_eq!(told.first(), Some(&Event::Linked { again: true }));
    assert_eq!(told.last(), Some(&Event::Linked { again: false }));
}
