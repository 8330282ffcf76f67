//! Loose objects: each a file of its own, in one of the object directories.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use gix::objs::Kind;
use gix::odb::loose;
use gix::zlib::Inflate;

/// Larger files are left to the object database, in bytes.
const MAX_FILE: usize = 64 << 20;
/// Larger objects are left to the object database, in bytes.
const MAX_SIZE: usize = 512 << 20;
/// More than the longest header takes: a kind, a size, a zero byte.
const MAX_HEADER: usize = 64;

/// The loose objects of all directories of a repository. Nothing is kept open.
#[derive(Clone)]
pub(in crate::git::push) struct Loose {
    stores: Vec<loose::Store>,
}

impl Loose {
    /// Looks into these directories.
    pub(super) fn new(directories: &[PathBuf], kind: gix::hash::Kind) -> Self {
        let open = |directory: &PathBuf| loose::Store::at(directory.clone(), kind);
        Self {
            stores: directories.iter().map(open).collect(),
        }
    }

    /// Returns the length of an object's file in bytes.
    pub(super) fn length(&self, id: &gix::oid) -> Option<u64> {
        let mut stores = self.stores.iter();
        stores.find_map(|store| length_of(&store.object_path(id)))
    }

    /// Returns the file of an object.
    pub(in crate::git::push) fn file(&self, id: &gix::oid) -> Option<PathBuf> {
        let files = self.stores.iter().map(|store| store.object_path(id));
        files.into_iter().find(|file| file.is_file())
    }

    /// Reads an object; `None` when it is gone, damaged, or larger than is read at once.
    ///
    /// The file is read and not mapped: for a small one that is quicker, most of all where another thread
    /// runs beside this one.
    pub(in crate::git::push) fn read(
        &self,
        id: &gix::oid,
        work: &mut LooseWork,
        buffer: &mut Vec<u8>,
    ) -> Option<Kind> {
        let mut files = self.stores.iter().map(|store| store.object_path(id));
        let mut file = files.find_map(|path| File::open(path).ok())?;
        let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
        if length > MAX_FILE {
            return None;
        }
        work.raw.clear();
        work.raw.resize(length, 0);
        file.read_exact(&mut work.raw).ok()?;
        work.inflate(buffer)
    }

    /// Returns the size of an object in bytes; `None` when it is gone or damaged.
    pub(in crate::git::push) fn size(&self, id: &gix::oid) -> Option<u64> {
        let mut stores = self.stores.iter();
        stores.find_map(|store| Some(store.try_header(id).ok()??.0))
    }
}

/// What reading needs each time.
#[derive(Default)]
pub(in crate::git::push) struct LooseWork {
    inflate: Inflate,
    raw: Vec<u8>,
}

impl LooseWork {
    /// Inflates what was read: a header, and behind it the content, which goes to `buffer`.
    fn inflate(&mut self, buffer: &mut Vec<u8>) -> Option<Kind> {
        let mut head = [0; MAX_HEADER];
        self.inflate.reset();
        let (_, read, written) = self.inflate.prefix(&self.raw, &mut head).ok()?;
        let head = head.get(..written)?;
        let (kind, size, skip) = gix::objs::decode::loose_header(head).ok()?;
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= MAX_SIZE)?;
        if written - skip > size {
            return None;
        }
        let rest = self.raw.get(read..)?;
        let length = self.inflate.rest(rest, head, skip, buffer, size).ok()?;
        (length == size).then_some(kind)
    }
}

/// Returns the length of a file; `None` when there is none.
fn length_of(path: &Path) -> Option<u64> {
    let found = std::fs::metadata(path).ok()?;
    found.is_file().then_some(found.len())
}
