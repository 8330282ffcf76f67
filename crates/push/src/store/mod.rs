//! Where objects lie on disk: loose, or at which offset of which pack; and how they are read there.

mod alternates;
mod cache;
mod decode;
mod directories;
mod limits;
mod lookup;
mod loose;
mod mapped;
mod object_error;
mod pack;
mod packs;
mod reader;

use std::path::PathBuf;

pub use alternates::OBJECT_DIRECTORY_KEY;
pub(super) use loose::{Loose, LooseWork};
pub use object_error::ObjectError;
pub(super) use packs::{Packs, Stored};
pub use reader::Reader;

use directories::Directories;

/// Why the object directories cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The list of alternates is broken.
    #[error("the alternates of the object database cannot be read")]
    Alternates(#[source] std::io::Error),
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

/// Where one object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    /// In a file of its own, of this length in bytes.
    Loose { length: u64 },
    /// In a pack, by its number here, at this offset.
    Packed { pack: usize, offset: u64 },
}

/// The objects in all object directories of a repository.
pub(super) struct Store {
    loose: Loose,
    packs: Packs,
}

impl Store {
    /// Looks into these directories. No pack is opened yet.
    pub(super) fn new(directories: Directories) -> Self {
        Self {
            loose: Loose::new(&directories),
            packs: Packs::new(directories),
        }
    }

    /// Returns the directories.
    const fn directories(&self) -> &Directories {
        self.packs.directories()
    }

    /// Returns the hash that names objects.
    pub(super) const fn kind(&self) -> gix::hash::Kind {
        self.directories().kind
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
            let packed = self.packs.find(id, pack)?;
            return Ok(packed.or_else(loose));
        }
        match loose() {
            Some(place) => Ok(Some(place)),
            None => self.packs.find(id, 0),
        }
    }

    /// Returns the loose objects.
    pub(super) const fn loose(&self) -> &Loose {
        &self.loose
    }

    /// Returns the packs.
    pub(super) const fn packs(&self) -> &Packs {
        &self.packs
    }
}
