//! Reads objects. Of a chain of deltas each entry is inflated once, whichever end is read first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gix::ObjectId;
use gix::objs::{Data, Find, FindHeader, Kind};
use gix::zlib::{Inflate, Status};

use super::cache::{Cache, Decoded};
use super::loose::LooseWork;
use super::{Location, Store, StoreError, Stored};
use crate::delta::apply;

/// The most bytes that decoded pack entries may take.
const ENTRY_CACHE: usize = 24 << 20;
/// The most bytes that loose commits may take.
const COMMIT_CACHE: usize = 2 << 20;
/// A whole object of this size or more is not kept when it was asked for itself, in bytes: it would be
/// copied for nothing.
const UNCACHED_SIZE: u64 = 1 << 20;
/// Longer chains of deltas are left to the object database, as git makes none.
const MAX_CHAIN: usize = 4096;
/// Larger entries are left to the object database, in bytes.
const MAX_ENTRY_SIZE: u64 = 512 << 20;
/// What cannot be compressed takes so much more as a file: a header, and what the format adds, in bytes.
const DEFLATE_ROOM: u64 = 128;
/// Two sizes stand at the beginning of a delta, ten bytes each at most.
const DELTA_HEAD: usize = 20;

/// The objects of a repository, as they lie there: replacement refs are ignored.
pub(crate) struct Reader {
    store: Store,
    /// For what is not where it was, or is damaged there.
    odb: gix::odb::Handle,
    last: Cell<Option<Location>>,
    work: RefCell<Work>,
}

/// What reading needs each time.
struct Work {
    cache: Cache<(usize, u64)>,
    commits: Cache<ObjectId>,
    loose: LooseWork,
    inflate: Inflate,
    /// The deltas on the way to a base, and their offsets.
    chain: Vec<u64>,
    delta: Vec<u8>,
}

impl Reader {
    /// Reads the objects of `repo`. Nothing is opened yet.
    pub(crate) fn new(repo: &gix::Repository) -> Result<Self, StoreError> {
        let mut odb = (*repo.objects).clone();
        odb.ignore_replacements = true;
        Ok(Self {
            store: Store::new(repo)?,
            odb,
            last: Cell::new(None),
            work: RefCell::new(Work {
                cache: Cache::new(ENTRY_CACHE),
                commits: Cache::new(COMMIT_CACHE),
                loose: LooseWork::default(),
                inflate: Inflate::default(),
                chain: Vec::new(),
                delta: Vec::new(),
            }),
        })
    }

    /// Returns where the objects lie.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Says whether an object was here when the first one was looked for.
    pub(crate) fn contains(&self, id: &gix::oid) -> bool {
        self.store
            .locate(id, None)
            .is_ok_and(|place| place.is_some())
    }

    fn locate(&self, id: &gix::oid) -> Option<Location> {
        let place = self.store.locate(id, self.last.get()).ok().flatten();
        if place.is_some() {
            self.last.set(place);
        }
        place
    }

    /// Reads a loose object into `out`; `None` when it is gone or damaged. Commits are kept: they are looked
    /// at more than once.
    fn read_loose(&self, id: &gix::oid, out: &mut Vec<u8>) -> Option<Kind> {
        let work = &mut *self.work.borrow_mut();
        if let Some(commit) = work.commits.get(id.to_owned()) {
            out.clear();
            out.extend_from_slice(&commit.content);
            return Some(commit.kind);
        }
        let kind = self.store.loose().read(id, &mut work.loose, out)?;
        if kind == Kind::Commit {
            let content = Rc::new(out.clone());
            work.commits.put(id.to_owned(), Decoded { kind, content });
        }
        Some(kind)
    }

    /// Decodes an entry of a pack into `out`; `None` when it is damaged.
    fn decode(&self, pack: usize, offset: u64, out: &mut Vec<u8>) -> Option<Kind> {
        let work = &mut *self.work.borrow_mut();
        work.chain.clear();
        let mut at = offset;
        let mut decoded = loop {
            if let Some(found) = work.cache.get((pack, at)) {
                break found;
            }
            let entry = self.store.begin(pack, at)?;
            if let Some(kind) = entry.header.as_kind() {
                let mut content = Vec::new();
                self.inflate(&mut work.inflate, &entry, &mut content)?;
                let content = Rc::new(content);
                let decoded = Decoded { kind, content };
                if at != offset || entry.size < UNCACHED_SIZE {
                    work.cache.put((pack, at), decoded.clone());
                }
                break decoded;
            }
            if work.chain.len() == MAX_CHAIN {
                return None;
            }
            work.chain.push(at);
            at = self.store.base_offset(pack, at, entry.header)?;
        };
        while let Some(at) = work.chain.pop() {
            let entry = self.store.begin(pack, at)?;
            self.inflate(&mut work.inflate, &entry, &mut work.delta)?;
            let limit = usize::try_from(MAX_ENTRY_SIZE).unwrap_or(usize::MAX);
            decoded.content = Rc::new(apply(&decoded.content, &work.delta, limit).ok()?);
            work.cache.put((pack, at), decoded.clone());
        }
        match Rc::try_unwrap(decoded.content) {
            Ok(content) => *out = content,
            Err(shared) => {
                out.clear();
                out.extend_from_slice(&shared);
            }
        }
        Some(decoded.kind)
    }

    /// Inflates a whole entry.
    fn inflate(&self, inflate: &mut Inflate, entry: &Stored, out: &mut Vec<u8>) -> Option<()> {
        if entry.size > MAX_ENTRY_SIZE {
            return None;
        }
        out.clear();
        out.resize(usize::try_from(entry.size).ok()?, 0);
        inflate.reset();
        let (status, read, length) = inflate.once(entry.data(), out).ok()?;
        self.store.looked_at(entry, read);
        (status == Status::StreamEnd && length == out.len()).then_some(())
    }

    /// Returns the size of an entry of a pack, decoded; `None` when it is damaged.
    fn size_of(&self, pack: usize, offset: u64) -> Option<u64> {
        let entry = self.store.begin(pack, offset)?;
        if entry.header.is_base() {
            return Some(entry.size);
        }
        let mut head = [0; DELTA_HEAD];
        let inflate = &mut self.work.borrow_mut().inflate;
        inflate.reset();
        let (_, read, length) = inflate.prefix(entry.data(), &mut head).ok()?;
        self.store.looked_at(&entry, read);
        target_size(head.get(..length)?)
    }

    /// Returns the content of an object of at most `limit` bytes; `None` when it is larger, not here, or
    /// cannot be read. Of most large ones not even the beginning is read.
    pub(crate) fn find_small(&self, id: &gix::oid, limit: u64) -> Option<Vec<u8>> {
        match self.locate(id)? {
            Location::Loose { length } if length > limit + DEFLATE_ROOM => return None,
            Location::Packed { pack, offset } if self.size_of(pack, offset)? > limit => {
                return None;
            }
            Location::Loose { .. } | Location::Packed { .. } => {}
        }
        let mut content = Vec::new();
        self.try_find(id, &mut content).ok()??;
        (content.len() as u64 <= limit).then_some(content)
    }

    /// Returns the size of an object in bytes; `None` when it is not here or cannot be read.
    pub(crate) fn size(&self, id: &gix::oid) -> Option<u64> {
        let known = match self.locate(id) {
            Some(Location::Packed { pack, offset }) => self.size_of(pack, offset),
            Some(Location::Loose { .. }) => self.store.loose().size(id),
            None => None,
        };
        known.or_else(|| {
            let header = self.odb.try_header(id).ok().flatten();
            header.map(|header| header.size)
        })
    }
}

impl Find for Reader {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<Data<'a>>, gix::Error> {
        // Most lie where the one before lay, so a file is opened without a look whether it is there.
        let in_pack = matches!(self.last.get(), Some(Location::Packed { .. }));
        if !in_pack && let Some(kind) = self.read_loose(id, buffer) {
            return Ok(Some(Data::new(buffer, kind, id.kind())));
        }
        match self.locate(id) {
            Some(Location::Packed { pack, offset }) => {
                if let Some(kind) = self.decode(pack, offset, buffer) {
                    return Ok(Some(Data::new(buffer, kind, id.kind())));
                }
            }
            Some(Location::Loose { .. }) => {
                if let Some(kind) = self.read_loose(id, buffer) {
                    return Ok(Some(Data::new(buffer, kind, id.kind())));
                }
            }
            None if self.store.loose().is_obstructed(id) => return Ok(None),
            None => {}
        }
        self.odb.try_find(id, buffer)
    }
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
