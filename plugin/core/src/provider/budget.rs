//! What a mailbox may spend at its provider, in the provider's own units, so that nothing is asked only to be refused.
//!
//! A sliding window: whatever the last minute (Gmail) or ten minutes (Graph) spent, together with what is about to be spent, stays within
//! the quota. However the provider cuts its own windows, none of them then holds more. A little is kept back from the work that nobody
//! waits for, so that a person's click never waits for a backfill.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{ProviderError, Result};

/// Parts of a window that are told apart: each costs a place in the row, and what is spent is forgotten up to a part too late.
const PARTS: u64 = 60;

/// Of the quota, this share is left to what a person waits for: one in fifty, three messages' worth at Gmail's lowest quota.
const RESERVE: u64 = 50;

/// The same, of a quota that many mailboxes share: what calls that run at this moment spend is known to the others only once they end.
const SHARED_RESERVE: u64 = 10;

/// How much, in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The provider's units.
    pub units: u64,
    /// Milliseconds.
    pub window_ms: u64,
}

impl Quota {
    fn part_ms(&self) -> u64 {
        (self.window_ms / PARTS).max(1)
    }
}

/// What was spent and is not forgotten yet; a part of the window and its units, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spending(VecDeque<(u64, u64)>);

impl Spending {
    /// What others noted: times in milliseconds, oldest first, and units.
    pub(crate) fn noted(quota: Quota, notes: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut spending = Self::default();
        for (at, units) in notes {
            spending.0.push_back((at / quota.part_ms(), units));
        }
        spending
    }

    /// Units spent in the window before `now`.
    #[must_use]
    pub fn within(&self, quota: Quota, now: u64) -> u64 {
        self.0
            .iter()
            .filter(|(part, _)| !Self::forgotten(*part, quota, now))
            .map(|(_, units)| units)
            .sum()
    }

    /// A part counts until all of it lies a whole window back.
    fn forgotten(part: u64, quota: Quota, now: u64) -> bool {
        let end = part.saturating_add(1).saturating_mul(quota.part_ms());
        end.saturating_add(quota.window_ms) <= now
    }

    fn add(&mut self, units: u64, quota: Quota, now: u64) {
        self.0
            .retain(|(part, _)| !Self::forgotten(*part, quota, now));
        let part = now / quota.part_ms();
        match self.0.back_mut() {
            // Also when a clock was set back.
            Some((last, sum)) if *last >= part => *sum = sum.saturating_add(units),
            _ => self.0.push_back((part, units)),
        }
    }

    /// When there is room for `units` more, given that at most `most` may be spent in a window.
    fn room_at(&self, units: u64, most: u64, quota: Quota, now: u64) -> u64 {
        let mut spent = self.within(quota, now);
        let mut at = now;
        for (part, freed) in &self.0 {
            if spent.saturating_add(units) <= most {
                break;
            }
            if Self::forgotten(*part, quota, now) {
                continue;
            }
            spent = spent.saturating_sub(*freed);
            at = part
                .saturating_add(1)
                .saturating_mul(quota.part_ms())
                .saturating_add(quota.window_ms);
        }
        at
    }
}

/// What a call of the plugin spent, to be kept for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of the mailbox's quota, all that is not forgotten.
    pub units: Spending,
    /// Bytes put into the mailbox, all that are not forgotten.
    pub uploaded: Spending,
    /// Units of the quota that all mailboxes share, since this was told last.
    pub shared: u64,
}

/// One quota, for the time of one call of the plugin.
#[derive(Debug)]
pub(super) struct Budget {
    quota: Quota,
    spending: RefCell<Spending>,
    /// Spent since it was told last.
    fresh: Cell<u64>,
    reserve: u64,
    patient: Cell<bool>,
}

impl Budget {
    pub(super) fn new(quota: Quota, spending: Spending) -> Self {
        Self {
            quota,
            spending: RefCell::new(spending),
            fresh: Cell::new(0),
            reserve: RESERVE,
            patient: Cell::new(false),
        }
    }

    /// One that other mailboxes spend of, too.
    pub(super) fn shared(quota: Quota, spending: Spending) -> Self {
        Self {
            reserve: SHARED_RESERVE,
            ..Self::new(quota, spending)
        }
    }

    /// Whether nobody waits for what follows.
    pub(super) fn patient(&self, patient: bool) {
        self.patient.set(patient);
    }

    fn most(&self) -> u64 {
        let kept_back = if self.patient.get() {
            self.quota.units / self.reserve
        } else {
            0
        };
        self.quota.units - kept_back
    }

    /// How many of these, one after the other, there is room for.
    pub(super) fn fitting(&self, units: impl IntoIterator<Item = u64>, now: u64) -> usize {
        let spent = self.spending.borrow().within(self.quota, now);
        let mut room = self.most().saturating_sub(spent);
        let mut fits = |units: &u64| {
            let left = room.checked_sub(*units);
            room = left.unwrap_or_default();
            left.is_some()
        };
        units.into_iter().take_while(|units| fits(units)).count()
    }

    /// When there will be room for these, if nothing else is spent; at least a moment from now.
    pub(super) fn room_at(&self, units: u64, now: u64) -> u64 {
        let most = self.most().max(units);
        let at = self.spending.borrow().room_at(units, most, self.quota, now);
        at.max(now.saturating_add(1))
    }

    /// Whether there is room now, or when there will be. What costs more than the quota has room once nothing else was spent.
    pub(super) fn check(&self, units: u64, now: u64) -> Result<()> {
        let most = self.most().max(units);
        let at = self.spending.borrow().room_at(units, most, self.quota, now);
        if at > now {
            return Err(ProviderError::Paced { until: at });
        }
        Ok(())
    }

    /// Spends, whether or not there is room.
    pub(super) fn note(&self, units: u64, now: u64) {
        self.spending.borrow_mut().add(units, self.quota, now);
        self.fresh.set(self.fresh.get().saturating_add(units));
    }

    /// All that is not forgotten.
    pub(super) fn spending(&self) -> Spending {
        self.spending.borrow().clone()
    }

    /// What was spent since this was asked last.
    pub(super) fn take_fresh(&self) -> u64 {
        self.fresh.take()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const GMAIL: Quota = Quota {
        units: 6_000,
        window_ms: 60_000,
    };

    fn spend(budget: &Budget, units: u64, now: u64) -> Result<()> {
        budget.check(units, now)?;
        budget.note(units, now);
        Ok(())
    }

    /// Spends as fast as it is let, `step` milliseconds between two tries; answers (time, units).
    fn spent(budget: &Budget, units: u64, step: u64, until: u64) -> Vec<(u64, u64)> {
        let mut now = 0;
        let mut all = Vec::new();
        while now < until {
            match spend(budget, units, now) {
                Ok(()) => {
                    all.push((now, units));
                    now += step;
                }
                Err(ProviderError::Paced { until }) => now = until,
                Err(other) => panic!("{other}"),
            }
        }
        all
    }

    #[test]
    fn no_window_holds_more_than_the_quota_and_little_of_it_is_left() {
        let budget = Budget::new(GMAIL, Spending::default());
        budget.patient(true);
        let all = spent(&budget, 200, 100, 600_000);
        for start in (0..540_000).step_by(250) {
            let window = start..start + 60_000;
            let sum: u64 = all
                .iter()
                .filter(|(at, _)| window.contains(at))
                .map(|(_, units)| units)
                .sum();
            assert!(sum <= 6_000, "{sum} from {start}");
        }
        let sum: u64 = all.iter().map(|(_, units)| units).sum();
        assert!(sum >= 57_000, "{sum} of 60,000");
    }

    #[test]
    fn a_person_finds_something_left() {
        let budget = Budget::new(GMAIL, Spending::default());
        budget.patient(true);
        while spend(&budget, 20, 1_000).is_ok() {}
        budget.patient(false);
        assert_eq!(spend(&budget, 100, 1_000), Ok(()));
        assert!(budget.take_fresh() >= 5_900);
        assert_eq!(budget.take_fresh(), 0, "told once");
        let later = Budget::new(GMAIL, budget.spending());
        assert!(spend(&later, 100, 2_000).is_err(), "it is remembered");
        assert_eq!(spend(&later, 100, 63_000), Ok(()));
    }

    #[test]
    fn what_costs_more_than_there_ever_is_goes_through_alone() {
        let budget = Budget::new(Quota { units: 50, ..GMAIL }, Spending::default());
        assert_eq!(spend(&budget, 100, 0), Ok(()));
        assert_eq!(
            spend(&budget, 1, 500),
            Err(ProviderError::Paced { until: 61_000 })
        );
    }
}
