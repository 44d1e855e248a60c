//! What the database knows of keys: a mark of each, which says which key it is and nothing of what it opens.
//!
//! So a host that has other keys notices it before it seals anything. And the newest key that has a mark is the one that all hosts seal with, from the moment on at
//! which the mark is there: who seals looks for it behind a lock ([`SEALING`]) that a rotation takes alone. A key without a mark waits for its rotation,
//! so that its file can be brought to every host before it is used.

use std::collections::BTreeMap;

use super::KeyRing;
use crate::db::{Db, Tx, sql};
use crate::error::Error;

/// What a mark is derived for.
const MARK: &str = "plugin-host 2026-11-30 mark of a key in the database";

/// What a rotation is alone with.
const SEALING: &str = "sealing";

/// The key that all hosts seal with; none: nobody has been here yet.
pub(crate) async fn newest(tx: &mut Tx) -> Result<Option<u32>, Error> {
    let rows = tx.fetch(sql!("SELECT MAX(id) FROM host_keys")).await?;
    let newest = rows.first().map_or(Ok(None), |row| row.opt_uint(0))?;
    newest
        .map(|id| {
            u32::try_from(id)
                .map_err(|_| Error::Corrupt(format!("the database knows of a key {id}")))
        })
        .transpose()
}

impl KeyRing {
    /// Makes sure that these are the keys of this database, and leaves a mark there of those that seal or did.
    pub(crate) async fn claim(&self, db: &Db) -> Result<(), Error> {
        let mut tx = db.write().await?;
        tx.alone(SEALING).await?;
        self.fit(&mut tx).await?;
        let sealing = self.current();
        for id in self.ids().into_iter().filter(|id| *id <= sealing) {
            self.mark(&mut tx, id).await?;
        }
        self.take_up(newest(&mut tx).await?.unwrap_or(sealing))?;
        tx.commit().await
    }

    /// Makes sure that these are the keys of this database.
    pub(crate) async fn check(&self, db: &Db) -> Result<(), Error> {
        self.fit(&mut db.read().await?).await
    }

    async fn fit(&self, tx: &mut Tx) -> Result<(), Error> {
        let mut known = BTreeMap::new();
        for row in tx.fetch(sql!("SELECT id, mark FROM host_keys")).await? {
            known.insert(row.uint(0)?, row.bytes(1)?);
        }
        let marks = self.derive(MARK);
        let ours = |(id, mark): &(u32, [u8; 32])| {
            known
                .get(&u64::from(*id))
                .map(|known| known.as_slice() == mark)
        };
        let another = marks.iter().any(|mark| ours(mark) == Some(false));
        if another || (!known.is_empty() && !marks.iter().any(|mark| ours(mark) == Some(true))) {
            return Err(Error::Corrupt(format!(
                "the key file {} has other keys than the database, whose secrets they don't open: copy the key file of a host that uses it",
                self.path.display()
            )));
        }
        Ok(())
    }

    /// From when this transaction is committed, all hosts seal with this key, if it is the newest.
    pub(crate) async fn mark(&self, tx: &mut Tx, id: u32) -> Result<(), Error> {
        let mark = self.derive(MARK).into_iter().find(|(of, _)| *of == id);
        let (_, mark) = mark.ok_or_else(|| self.lacks(id))?;
        tx.execute(sql!(
            "INSERT INTO host_keys (id, mark) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
            u64::from(id),
            mark.to_vec()
        ))
        .await
        .map(drop)
    }

    /// Takes on the key that all hosts seal with. It stays that until this transaction ends.
    pub(crate) async fn for_sealing(&self, tx: &mut Tx) -> Result<(), Error> {
        tx.among_others(SEALING).await?;
        match newest(tx).await? {
            Some(newest) => self.take_up(newest),
            None => Ok(()),
        }
    }

    /// … and nobody else seals meanwhile, or changes the key file. Answers the key.
    pub(crate) async fn alone(&self, tx: &mut Tx) -> Result<u32, Error> {
        tx.alone(SEALING).await?;
        self.reload()?;
        let newest = newest(tx).await?.unwrap_or(self.current());
        self.take_up(newest)?;
        Ok(newest)
    }

    /// Seals with this key from now on.
    pub(crate) fn take_up(&self, id: u32) -> Result<(), Error> {
        if !self.has(id) {
            self.look_again()?;
        }
        if !self.has(id) {
            return Err(self.lacks(id));
        }
        self.ring_to_change().current = id;
        Ok(())
    }
}
