//! Codes, tokens and consents.

use std::collections::{HashMap, HashSet};

use parking_lot::RwLock;

/// An access token lives about this long.
pub(super) const ACCESS_LIFE: u64 = 3_599_000;
/// A refresh token lives 90 days without use.
pub(super) const REFRESH_LIFE: u64 = 90 * 24 * 3_600_000;
/// A code lives ten minutes.
pub(super) const CODE_LIFE: u64 = 600_000;

/// An access token.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Whose.
    pub(crate) address: String,
    pub(crate) client: String,
    /// Short names.
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: u64,
    pub(crate) revoked: bool,
    /// The client understands claims challenges (`xms_cc` = `cp1`).
    pub(super) cae: bool,
    /// Number of the last challenge that the sign-in behind this token has answered.
    pub(super) answered: u32,
}

impl Access {
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s.eq_ignore_ascii_case(scope))
    }
}

/// What a sign-in gave.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) address: String,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) cae: bool,
    pub(super) answered: u32,
    /// Number of the revocation before which it was given.
    pub(super) generation: u32,
}

/// An authorization code.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<(String, bool)>,
    pub(super) nonce: Option<String>,
    pub(super) expires: u64,
    pub(super) used: bool,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) grant: Grant,
    pub(super) expires: u64,
}

/// A consent page somebody is looking at.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) tenant: String,
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<(String, bool)>,
    pub(super) form_post: bool,
    pub(super) cae: bool,
    pub(super) answers_challenge: bool,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) pending: HashMap<String, Pending>,
    /// Client and address to the scopes that were consented to.
    pub(super) consents: HashMap<(String, String), HashSet<String>>,
    /// Client and tenant that an administrator approved.
    pub(super) approved: HashSet<(String, String)>,
    /// Revocations per address.
    generations: HashMap<String, u32>,
    /// Claims challenges per address: how many, and the claims of the last.
    challenges: HashMap<String, (u32, String)>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    inner: RwLock<Inner>,
}

impl Identity {
    pub(crate) fn access(&self, token: &str) -> Option<Access> {
        self.inner.read().access.get(token).cloned()
    }

    /// The claims that Graph wants before it accepts this token.
    pub(crate) fn challenge(&self, access: &Access) -> Option<String> {
        let inner = self.inner.read();
        let (number, claims) = inner.challenges.get(&access.address)?;
        (access.cae && access.answered < *number).then(|| claims.clone())
    }

    /// From now on Graph challenges this person's tokens.
    pub(crate) fn start_challenge(&self, address: &str, claims: String) {
        let mut inner = self.inner.write();
        let entry = inner
            .challenges
            .entry(address.to_owned())
            .or_insert((0, String::new()));
        entry.0 += 1;
        entry.1 = claims;
    }

    /// Access tokens of one person, or of all, expire now; answers how many.
    pub(crate) fn expire_access(&self, address: Option<&str>, now: u64) -> usize {
        let mut count = 0;
        for access in self.inner.write().access.values_mut() {
            if address.is_none_or(|a| a.eq_ignore_ascii_case(&access.address))
                && access.expires > now
            {
                access.expires = now;
                count += 1;
            }
        }
        count
    }

    /// "Revoke sessions": refresh and access tokens of one person, or of all, are dead; answers how many grants.
    pub(crate) fn revoke(&self, address: Option<&str>) -> usize {
        let mut inner = self.inner.write();
        let hit = |a: &str| address.is_none_or(|wanted| wanted.eq_ignore_ascii_case(a));
        for access in inner.access.values_mut().filter(|a| hit(&a.address)) {
            access.revoked = true;
        }
        let addresses: HashSet<String> = inner
            .refresh
            .values()
            .map(|r| r.grant.address.clone())
            .filter(|a| hit(a))
            .collect();
        for address in &addresses {
            *inner.generations.entry(address.clone()).or_default() += 1;
        }
        addresses.len()
    }

    /// The person takes the consent back (the account portal).
    pub(crate) fn forget_consent(&self, address: &str) {
        self.inner.write().consents.retain(|(_, a), _| a != address);
    }

    /// Hands an access token out without a sign-in, for tests of Graph alone.
    pub(crate) fn issue(
        &self,
        address: &str,
        client: &str,
        scopes: Vec<String>,
        expires: u64,
    ) -> String {
        let token = random("eyJ0eXAiOiJKV1QiLCJub25jZSI6", 12);
        let access = Access {
            address: address.to_owned(),
            client: client.to_owned(),
            scopes,
            expires,
            revoked: false,
            cae: false,
            answered: 0,
        };
        self.inner.write().access.insert(token.clone(), access);
        token
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.write())
    }
}

impl Inner {
    pub(super) fn generation(&self, address: &str) -> u32 {
        self.generations.get(address).copied().unwrap_or(0)
    }

    /// Number of the last challenge of this person.
    pub(super) fn challenged(&self, address: &str) -> u32 {
        self.challenges.get(address).map_or(0, |(n, _)| *n)
    }
}

/// A token that says nothing.
pub(super) fn random(prefix: &str, words: usize) -> String {
    let mut out = prefix.to_owned();
    for _ in 0..words {
        out.push_str(&uuid::Uuid::new_v4().simple().to_string());
    }
    out
}
