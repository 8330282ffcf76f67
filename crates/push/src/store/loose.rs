//! Loose objects: each a file of its own, in one of the object directories.
//!
//! Git's `gitrepository-layout`, "objects", and the header of an object in `gitformat-loose`.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};

use gix::objs::Kind;
use gix::odb::loose;
use gix::zlib::{Decompress, FlushDecompress, Inflate, Status};
use rustix::fs::{Mode, OFlags};

use super::directories::Directories;
use super::limits::{OrDamaged as _, Unread, can_hold, most_of};
use crate::borrowed::Borrowed;

/// Larger files are read and inflated in pieces, in bytes. At once is quicker, by half of the time for what is large.
const MAX_WHOLE_FILE: usize = 4 << 20;
/// What says that it is larger is inflated in pieces, however small its file, in bytes: at once, all of what a header
/// claims is written with zeros first.
const MAX_CLAIMED_SIZE: usize = 32 << 20;
/// How large the pieces are, in bytes. No more than that is kept for the next file.
const CHUNK_SIZE: usize = 1 << 18;
/// More than the longest header takes: a kind, a size, a zero byte.
const MAX_HEADER: usize = 64;

/// The loose objects of all directories of a repository. Nothing is kept open.
#[derive(Clone)]
pub(crate) struct Loose {
    stores: Vec<loose::Store>,
    /// Whether links are followed.
    borrowed: Borrowed,
    /// The first bytes of those that are left out.
    linked: Vec<u8>,
}

/// What lies in an object's place and is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstruction {
    /// A link that is not followed.
    Link,
    /// A pipe, a device, a directory.
    NoFile,
}

impl Loose {
    /// Looks into these directories.
    pub(super) fn new(directories: &Directories) -> Self {
        let open = |directory: &PathBuf| loose::Store::at(directory.clone(), directories.kind);
        Self {
            stores: directories.paths.iter().map(open).collect(),
            borrowed: directories.borrowed,
            linked: directories.linked.clone(),
        }
    }

    /// Returns where an object can lie.
    fn paths(&self, id: &gix::oid) -> impl Iterator<Item = PathBuf> {
        let first = id.as_bytes().first();
        let is_out = first.is_some_and(|first| self.linked.contains(first));
        let stores = self.stores.iter().filter(move |_| !is_out);
        stores.map(|store| store.object_path(id))
    }

    /// Returns the length of an object's file in bytes.
    pub(super) fn length(&self, id: &gix::oid) -> Option<u64> {
        self.paths(id).find_map(|path| self.length_of(&path))
    }

    /// Returns the file of an object.
    pub(crate) fn file(&self, id: &gix::oid) -> Option<PathBuf> {
        self.paths(id).find(|path| self.length_of(path).is_some())
    }

    /// Returns the length of a file; `None` when there is none.
    fn length_of(&self, path: &Path) -> Option<u64> {
        let found = match self.borrowed {
            Borrowed::Sent => std::fs::metadata(path),
            Borrowed::Held => std::fs::symlink_metadata(path),
        };
        let found = found.ok()?;
        found.is_file().then_some(found.len())
    }

    /// Reads an object.
    ///
    /// The file is read and not mapped: for a small one that is quicker, most of all where another thread
    /// runs beside this one.
    pub(crate) fn read(
        &self,
        id: &gix::oid,
        work: &mut LooseWork,
        buffer: &mut Vec<u8>,
    ) -> Result<Kind, Unread> {
        let mut paths = self.paths(id);
        let file = paths.find_map(|path| open(&path, self.borrowed));
        let mut file = file.or_damaged()?;
        let found = file.metadata().or_damaged()?;
        let length = found.is_file().then(|| usize::try_from(found.len()));
        let length = length.or_damaged()?.or_damaged()?;
        if length > MAX_WHOLE_FILE {
            return inflate_pieces(&mut file, length, buffer);
        }
        work.raw.clear();
        work.raw.resize(length, 0);
        file.read_exact(&mut work.raw).or_damaged()?;
        let kind = match work.inflate(buffer) {
            Ok(Inflated::Whole(kind)) => Ok(kind),
            Ok(Inflated::Large) => {
                file.rewind().or_damaged()?;
                inflate_pieces(&mut file, length, buffer)
            }
            Err(unread) => Err(unread),
        };
        if work.raw.capacity() > CHUNK_SIZE {
            work.raw = Vec::new();
        }
        kind
    }

    /// Says whether a link lies in an object's place that is not followed.
    pub(crate) fn is_linked(&self, id: &gix::oid) -> bool {
        self.obstruction(id) == Some(Obstruction::Link)
    }

    /// Returns what lies in an object's place that is no file. To read a pipe would take for ever.
    pub(super) fn obstruction(&self, id: &gix::oid) -> Option<Obstruction> {
        self.paths(id).find_map(|path| {
            let found = std::fs::symlink_metadata(&path).ok()?;
            if found.is_symlink() && self.borrowed == Borrowed::Held {
                return Some(Obstruction::Link);
            }
            let found = std::fs::metadata(path).ok()?;
            (!found.is_file()).then_some(Obstruction::NoFile)
        })
    }

    /// Returns the size of an object in bytes; `None` when it is gone or damaged.
    pub(crate) fn size(&self, id: &gix::oid) -> Option<u64> {
        // Gitoxide opens what lies there without a look, and would wait for the writer of a pipe.
        let is_file = |store: &&loose::Store| self.length_of(&store.object_path(id)).is_some();
        let mut stores = self.stores.iter().filter(is_file);
        stores.find_map(|store| Some(store.try_header(id).ok()??.0))
    }
}

/// What reading needs each time.
#[derive(Default)]
pub(crate) struct LooseWork {
    /// Made when it is needed: its tables have to be cleared.
    inflate: Option<Inflate>,
    raw: Vec<u8>,
}

/// What became of an object that was to be inflated at once.
enum Inflated {
    Whole(Kind),
    /// It has to be inflated in pieces.
    Large,
}

impl LooseWork {
    /// Inflates what was read: a header, and behind it the content, which goes to `buffer`.
    fn inflate(&mut self, buffer: &mut Vec<u8>) -> Result<Inflated, Unread> {
        let mut head = [0; MAX_HEADER];
        let inflate = self.inflate.get_or_insert_default();
        inflate.reset();
        let (_, read, written) = inflate.prefix(&self.raw, &mut head).or_damaged()?;
        let head = head.get(..written).or_damaged()?;
        let Header { kind, size, skip } = header(head, self.raw.len())?;
        if size > MAX_CLAIMED_SIZE {
            return Ok(Inflated::Large);
        }
        let rest = self.raw.get(read..).or_damaged()?;
        let length = inflate.rest(rest, head, skip, buffer, size);
        match length {
            Ok(length) if length == size => Ok(Inflated::Whole(kind)),
            _ => Err(Unread::Damaged),
        }
    }
}

/// What stands at the beginning of an object.
struct Header {
    kind: Kind,
    /// The size of the content, in bytes.
    size: usize,
    /// Where the content begins.
    skip: usize,
}

/// Reads the header of an object whose file has so many bytes; fails where it claims what is not believed.
fn header(head: &[u8], length: usize) -> Result<Header, Unread> {
    let (kind, size, skip) = gix::objs::decode::loose_header(head).or_damaged()?;
    if size > most_of(kind) {
        return Err(Unread::TooLarge(most_of(kind)));
    }
    let believed = can_hold(length as u64, size).then(|| usize::try_from(size));
    let size = believed.or_damaged()?.or_damaged()?;
    if head.len() - skip > size {
        return Err(Unread::Damaged);
    }
    Ok(Header { kind, size, skip })
}

/// Inflates an object out of a file that is too large to be held beside what it holds.
fn inflate_pieces(file: &mut File, length: usize, buffer: &mut Vec<u8>) -> Result<Kind, Unread> {
    let mut state = Decompress::new();
    let mut piece = vec![0; CHUNK_SIZE];
    let mut end = file.read(&mut piece).or_damaged()?;
    let mut head = [0; MAX_HEADER];
    let none = FlushDecompress::None;
    let input = piece.get(..end).or_damaged()?;
    let mut status = state.decompress(input, &mut head, none).or_damaged()?;
    let (mut start, written) = (progress(state.total_in())?, progress(state.total_out())?);
    let head = head.get(..written).or_damaged()?;
    let Header { kind, size, skip } = header(head, length)?;
    if buffer.capacity() >= size {
        buffer.clear();
        buffer.resize(size, 0);
    } else {
        // Zeroed by the system when it is looked at, and not before.
        *buffer = vec![0; size];
    }
    let mut filled = written - skip;
    let first = buffer.get_mut(..filled).or_damaged()?;
    first.copy_from_slice(head.get(skip..).or_damaged()?);
    while status != Status::StreamEnd {
        if start == end {
            (start, end) = (0, file.read(&mut piece).or_damaged()?);
        }
        let (read, done) = (state.total_in(), state.total_out());
        let input = piece.get(start..end).or_damaged()?;
        let output = buffer.get_mut(filled..).or_damaged()?;
        status = state.decompress(input, output, none).or_damaged()?;
        let (read, done) = (
            progress(state.total_in() - read)?,
            progress(state.total_out() - done)?,
        );
        if read == 0 && done == 0 {
            break;
        }
        start += read;
        filled += done;
    }
    let whole = status == Status::StreamEnd && filled == size;
    whole.then_some(kind).or_damaged()
}

/// Returns a number of bytes as one that counts memory.
fn progress(bytes: u64) -> Result<usize, Unread> {
    usize::try_from(bytes).or_damaged()
}

/// Opens a file, and does not wait where it is none but a pipe that somebody put there.
fn open(path: &Path, borrowed: Borrowed) -> Option<File> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if borrowed == Borrowed::Held {
        flags |= OFlags::NOFOLLOW;
    }
    let opened = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    Some(File::from(opened))
}
