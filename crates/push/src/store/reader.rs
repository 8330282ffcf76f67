//! Reads objects. Of a chain of deltas each entry is inflated once, whichever end is read first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::SystemTime;

use gix::ObjectId;
use gix::objs::{Data, Find, Kind};
use gix::zlib::{Inflate, Status};

use super::cache::{Cache, Decoded};
use super::limits::{MAX_HELD, OrDamaged as _, Unread, can_hold, most_of};
use super::loose::LooseWork;
use super::{Directories, Location, ObjectError, Store, StoreError, Stored};
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
const LARGE: u64 = 16 << 20;
/// What cannot be compressed takes so much more as a file: a header, and what the format adds, in bytes.
const DEFLATE_ROOM: u64 = 128;
/// Two sizes stand at the beginning of a delta, ten bytes each at most.
const DELTA_HEAD: usize = 20;

/// The objects of a repository, as they lie there: replacement refs are ignored.
///
/// It holds a bounded part of them in memory, whatever they claim to be: see [`ObjectError::TooLarge`].
pub struct Reader {
    store: Store,
    last: Cell<Option<Location>>,
    work: RefCell<Work>,
    /// Made when something is not where it was, or is damaged there.
    again: RefCell<Option<Again>>,
}

/// The same directories, listed once more: somebody else can have packed what was loose, or packed anew.
struct Again {
    store: Store,
    work: Work,
    /// When packs came or went last.
    changed: Vec<Option<SystemTime>>,
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

impl Default for Work {
    fn default() -> Self {
        Self {
            cache: Cache::new(ENTRY_CACHE),
            commits: Cache::new(COMMIT_CACHE),
            loose: LooseWork::default(),
            inflate: Inflate::default(),
            chain: Vec::new(),
            delta: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let directories = self.store.directories();
        f.debug_tuple("Reader").field(directories).finish()
    }
}

impl Reader {
    /// Reads the objects of `repo`. Nothing is opened yet.
    pub fn new(repo: &gix::Repository) -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::new(Directories::of(repo)?),
            last: Cell::new(None),
            work: RefCell::default(),
            again: RefCell::default(),
        })
    }

    /// Returns where the objects lie.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Says whether an object was here when the first one was looked for.
    pub fn contains(&self, id: &gix::oid) -> bool {
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

    /// Reads a loose object into `out`. Commits are kept: they are looked at more than once.
    fn read_loose(&self, id: &gix::oid, out: &mut Vec<u8>) -> Result<Kind, Unread> {
        let work = &mut *self.work.borrow_mut();
        if let Some(commit) = work.commits.get(id.to_owned()) {
            out.clear();
            out.extend_from_slice(&commit.content);
            return Ok(commit.kind);
        }
        let kind = self.store.loose().read(id, &mut work.loose, out)?;
        if kind == Kind::Commit {
            let content = Rc::new(out.clone());
            work.commits.put(id.to_owned(), Decoded { kind, content });
        }
        Ok(kind)
    }

    /// Reads an object where it was found first, else wherever it is now; nothing when it is not here.
    fn read(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Result<Option<Kind>, ObjectError> {
        let too_large = |most| ObjectError::TooLarge {
            id: id.to_owned(),
            most,
        };
        // Most lie where the one before lay, so a file is opened without a look whether it is there.
        let in_pack = matches!(self.last.get(), Some(Location::Packed { .. }));
        if !in_pack {
            match self.read_loose(id, buffer) {
                Ok(kind) => return Ok(Some(kind)),
                Err(Unread::TooLarge(most)) => return Err(too_large(most)),
                Err(Unread::Damaged) => {}
            }
        }
        let read = match self.locate(id) {
            Some(Location::Packed { pack, offset }) => {
                let work = &mut *self.work.borrow_mut();
                work.decode(&self.store, (pack, offset), buffer)
            }
            Some(Location::Loose { .. }) => self.read_loose(id, buffer),
            None if self.store.loose().is_obstructed(id) => return Ok(None),
            None => Err(Unread::Damaged),
        };
        match read {
            Ok(kind) => Ok(Some(kind)),
            Err(Unread::TooLarge(most)) => Err(too_large(most)),
            Err(Unread::Damaged) => self.read_again(id, buffer),
        }
    }

    /// Looks everywhere, as the directories are now.
    fn read_again(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Result<Option<Kind>, ObjectError> {
        let again = &mut *self.again.borrow_mut();
        let Again { store, work, .. } = self.renew(again);
        let places = store.find_all_packed(id).unwrap_or_default();
        let mut read = Err(Unread::Damaged);
        let is_loose = store.loose().length(id).is_some();
        if is_loose {
            read = store.loose().read(id, &mut work.loose, buffer);
        }
        let mut is_here = is_loose;
        for place in places {
            if read.is_ok() {
                break;
            }
            is_here |= store.is_there(place);
            read = work.decode(store, place, buffer);
        }
        match read {
            Ok(kind) => Ok(Some(kind)),
            Err(Unread::TooLarge(most)) => Err(ObjectError::TooLarge {
                id: id.to_owned(),
                most,
            }),
            Err(Unread::Damaged) if is_here => Err(ObjectError::Corrupt(id.to_owned())),
            Err(Unread::Damaged) => Ok(None),
        }
    }

    /// Lists the directories once more, where that was not done since a pack came or went.
    fn renew<'g>(&self, again: &'g mut Option<Again>) -> &'g mut Again {
        let directories = self.store.directories();
        let changed = directories.changed();
        if again.as_ref().is_some_and(|known| known.changed != changed) {
            *again = None;
        }
        again.get_or_insert_with(|| Again {
            store: Store::new(directories.clone()),
            work: Work::default(),
            changed,
        })
    }

    /// Returns kind and content of an object; nothing when it is not here.
    pub fn find(&self, id: ObjectId) -> Result<Option<(Kind, Vec<u8>)>, ObjectError> {
        let mut content = Vec::new();
        let kind = self.read(&id, &mut content)?;
        Ok(kind.map(|kind| (kind, content)))
    }

    /// Returns the content of an object of at most `limit` bytes; `None` when it is larger, not here, or
    /// cannot be read. Of most large ones not even the beginning is read.
    pub fn find_small(&self, id: &gix::oid, limit: u64) -> Option<Vec<u8>> {
        match self.locate(id)? {
            Location::Loose { length } if length > limit + DEFLATE_ROOM => return None,
            Location::Loose { .. } if self.store.loose().size(id)? > limit => return None,
            Location::Packed { pack, offset } => {
                let work = &mut *self.work.borrow_mut();
                if work.size_of(&self.store, (pack, offset))? > limit {
                    return None;
                }
            }
            Location::Loose { .. } => {}
        }
        let mut content = Vec::new();
        self.read(id, &mut content).ok()??;
        (content.len() as u64 <= limit).then_some(content)
    }

    /// Returns the size of an object in bytes; `None` when it is not here or cannot be read.
    pub fn size(&self, id: &gix::oid) -> Option<u64> {
        let known = match self.locate(id) {
            Some(Location::Packed { pack, offset }) => {
                let work = &mut *self.work.borrow_mut();
                work.size_of(&self.store, (pack, offset))
            }
            Some(Location::Loose { .. }) => self.store.loose().size(id),
            None => None,
        };
        known.or_else(|| {
            let again = &mut *self.again.borrow_mut();
            let Again { store, work, .. } = self.renew(again);
            let mut packed = store.find_all_packed(id).ok()?.into_iter();
            let size = packed.find_map(|place| work.size_of(store, place));
            size.or_else(|| store.loose().size(id))
        })
    }
}

impl Work {
    /// Decodes an entry of a pack into `out`. Each size is compared with the limits before anything of it is held.
    fn decode(
        &mut self,
        store: &Store,
        (pack, offset): (usize, u64),
        out: &mut Vec<u8>,
    ) -> Result<Kind, Unread> {
        self.chain.clear();
        let mut at = offset;
        let mut decoded = loop {
            if let Some(found) = self.cache.get((pack, at)) {
                break found;
            }
            let entry = store.begin(pack, at).or_damaged()?;
            if let Some(kind) = entry.header.as_kind() {
                self.make_room(entry.size, most_of(kind))?;
                if at == offset && kind == Kind::Commit {
                    // A walk reads each commit once, and there may be a hundred thousand of them.
                    inflate(store, &mut self.inflate, &entry, out)?;
                    return Ok(kind);
                }
                let mut content = Vec::new();
                inflate(store, &mut self.inflate, &entry, &mut content)?;
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
            at = store.base_offset(pack, at, entry.header).or_damaged()?;
        };
        while let Some(at) = self.chain.pop() {
            let entry = store.begin(pack, at).or_damaged()?;
            let base = decoded.content.len() as u64;
            let room = MAX_HELD.saturating_sub(base);
            self.make_room(entry.size, room)?;
            inflate(store, &mut self.inflate, &entry, &mut self.delta)?;
            let most = (room - entry.size).min(most_of(decoded.kind));
            self.make_room(target_size(&self.delta).or_damaged()?, most)?;
            let limit = usize::try_from(most).unwrap_or(usize::MAX);
            let content = apply(&decoded.content, &self.delta, limit).or_damaged()?;
            decoded.content = Rc::new(content);
            if entry.size > LARGE {
                self.delta = Vec::new();
            }
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

    /// Fails where so many bytes are more than may be held; lets go of what is kept where they are many.
    fn make_room(&mut self, size: u64, most: u64) -> Result<(), Unread> {
        if size > most {
            return Err(Unread::TooLarge(most));
        }
        if size > LARGE {
            self.cache.clear();
        }
        Ok(())
    }

    /// Returns the size of an entry of a pack, decoded; `None` when it is damaged.
    fn size_of(&mut self, store: &Store, (pack, offset): (usize, u64)) -> Option<u64> {
        let entry = store.begin(pack, offset)?;
        if entry.header.is_base() {
            return Some(entry.size);
        }
        let mut head = [0; DELTA_HEAD];
        self.inflate.reset();
        let (_, read, length) = self.inflate.prefix(entry.data(), &mut head).ok()?;
        store.looked_at(&entry, read);
        target_size(head.get(..length)?)
    }
}

/// Inflates a whole entry, whose size was compared with the limits.
fn inflate(
    store: &Store,
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
    store.looked_at(entry, read);
    let whole = status == Status::StreamEnd && length == out.len();
    whole.then_some(()).or_damaged()
}

impl Find for Reader {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<Data<'a>>, gix::Error> {
        let kind = self.read(id, buffer).map_err(gix::Error::from_error)?;
        Ok(kind.map(|kind| Data::new(buffer, kind, id.kind())))
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
