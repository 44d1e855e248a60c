//! The keys that id tokens and push messages are signed with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Bits of a generated key; verifiers refuse fewer.
const BITS: usize = 2048;

struct Key {
    id: String,
    signing: EncodingKey,
    public: Value,
}

/// Two keys, as providers publish them while one is being replaced; the first signs. Made on first use, because making them takes
/// longer than many a test, and once per process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keys;

static KEYS: OnceLock<Vec<Key>> = OnceLock::new();
static FORGER: OnceLock<Option<Key>> = OnceLock::new();

fn keys() -> &'static [Key] {
    KEYS.get_or_init(|| (0..2).filter_map(|_| generate()).collect())
}

fn generate() -> Option<Key> {
    let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).ok()?;
    let modulus = URL_SAFE_NO_PAD.encode(private.n().to_bytes_be());
    let exponent = URL_SAFE_NO_PAD.encode(private.e().to_bytes_be());
    let der = private.to_pkcs1_der().ok()?;
    let id = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(modulus.as_bytes()))
        .chars()
        .take(40)
        .collect::<String>();
    Some(Key {
        public: json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": modulus, "e": exponent}),
        signing: EncodingKey::from_rsa_der(der.as_bytes()),
        id,
    })
}

impl Keys {
    /// The JSON Web Key Set.
    pub fn jwks(self) -> Value {
        json!({"keys": keys().iter().map(|key| &key.public).collect::<Vec<_>>()})
    }

    /// A JWT signed with RS256; empty if no key could be made.
    pub fn sign<T: Serialize>(self, claims: &T) -> String {
        keys()
            .first()
            .map_or_else(String::new, |key| key.sign(claims))
    }

    /// As [`Keys::sign`], with a key that is not published.
    pub fn forge<T: Serialize>(self, claims: &T) -> String {
        FORGER
            .get_or_init(generate)
            .as_ref()
            .map_or_else(String::new, |key| key.sign(claims))
    }
}

impl Key {
    fn sign<T: Serialize>(&self, claims: &T) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.signing).unwrap_or_default()
    }
}
