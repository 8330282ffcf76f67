//! The local guards: make a shipment from the repository and the policy, or a reason why there is none.

use gix::ObjectId;

use crate::git::push::PushOptions;
use crate::git::{Head, HeadError, Operation, Remote, Repo};
use crate::names::BranchName;
use crate::pipeline::{CommitFacts, Hold, RepoFacts, Shipment, Target};
use crate::policy::Policy;
use crate::reason::{Code, Reason};
use crate::report::RepoReport;
use crate::secrets::KnownSecrets;

use super::base::base;
use super::bases::Sides;
use super::remote_guards::{also, promisors, remote, repository};
use super::target::TargetRule;

/// The result of the guards. Parts that were not reached are absent.
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
    const fn without_repository(hold: Hold) -> Self {
        Self {
            facts: None,
            shipment: Err(hold),
            notes: Vec::new(),
        }
    }

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
        Ok(None) => return Inspection::without_repository(no_repository()),
        Err(hold) => return Inspection::without_repository(hold.clone()),
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

/// Applies the guards in their order, up to the first that refuses.
fn guard(
    repo: &Repo,
    policy: &Policy,
    known: &KnownSecrets,
    branch: Option<&BranchName>,
    target: &TargetRule<'_>,
    options: impl Fn(&Remote) -> PushOptions,
    facts: &mut RepoFacts,
) -> Result<Shipment, Hold> {
    let (branch, head) = branch_at_work(repo, branch, facts)?;
    hold_odd_name(&branch, known)?;
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

/// Returns the branch at work and its commit, or why there is none.
fn branch_at_work(
    repo: &Repo,
    branch: Option<&BranchName>,
    facts: &mut RepoFacts,
) -> Result<(BranchName, ObjectId), Hold> {
    // The run of a named branch began in a linked work tree of this bare repository.
    if repo.is_bare() && branch.is_none() {
        return Err(Hold::new(
            Code::BareRepository,
            "the repository is bare: it has no branch at work",
        ));
    }
    let (branch, head) = match head(repo, branch)? {
        Head::Branch { name, id } => (name, id),
        Head::Unborn { name } => {
            facts.branch = Some(name.to_string());
            return Err(
                Hold::new(Code::UnbornBranch, format!("{name} has no commit yet"))
                    .advise("commit something first"),
            );
        }
        Head::Detached { id } => {
            facts.head = Some(id.to_string());
            return Err(detached(repo.operation()));
        }
    };
    facts.branch = Some(branch.to_string());
    facts.head = Some(head.to_string());
    match repo.operation() {
        Some(operation) => Err(in_progress(operation)),
        None => Ok((branch, head)),
    }
}

/// Says why a detached HEAD ships nothing. `edit` in a rebase detaches HEAD; its end brings the branch back.
fn detached(operation: Option<Operation>) -> Hold {
    operation.map_or_else(
        || {
            Hold::new(
                Code::DetachedHead,
                "HEAD is detached: there is no branch to push",
            )
            .advise("switch to a branch: git switch -c NAME")
        },
        in_progress,
    )
}

/// Holds a branch whose name holds a token, or is not what it looks like.
fn hold_odd_name(branch: &BranchName, known: &KnownSecrets) -> Result<(), Hold> {
    if known.hide(branch.as_str()) != branch.as_str() {
        return Err(Hold::new(
            Code::SecretInBranchName,
            "the name of the branch holds what looks like a token: it is not pushed",
        )
        .advise("rename the branch: git branch -m NAME; and if the token is real, revoke it"));
    }
    let Some(odd) = branch.odd() else {
        return Ok(());
    };
    let shown = branch.as_str().escape_debug();
    let message = format!("`{shown}` is not pushed: {odd}");
    Err(Hold::new(Code::OddBranchName, message).advise("rename the branch: git branch -m NAME"))
}

/// Returns what is to be shipped: HEAD, or the requested branch if HEAD is on another one now. A branch that is gone is
/// followed to the name that it has now, and never replaced by another one: nobody asked for that.
fn head(repo: &Repo, branch: Option<&BranchName>) -> Result<Head, Hold> {
    let unreadable = bad_head;
    let head = repo.head().map_err(|error| unreadable(&error))?;
    let name = match branch {
        Some(name) if head.branch() != Some(name) && repo.operation().is_none() => name,
        _ => return Ok(head),
    };
    let there = repo.branch(name).map_err(|error| unreadable(&error))?;
    let is_renamed = |to: &BranchName| repo.branch_was_called(to, name);
    match there {
        Some(there) => Ok(there),
        None if head.branch().is_some_and(is_renamed) => Ok(head),
        None => Err(Hold::new(
            Code::BranchGone,
            format!("{name} is gone: there is nothing to push"),
        )
        .advise("to ship the branch that you are on: sendoff run")),
    }
}

/// Says why HEAD or its branch cannot be used.
pub(super) fn bad_head(error: &HeadError) -> Hold {
    let hold = Hold::of(Code::BadHead, error);
    match error.advice() {
        Some(advice) => hold.advise(advice),
        None => hold,
    }
}

fn in_progress(operation: Operation) -> Hold {
    let article = if operation == Operation::Am {
        "an"
    } else {
        "a"
    };
    Hold::new(
        Code::OperationInProgress,
        format!("{article} {operation} is in progress"),
    )
    .advise(format!("finish or abort the {operation}, then run again"))
}
