//! One pack on disk: its index, its bytes, and where each entry begins.
//!
//! Git's `gitformat-pack`.

use std::cell::OnceCell;
use std::fs::FileType;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gix::odb::pack::{data, index};

use super::StoreError;
use super::mapped::Mapped;

/// Entries larger than this are read in pieces of the size, in bytes: what was mapped and looked at counts as
/// memory of this process for as long as it is mapped.
pub(super) const PIECE: usize = 1 << 18;

/// A pack and its index.
pub(super) struct Pack {
    pub(super) index: index::File,
    path: PathBuf,
    /// Whether its index or its bytes are a symbolic link.
    pub(super) is_link: bool,
    pub(super) data: Mapped,
    /// Offset and number in the index, by offset: where an entry ends, and whose it is.
    table: OnceCell<Vec<(u64, u32)>>,
}

impl Pack {
    /// Reads a large piece of the file without mapping it; says how many bytes it handed on.
    pub(super) fn read_large(
        &self,
        at: u64,
        length: usize,
        mut put: impl FnMut(&[u8]) -> bool,
    ) -> usize {
        let mut done = 0;
        if length <= PIECE {
            return done;
        }
        let Ok(file) = std::fs::File::open(self.path.with_extension("pack")) else {
            return done;
        };
        let mut buffer = vec![0; PIECE];
        while done < length {
            let wanted = PIECE.min(length - done);
            let piece = buffer.get_mut(..wanted).unwrap_or_default();
            if file.read_exact_at(piece, at + done as u64).is_err() {
                break;
            }
            done += wanted;
            if !put(piece) {
                break;
            }
        }
        done
    }

    /// Returns the checksum of an entry.
    pub(super) fn crc32(&self, file: &data::File, offset: u64, bytes: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let done = self.read_large(offset, bytes.len(), |piece| {
            hasher.update(piece);
            true
        });
        if done == bytes.len() {
            hasher.finalize()
        } else {
            file.entry_crc32(offset, bytes.len())
        }
    }

    /// Returns offset and number in the index of each entry, by offset.
    pub(super) fn table(&self) -> &[(u64, u32)] {
        self.table.get_or_init(|| {
            let numbers = 0..self.index.num_objects();
            let mut table: Vec<_> = numbers
                .map(|number| (self.index.pack_offset_at_index(number), number))
                .collect();
            table.sort_unstable();
            table
        })
    }

    /// Returns where the entry at an offset ends.
    pub(super) fn end_of(&self, offset: u64, file: &data::File) -> Option<u64> {
        Some(match self.table().get(self.place_of(offset)? + 1) {
            Some((next, _)) => *next,
            None => file.pack_end() as u64,
        })
    }

    /// Returns where in the table an entry stands.
    pub(super) fn place_of(&self, offset: u64) -> Option<usize> {
        let table = self.table();
        table
            .binary_search_by_key(&offset, |(offset, _)| *offset)
            .ok()
    }
}

/// Says whether somebody who looks for objects opens a file of the directory.
fn is_opened(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension == "idx" || extension == "pack")
        || path
            .file_name()
            .is_some_and(|name| name == "multi-pack-index")
}

/// Says whether a listed file is a regular one, or a link to one or to nothing.
fn is_file(kind: FileType, path: &Path) -> bool {
    kind.is_file() || (kind.is_symlink() && path.metadata().map_or(true, |found| found.is_file()))
}

/// Opens the indices of a directory, the largest first: most objects are there.
pub(super) fn list_packs(
    directory: &Path,
    hash: gix::hash::Kind,
    packs: &mut Vec<Pack>,
) -> Result<(), StoreError> {
    let failed = |source| StoreError::List {
        path: directory.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let start = packs.len();
    let mut links: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // The system lists the kinds with the names.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_symlink() {
            links.push(path.with_extension(""));
        }
        if is_opened(&path) && !is_file(kind, &path) {
            return Err(StoreError::Special(path));
        }
        if path.extension().is_some_and(|extension| extension == "idx")
            && let Ok(index) = index::File::at(&path, hash)
        {
            packs.push(Pack {
                index,
                data: Mapped::new(path.with_extension("pack")),
                is_link: false,
                path,
                table: OnceCell::new(),
            });
        }
    }
    if let Some(new) = packs.get_mut(start..) {
        for pack in new.iter_mut().filter(|_| !links.is_empty()) {
            pack.is_link = links.contains(&pack.path.with_extension(""));
        }
        new.sort_by_key(|pack| std::cmp::Reverse(pack.index.num_objects()));
    }
    Ok(())
}
