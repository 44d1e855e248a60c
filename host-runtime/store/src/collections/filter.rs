//! Filters: checked against the definition, then written as SQL.
//!
//! Conditions are two-valued: a comparison with a null field does not hold, and its negation does. SQL knows three values, so negations are
//! written `(…) IS NOT TRUE`.

use super::definition::Definition;
use super::text;
use super::values::{compare, to_arg};
use crate::db::{Sql, Tx};
use crate::error::StorageError;
use crate::model::{Condition, Filter, Kind, Operator, Value};
use crate::tokens::{self, Phrase};

/// Conditions of one filter: more than a person or a program asks for, fewer than the engine's limits.
const MOST_CONDITIONS: usize = 200;

/// Operands of one `one-of`.
pub(super) const MOST_OPERANDS: usize = 1_000;

/// A filter that fits its collection.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    pub(super) clauses: Vec<Vec<Test>>,
}

/// One condition.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) negated: bool,
    pub(super) what: What,
}

/// What is tested. Fields are positions.
#[derive(Debug, Clone)]
pub(super) enum What {
    IsNull(usize),
    Equal(usize, Value),
    /// No nulls, no operand twice; in order.
    OneOf(usize, Vec<Value>, bool),
    /// The operator as SQL writes it.
    Compare(usize, &'static str, Value),
    StartsWith(usize, String),
    Matches {
        scope: String,
        phrases: Vec<Phrase>,
        /// The scope's number, once it is looked up.
        number: Option<i64>,
    },
}

impl Checked {
    /// The condition of a clause that has just this one, not negated.
    pub(super) fn alone(clause: &[Test]) -> Option<&What> {
        match clause {
            [
                Test {
                    negated: false,
                    what,
                },
            ] => Some(what),
            _ => None,
        }
    }

    /// Looks up the scopes that are searched.
    pub(super) async fn resolve(
        &mut self,
        tx: &mut Tx,
        defined: &Definition,
    ) -> Result<(), StorageError> {
        for test in self.clauses.iter_mut().flatten() {
            if let What::Matches { scope, number, .. } = &mut test.what {
                *number = text::scope_number(tx, defined, scope).await?;
            }
        }
        Ok(())
    }

    /// Writes the clauses, except those whose number is in `skip`, each with ` AND ` before it.
    pub(super) fn write(&self, sql: &mut Sql, defined: &Definition, skip: &[usize]) {
        for (number, clause) in self.clauses.iter().enumerate() {
            if !skip.contains(&number) {
                sql.push(" AND ");
                write_clause(sql, defined, clause);
            }
        }
    }
}

/// Checks a filter.
pub(super) fn check(defined: &Definition, filter: &Filter) -> Result<Checked, StorageError> {
    if filter.iter().map(Vec::len).sum::<usize>() > MOST_CONDITIONS {
        return Err(StorageError::invalid(
            "filter",
            format!("has more than {MOST_CONDITIONS} conditions"),
        ));
    }
    let clauses = filter
        .iter()
        .map(|clause| {
            clause
                .iter()
                .map(|condition| check_condition(defined, condition))
                .collect()
        })
        .collect::<Result<Vec<Vec<Test>>, StorageError>>()?;
    Ok(Checked { clauses })
}

fn check_condition(defined: &Definition, condition: &Condition) -> Result<Test, StorageError> {
    let operands = condition.operands.as_slice();
    let what = if condition.operator == Operator::Matches {
        check_matches(defined, operands)?
    } else {
        check_comparison(defined, condition, operands)?
    };
    Ok(Test {
        negated: condition.negated,
        what,
    })
}

fn check_matches(defined: &Definition, operands: &[Value]) -> Result<What, StorageError> {
    if defined.text.is_none() {
        return Err(StorageError::invalid(defined.name(), "has no full text"));
    }
    match operands {
        [Value::Text(scope), Value::Text(words)] => Ok(What::Matches {
            scope: scope.clone(),
            phrases: tokens::parse_query(words),
            number: None,
        }),
        _ => Err(StorageError::invalid(
            "matches",
            "takes two operands of kind text: the scope and the words",
        )),
    }
}

fn check_comparison(
    defined: &Definition,
    condition: &Condition,
    operands: &[Value],
) -> Result<What, StorageError> {
    let position = defined.position(&condition.field)?;
    let kind = defined.kind(position);
    let invalid = |reason: &str| StorageError::invalid(&condition.field, reason);
    let one = || match operands {
        [operand] => Ok(operand),
        _ => Err(invalid("is compared with other than one operand")),
    };
    let ordered = |sign: &'static str| {
        let operand = one()?;
        if matches!(kind, Kind::Json | Kind::Blob) {
            return Err(invalid("is of a kind without an order"));
        }
        check_operand(defined, position, operand)?;
        if *operand == Value::Null {
            return Err(invalid("is compared with null by an order"));
        }
        Ok(What::Compare(position, sign, operand.clone()))
    };
    match condition.operator {
        Operator::IsNull if operands.is_empty() => Ok(What::IsNull(position)),
        Operator::IsNull => Err(invalid("is tested for null with an operand")),
        Operator::Equal => match one()? {
            Value::Null => Ok(What::IsNull(position)),
            operand => {
                check_operand(defined, position, operand)?;
                Ok(What::Equal(position, operand.clone()))
            }
        },
        Operator::Less => ordered("<"),
        Operator::LessOrEqual => ordered("<="),
        Operator::Greater => ordered(">"),
        Operator::GreaterOrEqual => ordered(">="),
        Operator::OneOf => {
            if operands.is_empty() || operands.len() > MOST_OPERANDS {
                return Err(invalid("is one of no operand or of more than 1,000"));
            }
            for operand in operands {
                check_operand(defined, position, operand)?;
            }
            let null = operands.contains(&Value::Null);
            let mut operands: Vec<Value> = operands
                .iter()
                .filter(|operand| **operand != Value::Null)
                .cloned()
                .collect();
            operands.sort_by(compare);
            operands.dedup();
            Ok(match (operands.as_slice(), null) {
                ([], _) => What::IsNull(position),
                ([operand], false) => What::Equal(position, operand.clone()),
                _ => What::OneOf(position, operands, null),
            })
        }
        Operator::StartsWith => match (kind, one()?) {
            (Kind::Text, Value::Text(prefix)) => Ok(What::StartsWith(position, prefix.clone())),
            _ => Err(invalid(
                "can't be compared with a beginning: field and operand must be of kind text",
            )),
        },
        Operator::Matches => Err(invalid("is no full text")),
    }
}

fn check_operand(
    defined: &Definition,
    position: usize,
    operand: &Value,
) -> Result<(), StorageError> {
    super::values::check(defined.kind(position), operand)
        .map_err(|reason| StorageError::invalid(defined.field_name(position), reason))
}

fn write_clause(sql: &mut Sql, defined: &Definition, clause: &[Test]) {
    if clause.is_empty() {
        // Any of nothing.
        sql.push("FALSE");
        return;
    }
    sql.push("(");
    for (number, test) in clause.iter().enumerate() {
        if number > 0 {
            sql.push(" OR ");
        }
        if test.negated {
            sql.push("(");
            write_what(sql, defined, &test.what);
            sql.push(") IS NOT TRUE");
        } else {
            write_what(sql, defined, &test.what);
        }
    }
    sql.push(")");
}

/// Numbers of the rows that hold all phrases.
pub(super) fn text_matches(defined: &Definition, scope: i64, phrases: &[Phrase]) -> Sql {
    defined.dialect.text_matches(
        &defined.plugin,
        &defined.text_name(),
        &text::prefix(scope),
        phrases,
    )
}

/// Whether a row of `rows`, which has its number, holds all phrases.
pub(super) fn text_holds(defined: &Definition, scope: i64, phrases: &[Phrase], rows: &str) -> Sql {
    defined.dialect.text_holds(
        &defined.plugin,
        &defined.text_name(),
        &text::prefix(scope),
        phrases,
        rows,
    )
}

/// Writes one condition, without negation.
pub(super) fn write_what(sql: &mut Sql, defined: &Definition, what: &What) {
    match what {
        What::IsNull(field) => {
            sql.push(&defined.column(*field)).push(" IS NULL");
        }
        What::Equal(field, value) => {
            sql.push(&defined.column(*field))
                .push(" = ")
                .arg(to_arg(value));
        }
        What::OneOf(field, values, null) => {
            sql.push(if *null { "(" } else { "" })
                .push(&defined.column(*field))
                .push(" IN ");
            super::push_padded(sql, values.iter().map(to_arg).collect());
            if *null {
                sql.push(" OR ")
                    .push(&defined.column(*field))
                    .push(" IS NULL)");
            }
        }
        What::Compare(field, sign, value) => {
            sql.push(&format!("{} {sign} ", defined.column(*field)))
                .arg(to_arg(value));
        }
        What::StartsWith(field, prefix) => {
            let column = defined.column(*field);
            sql.push(&format!("({column} >= ")).arg(prefix.as_str());
            if let Some(end) = after_prefix(prefix) {
                sql.push(&format!(" AND {column} < ")).arg(end);
            }
            sql.push(")");
        }
        What::Matches {
            scope,
            phrases,
            number,
        } => match (phrases.as_slice(), number) {
            ([], _) => {
                // No word at all: every row of the scope has them all.
                let column = defined
                    .text
                    .as_ref()
                    .map_or_else(String::new, |(_, scope)| defined.column(*scope));
                sql.push(&format!("{column} = ")).arg(scope.as_str());
            }
            (_, None) => {
                sql.push("FALSE");
            }
            (phrases, Some(number)) => {
                sql.push("_id IN (")
                    .append(text_matches(defined, *number, phrases))
                    .push(")");
            }
        },
    }
}

/// The least text that is greater than every text with this beginning; none if there is no greater one.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        let next = match u32::from(last) {
            0xd7ff => Some('\u{e000}'),
            code => char::from_u32(code + 1),
        };
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}
