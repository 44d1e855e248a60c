//! Tokens with which programs act for a person. Shown once, kept as hashes.

use std::sync::Arc;

use crate::db::sql;
use crate::error::Error;
use crate::random;
use crate::store::Inner;
use crate::users::{User, user};

/// Makes a token recognisable, for people and for scanners of leaked secrets.
const PREFIX: &str = "pht_";

/// Use is noted at most this often, in milliseconds, so that reading does not write.
const NOTE_EVERY: u64 = 60_000;

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ApiToken {
    /// To revoke it by; can't be used to sign in.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may do beyond its owner's everyday rights: words without spaces, such as `admin`.
    pub scopes: Vec<String>,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// None: never.
    pub expires_at: Option<u64>,
    /// About; none: never used.
    pub used_at: Option<u64>,
}

/// Tokens for programs.
#[derive(Clone)]
pub struct ApiTokens(pub(crate) Arc<Inner>);

impl ApiTokens {
    /// Makes a token; the text is shown this once.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn create(
        &self,
        user: &str,
        name: &str,
        scopes: &[String],
        expires_at: Option<u64>,
    ) -> Result<(ApiToken, String), Error> {
        let text = format!("{PREFIX}{}", random::token()?);
        let token = ApiToken {
            id: random::id(),
            name: name.to_owned(),
            scopes: scopes.to_vec(),
            created_at: self.0.now(),
            expires_at,
            used_at: None,
        };
        self.0
            .db
            .execute(sql!(
                "INSERT INTO host_api_tokens (id, user_id, name, hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                &token.id,
                user,
                name,
                random::digest(&text),
                scopes.join(" "),
                token.created_at,
                expires_at
            ))
            .await?;
        Ok((token, text))
    }

    /// Whose it is. None: unknown, expired, revoked, or of somebody who was disabled.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn verify(&self, text: &str) -> Result<Option<(User, ApiToken)>, Error> {
        let now = self.0.now();
        let row = self
            .0
            .db
            .fetch_first(sql!(
                "SELECT u.id, u.name, u.email, u.role, u.locale, u.disabled, u.created_at,
                        t.id, t.name, t.created_at, t.expires_at, t.used_at, t.scopes
                 FROM host_api_tokens t JOIN host_users u ON u.id = t.user_id
                 WHERE t.hash = ? AND (t.expires_at IS NULL OR t.expires_at > ?) AND u.disabled = 0",
                random::digest(text),
                now
            ))
            .await?;
        let Some(row) = row else { return Ok(None) };
        let token = ApiToken {
            id: row.text(7)?,
            name: row.text(8)?,
            scopes: words(&row.text(12)?),
            created_at: row.uint(9)?,
            expires_at: row.opt_uint(10)?,
            used_at: row.opt_uint(11)?,
        };
        if token
            .used_at
            .is_none_or(|used| used.saturating_add(NOTE_EVERY) <= now)
        {
            self.0
                .db
                .execute(sql!(
                    "UPDATE host_api_tokens SET used_at = ? WHERE id = ?",
                    now,
                    &token.id
                ))
                .await?;
        }
        Ok(Some((user(&row)?, token)))
    }

    /// A person's tokens, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn list(&self, user: &str) -> Result<Vec<ApiToken>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(
                "SELECT id, name, created_at, expires_at, used_at, scopes FROM host_api_tokens WHERE user_id = ? ORDER BY id",
                user
            ))
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ApiToken {
                    id: row.text(0)?,
                    name: row.text(1)?,
                    scopes: words(&row.text(5)?),
                    created_at: row.uint(2)?,
                    expires_at: row.opt_uint(3)?,
                    used_at: row.opt_uint(4)?,
                })
            })
            .collect()
    }

    /// Ends a token of this person.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], also if it is somebody else's; [`Error::Unavailable`].
    pub async fn revoke(&self, user: &str, id: &str) -> Result<(), Error> {
        match self
            .0
            .db
            .execute(sql!(
                "DELETE FROM host_api_tokens WHERE id = ? AND user_id = ?",
                id,
                user
            ))
            .await?
        {
            0 => Err(Error::NotFound("token")),
            _ => Ok(()),
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
