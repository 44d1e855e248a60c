//! Names that can't be guessed, and what is kept of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

/// Bytes fit for keys and tokens.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Unavailable(format!("no randomness: {error}")))?;
    Ok(bytes)
}

/// A token of 256 bits, fit for addresses and headers.
pub(crate) fn token() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// A positive number that marks one holding of a lease or lock.
pub(crate) fn fence() -> Result<i64, Error> {
    Ok(i64::from_be_bytes(bytes::<8>()?) & i64::MAX)
}

/// What is stored of a token. Tokens are random and long, so that a fast hash without salt is enough.
pub(crate) fn digest(token: &str) -> Vec<u8> {
    blake3::hash(token.as_bytes()).as_bytes().to_vec()
}

/// Ids that grow with time, so that they fill indexes from one side.
pub(crate) fn id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
