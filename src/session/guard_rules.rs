//! The rules of the policy's `[guard]`, which a branch must satisfy before it is pushed.

use crate::environment::Environment;
use crate::git::{ChangedFiles, Commit, RangeError, Repo};
use crate::names::BranchName;
use crate::pipeline::{CommitFacts, Hold};
use crate::policy::{Count, Finding, Guard, Policy, PrivateCommits};
use crate::reason::{Code, Reason};

use super::guards::Inspection;
use super::history::took_too_long;

/// Files that affect other programs and people, each with a description of these; a directory ends with a `/`.
const GUARDED_PATHS: &[&str] = &[
    // CI: GitHub, Gitea, Forgejo, GitLab, and services that read a file of their own.
    ".github/workflows/",
    ".github/actions/",
    ".gitea/workflows/",
    ".forgejo/workflows/",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".gitlab/ci/",
    ".circleci/",
    ".buildkite/",
    ".woodpecker/",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    ".drone.yml",
    ".travis.yml",
    ".cirrus.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile",
    // Who has to review: GitHub and GitLab look at these places.
    "CODEOWNERS",
    ".github/CODEOWNERS",
    ".gitlab/CODEOWNERS",
    "docs/CODEOWNERS",
    // Where other repositories' code comes from, and this policy.
    ".gitmodules",
    ".sendoff.toml",
];

/// How many commits or paths a sentence names.
const MAX_SHOWN: usize = 3;

/// Applies each rule to the commits that are about to be pushed. A finding that does not hold the branch becomes a note.
pub(super) fn apply(
    inspection: Inspection,
    repo: &Repo,
    policy: &Policy,
    environment: &Environment,
) -> Inspection {
    let Ok(shipment) = &inspection.shipment else {
        return inspection;
    };
    let (branch, commits) = (&shipment.branch, &shipment.commits);
    match check(repo, policy.guard(), environment, branch, commits) {
        Ok(notes) => Inspection {
            notes,
            ..inspection
        },
        Err(hold) => Inspection {
            shipment: Err(hold),
            ..inspection
        },
    }
}

fn check(
    repo: &Repo,
    guard: &Guard,
    environment: &Environment,
    branch: &BranchName,
    commits: &[Commit],
) -> Result<Vec<Reason>, Hold> {
    check_name(guard, branch)?;
    if guard.private == PrivateCommits::Hold {
        check_subjects(commits)?;
    }
    let mut notes = Vec::new();
    if guard.foreign_authors != Finding::Allow {
        let found = foreign_authors(repo, environment, commits);
        notes.extend(decide(guard.foreign_authors, found)?);
    }
    if guard.paths == Finding::Allow && guard.files.is_none() {
        return Ok(notes);
    }
    let changed = match repo.changed_files(commits) {
        Ok(None) => return Ok(notes),
        Ok(Some(changed)) => changed,
        Err(error) => return unreadable(guard, &error).map(|()| notes),
    };
    match guarded_paths(&changed) {
        Ok(found) => notes.extend(decide(guard.paths, found)?),
        Err(error) => unreadable(guard, &error)?,
    }
    check_count(guard, &changed)?;
    Ok(notes)
}

/// Holds a branch whose name does not match `guard.branch`.
fn check_name(guard: &Guard, branch: &BranchName) -> Result<(), Hold> {
    let mut patterns = guard.branch.iter().flatten();
    match patterns.find(|pattern| !pattern.matches(branch.as_str())) {
        Some(pattern) => {
            let sentence =
                format!("{branch} is not pushed: the policy lets out `{pattern}` (guard.branch)");
            Err(Hold::new(Code::BranchPattern, sentence)
                .advise("rename the branch: git branch -m NAME"))
        }
        None => Ok(()),
    }
}

/// Holds a branch with a commit whose subject marks it as unfinished.
fn check_subjects(commits: &[Commit]) -> Result<(), Hold> {
    let unfinished = commits
        .iter()
        .filter(|commit| CommitFacts::from(*commit).is_unfinished());
    let shown = listed(unfinished.map(|commit| format!("`{}`", commit.subject)));
    let Some(shown) = shown else { return Ok(()) };
    let sentence = format!(
        "the branch has commits that are not meant to be published (guard.private): {shown}"
    );
    Err(Hold::new(Code::PrivateCommits, sentence)
        .advise("finish them (git rebase -i --autosquash) and run again"))
}

/// Finds commits whose author is somebody else.
fn foreign_authors(repo: &Repo, environment: &Environment, commits: &[Commit]) -> Option<Reason> {
    let config = repo.config();
    let of_environment = environment.text("GIT_AUTHOR_EMAIL").map(str::to_owned);
    let own = of_environment
        .or_else(|| config.string("author.email"))
        .or_else(|| config.string("user.email"))?;
    let foreign = commits
        .iter()
        .filter(|commit| !commit.author_address.eq_ignore_ascii_case(&own));
    let shown = listed(foreign.map(|commit| format!("`{}` by {}", commit.subject, commit.author)))?;
    let sentence = format!("the branch brings commits of other authors: {shown}");
    Some(Reason::new(Code::ForeignAuthor, sentence).advise(
        "if they are meant to be there, push them by hand, or set `guard.foreign-authors` in the user's policy",
    ))
}

/// Finds changed files that have an effect on others.
fn guarded_paths(changed: &ChangedFiles) -> Result<Option<Reason>, RangeError> {
    let paths = changed.among(GUARDED_PATHS)?;
    let Some(shown) = listed(paths.iter().map(ToString::to_string)) else {
        return Ok(None);
    };
    let sentence = format!("the branch changes files that take effect for others: {shown}");
    Ok(Some(Reason::new(Code::GuardedPath, sentence).advise(
        "take the change out of the branch, push it by hand after a look, or set `guard.paths` in the user's policy",
    )))
}

/// Holds a branch that changes more files than `guard.files`.
fn check_count(guard: &Guard, changed: &ChangedFiles) -> Result<(), Hold> {
    let Some(most) = guard.files.map(Count::get) else {
        return Ok(());
    };
    match changed.count(most) {
        Ok(count) if count <= most => Ok(()),
        Ok(_) => {
            let sentence = format!("the branch changes more than {most} files (guard.files)");
            Err(Hold::new(Code::TooManyFiles, sentence).advise(
                "check that the base is right (`branches.base`) and fetched, or raise `guard.files`",
            ))
        }
        Err(error) => unreadable(guard, &error),
    }
}

/// Holds the branch, adds a note or does nothing, as the policy says for a finding.
fn decide(rule: Finding, found: Option<Reason>) -> Result<Option<Reason>, Hold> {
    match (rule, found) {
        (Finding::Hold, Some(found)) => Err(found.into()),
        (Finding::Note, found) => Ok(found),
        (Finding::Allow, _) | (_, None) => Ok(None),
    }
}

/// Holds a branch whose files cannot be compared, where the policy wants them to be.
fn unreadable(guard: &Guard, error: &RangeError) -> Result<(), Hold> {
    if let RangeError::Stopped = error {
        return Err(took_too_long());
    }
    if guard.paths != Finding::Hold && guard.files.is_none() {
        tracing::debug!(%error, "which files the branch changes cannot be told");
        return Ok(());
    }
    let sentence = format!("which files the branch changes cannot be told: {error}");
    Err(Hold::new(Code::GuardedPath, sentence)
        .advise("fetch what the clone lacks (git fetch --refetch), or check it with git fsck"))
}

/// Names a few of the items; `None` where there are none.
fn listed(items: impl Iterator<Item = String>) -> Option<String> {
    let mut items = items.peekable();
    items.peek()?;
    let shown: Vec<String> = items.by_ref().take(MAX_SHOWN).collect();
    let more = items.count();
    let and = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(shown.join(", ") + &and)
}
