//! Where objects lie on disk: loose, or at which offset of which pack; and how they are read there.

mod cache;
mod object_error;
mod pack;
mod reader;

use std::cell::OnceCell;
use std::path::Path;
use std::path::PathBuf;

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::loose;
use gix::odb::pack::data;

pub use object_error::ObjectError;
pub(super) use reader::Reader;

use pack::Pack;
use pack::list_packs;

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
}

/// Where one object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a file of its own, of this length in bytes.
    Loose { length: u64 },
    /// In a pack, by its number here, at this offset.
    Packed { pack: usize, offset: u64 },
}

/// An object as it lies in a pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) header: data::entry::Header,
    /// The size of what `data` inflates to, in bytes.
    pub(super) size: u64,
    /// The deflated bytes, mapped.
    pub(super) data: &'a [u8],
    /// Where they lie.
    pack: usize,
    at: u64,
}

/// All object directories of a repository.
pub(super) struct Store {
    kind: gix::hash::Kind,
    loose: Vec<loose::Store>,
    packs: OnceCell<Vec<Pack>>,
    directories: Vec<PathBuf>,
}

impl Store {
    /// Finds the directories. No pack is opened yet.
    pub(super) fn new(repo: &gix::Repository) -> Result<Self, StoreError> {
        let store = repo.objects.store_ref();
        let mut directories = vec![store.path().to_owned()];
        directories.extend(store.alternate_db_paths().map_err(StoreError::Alternates)?);
        let kind = repo.object_hash();
        Ok(Self {
            kind,
            loose: directories
                .iter()
                .map(|directory| loose::Store::at(directory.clone(), kind))
                .collect(),
            packs: OnceCell::new(),
            directories,
        })
    }

    /// Returns the hash that names objects.
    pub(super) const fn kind(&self) -> gix::hash::Kind {
        self.kind
    }

    /// Returns where an object lies. `guess` is where the one before it was found: most lie together.
    pub(super) fn locate(
        &self,
        id: &gix::oid,
        guess: Option<Place>,
    ) -> Result<Option<Place>, StoreError> {
        let loose = || {
            let mut stores = self.loose.iter();
            let length = stores.find_map(|store| length_of(&store.object_path(id)))?;
            Some(Place::Loose { length })
        };
        if let Some(Place::Packed { pack, .. }) = guess {
            let packed = self.find_packed(id, pack)?;
            return Ok(packed.or_else(loose));
        }
        match loose() {
            Some(place) => Ok(Some(place)),
            None => self.find_packed(id, 0),
        }
    }

    /// Returns the file of a loose object.
    pub(super) fn loose_file(&self, id: &gix::oid) -> Option<PathBuf> {
        let files = self.loose.iter().map(|store| store.object_path(id));
        files.into_iter().find(|file| file.is_file())
    }

    /// Reads a loose object; `None` when it is gone or damaged.
    fn read_loose(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Option<Kind> {
        for store in &self.loose {
            if let Some(data) = store.try_find(id, buffer).ok()? {
                return Some(data.kind);
            }
        }
        None
    }

    /// Returns the size of a loose object in bytes; `None` when it is gone or damaged.
    fn loose_size(&self, id: &gix::oid) -> Option<u64> {
        let mut stores = self.loose.iter();
        stores.find_map(|store| Some(store.try_header(id).ok()??.0))
    }

    fn find_packed(&self, id: &gix::oid, first: usize) -> Result<Option<Place>, StoreError> {
        let packs = self.packs()?;
        let order = (first..packs.len()).chain(0..first.min(packs.len()));
        for number in order {
            let Some(pack) = packs.get(number) else {
                continue;
            };
            if let Some(entry) = pack.index.lookup(id)
                && pack.data(self.kind).is_some()
            {
                let offset = pack.index.pack_offset_at_index(entry);
                return Ok(Some(Place::Packed {
                    pack: number,
                    offset,
                }));
            }
        }
        Ok(None)
    }

    /// Returns the entry at an offset, its checksum compared; `None` when the pack is damaged there.
    pub(super) fn entry(&self, number: usize, offset: u64) -> Option<Stored<'_>> {
        let pack = self.packs.get()?.get(number)?;
        let file = pack.data(self.kind)?;
        let at = pack.place_of(offset)?;
        let end = match pack.table().get(at + 1) {
            Some((next, _)) => *next,
            None => file.pack_end() as u64,
        };
        let bytes = file.entry_slice(offset..end)?;
        let (_, place) = pack.table().get(at)?;
        if let Some(expected) = pack.index.crc32_at_index(*place)
            && pack.crc32(file, offset, bytes) != expected
        {
            return None;
        }
        let entry = data::Entry::from_bytes(bytes, offset, self.kind).ok()?;
        Some(Stored {
            header: entry.header,
            size: entry.decompressed_size,
            data: bytes.get(entry.header_size()..)?,
            pack: number,
            at: offset + entry.header_size() as u64,
        })
    }

    /// Hands on the deflated bytes of an entry.
    pub(super) fn copy<E>(
        &self,
        stored: &Stored<'_>,
        mut put: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let packs = self.packs.get().map(Vec::as_slice).unwrap_or_default();
        let mut done = 0;
        if let Some(pack) = packs.get(stored.pack) {
            let mut failed = None;
            done = pack.read_large(stored.at, stored.data.len(), |piece| {
                failed = put(piece).err();
                failed.is_none()
            });
            if let Some(error) = failed {
                return Err(error);
            }
        }
        // What is small, or cannot be read any more, is mapped.
        put(stored.data.get(done..).unwrap_or_default())
    }

    /// Returns the entry at an offset without a look at its end or checksum; `data` goes on to the pack's end.
    fn begin(&self, pack: usize, offset: u64) -> Option<Stored<'_>> {
        let file = self.packs.get()?.get(pack)?.data(self.kind)?;
        let bytes = file.entry_slice(offset..file.pack_end() as u64)?;
        let entry = data::Entry::from_bytes(bytes, offset, self.kind).ok()?;
        Some(Stored {
            header: entry.header,
            size: entry.decompressed_size,
            data: bytes.get(entry.header_size()..)?,
            pack,
            at: offset + entry.header_size() as u64,
        })
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
                Some(index.pack_offset_at_index(index.lookup(base_id)?))
            }
            _ => None,
        }
    }

    /// Returns the id of the base of a delta that lies at `offset`; `None` when it is no delta, or damaged.
    pub(super) fn base_of(
        &self,
        pack: usize,
        offset: u64,
        stored: &Stored<'_>,
    ) -> Option<ObjectId> {
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

    /// Returns the packs, opened once.
    fn packs(&self) -> Result<&[Pack], StoreError> {
        if let Some(packs) = self.packs.get() {
            return Ok(packs);
        }
        let mut packs = Vec::new();
        for directory in &self.directories {
            list_packs(&directory.join("pack"), self.kind, &mut packs)?;
        }
        Ok(self.packs.get_or_init(|| packs))
    }
}

/// Returns the length of a file; `None` when there is none.
fn length_of(path: &Path) -> Option<u64> {
    let found = std::fs::metadata(path).ok()?;
    found.is_file().then_some(found.len())
}
