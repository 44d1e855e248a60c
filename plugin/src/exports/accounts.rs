//! Accounts.

use email_manager_core::{accounts, model};

use super::{caller, error, mail, mailboxes, run};
use crate::Plugin;
use crate::bindings::exports::platform::mail::accounts as exported;
use crate::host::Host;

fn account(account: model::Account) -> exported::Account {
    let status = account.status;
    let condition = match status.condition {
        model::Condition::AwaitingStart => exported::Condition::AwaitingStart,
        model::Condition::Syncing => exported::Condition::Syncing,
        model::Condition::UpToDate => exported::Condition::UpToDate,
        model::Condition::Waiting(until) => exported::Condition::Waiting(until),
        model::Condition::Reconnect(why) => exported::Condition::Reconnect(why),
        model::Condition::Administrator(what) => exported::Condition::Administrator(what),
    };
    let stage = match status.stage {
        model::Stage::Idle => exported::Stage::Idle,
        model::Stage::Backfill => exported::Stage::Backfill,
        model::Stage::Increment => exported::Stage::Increment,
        model::Stage::Reconcile => exported::Stage::Reconcile,
    };
    exported::Account {
        id: account.id,
        provider: account.provider,
        email: account.email,
        display_name: account.display_name,
        sync_since: account.sync_since,
        aliases: account.aliases,
        features: account.features,
        missing_features: account.missing_features,
        signature: account.signature,
        left_out: account.left_out,
        attachments_limit: account.attachments_limit,
        status: exported::Status {
            condition,
            stage,
            progress: exported::Progress {
                stored: status.stored,
                expected: status.expected,
                parked: status.parked,
            },
            last_success: status.last_success,
            next_run: status.next_run,
            last_check: status.last_check,
            local_count: status.local_count,
            provider_count: status.provider_count,
            reason: status.reason,
            quota: exported::Quota {
                used: status.quota.used,
                units: status.quota.units,
                window: status.quota.window,
            },
        },
    }
}

fn activity(activity: model::Activity) -> exported::Activity {
    match activity {
        model::Activity::Increment => exported::Activity::Increment,
        model::Activity::Backfill => exported::Activity::Backfill,
        model::Activity::Reconcile => exported::Activity::Reconcile,
    }
}

fn event(event: model::Event) -> exported::Event {
    use exported::Event;
    match event {
        model::Event::Linked { again } => Event::Linked(again),
        model::Event::Unlinked => Event::Unlinked,
        model::Event::Began(what) => Event::Began(activity(what)),
        model::Event::Finished {
            activity: what,
            counts,
            took,
        } => Event::Finished(exported::Finished {
            activity: activity(what),
            counts: exported::Counts {
                new: counts.new,
                changed: counts.changed,
                removed: counts.removed,
                parked: counts.parked,
            },
            took,
        }),
        model::Event::Quiet => Event::Quiet,
        model::Event::CursorLost => Event::CursorLost,
        model::Event::Waiting { until, reason } => {
            Event::Waiting(exported::Waiting { until, reason })
        }
        model::Event::Reconnect(why) => Event::Reconnect(why),
        model::Event::Administrator(what) => Event::Administrator(what),
        model::Event::Refused { changes, reason } => {
            Event::Refused(exported::RefusedChanges { changes, reason })
        }
    }
}

impl exported::Guest for Plugin {
    fn list(by: exported::Caller) -> Result<Vec<exported::Account>, exported::Error> {
        let accounts = run(accounts::list(&Host, &caller(by))).map_err(error)?;
        Ok(accounts.into_iter().map(account).collect())
    }

    fn get(by: exported::Caller, id: String) -> Result<exported::Account, exported::Error> {
        run(accounts::get(&Host, &caller(by), &id))
            .map(account)
            .map_err(error)
    }

    fn change(
        by: exported::Caller,
        id: String,
        changes: exported::Changes,
    ) -> Result<exported::Account, exported::Error> {
        let changes = model::AccountChange {
            display_name: changes.display_name,
            sync_since: changes.sync_since,
            signature: changes.signature,
            left_out: changes.left_out,
        };
        run(accounts::change(&Host, &caller(by), &id, changes))
            .map(account)
            .map_err(error)
    }

    fn refresh_aliases(by: exported::Caller, id: String) -> Result<Vec<String>, exported::Error> {
        run(accounts::refresh_aliases(
            &Host,
            &mailboxes(),
            &caller(by),
            &id,
        ))
        .map_err(error)
    }

    fn list_parked(
        by: exported::Caller,
        id: String,
    ) -> Result<Vec<exported::ParkedMessage>, exported::Error> {
        let parked = |parked: model::Parked| exported::ParkedMessage {
            provider_id: parked.provider_id,
            reason: parked.reason,
            tries: parked.tries,
            next_try: parked.next_try,
        };
        let list = run(accounts::list_parked(&Host, &caller(by), &id)).map_err(error)?;
        Ok(list.into_iter().map(parked).collect())
    }

    fn retry_parked(by: exported::Caller, id: String) -> Result<(), exported::Error> {
        run(accounts::retry_parked(&Host, &caller(by), &id)).map_err(error)
    }

    fn read_log(
        by: exported::Caller,
        id: String,
        slice: exported::Slice,
    ) -> Result<exported::LogPage, exported::Error> {
        let page =
            run(accounts::log(&Host, &caller(by), &id, mail::slice(slice))).map_err(error)?;
        let entry = |entry: model::LogEntry| exported::LogEntry {
            id: entry.id,
            at: entry.at,
            since: entry.since,
            times: entry.times,
            event: event(entry.event),
        };
        Ok(exported::LogPage {
            items: page.items.into_iter().map(entry).collect(),
            next: page.next,
        })
    }

    fn sync_now(by: exported::Caller, id: String) -> Result<(), exported::Error> {
        run(accounts::sync_now(&Host, &caller(by), &id)).map_err(error)
    }

    fn reconcile(by: exported::Caller, id: String) -> Result<(), exported::Error> {
        run(accounts::reconcile(&Host, &caller(by), &id)).map_err(error)
    }

    fn unlink(
        by: exported::Caller,
        id: String,
        keep_mail: bool,
    ) -> Result<exported::Unlinked, exported::Error> {
        let unlinked = run(accounts::unlink(&Host, &caller(by), &id, keep_mail)).map_err(error)?;
        Ok(exported::Unlinked {
            hint: unlinked.hint,
            revoked: unlinked.revoked,
        })
    }

    fn overviews() -> Result<Vec<exported::Overview>, exported::Error> {
        let overview = |overview: model::Overview| exported::Overview {
            provider: overview.provider,
            awaiting_start: overview.awaiting_start,
            syncing: overview.syncing,
            up_to_date: overview.up_to_date,
            waiting: overview.waiting,
            reconnect: overview.reconnect,
            administrator: overview.administrator,
            messages: overview.messages,
            parked: overview.parked,
            oldest_success: overview.oldest_success,
            quota_used: overview.quota_used,
        };
        let overviews = run(accounts::overviews(&Host)).map_err(error)?;
        Ok(overviews.into_iter().map(overview).collect())
    }
}
