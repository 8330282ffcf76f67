//! `PushPermit`: the permission to push, which every push needs.

use gix::ObjectId;

use crate::names::BranchName;

use super::pattern::{Pattern, first_match};

/// The permission to update one branch on a remote. Only the policy makes one.
#[derive(Debug, Clone)]
pub struct PushPermit {
    branch: BranchName,
    protected: Vec<Pattern>,
}

/// The facts that only the remote knows.
#[derive(Debug, Clone, Default)]
pub struct RemoteFacts {
    /// What the remote's HEAD names; that branch is protected whatever the policy says.
    pub head: RemoteHead,
    /// What it named within the last day. Protected as well.
    pub kept: Option<BranchName>,
    /// Why the remote has not answered, where it was asked.
    pub failure: Option<String>,
}

/// What the remote's HEAD names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RemoteHead {
    /// The remote has not answered.
    #[default]
    Unknown,
    /// No branch that exists.
    NamesNone,
    /// No branch, and it is at this commit.
    At(ObjectId),
    /// This branch.
    Names(BranchName),
}

impl RemoteFacts {
    /// Returns the facts of a remote whose HEAD names no branch, or none that counts.
    pub const fn without_head() -> Self {
        Self {
            head: RemoteHead::NamesNone,
            kept: None,
            failure: None,
        }
    }

    /// Returns what the facts say of a branch that the remote has at `tip`. A HEAD that names no branch may stand for any
    /// that is at the same commit: git clone takes it so.
    #[must_use]
    pub fn of_branch_at(self, tip: ObjectId) -> Self {
        match self.head {
            RemoteHead::At(head) if head == tip => Self {
                head: RemoteHead::Unknown,
                ..self
            },
            _ => self,
        }
    }

    /// Returns the facts of a remote whose HEAD names `branch`.
    pub const fn with_head(branch: BranchName) -> Self {
        Self {
            head: RemoteHead::Names(branch),
            kept: None,
            failure: None,
        }
    }
}

/// Why the policy gives no permit for a branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("branch {branch} is protected (pattern `{pattern}`)")]
pub struct Protected {
    /// The branch.
    pub branch: BranchName,
    /// The pattern that protects it.
    pub pattern: Pattern,
}

/// Why a permit is not valid for an update.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The ref is not the one that the permit is for.
    #[error("the destination `{}` is not refs/heads/{branch}", .destination.escape_ascii())]
    Destination {
        /// The ref, as bytes sent.
        destination: Vec<u8>,
        /// The branch that the permit is for.
        branch: BranchName,
    },
    /// A protected pattern matches.
    #[error(transparent)]
    Protected(#[from] Protected),
    /// The remote did not say what its HEAD names, and the branch may be it.
    #[error("the remote has `{branch}` and did not say whether that is its default branch{}", because(.failure.as_deref()))]
    HeadUnknown {
        /// The branch.
        branch: BranchName,
        /// Why not, where that is known.
        failure: Option<String>,
    },
    /// The branch is the one that the remote's HEAD names.
    #[error("`{branch}` is the default branch of the remote")]
    RemoteHead {
        /// The branch.
        branch: BranchName,
    },
}

fn because(failure: Option<&str>) -> String {
    failure.map_or_else(String::new, |failure| format!(": {failure}"))
}

impl PushPermit {
    /// Makes the permit for a branch that no pattern protects.
    pub(super) fn new(branch: &BranchName, protected: &[Pattern]) -> Result<Self, Protected> {
        let permit = Self {
            branch: branch.clone(),
            protected: protected.to_vec(),
        };
        permit.unprotected()?;
        Ok(permit)
    }

    /// Returns the branch that may be updated.
    pub const fn branch(&self) -> &BranchName {
        &self.branch
    }

    /// Checks the bytes of the destination ref, directly before they are sent.
    pub fn confirm(&self, destination: &[u8], facts: &RemoteFacts) -> Result<(), Refused> {
        if destination != self.branch.full().as_bytes() {
            return Err(Refused::Destination {
                destination: destination.to_vec(),
                branch: self.branch.clone(),
            });
        }
        self.unprotected()?;
        let folded = self.branch.folded();
        let named = match &facts.head {
            RemoteHead::Names(head) => Some(head),
            RemoteHead::NamesNone | RemoteHead::At(_) | RemoteHead::Unknown => None,
        };
        let mut heads = named.into_iter().chain(&facts.kept);
        let branch = || self.branch.clone();
        if heads.any(|head| head.folded() == folded) {
            Err(Refused::RemoteHead { branch: branch() })
        } else if facts.head == RemoteHead::Unknown {
            Err(Refused::HeadUnknown {
                branch: branch(),
                failure: facts.failure.clone(),
            })
        } else {
            Ok(())
        }
    }

    /// Fails when a pattern protects the branch.
    fn unprotected(&self) -> Result<(), Protected> {
        match first_match(&self.protected, &self.branch) {
            None => Ok(()),
            Some(pattern) => Err(Protected {
                branch: self.branch.clone(),
                pattern: pattern.clone(),
            }),
        }
    }
}

/// The permission to take back one push: the branch is moved from what was pushed to what it was before.
///
/// It stands on the permit for the branch, so a protected one is never moved, and on the record of one run.
#[derive(Debug, Clone)]
pub struct RewindPermit {
    permit: PushPermit,
    pushed: ObjectId,
    before: Option<ObjectId>,
}

impl RewindPermit {
    /// Makes the permit for what a run recorded: the branch was at `before`, or not there, and the run moved it to `pushed`.
    pub const fn of_record(permit: PushPermit, pushed: ObjectId, before: Option<ObjectId>) -> Self {
        Self {
            permit,
            pushed,
            before,
        }
    }

    /// Returns the permit for the branch.
    pub const fn permit(&self) -> &PushPermit {
        &self.permit
    }

    /// Returns what the branch must be at still.
    pub const fn pushed(&self) -> ObjectId {
        self.pushed
    }

    /// Returns what it is to be at again; none where it is to be gone.
    pub const fn before(&self) -> Option<ObjectId> {
        self.before
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Branches;

    use super::*;

    fn permit(branch: &str) -> Result<PushPermit, Protected> {
        PushPermit::new(
            &BranchName::new(branch).unwrap(),
            &Branches::default().protected,
        )
    }

    #[test]
    fn a_protected_branch_gets_no_permit() {
        for branch in ["main", "Main", "ma\u{ad}in", "release/1.0", "gh-pages"] {
            let refused = permit(branch).unwrap_err();
            assert_eq!(refused.branch.as_str(), branch);
        }
        permit("feature/x").unwrap();
    }

    #[test]
    fn a_permit_holds_for_its_own_ref_only() {
        let permit = permit("feature/x").unwrap();
        let none = RemoteFacts::without_head();
        permit.confirm(b"refs/heads/feature/x", &none).unwrap();
        for destination in [
            &b"refs/heads/main"[..],
            b"refs/heads/feature/X",
            b"refs/tags/feature/x",
            b"feature/x",
            b"refs/heads/feature/x\0",
            b"",
        ] {
            assert!(matches!(
                permit.confirm(destination, &none),
                Err(Refused::Destination { .. })
            ));
        }
    }

    #[test]
    fn the_default_branch_of_the_remote_is_refused() {
        let permit = permit("trunk").unwrap();
        let head = |name: &str| RemoteFacts::with_head(BranchName::new(name).unwrap());
        assert!(matches!(
            permit.confirm(b"refs/heads/trunk", &head("Trunk")),
            Err(Refused::RemoteHead { .. })
        ));
        permit.confirm(b"refs/heads/trunk", &head("other")).unwrap();
    }

    #[test]
    fn what_is_not_known_protects_and_what_was_known_adds() {
        let permit = permit("trunk").unwrap();
        let confirm = |facts: RemoteFacts| permit.confirm(b"refs/heads/trunk", &facts);
        assert!(matches!(
            confirm(RemoteFacts::default()),
            Err(Refused::HeadUnknown { .. })
        ));
        let kept = |name: &str| RemoteFacts {
            kept: Some(BranchName::new(name).unwrap()),
            ..RemoteFacts::without_head()
        };
        confirm(kept("other")).unwrap();
        assert!(matches!(
            confirm(kept("trunk")),
            Err(Refused::RemoteHead { .. })
        ));
    }
}
