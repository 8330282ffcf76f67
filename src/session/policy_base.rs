//! Chooses the copy of the repository's policy, from the policy base, that a run is planned with.

use crate::git::{Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{PolicyBase, PolicyCopy, RepoFacts, Shipment, read_local};
use crate::policy::{LayerKind, Loaded, PolicyError, REPOSITORY_FILE, RepositoryFile};
use crate::steps::STEPS;

use super::policy_copies::{KeptCopy, PolicyCopies};
use super::trusted::with_trusted_keys;
use super::{Session, load, remote_guards};

/// Whether the remote's policy is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskRemote {
    /// It is, if there is no copy of the last day.
    Yes,
    /// It is not: only local copies are used.
    No,
}

impl Session {
    /// Adds the repository's policy of the policy base as a layer below that of the work tree, for a run that ships
    /// the branch.
    ///
    /// Where nothing says that the repository has a policy, no server is asked and only one tree is read. A copy that
    /// the remote had is used, and the push compares it with what the remote has then. Without a copy the remote is
    /// asked first, for at most the time of one request. Says whether the policy has changed.
    pub(super) fn with_policy_base(
        mut self,
        ask: AskRemote,
    ) -> Result<(Self, bool), Box<PolicyError>> {
        let inspection = self.inspect();
        let Ok(shipment) = &inspection.shipment else {
            self.keep_inspection(inspection);
            return Ok((self, false));
        };
        let base = match self.repo() {
            Some(repo) => self.find_policy_base(repo, shipment, ask),
            None => PolicyBase::default(),
        };
        let is_other = match base.in_use() {
            Some(copy) => self.lay_policy_base(copy)?,
            None => false,
        };
        self.policy_base = base;
        if !is_other {
            self.keep_inspection(inspection);
        }
        Ok((self, is_other))
    }

    /// Adds a copy of the repository's policy as a layer below that of the work tree, and notes which keys of it do
    /// not count. Says whether the copy has a policy.
    pub(super) fn lay_policy_base(&mut self, copy: &PolicyCopy) -> Result<bool, Box<PolicyError>> {
        let Some((_, bytes)) = &copy.file else {
            return Ok(false);
        };
        let file = repository_file(copy, bytes);
        let loaded = self.loaded.clone().with_policy_base(&file, STEPS);
        let loaded = loaded.map_err(Box::new)?;
        let loaded = with_trusted_keys(loaded, self.repo(), &self.environment)?;
        self.without_base = Some(std::mem::replace(&mut self.loaded, loaded));
        let problems = self.loaded.problems.iter();
        let of_base = problems.filter(|problem| problem.origin == LayerKind::PolicyBase);
        self.notes.extend(of_base.map(load::dropped));
        let locked = self.loaded.locked.iter();
        let of_base = locked.filter(|key| key.layer == LayerKind::PolicyBase);
        self.notes.extend(of_base.map(load::locked));
        Ok(true)
    }

    /// Keeps the policy that the remote was found to have.
    pub(super) fn keep_policy_copy(&self, shipment: &Shipment) {
        if let Some(copy) = self.policy_base.seen()
            && self.policy_base.in_use() != Some(copy)
        {
            self.policy_copies()
                .keep(&shipment.remote.url, copy, self.clock.now());
        }
    }

    fn policy_copies(&self) -> PolicyCopies {
        PolicyCopies::below(self.environment.state_directory())
    }

    /// Adds the repository's policy likewise, to show it, also for a branch that ships nothing. No server is asked.
    pub(super) fn shown_with_policy_base(&self) -> Result<Loaded, Box<PolicyError>> {
        let loaded = self.loaded.clone();
        let copy = self.repo().and_then(|repo| {
            let head = repo.head().ok()?;
            let facts = &mut RepoFacts::default();
            let remote = remote_guards::remote(repo, &loaded.policy, head.branch()?, facts).ok()?;
            self.copy_at_hand(repo, &remote)
        });
        let file = copy.as_ref().and_then(|copy| {
            let (_, bytes) = copy.file.as_ref()?;
            Some(repository_file(copy, bytes))
        });
        match file {
            Some(file) => {
                let loaded = loaded.with_policy_base(&file, STEPS).map_err(Box::new)?;
                with_trusted_keys(loaded, self.repo(), &self.environment)
            }
            None => Ok(loaded),
        }
    }

    /// Returns what is known of the policy base without asking a server: what the remote had last, else what the last
    /// fetch left.
    fn copy_at_hand(&self, repo: &Repo, remote: &Remote) -> Option<PolicyCopy> {
        let kept = self.kept_copy(remote).map(|kept| kept.copy);
        kept.or_else(|| tracked_copy(repo, remote, self.named_policy_base()))
    }

    /// Returns the branch that the policy names as the policy base.
    fn named_policy_base(&self) -> Option<&BranchName> {
        self.loaded.policy.branches().policy_base.branch()
    }

    fn kept_copy(&self, remote: &Remote) -> Option<KeptCopy> {
        let kept = self.policy_copies().get(&remote.url, self.clock.now())?;
        let named = self.named_policy_base();
        named
            .is_none_or(|named| *named == kept.copy.branch)
            .then_some(kept)
    }

    fn find_policy_base(&self, repo: &Repo, shipment: &Shipment, ask: AskRemote) -> PolicyBase {
        let remote = &shipment.remote;
        if ask == AskRemote::No {
            let copy = self.copy_at_hand(repo, remote);
            return copy.map_or_else(PolicyBase::default, PolicyBase::verified);
        }
        let kept = match self.kept_copy(remote) {
            Some(kept) if kept.is_fresh => return PolicyBase::verified(kept.copy),
            kept => kept,
        };
        let named = self.named_policy_base();
        let has_policy = || {
            let tracked = tracked_copy(repo, remote, named);
            self.loaded.has_work_tree_copy() || tracked.is_some_and(|copy| copy.file.is_some())
        };
        if kept.is_none() && !has_policy() {
            return PolicyBase::default();
        }
        match self.ask_for_policy(repo, shipment, named) {
            Ok(Some(copy)) => {
                self.policy_copies()
                    .keep(&remote.url, &copy, self.clock.now());
                PolicyBase::verified(copy)
            }
            // The remote has no such branch, so it has no policy.
            Ok(None) => PolicyBase::default(),
            Err(why) => match kept {
                Some(kept) => PolicyBase::verified(kept.copy),
                None => PolicyBase::unavailable(why),
            },
        }
    }
}

/// Returns the policy of the policy base as the last fetch left it. Whoever writes to the repository can change that.
fn tracked_copy(repo: &Repo, remote: &Remote, named: Option<&BranchName>) -> Option<PolicyCopy> {
    let branch = match named {
        Some(named) => named.clone(),
        None => repo.remote_head_hint(remote).ok()??,
    };
    let tip = repo.tracking_tip(remote, &branch).ok()??;
    let found = read_local(repo, tip)?;
    Some(PolicyCopy::new(branch, tip, found))
}

/// Names the copy for messages.
fn repository_file(copy: &PolicyCopy, bytes: &[u8]) -> RepositoryFile {
    let (branch, commit) = (&copy.branch, copy.commit.to_hex_with_len(8));
    RepositoryFile {
        path: format!("{REPOSITORY_FILE} of {branch} at {commit}").into(),
        bytes: bytes.to_vec(),
    }
}
