//! Looking up what full text finds, in an order that full text does not know.
//!
//! How many rows a word finds is known to no planner, and it decides what costs least. Few are all found, read by their numbers and sorted. If they
//! are dense where the page begins, the order's index is walked from there and each row asked whether it is one. Otherwise how is left to the
//! engine: the statement says no more than what is wanted.

use super::filter::{self, Checked, What};
use super::find::{Collector, LookUp};
use super::plan::Plan;
use crate::db::{Sql, Tx};
use crate::error::StorageError;
use crate::tokens::Phrase;

/// Up to this many rows that full text finds are sorted.
const FEW_MATCHES: i64 = 2_000;

/// Above this many ranges, walking each of them through all matches costs more than sorting the matches.
const FEW_RANGES: usize = 8;

/// Rows that are asked at first, for each that is wanted: as if every fourth were one.
const ASKED: usize = 4;

/// Rows of a page that are asked at most, before all are found instead.
const MOST_ASKED: usize = 2_000;

/// A clause that asks nothing but full text.
struct Text<'a> {
    clause: usize,
    scope: i64,
    phrases: &'a [Phrase],
}

impl LookUp<'_> {
    fn text(&self) -> Option<Text<'_>> {
        let mut clauses = self.filter.clauses.iter().enumerate();
        clauses.find_map(|(clause, tests)| match Checked::alone(tests) {
            Some(What::Matches {
                phrases,
                number: Some(scope),
                ..
            }) if !phrases.is_empty() => Some(Text {
                clause,
                scope: *scope,
                phrases,
            }),
            _ => None,
        })
    }

    /// The clause of a search and what it finds, if it is better to begin with that.
    pub(super) async fn few_matches(
        &self,
        tx: &mut Tx,
        by_index: &Plan,
    ) -> Result<Option<(usize, Sql)>, StorageError> {
        let Some(text) = self.text() else {
            return Ok(None);
        };
        let matches = filter::text_matches(self.defined, text.scope, text.phrases);
        let many_ranges = by_index.stages().first().map_or(0, Vec::len) > FEW_RANGES;
        let few = many_ranges || {
            let mut count = Sql::new("SELECT COUNT(*) FROM (");
            count
                .append(matches.clone())
                .push(" LIMIT ")
                .arg(FEW_MATCHES + 1)
                .push(") AS found");
            tx.fetch_int(count).await? <= FEW_MATCHES
        };
        Ok(few.then_some((text.clause, matches)))
    }

    /// Fills a page with what full text finds by asking row after row of the order's index, if that soon fills it; answers whether it did.
    pub(super) async fn walk(
        &self,
        tx: &mut Tx,
        plan: &Plan,
        page: &mut Collector,
    ) -> Result<bool, StorageError> {
        let (mut asked, wanted) = first_walk(page.room());
        let most = MOST_ASKED.max(asked);
        while asked <= most {
            let Some(sql) = self.walked(plan, asked, wanted) else {
                return Ok(false);
            };
            let mut found = page.anew();
            tx.fetch_while(sql, |row| self.take(&row, &mut found))
                .await?;
            if found.full {
                *page = found;
                return Ok(true);
            }
            // As dense as so far, and half as many again.
            asked = (asked * wanted * 3 / 2) / found.taken().max(1);
        }
        Ok(false)
    }

    /// As many rows as are `wanted` of those that are `asked` in order; none if no index has them all in order.
    pub(super) fn walked(&self, plan: &Plan, asked: usize, wanted: usize) -> Option<Sql> {
        let range = plan.only_range().filter(|_| plan.ordered)?;
        let text = self.text()?;
        let mut positions = self.positions();
        positions.sort_unstable();
        positions.dedup();
        let select = format!("SELECT _id, {}", self.defined.columns(&positions));
        let limit = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let rows = self.statement(
            plan,
            &range.without(text.clause),
            &select,
            self.after.as_deref(),
            limit(asked),
        )?;
        let mut sql = Sql::new("WITH walked AS (");
        sql.append(rows)
            .push(&format!(") SELECT {} FROM walked WHERE ", self.columns()))
            .append(filter::text_holds(
                self.defined,
                text.scope,
                text.phrases,
                "walked",
            ));
        self.push_order(&mut sql, &range);
        sql.push(" LIMIT ").arg(limit(wanted));
        Some(sql)
    }
}

/// How many rows are asked at first to fill a page of so many, and how many are wanted of them: one more says that there is a next page.
pub(super) const fn first_walk(page: usize) -> (usize, usize) {
    let wanted = page + 1;
    (wanted * ASKED, wanted)
}
