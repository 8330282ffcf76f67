//! What a commit holds: its trees and files, each compared with its id.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::TreeRefIter;
use sendoff_push::objects::Reader;

/// The largest tree object that is searched, in bytes.
pub(super) const TREE_LIMIT: u64 = 16 * 1024 * 1024;

/// An entry of a tree.
pub(super) struct Entry {
    pub(super) id: ObjectId,
    pub(super) kind: EntryKind,
}

/// The kinds of entries that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Directory,
    Other,
}

/// The entry of a commit's root tree with one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommittedFile {
    /// Nothing.
    Absent,
    /// Something that is no regular file of a usual size.
    Unusable,
    /// A file.
    File {
        /// Its id.
        id: ObjectId,
        /// Its content.
        bytes: Vec<u8>,
    },
}

/// Why a file of a commit cannot be read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHere {
    /// The commit or its tree is not here, or is not what its id says.
    #[error("the commit {0} is not here, or is damaged")]
    Commit(ObjectId),
    /// The file is not.
    #[error("the file {0} is not here, or is damaged")]
    File(ObjectId),
}

/// Reads a file at the root of a commit. Every object on the way is compared with its id.
pub(super) fn file_at(
    repo: &gix::Repository,
    commit: ObjectId,
    name: &str,
    limit: u64,
) -> Result<CommittedFile, NotHere> {
    let absent = || NotHere::Commit(commit);
    if commit.kind() != repo.object_hash() {
        return Err(absent());
    }
    let reader = Reader::new(repo).map_err(|_| absent())?;
    let tree = tree_of(&reader, commit).ok_or_else(absent)?;
    let data = object(&reader, tree, gix::objs::Kind::Tree, TREE_LIMIT).ok_or_else(absent)?;
    let Some((_, entry)) = entries(&data, tree).find(|(found, _)| *found == name) else {
        return Ok(CommittedFile::Absent);
    };
    if entry.kind != EntryKind::File {
        return Ok(CommittedFile::Unusable);
    }
    let id = entry.id;
    let size = reader.size(&id).ok_or(NotHere::File(id))?;
    if size > limit {
        return Ok(CommittedFile::Unusable);
    }
    let bytes = object(&reader, id, gix::objs::Kind::Blob, limit).ok_or(NotHere::File(id))?;
    Ok(CommittedFile::File { id, bytes })
}

/// Returns the entries whose names are text; nothing when the tree is damaged.
pub(super) fn entries(data: &[u8], tree: ObjectId) -> impl Iterator<Item = (&str, Entry)> {
    let entries = TreeRefIter::from_bytes(data, tree.kind()).map_while(Result::ok);
    entries.filter_map(|entry| {
        let name = entry.filename.to_str().ok()?;
        let kind = if entry.mode.is_tree() {
            EntryKind::Directory
        } else if entry.mode.is_blob() {
            EntryKind::File
        } else {
            EntryKind::Other
        };
        let id = entry.oid.to_owned();
        Some((name, Entry { id, kind }))
    })
}

/// Returns the tree of a commit.
pub(super) fn tree_of(reader: &Reader, commit: ObjectId) -> Option<ObjectId> {
    let data = object(reader, commit, gix::objs::Kind::Commit, u64::MAX)?;
    let line = data.strip_prefix(b"tree ")?;
    ObjectId::from_hex(line.get(..line.find_byte(b'\n')?)?).ok()
}

/// Returns an object of the kind and within the size that are expected, if its content is what its id says: a pack
/// can have anything under an id.
pub(super) fn object(
    reader: &Reader,
    id: ObjectId,
    kind: gix::objs::Kind,
    limit: u64,
) -> Option<Vec<u8>> {
    if reader.size(&id)? > limit {
        return None;
    }
    let (found, data) = reader.find(id).ok()??;
    let hash = gix::objs::compute_hash(id.kind(), found, &data).ok()?;
    (found == kind && hash == id).then_some(data)
}
