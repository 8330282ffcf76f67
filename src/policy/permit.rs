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

impl PushPermit {
    /// Returns the branch that may be updated.
    pub const fn branch(&self) -> &BranchName {
        &self.branch
    }
}
