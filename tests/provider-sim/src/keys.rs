//! The key that id tokens and push messages are signed with.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Bits of a key; verifiers refuse fewer.
const BITS: usize = 2048;

struct Key {
    id: String,
    signing: EncodingKey,
    public: Value,
}

/// The signing key, and the published keys. Made on first use, because it takes longer than many a test, and once per process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keys;

static KEY: OnceLock<Option<Key>> = OnceLock::new();

fn key() -> Option<&'static Key> {
    KEY.get_or_init(generate).as_ref()
}

fn generate() -> Option<Key> {
    let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).ok()?;
    let der = private.to_pkcs1_der().ok()?;
    let (id, public) = public(&private.n().to_bytes_be(), &private.e().to_bytes_be());
    Some(Key {
        signing: EncodingKey::from_rsa_der(der.as_bytes()),
        id,
        public,
    })
}

/// Key id and JSON Web Key.
fn public(modulus: &[u8], exponent: &[u8]) -> (String, Value) {
    let id: String = hex::encode(Sha256::digest(modulus))
        .chars()
        .take(40)
        .collect();
    let key = json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": id,
        "n": URL_SAFE_NO_PAD.encode(modulus),
        "e": URL_SAFE_NO_PAD.encode(exponent),
    });
    (id, key)
}

/// The next key, published before it signs anything; nobody has its private half, so any number of the right size will do.
fn next_key() -> Value {
    let modulus: Vec<u8> = (0..=7_u8)
        .flat_map(|block| Sha256::digest([block]).to_vec())
        .map(|byte| byte | 0x81)
        .collect();
    public(&modulus, &[1, 0, 1]).1
}

impl Keys {
    /// Makes the key on a thread of its own, so that the first who signs in need not wait for it: it takes between 20 ms and a
    /// second, by chance.
    pub fn make_ready(self) {
        std::thread::spawn(key);
    }

    /// The JSON Web Key Set: two keys, as providers publish them while one is being replaced.
    pub fn jwks(self) -> Value {
        let signing = key().map(|key| key.public.clone());
        json!({"keys": [next_key(), signing]})
    }

    /// A JWT signed with RS256; empty if no key could be made.
    pub fn sign<T: Serialize>(self, claims: &T) -> String {
        let Some(key) = key() else {
            return String::new();
        };
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.id.clone());
        jsonwebtoken::encode(&header, claims, &key.signing).unwrap_or_default()
    }

    /// As [`Keys::sign`], but the signature belongs to other claims.
    pub fn forge<T: Serialize>(self, claims: &T) -> String {
        let token = self.sign(claims);
        let other = self.sign(&json!({"forged": true}));
        match (token.rsplit_once('.'), other.rsplit_once('.')) {
            (Some((signed, _)), Some((_, signature))) => format!("{signed}.{signature}"),
            _ => String::new(),
        }
    }
}
