//! A file of a pack, mapped; and which parts of it were looked at, since these count as memory of this process
//! for as long as they are mapped.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use gix::odb::pack::data;

/// The kernel maps so much around a byte that is looked at, in bytes: on Linux 64 KiB, and 2 MiB where the file
/// lies in memory in pages of that size.
pub(super) const BLOCK: u64 = 2 << 20;

/// The file, as far as it was opened.
enum File {
    Closed,
    Open(Rc<data::File>),
    /// It is not there, or no pack.
    Gone,
}

/// A pack's bytes.
pub(super) struct Mapped {
    path: PathBuf,
    file: RefCell<File>,
    /// A bit for each block that was looked at.
    seen: RefCell<Vec<u64>>,
}

impl Mapped {
    /// Maps the file at `path` when it is asked for.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: RefCell::new(File::Closed),
            seen: RefCell::new(Vec::new()),
        }
    }

    /// Says whether the file is there and a pack.
    pub(super) fn is_there(&self, kind: gix::hash::Kind) -> bool {
        matches!(*self.file.borrow(), File::Open(_)) || self.get(kind).is_some()
    }

    /// Returns the mapped file; `None` when it is gone or damaged.
    pub(super) fn get(&self, kind: gix::hash::Kind) -> Option<Rc<data::File>> {
        let mut file = self.file.borrow_mut();
        if let File::Closed = *file {
            let opened = data::File::at(&self.path, kind).ok();
            *file = opened.map_or(File::Gone, |opened| File::Open(Rc::new(opened)));
        }
        match &*file {
            File::Open(file) => Some(Rc::clone(file)),
            File::Closed | File::Gone => None,
        }
    }

    /// Notes that a part is looked at; returns how many blocks of it were not before.
    pub(super) fn look_at(&self, offset: u64, length: u64) -> u64 {
        let mut seen = self.seen.borrow_mut();
        let (first, last) = (offset / BLOCK, (offset + length.max(1) - 1) / BLOCK);
        let mut new = 0;
        for block in first..=last {
            let (word, bit) = (block / 64, 1 << (block % 64));
            let Ok(word) = usize::try_from(word) else {
                return new;
            };
            if seen.len() <= word {
                seen.resize(word + 1, 0);
            }
            if let Some(word) = seen.get_mut(word)
                && *word & bit == 0
            {
                *word |= bit;
                new += 1;
            }
        }
        new
    }

    /// Maps the file anew; the memory of before goes with the last who has it.
    ///
    /// Where the file is gone or another one, as after a repack by somebody else, it stays as it was.
    pub(super) fn renew(&self, kind: gix::hash::Kind) {
        let mut file = self.file.borrow_mut();
        if let File::Open(before) = &*file
            && let Ok(now) = data::File::at(&self.path, kind)
            && now.data_len() == before.data_len()
            && now.checksum() == before.checksum()
        {
            *file = File::Open(Rc::new(now));
        }
        self.seen.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_once_until_all_is_mapped_anew() {
        let mapped = Mapped::new(PathBuf::new());
        assert_eq!(mapped.look_at(10, 20), 1);
        assert_eq!(mapped.look_at(BLOCK - 1, 1), 0);
        assert_eq!(mapped.look_at(BLOCK - 1, 2), 1);
        assert_eq!(mapped.look_at(100 * BLOCK, 3 * BLOCK), 3);
        assert_eq!(mapped.look_at(100 * BLOCK, 3 * BLOCK + 1), 1);
        assert_eq!(mapped.look_at(5 * BLOCK, 0), 1);
        mapped.renew(gix::hash::Kind::Sha1);
        assert_eq!(mapped.look_at(10, 20), 1);
    }
}
