//! The local guards: from the repository and the policy to a shipment, or to why there is none.

use crate::git::push::{PromisorRemote, PushOptions};
use crate::git::{Head, HeadError, Operation, Remote, Repo};
use crate::names::{BranchName, RemoteUrl, RepositoryName, Scheme};
use crate::pipeline::{CommitFacts, Destination, Hold, RepoFacts, Shipment, Target};
use crate::policy::Policy;
use crate::reason::{Code, Reason};
use crate::report::RepoReport;
use crate::secrets::KnownSecrets;

use super::base::base;
use super::connect;
use super::range::Sides;
use super::target::TargetRule;

/// What the guards found out. Parts that were not reached are absent.
#[derive(Debug)]
pub(super) struct Inspection {
    /// What templates see.
    pub(super) facts: Option<RepoFacts>,
    /// What to ship, or why nothing may be shipped.
    pub(super) shipment: Result<Shipment, Hold>,
    /// What is noted about what is shipped.
    pub(super) notes: Vec<Reason>,
}

impl Inspection {
    /// Returns the report's part on the repository.
    pub(super) fn report(&self, known: &KnownSecrets) -> Option<RepoReport> {
        let facts = self.facts.as_ref()?;
        Some(RepoReport {
            path: facts.path.clone(),
            // A name can hold a token.
            branch: facts
                .branch
                .as_deref()
                .map(|name| known.hide(name).into_owned()),
            head: facts.head.clone(),
            remote: facts.remote.clone(),
            base: facts.base.clone(),
        })
    }
}

/// Looks at the repository. No request is made and nothing is written.
pub(super) fn inspect(
    repo: Result<Option<&Repo>, &Hold>,
    policy: &Policy,
    known: &KnownSecrets,
    branch: Option<&BranchName>,
    target: &TargetRule<'_>,
    options: impl Fn(&Remote) -> PushOptions,
) -> Inspection {
    let repo = match repo {
        Ok(Some(repo)) => repo,
        Ok(None) => {
            return Inspection {
                facts: None,
                shipment: Err(no_repository()),
                notes: Vec::new(),
            };
        }
        Err(hold) => {
            return Inspection {
                facts: None,
                shipment: Err(hold.clone()),
                notes: Vec::new(),
            };
        }
    };
    let mut facts = RepoFacts {
        path: repo
            .work_tree()
            .unwrap_or(repo.git_dir())
            .display()
            .to_string(),
        ..RepoFacts::default()
    };
    let shipment = guard(repo, policy, known, branch, target, options, &mut facts);
    Inspection {
        facts: Some(facts),
        shipment,
        notes: Vec::new(),
    }
}

/// Says that there is no repository.
pub(super) fn no_repository() -> Hold {
    Hold::new(Code::NotARepository, "there is no git repository here")
        .advise("run in a work tree, or name one with -C")
}

/// Asks one question after the other; the first that says no ends it.
fn guard(
    repo: &Repo,
    policy: &Policy,
    known: &KnownSecrets,
    branch: Option<&BranchName>,
    target: &TargetRule<'_>,
    options: impl Fn(&Remote) -> PushOptions,
    facts: &mut RepoFacts,
) -> Result<Shipment, Hold> {
    if repo.is_bare() {
        return Err(Hold::new(
            Code::BareRepository,
            "the repository is bare: it has no branch at work",
        ));
    }
    let (branch, head) = match head(repo, branch) {
        Ok(Head::Branch { name, id }) => (name, id),
        Ok(Head::Unborn { name }) => {
            facts.branch = Some(name.to_string());
            return Err(
                Hold::new(Code::UnbornBranch, format!("{name} has no commit yet"))
                    .advise("commit something first"),
            );
        }
        Ok(Head::Detached { id }) => {
            facts.head = Some(id.to_string());
            // `edit` in a rebase detaches HEAD; its end brings the branch back.
            if let Some(operation) = repo.operation() {
                return Err(in_progress(operation));
            }
            return Err(Hold::new(
                Code::DetachedHead,
                "HEAD is detached: there is no branch to push",
            )
            .advise("switch to a branch: git switch -c NAME"));
        }
        Err(error) => return Err(Hold::of(Code::BadHead, &error)),
    };
    facts.branch = Some(branch.to_string());
    facts.head = Some(head.to_string());
    if let Some(operation) = repo.operation() {
        return Err(in_progress(operation));
    }
    if known.hide(branch.as_str()) != branch.as_str() {
        return Err(Hold::new(
            Code::SecretInBranchName,
            "the name of the branch holds what looks like a token: it is not pushed",
        )
        .advise("rename the branch: git branch -m NAME; and if the token is real, revoke it"));
    }
    if let Some(odd) = branch.odd() {
        let shown = branch.as_str().escape_debug();
        return Err(Hold::new(
            Code::OddBranchName,
            format!("`{shown}` is not pushed: {odd}"),
        )
        .advise("rename the branch: git branch -m NAME"));
    }
    let permit = policy.permit_push(&branch).map_err(|protected| {
        Hold::new(Code::ProtectedBranch, protected.to_string())
            .advise("work on a branch of your own: git switch -c NAME")
    })?;
    let remote = remote(repo, policy, &branch, facts)?;
    let target = target.of(repo, policy, &remote);
    let base_remote = match &target {
        Ok(Target::Base(base)) => Some(&base.remote),
        Ok(Target::Pushed { .. }) | Err(_) => None,
    };
    let base = base(repo, policy, &branch, &remote, base_remote)?;
    facts.base = base
        .named
        .as_ref()
        .or(base.hint.as_ref())
        .map(ToString::to_string);
    let counted = super::range::ahead(
        repo,
        policy,
        Sides {
            remote: &remote,
            base: base_remote,
        },
        &branch,
        head,
        &base,
    )?;
    facts.commits = counted.commits.iter().map(CommitFacts::from).collect();
    Ok(Shipment {
        repository: repository(&remote),
        target,
        push_options: options(&remote),
        also: also(&remote, &options),
        promisors: promisors(repo, policy, &options),
        branch,
        head,
        remote,
        base: base.named,
        commits: counted.commits,
        counted_from: counted.from,
        permit,
    })
}

/// Returns what is to be shipped: HEAD, or the branch that was asked for when HEAD has left it.
fn head(repo: &Repo, branch: Option<&BranchName>) -> Result<Head, HeadError> {
    let head = repo.head()?;
    match branch {
        Some(name) if head.branch() != Some(name) && repo.operation().is_none() => {
            // A branch that is gone has nothing to ship, and HEAD says what is.
            Ok(repo.branch(name)?.unwrap_or(head))
        }
        _ => Ok(head),
    }
}

fn in_progress(operation: Operation) -> Hold {
    Hold::new(
        Code::OperationInProgress,
        format!("a {operation} is in progress"),
    )
    .advise(format!("finish or abort the {operation}, then run again"))
}

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
            // Having no remote, or several, is a fact and nothing broken.
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
            "let a credential helper keep it, and take it out of the URL: git config remote.{}.url URL",
            remote.name
        )));
    }
    Ok(remote)
}

/// Checks that a URL may be pushed to.
fn check_url(policy: &Policy, url: &RemoteUrl) -> Result<(), Hold> {
    let listed = policy.remotes().lists(url);
    if !policy.remotes().allowed.is_empty() && !listed {
        return Err(Hold::new(
            Code::RemoteNotAllowed,
            format!("{url} is not among the remotes that the policy allows"),
        )
        .advise("add its URL to `remotes.allowed` in the user's or the system's policy"));
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
fn also(remote: &Remote, options: impl Fn(&Remote) -> PushOptions) -> Vec<Destination> {
    let others = remote.other_push_urls.iter();
    let others = others.map(|url| remote.at(url)).map(|remote| Destination {
        push_options: options(&remote),
        remote,
    });
    others.collect()
}

/// Returns the remotes that promised what a partial clone left out. They are asked only where the policy lets a push go
/// to their URL, because a login can go there.
fn promisors(
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
