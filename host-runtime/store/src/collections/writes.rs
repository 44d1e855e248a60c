//! Writes that are no put: what matches is patched, deleted or counted, and counters are added to.

use super::definition::Definition;
use super::filter::Checked;
use super::put::{push_key, unique};
use super::values::to_arg;
use super::{plan, text};
use crate::db::{Sql, Tx};
use crate::error::{Error, StorageError};
use crate::model::Value;

/// Numbers of the rows that match.
async fn matching(tx: &mut Tx, defined: &Definition, filter: &Checked) -> Result<Vec<i64>, Error> {
    let mut sql = Sql::new(format!(
        "SELECT _id FROM {}{} WHERE TRUE",
        defined.table(),
        plan::hint(defined, filter)
    ));
    filter.write(&mut sql, defined, &[]);
    tx.fetch(sql).await?.iter().map(|row| row.int(0)).collect()
}

pub(super) async fn patch(
    tx: &mut Tx,
    defined: &Definition,
    mut filter: Checked,
    positions: &[usize],
    values: Vec<Value>,
) -> Result<(), StorageError> {
    filter.resolve(tx, defined).await?;
    let searched = defined.text.as_ref().is_some_and(|(fields, scope)| {
        positions
            .iter()
            .any(|at| at == scope || fields.contains(at))
    });
    let changed = if searched {
        matching(tx, defined, &filter).await?
    } else {
        Vec::new()
    };
    let mut sql = Sql::new(format!(
        "UPDATE {}{} SET ",
        defined.table(),
        plan::hint(defined, &filter)
    ));
    for (number, (position, value)) in positions.iter().zip(values).enumerate() {
        sql.push(if number == 0 { "" } else { ", " });
        sql.push(&defined.column(*position))
            .push(" = ")
            .arg(to_arg(&value));
    }
    sql.push(" WHERE TRUE");
    filter.write(&mut sql, defined, &[]);
    tx.execute(sql)
        .await
        .map_err(|error| unique(defined, error))?;
    Ok(text::reindex(tx, defined, &changed).await?)
}

pub(super) async fn delete(
    tx: &mut Tx,
    defined: &Definition,
    mut filter: Checked,
) -> Result<(), StorageError> {
    filter.resolve(tx, defined).await?;
    if defined.text.is_some() {
        let gone = matching(tx, defined, &filter).await?;
        text::remove(tx, defined, &gone).await?;
    }
    let mut sql = Sql::new(format!(
        "DELETE FROM {}{} WHERE TRUE",
        defined.table(),
        plan::hint(defined, &filter)
    ));
    filter.write(&mut sql, defined, &[]);
    Ok(tx.execute(sql).await.map(drop)?)
}

pub(super) async fn require(
    tx: &mut Tx,
    defined: &Definition,
    mut filter: Checked,
    count: u64,
) -> Result<(), StorageError> {
    filter.resolve(tx, defined).await?;
    let mut sql = Sql::new(format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM {}{} WHERE TRUE",
        defined.table(),
        plan::hint(defined, &filter)
    ));
    filter.write(&mut sql, defined, &[]);
    sql.push(" LIMIT ")
        .arg(count.saturating_add(1))
        .push(") AS found");
    let found = u64::try_from(tx.fetch_int(sql).await?).unwrap_or_default();
    if found == count {
        return Ok(());
    }
    let found = if found > count {
        "more".to_owned()
    } else {
        found.to_string()
    };
    Err(StorageError::Conflict(format!(
        "{}: {count} rows are required, and there are {found}",
        defined.name()
    )))
}

pub(super) async fn add(
    tx: &mut Tx,
    defined: &Definition,
    key: &[Value],
    position: usize,
    amount: i64,
) -> Result<(), StorageError> {
    let column = defined.column(position);
    let table = defined.table();
    // Bounds of the old value within which the sum is one: engines would answer a float or an error.
    let (least, most) = if amount >= 0 {
        (i64::MIN, i64::MAX - amount)
    } else {
        (i64::MIN - amount, i64::MAX)
    };
    let mut fields = defined.collection.fields.iter().enumerate();
    let others =
        fields.any(|(at, field)| field.required && at != position && !defined.key.contains(&at));
    let mut sql;
    if others {
        sql = Sql::new(format!(
            "UPDATE {table} SET {column} = COALESCE({column}, 0) + "
        ));
        sql.arg(amount);
        push_key(&mut sql, defined, key);
        sql.push(&format!(" AND COALESCE({column}, 0) BETWEEN "))
            .arg(least)
            .push(" AND ")
            .arg(most);
    } else {
        let key_columns = defined.columns(&defined.key);
        sql = Sql::new(format!(
            "INSERT INTO {table} AS stored ({key_columns}, {column}) VALUES ("
        ));
        for value in key {
            sql.arg(to_arg(value)).push(", ");
        }
        sql.arg(amount).push(&format!(
            ") ON CONFLICT ({key_columns}) DO UPDATE SET {column} = COALESCE(stored.{column}, 0) + excluded.{column} \
             WHERE COALESCE(stored.{column}, 0) BETWEEN "
        ));
        sql.arg(least).push(" AND ").arg(most);
    }
    if tx
        .execute(sql)
        .await
        .map_err(|error| unique(defined, error))?
        == 1
    {
        return Ok(());
    }
    let reason = if others {
        "the row is not there and has other required fields, or the sum"
    } else {
        "the sum"
    };
    Err(StorageError::invalid(
        defined.field_name(position),
        format!("{reason} is no 64-bit number"),
    ))
}
