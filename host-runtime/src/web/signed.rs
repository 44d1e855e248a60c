//! Addresses that work without a session for a few minutes: a shown message is a document of no origin, so its images are fetched
//! without cookies.
//!
//! A grant names one user and one message (or remote images for one user) and an end, and is signed with a key that all hosts of one database have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
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

/// Signs and checks.
pub(crate) struct Signer {
    /// The newest first.
    keys: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// What its keys are derived for.
    pub(crate) const PURPOSE: &'static str = "plugin-host 2026-11-30 signed addresses";

    /// Signs with the first of `keys`, and takes what any of them signed.
    pub(crate) fn new(keys: Vec<[u8; 32]>) -> Self {
        Self { keys }
    }

    /// One path segment.
    pub(crate) fn sign(&self, grant: &Grant) -> Result<String> {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(grant).map_err(Problem::internal)?);
        let key = self
            .keys
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
        let mut signed = false;
        for key in &self.keys {
            signed |= mac(key, payload)?.verify_slice(&tag).is_ok();
        }
        if !signed {
            return Err(expired());
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
}

fn mac(key: &[u8; 32], payload: &str) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(Problem::internal)?;
    mac.update(payload.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_grant_is_good_until_its_end_and_only_as_it_was_signed() {
        let signer = Signer::new(vec![[1; 32]]);
        let grant = Grant {
            user: "u".into(),
            purpose: Purpose::Inline {
                message: "m".into(),
            },
            end: 100,
        };
        let segment = signer.sign(&grant).unwrap();
        assert_eq!(signer.check(&segment, 99).unwrap(), grant);
        assert!(signer.check(&segment, 100).is_err());
        assert!(Signer::new(vec![[2; 32]]).check(&segment, 1).is_err());
        let rotated = Signer::new(vec![[2; 32], [1; 32]]);
        assert_eq!(rotated.check(&segment, 1).unwrap(), grant);
        let other = signer
            .sign(&Grant {
                user: "v".into(),
                ..grant
            })
            .unwrap();
        let (payload, _) = other.split_once('.').unwrap();
        let (_, tag) = segment.split_once('.').unwrap();
        assert!(signer.check(&format!("{payload}.{tag}"), 1).is_err());
    }
}
