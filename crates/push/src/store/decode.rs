//! Decodes entries of packs: whole objects, and chains of deltas.

use std::rc::Rc;

use gix::ObjectId;
use gix::objs::Kind;
use gix::zlib::{Inflate, Status};

use super::cache::{Cache, Decoded};
use super::limits::{MAX_HELD, OrDamaged as _, Unread, can_hold, most_of};
use super::loose::LooseWork;
use super::packs::{Packs, Stored};
use crate::delta::apply;

/// The most bytes that decoded pack entries may take.
const ENTRY_CACHE: usize = 24 << 20;
/// The most bytes that loose commits may take.
const COMMIT_CACHE: usize = 2 << 20;
/// A whole object of this size or more is not kept when it was asked for itself, in bytes: it would be
/// copied for nothing.
const UNCACHED_SIZE: u64 = 1 << 20;
/// Longer chains of deltas are damaged: git makes none.
const MAX_CHAIN: usize = 4096;
/// What is larger has the memory for itself: nothing that was decoded before is kept beside it, in bytes.
const LARGE_OBJECT_SIZE: u64 = 16 << 20;
/// Two sizes stand at the beginning of a delta, ten bytes each at most.
const DELTA_HEAD: usize = 20;

/// What reading needs each time.
pub(super) struct Work {
    cache: Cache<(usize, u64)>,
    pub(super) commits: Cache<ObjectId>,
    pub(super) loose: LooseWork,
    /// Made when it is needed: its tables have to be cleared.
    inflate: Option<Inflate>,
    /// The deltas on the way to a base, and their offsets.
    chain: Vec<u64>,
    delta: Vec<u8>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            cache: Cache::new(ENTRY_CACHE),
            commits: Cache::new(COMMIT_CACHE),
            loose: LooseWork::default(),
            inflate: None,
            chain: Vec::new(),
            delta: Vec::new(),
        }
    }
}

impl Work {
    /// Decodes an entry of a pack into `out`. Each size is compared with the limits before anything of it is held.
    pub(super) fn decode(
        &mut self,
        packs: &Packs,
        (pack, offset): (usize, u64),
        out: &mut Vec<u8>,
    ) -> Result<Kind, Unread> {
        self.chain.clear();
        let mut at = offset;
        let mut decoded = loop {
            if let Some(found) = self.cache.get((pack, at)) {
                break found;
            }
            let entry = packs.begin(pack, at).or_damaged()?;
            if let Some(kind) = entry.header.as_kind() {
                self.make_room(entry.size, most_of(kind))?;
                if at == offset && kind == Kind::Commit {
                    // A walk reads each commit once, and there may be a hundred thousand of them.
                    inflate(packs, self.inflate.get_or_insert_default(), &entry, out)?;
                    return Ok(kind);
                }
                let mut content = Vec::new();
                inflate(
                    packs,
                    self.inflate.get_or_insert_default(),
                    &entry,
                    &mut content,
                )?;
                let content = Rc::new(content);
                let decoded = Decoded { kind, content };
                if at != offset || entry.size < UNCACHED_SIZE {
                    self.cache.put((pack, at), decoded.clone());
                }
                break decoded;
            }
            if self.chain.len() == MAX_CHAIN {
                return Err(Unread::Damaged);
            }
            self.chain.push(at);
            at = packs.base_offset(pack, at, entry.header).or_damaged()?;
        };
        while let Some(at) = self.chain.pop() {
            decoded.content = Rc::new(self.apply_delta(packs, (pack, at), &decoded)?);
            self.cache.put((pack, at), decoded.clone());
        }
        match Rc::try_unwrap(decoded.content) {
            Ok(content) => *out = content,
            Err(shared) => {
                out.clear();
                out.extend_from_slice(&shared);
            }
        }
        Ok(decoded.kind)
    }

    /// Returns what the delta at an entry makes of its base.
    fn apply_delta(
        &mut self,
        packs: &Packs,
        (pack, offset): (usize, u64),
        base: &Decoded,
    ) -> Result<Vec<u8>, Unread> {
        let entry = packs.begin(pack, offset).or_damaged()?;
        let room = MAX_HELD.saturating_sub(base.content.len() as u64);
        self.make_room(entry.size, room)?;
        inflate(
            packs,
            self.inflate.get_or_insert_default(),
            &entry,
            &mut self.delta,
        )?;
        let most = (room - entry.size).min(most_of(base.kind));
        self.make_room(target_size(&self.delta).or_damaged()?, most)?;
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let content = apply(&base.content, &self.delta, limit).or_damaged()?;
        if entry.size > LARGE_OBJECT_SIZE {
            self.delta = Vec::new();
        }
        Ok(content)
    }

    /// Fails where so many bytes are more than may be held; lets go of what is kept where they are many.
    fn make_room(&mut self, size: u64, most: u64) -> Result<(), Unread> {
        if size > most {
            return Err(Unread::TooLarge(most));
        }
        if size > LARGE_OBJECT_SIZE {
            self.cache.clear();
        }
        Ok(())
    }

    /// Returns the size of an entry of a pack, decoded; `None` when it is damaged.
    pub(super) fn size_of(&mut self, packs: &Packs, (pack, offset): (usize, u64)) -> Option<u64> {
        let entry = packs.begin(pack, offset)?;
        if entry.header.is_base() {
            return Some(entry.size);
        }
        let mut head = [0; DELTA_HEAD];
        let inflate = self.inflate.get_or_insert_default();
        inflate.reset();
        let (_, read, length) = inflate.prefix(entry.data(), &mut head).ok()?;
        packs.looked_at(&entry, read);
        target_size(head.get(..length)?)
    }
}

/// Inflates a whole entry, whose size was compared with the limits.
fn inflate(
    packs: &Packs,
    inflate: &mut Inflate,
    entry: &Stored,
    out: &mut Vec<u8>,
) -> Result<(), Unread> {
    if !can_hold(entry.data().len() as u64, entry.size) {
        return Err(Unread::Damaged);
    }
    out.clear();
    out.resize(usize::try_from(entry.size).or_damaged()?, 0);
    inflate.reset();
    let (status, read, length) = inflate.once(entry.data(), out).or_damaged()?;
    packs.looked_at(entry, read);
    let whole = status == Status::StreamEnd && length == out.len();
    whole.then_some(()).or_damaged()
}

/// Reads the second of the two sizes with which a delta begins.
fn target_size(head: &[u8]) -> Option<u64> {
    let end = head.iter().position(|byte| byte & 0x80 == 0)?;
    let mut size = 0_u64;
    for (number, byte) in head.get(end + 1..)?.iter().enumerate() {
        let shift = u32::try_from(number * 7).ok()?;
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_target_is_the_second_one() {
        assert_eq!(target_size(&[5, 7, 0x90]), Some(7));
        assert_eq!(target_size(&[0x85, 1, 0x80, 2, 0]), Some(256));
        assert_eq!(target_size(&[0x85, 1, 0x80]), None);
        assert_eq!(target_size(&[0x85]), None);
        assert_eq!(
            target_size(&[
                1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
            ]),
            None
        );
    }
}
