//! Addresses that work without a session for a few minutes: a shown message is a document of no origin, so its images are fetched
//! without cookies.
//!
//! A grant names one user and one message (or remote images for one user) and an end, and is signed with a key that all hosts of one database have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use host_store::Secrets;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::problem::{Kind, Problem, Result};

/// Long enough to read a message and scroll to its images, short enough that a leaked address is soon worthless.
pub(crate) const LIFETIME_MS: u64 = 15 * 60 * 1000;

/// What an address allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// Inline parts of this message.
    #[serde(rename = "i")]
    Inline {
        /// The message.
        #[serde(rename = "m")]
        message: String,
    },
    /// Remote images that some message shows.
    #[serde(rename = "r")]
    Remote,
    /// Completing an OAuth flow with this binding.
    #[serde(rename = "f")]
    Flow {
        /// See [`Principal::binding`](super::auth::Principal::binding).
        #[serde(rename = "b")]
        binding: String,
    },
}

/// Who may do it, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    #[serde(rename = "u")]
    pub(crate) user: String,
    #[serde(rename = "p")]
    pub(crate) purpose: Purpose,
    #[serde(rename = "e")]
    pub(crate) end: u64,
}

/// Keys that all hosts of one database have.
pub(crate) trait Keys: Send + Sync {
    /// Those that are known here, the one that signs first.
    fn known(&self) -> Vec<[u8; 32]>;

    /// Looks for one that another host may have signed with already.
    fn look_again(&self);
}

impl Keys for Secrets {
    fn known(&self) -> Vec<[u8; 32]> {
        self.derived("plugin-host 2026-11-30 signed addresses")
    }

    fn look_again(&self) {
        if let Err(error) = Self::look_again(self) {
            tracing::warn!(%error, "keys were not looked for");
        }
    }
}

/// Signs and checks.
pub(crate) struct Signer {
    keys: Box<dyn Keys>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    pub(crate) fn new(keys: impl Keys + 'static) -> Self {
        Self {
            keys: Box::new(keys),
        }
    }

    /// One path segment.
    pub(crate) fn sign(&self, grant: &Grant) -> Result<String> {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(grant).map_err(Problem::internal)?);
        let keys = self.keys.known();
        let key = keys
            .first()
            .ok_or_else(|| Problem::internal("there is no key to sign with"))?;
        let tag = URL_SAFE_NO_PAD.encode(mac(key, &payload)?.finalize().into_bytes());
        Ok(format!("{payload}.{tag}"))
    }

    /// What the segment allows, if it is whole and still good.
    pub(crate) fn check(&self, segment: &str, now: u64) -> Result<Grant> {
        let expired = || {
            Problem::new(
                Kind::LinkExpired,
                "This address was good for a few minutes only. Open the message again.",
            )
        };
        let (payload, tag) = segment.split_once('.').ok_or_else(expired)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| expired())?;
        if !self.signed(payload, &tag)? {
            self.keys.look_again();
            if !self.signed(payload, &tag)? {
                return Err(expired());
            }
        }
        let grant: Grant = URL_SAFE_NO_PAD
            .decode(payload)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(expired)?;
        if now < grant.end {
            Ok(grant)
        } else {
            Err(expired())
        }
    }

    fn signed(&self, payload: &str, tag: &[u8]) -> Result<bool> {
        let mut signed = false;
        for key in self.keys.known() {
            signed |= mac(&key, payload)?.verify_slice(tag).is_ok();
        }
        Ok(signed)
    }
}

fn mac(key: &[u8; 32], payload: &str) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(Problem::internal)?;
    mac.update(payload.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Mutex;

    use super::*;

    /// Those that are known, and one that is found by looking again.
    struct Known(Mutex<Vec<[u8; 32]>>, Option<[u8; 32]>);

    impl Keys for Known {
        fn known(&self) -> Vec<[u8; 32]> {
            self.0.lock().unwrap().clone()
        }

        fn look_again(&self) {
            self.0.lock().unwrap().extend(self.1);
        }
    }

    fn signer(keys: &[[u8; 32]], more: Option<[u8; 32]>) -> Signer {
        Signer::new(Known(Mutex::new(keys.to_vec()), more))
    }

    #[test]
    fn a_grant_is_good_until_its_end_and_only_as_it_was_signed() {
        let one = signer(&[[1; 32]], None);
        let grant = Grant {
            user: "u".into(),
            purpose: Purpose::Inline {
                message: "m".into(),
            },
            end: 100,
        };
        let segment = one.sign(&grant).unwrap();
        assert_eq!(one.check(&segment, 99).unwrap(), grant);
        assert!(one.check(&segment, 100).is_err());
        assert!(signer(&[[2; 32]], None).check(&segment, 1).is_err());
        let rotated = signer(&[[2; 32], [1; 32]], None);
        assert_eq!(rotated.check(&segment, 1).unwrap(), grant);
        // Another host signed with a key that is in the file, and was not when this one read it.
        let behind = signer(&[[2; 32]], Some([1; 32]));
        assert_eq!(behind.check(&segment, 1).unwrap(), grant);
        let other = one
            .sign(&Grant {
                user: "v".into(),
                ..grant
            })
            .unwrap();
        let (payload, _) = other.split_once('.').unwrap();
        let (_, tag) = segment.split_once('.').unwrap();
        assert!(one.check(&format!("{payload}.{tag}"), 1).is_err());
    }
}
