//! A host, a mailbox and an account, and what must hold whenever they rest.

use std::collections::{BTreeMap, BTreeSet};

use super::double::{Double, Mail, State};
use crate::jobs;
use crate::model::{AccountChange, Caller, Condition, Filter, JobOutcome, JobRun, Slice};
use crate::settings::form::{self, Entry, SecretState};
use crate::settings::texts::Locale;
use crate::settings::{ProviderKind, Secret, Section};
use crate::store::commit::real;
use crate::store::{accounts as account_rows, query, queues, rows, schema};
use crate::testing::{Memory, Outcome, TestClock};
use crate::{accounts, ids, mailbox};

pub const NOW: u64 = 1_790_000_000_000;
pub const HOUR: u64 = 3_600_000;

pub struct World {
    pub clock: TestClock,
    pub host: Memory,
    pub double: Double,
    pub me: Caller,
    pub account: String,
}

pub fn caller(user: &str) -> Caller {
    Caller {
        user: user.into(),
        locale: "en".into(),
        ..Caller::default()
    }
}

pub fn letter(number: u64, thread: &str) -> Mail {
    Mail {
        thread: thread.into(),
        folders: BTreeSet::from(["INBOX".to_owned()]),
        received: NOW - 1_000_000 + number * 1_000,
        subject: format!("Letter {number}"),
        text: format!("Dear reader, this is letter number {number}."),
        ..Mail::default()
    }
}

impl World {
    pub async fn new(exclusive: bool) -> Self {
        let clock = TestClock::at(NOW);
        let host = Memory::new(&clock);
        schema::define(&host).await.unwrap();
        host.define_settings().await;
        host.allow_everything().await;
        let time = clock.clone();
        let double = Double::new(exclusive, move || time.now());
        let account = rows::Account {
            identity: "sub".into(),
            email: "me@example.com".into(),
            display_name: "Me".into(),
            started: true,
            ..rows::Account::fresh("acc".into(), "me", "google", NOW)
        };
        let mut writes: Vec<_> = account_rows::put(account).into_iter().collect();
        writes.push(queues::wake("acc", None, crate::platform::Priority::Normal));
        crate::platform::Store::apply(&host, writes).await.unwrap();
        Self {
            clock,
            host,
            double,
            me: caller("me"),
            account: "acc".into(),
        }
    }

    /// Leaves out exactly these of the provider's folders.
    pub async fn leave_out(&self, remotes: &[&str]) {
        let left_out = remotes.iter().map(|remote| self.folder(remote)).collect();
        let change = AccountChange {
            left_out: Some(left_out),
            ..AccountChange::default()
        };
        accounts::change(&self.host, &self.me, &self.account, change)
            .await
            .unwrap();
    }

    pub fn provider<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.double.0.borrow_mut())
    }

    pub fn folder(&self, remote: &str) -> String {
        ids::folder(&self.account, remote)
    }

    pub fn message(&self, remote: &str) -> String {
        ids::message(&self.account, remote)
    }

    /// Runs the due job, if there is one; false: there is none, or the host died.
    pub async fn turn(&self) -> bool {
        let Some((lease, call)) = self.host.take_job() else {
            return false;
        };
        let job = JobRun {
            kind: lease.job.kind.clone(),
            key: lease.job.key.clone(),
            payload: Vec::new(),
            attempt: lease.attempt,
        };
        match self.host.run(jobs::run(&call, &self.double, &job)).await {
            Some(JobOutcome::Done) => self.host.finish(&lease, Outcome::Done),
            Some(JobOutcome::AgainAt(at)) => self.host.finish(&lease, Outcome::AgainAt(at)),
            Some(JobOutcome::Failed(why)) => self.host.finish(&lease, Outcome::Failed(why)),
            None => {
                self.host.restart();
                return false;
            }
        }
        true
    }

    /// Runs until nothing is due, then lets time pass until nothing is left to be done at all.
    pub async fn settle(&self) {
        self.host.calm();
        for _ in 0..60 {
            for _ in 0..200 {
                if !self.turn().await {
                    break;
                }
            }
            let account = account_rows::get(&self.host, &self.account).await.unwrap();
            let Some(account) = account else { return };
            let status = crate::sync::status::status(&self.host, &account, Locale::English)
                .await
                .unwrap();
            let busy = queues::any_edit(&self.host, &self.account).await.unwrap()
                || queues::outgoing_next(&self.host, &self.account)
                    .await
                    .unwrap()
                    .is_some()
                || queues::parked_next(&self.host, &self.account)
                    .await
                    .unwrap()
                    .is_some_and(|at| at < self.clock.now() + HOUR);
            if status.condition == Condition::UpToDate && !busy {
                return;
            }
            self.clock.advance(61_000);
        }
        let account = account_rows::get(&self.host, &self.account).await.unwrap();
        panic!("it never settles: {account:?}");
    }

    pub async fn sync(&self) {
        self.clock.advance(1_000);
        accounts::sync_now(&self.host, &self.me, &self.account)
            .await
            .unwrap();
        self.settle().await;
    }

    pub async fn all<R: crate::store::column::Row>(&self) -> Vec<R> {
        query::all(&self.host, Vec::new(), None).await.unwrap()
    }

    /// Everything that is computed agrees with what it is computed from.
    pub async fn check_derived(&self) {
        let messages: Vec<rows::Light> = self.all().await;
        let mut totals: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for message in &messages {
            for folder in &message.folders.0 {
                let (total, unread) = totals.entry(folder.clone()).or_default();
                *total += 1;
                *unread += i64::from(message.unread);
            }
        }
        for folder in self.all::<rows::Folder>().await {
            let (total, unread) = totals.remove(&folder.id).unwrap_or_default();
            assert_eq!(
                (folder.total.unwrap_or(0), folder.unread.unwrap_or(0)),
                (total, unread),
                "counters of {:?}",
                folder.name
            );
        }
        let account = account_rows::get(&self.host, &self.account)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(account.local_count, i64::try_from(messages.len()).unwrap());

        let threads: Vec<rows::Thread> = self.all().await;
        let mut places = BTreeSet::new();
        let mut by_thread: BTreeMap<&str, Vec<&rows::Light>> = BTreeMap::new();
        for message in &messages {
            by_thread.entry(&message.thread).or_default().push(message);
        }
        assert_eq!(threads.len(), by_thread.len());
        for thread in &threads {
            let members = &by_thread[thread.id.as_str()];
            assert_eq!(thread.messages, i64::try_from(members.len()).unwrap());
            assert_eq!(thread.unread, members.iter().any(|message| message.unread));
            assert_eq!(
                thread.starred,
                members.iter().any(|message| message.starred)
            );
            for folder in &thread.folders.0 {
                places.insert((
                    folder.clone(),
                    thread.id.clone(),
                    thread.latest,
                    thread.unread,
                ));
            }
        }
        let listed: BTreeSet<_> = self
            .all::<rows::Listing>()
            .await
            .into_iter()
            .map(|listing| {
                (
                    listing.folder,
                    listing.thread,
                    listing.latest,
                    listing.unread,
                )
            })
            .collect();
        assert_eq!(listed, places);
        let bodies: Vec<rows::Hit> = self.all().await;
        assert_eq!(bodies.len(), messages.len());
    }

    /// What is here is what is there, once each, left out folders aside.
    pub async fn check_same(&self) {
        self.check_derived().await;
        let account = account_rows::get(&self.host, &self.account)
            .await
            .unwrap()
            .unwrap();
        let left_out = account.left_out();
        let drops = |mail: &Mail| {
            !mail.folders.is_empty() && mail.folders.iter().all(|folder| left_out.contains(folder))
        };
        let here: BTreeMap<String, (bool, bool, BTreeSet<String>)> = self
            .all::<rows::Light>()
            .await
            .into_iter()
            .map(|light| {
                let folders = real(&light.folders.0, &self.account).into_iter().collect();
                (light.remote, (light.unread, light.starred, folders))
            })
            .collect();
        let there: BTreeMap<String, (bool, bool, BTreeSet<String>)> = self
            .provider(|state| state.mail.clone())
            .into_iter()
            .filter(|(_, mail)| !drops(mail))
            .map(|(id, mail)| {
                (
                    id,
                    (
                        !mail.read,
                        mail.starred,
                        mail.folders
                            .iter()
                            .map(|folder| self.folder(folder))
                            .collect(),
                    ),
                )
            })
            .collect();
        assert_eq!(here, there);
    }

    pub async fn threads(
        &self,
        filter: Filter,
        limit: u32,
        cursor: Option<String>,
    ) -> crate::model::Items<crate::model::ThreadSummary> {
        mailbox::list_threads(&self.host, &self.me, &filter, Slice { limit, cursor })
            .await
            .unwrap()
    }
}

impl Memory {
    /// What an administrator has to switch on.
    async fn allow_everything(&self) {
        let values = vec![
            ("client_id".to_owned(), Entry::Text("id".into())),
            (
                "client_secret".to_owned(),
                Entry::Secret(SecretState::Replace(Secret("secret".into()))),
            ),
            ("allow_delete".to_owned(), Entry::Toggle(true)),
        ];
        let section = Section::Provider(ProviderKind::Google);
        let problems = form::save(self, section, values, Locale::English).await;
        assert_eq!(problems.unwrap(), []);
    }

    async fn define_settings(&self) {
        crate::platform::Store::define(self, &crate::settings::collection())
            .await
            .unwrap();
    }
}
