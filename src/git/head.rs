//! `Head`: the branch and the commit that this work tree is on, read from the `HEAD` file itself.

use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::refs::FullName;

use crate::files::{self, Directory, FileError, Links};
use crate::names::{BranchName, BranchNameError};

use super::Repo;
use super::discover::RepoPaths;
use super::refs::{LOOSE_LIMIT, MAX_SYMREF_DEPTH, RefError, RefProblem};

/// The largest `HEAD` file that is read, in bytes: the longest name that git can keep is 4 KiB.
const HEAD_FILE_LIMIT: u64 = 8 * 1024;

/// What `HEAD` points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// A branch with a commit.
    Branch {
        /// The branch.
        name: BranchName,
        /// Its tip.
        id: ObjectId,
    },
    /// A branch without a commit.
    Unborn {
        /// The branch.
        name: BranchName,
    },
    /// A commit, and no branch.
    Detached {
        /// The commit.
        id: ObjectId,
    },
}

/// Why `HEAD` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It is neither a ref nor an id.
    #[error("HEAD holds neither a branch nor a commit id")]
    Garbage,
    /// It is longer than any ref name.
    #[error("HEAD is longer than any ref name can be")]
    TooLong,
    /// It names something that is not a branch.
    #[error("HEAD names `{}`, which is not a branch", .0.escape_debug())]
    NotABranch(String),
    /// It names a branch whose name git does not allow.
    #[error(transparent)]
    Name(#[from] BranchNameError),
    /// It cannot be read.
    #[error("HEAD cannot be read")]
    Read(#[source] FileError),
    /// The branch's ref cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
}

impl HeadError {
    /// Returns what to do about it, in one line.
    pub const fn advice(&self) -> Option<&'static str> {
        match self {
            // Git itself renames what it would not create.
            Self::Name(_) => Some("rename the branch: git branch -m NAME"),
            Self::NotABranch(_) => Some("switch to a branch: git switch NAME"),
            Self::Garbage | Self::TooLong => Some(
                "name a branch in the file HEAD of the git directory, as in `ref: refs/heads/NAME`",
            ),
            Self::Read(FileError::Link)
            | Self::Ref(RefError::Read {
                source: RefProblem::File(FileError::Link),
                ..
            }) => Some("put what the symbolic link leads to in its place"),
            Self::Read(_) | Self::Ref(_) => None,
        }
    }
}

/// The text of `HEAD`.
enum Content {
    Ref(Vec<u8>),
    Id(ObjectId),
}

impl Head {
    /// Returns the branch, unless HEAD is detached.
    pub const fn branch(&self) -> Option<&BranchName> {
        match self {
            Self::Branch { name, .. } | Self::Unborn { name } => Some(name),
            Self::Detached { .. } => None,
        }
    }

    /// Returns the commit, unless the branch is unborn.
    pub const fn id(&self) -> Option<ObjectId> {
        match self {
            Self::Branch { id, .. } | Self::Detached { id } => Some(*id),
            Self::Unborn { .. } => None,
        }
    }
}

impl Repo {
    /// Returns what `HEAD` of this work tree names.
    pub fn head(&self) -> Result<Head, HeadError> {
        let full = match read(self.git_dir())? {
            Content::Id(id) if id.kind() == self.object_hash() => return Ok(Head::Detached { id }),
            Content::Id(_) => return Err(HeadError::Garbage),
            Content::Ref(full) => full,
        };
        let name = branch_name(&full)?;
        let (last, tip) = self.resolved(&name.full())?;
        // A branch may stand for another one, and git takes that one.
        let name = if last.as_bstr() == name.full().as_str() {
            name
        } else {
            branch_name(last.as_bstr())?
        };
        let tip = match tip {
            None => self.unsorted_tip(&name)?,
            tip => tip,
        };
        Ok(match tip {
            Some(id) => Head::Branch { name, id },
            None => Head::Unborn { name },
        })
    }
}

impl Repo {
    /// Returns a branch as HEAD would name it; `None` when there is none.
    pub fn branch(&self, name: &BranchName) -> Result<Option<Head>, HeadError> {
        let tip = self.ref_tip(&name.full())?;
        let tip = match tip {
            None => self.unsorted_tip(name)?,
            tip => tip,
        };
        Ok(tip.map(|id| Head::Branch {
            name: name.clone(),
            id,
        }))
    }
}

/// Returns the ref that `HEAD` leads to for `includeIf "onbranch:…"`, where it is a proper one. A branch may stand for another
/// one; only loose refs are symbolic.
pub(super) fn branch_for_includes(paths: &RepoPaths) -> Option<FullName> {
    let Content::Ref(full) = read(&paths.git_dir).ok()? else {
        return None;
    };
    let mut name = FullName::try_from(full.as_bstr()).ok()?;
    // A link in the place of `refs` is followed: where that is not trusted, nothing is done with what is read.
    let directory = Directory::open(&paths.common_dir.join("refs")).ok()?;
    for _ in 0..MAX_SYMREF_DEPTH {
        let path = gix::path::from_bstr(name.as_bstr()).ok()?;
        let Ok(below) = path.strip_prefix("refs") else {
            return Some(name);
        };
        let Ok(Some(text)) = directory.read(below, LOOSE_LIMIT) else {
            return Some(name);
        };
        let Some(next) = text.strip_prefix(b"ref:") else {
            return Some(name);
        };
        name = FullName::try_from(next.trim_ascii().as_bstr()).ok()?;
    }
    None
}

fn read(git_dir: &Path) -> Result<Content, HeadError> {
    let path = git_dir.join("HEAD");
    // Very old repositories have a symbolic link here.
    if let Ok(target) = path.read_link() {
        let target = target.into_os_string().into_encoded_bytes();
        if target.starts_with(b"refs/") {
            return Ok(Content::Ref(target));
        }
    }
    let content = files::read(&path, HEAD_FILE_LIMIT, Links::Refused)
        .map_err(|error| match error {
            FileError::TooLarge(_) => HeadError::TooLong,
            error => HeadError::Read(error),
        })?
        .ok_or(HeadError::Garbage)?;
    let text = content.trim_ascii_end();
    if let Some(target) = text.strip_prefix(b"ref:") {
        return Ok(Content::Ref(target.trim_ascii_start().to_owned()));
    }
    // What follows an id behind a space means nothing to git.
    let id = text.split(u8::is_ascii_whitespace).next();
    ObjectId::from_hex(id.unwrap_or_default())
        .map(Content::Id)
        .map_err(|_| HeadError::Garbage)
}

/// Returns the branch of a full ref name.
fn branch_name(full: &[u8]) -> Result<BranchName, HeadError> {
    let Some(short) = full.strip_prefix(b"refs/heads/") else {
        return Err(HeadError::NotABranch(shortened(full)));
    };
    BranchName::from_bytes(short).map_err(|error| {
        HeadError::Name(match error {
            BranchNameError::Invalid(name) => BranchNameError::Invalid(shortened(name.as_bytes())),
            BranchNameError::NotUtf8(name) => BranchNameError::NotUtf8(shortened(name.as_bytes())),
        })
    })
}

/// Returns the beginning of a name for an error message.
fn shortened(name: &[u8]) -> String {
    name.to_str_lossy().chars().take(100).collect()
}
