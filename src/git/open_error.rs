//! `OpenError`: why a repository cannot be used; and how far its own configuration is trusted.

use std::path::PathBuf;

use crate::names::shell_word;
use crate::reason::Code;

use super::lead::{Lead, Leading, Leads};

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
    /// Another user owns it, and the user's git configuration does not list it as safe.
    #[error("`{}` belongs to another user", .path.display())]
    NotOwned {
        /// What belongs to somebody else.
        path: PathBuf,
        /// What the user's git configuration has to list: the top of the work tree, or the git directory where there is none.
        top: PathBuf,
    },
    /// A `.git` or `commondir` file names no git directory.
    #[error("`{}` does not point to a git directory", .0.display())]
    Pointer(PathBuf),
    /// The `.git` file of a linked work tree names a git directory that is not there.
    #[error("`{}` does not point to a git directory", .0.display())]
    WorktreePointer(PathBuf),
    /// A file in the git directory of a linked work tree is missing, or leads to no repository.
    #[error("`{}` is missing, or leads to no repository", .file.display())]
    WorktreeFile {
        /// The file.
        file: PathBuf,
        /// What git writes into it.
        content: &'static str,
    },
    /// It links to directories that do not say that they belong to it, and that is not trusted.
    #[error("{}", leads_out(.0))]
    LeadsOut(Leads),
    /// A `commondir` file names a repository that does not list the work tree.
    #[error("`{}` leads to `{}`, which does not list this work tree", .from.display(), .to.display())]
    CommonDir {
        /// The file.
        from: PathBuf,
        /// The git directory that it names.
        to: PathBuf,
    },
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
    /// `GIT_OBJECT_DIRECTORY` names no directory.
    #[error("GIT_OBJECT_DIRECTORY names `{}`, which is not a directory", .0.display())]
    ObjectDirectory(PathBuf),
    /// It is of a format that git does not know either.
    #[error("the repository is of format {version}, and git knows 0 and 1")]
    FormatVersion {
        /// What its configuration says.
        version: i64,
        /// The configuration file.
        file: PathBuf,
    },
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
            Self::Extension(_) | Self::RefFormat(_) | Self::FormatVersion { .. } => {
                Code::Unsupported
            }
            Self::LeadsOut(_) | Self::CommonDir { .. } => Code::GitDirUntrusted,
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
            Self::NotOwned { top, .. } => Some(format!(
                "if you trust it, run `git config --global --add safe.directory '{}'` for its work tree",
                top.display().to_string().escape_debug()
            )),
            Self::FormatVersion { file, .. } => Some(format!(
                "use the program that made it, or correct core.repositoryFormatVersion in `{}`",
                file.display()
            )),
            Self::ObjectDirectory(_) => {
                Some("unset the variable, or name the directory that holds the objects".into())
            }
            Self::CommonDir { .. } => {
                Some("make a work tree of that repository as git does: git worktree add".into())
            }
            Self::LeadsOut(leads) => Some(lead_advice(leads)),
            Self::WorktreePointer(_) => Some(
                "if the repository was moved, run in it: git worktree repair PATH, with the path of this work tree"
                    .into(),
            ),
            Self::WorktreeFile { file, content } => Some(format!(
                "write it anew: echo '{content}' > {}",
                shell_word(&file.display().to_string())
            )),
            Self::Pointer(file) if file.ends_with("commondir") => Some(format!(
                "git has this file in linked work trees alone, remove it: rm {}",
                shell_word(&file.display().to_string())
            )),
            Self::Config { path, .. } => Some(format!("correct `{}`", path.display())),
            _ => None,
        }
    }
}

/// Says what leads where, by the first of it.
fn leads_out(leads: &Leads) -> String {
    let Some(lead) = leads.found.first() else {
        return "the repository leads elsewhere".into();
    };
    let (from, to) = (lead.from.display(), lead.to.display());
    match lead.how {
        Leading::Link => format!("`{from}` is a symbolic link, to `{to}`"),
        Leading::Changed => {
            format!("`{from}` leads to `{to}` now, and did not when the repository was opened")
        }
        Leading::WorktreeFile | Leading::GitFile => {
            format!("`{from}` leads to `{to}`, which does not name it as its work tree")
        }
    }
}

/// Says what to do about it: git itself repairs the links of a work tree that was moved.
fn lead_advice(leads: &Leads) -> String {
    let trust = "run on a terminal: sendoff trust git-dir";
    let changed = |lead: &Lead| lead.how == Leading::Changed;
    if leads.found.iter().any(changed) {
        return "leave it alone while a run goes on, and run again: sendoff run".into();
    }
    let moved = leads
        .found
        .iter()
        .all(|lead| lead.how == Leading::WorktreeFile);
    if moved {
        format!("if it was moved, run in it: git worktree repair; if it is meant so, {trust}")
    } else {
        format!("if it is meant so, {trust}")
    }
}
