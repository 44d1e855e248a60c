//! People: who they are, what they may do, and whether a password is theirs.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::db::{Row, sql};
use crate::error::Error;
use crate::random;
use crate::store::Inner;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Uses what is enabled.
    Member,
    /// Also manages plugins, settings and people.
    Administrator,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
        }
    }

    fn parse(text: &str) -> Self {
        if text == "administrator" {
            Self::Administrator
        } else {
            Self::Member
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct User {
    /// Opaque; never used twice.
    pub id: String,
    /// As shown.
    pub name: String,
    /// Signs in with it; unique, in lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Such as `en`, `ru` or `zh`.
    pub locale: String,
    /// Can't sign in, and what is signed in is signed out.
    pub disabled: bool,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
}

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// As shown.
    pub name: String,
    /// Unique without regard to case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Such as `en`.
    pub locale: String,
    /// None: can't sign in with a password.
    pub password: Option<SecretString>,
}

/// Shortest password, in characters.
const SHORTEST_PASSWORD: usize = 8;

const COLUMNS: &str = "id, name, email, role, locale, disabled, created_at";

/// The people of this host.
#[derive(Clone)]
pub struct Users(pub(crate) Arc<Inner>);

impl Users {
    /// Adds a person.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the address is taken, [`Error::Invalid`], [`Error::Unavailable`].
    pub async fn add(&self, user: NewUser) -> Result<User, Error> {
        let email = normal(&user.email)?;
        let hash = match user.password {
            Some(password) => Some(hash(password).await?),
            None => None,
        };
        let added = User {
            id: random::id(),
            name: user.name,
            email,
            role: user.role,
            locale: user.locale,
            disabled: false,
            created_at: self.0.now(),
        };
        let done = self
            .0
            .db
            .execute(sql!(
                "INSERT INTO host_users (id, name, email, role, locale, password_hash, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                &added.id,
                &added.name,
                &added.email,
                added.role.as_str(),
                &added.locale,
                hash,
                added.created_at
            ))
            .await;
        match done {
            Ok(_) => Ok(added),
            Err(Error::Conflict(_)) => Err(Error::Conflict(format!(
                "there is a user with the address {}",
                added.email
            ))),
            Err(error) => Err(error),
        }
    }

    /// None: no such person.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn get(&self, id: &str) -> Result<Option<User>, Error> {
        let row = self
            .0
            .db
            .fetch_first(sql!(
                format!("SELECT {COLUMNS} FROM host_users WHERE id = ?"),
                id
            ))
            .await?;
        row.map(|row| user(&row)).transpose()
    }

    /// By address, without regard to case.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let email = email.trim().to_lowercase();
        let row = self
            .0
            .db
            .fetch_first(sql!(
                format!("SELECT {COLUMNS} FROM host_users WHERE email = ?"),
                email
            ))
            .await?;
        row.map(|row| user(&row)).transpose()
    }

    /// Everybody, by address.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn list(&self) -> Result<Vec<User>, Error> {
        let rows = self
            .0
            .db
            .fetch(sql!(format!(
                "SELECT {COLUMNS} FROM host_users ORDER BY email"
            )))
            .await?;
        rows.iter().map(user).collect()
    }

    /// Changes name, role, locale and whether disabled. Disabling signs the person out everywhere.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn update(&self, changed: &User) -> Result<(), Error> {
        let mut tx = self.0.db.write().await?;
        let count = tx
            .execute(sql!(
                "UPDATE host_users SET name = ?, role = ?, locale = ?, disabled = ? WHERE id = ?",
                &changed.name,
                changed.role.as_str(),
                &changed.locale,
                changed.disabled,
                &changed.id
            ))
            .await?;
        if count == 0 {
            return Err(Error::NotFound("user"));
        }
        if changed.disabled {
            tx.execute(sql!(
                "DELETE FROM host_sessions WHERE user_id = ?",
                &changed.id
            ))
            .await?;
        }
        tx.commit().await
    }

    /// Sets a new password and signs the person out everywhere.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::Unavailable`].
    pub async fn set_password(&self, id: &str, password: SecretString) -> Result<(), Error> {
        let hash = hash(password).await?;
        let mut tx = self.0.db.write().await?;
        if tx
            .execute(sql!(
                "UPDATE host_users SET password_hash = ? WHERE id = ?",
                hash,
                id
            ))
            .await?
            == 0
        {
            return Err(Error::NotFound("user"));
        }
        tx.execute(sql!("DELETE FROM host_sessions WHERE user_id = ?", id))
            .await?;
        tx.commit().await
    }

    /// The person whose address and password these are. An unknown address takes as long as a wrong password.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn verify(&self, email: &str, password: SecretString) -> Result<Option<User>, Error> {
        let email = email.trim().to_lowercase();
        let sql = sql!(
            format!("SELECT {COLUMNS}, password_hash FROM host_users WHERE email = ?"),
            email
        );
        let row = self.0.db.fetch_first(sql).await?;
        let (found, hash) = match row {
            Some(row) => (Some(user(&row)?), row.opt_text(7)?),
            None => (None, None),
        };
        let matches = matches(hash, password).await?;
        Ok(found.filter(|user| matches && !user.disabled))
    }

    /// Deletes a person with sessions and tokens. What plugins hold of theirs is the plugins' to delete.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        match self
            .0
            .db
            .execute(sql!("DELETE FROM host_users WHERE id = ?", id))
            .await?
        {
            0 => Err(Error::NotFound("user")),
            _ => Ok(()),
        }
    }
}

pub(crate) fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.text(0)?,
        name: row.text(1)?,
        email: row.text(2)?,
        role: Role::parse(&row.text(3)?),
        locale: row.text(4)?,
        disabled: row.flag(5)?,
        created_at: row.uint(6)?,
    })
}

fn normal(email: &str) -> Result<String, Error> {
    let email = email.trim().to_lowercase();
    match email.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && email.len() <= 254 => {
            Ok(email)
        }
        _ => Err(Error::Invalid("email", "is no address".to_owned())),
    }
}

async fn hash(password: SecretString) -> Result<String, Error> {
    if password.expose_secret().chars().count() < SHORTEST_PASSWORD {
        return Err(Error::Invalid(
            "password",
            format!("is shorter than {SHORTEST_PASSWORD} characters"),
        ));
    }
    blocking(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| {
                Error::Unavailable(format!("the password could not be hashed: {error}"))
            })
    })
    .await?
}

/// Without a hash the work is done all the same, and the answer is no.
async fn matches(hash: Option<String>, password: SecretString) -> Result<bool, Error> {
    blocking(move || {
        let password = password.expose_secret().as_bytes();
        match hash.as_deref().map(PasswordHash::new) {
            Some(Ok(hash)) => Argon2::default().verify_password(password, &hash).is_ok(),
            Some(Err(_)) | None => Argon2::default().hash_password(password).is_err(),
        }
    })
    .await
}

/// Hashing takes tens of milliseconds of pure work: not on the threads that serve everybody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Unavailable(error.to_string()))
}
