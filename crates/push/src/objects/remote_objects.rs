//! What the server has for sure, found again by its path or its name, or because it was removed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;
use gix::objs::Kind;

use crate::by_id::IdSet;

/// So many objects are remembered for one path or name. A merge has more than one version beside it.
const MAX_ALIKE: usize = 8;
/// So many removed objects are remembered.
const MAX_REMOVED: usize = 64;

/// Objects that the server has for sure: those of the directories that differ.
#[derive(Debug, Clone, Default)]
pub struct RemoteObjects {
    ids: IdSet,
    by_path: Alike,
    by_name: Alike,
    removed: Vec<(Kind, ObjectId)>,
}

impl RemoteObjects {
    /// Says whether the server has the object. `false` means only that it is not known here.
    pub fn contains(&self, id: &gix::oid) -> bool {
        self.ids.contains(id)
    }

    /// Returns what the server has at a path, what is next to the newest commit first. A bounded number.
    pub fn at_path(&self, path: u64) -> impl Iterator<Item = ObjectId> + '_ {
        self.by_path.find(path)
    }

    /// Returns some of what the server has anywhere of the same kind and last name. A bounded number.
    pub fn at_name(&self, name: u64) -> impl Iterator<Item = ObjectId> + '_ {
        self.by_name.find(name)
    }

    /// Returns what the server has at locations where the new commits have nothing: a renamed object is
    /// likely to be like one of these. A bounded number of them, of the directories with few new versions.
    pub fn removed(&self, kind: Kind) -> impl Iterator<Item = ObjectId> + '_ {
        let alike = self
            .removed
            .iter()
            .filter(move |(removed, _)| *removed == kind);
        alike.map(|(_, id)| *id)
    }

    /// Adds an object that the server has.
    pub(super) fn add(&mut self, id: ObjectId, path: u64, name: u64) {
        self.by_path.add(path, id);
        self.by_name.add(name, id);
    }

    /// Adds objects that the new commits have not any more, as far as there is room.
    pub(super) fn add_removed(&mut self, removed: impl Iterator<Item = (Kind, ObjectId)>) {
        let room = MAX_REMOVED.saturating_sub(self.removed.len());
        self.removed.extend(removed.take(room));
    }

    /// Takes the ids of all that was added.
    pub(super) fn set_ids(&mut self, ids: IdSet) {
        self.ids = ids;
    }
}

/// A few objects for each key. Most keys have one, which costs no allocation of its own.
#[derive(Debug, Clone, Default)]
struct Alike {
    first: HashMap<u64, ObjectId>,
    more: HashMap<u64, Vec<ObjectId>>,
}

impl Alike {
    fn add(&mut self, key: u64, id: ObjectId) {
        match self.first.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(id);
            }
            Entry::Occupied(entry) if *entry.get() != id => {
                let more = self.more.entry(key).or_default();
                if more.len() + 1 < MAX_ALIKE && !more.contains(&id) {
                    more.push(id);
                }
            }
            Entry::Occupied(_) => {}
        }
    }

    fn find(&self, key: u64) -> impl Iterator<Item = ObjectId> + '_ {
        let more = self.more.get(&key).into_iter().flatten();
        self.first.get(&key).into_iter().chain(more).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_at_a_path_come_in_their_order_once_each_and_not_without_end() {
        let id = |digit: u8| ObjectId::from_hex(&[digit; 40]).unwrap();
        let mut known = RemoteObjects::default();
        for digit in b"2112100456789abcdef" {
            known.add(id(*digit), 7, u64::from(*digit));
        }
        let found: Vec<_> = known.at_path(7).collect();
        assert_eq!(found, b"21045678".map(id));
        assert_eq!(known.at_path(8).count(), 0);
        assert_eq!(known.at_name(b'1'.into()).collect::<Vec<_>>(), [id(b'1')]);
    }
}
