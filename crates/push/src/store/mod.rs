//! Where objects lie on disk: loose, or at which offset of which pack; and how they are read there.

mod cache;
mod decode;
mod directories;
mod limits;
mod lookup;
mod loose;
mod mapped;
mod object_error;
mod pack;
mod reader;

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use gix::ObjectId;
use gix::odb::pack::data;

pub(super) use loose::{Loose, LooseWork};
pub use object_error::ObjectError;
pub use reader::Reader;

use directories::Directories;
use lookup::lookup;
use pack::{PIECE, Pack, list_packs};

/// Why the object directories cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The list of alternates is broken.
    #[error("the alternates of the object database cannot be read")]
    Alternates(#[source] gix::Error),
    /// A directory cannot be listed.
    #[error("`{}` cannot be listed", .path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A pipe, a device or a directory lies in the place of a pack or its index: to open it could take for ever.
    #[error("`{}` is not a regular file", .0.display())]
    Special(PathBuf),
}

/// So many blocks of packs may have been looked at before the packs are mapped anew: 64 MiB.
const MAX_LOOKED_AT: u64 = (64 << 20) / mapped::BLOCK;

/// Where one object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    /// In a file of its own, of this length in bytes.
    Loose { length: u64 },
    /// In a pack, by its number here, at this offset.
    Packed { pack: usize, offset: u64 },
}

/// An object as it lies in a pack.
pub(super) struct Stored {
    pub(super) header: data::entry::Header,
    /// The size of what its data inflates to, in bytes.
    pub(super) size: u64,
    file: Rc<data::File>,
    /// Where the deflated bytes lie.
    pack: usize,
    range: Range<u64>,
}

impl Stored {
    /// Returns the deflated bytes, mapped.
    pub(super) fn data(&self) -> &[u8] {
        self.file
            .entry_slice(self.range.clone())
            .unwrap_or_default()
    }
}

/// The objects in all object directories of a repository.
pub(super) struct Store {
    kind: gix::hash::Kind,
    loose: Loose,
    packs: OnceCell<Vec<Pack>>,
    /// How many blocks of the packs were looked at since they were mapped.
    looked_at: Cell<u64>,
    directories: Directories,
}

impl Store {
    /// Looks into these directories. No pack is opened yet.
    pub(super) fn new(directories: Directories) -> Self {
        Self {
            kind: directories.kind,
            loose: Loose::new(&directories),
            packs: OnceCell::new(),
            looked_at: Cell::new(0),
            directories,
        }
    }

    /// Returns the directories.
    fn directories(&self) -> &Directories {
        &self.directories
    }

    /// Returns the hash that names objects.
    pub(super) const fn kind(&self) -> gix::hash::Kind {
        self.kind
    }

    /// Returns where an object lies. `guess` is where the one before it was found: most lie together.
    pub(super) fn locate(
        &self,
        id: &gix::oid,
        guess: Option<Location>,
    ) -> Result<Option<Location>, StoreError> {
        let loose = || {
            let length = self.loose.length(id)?;
            Some(Location::Loose { length })
        };
        if let Some(Location::Packed { pack, .. }) = guess {
            let packed = self.find_packed(id, pack)?;
            return Ok(packed.or_else(loose));
        }
        match loose() {
            Some(place) => Ok(Some(place)),
            None => self.find_packed(id, 0),
        }
    }

    /// Returns the loose objects.
    pub(super) const fn loose(&self) -> &Loose {
        &self.loose
    }

    /// Returns every place of the packs where an object lies.
    fn find_all_packed(&self, id: &gix::oid) -> Result<Vec<(usize, u64)>, StoreError> {
        let packs = self.packs()?.iter().enumerate();
        let found = packs.filter_map(|(number, pack)| {
            let offset = pack.index.pack_offset_at_index(lookup(&pack.index, id)?);
            Some((number, offset))
        });
        Ok(found.collect())
    }

    /// Says whether the file of a pack is there.
    fn is_there(&self, (number, _): (usize, u64)) -> bool {
        let pack = self.packs.get().and_then(|packs| packs.get(number));
        pack.is_some_and(|pack| pack.data.is_there(self.kind))
    }

    fn find_packed(&self, id: &gix::oid, first: usize) -> Result<Option<Location>, StoreError> {
        let packs = self.packs()?;
        let order = (first..packs.len()).chain(0..first.min(packs.len()));
        for number in order {
            let Some(pack) = packs.get(number) else {
                continue;
            };
            if let Some(entry) = lookup(&pack.index, id)
                && pack.data.is_there(self.kind)
            {
                let offset = pack.index.pack_offset_at_index(entry);
                return Ok(Some(Location::Packed {
                    pack: number,
                    offset,
                }));
            }
        }
        Ok(None)
    }

    /// Returns a pack's bytes. Before too much of all of them counts as memory they are mapped anew.
    fn file(&self, pack: &Pack) -> Option<Rc<data::File>> {
        if self.looked_at.get() > MAX_LOOKED_AT {
            let packs = self.packs.get().map(Vec::as_slice).unwrap_or_default();
            for pack in packs {
                pack.data.renew(self.kind);
            }
            self.looked_at.set(0);
        }
        pack.data.get(self.kind)
    }

    /// Notes that a part of a pack is looked at.
    fn look_at(&self, pack: &Pack, offset: u64, length: u64) {
        let new = pack.data.look_at(offset, length);
        self.looked_at.set(self.looked_at.get() + new);
    }

    /// Returns the entry at an offset, its checksum compared; `None` when the pack is damaged there.
    pub(super) fn entry(&self, number: usize, offset: u64) -> Option<Stored> {
        let pack = self.packs.get()?.get(number)?;
        let file = self.file(pack)?;
        let end = pack.end_of(offset, &file)?;
        let bytes = file.entry_slice(offset..end)?;
        // What is large is read, and only its header looked at.
        let length = bytes.len().min(PIECE) as u64;
        self.look_at(pack, offset, length);
        let (_, place) = pack.table().get(pack.place_of(offset)?)?;
        if let Some(expected) = pack.index.crc32_at_index(*place)
            && pack.crc32(&file, offset, bytes) != expected
        {
            return None;
        }
        let entry = data::Entry::from_bytes(bytes, offset, self.kind).ok()?;
        Some(Stored {
            header: entry.header,
            size: entry.decompressed_size,
            pack: number,
            range: offset + entry.header_size() as u64..end,
            file,
        })
    }

    /// Hands on the deflated bytes of an entry.
    pub(super) fn copy<E>(
        &self,
        stored: &Stored,
        mut put: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let packs = self.packs.get().map(Vec::as_slice).unwrap_or_default();
        let data = stored.data();
        let mut done = 0;
        if let Some(pack) = packs.get(stored.pack) {
            let mut failed = None;
            done = pack.read_large(stored.range.start, data.len(), |piece| {
                failed = put(piece).err();
                failed.is_none()
            });
            if let Some(error) = failed {
                return Err(error);
            }
        }
        // What is small, or cannot be read any more, is mapped.
        put(data.get(done..).unwrap_or_default())
    }

    /// Returns the entry at an offset without a look at its end or checksum; its data goes on to the pack's end.
    fn begin(&self, pack: usize, offset: u64) -> Option<Stored> {
        let place = self.packs.get()?.get(pack)?;
        let file = self.file(place)?;
        let end = file.pack_end() as u64;
        let bytes = file.entry_slice(offset..end)?;
        self.look_at(place, offset, 1);
        let entry = data::Entry::from_bytes(bytes, offset, self.kind).ok()?;
        Some(Stored {
            header: entry.header,
            size: entry.decompressed_size,
            pack,
            range: offset + entry.header_size() as u64..end,
            file,
        })
    }

    /// Notes how much of an entry's data was looked at, in bytes.
    fn looked_at(&self, stored: &Stored, length: usize) {
        if let Some(pack) = self.packs.get().and_then(|packs| packs.get(stored.pack)) {
            self.look_at(pack, stored.range.start, length as u64);
        }
    }

    /// Returns where the base of a delta lies that lies at `offset` of the same pack.
    fn base_offset(&self, pack: usize, offset: u64, header: data::entry::Header) -> Option<u64> {
        use data::entry::Header;
        match header {
            Header::OfsDelta { base_distance } => {
                Header::verified_base_pack_offset(offset, base_distance)
            }
            Header::RefDelta { base_id } => {
                let index = &self.packs.get()?.get(pack)?.index;
                Some(index.pack_offset_at_index(lookup(index, &base_id)?))
            }
            _ => None,
        }
    }

    /// Returns the id of the base of a delta that lies at `offset`; `None` when it is no delta, or damaged.
    pub(super) fn base_of(&self, pack: usize, offset: u64, stored: &Stored) -> Option<ObjectId> {
        match stored.header {
            data::entry::Header::RefDelta { base_id } => Some(base_id),
            data::entry::Header::OfsDelta { base_distance } => {
                let base = data::entry::Header::verified_base_pack_offset(offset, base_distance)?;
                let pack = self.packs.get()?.get(pack)?;
                let (_, number) = pack.table().get(pack.place_of(base)?)?;
                Some(pack.index.oid_at_index(*number).to_owned())
            }
            _ => None,
        }
    }

    /// Says whether a pack that was opened is a symbolic link.
    fn has_linked_packs(&self) -> bool {
        let packs = self.packs.get().map(Vec::as_slice).unwrap_or_default();
        packs.iter().any(|pack| pack.is_link)
    }

    /// Returns the packs, opened once.
    fn packs(&self) -> Result<&[Pack], StoreError> {
        if let Some(packs) = self.packs.get() {
            return Ok(packs);
        }
        let mut packs = Vec::new();
        for directory in &self.directories.paths {
            list_packs(&directory.join("pack"), self.kind, &mut packs)?;
        }
        if self.directories.is_part() {
            packs.retain(|pack| !pack.is_link);
        }
        Ok(self.packs.get_or_init(|| packs))
    }
}
