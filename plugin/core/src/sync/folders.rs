//! The provider's folders, and the streams that follow from them.

use super::{Fault, Worker};
use crate::platform::{Platform, StoreError};
use crate::provider::{Profile, Provider, ProviderError, Role};
use crate::store::column::{Column, Json};
use crate::store::queues::time;
use crate::store::rows::Stream;
use crate::store::{accounts, spending};

impl<P: Platform, V: Provider> Worker<'_, P, V> {
    /// Lists folders, and begins or ends streams.
    pub(super) async fn refresh_folders(&mut self) -> Result<(), Fault> {
        // Only for the address and a count: a mailbox whose owner's profile may not be read is followed all the same.
        let profile = match self.mailbox.profile().await {
            Err(
                ProviderError::Refused(_)
                | ProviderError::NotFound
                | ProviderError::MissingScope(_),
            ) => Profile {
                email: String::new(),
                total: None,
            },
            profile => profile?,
        };
        let folders = self.mailbox.folders().await?;
        let mut wanted = self.mailbox.streams(&folders);
        let left_out = self.account.left_out();
        wanted.retain(|stream| !left_out.contains(stream));
        let exclusive = folders
            .iter()
            .any(|folder| matches!(folder.role, Role::Folder | Role::Archive));
        let account = &self.account;
        let mut writes =
            accounts::folder_writes(self.platform, account, &folders, self.now()).await?;
        writes.push(spending::forget(&account.provider, self.now()));
        let mut streams = Vec::new();
        for (position, stream) in wanted.iter().enumerate() {
            let position = i64::try_from(position).unwrap_or(i64::MAX);
            match self.streams.iter().find(|known| known.stream == *stream) {
                Some(known) if known.position == position && known.phase != "leaving" => {}
                Some(known) => {
                    let phase = if known.phase == "leaving" {
                        "new".to_owned()
                    } else {
                        known.phase.clone()
                    };
                    streams.push(Stream {
                        position,
                        phase,
                        ..known.clone()
                    });
                }
                None => streams.push(fresh(&account.id, stream, position)),
            }
        }
        // Its messages are somewhere else or gone; the sweep asks for each.
        let left = self.streams.iter().filter(|known| {
            known.phase != "leaving"
                && !wanted.contains(&known.stream)
                && !left_out.contains(&known.stream)
        });
        streams.extend(left.map(|known| Stream {
            phase: "leaving".into(),
            round: known.round.saturating_add(1),
            comparing: false,
            sweeping: true,
            more: false,
            ..known.clone()
        }));
        writes.extend(accounts::put_streams(streams));
        // Left out here, not gone there: its mail is removed without asking for each.
        let dropped = self.streams.iter().map(|known| known.stream.as_str());
        let dropped = dropped.filter(|stream| left_out.iter().any(|remote| remote == stream));
        writes.extend(dropped.map(|stream| accounts::delete_stream(&account.id, stream)));
        // Another choice made meanwhile wants other streams.
        writes.insert(0, accounts::require_left_out(account));
        let mut changes = vec![
            ("folders_at", time(self.now())),
            ("exclusive", exclusive.write()),
            (
                "provider_count",
                profile
                    .total
                    .map(|total| i64::try_from(total).unwrap_or(i64::MAX))
                    .write(),
            ),
        ];
        if account.email != profile.email && !profile.email.is_empty() {
            changes.push(("email", profile.email.clone().write()));
        }
        if account.folders_at.is_none() {
            // Not worth failing for: replies only fall back to the account's own address.
            let aliases = self.mailbox.aliases().await.unwrap_or_default();
            changes.push(("aliases", Json(aliases).write()));
        }
        writes.push(accounts::patch(&account.id, changes));
        writes.extend(self.went_well(&account.stage));
        writes.push(accounts::changed(account));
        match self.platform.apply(writes).await {
            // Other folders are left out by now: they are listed again.
            Err(StoreError::Conflict(_)) => Ok(()),
            answer => Ok(answer?),
        }
    }
}

fn fresh(account: &str, stream: &str, position: i64) -> Stream {
    Stream {
        account: account.to_owned(),
        stream: stream.to_owned(),
        position,
        phase: "new".into(),
        cursor: None,
        page: None,
        pass: None,
        pages: 0,
        round: 1,
        comparing: false,
        sweeping: false,
        snapshots: false,
        more: false,
        polled: 0,
        answered: None,
    }
}
