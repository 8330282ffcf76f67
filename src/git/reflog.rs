//! The reflog of a branch.

use std::path::Path;

use gix::ObjectId;

use crate::files::Directory;
use crate::names::BranchName;

use super::Repo;

/// The largest reflog that is read, in bytes.
const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

impl Repo {
    /// Says whether the local branch was once at `id`, by its reflog. One that cannot be read counts as empty.
    pub fn branch_was_at(&self, branch: &BranchName, id: ObjectId) -> bool {
        let Ok(common) = Directory::open(self.common_dir()) else {
            return false;
        };
        let Ok(Some(log)) = common.read(&Path::new("logs").join(branch.full()), MAX_FILE_SIZE)
        else {
            return false;
        };
        let hex = id.to_string();
        // Each line begins with the old and the new commit.
        log.split(|byte| *byte == b'\n').any(|line| {
            let mut words = line.split(|byte| *byte == b' ');
            words.by_ref().take(2).any(|word| word == hex.as_bytes())
        })
    }
}
