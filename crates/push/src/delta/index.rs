//! Finds blocks of the base again: one hash for each block, in buckets that lie one after the other.

use super::{BLOCK, MAX_CANDIDATES};

/// The multiplier of the rolling hash: odd, with well spread bits.
const FACTOR: u32 = 0x9E37_79B1;

/// The hash of a window of [`BLOCK`] bytes, which can be moved by one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rolling(u32);

impl Rolling {
    /// Hashes a whole window.
    pub(super) fn of(window: &[u8]) -> Self {
        Self(window.iter().fold(0, |hash: u32, byte| {
            hash.wrapping_mul(FACTOR).wrapping_add(u32::from(*byte) + 1)
        }))
    }

    /// Moves the window by one byte: `old` leaves at its front, `new` comes at its back.
    #[inline]
    pub(super) fn roll(self, old: u8, new: u8) -> Self {
        let without = self.0.wrapping_sub((u32::from(old) + 1).wrapping_mul(TOP));
        Self(
            without
                .wrapping_mul(FACTOR)
                .wrapping_add(u32::from(new) + 1),
        )
    }
}

/// The weight of the first byte of a window.
const TOP: u32 = {
    let mut top = 1_u32;
    let mut i = 1;
    while i < BLOCK {
        top = top.wrapping_mul(FACTOR);
        i += 1;
    }
    top
};

/// One block of the base; its offset follows from its number.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    hash: u32,
    /// The number of the next block of the bucket, counted from one; zero at the end.
    next: u32,
}

/// The blocks of one base. Nothing but this is allocated to build it: for a large base it is as much as the base.
#[derive(Debug)]
pub(super) struct BlockIndex {
    /// The first block of each bucket, counted from one; zero for an empty one.
    heads: Vec<u32>,
    entries: Vec<Entry>,
    shift: u32,
}

impl BlockIndex {
    /// Indexes every whole block of `base`, which must be shorter than 4 GiB.
    pub(super) fn new(base: &[u8]) -> Self {
        let blocks = base.len() / BLOCK;
        let bits = blocks.max(2).next_power_of_two().trailing_zeros().min(24);
        let mut index = Self {
            heads: vec![0; 1 << bits],
            entries: vec![Entry::default(); blocks],
            shift: 32 - bits,
        };
        // From the end, so that each bucket begins with its first block.
        let mut later: Option<(usize, u32)> = None;
        for (number, block) in base.chunks_exact(BLOCK).enumerate().rev() {
            let hash = Rolling::of(block).0;
            // Of a run of equal blocks the first is enough: a match extends over the rest.
            if let Some((later, of_later)) = later
                && of_later != hash
            {
                index.insert(later, of_later);
            }
            later = Some((number, hash));
        }
        if let Some((first, hash)) = later {
            index.insert(first, hash);
        }
        index
    }

    /// Puts a block before the others of its bucket.
    fn insert(&mut self, number: usize, hash: u32) {
        let head = self.heads.get_mut(bucket(hash, self.shift));
        let entry = self.entries.get_mut(number);
        if let (Some(head), Some(entry), Ok(number)) = (head, entry, u32::try_from(number)) {
            *entry = Entry { hash, next: *head };
            *head = number + 1;
        }
    }

    /// Returns where blocks with this hash begin in the base, a bounded number of them.
    #[inline]
    pub(super) fn candidates(&self, hash: Rolling) -> impl Iterator<Item = usize> + '_ {
        let block = |counted: u32| {
            let number = (counted as usize).checked_sub(1)?;
            Some((number, *self.entries.get(number)?))
        };
        let head = self.heads.get(bucket(hash.0, self.shift));
        let first = head.and_then(|head| block(*head));
        std::iter::successors(first, move |(_, entry)| block(entry.next))
            .filter(move |(_, entry)| entry.hash == hash.0)
            .take(MAX_CANDIDATES)
            .map(|(number, _)| number * BLOCK)
    }
}

/// Returns the bucket of a hash: its best mixed bits are the upper ones.
#[inline]
fn bucket(hash: u32, shift: u32) -> usize {
    (hash.wrapping_mul(0x85EB_CA6B) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolled_hash_is_the_hash_of_its_window() {
        let bytes: Vec<u8> = (0..200_u8).map(|i| i.wrapping_mul(37)).collect();
        let mut hash = Rolling::of(&bytes[..BLOCK]);
        for at in 1..bytes.len() - BLOCK {
            hash = hash.roll(bytes[at - 1], bytes[at + BLOCK - 1]);
            assert_eq!(hash, Rolling::of(&bytes[at..at + BLOCK]));
        }
    }

    #[test]
    fn every_block_is_found_at_its_offset() {
        let base: Vec<u8> = (0..1600_u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        let index = BlockIndex::new(&base);
        for at in (0..base.len()).step_by(BLOCK) {
            let hash = Rolling::of(&base[at..at + BLOCK]);
            let found = index
                .candidates(hash)
                .any(|offset| base[offset..offset + BLOCK] == base[at..at + BLOCK]);
            assert!(found, "block at {at}");
        }
    }
}
