//! Who is signed in. The browser holds a random token; here is only its hash.

use std::sync::Arc;
use std::time::Duration;

use crate::db::{Row, sql};
use crate::error::Error;
use crate::random;
use crate::store::Inner;
use crate::users::{User, user};

/// A session ends this long after it was last used…
const IDLE: Duration = Duration::from_secs(14 * 86_400);

/// … and its use is noted at most this often, so that reading pages does not write.
const NOTE_EVERY: Duration = Duration::from_secs(300);

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Stands for the session in other records; can't be used to sign in.
    pub id: String,
    /// Who.
    pub user: User,
    /// When it began; milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it ends unless it is used.
    pub expires_at: u64,
    /// When the person last gave the password.
    pub confirmed_at: u64,
}

/// Who is signed in.
#[derive(Clone)]
pub struct Sessions(pub(crate) Arc<Inner>);

impl Sessions {
    /// Begins a session of somebody who just gave the password; answers the token for the cookie.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn create(&self, user: &str) -> Result<String, Error> {
        let token = random::token()?;
        let now = self.0.now();
        self.0
            .db
            .execute(sql!(
                "INSERT INTO host_sessions (hash, user_id, created_at, seen_at, expires_at, confirmed_at) VALUES (?, ?, ?, ?, ?, ?)",
                random::digest(&token),
                user,
                now,
                now,
                now + millis(IDLE),
                now
            ))
            .await?;
        Ok(token)
    }

    /// None: unknown, ended, or of somebody who was disabled.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn get(&self, token: &str) -> Result<Option<Session>, Error> {
        let hash = random::digest(token);
        let now = self.0.now();
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT u.id, u.name, u.email, u.role, u.locale, u.disabled, u.created_at,
                        s.created_at, s.expires_at, s.confirmed_at, s.seen_at
                 FROM host_sessions s JOIN host_users u ON u.id = s.user_id
                 WHERE s.hash = ? AND s.expires_at > ? AND u.disabled = 0",
                hash.clone(),
                now
            ))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut session = session(&row, &hash)?;
        if row.uint(10)?.saturating_add(millis(NOTE_EVERY)) <= now {
            session.expires_at = now + millis(IDLE);
            self.0
                .db
                .execute(sql!(
                    "UPDATE host_sessions SET seen_at = ?, expires_at = ? WHERE hash = ?",
                    now,
                    session.expires_at,
                    hash
                ))
                .await?;
        }
        Ok(Some(session))
    }

    /// Notes that the person gave the password again.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn confirm(&self, token: &str) -> Result<(), Error> {
        let hash = random::digest(token);
        match self
            .0
            .db
            .execute(sql!(
                "UPDATE host_sessions SET confirmed_at = ? WHERE hash = ?",
                self.0.now(),
                hash
            ))
            .await?
        {
            0 => Err(Error::NotFound("session")),
            _ => Ok(()),
        }
    }

    /// Signs out.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn end(&self, token: &str) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!(
                "DELETE FROM host_sessions WHERE hash = ?",
                random::digest(token)
            ))
            .await
            .map(drop)
    }

    /// Signs a person out everywhere.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn end_all(&self, user: &str) -> Result<(), Error> {
        self.0
            .db
            .execute(sql!("DELETE FROM host_sessions WHERE user_id = ?", user))
            .await
            .map(drop)
    }
}

fn session(row: &Row, hash: &[u8]) -> Result<Session, Error> {
    Ok(Session {
        id: hex::encode(hash),
        user: user(row)?,
        created_at: row.uint(7)?,
        expires_at: row.uint(8)?,
        confirmed_at: row.uint(9)?,
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
