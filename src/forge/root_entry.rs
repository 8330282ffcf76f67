//! `RootEntry`: the entry of a name in the root tree of a commit, read from a forge.

/// What a commit has at the root of its tree under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootEntry {
    /// Nothing.
    Absent,
    /// Something that is no regular file: a directory, a link, a submodule.
    NoFile,
    /// A regular file.
    File {
        /// Its object id, in hexadecimal, as the forge names it.
        id: String,
    },
}
