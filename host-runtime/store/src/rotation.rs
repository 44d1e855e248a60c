//! Replacing the key that everything is sealed with, beside running hosts.
//!
//! A new key is added to the file, or was before ([`Secrets::prepare`]), so that the file could be brought to every host. Then the database gets its mark, from
//! which moment on all hosts seal with it and nothing else ([`marks`](crate::keys)); then records are sealed anew in batches; and last, if that is wanted,
//! the old keys go. A rotation that broke off is gone on with by the next. Only dropping keys needs that nobody serves: a host may have read a record that
//! was sealed with one, or have signed an address with it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::Secrets;
use crate::db::{Sql, Tx, sql};
use crate::error::Error;
use crate::keys::{BEGINNING, beginning, key_of, newest};

/// Records sealed anew by one transaction, during which nobody else seals.
const BATCH: u32 = 100;

/// What becomes of the keys before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldKeys {
    /// They stay in the file.
    Keep,
    /// They go once nothing is sealed with them, for which the store must be opened for [`Purpose::Alone`](crate::Purpose::Alone).
    Drop,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rotation {
    /// What everything is sealed with now.
    pub key: u32,
    /// Whether it took another one's place just now; if not, an earlier rotation broke off, and this one ended it.
    pub is_new: bool,
    /// Whether it was in the key file before ([`Secrets::prepare`]); if not, copies of the file do not have it.
    pub prepared: bool,
    /// How many records were sealed anew.
    pub records: u64,
    /// Keys that are no more.
    pub dropped: Vec<u32>,
}

/// A key, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct KeyUse {
    /// Its number.
    pub id: u32,
    /// Whether new records are sealed with it.
    pub current: bool,
    /// Whether it waits for its rotation.
    pub prepared: bool,
    /// Whether it is in the file; if not, its records can't be read.
    pub present: bool,
    /// How many records are sealed with it.
    pub records: u64,
}

/// Where there are sealed records, with what names them first, and what each is bound to.
struct Sealed {
    table: &'static str,
    names: &'static str,
    /// Of a row whose columns are the names and the record.
    read: fn(&crate::db::Row) -> Result<Record, Error>,
    update: &'static str,
}

/// A sealed record.
struct Record {
    context: [String; 3],
    /// As the statement that changes it wants them.
    names: Vec<crate::db::Arg>,
    sealed: Vec<u8>,
}

/// Everything that is sealed and kept.
const SEALED: [Sealed; 2] = [
    Sealed {
        table: "host_secrets",
        names: "plugin, name",
        read: |row| {
            let (plugin, name) = (row.text(0)?, row.text(1)?);
            Ok(Record {
                names: vec![plugin.as_str().into(), name.as_str().into()],
                context: ["plugin-secret".to_owned(), plugin, name],
                sealed: row.bytes(2)?,
            })
        },
        update: "UPDATE host_secrets SET sealed = ? WHERE sealed = ? AND plugin = ? AND name = ?",
    },
    Sealed {
        table: "host_oauth_flows",
        names: "plugin, state",
        read: |row| {
            let (plugin, state) = (row.text(0)?, row.bytes(1)?);
            Ok(Record {
                context: ["oauth-flow".to_owned(), plugin, hex::encode(&state)],
                names: vec![state.into()],
                sealed: row.bytes(2)?,
            })
        },
        // One that was used meanwhile has none, and gets none.
        update: "UPDATE host_oauth_flows SET sealed = ? WHERE sealed = ? AND state = ?",
    },
];

impl Secrets {
    /// Adds a key to the key file, with which nothing is sealed before the next rotation; or answers the one that waits already.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if the key file is damaged or not that of the database, [`Error::Unavailable`].
    pub async fn prepare(&self) -> Result<u32, Error> {
        let mut tx = self.0.db.write().await?;
        let current = self.0.keys.alone(&mut tx).await?;
        let waiting = self.waiting(current);
        let key = waiting.map_or_else(|| self.0.keys.add(current), Ok)?;
        tx.commit().await?;
        Ok(key)
    }

    /// Seals everything anew with the key that was prepared, or with a new one; or ends what an earlier rotation began. Hosts may serve meanwhile, unless old
    /// keys are to be dropped. `watch` is told how many records are done, and may stop it; so may a crash: run it again.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if old keys are to be dropped and others may use the store: nothing was changed; [`Error::Unfinished`] if it was stopped;
    /// [`Error::Corrupt`] if a record does not open; [`Error::Unavailable`]. After these all keys are still there.
    pub async fn rotate(
        &self,
        old: OldKeys,
        mut watch: impl FnMut(u64) -> ControlFlow<()> + Send,
    ) -> Result<Rotation, Error> {
        if old == OldKeys::Drop && !self.0.alone {
            return Err(Error::InUse(
                "keys are dropped only while nobody else can use the store".to_owned(),
            ));
        }
        let mut rotation = self.begin().await?;
        for kind in &SEALED {
            loop {
                let done = self.reseal(kind).await?;
                if done == 0 {
                    break;
                }
                rotation.records += done;
                if watch(rotation.records).is_break() {
                    return Err(Error::Unfinished(
                        "stopped while records were sealed anew: run it again".to_owned(),
                    ));
                }
            }
        }
        if old == OldKeys::Drop {
            rotation.dropped = self.drop_old().await?;
        }
        Ok(rotation)
    }

    /// All keys by number, and how much is sealed with each.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Corrupt`] if the key file is damaged.
    pub async fn keys(&self) -> Result<Vec<KeyUse>, Error> {
        let keys = &self.0.keys;
        keys.look_again()?;
        let present = keys.ids();
        let mut tx = self.0.db.read().await?;
        let current = newest(&mut tx).await?.unwrap_or(keys.current());
        let mut uses: BTreeMap<u32, u64> = present.iter().map(|id| (*id, 0)).collect();
        uses.extend(used(&mut tx).await?);
        let uses = uses.into_iter().map(|(id, records)| KeyUse {
            id,
            current: id == current,
            prepared: id > current,
            present: present.contains(&id),
            records,
        });
        Ok(uses.collect())
    }

    /// A key that waits for its rotation.
    fn waiting(&self, current: u32) -> Option<u32> {
        self.0.keys.ids().into_iter().find(|id| *id > current)
    }

    /// Has all hosts seal with the next key, unless an earlier rotation did.
    async fn begin(&self) -> Result<Rotation, Error> {
        let keys = &self.0.keys;
        let mut tx = self.0.db.write().await?;
        let current = keys.alone(&mut tx).await?;
        // What can't be read can't be sealed anew: said while nothing is changed.
        for id in used(&mut tx).await?.into_keys() {
            if !keys.has(id) {
                return Err(keys.lacks(id));
            }
        }
        let mut rotation = Rotation {
            key: current,
            is_new: false,
            prepared: true,
            records: 0,
            dropped: Vec::new(),
        };
        if is_left(&mut tx, current).await? {
            return Ok(rotation);
        }
        let waiting = self.waiting(current);
        rotation.is_new = true;
        rotation.prepared = waiting.is_some();
        rotation.key = waiting.map_or_else(|| keys.add(current), Ok)?;
        // The file first: a crash in between leaves a key that waits.
        keys.note_current(rotation.key)?;
        keys.mark(&mut tx, rotation.key).await?;
        tx.commit().await?;
        keys.take_up(rotation.key)?;
        Ok(rotation)
    }

    /// One batch; answers how many records it sealed anew, 0: none is left.
    async fn reseal(&self, kind: &Sealed) -> Result<u64, Error> {
        let keys = &self.0.keys;
        let mut tx = self.0.db.write().await?;
        let current = keys.alone(&mut tx).await?;
        let columns = format!("{}, sealed", kind.names);
        let rows = tx.fetch(left(kind, &columns, current, BATCH)).await?;
        for row in &rows {
            let record = (kind.read)(row)?;
            let context = record.context.each_ref().map(String::as_str);
            let content = keys
                .open_sealed(&context, &record.sealed)
                .map_err(|error| named(&record.context, error))?;
            let mut change = Sql::new(kind.update)
                .bind(keys.seal(&context, &content)?)
                .bind(record.sealed);
            change.args.extend(record.names);
            tx.execute(change).await?;
        }
        tx.commit().await?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    async fn drop_old(&self) -> Result<Vec<u32>, Error> {
        let mut tx = self.0.db.write().await?;
        let current = self.0.keys.alone(&mut tx).await?;
        if is_left(&mut tx, current).await? {
            return Err(Error::Unavailable(
                "another rotation was begun meanwhile: run it again".to_owned(),
            ));
        }
        let dropped = self.0.keys.drop_before(current)?;
        tx.commit().await?;
        Ok(dropped)
    }
}

/// How many records are sealed with each key.
async fn used(tx: &mut Tx) -> Result<BTreeMap<u32, u64>, Error> {
    let mut used = BTreeMap::new();
    for kind in &SEALED {
        let rows = tx
            .fetch(sql!(format!(
                "SELECT substr(sealed, 1, {BEGINNING}), COUNT(*) FROM {} WHERE sealed IS NOT NULL GROUP BY 1",
                kind.table
            )))
            .await?;
        for row in rows {
            if let Some(key) = key_of(&row.bytes(0)?) {
                *used.entry(key).or_default() += row.uint(1)?;
            }
        }
    }
    Ok(used)
}

/// Whether a record is sealed with another key.
async fn is_left(tx: &mut Tx, key: u32) -> Result<bool, Error> {
    for kind in &SEALED {
        if tx.fetch_first(left(kind, "1", key, 1)).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Records that are sealed with another key.
fn left(kind: &Sealed, columns: &str, key: u32, limit: u32) -> Sql {
    sql!(
        format!(
            "SELECT {columns} FROM {} WHERE substr(sealed, 1, {BEGINNING}) <> ? LIMIT ?",
            kind.table
        ),
        beginning(key),
        limit
    )
}

/// Which record it is that does not open.
fn named([kind, plugin, name]: &[String; 3], error: Error) -> Error {
    match error {
        Error::Corrupt(reason) => {
            Error::Corrupt(format!("the {kind} {name} of {plugin}: {reason}"))
        }
        other => other,
    }
}
