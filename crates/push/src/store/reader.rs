//! Reads objects, and looks again where something is not where it was.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use gix::ObjectId;
use gix::objs::{Data, Find, Kind};

use super::cache::Decoded;
use super::decode::Work;
use super::directories::Directories;
use super::limits::Unread;
use super::loose::Obstruction;
use super::{Location, ObjectError, Store, StoreError};
use crate::borrowed::Borrowed;

/// What cannot be compressed takes so much more as a file: a header, and what the format adds, in bytes.
const DEFLATE_ROOM: u64 = 128;

/// The objects of a repository, as they lie there: replacement refs are ignored.
///
/// It holds a bounded part of them in memory, whatever they claim to be: see [`ObjectError::TooLarge`].
pub struct Reader {
    store: Store,
    last: Cell<Option<Location>>,
    work: RefCell<Work>,
    /// Made when something is not where it was, or is damaged there.
    again: RefCell<Option<Again>>,
    /// Reads what may be sent, where that is not all. Made when something is to be sent.
    own: OnceCell<Option<Box<Self>>>,
}

/// The same directories, listed once more: somebody else can have packed what was loose, or packed anew.
struct Again {
    store: Store,
    work: Work,
    /// When packs came or went last.
    changed: Vec<Option<SystemTime>>,
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
        Self::with(repo, Borrowed::Sent)
    }

    /// Reads the objects in an object directory and in those that its `info/alternates` leads to; `kind` is that of their
    /// ids. Nothing is opened yet.
    pub fn at(objects: PathBuf, kind: gix::hash::Kind) -> Result<Self, StoreError> {
        Ok(Self::of(Directories::at(objects, kind)?))
    }

    /// The same, to send of them what is the repository's own, or all.
    pub(crate) fn with(repo: &gix::Repository, borrowed: Borrowed) -> Result<Self, StoreError> {
        Ok(Self::of(Directories::of(repo, borrowed)?))
    }

    fn of(directories: Directories) -> Self {
        Self {
            store: Store::new(directories),
            last: Cell::new(None),
            work: RefCell::default(),
            again: RefCell::default(),
            own: OnceCell::new(),
        }
    }

    /// Returns what reads the objects that may be sent, where these are not all. To be asked when the objects to send
    /// were found: whether packs are links is known by then.
    pub(crate) fn own(&self) -> Option<&Self> {
        let own = self.own.get_or_init(|| {
            let linked_packs = self.store.packs().has_links();
            let own = self.store.directories().own(linked_packs)?;
            Some(Box::new(Self::of(own)))
        });
        own.as_deref()
    }

    /// Returns where the objects lie.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Lists the packs of all directories. An error where somebody who opens them could wait for ever.
    pub fn check_packs(&self) -> Result<(), StoreError> {
        self.store.packs().list().map(|_| ())
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

    /// Reads an object where it was found first, else wherever it is now; `None` when it is not here.
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
                work.decode(self.store.packs(), (pack, offset), buffer)
            }
            Some(Location::Loose { .. }) => self.read_loose(id, buffer),
            None => match self.store.loose().obstruction(id) {
                Some(Obstruction::Link) => return Err(ObjectError::Borrowed(id.to_owned())),
                Some(Obstruction::NoFile) => return Ok(None),
                None => Err(Unread::Damaged),
            },
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
        let places = store.packs().find_all(id).unwrap_or_default();
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
            is_here |= store.packs().is_there(place);
            read = work.decode(store.packs(), place, buffer);
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

    /// Returns kind and content of an object; `None` when it is not here.
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
                if work.size_of(self.store.packs(), (pack, offset))? > limit {
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
                work.size_of(self.store.packs(), (pack, offset))
            }
            Some(Location::Loose { .. }) => self.store.loose().size(id),
            None => None,
        };
        known.or_else(|| {
            let again = &mut *self.again.borrow_mut();
            let Again { store, work, .. } = self.renew(again);
            let mut packed = store.packs().find_all(id).ok()?.into_iter();
            let size = packed.find_map(|place| work.size_of(store.packs(), place));
            size.or_else(|| store.loose().size(id))
        })
    }
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
