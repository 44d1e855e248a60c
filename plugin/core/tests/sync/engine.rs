//! A linked mailbox and its worker.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use email_manager_core::connect::Mailboxes;
use email_manager_core::model::{
    Account, Caller, Condition, Filter, JobOutcome, JobRun, Role, Slice,
};
use email_manager_core::settings::ProviderKind;
use email_manager_core::settings::form::Entry;
use email_manager_core::testing::{Memory, Outcome};
use email_manager_core::{accounts, ids, jobs, lifecycle, mailbox};
use provider_sim::{Limits, MailboxState};

use crate::support::{World, side};

/// One message as a person sees it: unread, starred, its folders.
pub(crate) type Seen = (bool, bool, BTreeSet<String>);

pub(crate) struct Engine {
    pub(crate) world: World,
    pub(crate) me: Caller,
    pub(crate) account: String,
    /// The mailbox's at the provider.
    pub(crate) address: String,
}

impl Engine {
    /// Ada's mailbox of that many messages, linked and to be synchronised from its beginning; nothing was asked yet.
    pub(crate) async fn linked(kind: ProviderKind, messages: u32, limits: Limits) -> Self {
        let world = World::with(kind, messages).await;
        Self::of(world, &[], limits).await
    }

    /// A mailbox that Ada links with these options.
    pub(crate) async fn of(world: World, options: &[(&str, &str)], limits: Limits) -> Self {
        world.sim.set_limits(Limits::none());
        lifecycle::enable(&world.host).await.unwrap();
        world.save(&[("allow_delete", Entry::Toggle(true))]).await;
        let me = Caller {
            user: "ada".to_owned(),
            locale: "en".to_owned(),
            ..Caller::default()
        };
        let options = [&[("sync-since", "all")], options].concat();
        world.link_account(&me, &options).await;
        let account = accounts::list(&world.host, &me).await.unwrap().remove(0);
        world.sim.set_limits(limits);
        Self {
            world,
            me,
            account: account.id,
            address: account.email,
        }
    }

    pub(crate) fn host(&self) -> &Memory {
        &self.world.host
    }

    /// Requests that the providers got so far.
    pub(crate) fn requests(&self) -> u64 {
        let counts = self.world.sim.log().counts();
        counts.iter().map(|count| count.count).sum()
    }

    pub(crate) fn now(&self) -> u64 {
        use email_manager_core::platform::Clock as _;
        self.world.host.now()
    }

    pub(crate) async fn account(&self) -> Account {
        accounts::get(self.host(), &self.me, &self.account)
            .await
            .unwrap()
    }

    /// Runs the due job, if there is one; false: there is none, or the host died.
    pub(crate) async fn turn(&self) -> bool {
        let Some((lease, call)) = self.host().take_job() else {
            return false;
        };
        let job = JobRun {
            kind: lease.job.kind.clone(),
            key: lease.job.key.clone(),
            payload: Vec::new(),
            attempt: lease.attempt,
        };
        let connect = Mailboxes::new(&call);
        let outcome = match self.host().run(jobs::run(&call, &connect, &job)).await {
            Some(JobOutcome::Done) => Outcome::Done,
            Some(JobOutcome::AgainAt(at)) => Outcome::AgainAt(at),
            Some(JobOutcome::Failed(why)) => Outcome::Failed(why),
            None => {
                self.host().restart();
                return false;
            }
        };
        self.host().finish(&lease, outcome);
        true
    }

    /// Works, and lets time pass to the next thing to do, until `enough`.
    pub(crate) async fn until(&self, enough: impl AsyncFn(&Self) -> bool) {
        for _ in 0..5_000 {
            if enough(self).await {
                return;
            }
            if self.turn().await {
                continue;
            }
            let now = self.now();
            // A crashed run is taken up when its lease has lapsed.
            let next = self.host().next_job_at().unwrap_or(now + 60_000);
            let wait = next.saturating_sub(now).clamp(1, 60_000);
            self.world.clock.advance(Duration::from_millis(wait));
        }
        panic!("it never comes to that: {:?}", self.account().await);
    }

    /// Until everything that happened so far is here, and everything that was asked for was done.
    pub(crate) async fn settle(&self) {
        self.host().calm();
        let begun = self.now();
        self.until(async |engine| {
            let account = engine.account().await;
            account.status.condition == Condition::UpToDate
                && account.status.parked == 0
                && account.status.last_success.is_some_and(|at| at >= begun)
        })
        .await;
    }

    /// Looks for news until there are none.
    pub(crate) async fn sync(&self) {
        self.world.clock.advance(Duration::from_secs(1));
        accounts::sync_now(self.host(), &self.me, &self.account)
            .await
            .unwrap();
        self.settle().await;
    }

    /// What a person sees.
    pub(crate) async fn here(&self) -> BTreeMap<String, Seen> {
        let folders = mailbox::list_folders(self.host(), &self.me, Some(&self.account))
            .await
            .unwrap();
        let own = |role: Role| matches!(role, Role::Starred | Role::All);
        let own: BTreeSet<String> = folders
            .into_iter()
            .filter(|folder| own(folder.role))
            .map(|folder| folder.id)
            .collect();
        let everywhere = Filter {
            folders: self.containers().await,
            ..Filter::default()
        };
        let mut seen = BTreeMap::new();
        let mut cursor = None;
        loop {
            let slice = Slice { limit: 200, cursor };
            let page = mailbox::list_threads(self.host(), &self.me, &everywhere, slice)
                .await
                .unwrap();
            for thread in page.items {
                for message in mailbox::thread(self.host(), &self.me, &thread.id)
                    .await
                    .unwrap()
                {
                    let folders = message.folders.into_iter().filter(|id| !own.contains(id));
                    let state = (
                        message.marks.unread,
                        message.marks.starred,
                        folders.collect(),
                    );
                    seen.insert(message.id, state);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return seen;
            }
        }
    }

    /// All folders, so that a list of them lists everything.
    async fn containers(&self) -> Vec<String> {
        let folders = mailbox::list_folders(self.host(), &self.me, Some(&self.account))
            .await
            .unwrap();
        folders.into_iter().map(|folder| folder.id).collect()
    }

    /// The same of the provider's mailbox.
    pub(crate) fn there(&self) -> BTreeMap<String, Seen> {
        let provider = self.world.sim.backend(side(self.world.kind));
        let MailboxState { messages, .. } = provider.mailbox(&self.address).unwrap();
        // States, and tabs, which are no containers here.
        let state =
            |name: &str| matches!(name, "UNREAD" | "STARRED") || name.starts_with("CATEGORY_");
        messages
            .into_iter()
            .map(|message| {
                let categories = message
                    .categories
                    .iter()
                    .map(|name| format!("category:{name}"));
                let folders = message.folders.iter().filter(|id| !state(id)).cloned();
                let folders = folders.chain(categories);
                let folders = folders.map(|id| ids::folder(&self.account, &id)).collect();
                let seen = (!message.read, message.starred, folders);
                (ids::message(&self.account, &message.id), seen)
            })
            .collect()
    }

    /// What is here is what is there.
    pub(crate) async fn check(&self) {
        let (here, there) = (self.here().await, self.there());
        let here: BTreeSet<_> = here.into_iter().collect();
        let there: BTreeSet<_> = there.into_iter().collect();
        let only_here: Vec<_> = here.difference(&there).collect();
        let only_there: Vec<_> = there.difference(&here).collect();
        assert!(
            only_here.is_empty() && only_there.is_empty(),
            "only here: {only_here:#?}\nonly there: {only_there:#?}"
        );
    }
}
