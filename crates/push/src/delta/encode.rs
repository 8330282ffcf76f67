//! Makes a delta: what both ends share is trimmed, blocks are found again, matches grow both ways.

use memchr::memmem;

use super::index::{BlockIndex, Rolling};
use super::{BLOCK, MAX_CANDIDATES, MAX_COPY, MAX_INSERT};

/// A match of this many bytes is taken without looking for a longer one.
const GOOD: usize = 4096;
/// What differs is inserted without a search when it is this short, in bytes.
const SHORT: usize = 32;
/// Up to here what differs is searched for in the base piece by piece, in bytes: an index of the whole base, of which a
/// few places are asked for, takes longer.
const FEW: usize = 128;

/// Returns the delta that makes `target` of `base`, or `None` when it would take more than `max` bytes.
///
/// Bases of 4 GiB and more are refused: a copy has four bytes for its offset.
pub fn encode(base: &[u8], target: &[u8], max: usize) -> Option<Vec<u8>> {
    if u32::try_from(base.len()).is_err() {
        return None;
    }
    let mut out = Out {
        bytes: Vec::with_capacity(64),
        max,
    };
    out.size(base.len());
    out.size(target.len());
    let prefix = common_prefix(base, target);
    let (_, base_rest) = base.split_at(prefix);
    let (_, target_rest) = target.split_at(prefix);
    let suffix = common_suffix(base_rest, target_rest);
    let middle = target_rest.len() - suffix;
    out.copy(0, prefix);
    if middle <= SHORT {
        out.insert(target.get(prefix..prefix + middle)?)?;
    } else if middle <= FEW {
        encode_few(base, target, prefix..prefix + middle, &mut out)?;
    } else {
        encode_middle(base, target, prefix..prefix + middle, &mut out)?;
    }
    out.copy(base.len() - suffix, suffix);
    (out.bytes.len() <= max).then_some(out.bytes)
}

/// Encodes a short part of the target that lies between what both ends share.
///
/// As with an index every match of twice a block is found: there it holds a whole block of the base, here one of the target.
fn encode_few(
    base: &[u8],
    target: &[u8],
    range: std::ops::Range<usize>,
    out: &mut Out,
) -> Option<()> {
    let end = range.end;
    let (mut done, mut at) = (range.start, range.start);
    while at + BLOCK <= end {
        let block = target.get(at..at + BLOCK)?;
        let places = memmem::find_iter(base, block).take(MAX_CANDIDATES);
        let Some(found) = best_match(places, base, target, at, done, end) else {
            at += BLOCK;
            continue;
        };
        out.insert(target.get(done..found.target)?)?;
        out.copy(found.base, found.length);
        done = found.target + found.length;
        at = done;
    }
    out.insert(target.get(done..end)?)
}

/// Encodes the part of the target that lies between what both ends share.
fn encode_middle(
    base: &[u8],
    target: &[u8],
    range: std::ops::Range<usize>,
    out: &mut Out,
) -> Option<()> {
    let index = BlockIndex::new(base);
    let end = range.end;
    // Everything before `done` is encoded; `at` is where the window stands.
    let mut done = range.start;
    let mut at = range.start;
    let mut hash = None;
    while at + BLOCK <= end {
        let window = target.get(at..at + BLOCK)?;
        let current = hash.unwrap_or_else(|| Rolling::of(window));
        let places = index.candidates(current);
        let Some(found) = best_match(places, base, target, at, done, end) else {
            hash = match (target.get(at), target.get(at + BLOCK)) {
                (Some(old), Some(new)) => Some(current.roll(*old, *new)),
                _ => None,
            };
            at += 1;
            // What waits to be inserted counts already, so a hopeless delta ends early.
            if out.bytes.len() + (at - done) > out.max.saturating_add(BLOCK) {
                return None;
            }
            continue;
        };
        out.insert(target.get(done..found.target)?)?;
        out.copy(found.base, found.length);
        done = found.target + found.length;
        at = done;
        hash = None;
    }
    out.insert(target.get(done..end)?)
}

/// A piece of the target that the base has too.
struct Match {
    base: usize,
    target: usize,
    length: usize,
}

/// Returns the longest match that covers the window at `at`, which may be at `places` of the base, grown back to `done` at
/// most and on to `end`.
#[inline]
fn best_match(
    places: impl Iterator<Item = usize>,
    base: &[u8],
    target: &[u8],
    at: usize,
    done: usize,
    end: usize,
) -> Option<Match> {
    let mut best: Option<Match> = None;
    for offset in places {
        let forward = common_prefix(base.get(offset..)?, target.get(at..end)?);
        if forward < BLOCK {
            continue;
        }
        let back = common_suffix(base.get(..offset)?, target.get(done..at)?);
        let length = forward + back;
        if best.as_ref().is_none_or(|best| length > best.length) {
            best = Some(Match {
                base: offset - back,
                target: at - back,
                length,
            });
        }
        if length >= GOOD {
            break;
        }
    }
    best
}

/// The delta as it grows.
struct Out {
    bytes: Vec<u8>,
    max: usize,
}

impl Out {
    /// Writes a size: seven bits a byte, the lowest first.
    fn size(&mut self, mut size: usize) {
        while size > 0x7f {
            self.bytes.push(low_byte(size) | 0x80);
            size >>= 7;
        }
        self.bytes.push(low_byte(size));
    }

    /// Writes the instructions that copy a piece of the base.
    fn copy(&mut self, mut offset: usize, mut length: usize) {
        while length > 0 {
            let piece = length.min(MAX_COPY);
            let mut instruction = 0x80;
            let mut fields = [0_u8; 7];
            let mut used = 0;
            // The largest size is written as none at all.
            let size = if piece == MAX_COPY { 0 } else { piece };
            let bytes = (0..4)
                .map(|i| low_byte(offset >> (8 * i)))
                .chain((0..2).map(|i| low_byte(size >> (8 * i))));
            for (bit, byte) in bytes.enumerate() {
                if byte != 0 {
                    instruction |= 1 << bit;
                    if let Some(field) = fields.get_mut(used) {
                        *field = byte;
                    }
                    used += 1;
                }
            }
            self.bytes.push(instruction);
            self.bytes
                .extend_from_slice(fields.get(..used).unwrap_or_default());
            offset += piece;
            length -= piece;
        }
    }

    /// Writes the instructions that insert `data`; `None` when the delta grows too large.
    fn insert(&mut self, data: &[u8]) -> Option<()> {
        for piece in data.chunks(MAX_INSERT) {
            self.bytes.push(low_byte(piece.len()));
            self.bytes.extend_from_slice(piece);
        }
        (self.bytes.len() <= self.max).then_some(())
    }
}

/// Returns the lowest eight bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the other bits are written by other bytes"
)]
fn low_byte(value: usize) -> u8 {
    value as u8
}

/// How much is compared at once, in bytes: as far as large pieces are the same, then in smaller ones.
const STEPS: [usize; 2] = [4096, 32];

/// Returns how many bytes both begin with.
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    for step in STEPS {
        let (_, a) = a.split_at(same);
        let (_, b) = b.split_at(same);
        let chunks = a.chunks_exact(step).zip(b.chunks_exact(step));
        same += chunks.take_while(|(a, b)| a == b).count() * step;
    }
    let rest = a.iter().skip(same).zip(b.iter().skip(same));
    same + rest.take_while(|(a, b)| a == b).count()
}

/// Returns how many bytes both end with.
fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let mut same = 0;
    for step in STEPS {
        let (a, _) = a.split_at(a.len() - same);
        let (b, _) = b.split_at(b.len() - same);
        let chunks = a.rchunks_exact(step).zip(b.rchunks_exact(step));
        same += chunks.take_while(|(a, b)| a == b).count() * step;
    }
    let rest = a.iter().rev().skip(same).zip(b.iter().rev().skip(same));
    same + rest.take_while(|(a, b)| a == b).count()
}
