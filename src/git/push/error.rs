//! `BranchPushError`: why a branch was not pushed: the push failed, a local check did, or the remote rejected it.

use std::error::Error;
use std::time::Duration;

use gix::ObjectId;
use sendoff_push::{
    BoxError, ClassifiedError, NoRedaction, PushError, Redact, Rejected, sanitize_line,
};

use crate::git::open_error::OpenError;
use crate::git::transport::{HookTerminal, TransportError};

/// Why a branch was not pushed, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum BranchPushError {
    /// The remote rejected the update.
    #[error("{0}")]
    Rejected(Rejected),
    /// The push failed.
    #[error(transparent)]
    Push(#[from] PushError),
}

impl BranchPushError {
    /// Returns the stable class.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Rejected(rejected) => rejected.kind.class(),
            Self::Push(error) => error.class(),
        }
    }

    /// Says whether the same push can succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Rejected(rejected) => rejected.kind.is_transient(),
            Self::Push(error) => error.is_transient(),
        }
    }

    /// Returns what to do about it, in one line; what concerns the policy is for the step to say.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Rejected(rejected) => rejected.kind.advice(&rejected.messages),
            Self::Push(error) => error.advice(),
        }
    }

    /// Returns the error in one line, without what `redact` takes out.
    pub fn summary(&self, redact: &dyn Redact) -> String {
        match self {
            Self::Rejected(rejected) => sanitize_line(rejected.to_string().as_bytes(), redact),
            Self::Push(error) => error.summary(redact),
        }
    }

    /// Returns what the remote said beside its report, or the hook on its way out.
    pub fn messages(&self) -> &[String] {
        if let Some(TransportError::Refused { messages, .. }) = self.transport() {
            return messages;
        }
        match (self, self.local_check()) {
            (Self::Rejected(rejected), _) => &rejected.messages,
            (_, Some(LocalCheckError::HookDeclined { messages, .. })) => messages,
            _ => &[],
        }
    }

    /// Returns how long the remote asks to wait, where it says so: a day at most.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.transport() {
            Some(TransportError::Unavailable { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }

    /// Returns the error of the transport, where it was that.
    pub fn transport(&self) -> Option<&TransportError> {
        let Self::Push(PushError::Transport(error)) = self else {
            return None;
        };
        let error: &(dyn Error + 'static) = &**error;
        error.downcast_ref()
    }

    /// Returns the error of a local check, where it was that.
    pub fn local_check(&self) -> Option<&LocalCheckError> {
        let Self::Push(PushError::LocalCheck(error)) = self else {
            return None;
        };
        let error: &(dyn Error + 'static) = &**error;
        error.downcast_ref()
    }
}

impl From<OpenError> for BranchPushError {
    fn from(error: OpenError) -> Self {
        Self::Push(match error {
            OpenError::LeadsOut(_) => PushError::LocalCheck(LocalCheckError::Links(error).into()),
            error => PushError::Objects {
                class: "corrupt",
                source: error.into(),
            },
        })
    }
}

/// Why a check before the push stopped it.
#[derive(Debug, thiserror::Error)]
pub enum LocalCheckError {
    /// The user's `pre-push` hook declined the push.
    #[error("the pre-push hook declined the push ({ended})")]
    HookDeclined {
        /// How it ended.
        ended: String,
        /// Its output, line by line, sanitized.
        messages: Vec<String>,
        /// Whether it had the terminal that git would have given it.
        terminal: HookTerminal,
    },
    /// The user's `pre-push` hook could not be run to its end.
    #[error("the pre-push hook did not work")]
    Hook(#[source] BoxError),
    /// What is in the place of the user's `pre-push` hook cannot be run: it is a directory, or the like.
    #[error("the pre-push hook `{}` is not a file", .path.escape_debug())]
    HookIsNoFile {
        /// Its path.
        path: String,
    },
    /// The user's `pre-push` hook took longer than it may.
    #[error("the pre-push hook did not work")]
    HookTimeout(#[source] BoxError),
    /// A submodule's commit that no remote of it has.
    #[error("the submodule `{}` is at {}, which no remote of it is known to have", .path.escape_debug(), .id.to_hex_with_len(12))]
    Submodule {
        /// Where the submodule is.
        path: String,
        /// The commit of the submodule.
        id: ObjectId,
    },
    /// More commits than may be sent.
    #[error(
        "the remote lacks more than {limit} commits of the branch, the most that the policy lets out"
    )]
    TooManyCommits {
        /// The most that may be sent.
        limit: usize,
    },
    /// A link came in the place of one of git's directories, or leads elsewhere now.
    #[error(transparent)]
    Links(OpenError),
    /// The caller stopped the push.
    #[error("the push was stopped")]
    Stopped,
}

impl ClassifiedError for LocalCheckError {
    fn class(&self) -> &'static str {
        match self {
            Self::HookDeclined { .. }
            | Self::Hook(_)
            | Self::HookIsNoFile { .. }
            | Self::HookTimeout(_) => "hook-declined",
            Self::Submodule { .. } => "submodule",
            Self::TooManyCommits { .. } => "too-many-commits",
            Self::Links(_) => "git-dir-untrusted",
            Self::Stopped => "stopped",
        }
    }

    fn is_transient(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    fn advice(&self) -> Option<String> {
        let fixed = match self {
            Self::HookDeclined {
                terminal: HookTerminal::Withheld,
                ..
            } => "fix what the hook reports",
            Self::HookDeclined { .. } => {
                "fix what the hook reports; `git push` would be declined as well"
            }
            Self::HookTimeout(_) => "make the pre-push hook quicker",
            Self::HookIsNoFile { .. } => "put a program in its place, or take it away",
            Self::Hook(_) => {
                "check the pre-push hook: its first line names the program that runs it"
            }
            Self::Submodule { path, id } => {
                // Mostly its HEAD is detached, and `git push` alone knows no branch.
                return Some(format!(
                    "push the submodule first: git -C '{}' push origin {}:refs/heads/NAME",
                    sanitize_line(path.as_bytes(), &NoRedaction),
                    id.to_hex_with_len(12)
                ));
            }
            Self::TooManyCommits { .. } => "push fewer commits at a time, or raise the limit",
            Self::Links(error) => return error.advice(),
            Self::Stopped => return None,
        };
        Some(fixed.to_owned())
    }
}
