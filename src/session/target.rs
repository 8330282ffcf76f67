//! Chooses the repository of a pull request: the one that the branch is pushed to, or the one that it is a fork of.

use crate::environment::Environment;
use crate::git::{Remote, Repo};
use crate::names::{RemoteName, RemoteUrl};
use crate::pipeline::{BaseRepository, Hold, Target};
use crate::policy::{Policy, Trigger};
use crate::reason::{Code, Reason};

use super::identity;

/// The conventional name of the remote of the repository that a fork is made from.
const UPSTREAM: &str = "upstream";

/// What decides about the repository of a pull request, besides the clone and the policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct TargetRule<'a> {
    /// Who asks for the run.
    pub(super) trigger: Trigger,
    /// Finds ssh, which resolves aliases.
    pub(super) environment: &'a Environment,
}

impl TargetRule<'_> {
    /// Returns where the pull request of a branch that is pushed to `pushed` goes: to the repository of the remote that
    /// the policy names; else, for a person, to that of the remote that `gh repo set-default` marked, or of `upstream`,
    /// as `gh pr create` does. For an agent only the policy leads out of the repository that is pushed to.
    pub(super) fn of(&self, repo: &Repo, policy: &Policy, pushed: &Remote) -> Result<Target, Hold> {
        let choice = crate::steps::pull_request_remote(policy)
            .map_err(|error| Hold::new(Code::PolicyError, error.to_string()))?;
        if let Some(name) = choice {
            return self.named(repo, policy, pushed, &name);
        }
        let Some(remote) = usual(repo, pushed) else {
            return Ok(Target::Pushed { upstream: None });
        };
        let Ok(Some(base)) = self.base_repository(policy, pushed, &remote) else {
            return Ok(Target::Pushed { upstream: None });
        };
        if self.trigger.is_agent() || !is_allowed(policy, &base.remote) {
            return Ok(Target::Pushed {
                upstream: Some(base.remote.name),
            });
        }
        Ok(Target::Base(Box::new(base)))
    }

    /// Returns where it goes when the policy names the remote.
    fn named(
        &self,
        repo: &Repo,
        policy: &Policy,
        pushed: &Remote,
        name: &RemoteName,
    ) -> Result<Target, Hold> {
        if *name == pushed.name {
            return Ok(Target::Pushed { upstream: None });
        }
        let remote = repo.remote(Some(name), None).map_err(|error| {
            Hold::from(Reason::of(error.code(), &error).advise_if(error.advice()))
        })?;
        if !is_allowed(policy, &remote) {
            let url = &remote.fetch_url;
            let message = format!("{url} is not among the remotes that the policy allows");
            return Err(Hold::new(Code::RemoteNotAllowed, message)
                .advise("add its URL to `remotes.allowed` in the user's or the system's policy"));
        }
        Ok(match self.base_repository(policy, pushed, &remote)? {
            Some(base) => Target::Base(Box::new(base)),
            None => Target::Pushed { upstream: None },
        })
    }

    /// Returns the repository of `remote`, unless it is the one that is pushed to. An error where a forge could not open
    /// a pull request from one in the other.
    fn base_repository(
        &self,
        policy: &Policy,
        pushed: &Remote,
        remote: &Remote,
    ) -> Result<Option<BaseRepository>, Hold> {
        let there = &remote.fetch_url;
        let (Some(from), Some(name)) = (pushed.url.repository(), there.repository()) else {
            return Err(elsewhere(pushed, remote));
        };
        if !self.is_same_host(policy, &pushed.url, there) {
            return Err(elsewhere(pushed, remote));
        }
        Ok((!from.is_same(&name)).then(|| BaseRepository {
            name,
            remote: remote.clone(),
        }))
    }

    /// Says whether both are on one forge. Asks ssh for its configuration only where the names differ.
    fn is_same_host(&self, policy: &Policy, one: &RemoteUrl, other: &RemoteUrl) -> bool {
        let (Some(host), Some(other_host)) = (one.host(), other.host()) else {
            return false;
        };
        if host.eq_ignore_ascii_case(other_host) {
            return true;
        }
        let forge = policy.forge();
        if forge.has_remotes_at(host) && forge.has_remotes_at(other_host) {
            return true;
        }
        let api = forge.api_url.as_ref();
        let known = api.and_then(|api| api.as_url().host_str());
        let named = |url| identity::of(url, known, self.environment);
        let (one, other) = (named(one), named(other));
        one.host()
            .zip(other.host())
            .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    }
}

/// Says whether the policy's list of remotes, where there is one, contains it.
fn is_allowed(policy: &Policy, remote: &Remote) -> bool {
    let remotes = policy.remotes();
    remotes.allowed.is_empty() || remotes.lists(&remote.fetch_url)
}

/// Returns the remote that a person's pull requests go to: the one that `gh repo set-default` marked, else
/// `upstream`.
fn usual(repo: &Repo, pushed: &Remote) -> Option<Remote> {
    let name = match repo.remote_marked_for_gh() {
        Some(name) => name,
        None => RemoteName::new(UPSTREAM).ok()?,
    };
    if name == pushed.name {
        return None;
    }
    repo.remote(Some(&name), None).ok()
}

fn elsewhere(pushed: &Remote, remote: &Remote) -> Hold {
    let message = format!(
        "a pull request from {} cannot be opened in {}: they are not repositories of one forge",
        pushed.url, remote.fetch_url
    );
    Hold::new(Code::NoForge, message).advise(
        "name in `steps.pr-create.remote` the remote of the repository that yours is a fork of, or leave it at \"auto\"",
    )
}
