//! A mailbox that is shared with a person is an account like their own, below another root: linked by its address, followed, changed and sent
//! from there, and closed when the right to it is taken.

use std::collections::BTreeSet;

use email_manager_core::model::{
    Action, Address, Caller, Condition, Draft, Error, Outgoing, SendState, Sendable, Slice, Subject,
};
use email_manager_core::settings::form::{self, Entry};
use email_manager_core::settings::texts::Locale;
use email_manager_core::settings::{ProviderKind, Section};
use email_manager_core::{accounts, actions, compose};
use provider_sim::{Account, Deliver, Limits};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::support::{GOOGLE, MICROSOFT, OWNER, World, side};

const TEAM: &str = "team@example.com";
const SALES: &str = "sales@example.com";
/// Not shared with Ada.
const BOARD: &str = "board@example.com";

/// Ada's own mailbox, two that are shared with her and one that is not.
async fn office(kind: ProviderKind, messages: u32) -> World {
    let filled = |account: Account| account.with_messages(messages);
    World::among(
        kind,
        [
            filled(Account::new(OWNER, "Ada Lovelace")),
            filled(Account::shared(TEAM, "The team", &[OWNER])),
            filled(Account::shared(SALES, "Sales", &[OWNER])),
            Account::shared(BOARD, "The board", &["bob@example.com"]),
        ],
    )
    .await
}

/// The team's mailbox, linked by Ada.
async fn team(messages: u32) -> Engine {
    let world = office(MICROSOFT, messages).await;
    Engine::of(world, &[("mailbox", TEAM)], Limits::default()).await
}

impl Engine {
    /// What an administrator of the organisation does.
    fn permit(&self, rights: &Value) {
        let mut body = json!({"address": self.address, "person": OWNER});
        let fields = body.as_object_mut().unwrap();
        fields.extend(rights.as_object().unwrap().clone());
        let microsoft = self.world.sim.backend(side(MICROSOFT));
        microsoft.control("permit", body).unwrap();
    }

    fn deliver(&self, subject: &str) {
        let letter = format!(
            "From: bob@example.org\r\nTo: {}\r\nSubject: {subject}\r\n\r\nHello\r\n",
            self.address
        );
        let provider = self.world.sim.backend(side(MICROSOFT));
        provider
            .deliver(&self.address, &Deliver::new(letter))
            .unwrap();
    }

    /// Another account of the same person.
    async fn turn_to(&mut self, address: &str) {
        let accounts = accounts::list(self.host(), &self.me).await.unwrap();
        let found = accounts.into_iter().find(|known| known.email == address);
        self.account = found.unwrap().id;
        self.address = address.to_owned();
    }

    /// Sends a letter to Bob from this account, and waits for what becomes of it.
    async fn send(&self, subject: &str) -> Outgoing {
        let draft = Draft {
            account: self.account.clone(),
            to: vec![Address {
                name: String::new(),
                email: "bob@example.com".to_owned(),
            }],
            subject: subject.to_owned(),
            text: Some("Hello".to_owned()),
            ..Draft::default()
        };
        let fresh = Sendable::Fresh(draft);
        let sent = compose::send(self.host(), &self.me, subject, fresh, None).await;
        let id = sent.unwrap().id;
        let outgoing = async || {
            let slice = Slice {
                limit: 10,
                cursor: None,
            };
            let outbox = compose::outbox(self.host(), &self.me, slice).await.unwrap();
            outbox.items.into_iter().find(|row| row.id == id).unwrap()
        };
        let settled = |state| matches!(state, SendState::Sent | SendState::Failed);
        self.until(async |_| settled(outgoing().await.state)).await;
        outgoing().await
    }

    /// Templates of what was asked of Graph, parts of batches included.
    fn asked(&self) -> BTreeSet<String> {
        let counts = self.world.sim.log().counts().into_iter();
        let routes = counts.map(|count| count.route);
        routes.filter(|route| route.starts_with("/v1.0/")).collect()
    }
}

#[tokio::test]
async fn it_is_read_changed_and_followed_below_its_own_address() {
    let engine = team(60).await;
    engine.settle().await;
    engine.check().await;
    let account = engine.account().await;
    assert_eq!(account.email, TEAM);
    assert_eq!(account.aliases, [TEAM]);
    assert_eq!(account.missing_features, [] as [String; 0]);

    let seen: Vec<String> = engine.here().await.into_keys().take(30).collect();
    for action in [Action::Star, Action::MarkUnread] {
        let subject = Subject::Messages(seen.clone());
        actions::apply(engine.host(), &engine.me, subject, action)
            .await
            .unwrap();
    }
    let trash = Subject::Messages(seen[..5].to_vec());
    actions::apply(engine.host(), &engine.me, trash, Action::Trash)
        .await
        .unwrap();
    engine.deliver("News for the team");
    // Longer than an access token lives.
    engine.world.advance(2 * 3600);
    engine.sync().await;
    engine.check().await;
    let there = engine.there();
    assert!(seen.iter().all(|id| there[id].1), "starred there, too");

    let asked = engine.asked();
    let elsewhere: Vec<_> = asked
        .iter()
        .filter(|route| !route.starts_with("/v1.0/users/{user}/") && *route != "/v1.0/$batch")
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[tokio::test]
async fn consent_asks_for_shared_mailboxes_and_nothing_else() {
    let world = office(MICROSOFT, 0).await;
    let me = Caller {
        user: "ada".to_owned(),
        ..Caller::default()
    };
    let scopes = async |mailbox: &str| {
        let options = vec![("mailbox".to_owned(), mailbox.to_owned())];
        let begun = accounts::begin(
            &world.host,
            &me,
            "microsoft",
            options,
            "http://localhost/back",
            "s",
        );
        let url = url::Url::parse(&begun.await.unwrap().authorize_url).unwrap();
        let (_, scopes) = url.query_pairs().find(|(name, _)| name == "scope").unwrap();
        scopes
            .split(' ')
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let of = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        scopes(TEAM).await,
        of("openid email profile offline_access Mail.ReadWrite.Shared Mail.Send.Shared")
    );
    assert_eq!(
        scopes(" ").await,
        of("openid email profile offline_access User.Read Mail.ReadWrite Mail.Send")
    );
    world
        .save(&[("access", Entry::Text("read".to_owned()))])
        .await;
    assert_eq!(
        scopes(TEAM).await,
        of("openid email profile offline_access Mail.Read.Shared")
    );
}

#[tokio::test]
async fn what_is_sent_goes_out_as_the_mailbox_and_is_filed_there() {
    let engine = team(5).await;
    engine.settle().await;
    let sent = engine.send("From all of us").await;
    assert_eq!(sent.state, SendState::Sent, "{sent:?}");
    let out = engine.world.sim.backend(side(MICROSOFT)).sent();
    let raw = String::from_utf8_lossy(&out[0].raw).into_owned();
    assert_eq!((out.len(), out[0].from.as_str()), (1, TEAM));
    assert!(!raw.contains("Ada") && !raw.contains(OWNER), "{raw}");
    engine.world.advance(120);
    engine.sync().await;
    engine.check().await;
}

#[tokio::test]
async fn without_the_right_to_send_as_it_a_person_is_told_what_to_ask_for() {
    let engine = team(5).await;
    engine.settle().await;
    engine.permit(&json!({"send_as": false}));
    let refused = engine.send("From all of us").await;
    assert_eq!(refused.state, SendState::Failed, "{refused:?}");
    let reason = refused.reason.unwrap();
    assert!(reason.contains("\"Send as\""), "{reason}");
    assert!(engine.world.sim.backend(side(MICROSOFT)).sent().is_empty());
    // Reading goes on.
    engine.deliver("Still here");
    engine.sync().await;
    engine.check().await;
}

#[tokio::test]
async fn a_mailbox_that_is_not_open_to_the_person_is_not_linked() {
    let world = office(MICROSOFT, 0).await;
    let me = |locale: &str| Caller {
        user: "ada".to_owned(),
        locale: locale.to_owned(),
        ..Caller::default()
    };
    let refused = async |mailbox: &str, locale: &str| {
        let options = [("mailbox", mailbox)];
        match world.try_link(&me(locale), &options).await {
            Err(Error::Invalid(field, text)) if field == "mailbox" => text,
            other => panic!("{other:?}"),
        }
    };
    for closed in [BOARD, "nobody@example.com"] {
        let text = refused(closed, "en").await;
        assert!(text.contains(closed), "{text}");
        assert!(text.contains("administrator"), "{text}");
        assert!(text.contains("full access"), "{text}");
    }
    assert!(refused(BOARD, "ru").await.contains("полный доступ"));
    assert!(refused("the team", "en").await.contains("team@example.com"));
    assert!(refused(OWNER, "en").await.contains("your own mailbox"));
    let linked = accounts::list(&world.host, &me("en")).await.unwrap();
    assert_eq!(linked, []);

    // Nor one of a domain that the host's administrator does not allow.
    let domains = vec![(
        "allowed_domains".to_owned(),
        Entry::Text("example.com".to_owned()),
    )];
    form::save(&world.host, Section::Sync, domains, Locale::English)
        .await
        .unwrap();
    let elsewhere = [("mailbox", "team@example.org")];
    let outcome = world.try_link(&me("en"), &elsewhere).await;
    assert!(
        matches!(&outcome, Err(Error::Invalid(field, text)) if field == "address" && text.contains("team@example.org")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn only_microsoft_has_shared_mailboxes() {
    let world = World::with(GOOGLE, 0).await;
    let me = Caller {
        user: "ada".to_owned(),
        ..Caller::default()
    };
    let outcome = world.try_link(&me, &[("mailbox", TEAM)]).await;
    assert!(
        matches!(&outcome, Err(Error::Invalid(field, _)) if field == "mailbox"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn access_that_is_taken_stops_the_account_with_advice_and_its_return_is_found() {
    let engine = team(20).await;
    engine.settle().await;
    let before = engine.here().await;
    engine.permit(&json!({"full_access": false}));
    engine.deliver("Behind a closed door");
    engine
        .until(async |engine| {
            let condition = engine.account().await.status.condition;
            matches!(condition, Condition::Administrator(what) if what.contains(TEAM) && what.contains("full access"))
        })
        .await;
    let closed = engine.now();
    engine
        .until(async |engine| engine.now() >= closed + 3_600_000)
        .await;
    let asked = engine.world.sim.log().entries();
    let refused = asked.iter().filter(|one| one.at > closed && !one.part);
    let refused = refused.filter(|one| one.path.starts_with("/v1.0/")).count();
    assert!(
        refused <= 5,
        "{refused} requests within an hour for nothing"
    );
    assert_eq!(engine.here().await, before, "what was fetched stays");

    engine.permit(&json!({"full_access": true}));
    engine.settle().await;
    engine.check().await;
}

/// Graph tells of a person's own mailbox only.
#[tokio::test]
async fn with_push_it_is_looked_at_in_the_interval_and_no_subscription_asked_for() {
    let engine = team(5).await;
    let on = vec![("push".to_owned(), Entry::Toggle(true))];
    form::save(engine.host(), Section::Sync, on, Locale::English)
        .await
        .unwrap();
    engine.settle().await;
    engine.deliver("Unannounced");
    engine.world.advance(600);
    engine.settle().await;
    engine.check().await;
    let asked = engine.asked();
    assert!(!asked.contains("/v1.0/subscriptions"), "{asked:?}");
}

#[tokio::test]
async fn a_persons_own_mailbox_and_several_shared_ones_stand_beside_each_other() {
    let world = office(MICROSOFT, 12).await;
    let mut engine = Engine::of(world, &[], Limits::none()).await;
    for mailbox in [TEAM, SALES, "  Team@Example.com "] {
        let options = [("sync-since", "all"), ("mailbox", mailbox)];
        engine.world.link_account(&engine.me, &options).await;
    }
    let linked = accounts::list(engine.host(), &engine.me).await.unwrap();
    let addresses: BTreeSet<&str> = linked.iter().map(|known| known.email.as_str()).collect();
    assert_eq!(linked.len(), 3, "the same mailbox is one account");
    assert_eq!(addresses, BTreeSet::from([OWNER, SALES, TEAM]));
    for address in [OWNER, TEAM, SALES] {
        engine.turn_to(address).await;
        engine.settle().await;
        engine.check().await;
    }

    engine.turn_to(TEAM).await;
    accounts::unlink(engine.host(), &engine.me, &engine.account, false)
        .await
        .unwrap();
    engine.world.advance(2 * 3600);
    for address in [OWNER, SALES] {
        engine.turn_to(address).await;
        engine.deliver("Goes on");
        engine.sync().await;
        engine.check().await;
    }
}

#[tokio::test]
async fn it_is_connected_again_by_the_person_and_not_by_its_own_address() {
    let engine = team(5).await;
    engine.settle().await;
    engine
        .world
        .sim
        .backend(side(MICROSOFT))
        .revoke_grants(None);
    engine.world.advance(2 * 3600);
    engine
        .until(async |engine| {
            let condition = engine.account().await.status.condition;
            matches!(condition, Condition::Reconnect(_))
        })
        .await;
    let again = vec![("account".to_owned(), engine.account.clone())];
    let begun = accounts::begin(
        engine.host(),
        &engine.me,
        "microsoft",
        again,
        "http://localhost/back",
        "s",
    );
    let url = begun.await.unwrap().authorize_url;
    assert!(
        !url.contains("login_hint") && url.contains("Mail.Send.Shared"),
        "{url}"
    );
    let again = [("account", engine.account.as_str())];
    engine.world.link_account(&engine.me, &again).await;
    engine.deliver("Welcome back");
    engine.settle().await;
    engine.check().await;
    assert_eq!(engine.account().await.email, TEAM);
}
