//! `InstallError`: why an entry is not installed or removed.

use std::path::{Path, PathBuf};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an entry is not installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// A file has changed since the change was planned.
    #[error("{} was changed by another program, and is left unchanged", .0.display())]
    Changed(PathBuf),
    /// Git or another program holds the lock of the file.
    #[error("{} is locked by another program: {} exists", path.display(), lock.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Its lock.
        lock: PathBuf,
    },
    /// A link leads out of the directory that it belongs to.
    #[error("{} leads to {}, which is not below {}", path.display(), leads_to.display(), top.display())]
    Outside {
        /// The path.
        path: PathBuf,
        /// Where it leads.
        leads_to: PathBuf,
        /// The directory that it belongs to.
        top: PathBuf,
    },
    /// A file must be edited by hand.
    #[error("{}: {why}", path.display())]
    ByHand {
        /// The file.
        path: PathBuf,
        /// Why it is not edited.
        why: String,
        /// What to do there.
        advice: String,
    },
    /// There is no repository.
    #[error("there is no git repository at {}", .0.display())]
    NoRepository(PathBuf),
    /// The repository cannot be opened.
    #[error("{0}")]
    Repository(String),
    /// The repository has no work tree, so no commits are made in it.
    #[error("{} is a bare repository, in which no commits are made", .0.display())]
    Bare(PathBuf),
    /// A scope that the target does not have.
    #[error("{what}")]
    Scope {
        /// What is not possible.
        what: String,
        /// What is possible.
        advice: String,
    },
    /// The home directory is not known.
    #[error("the home directory is not known: HOME is not set to an absolute path")]
    NoHome,
    /// The program's own path cannot be written into a configuration.
    #[error("sendoff's own path `{}` cannot be written into a configuration", .0.to_string_lossy().escape_debug())]
    Program(PathBuf),
}

impl InstallError {
    /// Returns the message for a context that names the file already.
    pub(super) fn about_it(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("it cannot be read: {source}"),
            other => other.to_string(),
        }
    }

    pub(super) fn read(path: &Path, source: impl Into<Cause>) -> Self {
        Self::Read {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    pub(super) fn write(path: &Path, source: impl Into<Cause>) -> Self {
        Self::Write {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// Returns what to do, in one line or with lines to paste.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } | Self::Write { .. } | Self::Repository(_) => return None,
            Self::Changed(_) => "run the command again".into(),
            Self::Locked { lock, .. } => format!(
                "wait for the other program; when none is at work, remove {}",
                lock.display()
            ),
            Self::Outside { .. } => {
                "put a file or directory of its own in place of the link, and run the command again"
                    .into()
            }
            Self::ByHand { advice, .. } | Self::Scope { advice, .. } => advice.clone(),
            Self::NoRepository(_) => "change to a repository, or name one with -C".into(),
            Self::Bare(_) => "run the command in a clone".into(),
            Self::NoHome => "set HOME".into(),
            Self::Program(_) => "move the program to a path of printable characters".into(),
        })
    }
}
