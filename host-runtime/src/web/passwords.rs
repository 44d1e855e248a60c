//! Passwords that the host makes up.

use secrecy::SecretString;
use serde::{Deserialize as _, Deserializer};

/// Shortest password that is accepted, in characters.
pub const PASSWORD_LENGTH: usize = 8;

/// Letters and digits that can't be mistaken for each other when they are copied by hand.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";

/// Five bits a character: 100 bits.
const RANDOM_LENGTH: usize = 20;

/// A password that nobody can guess.
pub fn random() -> String {
    let bytes: [u8; RANDOM_LENGTH] = rand::random();
    bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|&c| char::from(c))
        .collect()
}

/// Reads a text that is never shown again.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// The same for a field that may be left out.
pub(crate) fn some_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(SecretString::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_password_is_long_and_new() {
        assert_eq!(random().len(), RANDOM_LENGTH);
        assert_ne!(random(), random());
    }
}
