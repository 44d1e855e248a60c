//! Keeping what is here equal to what the provider has.
//!
//! One job per account does all of its work at the provider, so that no two of them race: sending, writing local changes back,
//! saving drafts, following changes, listing old mail, comparing. [`run`] asks [`plan`] what is next, does it, and again until its
//! time is used up. Each step ends in **one atomic batch that holds the rows and the new cursor**, so that a crash anywhere costs
//! at most one step's fetching. Nothing is kept in memory between runs: cursors, pauses and progress are rows.

mod fetch;
mod folders;
mod follow;
mod list;
pub mod pacing;
pub mod plan;
mod prune;
pub(crate) mod push;
pub(crate) mod round;
pub mod status;

use crate::connect::{Connect, Linked};
use crate::model::JobOutcome;
use crate::platform::{Platform, StoreError, Value, Write};
use crate::provider::{Provider, ProviderError};
use crate::store::column::Column;
use crate::store::rows::{Account, Stream};
use crate::store::{accounts, queues, spending, subscriptions, writing};
use plan::{Queues, Situation, Step};

/// A run ends after the step during which this much time has passed, in milliseconds: a job must not hold up what waits.
const RUN_MS: u64 = 3_000;

/// Steps of one run, should the clock not move.
const STEPS: usize = 24;

/// What an administrator set for all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Time between two looks for news, in milliseconds.
    pub interval_ms: u64,
    /// Whether providers are to tell of changes.
    pub push: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interval_ms: 300_000,
            push: false,
        }
    }
}

impl Policy {
    fn situation<'a>(
        self,
        now: u64,
        account: &'a Account,
        streams: &'a [Stream],
        queues: Queues,
    ) -> Situation<'a> {
        Situation {
            now,
            interval_ms: self.interval_ms,
            account,
            streams,
            queues,
        }
    }
}

/// Why a step did not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl From<crate::platform::BlobError> for Fault {
    fn from(error: crate::platform::BlobError) -> Self {
        use crate::platform::BlobError;
        Self::Store(match error {
            BlobError::QuotaExceeded => StoreError::QuotaExceeded,
            BlobError::Unavailable(why) => StoreError::Unavailable(why),
            other => StoreError::Other(other.to_string()),
        })
    }
}

/// What a step works with.
pub(crate) struct Worker<'a, P, V> {
    pub platform: &'a P,
    pub mailbox: &'a V,
    pub account: Account,
    pub streams: Vec<Stream>,
    pub queues: Queues,
    pub policy: Policy,
    /// When the run began.
    pub began: u64,
    /// What a look that finds nothing has to write, which may wait for the end of the round: then all of it is one batch.
    pub held: Vec<Write>,
    /// A page that the last step has begun with for the next one.
    pub ahead: Option<Box<list::Page>>,
}

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    pub(crate) fn now(&self) -> u64 {
        self.platform.now()
    }

    /// Whether the run should end rather than begin something more.
    pub(crate) fn spent(&self) -> bool {
        self.now().saturating_sub(self.began) >= RUN_MS
    }

    /// What a step that went well says about the account.
    pub(crate) fn went_well(&self, stage: &str) -> Vec<Write> {
        let mut changes = vec![
            ("stage", stage.to_owned().write()),
            ("last_check", queues::time(self.now())),
        ];
        if self.account.troubles != 0
            || self.account.wait_until.is_some()
            || self.account.reason.is_some()
        {
            changes.extend([
                ("troubles", 0_i64.write()),
                ("wait_until", Value::Null),
                ("reason", Value::Null),
            ]);
        }
        if self.account.administrator.is_some() {
            changes.push(("administrator", Value::Null));
        }
        let mut writes = vec![accounts::patch(&self.account.id, changes)];
        if self.account.stage != stage
            || self.account.reason.is_some()
            || self.account.administrator.is_some()
        {
            writes.push(accounts::changed(&self.account));
        }
        writes
    }

    /// The same for a look that found nothing and is held: it is over before anybody sees that it began, so the stage stays, and what it says holds
    /// here at once.
    fn hold_well(&mut self) {
        let well = self.went_well(&self.account.stage);
        self.held.extend(well);
        let now = self.now();
        let account = &mut self.account;
        account.last_check = Some(now);
        account.troubles = 0;
        account.wait_until = None;
        account.reason = None;
        account.administrator = None;
    }

    /// Messages that arrived before the start date are not kept.
    pub(crate) fn too_old(&self, received: u64) -> bool {
        self.account.since.is_some_and(|since| received < since)
    }

    /// The stream that a message is followed by, given its folders.
    pub(crate) fn home(&self, folders: &[String]) -> (String, i64) {
        let by_folder = self
            .streams
            .iter()
            .find(|stream| folders.contains(&stream.stream));
        by_folder.or(self.streams.first()).map_or_else(
            || (String::new(), 0),
            |stream| (stream.stream.clone(), stream.round),
        )
    }

    fn situation(&self) -> Situation<'_> {
        self.policy
            .situation(self.now(), &self.account, &self.streams, self.queues)
    }

    /// Whether nobody has asked for anything of the account since it was read. What asks otherwise (letters, changes) makes the job run again.
    async fn is_unasked(&self) -> Result<bool, StoreError> {
        let asked = |account: &Account| {
            let Account {
                poked,
                compare,
                relist,
                ..
            } = *account;
            (poked, compare, relist, account.state.clone())
        };
        let account = accounts::get(self.platform, &self.account.id).await?;
        Ok(account.is_some_and(|account| asked(&account) == asked(&self.account)))
    }

    /// Writes what is held.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.platform.apply(std::mem::take(&mut self.held)).await
    }

    async fn step(&mut self, step: &Step) -> Result<(), Fault> {
        match step {
            Step::Send => crate::compose::outbox::step(self).await,
            Step::WriteBack => crate::actions::writeback::step(self).await,
            Step::SaveDraft => crate::compose::drafts::step(self).await,
            Step::Folders => self.refresh_folders().await,
            Step::Prune => self.prune().await,
            Step::Subscribe => self.subscribe().await,
            Step::Again => self.again().await,
            Step::Begin(stream) => self.begin(stream).await,
            Step::List(stream) => self.list(stream).await,
            Step::Follow(stream) => self.follow(stream).await,
            Step::Sweep(stream) => self.sweep(stream).await,
            Step::Fetch => self.fetch_parked().await,
            Step::Rest(_) | Step::Stop => Ok(()),
        }
    }
}

/// One run of an account's job.
///
/// The account's row says afterwards how it went; the answer says when to run again.
pub async fn run<P: Platform, C: Connect>(
    platform: &P,
    connect: &C,
    policy: Policy,
    account: &str,
) -> JobOutcome {
    match attempt(platform, connect, policy, account).await {
        Ok(outcome) => outcome,
        // Whoever took the work over goes on with it.
        Err(StoreError::Fenced) => JobOutcome::Done,
        Err(error) => JobOutcome::Failed(error.to_string()),
    }
}

async fn attempt<P: Platform, C: Connect>(
    platform: &P,
    connect: &C,
    policy: Policy,
    id: &str,
) -> Result<JobOutcome, StoreError> {
    let began = platform.now();
    let Some(Standing {
        account,
        streams,
        queues,
    }) = look(platform, policy, id).await?
    else {
        return Ok(JobOutcome::Done);
    };
    let mut next = plan::next(&policy.situation(platform.now(), &account, &streams, queues));
    if let Some(until) = next.rests() {
        return rest(platform, &account, until, Vec::new()).await;
    }
    let mailbox = match connect.connect(&Linked::from(&account)).await {
        Ok(mailbox) => mailbox,
        Err(error) => return pacing::pause(platform, &account, error).await,
    };
    let mut worker = Worker {
        platform,
        mailbox: &mailbox,
        account,
        streams,
        queues,
        policy,
        began,
        held: Vec::new(),
        ahead: None,
    };
    for _ in 0..STEPS {
        worker.enter(&next).await?;
        mailbox.patient(next.is_patient());
        let done = worker.step(&next).await;
        if let Some(spent) = mailbox.spent() {
            let provider = &worker.account.provider;
            let writes = spending::put(platform.now(), provider, id, spent);
            if worker.held.is_empty() {
                platform.apply(writes).await?;
            } else {
                worker.held.extend(writes);
            }
        }
        if !worker.held.is_empty() && done.is_ok() && worker.is_unasked().await? {
            // Nothing was found anywhere: where the account stands is known.
            next = plan::next(&worker.situation());
            if let Some(until) = next.rests() {
                return rest(platform, &worker.account, until, worker.held).await;
            }
        }
        worker.flush().await?;
        match done {
            Ok(()) => {}
            Err(Fault::Provider(error)) => {
                return pacing::pause(platform, &worker.account, error).await;
            }
            Err(Fault::Store(error)) => return Err(error),
        }
        let Some(standing) = look(platform, policy, id).await? else {
            return Ok(JobOutcome::Done);
        };
        (worker.account, worker.streams, worker.queues) =
            (standing.account, standing.streams, standing.queues);
        next = plan::next(&worker.situation());
        if let Some(until) = next.rests() {
            return rest(platform, &worker.account, until, Vec::new()).await;
        }
        // What another step does might make it stale.
        if !matches!(next, Step::List(_)) {
            worker.ahead = None;
        }
        // What was fetched ahead has been paid for.
        if worker.spent() && worker.ahead.is_none() {
            break;
        }
    }
    Ok(JobOutcome::AgainAt(platform.now()))
}

/// Where an account stands.
struct Standing {
    account: Account,
    streams: Vec<Stream>,
    queues: Queues,
}

async fn look(
    platform: &impl Platform,
    policy: Policy,
    id: &str,
) -> Result<Option<Standing>, StoreError> {
    let Some(account) = accounts::get(platform, id).await? else {
        return Ok(None);
    };
    let streams = accounts::streams(platform, id).await?;
    let queues = Queues {
        send_at: queues::outgoing_next(platform, id)
            .await?
            .map(|row| row.next_try),
        edits: queues::any_edit(platform, id).await?,
        draft_at: writing::draft_next(platform, id)
            .await?
            .map(|row| row.next_try),
        fetch_at: queues::parked_next(platform, id).await?,
        subscribe_at: match subscriptions::get(platform, id).await? {
            Some(row) if policy.push => Some(row.renew_at),
            // Not wanted any more, or wanted for the first time.
            Some(_) => Some(0),
            None => policy.push.then_some(0),
        },
    };
    Ok(Some(Standing {
        account,
        streams,
        queues,
    }))
}

/// Ends the run, as there is nothing to do until then (none: until somebody asks for something), with what is still to be written.
async fn rest(
    platform: &impl Platform,
    account: &Account,
    until: Option<u64>,
    mut writes: Vec<Write>,
) -> Result<JobOutcome, StoreError> {
    let Some(until) = until else {
        if !writes.is_empty() {
            platform.apply(writes).await?;
        }
        return Ok(JobOutcome::Done);
    };
    let now = platform.now();
    let waits = account.wait_until.is_some_and(|wait| wait > now);
    let mut changes = vec![("next_run", queues::time(until))];
    if account.stage != "idle" && !waits {
        changes.push(("stage", "idle".to_owned().write()));
    }
    // A rest that is no pause means that everything was followed.
    if !waits && account.started && account.last_check > account.last_success {
        changes.push(("last_success", queues::time(now)));
    }
    let ended = if waits {
        Vec::new()
    } else {
        round::end(platform, account).await?
    };
    if account.next_run != Some(until) || changes.len() > 1 || !ended.is_empty() {
        writes.push(accounts::patch(&account.id, changes));
        let told = account.stage != "idle" || !ended.is_empty();
        writes.extend(ended);
        if told {
            writes.push(accounts::changed(account));
        }
    }
    if !writes.is_empty() {
        platform.apply(writes).await?;
    }
    Ok(JobOutcome::AgainAt(until))
}
