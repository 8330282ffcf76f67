//! Looks at an index before gitoxide reads it: what a few bytes of one claim can take any memory, or overflow the stack.

use std::path::Path;

use crate::files::{self, Links};

/// The largest index that is read, in bytes: some 150,000 files. It takes several times that in memory.
const MAX_SIZE: u64 = 16 << 20;
/// The most bytes of all paths together: the fourth version repeats nothing of a path that the one before it has.
const MAX_PATHS: usize = 24 << 20;
/// How deep directories are nested.
const MAX_DEPTH: usize = 512;
/// The most directories, and the most names of untracked files, that an extension keeps.
const MAX_KEPT: usize = 1 << 16;
/// The most bytes of what is kept of conflicts that were resolved.
const MAX_RESOLVED: usize = 256 << 10;

const HEADER: usize = 12;
/// The times, sizes and owners of an entry.
const STAT: usize = 40;
/// Says of an entry's flags that more of them follow.
const EXTENDED: u16 = 0x4000;
/// The bits of the flags that are a path's length; all of them for a longer one, which no file system has.
const PATH_LENGTH: u16 = 0x0fff;
/// What an extension says of a directory in the cache of untracked files: of `.git/info/exclude` and of the user's file of
/// patterns, and the flags of the walk.
const UNTRACKED_STAT: usize = 36 + 36 + 4;

/// Says whether the index of a git directory is of a usual size and shape, or there is none. An index in two files
/// (`core.splitIndex`) is not: the other one is read whole.
pub(super) fn is_usual(git_dir: &Path, hash: gix::hash::Kind) -> bool {
    match files::read(&git_dir.join("index"), MAX_SIZE, Links::Followed) {
        Ok(Some(data)) => Scan::new(&data, hash.len_in_bytes()).is_some_and(|scan| scan.is_usual()),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// An index without its checksum.
struct Scan<'a> {
    data: &'a [u8],
    hash: usize,
}

impl<'a> Scan<'a> {
    fn new(data: &'a [u8], hash: usize) -> Option<Self> {
        let end = data.len().checked_sub(hash)?;
        let data = data.get(..end)?;
        Some(Self { data, hash })
    }

    fn is_usual(&self) -> bool {
        let found = self
            .end_of_entries()
            .and_then(|(count, end)| self.extensions(count, end));
        found.is_some()
    }

    /// Returns how many entries there are, and where they end.
    fn end_of_entries(&self) -> Option<(u32, usize)> {
        let mut header = Bytes(self.data);
        if header.take(4)? != b"DIRC" {
            return None;
        }
        let (version, count) = (header.number()?, header.number()?);
        let mut rest = Bytes(self.data.get(HEADER..)?);
        let (mut path, mut paths) = (0_usize, 0_usize);
        for _ in 0..count {
            let before = rest.0.len();
            rest.take(STAT + self.hash)?;
            let flags = rest.short()?;
            if flags & EXTENDED != 0 {
                rest.take(2)?;
            }
            if version == 4 {
                let kept = path.checked_sub(rest.varint()?)?;
                path = kept + rest.text()?.len();
            } else {
                path = usize::from(flags & PATH_LENGTH);
                if flags & PATH_LENGTH == PATH_LENGTH {
                    return None;
                }
                // At least one zero, up to a multiple of eight.
                let taken = before - rest.0.len() + path;
                rest.take(path + (8 - taken % 8))?;
            }
            paths += path;
            if paths > MAX_PATHS {
                return None;
            }
        }
        Some((count, self.data.len() - rest.0.len()))
    }

    /// Looks at what follows the `count` entries, which end at `end`.
    fn extensions(&self, count: u32, end: usize) -> Option<()> {
        let mut rest = Bytes(self.data.get(end..)?);
        while !rest.0.is_empty() {
            let name = rest.take(4)?;
            let size = rest.number()?.try_into().ok()?;
            let mut data = Bytes(rest.take(size)?);
            match name {
                b"TREE" => data.trees(self.hash)?,
                b"UNTR" => data.untracked(self.hash)?,
                b"REUC" if size > MAX_RESOLVED => return None,
                b"IEOT" => data.blocks(count)?,
                // Where the extensions begin: to read others from elsewhere would be to look at the wrong ones here.
                b"EOIE" if usize::try_from(data.number()?).ok()? != end => return None,
                b"link" => return None,
                _ => {}
            }
        }
        Some(())
    }
}

/// What is left of a part.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Takes what stands before `end`, and it.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = memchr::memchr(end, self.0)?;
        let taken = self.take(at + 1)?;
        taken.get(..at)
    }

    /// Takes a text that ends with a zero.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.until(0)
    }

    /// Takes a number of seven bits a byte, each more worth one more than it says, as in the offsets of a pack.
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        loop {
            let &[byte] = self.take(1)? else {
                return None;
            };
            value = value
                .checked_mul(128)?
                .checked_add(usize::from(byte & 127))?;
            if byte & 128 == 0 {
                return Some(value);
            }
            value = value.checked_add(1)?;
        }
    }

    /// Takes a number in digits.
    fn digits(&mut self, end: u8) -> Option<i64> {
        std::str::from_utf8(self.until(end)?).ok()?.parse().ok()
    }

    /// Looks at the cached trees: a directory, then those in it.
    fn trees(&mut self, hash: usize) -> Option<()> {
        let mut nested = Nested::default();
        while !self.0.is_empty() {
            self.text()?;
            let entries = self.digits(b' ')?;
            let below = self.digits(b'\n')?;
            if entries >= 0 {
                self.take(hash)?;
            }
            nested.directory(below.try_into().ok()?)?;
        }
        Some(())
    }

    /// Looks at the cache of untracked files: a directory with the names in it, then the directories in it.
    fn untracked(&mut self, hash: usize) -> Option<()> {
        let environment = self.varint()?;
        self.take(environment)?;
        self.take(UNTRACKED_STAT + 2 * hash)?;
        self.text()?;
        if self.varint()? == 0 {
            return Some(());
        }
        let (mut nested, mut names) = (Nested::default(), 0);
        loop {
            let (files, below) = (self.varint()?, self.varint()?);
            self.text()?;
            names += files;
            if files > MAX_KEPT || names > MAX_KEPT {
                return None;
            }
            for _ in 0..files {
                self.text()?;
            }
            nested.directory(below)?;
            if nested.left.is_empty() {
                return Some(());
            }
        }
    }

    /// Looks at the table of where blocks of entries begin, for reading them at a time: together they are all.
    fn blocks(&mut self, count: u32) -> Option<()> {
        self.number()?;
        let mut sum = 0_u32;
        while !self.0.is_empty() {
            self.number()?;
            sum = sum.checked_add(self.number()?)?;
        }
        (sum == count).then_some(())
    }
}

/// Where a list of nested directories is, each before those in it.
#[derive(Default)]
struct Nested {
    /// How many are still to come on each level.
    left: Vec<usize>,
    count: usize,
}

impl Nested {
    /// Enters the next directory, which has `below` in it; nothing where that is too deep, or too many.
    fn directory(&mut self, below: usize) -> Option<()> {
        self.count += 1;
        if let Some(left) = self.left.last_mut() {
            *left -= 1;
        }
        if below > 0 {
            self.left.push(below);
        }
        while self.left.last() == Some(&0) {
            self.left.pop();
        }
        (self.left.len() <= MAX_DEPTH && self.count <= MAX_KEPT && below <= MAX_KEPT).then_some(())
    }
}
