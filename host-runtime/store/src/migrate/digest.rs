//! What rows say, in a few bytes that do not depend on their order or on the engine that has them.

use crate::db::Arg;

/// How many rows there are, and the sum of their hashes. Two sums agree by chance as seldom as two hashes; a sum and no exclusive or, so that
/// a row which is there twice does not vanish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: [u64; 4],
}

impl Digest {
    pub(super) fn add(&mut self, row: &[Arg]) {
        let mut hasher = blake3::Hasher::new();
        for value in row {
            hash(&mut hasher, value);
        }
        let hash = hasher.finalize();
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        for (sum, word) in self.sum.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
        self.rows += 1;
    }
}

/// Every value with what it is and how long it is, so that no two rows read the same.
fn hash(hasher: &mut blake3::Hasher, value: &Arg) {
    let mut update = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(bytes);
    };
    match value {
        Arg::Null => update(0, &[]),
        Arg::Int(value) => update(1, &value.to_le_bytes()),
        // One zero, as for everything else that is kept.
        Arg::Real(value) => update(2, &(value + 0.0).to_bits().to_le_bytes()),
        Arg::Text(value) => update(3, value.as_bytes()),
        Arg::Bytes(value) => update(4, value),
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;
    use crate::db::Arg;

    fn of(rows: &[&[Arg]]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        let (a, b): (&[Arg], &[Arg]) =
            (&[Arg::from("a"), Arg::Null], &[Arg::from("b"), Arg::Int(1)]);
        assert_eq!(of(&[a, b]), of(&[b, a]));
        assert_ne!(of(&[a, b]), of(&[a, a]));
        assert_ne!(of(&[a, a, b]), of(&[b]));
        for (one, other) in [
            (Arg::Null, Arg::Int(0)),
            (Arg::Int(1), Arg::Real(1.0)),
            (Arg::from("1"), Arg::Bytes(b"1".to_vec())),
            (Arg::from(""), Arg::Null),
        ] {
            assert_ne!(of(&[&[one]]), of(&[&[other]]));
        }
        assert_ne!(
            of(&[&[Arg::from("ab"), Arg::from("c")]]),
            of(&[&[Arg::from("a"), Arg::from("bc")]])
        );
        assert_eq!(of(&[&[Arg::Real(-0.0)]]), of(&[&[Arg::Real(0.0)]]));
    }
}
