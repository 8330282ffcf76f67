//! `OpenError`: why a repository cannot be used; and how far its own configuration is trusted.

use std::path::PathBuf;

use crate::reason::Code;

/// How far the repository's own configuration is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocalConfigTrust {
    /// Only facts are read from it: remotes, branches, fetch refspecs.
    #[default]
    Ignore,
    /// It is honoured as git honours it.
    Trust,
}

/// Why a repository cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else owns it, and the user's git configuration does not list it as safe.
    #[error("`{}` belongs to another user", .0.display())]
    NotOwned(PathBuf),
    /// A `.git` or `commondir` file names no git directory.
    #[error("`{}` does not point to a git directory", .0.display())]
    Pointer(PathBuf),
    /// A pipe, a device, a directory or an oversized file stands where git has a regular file.
    #[error("`{}` is not a regular file of a usual size", .0.display())]
    SpecialFile(PathBuf),
    /// A configuration file cannot be read or understood.
    #[error("the git configuration cannot be read: `{}`", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The repository asks for an extension that gitoxide does not have.
    #[error("the repository uses the extension `{0}`, which sendoff cannot read")]
    Extension(String),
    /// Its refs are not files.
    #[error("the repository keeps its refs as `{0}`, which sendoff cannot read")]
    RefFormat(String),
    /// Gitoxide cannot open it.
    #[error("the repository at `{}` cannot be opened", .path.display())]
    Open {
        /// The git directory.
        path: PathBuf,
        /// What gitoxide says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// Returns the stable class.
    pub const fn class(&self) -> Code {
        match self {
            Self::Extension(_) | Self::RefFormat(_) => Code::Unsupported,
            _ => Code::BadRepository,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Extension(_) => {
                Some("push with `git push`; sendoff does not support the extension yet".into())
            }
            Self::RefFormat(_) => Some(
                "push with `git push`, or keep them as files: git refs migrate --ref-format=files"
                    .into(),
            ),
            Self::NotOwned(path) => Some(format!(
                "if you trust it, run `git config --global --add safe.directory '{}'` for its work tree",
                path.display().to_string().escape_debug()
            )),
            Self::Config { path, .. } => Some(format!("correct `{}`", path.display())),
            _ => None,
        }
    }
}
