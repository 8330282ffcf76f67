//! `PushPermit`: the only leave to push.

use crate::names::BranchName;

/// Leave to update one branch on a remote. Only the policy makes one.
#[derive(Debug, Clone)]
pub struct PushPermit {
    branch: BranchName,
}

/// What only the remote can say about itself.
#[derive(Debug, Clone, Default)]
pub struct RemoteFacts {
    /// The branch that the remote's HEAD names; protected whatever the policy says.
    pub head: Option<BranchName>,
}

/// Why a permit does not hold for what is about to be sent.
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
    /// The branch is the one that the remote's HEAD names.
    #[error("`{branch}` is the default branch of the remote")]
    RemoteHead {
        /// The branch.
        branch: BranchName,
    },
}

impl PushPermit {
    /// Gives leave for a branch that nothing protects.
    pub(super) fn new(branch: &BranchName) -> Self {
        Self {
            branch: branch.clone(),
        }
    }

    /// Checks the bytes of the destination, at the last line before they are sent.
    pub fn confirm(&self, destination: &[u8], facts: &RemoteFacts) -> Result<(), Refused> {
        if destination != self.branch.full().as_bytes() {
            return Err(Refused::Destination {
                destination: destination.to_vec(),
                branch: self.branch.clone(),
            });
        }
        let head = facts.head.as_ref();
        if head.is_some_and(|head| head.folded() == self.branch.folded()) {
            return Err(Refused::RemoteHead {
                branch: self.branch.clone(),
            });
        }
        Ok(())
    }

    /// Returns the branch that may be updated.
    pub const fn branch(&self) -> &BranchName {
        &self.branch
    }
}
