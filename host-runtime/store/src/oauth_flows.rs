//! OAuth flows under way: what `state` stands for until the provider sends the browser back.
//!
//! `state` is random, used once, valid for ten minutes, and bound to the plugin, the person and the browser session that began. What the
//! plugin wants back (its PKCE verifier) is sealed. The order is: [`new_state`](OauthFlows::new_state), the plugin's `begin`,
//! [`store`](OauthFlows::store), and in the callback [`take`](OauthFlows::take).

use std::sync::Arc;
use std::time::Duration;

use crate::db::sql;
use crate::error::Error;
use crate::random;
use crate::store::Inner;

/// How long a person may take on the provider's pages.
const LIFETIME: Duration = Duration::from_secs(600);

/// What a flow is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFlow {
    /// Which plugin began it.
    pub plugin: String,
    /// For whom.
    pub user: String,
    /// [`Session::id`](crate::Session::id) of the browser.
    pub session: String,
    /// The provider's name, as the plugin calls it.
    pub provider: String,
    /// What the plugin wants back.
    pub flow: Vec<u8>,
}

/// A flow whose browser came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthFlow {
    /// Which plugin completes it.
    pub plugin: String,
    /// For whom.
    pub user: String,
    /// The provider's name.
    pub provider: String,
    /// What the plugin kept.
    pub flow: Vec<u8>,
}

/// Why a `state` is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// Never given out, or long ago.
    #[error("this sign-in was not begun here: begin it again")]
    Unknown,
    /// Its ten minutes are over.
    #[error("this sign-in took longer than ten minutes: begin it again")]
    Expired,
    /// It was used before.
    #[error("this sign-in was completed before: begin it again if it is not shown as linked")]
    Used,
    /// It was begun by another person, browser or plugin. It stays usable for them.
    #[error("this sign-in was begun by somebody else or in another browser: begin it again")]
    Foreign,
    /// Retry.
    #[error(transparent)]
    Store(#[from] Error),
}

/// OAuth flows under way.
#[derive(Clone)]
pub struct OauthFlows(pub(crate) Arc<Inner>);

impl OauthFlows {
    /// A `state` that nobody can guess; it stands for nothing yet.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub fn new_state(&self) -> Result<String, Error> {
        random::token()
    }

    /// Keeps what `state` stands for, for ten minutes.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if the state is in use, [`Error::Unavailable`].
    pub async fn store(&self, state: &str, flow: NewFlow) -> Result<(), Error> {
        let state = random::digest(state);
        let expires_at = self.0.now() + u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX);
        let mut tx = self.0.db.write().await?;
        // As for secrets: a rotation under way can't miss it.
        self.0.keys.for_sealing(&mut tx).await?;
        let sealed = self.0.keys.seal(
            &["oauth-flow", &flow.plugin, &hex::encode(&state)],
            &flow.flow,
        )?;
        tx.execute(sql!(
            "INSERT INTO host_oauth_flows (state, plugin, user_id, session, provider, sealed, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            state,
            flow.plugin,
            flow.user,
            flow.session.into_bytes(),
            flow.provider,
            sealed,
            expires_at
        ))
        .await?;
        tx.commit().await
    }

    /// Uses a `state` up, if it belongs to this plugin, person and browser session.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub async fn take(
        &self,
        state: &str,
        plugin: &str,
        user: &str,
        session: &str,
    ) -> Result<OauthFlow, FlowError> {
        let state = random::digest(state);
        let now = self.0.now();
        let mut tx = self.0.db.write().await?;
        let lock = tx.dialect().to_change();
        let row = tx
            .fetch_first(sql!(
                format!("SELECT plugin, user_id, session, provider, sealed, expires_at, used_at FROM host_oauth_flows WHERE state = ?{lock}"),
                state.clone()
            ))
            .await?
            .ok_or(FlowError::Unknown)?;
        if row.text(0)? != plugin || row.text(1)? != user || row.bytes(2)? != session.as_bytes() {
            return Err(FlowError::Foreign);
        }
        if row.opt_uint(6)?.is_some() {
            return Err(FlowError::Used);
        }
        if row.uint(5)? <= now {
            return Err(FlowError::Expired);
        }
        let flow = self.0.keys.open_sealed(
            &["oauth-flow", plugin, &hex::encode(&state)],
            &row.bytes(4)?,
        )?;
        tx.execute(sql!(
            "UPDATE host_oauth_flows SET used_at = ?, sealed = NULL WHERE state = ?",
            now,
            state
        ))
        .await?;
        tx.commit().await?;
        Ok(OauthFlow {
            plugin: plugin.to_owned(),
            user: user.to_owned(),
            provider: row.text(3)?,
            flow,
        })
    }
}
