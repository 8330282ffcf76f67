//! What the local clone knows of the base: the remote's HEAD as of the clone, and tracked branches.

use gix::ObjectId;

use crate::names::BranchName;

use super::Repo;
use super::refs::RefError;
use super::remote::Remote;

impl Repo {
    /// Returns the branch that the remote's HEAD named when it was cloned.
    ///
    /// A hint: the agent can write it, and the remote may have changed since. It may add protection
    /// and pick a base to count from, never take protection away.
    pub fn remote_head_hint(&self, remote: &Remote) -> Result<Option<BranchName>, RefError> {
        let directory = format!("refs/remotes/{}/", remote.name);
        let target = self.symbolic_target(&format!("{directory}HEAD"))?;
        Ok(target.and_then(|full| BranchName::new(full.strip_prefix(&directory)?).ok()))
    }

    /// Returns the tip to count commits from for a base called `branch`: what is remembered of the
    /// remote's, else the local branch of that name.
    pub fn base_tip(
        &self,
        remote: Option<&Remote>,
        branch: &BranchName,
    ) -> Result<Option<ObjectId>, RefError> {
        if let Some(remote) = remote
            && let Some(tip) = self.tracking_tip(remote, branch)?
        {
            return Ok(Some(tip));
        }
        self.ref_tip(&branch.full())
    }
}
