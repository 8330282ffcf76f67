//! Loose objects: each a file of its own, in one of the object directories.

use std::path::Path;
use std::path::PathBuf;

use gix::objs::Kind;
use gix::odb::loose;

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

    /// Reads an object; `None` when it is gone or damaged.
    pub(in crate::git::push) fn read(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Option<Kind> {
        for store in &self.stores {
            if let Some(data) = store.try_find(id, buffer).ok()? {
                return Some(data.kind);
            }
        }
        None
    }

    /// Returns the size of an object in bytes; `None` when it is gone or damaged.
    pub(in crate::git::push) fn size(&self, id: &gix::oid) -> Option<u64> {
        let mut stores = self.stores.iter();
        stores.find_map(|store| Some(store.try_header(id).ok()??.0))
    }
}

/// Returns the length of a file; `None` when there is none.
fn length_of(path: &Path) -> Option<u64> {
    let found = std::fs::metadata(path).ok()?;
    found.is_file().then_some(found.len())
}
