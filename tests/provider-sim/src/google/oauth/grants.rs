//! Codes, tokens and who has consented to what; every rule by which a token dies.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::random_token;

/// Milliseconds a code can be redeemed.
const CODE_MS: u64 = 10 * 60 * 1000;
/// Seconds an access token lives, as Google says it.
pub(crate) const ACCESS_SECONDS: u64 = 3_599;
/// Milliseconds a refresh token of an application in Testing lives.
const TESTING_MS: u64 = 7 * 24 * 3_600_000;
/// Milliseconds after which an unused refresh token is dead: six months.
const UNUSED_MS: u64 = 182 * 24 * 3_600_000;
/// Live refresh tokens per account and client; one more kills the oldest.
const MOST_REFRESH: usize = 100;

/// What a person agreed to on the consent page.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) address: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    /// Granted, in the order of the request.
    pub(crate) scopes: Vec<String>,
    pub(crate) offline: bool,
    /// `prompt=consent`: a refresh token even if one was given before.
    pub(crate) anew: bool,
    pub(crate) nonce: Option<String>,
    /// Value and method.
    pub(crate) challenge: Option<(String, String)>,
}

/// A live access token.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) address: String,
    pub(crate) client: String,
    pub(crate) scopes: Vec<String>,
    expires: u64,
}

#[derive(Debug, Clone)]
struct Refresh {
    token: String,
    scopes: Vec<String>,
    /// Dies then, however much it is used.
    expires: Option<u64>,
    last_used: u64,
}

#[derive(Debug, Default)]
struct Grant {
    scopes: BTreeSet<String>,
    /// Oldest first.
    refresh: VecDeque<Refresh>,
}

#[derive(Debug)]
struct Code {
    consent: Consent,
    expires: u64,
}

/// Why a code or refresh token is no good: the body of an `invalid_grant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dead {
    pub(crate) description: &'static str,
    pub(crate) subtype: Option<&'static str>,
}

const MALFORMED: Dead = Dead {
    description: "Malformed auth code.",
    subtype: None,
};
const REVOKED: Dead = Dead {
    description: "Token has been expired or revoked.",
    subtype: None,
};
const SESSION: Dead = Dead {
    description: "reauth related error (invalid_rapt)",
    subtype: Some("invalid_rapt"),
};

/// What the token endpoint gives out.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    /// Seconds.
    pub(crate) refresh_expires_in: Option<u64>,
    pub(crate) address: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
}

/// Every grant of every person.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: Mutex<HashMap<String, Code>>,
    access: RwLock<HashMap<String, Arc<Access>>>,
    /// By address and client.
    grants: Mutex<HashMap<(String, String), Grant>>,
    /// People whose session control asks for a new sign-in.
    session_ended: Mutex<BTreeSet<String>>,
}

impl Grants {
    /// What was granted to this client before.
    pub(crate) fn consented(&self, address: &str, client: &str) -> Vec<String> {
        self.grants
            .lock()
            .get(&(address.to_owned(), client.to_owned()))
            .map(|grant| grant.scopes.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// A code for the redirect.
    pub(crate) fn code(&self, consent: Consent, now: u64) -> String {
        self.session_ended.lock().remove(&consent.address);
        let code = format!("4/{}", random_token(48));
        let expires = now + CODE_MS;
        self.codes
            .lock()
            .insert(code.clone(), Code { consent, expires });
        code
    }

    /// Redeems a code, once. `check` sees the consent before anything is given out.
    pub(crate) fn redeem<E: From<Dead>>(
        &self,
        code: &str,
        testing: bool,
        now: u64,
        check: impl FnOnce(&Consent) -> Result<(), E>,
    ) -> Result<Issued, E> {
        let found = self.codes.lock().remove(code);
        let Some(Code { consent, expires }) = found else {
            return Err(MALFORMED.into());
        };
        if expires <= now {
            return Err(MALFORMED.into());
        }
        check(&consent)?;
        let key = (consent.address.clone(), consent.client.clone());
        let mut grants = self.grants.lock();
        let grant = grants.entry(key).or_default();
        grant.scopes.extend(consent.scopes.iter().cloned());
        let had_one = !grant.refresh.is_empty();
        let mut refresh_token = None;
        if consent.offline && (consent.anew || !had_one) {
            let token = format!("1//{}", random_token(64));
            grant.refresh.push_back(Refresh {
                token: token.clone(),
                scopes: consent.scopes.clone(),
                expires: testing.then_some(now + TESTING_MS),
                last_used: now,
            });
            if grant.refresh.len() > MOST_REFRESH {
                grant.refresh.pop_front();
            }
            refresh_token = Some(token);
        }
        drop(grants);
        let refresh_expires_in =
            (testing && refresh_token.is_some()).then_some(TESTING_MS / 1000 - 1);
        Ok(Issued {
            access_token: self.give_access(&consent.address, &consent.client, &consent.scopes, now),
            refresh_token,
            refresh_expires_in,
            address: consent.address,
            scopes: consent.scopes,
            nonce: consent.nonce,
        })
    }

    /// A new access token for a refresh token.
    pub(crate) fn refresh(
        &self,
        token: &str,
        client: &str,
        scopes: Option<Vec<String>>,
        now: u64,
    ) -> Result<Issued, Dead> {
        let mut grants = self.grants.lock();
        let found = grants.iter_mut().find_map(|((address, of), grant)| {
            let refresh = grant.refresh.iter_mut().find(|r| r.token == token)?;
            (of == client).then_some((address.clone(), refresh))
        });
        let Some((address, refresh)) = found else {
            return Err(REVOKED);
        };
        let dead = refresh.expires.is_some_and(|expires| expires <= now)
            || refresh.last_used.saturating_add(UNUSED_MS) <= now;
        if dead {
            return Err(REVOKED);
        }
        if self.session_ended.lock().contains(&address) {
            return Err(SESSION);
        }
        refresh.last_used = now;
        let expires_in = refresh
            .expires
            .map(|expires| expires.saturating_sub(now) / 1000);
        let mut granted = refresh.scopes.clone();
        if let Some(narrower) = scopes {
            granted.retain(|scope| narrower.contains(scope));
        }
        drop(grants);
        Ok(Issued {
            access_token: self.give_access(&address, client, &granted, now),
            refresh_token: None,
            refresh_expires_in: expires_in,
            address,
            scopes: granted,
            nonce: None,
        })
    }

    fn give_access(&self, address: &str, client: &str, scopes: &[String], now: u64) -> String {
        let token = format!("ya29.{}", random_token(96));
        let access = Access {
            address: address.to_owned(),
            client: client.to_owned(),
            scopes: scopes.to_vec(),
            expires: now + ACCESS_SECONDS * 1000,
        };
        self.access.write().insert(token.clone(), Arc::new(access));
        token
    }

    /// An access token without the ceremony, for tests of the mail API.
    pub(crate) fn give(&self, address: &str, scopes: &[String], now: u64) -> String {
        self.give_access(address, "test", scopes, now)
    }

    /// None: unknown, revoked or expired.
    pub(crate) fn access(&self, token: &str, now: u64) -> Option<Arc<Access>> {
        self.access
            .read()
            .get(token)
            .filter(|access| access.expires > now)
            .cloned()
    }

    /// Whose it is, or was before it expired.
    pub(crate) fn owner(&self, token: &str) -> Option<String> {
        self.access
            .read()
            .get(token)
            .map(|access| access.address.clone())
    }

    /// Ends the whole grant that this access or refresh token belongs to; false: no such token.
    pub(crate) fn revoke(&self, token: &str) -> bool {
        let by_access = self
            .access
            .read()
            .get(token)
            .map(|access| (access.address.clone(), access.client.clone()));
        let key = by_access.or_else(|| {
            self.grants
                .lock()
                .iter()
                .find(|(_, grant)| grant.refresh.iter().any(|refresh| refresh.token == token))
                .map(|(key, _)| key.clone())
        });
        match key {
            Some((address, client)) => {
                self.end(|a, c| a == address && c == client);
                true
            }
            None => false,
        }
    }

    /// Ends grants; answers how many there were.
    pub(crate) fn end(&self, which: impl Fn(&str, &str) -> bool) -> usize {
        let mut grants = self.grants.lock();
        let before = grants.len();
        grants.retain(|(address, client), _| !which(address, client));
        let ended = before - grants.len();
        drop(grants);
        self.access
            .write()
            .retain(|_, access| !which(&access.address, &access.client));
        ended
    }

    /// Access tokens expire now; answers how many.
    pub(crate) fn expire_access(&self, address: Option<&str>) -> usize {
        let mut count = 0;
        for access in self.access.write().values_mut() {
            if address.is_none_or(|address| address == access.address) && access.expires > 0 {
                Arc::make_mut(access).expires = 0;
                count += 1;
            }
        }
        count
    }

    /// Refresh tokens with Gmail scopes die, as when the password is changed.
    pub(crate) fn password_changed(&self, address: &str) {
        let mail =
            |scope: &String| scope.contains("/gmail.") || scope == "https://mail.google.com/";
        for ((of, _), grant) in self.grants.lock().iter_mut() {
            if of == address {
                grant
                    .refresh
                    .retain(|refresh| !refresh.scopes.iter().any(mail));
            }
        }
        self.access
            .write()
            .retain(|_, access| access.address != address || !access.scopes.iter().any(mail));
    }

    /// Workspace session control: the next refresh asks for a new sign-in.
    pub(crate) fn end_session(&self, address: &str) {
        self.session_ended.lock().insert(address.to_owned());
    }

    /// Live refresh tokens of a person.
    pub(crate) fn live_refresh_tokens(&self, address: &str) -> usize {
        self.grants
            .lock()
            .iter()
            .filter(|((of, _), _)| of == address)
            .map(|(_, grant)| grant.refresh.len())
            .sum()
    }
}
