//! What was decoded last: the bases of the deltas that are read next, commits that are looked at again.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use gix::objs::Kind;

/// A decoded object.
#[derive(Debug, Clone)]
pub(super) struct Decoded {
    pub(super) kind: Kind,
    pub(super) content: Rc<Vec<u8>>,
}

/// Decoded entries up to a number of bytes. Those that are not asked for again are let go, half of all at once.
#[derive(Debug)]
pub(super) struct Cache<K> {
    /// The most bytes of one generation.
    limit: usize,
    size: usize,
    young: HashMap<K, Decoded>,
    old: HashMap<K, Decoded>,
}

impl<K: Copy + Eq + Hash> Cache<K> {
    /// Keeps at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit / 2,
            size: 0,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// Returns an entry, and keeps it for longer.
    pub(super) fn get(&mut self, key: K) -> Option<Decoded> {
        if let Some(found) = self.young.get(&key) {
            return Some(found.clone());
        }
        let found = self.old.remove(&key)?;
        self.put(key, found.clone());
        Some(found)
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        self.size = 0;
        self.young = HashMap::new();
        self.old = HashMap::new();
    }

    /// Keeps an entry, unless it is so large that it would drive out everything else.
    pub(super) fn put(&mut self, key: K, entry: Decoded) {
        let size = entry.content.len() + size_of::<(K, Decoded)>();
        if size > self.limit / 2 {
            return;
        }
        if self.size + size > self.limit {
            self.old = std::mem::take(&mut self.young);
            self.size = 0;
        }
        self.size += size;
        self.young.insert(key, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: usize) -> Decoded {
        Decoded {
            kind: Kind::Tree,
            content: Rc::new(vec![0; size]),
        }
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut cache = Cache::new(20_000);
        for offset in 0..100 {
            cache.put((0, offset), entry(1_000));
            assert!(cache.get((0, 0)).is_some(), "{offset}");
        }
        let kept = (0..100).filter(|at| cache.get((0, *at)).is_some()).count();
        assert!((5..=20).contains(&kept), "{kept}");
        let held: usize = [&cache.young, &cache.old]
            .iter()
            .flat_map(|generation| generation.values())
            .map(|entry| entry.content.len())
            .sum();
        assert!(held <= 20_000, "{held}");
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut cache = Cache::new(20_000);
        cache.put((0, 1), entry(10));
        cache.put((0, 2), entry(9_000));
        assert!(cache.get((0, 1)).is_some());
        assert!(cache.get((0, 2)).is_none());
    }
}
