//! What happens by the hour happens on the clock: host, plugin and providers share one that stands still until a test turns it, so
//! that five-minute rounds, expired tokens and used-up quotas take no time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use end_to_end::client::{Client, Names};
use end_to_end::consent::Person;
use end_to_end::json::{list, number, text};
use end_to_end::programs::{ADMINISTRATOR, PASSWORD};
use end_to_end::providers::Providers;
use end_to_end::site::{APPLICATION, CALLBACK, Site};
use end_to_end::wait::until;
use host_runtime::config::Config;
use host_runtime::web::{Running, Server};
use provider_sim::{Account, Client as Application, Clock as _, Limits, Provider, Sim, TestClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// The fakes' clock, as the host reads clocks.
struct Shared(TestClock);

impl host_store::Clock for Shared {
    fn now(&self) -> u64 {
        self.0.now()
    }

    fn sleep_until(&self, at: u64) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        self.0.sleep_until(at)
    }
}

/// Everything in this process, on one clock.
struct World {
    clock: TestClock,
    sim: Sim,
    site: Site,
    member: Client,
    host: Running,
    _folder: TempDir,
}

impl World {
    async fn start(messages: u32, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::default();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let listen = SocketAddr::from(([127, 0, 0, 1], port));
        let redirect = format!("http://{listen}{CALLBACK}");
        let addresses = [
            (Provider::Google, "ada@gmail.example"),
            (Provider::Microsoft, "ada@outlook.example"),
        ];
        let mut builder = Sim::builder().clock(clock.clone()).limits(limits);
        for (provider, address) in addresses {
            let profile = provider_sim::corpus::Profile::Small;
            builder = builder.account(
                provider,
                Account::new(address, "Ada")
                    .with_messages(messages)
                    .with_profile(profile),
            );
            builder = builder.client(
                provider,
                Application::web(APPLICATION.0, APPLICATION.1, &redirect),
            );
        }
        let sim = builder.start().await.unwrap();
        let config = Config {
            data_dir: folder.path().join("data"),
            listen,
            admin_email: ADMINISTRATOR.to_owned(),
            admin_password: Some(PASSWORD.to_owned().into()),
            ..Config::default()
        };
        let host = Server::start(config, Arc::new(Shared(clock.clone())))
            .await
            .unwrap();
        let bases = addresses
            .map(|(provider, _)| (provider.name(), Url::parse(sim.base_url(provider)).unwrap()));
        let names = addresses.map(|(provider, address)| (provider.name(), address.to_owned()));
        let site = Site {
            administrator: Client::new(&Url::parse(&format!("http://{listen}")).unwrap())
                .await
                .unwrap(),
            providers: Providers::new(BTreeMap::from(bases), BTreeMap::from(names), &Names::new())
                .unwrap(),
            component: xtask::component::plugin().unwrap(),
        };
        site.set_up().await.unwrap();
        let member = site.member("ann").await.unwrap();
        Self {
            clock,
            sim,
            site,
            member,
            host,
            _folder: folder,
        }
    }

    async fn link(&self, provider: &str) -> String {
        let begun = self
            .member
            .post(
                "/api/mail/accounts",
                json!({ "provider": provider, "sync_since": 0 }),
            )
            .await
            .unwrap()
            .success()
            .unwrap();
        let back = self.member.base().join(CALLBACK).unwrap();
        let person = Person::willing(self.site.providers.address(provider).unwrap());
        let back = person
            .visit(
                self.member.browser(),
                text(&begun, "/authorize_url").unwrap(),
                back.as_str(),
            )
            .await
            .unwrap();
        self.member
            .browser()
            .get(back)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
        let accounts = self
            .member
            .get("/api/mail/accounts")
            .await
            .unwrap()
            .success()
            .unwrap();
        let account = list(&accounts, "/items")
            .unwrap()
            .iter()
            .find(|account| account["provider"] == provider)
            .cloned()
            .unwrap();
        text(&account, "/id").unwrap().to_owned()
    }

    async fn account(&self, id: &str) -> Value {
        self.member
            .get(&format!("/api/mail/accounts/{id}"))
            .await
            .unwrap()
            .success()
            .unwrap()
    }

    async fn settles(&self, id: &str, wanted: &str) -> Value {
        until(wanted, PATIENCE, || async {
            let account = self.account(id).await;
            Ok(if account["status"]["condition"] == wanted {
                Ok(account)
            } else {
                Err(account.to_string())
            })
        })
        .await
        .unwrap()
    }

    /// Waits until no round is under way; answers when the next one is due. The mail of a round is there before the round has ended,
    /// and a clock that is turned meanwhile would make it seem to have looked later than it did.
    async fn rests(&self, id: &str) -> (Value, u64) {
        until("the end of the round", PATIENCE, || async {
            let account = self.account(id).await;
            Ok(match number(&account, "/status/next_run") {
                Ok(next) if next > self.clock.now() && account["status"]["stage"] == "idle" => {
                    Ok((account, next))
                }
                _ => Err(account.to_string()),
            })
        })
        .await
        .unwrap()
    }

    async fn listed(&self, id: &str, subject: &str) {
        until(subject, PATIENCE, || async {
            let page = self
                .member
                .get(&format!("/api/mail/threads?account={id}&limit=5"))
                .await?
                .success()?;
            let there = list(&page, "/items")?
                .iter()
                .any(|thread| thread["subject"] == subject);
            Ok(if there {
                Ok(())
            } else {
                Err(self.account(id).await.to_string())
            })
        })
        .await
        .unwrap();
    }

    async fn deliver(&self, provider: &str, subject: &str) {
        let mail = format!(
            "Message-ID: <{subject}@x.example>\r\nFrom: a@x.example\r\nSubject: {subject}\r\n\r\nHello.\r\n"
        );
        self.site.providers.deliver(provider, &mail).await.unwrap();
    }

    async fn stop(self) {
        self.host.shutdown().await;
        drop(self.sim);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_looked_for_every_five_minutes_and_tokens_are_refreshed_by_the_hour() {
    let world = World::start(30, Limits::default()).await;
    for provider in ["google", "microsoft"] {
        let id = world.link(provider).await;
        world.settles(&id, "up-to-date").await;
        let (account, next) = world.rests(&id).await;
        assert!(
            next > world.clock.now() && next <= world.clock.now() + 5 * 60_000,
            "the next round is within five minutes: {account}"
        );
        world.deliver(provider, "five-minutes").await;
        world.clock.advance(5 * MINUTE);
        world.listed(&id, "five-minutes").await;
        world.rests(&id).await;

        let before = refreshes(&world, provider).await;
        world.deliver(provider, "two-hours").await;
        world.clock.advance(120 * MINUTE);
        world.listed(&id, "two-hours").await;
        assert_eq!(
            refreshes(&world, provider).await,
            before + 1,
            "the expired access token was refreshed once"
        );
    }
    world.stop().await;
}

/// How often the token endpoint was asked.
async fn refreshes(world: &World, provider: &str) -> u64 {
    let asked = world.site.providers.asked(provider).await.unwrap();
    asked
        .iter()
        .filter(|(route, _)| route.starts_with("POST") && route.ends_with("/token"))
        .map(|(_, count)| count)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_quota_is_waited_for_and_nothing_is_lost() {
    let world = World::start(
        400,
        Limits {
            google_units_per_minute: Some(3_000),
            ..Limits::default()
        },
    )
    .await;
    let id = world.link("google").await;
    let account = world.settles(&id, "waiting").await;
    let wait = number(&account, "/status/until").unwrap();
    assert!(
        wait > world.clock.now() && wait <= world.clock.now() + 10 * 60_000,
        "not before the quota is back, and not for ever: {account}"
    );
    let reason = account["status"]["reason"]
        .as_str()
        .or(account["status"]["detail"].as_str())
        .unwrap_or_default();
    assert!(!reason.is_empty(), "a person is told why: {account}");
    let readable = world
        .member
        .get(&format!("/api/mail/threads?account={id}"))
        .await
        .unwrap()
        .success()
        .unwrap();
    assert!(
        !list(&readable, "/items").unwrap().is_empty(),
        "what is here can be read meanwhile"
    );

    let expected = world
        .site
        .providers
        .mailbox("google")
        .await
        .unwrap()
        .messages
        .len() as u64;
    until("the rest of the mailbox", PATIENCE, || async {
        let account = world.account(&id).await;
        if account["status"]["condition"] == "up-to-date"
            && number(&account, "/status/local_count")? == expected
        {
            return Ok(Ok(()));
        }
        if account["status"]["condition"] == "waiting" {
            world.clock.advance(MINUTE);
        }
        Ok(Err(account.to_string()))
    })
    .await
    .unwrap();
    world.stop().await;
}
