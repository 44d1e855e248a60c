//! How a query is looked up: which index, in which ranges.
//!
//! The choice depends on definitions only (and on how many rows hold the words of a search, see `search.rs`), never on statistics, so that a plugin's
//! author can know it and a test can hold it fast. A query that
//! an index serves becomes one range of it, or several ranges that are merged: one for each operand of a `one-of` before the order, and
//! one for the nulls of a field that is ordered by, since they come last in either direction and no engine's index has them so.

use std::collections::{BTreeMap, HashMap};

use super::definition::{Definition, PhysicalIndex};
use super::filter::{Checked, What};
use super::values::to_arg;
use crate::db::Sql;
use crate::error::StorageError;
use crate::model::{Kind, Order, Value};

/// A field to order by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) position: usize,
    pub(super) descending: bool,
    pub(super) nullable: bool,
}

/// The query's order: what was asked for, then the rest of the key in the direction of the last.
pub(super) fn order_terms(
    defined: &Definition,
    order: &[Order],
) -> Result<Vec<Term>, StorageError> {
    if order.len() > 16 {
        return Err(StorageError::invalid("order", "has more than 16 fields"));
    }
    let mut terms: Vec<Term> = Vec::with_capacity(order.len() + defined.key.len());
    for by in order {
        let position = defined.position(&by.field)?;
        if matches!(defined.kind(position), Kind::Json | Kind::Blob) {
            return Err(StorageError::invalid(
                &by.field,
                "is of a kind without an order",
            ));
        }
        if terms.iter().any(|term| term.position == position) {
            return Err(StorageError::invalid(&by.field, "is ordered by twice"));
        }
        let nullable = !defined.is_required(position);
        terms.push(Term {
            position,
            descending: by.descending,
            nullable,
        });
    }
    let descending = terms.last().is_some_and(|term| term.descending);
    for position in &defined.key {
        if terms.iter().all(|term| term.position != *position) {
            terms.push(Term {
                position: *position,
                descending,
                nullable: false,
            });
        }
    }
    Ok(terms)
}

/// How a query is looked up.
#[derive(Debug)]
pub(super) struct Plan {
    /// What stands after the table's name.
    pub(super) hint: String,
    /// An index gives each range its order.
    pub(super) ordered: bool,
    /// What full text finds of a clause, for which it stands in.
    found: Option<(usize, Sql)>,
    /// Fields that an equality fixes.
    constants: HashMap<usize, Value>,
    /// A clause that is split into one range for each operand.
    merged: Option<(usize, usize, Vec<Value>)>,
    /// The field whose nulls are looked up apart; and whether they come after everything else, which they don't if the merged field is
    /// ordered by before it.
    nulls_apart: Option<(usize, bool)>,
}

/// One range: what holds in it beside the filter.
#[derive(Debug, Clone, Default)]
pub(super) struct Range {
    /// Fields with one value.
    pub(super) constants: HashMap<usize, Value>,
    /// Of those, the ones that the filter does not say.
    extra: Vec<(usize, Value)>,
    /// A field that is not null.
    pub(super) not_null: Option<usize>,
    /// Clauses that are said otherwise.
    skip: Vec<usize>,
    /// Among these.
    found: Option<Sql>,
}

impl Range {
    /// The same without a clause, which is tested elsewhere.
    pub(super) fn without(&self, clause: usize) -> Self {
        let mut range = self.clone();
        range.skip.push(clause);
        range
    }

    pub(super) fn write(&self, sql: &mut Sql, defined: &Definition, filter: &Checked) {
        sql.push(" WHERE TRUE");
        if let Some(found) = &self.found {
            sql.push(" AND ").append(found.clone());
        }
        for (position, value) in &self.extra {
            sql.push(" AND ").push(&defined.column(*position));
            if *value == Value::Null {
                sql.push(" IS NULL");
            } else {
                sql.push(" = ").arg(to_arg(value));
            }
        }
        if let Some(position) = self.not_null {
            sql.push(" AND ")
                .push(&defined.column(position))
                .push(" IS NOT NULL");
        }
        filter.write(sql, defined, &self.skip);
    }
}

impl Plan {
    /// The whole answer is one range.
    pub(super) fn only_range(&self) -> Option<Range> {
        let mut stages = self.stages().into_iter();
        match (stages.next()?.as_slice(), stages.next()) {
            ([range], None) => Some(range.clone()),
            _ => None,
        }
    }

    /// The ranges in stages: those of one stage are merged, and all of a stage comes before the next.
    pub(super) fn stages(&self) -> Vec<Vec<Range>> {
        let (found, skip) = match &self.found {
            Some((clause, found)) => (Some(found.clone()), vec![*clause]),
            None => (None, Vec::new()),
        };
        let all = Range {
            constants: self.constants.clone(),
            skip,
            found,
            ..Range::default()
        };
        let mut ranges = vec![all.clone()];
        if let Some((clause, position, values)) = &self.merged {
            let all = all.without(*clause);
            ranges = values
                .iter()
                .map(|value| {
                    let mut range = all.clone();
                    range.constants.insert(*position, value.clone());
                    range.extra.push((*position, value.clone()));
                    range
                })
                .collect();
        }
        let Some((position, last)) = self.nulls_apart else {
            return vec![ranges];
        };
        let nulls: Vec<Range> = ranges
            .iter()
            .cloned()
            .map(|mut range| {
                range.constants.insert(position, Value::Null);
                range.extra.push((position, Value::Null));
                range
            })
            .collect();
        for range in &mut ranges {
            range.not_null = Some(position);
        }
        if last {
            return vec![ranges, nulls];
        }
        ranges.extend(nulls);
        vec![ranges]
    }
}

/// Where rows are looked for.
#[derive(Debug, Clone)]
pub(super) enum From {
    /// By an index.
    Index,
    /// Among the rows that full text finds of a clause, which are few.
    Text(usize, Sql),
}

/// Plans a query with an order; `explicit`: it was asked for.
pub(super) fn plan(
    defined: &Definition,
    filter: &Checked,
    terms: &[Term],
    explicit: bool,
    from: From,
) -> Plan {
    let facts = Facts::of(filter);
    let constants: HashMap<usize, Value> = facts.equal.clone();
    let best = match from {
        From::Text(..) => None,
        From::Index => best(defined, &facts, terms, explicit),
    };
    let hint = match (&from, &best) {
        (From::Text(..), _) => defined.dialect.use_row_ids().to_owned(),
        (From::Index, Some(best)) => defined.dialect.use_index(&best.index.name),
        (From::Index, None) => String::new(),
    };
    let found = match from {
        From::Text(clause, found) => Some((clause, defined.dialect.is_one_of_few(found))),
        From::Index => None,
    };
    let merged = best.as_ref().filter(|best| best.ordered).and_then(|best| {
        let clause = best.merged?;
        let (position, values) = facts.one_of.get(&clause)?;
        Some((clause, *position, values.clone()))
    });
    let merged_field = merged.as_ref().map(|(_, position, _)| *position);
    let first = terms.iter().find(|term| {
        !constants.contains_key(&term.position) && merged_field != Some(term.position)
    });
    let nulls_apart = first.filter(|term| term.nullable).map(|first| {
        let before = terms
            .iter()
            .take_while(|term| term.position != first.position);
        (
            first.position,
            before
                .into_iter()
                .all(|term| merged_field != Some(term.position)),
        )
    });
    Plan {
        hint,
        ordered: best.is_some_and(|best| best.ordered),
        found,
        constants,
        merged,
        nulls_apart,
    }
}

/// The hint for a statement without an order: a count, a patch or a deletion.
pub(super) fn hint(defined: &Definition, filter: &Checked) -> String {
    best(defined, &Facts::of(filter), &[], false).map_or_else(String::new, |best| {
        defined.dialect.use_index(&best.index.name)
    })
}

/// What a filter says for planning.
struct Facts {
    equal: HashMap<usize, Value>,
    /// By clause: field and operands.
    one_of: BTreeMap<usize, (usize, Vec<Value>)>,
    ranges: Vec<usize>,
}

impl Facts {
    fn of(filter: &Checked) -> Self {
        let mut facts = Self {
            equal: HashMap::new(),
            one_of: BTreeMap::new(),
            ranges: Vec::new(),
        };
        for (number, clause) in filter.clauses.iter().enumerate() {
            match Checked::alone(clause) {
                Some(What::Equal(position, value)) => {
                    facts
                        .equal
                        .entry(*position)
                        .or_insert_with(|| value.clone());
                }
                Some(What::IsNull(position)) => {
                    facts.equal.entry(*position).or_insert(Value::Null);
                }
                Some(What::OneOf(position, values, null)) => {
                    let mut values = values.clone();
                    if *null {
                        values.push(Value::Null);
                    }
                    facts.one_of.insert(number, (*position, values));
                }
                Some(What::Compare(position, ..) | What::StartsWith(position, _)) => {
                    facts.ranges.push(*position)
                }
                Some(What::Matches { .. }) | None => {}
            }
        }
        facts
    }
}

struct Candidate<'a> {
    index: &'a PhysicalIndex,
    ordered: bool,
    merged: Option<usize>,
    rank: (bool, usize, bool, bool, bool, bool),
}

fn best<'a>(
    defined: &'a Definition,
    facts: &Facts,
    terms: &[Term],
    explicit: bool,
) -> Option<Candidate<'a>> {
    let mut best: Option<Candidate<'a>> = None;
    for index in &defined.indexes {
        for merged in std::iter::once(None).chain(facts.one_of.keys().copied().map(Some)) {
            let Some(candidate) = weigh(defined, index, facts, terms, explicit, merged) else {
                continue;
            };
            if best.as_ref().is_none_or(|best| candidate.rank > best.rank) {
                best = Some(candidate);
            }
        }
    }
    best
}

/// How well an index serves: all equalities of a unique one; else by how many equalities it narrows, then whether it gives the order that was asked
/// for, then whether it narrows by a range or a `one-of`, and last whether it gives the key's order, for which nothing is worth reading that does not
/// match. None: not at all.
fn weigh<'a>(
    defined: &Definition,
    index: &'a PhysicalIndex,
    facts: &Facts,
    terms: &[Term],
    explicit: bool,
    merged: Option<usize>,
) -> Option<Candidate<'a>> {
    let merged_field = merged
        .and_then(|clause| facts.one_of.get(&clause))
        .map(|(position, _)| *position);
    let fixed =
        |position: &usize| facts.equal.contains_key(position) || merged_field == Some(*position);
    let prefix: Vec<usize> = index.fields.iter().copied().take_while(fixed).collect();
    let narrowed = merged_field
        .is_some_and(|field| prefix.contains(&field) && !facts.equal.contains_key(&field));
    if merged.is_some() && !narrowed {
        return None;
    }
    let equalities = prefix.len() - usize::from(narrowed);
    let complete = index.unique && equalities == index.fields.len();
    let open: Vec<&Term> = terms.iter().filter(|term| !fixed(&term.position)).collect();
    let ordered = !terms.is_empty() && gives_order(defined, index, prefix.len(), &open, fixed);
    let range = index
        .fields
        .get(prefix.len())
        .is_some_and(|next| facts.ranges.contains(next));
    let useful = complete || equalities > 0 || range || narrowed || ordered;
    useful.then_some(Candidate {
        index,
        ordered,
        merged,
        rank: (
            complete,
            equalities,
            ordered && explicit,
            range,
            narrowed,
            ordered,
        ),
    })
}

fn gives_order(
    defined: &Definition,
    index: &PhysicalIndex,
    prefix: usize,
    open: &[&Term],
    fixed: impl Fn(&usize) -> bool,
) -> bool {
    let uniform = open.windows(2).all(|pair| match pair {
        [one, other] => one.descending == other.descending,
        _ => true,
    });
    // Nulls of the first are looked up apart; further down an index that is read in one direction has them last, by engine.
    let nulls_fit = open
        .iter()
        .skip(1)
        .all(|term| !term.nullable || defined.dialect.index_has_nulls_last(term.descending));
    if !uniform || !nulls_fit {
        return false;
    }
    let mut fields = index
        .fields
        .iter()
        .skip(prefix)
        .filter(|position| !fixed(position));
    for term in open {
        match fields.next() {
            Some(position) if *position == term.position => {}
            Some(_) => return false,
            // All of a unique index: what follows hardly matters.
            None => return index.unique,
        }
    }
    true
}
