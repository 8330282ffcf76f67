//! `RemoteError`: why there is no remote to push to, and what to do about it.

use crate::names::{RemoteName, RemoteUrlError, shell_word};
use crate::reason::Code;

/// Why there is no remote to push to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The repository has no remote.
    #[error("the repository has no remote")]
    None,
    /// There are several, and nothing says which.
    #[error("there are several remotes, and none is chosen: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The one that is named does not exist, or has no URL.
    #[error("there is no remote called `{0}`")]
    Absent(RemoteName),
    /// A key of its address has no value.
    #[error("`{key}` in {place} has no value")]
    NoValue {
        /// The key.
        key: String,
        /// Whose configuration.
        place: &'static str,
        /// The option of `git config` that names it; none for the environment.
        option: Option<&'static str>,
    },
    /// The configuration names something that is no remote.
    #[error("`{}` in the git configuration is not the name of a remote", .0.escape_debug())]
    Name(String),
    /// A key that chooses the remote is set to nothing, and so git pushes nowhere.
    #[error("`{}` in the git configuration is empty: it chooses no remote", .0.escape_debug())]
    Unnamed(String),
    /// The same, by the environment, which counts before what a file says.
    #[error("`{}` in the environment's git configuration is empty: it chooses no remote", .0.escape_debug())]
    UnnamedInEnvironment(String),
    /// A fetch refspec of the remote names a ref that cannot be, and so git refuses the remote.
    #[error("`{}` is no refspec: the remote `{name}` cannot be used", .spec.escape_debug())]
    Refspec {
        /// The remote.
        name: RemoteName,
        /// The refspec.
        spec: String,
    },
    /// The branch follows a branch of this same repository.
    #[error("the branch follows another branch of this repository, not a remote")]
    ThisRepository,
    /// The URL cannot be used.
    #[error("the URL of the remote `{name}` cannot be used")]
    Url {
        /// The remote.
        name: RemoteName,
        /// What is wrong with it.
        #[source]
        source: RemoteUrlError,
    },
    /// The file of the remote cannot be read.
    #[error(
        "the file `{file}` of the git directory, which names the remote, cannot be read: {problem}"
    )]
    OldFile {
        /// The remote.
        name: RemoteName,
        /// The file, below the git directory.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The branch names an address in place of a remote, which cannot be used.
    #[error("the address that the git configuration names as the remote cannot be used")]
    Address {
        /// What is wrong with it.
        #[source]
        source: RemoteUrlError,
    },
}

impl RemoteError {
    /// Returns a stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::None => Code::NoRemote,
            Self::Ambiguous(_) => Code::RemoteAmbiguous,
            Self::Absent(_)
            | Self::Name(_)
            | Self::Unnamed(_)
            | Self::UnnamedInEnvironment(_)
            | Self::Refspec { .. }
            | Self::OldFile { .. } => Code::RemoteAbsent,
            Self::ThisRepository => Code::RemoteLocal,
            Self::Url { .. } | Self::Address { .. } | Self::NoValue { .. } => Code::RemoteUrl,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::None => Some("add one with `git remote add origin URL`".to_owned()),
            Self::Ambiguous(names) => Some(format!(
                "choose one with `git config remote.pushDefault {}`",
                names.first().map_or_else(|| "NAME".to_owned(), |name| shell_word(name))
            )),
            Self::Refspec { name, .. } if RemoteName::new(name.as_str()).is_ok() => {
                Some(format!("correct `remote.{name}.fetch`: git config --edit"))
            }
            Self::Refspec { name, .. } => Some(format!(
                "give it a name without blanks and signs: git config --rename-section {} remote.NAME, and correct `remote.NAME.fetch`",
                shell_word(&format!("remote.{name}"))
            )),
            Self::Unnamed(key) => Some(format!(
                "name one with `git config {} NAME`",
                shell_word(key)
            )),
            Self::UnnamedInEnvironment(key) => Some(format!(
                "name one there, as by `git -c {}`, or unset it there",
                shell_word(&format!("{key}=NAME"))
            )),
            Self::ThisRepository => Some(
                "choose a remote with `git config remote.pushDefault NAME`, or name it in the policy"
                    .to_owned(),
            ),
            Self::OldFile { name, .. } => Some(format!(
                "move it to the git configuration: git remote rename {word} {word}",
                word = shell_word(name.as_str())
            )),
            Self::NoValue {
                key,
                option: Some(option),
                ..
            } => Some(format!(
                "give it one: git config {option} --replace-all {} URL",
                shell_word(key)
            )),
            Self::NoValue { .. } => Some("write `KEY=URL` in the place of the key".to_owned()),
            Self::Absent(name) => Some(format!(
                "add it with `git remote add {} URL`",
                shell_word(name.as_str())
            )),
            Self::Url {
                source: RemoteUrlError::Rewritten { key },
                ..
            } => Some(format!(
                "end both `url.<base>` and its `{key}` at the end of the host or of a directory, with `/` or `:`"
            )),
            Self::Name(_) | Self::Url { .. } | Self::Address { .. } => {
                Some("see `git remote -v` and `git config --list --show-origin`".to_owned())
            }
        }
    }
}
