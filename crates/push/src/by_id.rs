//! Maps and sets by object id that no choice of ids makes slow.
//!
//! An id that is claimed, by a commit, a tree or a server, need not be the hash of anything: thousands can begin alike. Those
//! that gitoxide's own tables compare by their first bytes would then all lie in one place.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

use gix::ObjectId;

/// A map by object id.
pub(crate) type IdMap<T> = HashMap<ObjectId, T, Keyed>;
/// A set of object ids.
pub(crate) type IdSet = HashSet<ObjectId, Keyed>;

/// Makes hashers with the key of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyed {
    start: u64,
    factor: u64,
}

impl Default for Keyed {
    fn default() -> Self {
        static KEY: OnceLock<Keyed> = OnceLock::new();
        *KEY.get_or_init(|| {
            let random = RandomState::new();
            Self {
                start: random.hash_one(0_u8),
                factor: random.hash_one(1_u8) | 1,
            }
        })
    }
}

impl BuildHasher for Keyed {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher {
            state: self.start,
            factor: self.factor,
        }
    }
}

/// Multiplies every eight bytes with a secret factor, and keeps both halves of the product.
pub(crate) struct IdHasher {
    state: u64,
    factor: u64,
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(part) {
                *to = *from;
            }
            let product =
                u128::from(self.state ^ u64::from_le_bytes(word)) * u128::from(self.factor);
            let high = u64::try_from(product >> 64).unwrap_or_default();
            let low = u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default();
            self.state = high ^ low;
        }
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards the time of a push: where hashes meet, each id is compared with all before it.
    #[test]
    fn ids_that_begin_or_end_alike_have_hashes_of_their_own() {
        let keyed = Keyed::default();
        for place in 0..20 {
            let ids = (0..20_000_u32).map(|number| {
                let mut id = [0; 20];
                let [a, b, ..] = number.to_le_bytes();
                id[place] = a;
                id[(place + 7) % 20] = b;
                id[(place + 13) % 20] = u8::try_from(number >> 16).unwrap();
                ObjectId::from_bytes_or_panic(&id)
            });
            // What the tables look at: the lowest bits for the place, the highest seven for a first comparison.
            let places: HashSet<u64> = ids
                .map(|id| keyed.hash_one(id))
                .map(|hash| (hash & 0xffff) | (hash >> 57 << 16))
                .collect();
            assert!(places.len() > 19_000, "{place}: {}", places.len());
        }
    }

    #[test]
    fn equal_ids_are_one() {
        let id = ObjectId::from_bytes_or_panic(&[7; 20]);
        let mut set = IdSet::default();
        assert!(set.insert(id) && !set.insert(id));
    }
}
