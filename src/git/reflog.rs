//! The reflog of a branch.

use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::names::BranchName;

use super::Repo;

/// The largest reflog that is read, in bytes.
const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

impl Repo {
    /// Says whether the local branch was once at `id`, by its reflog. One that cannot be read counts as empty.
    pub fn branch_was_at(&self, branch: &BranchName, id: ObjectId) -> bool {
        let hex = id.to_string();
        // Each line begins with the old and the new commit.
        self.reflog(branch)
            .split(|byte| *byte == b'\n')
            .any(|line| {
                let mut words = line.split(|byte| *byte == b' ');
                words.by_ref().take(2).any(|word| word == hex.as_bytes())
            })
    }

    /// Returns the commit that the local branch was created from, by its reflog.
    pub fn branch_began_at(&self, branch: &BranchName) -> Option<ObjectId> {
        let log = self.reflog(branch);
        let first = log.lines().next()?;
        let (ids, said) = first.split_once_str("\t")?;
        if !said.starts_with(b"branch: Created from ") {
            return None;
        }
        let new = ids.split(|byte| *byte == b' ').nth(1)?;
        ObjectId::from_hex(new).ok()
    }

    /// Says whether the local branch had the name `before` once, by its reflog.
    pub fn branch_was_called(&self, branch: &BranchName, before: &BranchName) -> bool {
        let renamed = format!("\tBranch: renamed {} to ", before.full());
        self.reflog(branch).find(renamed).is_some()
    }

    /// Returns the reflog of a branch; nothing where it cannot be read.
    fn reflog(&self, branch: &BranchName) -> Vec<u8> {
        let common = self.directory(self.common_dir()).ok().flatten();
        let path = Path::new("logs").join(branch.full());
        let log = common.and_then(|common| common.read(&path, MAX_FILE_SIZE).ok().flatten());
        log.unwrap_or_default()
    }
}
