//! The guards on the destination of a branch: which remote, and whether its URLs may be used.

use crate::git::push::{PromisorRemote, PushOptions};
use crate::git::{Remote, Repo};
use crate::names::{BranchName, RemoteUrl, RepositoryName, Scheme, shell_word};
use crate::pipeline::{Destination, Hold, RepoFacts};
use crate::policy::Policy;
use crate::reason::{Code, Reason};

use super::connect;
use super::redirect_guard::not_listed;

/// Chooses the remote, and checks that its URL may be used.
pub(super) fn remote(
    repo: &Repo,
    policy: &Policy,
    branch: &BranchName,
    facts: &mut RepoFacts,
) -> Result<Remote, Hold> {
    let choice = crate::steps::push_remote(policy)
        .map_err(|error| Hold::new(Code::PolicyError, error.to_string()))?;
    let remote = repo
        .remote(choice.as_ref(), Some(branch))
        .map_err(|error| {
            // Having no remote, or several, is no error of the repository.
            Hold::from(Reason::of(error.code(), &error).advise_if(error.advice()))
        })?;
    facts.remote = Some(remote.name.to_string());
    if let Some(RepositoryName { owner, name }) = remote.url.repository() {
        facts.owner = Some(owner);
        facts.name = Some(name);
    }
    for url in std::iter::once(&remote.url).chain(&remote.other_push_urls) {
        check_url(policy, url)?;
    }
    let in_url = repo.config().string("transfer.credentialsInUrl");
    if remote.fetch_url.password().is_some() && in_url.as_deref() == Some("die") {
        let sentence = format!(
            "{} holds a password, and transfer.credentialsInUrl = die in the git configuration forbids that",
            remote.fetch_url
        );
        return Err(Hold::new(Code::RemoteNotAllowed, sentence).advise(format!(
            "let a credential helper keep it, and take it out of the URL: git config {} URL",
            shell_word(&format!("remote.{}.url", remote.name))
        )));
    }
    Ok(remote)
}

/// Checks that a URL may be pushed to.
fn check_url(policy: &Policy, url: &RemoteUrl) -> Result<(), Hold> {
    let listed = policy.remotes().lists(url);
    if !policy.remotes().allowed.is_empty() && !listed {
        return Err(Hold::from(not_listed(url)));
    }
    let allows = |origin| connect::plain_http(policy).allows(&origin);
    match url.scheme() {
        Scheme::File if !policy.remotes().allow_file => Err(Hold::new(
            Code::FileRemote,
            format!("{url} is a path, and pushing to a path runs the hooks that lie there"),
        )
        .advise("set `remotes.allow-file = true` in the user's policy, or --set remotes.allow-file=true")),
        Scheme::Http if !listed && !url.origin().is_some_and(allows) => Err(Hold::new(
            Code::PlainHttp,
            format!("{url} is not encrypted"),
        )
        .advise("use https, or list the host in `network.allow-http` in the user's policy")),
        Scheme::Git if !listed => Err(Hold::new(
            Code::Unsupported,
            format!("{url} uses git://, which is neither encrypted nor authenticated"),
        )
        .advise("use https or ssh, or list the URL in `remotes.allowed` in the user's policy")),
        _ => Ok(()),
    }
}

/// Returns the push URLs after the first, as remotes of their own.
pub(super) fn also(remote: &Remote, options: impl Fn(&Remote) -> PushOptions) -> Vec<Destination> {
    let others = remote.other_push_urls.iter();
    let others = others.map(|url| remote.at(url)).map(|remote| Destination {
        push_options: options(&remote),
        remote,
    });
    others.collect()
}

/// Returns the remotes that promised what a partial clone left out. They are asked only where the policy lets a push go
/// to their URL, because a login can go there.
pub(super) fn promisors(
    repo: &Repo,
    policy: &Policy,
    options: impl Fn(&Remote) -> PushOptions,
) -> Vec<PromisorRemote> {
    let promisors = repo.promisors().into_iter();
    let promisors = promisors.map(|remote| PromisorRemote {
        access: match check_url(policy, &remote.url) {
            Ok(()) => Ok(Box::new(options(&remote))),
            Err(hold) => Err(hold.reason),
        },
        remote,
    });
    promisors.collect()
}

/// Returns owner and name as a forge knows them; empty where the path is too short to tell.
pub(super) fn repository(remote: &Remote) -> RepositoryName {
    let unknown = || RepositoryName {
        owner: String::new(),
        name: String::new(),
    };
    remote.url.repository().unwrap_or_else(unknown)
}
