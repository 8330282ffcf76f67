//! `PushError`: why a push did not happen; its class, its advice, and what stands for the errors of the caller's parts.

use std::error::Error;

use gix::ObjectId;

use crate::advertisement::AdvertisementError;
use crate::commands::RequestError;
use crate::divergence::Divergence;
use crate::objects::SelectError;
use crate::pack::PackError;
use crate::sanitize::{Redact, sanitize_line};
use crate::shell_word::shell_word;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error of what the caller brought, the transport or the local checks. The push hands it on as it is.
pub trait ClassifiedError: Error + Send + Sync + 'static {
    /// Returns the stable class, such as `network` or `auth`.
    fn class(&self) -> &'static str;

    /// Says whether the same push can succeed later without anybody doing anything.
    fn is_transient(&self) -> bool {
        false
    }

    /// Returns what to do about it, in one line.
    fn advice(&self) -> Option<String> {
        None
    }
}

impl<E: ClassifiedError> From<E> for Box<dyn ClassifiedError> {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

impl Error for Box<dyn ClassifiedError> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (**self).source()
    }
}

/// Why a push did not happen, or is not known to have happened. That the remote declined it is no error, but a
/// [`PushOutcome`](crate::PushOutcome).
///
/// No message holds a secret; texts of the server are sanitized before they get in here.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The caller did not confirm the update.
    #[error("the push is not allowed")]
    NotConfirmed(#[source] BoxError),
    /// The transport failed.
    #[error(transparent)]
    Transport(Box<dyn ClassifiedError>),
    /// A check before the push failed.
    #[error(transparent)]
    LocalCheck(Box<dyn ClassifiedError>),
    /// The objects that this partial clone left out cannot be fetched.
    #[error(transparent)]
    Promisor(Box<dyn ClassifiedError>),
    /// The pack would be larger than the request allows.
    #[error("the push is larger than {}, the most that is allowed", size(*limit))]
    PushSize {
        /// In bytes.
        limit: u64,
    },
    /// The caller wanted to end.
    #[error("the push was stopped")]
    Stopped,
    /// The response cannot be understood.
    #[error("the remote's response is malformed")]
    Garbled,
    /// The advertisement cannot be used.
    #[error("the remote cannot be pushed to")]
    Advertisement(#[source] AdvertisementError),
    /// The update request cannot be written.
    #[error("the push cannot be asked for")]
    Request(#[source] RequestError),
    /// The remote ended the conversation with an error.
    #[error("the remote refused: {said}")]
    Fatal {
        /// What it said, sanitized.
        said: String,
    },
    /// Pointers of git-lfs would be sent without their files.
    #[error("the push holds pointers of git-lfs, such as {}, and no pre-push hook ran to send their files", .file.to_hex_with_len(12))]
    Lfs {
        /// One of the pointers.
        file: ObjectId,
    },
    /// The server takes no push options.
    #[error("the remote takes no push options")]
    NoPushOptions,
    /// The server deletes nothing.
    #[error("the remote deletes no branches")]
    NoDeletions,
    /// The branch on the remote has commits that are not in what is pushed.
    #[error("`{branch}` on the remote is at {}, which is no ancestor of {}", .old.to_hex_with_len(12), .new.to_hex_with_len(12))]
    Diverged {
        /// The branch.
        branch: String,
        /// The remote's name.
        remote: String,
        /// The branch's value on the remote.
        old: ObjectId,
        /// What was to be pushed.
        new: ObjectId,
        /// What is known here of the commit on the remote.
        divergence: Divergence,
    },
    /// The branch on the remote has not the value that the caller expected.
    #[error("`{branch}` on the remote is {}, and not where it was left", value(*.found))]
    LeaseBroken {
        /// The branch.
        branch: String,
        /// The remote's name.
        remote: String,
        /// The branch's value on the remote; none when it is gone.
        found: Option<ObjectId>,
    },
    /// The repository cannot be read.
    #[error("what to send cannot be read from the repository")]
    Objects {
        /// The stable class.
        class: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// It was sent, and the remote cannot be asked what became of it.
    #[error("it is not known whether the push arrived")]
    UnknownOutcome {
        /// Why the report is missing.
        #[source]
        source: Box<Self>,
    },
}

impl PushError {
    /// Returns the stable class.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotConfirmed(_) => "protected",
            Self::Transport(error) | Self::LocalCheck(error) | Self::Promisor(error) => {
                error.class()
            }
            Self::PushSize { .. } => "too-large",
            Self::Stopped => "stopped",
            Self::NoPushOptions
            | Self::NoDeletions
            | Self::Advertisement(AdvertisementError::ObjectFormat { .. }) => "unsupported",
            Self::Advertisement(AdvertisementError::Refused(_)) | Self::Fatal { .. } => "rejected",
            Self::Advertisement(_) | Self::Garbled | Self::Request(_) => "bad-response",
            Self::Lfs { .. } => "lfs",
            Self::Diverged { .. } => "diverged",
            Self::LeaseBroken { .. } => "lease-broken",
            Self::Objects { class, .. } => class,
            Self::UnknownOutcome { .. } => "unknown-outcome",
        }
    }

    /// Says whether the same push can succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) | Self::LocalCheck(error) | Self::Promisor(error) => {
                error.is_transient()
            }
            Self::Stopped | Self::UnknownOutcome { .. } => true,
            _ => false,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> Option<String> {
        let fixed = match self {
            Self::Transport(error) | Self::LocalCheck(error) | Self::Promisor(error) => {
                return error.advice();
            }
            Self::PushSize { .. } => "check what the branch carries",
            Self::Lfs { .. } => "let git-lfs send them: `git lfs install`",
            Self::Objects {
                class: "borrowed-object",
                ..
            } => "if it may leave, copy it into the repository: git repack -a -d",
            Self::Objects {
                class: "unsupported",
                ..
            } => "fetch what the clone leaves out: git fetch --refetch --filter=blob:none",
            Self::Objects {
                class: "missing-objects" | "corrupt",
                ..
            } => "see what git fsck says; a fresh clone has what the remote has",
            Self::Diverged {
                branch,
                remote,
                old,
                divergence,
                ..
            } => return Some(divergence.advice(branch, remote, old)),
            Self::LeaseBroken { branch, remote, .. } => {
                return Some(format!(
                    "somebody else moved it: git fetch {} {}, and look before it is rewritten",
                    shell_word(remote),
                    shell_word(branch)
                ));
            }
            Self::Objects {
                class: "too-large", ..
            } => {
                "if it is a file, store it whole: git -c core.bigFileThreshold=32m repack -a -d -F"
            }
            Self::UnknownOutcome { .. } => "push again: the remote is asked first",
            Self::Advertisement(AdvertisementError::ObjectFormat { .. }) => {
                "a repository keeps the format that it was made with: clone the remote anew, and take the commits over as patches (git format-patch, git am)"
            }
            _ => return None,
        };
        Some(fixed.to_owned())
    }

    /// Returns the error in one line: what happened, and the cause at the bottom of it, without what `redact` takes out.
    pub fn summary(&self, redact: &dyn Redact) -> String {
        let mut cause: Option<&dyn Error> = None;
        let mut next = self.source();
        while let Some(error) = next {
            cause = Some(error);
            next = error.source();
        }
        let text = cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"));
        sanitize_line(text.as_bytes(), redact)
    }
}

impl From<SelectError> for PushError {
    fn from(error: SelectError) -> Self {
        let class = match &error {
            SelectError::Interrupted => return Self::Stopped,
            SelectError::Object(error) => error.class(),
            SelectError::MissingKnownTree(_) | SelectError::TooMany => "unsupported",
            SelectError::Store(_) | SelectError::History(_) => "corrupt",
        };
        Self::Objects {
            class,
            source: Box::new(error),
        }
    }
}

impl From<PackError> for PushError {
    fn from(error: PackError) -> Self {
        let class = match &error {
            PackError::Interrupted => return Self::Stopped,
            PackError::Object(error) => error.class(),
            PackError::TooMany => "unsupported",
            PackError::Write(_) => "network",
            PackError::Store(_) | PackError::Encode(_) => "corrupt",
        };
        Self::Objects {
            class,
            source: Box::new(error),
        }
    }
}

/// Says what the value of a branch is.
fn value(tip: Option<ObjectId>) -> String {
    tip.map_or_else(
        || "gone".into(),
        |tip| format!("at {}", tip.to_hex_with_len(12)),
    )
}

/// Writes a number of bytes as people do, where that is exact.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        _ if bytes.is_multiple_of(1000) => format!("{} KB", bytes / 1000),
        _ => format!("{bytes} bytes"),
    }
}
