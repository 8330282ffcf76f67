//! What became of a push whose outcome is known: the branch was updated, or the remote declined.

use std::fmt;

use gix::ObjectId;

use crate::rejection::Rejection;

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the remote may have rejected the push"]
pub enum PushOutcome {
    /// The remote has the commit at the branch.
    Pushed(Pushed),
    /// The remote declined, and the branch is as it was.
    Rejected(Rejected),
}

impl PushOutcome {
    /// Adds how many ids the remote listed.
    pub(crate) fn with_listed(mut self, listed: usize) -> Self {
        if let Self::Pushed(pushed) = &mut self {
            pushed.listed = listed;
        }
        self
    }
}

/// A push that is known to have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What was done.
    pub action: Action,
    /// The branch's value before; none when it did not exist.
    pub old: Option<ObjectId>,
    /// The branch's value now.
    pub new: ObjectId,
    /// Bytes of the pack.
    pub bytes: u64,
    /// Objects in the pack.
    pub objects: u64,
    /// What the remote said, line by line, sanitized.
    pub messages: Vec<String>,
    /// How many ids the remote listed before, as far as they are kept.
    pub listed: usize,
}

impl Pushed {
    pub(crate) const fn up_to_date(tip: ObjectId) -> Self {
        Self {
            action: Action::UpToDate,
            old: Some(tip),
            new: tip,
            bytes: 0,
            objects: 0,
            messages: Vec::new(),
            listed: 0,
        }
    }
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The branch was created.
    Created,
    /// The branch was updated.
    Updated,
    /// The branch was deleted.
    Deleted,
    /// The branch had the value already.
    UpToDate,
}

impl Action {
    /// Returns the word for reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::UpToDate => "up-to-date",
        }
    }
}

/// A push that the remote declined by its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The branch.
    pub branch: String,
    /// What was declined.
    pub part: RejectedPart,
    /// What kind of refusal that is.
    pub kind: Rejection,
    /// The reason in the report, sanitized.
    pub reason: String,
    /// What the remote said beside, line by line, sanitized.
    pub messages: Vec<String>,
}

/// What a remote declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedPart {
    /// The update of the ref: `ng` in the report.
    Ref,
    /// The pack: `unpack` in the report.
    Pack,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { branch, reason, .. } = self;
        match self.part {
            RejectedPart::Ref => write!(f, "the remote rejected `{branch}`: {reason}"),
            RejectedPart::Pack => write!(f, "the remote could not take the pack: {reason}"),
        }
    }
}
