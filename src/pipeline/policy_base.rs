//! `PolicyBase`: the version of the repository's policy that a run was planned with, and whether the remote still has it.

use std::sync::{Arc, OnceLock};

use gix::ObjectId;

use crate::git::CommittedFile;
use crate::names::BranchName;
use crate::reason::{Code, Reason};

use super::hold::Hold;

/// The repository's policy at the tip of the policy base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCopy {
    /// The policy base.
    pub branch: BranchName,
    /// The commit that the remote had there.
    pub commit: ObjectId,
    /// The file with its object id; `None` where the commit has no policy.
    pub file: Option<(ObjectId, Vec<u8>)>,
}

impl PolicyCopy {
    /// Makes the copy from the file of a commit. One that is not regular or too large counts as absent.
    pub fn new(branch: BranchName, commit: ObjectId, found: CommittedFile) -> Self {
        let file = match found {
            CommittedFile::File { id, bytes } => Some((id, bytes)),
            CommittedFile::Absent | CommittedFile::Unusable => None,
        };
        Self {
            branch,
            commit,
            file,
        }
    }

    fn id(&self) -> Option<ObjectId> {
        self.file.as_ref().map(|(id, _)| *id)
    }
}

/// The copy that a run was planned with. The default is for a repository without a policy. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct PolicyBase(Option<Arc<PlannedPolicy>>);

#[derive(Debug)]
struct PlannedPolicy {
    in_use: Result<PolicyCopy, String>,
    remote: OnceLock<RemotePolicy>,
}

/// The policy that the remote has during the run.
#[derive(Debug)]
enum RemotePolicy {
    /// The one that the run was planned with, at this commit.
    Same(PolicyCopy),
    /// Another one.
    Changed(PolicyCopy),
    /// It is not known, for this reason. The copy in use is one that the remote had.
    Unknown(String),
}

/// The remote's policy is no longer the one that the run was planned with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the repository's policy on {branch} has changed since this run began: {commit}")]
pub struct PolicyChanged {
    branch: BranchName,
    commit: String,
}

impl PolicyChanged {
    /// Returns the reason for a step that ends because of it.
    pub fn reason(&self) -> Reason {
        Reason::new(Code::PolicyChanged, self.to_string())
            .advise("it is tried again by itself with the new policy; or run again now")
    }
}

impl PolicyBase {
    /// Makes the base of a copy that the remote had.
    pub fn verified(copy: PolicyCopy) -> Self {
        Self::known(Ok(copy))
    }

    /// Makes the base of a repository whose policy cannot be read, for this reason.
    pub fn unavailable(why: String) -> Self {
        Self::known(Err(why))
    }

    fn known(in_use: Result<PolicyCopy, String>) -> Self {
        Self(Some(Arc::new(PlannedPolicy {
            in_use,
            remote: OnceLock::new(),
        })))
    }

    /// Returns the copy that the run was planned with.
    pub fn in_use(&self) -> Option<&PolicyCopy> {
        self.0.as_ref()?.in_use.as_ref().ok()
    }

    /// Returns the branch of the copy in use.
    pub fn branch(&self) -> Option<&BranchName> {
        self.in_use().map(|copy| &copy.branch)
    }

    /// Compares the copy in use with the policy that the remote has at `tip`, once in a run. `read` reads the policy of a
    /// commit.
    pub fn check(
        &self,
        tip: Option<ObjectId>,
        read: impl FnOnce(ObjectId) -> Result<CommittedFile, String>,
    ) -> Result<(), PolicyChanged> {
        let (Some(known), Some(copy)) = (&self.0, self.in_use()) else {
            return Ok(());
        };
        let remote = known.remote.get_or_init(|| compare(copy, tip, read));
        match remote {
            RemotePolicy::Same(_) | RemotePolicy::Unknown(_) => Ok(()),
            RemotePolicy::Changed(copy) => Err(PolicyChanged {
                branch: copy.branch.clone(),
                commit: copy.commit.to_hex_with_len(8).to_string(),
            }),
        }
    }

    /// Says whether [`check`](Self::check) has to read the policy of `tip`.
    pub fn is_news(&self, tip: ObjectId) -> bool {
        let unknown = self
            .0
            .as_ref()
            .is_some_and(|known| known.remote.get().is_none());
        unknown && self.in_use().is_some_and(|copy| copy.commit != tip)
    }

    /// Returns the policy that the remote had in this run, where that is known.
    pub fn seen(&self) -> Option<&PolicyCopy> {
        match self.0.as_ref()?.remote.get()? {
            RemotePolicy::Same(copy) | RemotePolicy::Changed(copy) => Some(copy),
            RemotePolicy::Unknown(_) => None,
        }
    }

    /// Returns the remote's policy, where it differs from the one in use.
    pub fn changed(&self) -> Option<&PolicyCopy> {
        match self.0.as_ref()?.remote.get()? {
            RemotePolicy::Changed(copy) => Some(copy),
            RemotePolicy::Same(_) | RemotePolicy::Unknown(_) => None,
        }
    }

    /// Returns the note for a copy that can be out of date.
    pub fn note(&self) -> Option<Reason> {
        let known = self.0.as_ref()?;
        let (Ok(copy), Some(RemotePolicy::Unknown(why))) = (&known.in_use, known.remote.get())
        else {
            return None;
        };
        let message = format!(
            "the repository's policy is that of {} at {}, which may be an old one: {why}",
            copy.branch,
            copy.commit.to_hex_with_len(8)
        );
        Some(Reason::new(Code::PolicyStale, message).advise("run: git fetch"))
    }

    /// Returns why no pull request is opened, where the repository's policy cannot be read.
    pub(super) fn hold(&self) -> Option<Hold> {
        let why = self.0.as_ref()?.in_use.as_ref().err()?;
        let message = format!("the repository's policy on the remote is not known: {why}");
        Some(
            Hold::new(Code::PolicyUnavailable, message)
                .advise("check that the remote can be fetched from, then run again"),
        )
    }
}

/// Compares the policy at `tip` with the one in use.
fn compare(
    in_use: &PolicyCopy,
    tip: Option<ObjectId>,
    read: impl FnOnce(ObjectId) -> Result<CommittedFile, String>,
) -> RemotePolicy {
    let Some(tip) = tip else {
        return RemotePolicy::Unknown(format!("the remote does not list {}", in_use.branch));
    };
    if tip == in_use.commit {
        return RemotePolicy::Same(in_use.clone());
    }
    let copy = match read(tip) {
        Ok(found) => PolicyCopy::new(in_use.branch.clone(), tip, found),
        Err(why) => return RemotePolicy::Unknown(why),
    };
    if copy.id() == in_use.id() {
        RemotePolicy::Same(copy)
    } else {
        RemotePolicy::Changed(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> ObjectId {
        ObjectId::from_hex(digit.repeat(40).as_bytes()).unwrap()
    }

    fn file(digit: &str) -> CommittedFile {
        CommittedFile::File {
            id: id(digit),
            bytes: digit.into(),
        }
    }

    fn base() -> PolicyBase {
        let branch = BranchName::new("main").unwrap();
        PolicyBase::verified(PolicyCopy::new(branch, id("1"), file("a")))
    }

    #[test]
    fn the_commit_in_use_is_not_read_again() {
        let base = base();
        base.check(Some(id("1")), |_| panic!("it is read")).unwrap();
        assert_eq!(base.seen().unwrap().commit, id("1"));
        assert_eq!(base.note(), None);
    }

    #[test]
    fn another_commit_with_the_same_policy_is_the_same() {
        let base = base();
        base.check(Some(id("2")), |_| Ok(file("a"))).unwrap();
        assert_eq!(base.seen().unwrap().commit, id("2"));
        // It is asked once a run.
        base.check(Some(id("3")), |_| panic!("it is read")).unwrap();
    }

    #[test]
    fn another_policy_ends_the_step_and_is_seen() {
        for found in [file("b"), CommittedFile::Absent, CommittedFile::Unusable] {
            let base = base();
            let changed = base.check(Some(id("2")), |_| Ok(found)).unwrap_err();
            assert_eq!(
                changed.to_string(),
                "the repository's policy on main has changed since this run began: 22222222"
            );
            assert_eq!(base.seen().unwrap().commit, id("2"));
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_the_copy_in_use_and_is_told() {
        let base = base();
        base.check(Some(id("2")), |_| Err("it is away".into()))
            .unwrap();
        assert_eq!(base.seen(), None);
        let note = base.note().unwrap();
        assert_eq!(
            note.message,
            "the repository's policy is that of main at 11111111, which may be an old one: it is away"
        );
    }
}
