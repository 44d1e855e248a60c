//! Rows by key, and counts.

use super::Collections;
use super::definition::Definition;
use super::filter;
use super::find::MOST_ROWS;
use super::plan;
use super::values::{self, row_values, to_arg};
use crate::db::Sql;
use crate::error::StorageError;
use crate::model::{Filter, Rows, Value};

/// Groups of one count: what a person can look at.
const MOST_GROUPS: usize = 10_000;

impl Collections {
    /// Rows by key, in the order of the keys; missing ones are left out.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn get_many(
        &self,
        plugin: &str,
        collection: &str,
        keys: &[Vec<Value>],
        fields: &[String],
    ) -> Result<Rows, StorageError> {
        let defined = self.0.catalog.get(&self.0.db, plugin, collection).await?;
        let projection = defined.projection(fields)?;
        let names = projection
            .iter()
            .map(|position| defined.field_name(*position).to_owned())
            .collect();
        if keys.len() > MOST_ROWS {
            return Err(StorageError::invalid(
                "keys",
                format!("are more than {MOST_ROWS}"),
            ));
        }
        for key in keys {
            check_key(&defined, key)?;
        }
        if keys.is_empty() {
            return Ok(Rows {
                fields: names,
                values: Vec::new(),
            });
        }
        let mut sql = Sql::new("SELECT wanted.column1");
        for position in &projection {
            sql.push(", row.").push(&defined.column(*position));
        }
        sql.push(" FROM (VALUES ");
        // Repeating the last key makes few shapes of statement, each of which is compiled once.
        let shape = keys.len().next_power_of_two();
        for number in 0..shape {
            let at = number.min(keys.len() - 1);
            sql.push(if number == 0 { "(" } else { ", (" });
            sql.arg(if number < keys.len() {
                i64::try_from(at).unwrap_or(i64::MAX)
            } else {
                -1
            });
            for value in keys.get(at).into_iter().flatten() {
                sql.push(", ").arg(to_arg(value));
            }
            sql.push(")");
        }
        sql.push(&format!(
            ") AS wanted CROSS JOIN {} AS row",
            defined.table()
        ));
        for (number, position) in defined.key.iter().enumerate() {
            sql.push(if number == 0 { " WHERE " } else { " AND " });
            sql.push(&format!(
                "row.{} = wanted.column{}",
                defined.column(*position),
                number + 2
            ));
        }
        let mut found = Vec::new();
        for row in self.0.db.fetch_as(plugin, sql).await? {
            let number = row.int(0)?;
            if number >= 0 {
                found.push((number, row_values(&defined, &row, 1, &projection)?));
            }
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(Rows {
            fields: names,
            values: found.into_iter().map(|(_, values)| values).collect(),
        })
    }

    /// Numbers of matching rows by the distinct values of `group_by`, in their order.
    ///
    /// # Errors
    ///
    /// As the contract says.
    pub async fn count(
        &self,
        plugin: &str,
        collection: &str,
        filter: &Filter,
        group_by: &[String],
    ) -> Result<Vec<(Vec<Value>, u64)>, StorageError> {
        let defined = self.0.catalog.get(&self.0.db, plugin, collection).await?;
        let mut filter = filter::check(&defined, filter)?;
        let groups = if group_by.is_empty() {
            Vec::new()
        } else {
            defined.projection(group_by)?
        };
        let mut tx = self.0.db.read_as(plugin).await?;
        filter.resolve(&mut tx, &defined).await?;
        let columns = defined.columns(&groups);
        let mut sql = Sql::new(format!(
            "SELECT COUNT(*){}{columns} FROM {}{} WHERE TRUE",
            if groups.is_empty() { "" } else { ", " },
            defined.table(),
            plan::hint(&defined, &filter)
        ));
        filter.write(&mut sql, &defined, &[]);
        if !groups.is_empty() {
            let order: Vec<String> = groups
                .iter()
                .map(|position| format!("{} NULLS LAST", defined.column(*position)))
                .collect();
            sql.push(&format!(
                " GROUP BY {columns} ORDER BY {} LIMIT ",
                order.join(", ")
            ))
            .arg(i64::try_from(MOST_GROUPS + 1).unwrap_or(i64::MAX));
        }
        let rows = tx.fetch(sql).await?;
        if rows.len() > MOST_GROUPS {
            return Err(StorageError::invalid(
                "group-by",
                format!("makes more than {MOST_GROUPS} groups"),
            ));
        }
        rows.iter()
            .map(|row| Ok((row_values(&defined, row, 1, &groups)?, row.uint(0)?)))
            .collect()
    }
}

/// Checks a row's key.
pub(super) fn check_key(defined: &Definition, key: &[Value]) -> Result<(), StorageError> {
    if key.len() != defined.key.len() {
        return Err(StorageError::invalid(
            "key",
            format!(
                "has not the {} values of {}",
                defined.key.len(),
                defined.name()
            ),
        ));
    }
    for (value, position) in key.iter().zip(&defined.key) {
        let name = defined.field_name(*position);
        if *value == Value::Null {
            return Err(StorageError::invalid(name, "is part of the key and null"));
        }
        values::check(defined.kind(*position), value)
            .map_err(|reason| StorageError::invalid(name, reason))?;
    }
    Ok(())
}
