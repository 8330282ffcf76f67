//! Refs: resolving, listing, and why one cannot be read or written.

use std::io;
use std::path::Path;

use gix::ObjectId;
use gix::path::RelativePath;
use gix::refs::{FullName, Reference, Target};

use super::Repo;

/// How many symbolic refs are followed; git follows five.
const MAX_SYMREF_DEPTH: usize = 5;

/// Why a ref cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// The name breaks git's rules.
    #[error("`{}` is not a ref name", .0.escape_debug())]
    Name(String),
    /// Symbolic refs form a cycle, or a chain that is too long.
    #[error("`{}` is a symbolic ref that forms a cycle or a chain of more than {MAX_SYMREF_DEPTH}", .0.escape_debug())]
    SymrefDepth(String),
    /// The ref, or `packed-refs`, is damaged or cannot be read.
    #[error("the ref `{}` cannot be read", .name.escape_debug())]
    Read {
        /// The ref.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another ref has a name that this one would have as its directory, or the other way round: often
    /// a leftover of a deleted branch.
    #[error("the ref `{}` cannot exist beside `{}`", .name.escape_debug(), .other.escape_debug())]
    Conflict {
        /// The ref.
        name: String,
        /// The ref that conflicts with it.
        other: String,
    },
    /// Another process holds the ref's lock.
    #[error("the ref `{}` is locked by another process", .0.escape_debug())]
    Locked(String),
    /// The ref cannot be written.
    #[error("the ref `{}` cannot be written", .name.escape_debug())]
    Write {
        /// The ref.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl RefError {
    pub(super) fn read(
        name: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Read {
            name: name.into(),
            source: source.into(),
        }
    }
}

impl Repo {
    /// Returns the object that the ref of this full name leads to; nothing when there is no such ref.
    ///
    /// Tags are not peeled: a branch that holds one is damaged, and nothing finds a commit there.
    pub fn ref_tip(&self, full: &str) -> Result<Option<ObjectId>, RefError> {
        let mut name = full_name(full)?;
        for _ in 0..=MAX_SYMREF_DEPTH {
            self.check_loose(&name)?;
            let found = self
                .refs
                .try_find(name.as_ref())
                .map_err(|error| RefError::read(full, error))?;
            match found.map(|reference| reference.target) {
                None => return Ok(None),
                Some(Target::Object(id)) => return Ok(Some(id)),
                Some(Target::Symbolic(next)) => name = next,
            }
        }
        Err(RefError::SymrefDepth(full.to_owned()))
    }

    /// Refuses a pipe or a device in place of a loose ref: reading it would never end.
    fn check_loose(&self, name: &FullName) -> Result<(), RefError> {
        let relative = gix::path::from_bstr(name.as_bstr());
        let Ok(relative) = relative else {
            return Err(RefError::Name(name.to_string()));
        };
        let is_odd = |directory: &Path| {
            let found = directory.join(&relative).metadata();
            found.is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
        };
        if is_odd(self.common_dir()) || is_odd(self.git_dir()) {
            let source = io::Error::from(io::ErrorKind::InvalidInput);
            return Err(RefError::read(name.to_string(), source));
        }
        Ok(())
    }

    /// Returns all refs whose full names begin with `prefix`.
    pub(super) fn refs_below(&self, prefix: &str) -> Result<Vec<Reference>, RefError> {
        let path =
            <&RelativePath>::try_from(prefix).map_err(|_| RefError::Name(prefix.to_owned()))?;
        let all = self
            .refs
            .iter()
            .map_err(|error| RefError::read(prefix, error))?;
        let found = all
            .prefixed(path)
            .map_err(|error| RefError::read(prefix, error))?;
        found
            .map(|found| found.map_err(|error| RefError::read(prefix, error)))
            .collect()
    }

    /// Returns the full name of the ref that the symbolic ref `full` names.
    pub(super) fn symbolic_target(&self, full: &str) -> Result<Option<String>, RefError> {
        let name = full_name(full)?;
        let found = self
            .refs
            .try_find(name.as_ref())
            .map_err(|error| RefError::read(full, error))?;
        Ok(found.and_then(|reference| match reference.target {
            Target::Symbolic(next) => Some(next.to_string()),
            Target::Object(_) => None,
        }))
    }
}

pub(super) fn full_name(full: &str) -> Result<FullName, RefError> {
    FullName::try_from(full).map_err(|_| RefError::Name(full.chars().take(100).collect()))
}
