//! Refs: resolving, listing, and why one cannot be read or written.

use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::path::RelativePath;
use gix::refs::{FullName, Reference, Target};
use memchr::memmem;

use crate::files::{FileError, Found};

use crate::names::BranchName;

use super::Repo;

/// The largest loose ref that is read, in bytes: the longest name that git can keep is 4 KiB.
pub(super) const LOOSE_LIMIT: u64 = 8 * 1024;
/// How many symbolic refs are followed; git follows five.
pub(super) const MAX_SYMREF_DEPTH: usize = 5;

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
        source: RefProblem,
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
        source: RefProblem,
    },
}

/// What is wrong with a ref's file. Never says what is in it: a link or a made-up file could be anything.
#[derive(Debug, thiserror::Error)]
pub enum RefProblem {
    /// It is a link, a pipe, too large, ...
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refuses it.
    #[error(transparent)]
    System(io::Error),
    /// What is in it is no ref.
    #[error("it is damaged")]
    Damaged,
}

impl RefProblem {
    /// Returns the system's error of an error of gitoxide; what that quotes of a file goes to the log only.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        tracing::debug!(error, "a ref cannot be used");
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(code) = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::raw_os_error)
            {
                return Self::System(io::Error::from_raw_os_error(code));
            }
            cause = error.source();
        }
        Self::Damaged
    }
}

impl RefError {
    pub(super) fn read(name: impl Into<String>, source: impl Into<RefProblem>) -> Self {
        Self::Read {
            name: name.into(),
            source: source.into(),
        }
    }

    /// Says whether the ref's file is there, can be read, and holds no ref.
    const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Read {
                source: RefProblem::Damaged,
                ..
            }
        )
    }

    fn damaged(name: &str, error: &(dyn Error + 'static)) -> Self {
        Self::read(name, RefProblem::of(error))
    }
}

impl Repo {
    /// Returns the object that the ref of this full name leads to; `None` when there is no such ref.
    ///
    /// Tags are not peeled: a branch that holds one is damaged, and nothing finds a commit there.
    pub fn ref_tip(&self, full: &str) -> Result<Option<ObjectId>, RefError> {
        Ok(self.resolved(full)?.1)
    }

    /// Returns the same, where a ref that is damaged counts as none, as for git: a crash can leave an empty file.
    pub(super) fn ref_tip_if_whole(&self, full: &str) -> Result<Option<ObjectId>, RefError> {
        match self.ref_tip(full) {
            Err(error) if error.is_damage() => Ok(None),
            tip => tip,
        }
    }

    /// Returns the ref that symbolic refs lead to from the one of this full name, and its object.
    pub(super) fn resolved(&self, full: &str) -> Result<(FullName, Option<ObjectId>), RefError> {
        let mut name = full_name(full)?;
        for _ in 0..=MAX_SYMREF_DEPTH {
            match self.target(&name, full)? {
                None => return Ok((name, None)),
                Some(Target::Object(id)) => return Ok((name, Some(id))),
                Some(Target::Symbolic(next)) => name = next,
            }
        }
        Err(RefError::SymrefDepth(full.to_owned()))
    }

    /// Finds a branch that `packed-refs` has at another place than by its order, although its header says that it is sorted:
    /// somebody edited it. Git searches it as well, by other steps, and finds some of them. Only a file that is not sorted has
    /// any.
    pub(super) fn unsorted_tip(&self, branch: &BranchName) -> Result<Option<ObjectId>, RefError> {
        let full = branch.full();
        let packed = self.refs.cached_packed_buffer();
        let packed = packed.map_err(|error| RefError::damaged(&full, &error))?;
        let Some(packed) = packed else {
            return Ok(None);
        };
        // A branch that is absent costs a search and no parsing.
        if memmem::find((**packed).as_ref(), full.as_bytes()).is_none() {
            return Ok(None);
        }
        let all = packed.iter();
        let all = all.map_err(|error| RefError::damaged(&full, &error))?;
        let (mut last, mut is_sorted, mut tip) = (BStr::new(b""), true, None);
        for reference in all {
            let reference = reference.map_err(|error| RefError::damaged(&full, &error))?;
            let name = reference.name.as_bstr();
            is_sorted &= last <= name;
            if name == full.as_str() {
                tip = Some(reference.target());
            }
            last = name;
        }
        Ok(tip.filter(|_| !is_sorted))
    }

    /// Returns what the ref of exactly this name holds: where there is none, gitoxide would look for a tag, a branch and a
    /// remote of that name. `full` is the ref that was asked for.
    fn target(&self, name: &FullName, full: &str) -> Result<Option<Target>, RefError> {
        if self.check_loose(name)? {
            let found = self.refs.try_find(name.as_ref());
            let found = found.map_err(|error| RefError::damaged(full, &error))?;
            return Ok(found.map(|reference| reference.target));
        }
        let packed = self.refs.cached_packed_buffer();
        let packed = packed.map_err(|error| RefError::damaged(full, &error))?;
        let Some(packed) = packed else {
            return Ok(None);
        };
        let found = packed.try_find(name.as_ref());
        let found = found.map_err(|error| RefError::damaged(full, &error))?;
        // A name without `refs/` is looked for as a tag, a branch and a remote.
        let found = found.filter(|reference| reference.name == name.as_ref());
        Ok(found.map(|reference| Target::Object(reference.target())))
    }

    /// Says whether there is a loose ref. Refuses a link, a pipe, a device or a file without end in its place, before
    /// gitoxide opens it. A link that is created in between is followed: whoever can do that can write the ref as well.
    fn check_loose(&self, name: &FullName) -> Result<bool, RefError> {
        let mut is_there = false;
        let relative = gix::path::from_bstr(name.as_bstr());
        let Ok(relative) = relative else {
            return Err(RefError::Name(name.to_string()));
        };
        let unreadable = |problem: FileError| RefError::read(name.to_string(), problem);
        let directories = self.ref_directories(&relative).map_err(unreadable)?;
        for (directory, path) in directories {
            let problem = match directory.look(path) {
                Ok(Found::File(size)) if size > LOOSE_LIMIT => FileError::TooLarge(LOOSE_LIMIT),
                Ok(found) => {
                    is_there |= matches!(found, Found::File(_));
                    continue;
                }
                Err(problem) => problem,
            };
            return Err(unreadable(problem));
        }
        Ok(is_there)
    }

    /// Refuses what gitoxide would write through: links in place of a ref, its lock and its reflog, or on the way there.
    pub(super) fn check_writable(&self, name: &FullName) -> Result<(), RefError> {
        self.check_loose(name)?;
        let log = Path::new("logs").join(gix::path::from_bstr(name.as_bstr()).unwrap_or_default());
        let unreadable = |problem: FileError| RefError::read(name.to_string(), problem);
        for (directory, path) in self.ref_directories(&log).map_err(unreadable)? {
            directory.look(path).map_err(unreadable)?;
        }
        Ok(())
    }

    /// Hands on the refs whose full names begin with `prefix`, until one is enough.
    pub(super) fn each_ref_below(
        &self,
        prefix: &str,
        visit: &mut dyn FnMut(Reference) -> ControlFlow<()>,
    ) -> Result<(), RefError> {
        let path =
            <&RelativePath>::try_from(prefix).map_err(|_| RefError::Name(prefix.to_owned()))?;
        let below = prefix.rsplit_once('/').map_or(prefix, |(below, _)| below);
        let unreadable = |problem: FileError| RefError::read(prefix, problem);
        let directories = self.ref_directories(Path::new(below));
        for (directory, path) in directories.map_err(unreadable)? {
            directory
                .look_below(path, LOOSE_LIMIT)
                .map_err(unreadable)?;
        }
        let all = self
            .refs
            .iter()
            .map_err(|error| RefError::damaged(prefix, &error))?;
        let found = all
            .prefixed(path)
            .map_err(|error| RefError::damaged(prefix, &error))?;
        for found in found {
            let found = match found.map_err(|error| RefError::damaged(prefix, &error)) {
                Ok(found) => found,
                // The others are read, as by git.
                Err(error) if error.is_damage() => continue,
                Err(error) => return Err(error),
            };
            if visit(found).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the full name of the ref that the symbolic ref `full` names.
    pub(super) fn symbolic_target(&self, full: &str) -> Result<Option<String>, RefError> {
        let target = match self.target(&full_name(full)?, full) {
            Err(error) if error.is_damage() => None,
            target => target?,
        };
        Ok(target.and_then(|target| match target {
            Target::Symbolic(next) => Some(next.to_string()),
            Target::Object(_) => None,
        }))
    }
}

pub(super) fn full_name(full: &str) -> Result<FullName, RefError> {
    FullName::try_from(full).map_err(|_| RefError::Name(full.chars().take(100).collect()))
}
