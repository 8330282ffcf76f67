//! `Packs`: all packs of the object directories, and the entries in them.

use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::rc::Rc;

use gix::ObjectId;
use gix::odb::pack::data;

use super::directories::Directories;
use super::lookup::lookup;
use super::mapped::BLOCK;
use super::pack::{PIECE, Pack, list_packs};
use super::{Location, StoreError};

/// So many blocks of packs may have been looked at before the packs are mapped anew: 64 MiB.
const MAX_LOOKED_AT: u64 = (64 << 20) / BLOCK;

/// An object as it lies in a pack.
pub(crate) struct Stored {
    pub(crate) header: data::entry::Header,
    /// The size of what its data inflates to, in bytes.
    pub(crate) size: u64,
    file: Rc<data::File>,
    /// Where the deflated bytes lie.
    pack: usize,
    range: Range<u64>,
}

impl Stored {
    /// Returns the deflated bytes, mapped.
    pub(crate) fn data(&self) -> &[u8] {
        self.file
            .entry_slice(self.range.clone())
            .unwrap_or_default()
    }
}

/// All packs, opened when the first object is looked for among them.
pub(crate) struct Packs {
    directories: Directories,
    opened: OnceCell<Vec<Pack>>,
    /// How many blocks of them were looked at since they were mapped.
    looked_at: Cell<u64>,
}

impl Packs {
    /// Looks into these directories. No pack is opened yet.
    pub(super) const fn new(directories: Directories) -> Self {
        Self {
            directories,
            opened: OnceCell::new(),
            looked_at: Cell::new(0),
        }
    }

    /// Returns the directories.
    pub(super) const fn directories(&self) -> &Directories {
        &self.directories
    }

    /// Returns every place where an object lies.
    pub(super) fn find_all(&self, id: &gix::oid) -> Result<Vec<(usize, u64)>, StoreError> {
        let packs = self.list()?.iter().enumerate();
        let found = packs.filter_map(|(number, pack)| {
            let offset = pack.index.pack_offset_at_index(lookup(&pack.index, id)?);
            Some((number, offset))
        });
        Ok(found.collect())
    }

    /// Says whether the file of a pack is there.
    pub(super) fn is_there(&self, (number, _): (usize, u64)) -> bool {
        let pack = self.opened.get().and_then(|packs| packs.get(number));
        pack.is_some_and(|pack| pack.data.is_there(self.directories.kind))
    }

    /// Returns where an object lies. The pack with the number `first` is looked at first.
    pub(super) fn find(&self, id: &gix::oid, first: usize) -> Result<Option<Location>, StoreError> {
        let packs = self.list()?;
        let order = (first..packs.len()).chain(0..first.min(packs.len()));
        for number in order {
            let Some(pack) = packs.get(number) else {
                continue;
            };
            if let Some(entry) = lookup(&pack.index, id)
                && pack.data.is_there(self.directories.kind)
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
            let packs = self.opened.get().map(Vec::as_slice).unwrap_or_default();
            for pack in packs {
                pack.data.renew(self.directories.kind);
            }
            self.looked_at.set(0);
        }
        pack.data.get(self.directories.kind)
    }

    /// Notes that a part of a pack is looked at.
    fn look_at(&self, pack: &Pack, offset: u64, length: u64) {
        let new = pack.data.look_at(offset, length);
        self.looked_at.set(self.looked_at.get() + new);
    }

    /// Returns the entry at an offset, its checksum compared; `None` when the pack is damaged there.
    pub(crate) fn entry(&self, number: usize, offset: u64) -> Option<Stored> {
        let pack = self.opened.get()?.get(number)?;
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
        self.parse(number, offset..end, file)
    }

    /// Hands on the deflated bytes of an entry.
    pub(crate) fn copy<E>(
        &self,
        stored: &Stored,
        mut put: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let packs = self.opened.get().map(Vec::as_slice).unwrap_or_default();
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
    pub(super) fn begin(&self, number: usize, offset: u64) -> Option<Stored> {
        let pack = self.opened.get()?.get(number)?;
        let file = self.file(pack)?;
        let end = file.pack_end() as u64;
        let stored = self.parse(number, offset..end, file)?;
        self.look_at(pack, offset, 1);
        Some(stored)
    }

    /// Reads the header of an entry, which lies in this range of the file of a pack.
    fn parse(&self, pack: usize, entry: Range<u64>, file: Rc<data::File>) -> Option<Stored> {
        let bytes = file.entry_slice(entry.clone())?;
        let kind = self.directories.kind;
        let header = data::Entry::from_bytes(bytes, entry.start, kind).ok()?;
        Some(Stored {
            header: header.header,
            size: header.decompressed_size,
            pack,
            range: entry.start + header.header_size() as u64..entry.end,
            file,
        })
    }

    /// Notes how much of an entry's data was looked at, in bytes.
    pub(super) fn looked_at(&self, stored: &Stored, length: usize) {
        if let Some(pack) = self.opened.get().and_then(|packs| packs.get(stored.pack)) {
            self.look_at(pack, stored.range.start, length as u64);
        }
    }

    /// Returns where the base of a delta lies that lies at `offset` of the same pack.
    pub(super) fn base_offset(
        &self,
        pack: usize,
        offset: u64,
        header: data::entry::Header,
    ) -> Option<u64> {
        use data::entry::Header;
        match header {
            Header::OfsDelta { base_distance } => {
                Header::verified_base_pack_offset(offset, base_distance)
            }
            Header::RefDelta { base_id } => {
                let index = &self.opened.get()?.get(pack)?.index;
                Some(index.pack_offset_at_index(lookup(index, &base_id)?))
            }
            _ => None,
        }
    }

    /// Returns the id of the base of a delta that lies at `offset`; `None` when it is no delta, or damaged.
    pub(crate) fn base_of(&self, pack: usize, offset: u64, stored: &Stored) -> Option<ObjectId> {
        match stored.header {
            data::entry::Header::RefDelta { base_id } => Some(base_id),
            data::entry::Header::OfsDelta { base_distance } => {
                let base = data::entry::Header::verified_base_pack_offset(offset, base_distance)?;
                let pack = self.opened.get()?.get(pack)?;
                let (_, number) = pack.table().get(pack.place_of(base)?)?;
                Some(pack.index.oid_at_index(*number).to_owned())
            }
            _ => None,
        }
    }

    /// Says whether one that was opened is a symbolic link.
    pub(super) fn has_links(&self) -> bool {
        let packs = self.opened.get().map(Vec::as_slice).unwrap_or_default();
        packs.iter().any(|pack| pack.is_link)
    }

    /// Returns them, opened once.
    pub(super) fn list(&self) -> Result<&[Pack], StoreError> {
        if let Some(packs) = self.opened.get() {
            return Ok(packs);
        }
        let mut packs = Vec::new();
        for directory in &self.directories.paths {
            list_packs(&directory.join("pack"), self.directories.kind, &mut packs)?;
        }
        if self.directories.is_part() {
            packs.retain(|pack| !pack.is_link);
        }
        Ok(self.opened.get_or_init(|| packs))
    }
}
