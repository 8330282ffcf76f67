//! The base branch as the local clone knows it: the remote's HEAD at clone time, and tracking refs.

use gix::ObjectId;

use crate::names::{BranchName, RemoteName};

use super::Repo;
use super::refs::RefError;
use super::remote::Remote;

impl Repo {
    /// Returns the branch that the remote's HEAD named when it was cloned.
    ///
    /// This is a hint: whoever writes to the repository can change it, and the remote may have changed
    /// since. It can add protection and choose a base to count from; it never removes protection.
    pub fn remote_head_hint(&self, remote: &Remote) -> Result<Option<BranchName>, RefError> {
        // Where the name of a remote cannot stand in a ref, its branches are tracked elsewhere.
        if RemoteName::new(remote.name.as_str()).is_err() {
            return Ok(None);
        }
        let directory = format!("refs/remotes/{}/", remote.name);
        let target = self.symbolic_target(&format!("{directory}HEAD"))?;
        Ok(target.and_then(|full| BranchName::new(full.strip_prefix(&directory)?).ok()))
    }

    /// Returns the tip to count commits from for the base `branch`: the tracking ref's, else that of
    /// the local branch.
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
