//! Sends read-only requests to the remote, the forge and the platform.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::forge::{Access, Protection};
use crate::git::credentials::Asking;
use crate::git::push::{PushOptions, Reached, probe};
use crate::git::{Head, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{Hold, RepoFacts};
use crate::process::allow_programs;
use crate::reason::{Code, Reason};

use super::forge_connector::ForgeConnector;
use super::{Session, connect, guards, remote_guards};

/// Where a push of this branch would go.
#[derive(Debug)]
pub struct ProbeTarget {
    /// The remote.
    pub remote: Remote,
    /// The branch.
    pub branch: BranchName,
    /// The base of the branch's pull request, as far as it is known without asking anybody.
    pub base: Option<BranchName>,
    options: PushOptions,
}

/// What a remote answered.
#[derive(Debug)]
pub enum RemoteAnswer {
    /// It would take a push.
    Ready(Reached),
    /// It is reachable, but refuses the login or there is none.
    NoLogin(Reason),
    /// It cannot be reached, or is not a repository.
    Failed(Reason),
}

/// What the forge answered.
#[derive(Debug)]
pub struct ForgeAnswer {
    /// The repository's default branch.
    pub default_branch: BranchName,
    /// How it takes the token.
    pub access: Access,
    /// How it says that it protects the current branch.
    pub protection: Option<Protection>,
}

impl Session {
    /// Returns the repository, or why there is none that can be used.
    pub fn probed_repo(&self) -> Result<Option<&Repo>, &Hold> {
        self.repo.as_ref().map(Option::as_ref)
    }

    /// Returns where a push of the current branch would go, or why nowhere. No server is asked.
    pub fn probe_target(&self) -> Result<ProbeTarget, Hold> {
        let repo = self.repo.as_ref().map_err(Clone::clone)?;
        let repo = repo.as_ref().ok_or_else(guards::no_repository)?;
        let head = repo.head().map_err(|error| guards::bad_head(&error))?;
        let branch = match head {
            Head::Branch { name, .. } | Head::Unborn { name } => name,
            Head::Detached { .. } => {
                return Err(Hold::new(
                    Code::DetachedHead,
                    "HEAD is detached: there is no branch to push",
                )
                .advise("switch to a branch: git switch -c NAME"));
            }
        };
        let policy = &self.loaded.policy;
        let remote = remote_guards::remote(repo, policy, &branch, &mut RepoFacts::default())?;
        let named = policy.branches().base_for(&branch).cloned();
        let hint = || repo.remote_head_hint(&remote).ok().flatten();
        let mut options = connect::push_options(self, &remote);
        // A check does not ask a person: what succeeds here succeeds in a hook, too.
        options.asking = Asking::default();
        options.attended = false;
        Ok(ProbeTarget {
            base: named.or_else(hint),
            branch,
            remote,
            options,
        })
    }

    /// Opens what a push goes to, and reads what it advertises. Nothing is sent.
    pub fn probe_remote(&self, target: &ProbeTarget, branch: &BranchName) -> RemoteAnswer {
        let Some(repo) = self.repo() else {
            return RemoteAnswer::Failed(guards::no_repository().reason);
        };
        allow_programs();
        let answer = probe(
            &target.remote.url,
            repo.work_tree().unwrap_or(Path::new("/")),
            &target.options,
            repo.object_hash(),
            branch,
            &AtomicBool::new(false),
        );
        match answer {
            Ok(reached) => RemoteAnswer::Ready(reached),
            Err(error) => {
                let is_login = LOGIN_CLASSES.contains(&error.class());
                let code = if is_login { Code::Auth } else { Code::Network };
                let reason = Reason::of(code, &error).advise_if(error.advice());
                let reason = Reason {
                    message: self.known.hide(&reason.message).into_owned(),
                    ..reason
                };
                if is_login {
                    RemoteAnswer::NoLogin(reason)
                } else {
                    RemoteAnswer::Failed(reason)
                }
            }
        }
    }

    /// Asks the forge for the repository, with the token that a pull request would be opened with.
    pub fn probe_forge(&self, target: &ProbeTarget) -> Result<ForgeAnswer, Hold> {
        let connector = ForgeConnector::to(self, &target.remote, &target.options);
        let repository = remote_guards::repository(&target.remote);
        block_on(async move {
            let forge = connector.connect().await?;
            let default_branch = forge.default_branch().await;
            let default_branch = default_branch.map_err(|error| Hold::from(error.reason))?;
            let access = forge.access().await;
            let access = access.map_err(|error| Hold::from(error.reason))?;
            let protection = forge.protection(&repository, &target.branch).await;
            let protection = protection.map_err(|error| Hold::from(error.reason))?;
            Ok(ForgeAnswer {
                default_branch,
                access,
                protection,
            })
        })?
    }

    /// Asks the platform for the workspace's memories, and returns where it is; `None` where none is configured.
    pub fn probe_platform(&self) -> Result<Option<String>, Hold> {
        let platform = match self.platform() {
            Ok(platform) => platform,
            Err(hold) if hold.reason.code == Code::NoPlatform => return Ok(None),
            Err(hold) => return Err(hold),
        };
        platform.tell_token(&self.known);
        let at = format!(
            "{}, workspace {}",
            platform.origin(),
            platform.workspace_id()
        );
        block_on(async move {
            let answer = platform.recall(0).await;
            answer
                .map_err(|error| Hold::new(error.code(), error.to_string()).advise(error.advice()))
        })??;
        Ok(Some(at))
    }
}

/// The classes of errors that are about the login.
const LOGIN_CLASSES: &[&str] = &["auth", "auth-scheme", "denied"];

/// Waits for what a server answers.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Hold> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Hold::from(Reason::no_thread(&error.to_string())))?;
    Ok(runtime.block_on(work))
}
