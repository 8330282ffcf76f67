//! Where an object stands in the index of a pack.

use gix::odb::pack::index::File;

/// How often a place is computed before the rest is bisected. The ids of an honest index are hashes, so that three or four
/// steps find one among a million.
const STEPS: u32 = 8;

/// Returns the number of an object in an index.
///
/// Ids are spread evenly, so where one stands can be computed from its first bytes, and fewer of them have to be looked at
/// than by bisection. Where the ids are not in order the steps may lead past one that git finds: it looks among those with
/// the same first byte only, and so does the bisection that decides what is not there.
pub(super) fn lookup(index: &File, id: &gix::oid) -> Option<u32> {
    let wanted = first_bytes(id);
    let (mut begin, mut end) = (0, u64::from(index.num_objects()));
    let (mut least, mut most) = (0, u64::MAX);
    for _ in 0..STEPS {
        if begin >= end || wanted < least || wanted > most {
            break;
        }
        let part = u128::from(wanted - least) * u128::from(end - begin - 1);
        let at = begin + u64::try_from(part / u128::from((most - least).max(1))).ok()?;
        let number = u32::try_from(at.min(end - 1)).ok()?;
        let found = index.oid_at_index(number);
        match found.cmp(id) {
            std::cmp::Ordering::Equal => return Some(number),
            std::cmp::Ordering::Less => {
                (begin, least) = (u64::from(number) + 1, first_bytes(found));
            }
            std::cmp::Ordering::Greater => (end, most) = (u64::from(number), first_bytes(found)),
        }
    }
    index.lookup(id)
}

/// Returns the first eight bytes of an id, as a number that sorts as they do.
fn first_bytes(id: &gix::oid) -> u64 {
    let bytes = id.as_bytes().first_chunk().copied();
    u64::from_be_bytes(bytes.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gix::ObjectId;
    use proptest::prelude::*;

    use super::*;

    /// Writes an index of the second version, with ids in the order that is given.
    fn index(directory: &Path, ids: &[ObjectId]) -> File {
        let mut bytes = b"\xfftOc\0\0\0\x02".to_vec();
        for first in 0..=255 {
            let up_to = ids.iter().filter(|id| id.as_bytes()[0] <= first).count();
            bytes.extend(u32::try_from(up_to).unwrap().to_be_bytes());
        }
        bytes.extend(ids.iter().flat_map(|id| id.as_bytes()));
        // Checksums, offsets, and the hashes of pack and index: nobody looks at them here.
        bytes.resize(bytes.len() + 8 * ids.len() + 40, 0);
        let path = directory.join("pack.idx");
        std::fs::write(&path, bytes).unwrap();
        File::at(path, gix::hash::Kind::Sha1).unwrap()
    }

    fn id(first: u64, last: u8) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        bytes[19] = last;
        ObjectId::from_bytes_or_panic(&bytes)
    }

    proptest! {
        #[test]
        fn it_finds_what_bisection_finds(
            spread in prop::collection::btree_set((any::<u64>(), any::<u8>()), 0..300),
            close in prop::collection::btree_set((0..9_u64, any::<u8>()), 0..300),
            other in (any::<u64>(), any::<u8>()),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let ids: std::collections::BTreeSet<ObjectId> =
                spread.iter().chain(&close).map(|(first, last)| id(*first, *last)).collect();
            let ids: Vec<ObjectId> = ids.into_iter().collect();
            let index = index(directory.path(), &ids);
            for (number, id) in ids.iter().enumerate() {
                prop_assert_eq!(lookup(&index, id), u32::try_from(number).ok());
            }
            for absent in [id(other.0, other.1), id(0, 0), id(4, 4), id(u64::MAX, 255)] {
                prop_assert_eq!(lookup(&index, &absent), index.lookup(absent));
            }
        }

        #[test]
        fn an_index_that_is_not_in_order_ends_too(
            ids in prop::collection::vec((any::<u64>(), any::<u8>()), 1..100),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let ids: Vec<ObjectId> = ids.iter().map(|(first, last)| id(*first, *last)).collect();
            let index = index(directory.path(), &ids);
            for id in &ids {
                let found = lookup(&index, id);
                prop_assert!(found.is_none_or(|number| index.oid_at_index(number) == id.as_ref()));
                prop_assert!(found.is_some() || index.lookup(id).is_none());
            }
        }
    }
}
