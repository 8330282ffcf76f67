//! Tests of `git::directories`: what changes below a repository that is open.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use sendoff::files::FileError;
use sendoff::git::{LocalConfigTrust, OpenError, RefError, RefProblem, Remote, Repo};
use sendoff::names::BranchName;
use sendoff_testing::supervise;

use super::{files, id, open};
use crate::sandbox::Sandbox;

/// Makes a clone, and another repository beside it.
fn clone_and_other(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    sandbox.repository("origin");
    sandbox.git(sandbox.path(""), &["clone", "-q", "origin", "r"]);
    (sandbox.path("r"), sandbox.repository("other"))
}

fn swap(at: &Path, to: &Path) {
    fs::rename(at, at.with_extension("away")).unwrap();
    symlink(to, at).unwrap();
}

fn main_of(repo: &Repo) -> (Remote, BranchName) {
    let remote = repo.remote(None, None).unwrap();
    (remote, BranchName::new("main").unwrap())
}

fn update(repo: &Repo, new: ObjectId) -> Result<Option<String>, RefError> {
    let (remote, branch) = main_of(repo);
    let at = "2026-02-03T04:05:06Z".parse().unwrap();
    repo.update_tracking(&remote, &branch, new, at)
}

/// Asserts that no ref is read or written.
fn assert_refused(repo: &Repo, new: ObjectId) {
    let (remote, branch) = main_of(repo);
    for refused in [
        update(repo, new).map(drop),
        repo.tracking_tip(&remote, &branch).map(drop),
        repo.remote_tips(&remote).map(drop),
    ] {
        let Err(RefError::Read { source, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            matches!(source, RefProblem::File(FileError::Link)),
            "{source:?}"
        );
    }
}

/// Opens a repository with the links that it has.
fn trusting(sandbox: &Sandbox, work: &Path) -> Repo {
    let (files, ignore) = (files(sandbox), LocalConfigTrust::Ignore);
    let Err(OpenError::LeadsOut(leads)) = Repo::discover(work, ignore, &files) else {
        panic!("a link is followed");
    };
    let repo = Repo::discover_with(work, ignore, &files, Some(&leads));
    repo.unwrap().unwrap()
}

#[test]
fn no_ref_is_written_through_a_link_that_came_since() {
    supervise!();
    for name in [".git", ".git/refs"] {
        let sandbox = Sandbox::new();
        let (work, other) = clone_and_other(&sandbox);
        let (repo, new) = (open(&sandbox, &work), id(&sandbox.head(&work)));
        update(&repo, new).unwrap();
        swap(&work.join(name), &other.join(name));
        assert_refused(&repo, new);
        let links = repo.check_links();
        assert!(matches!(links, Err(OpenError::LeadsOut(_))), "{links:?}");
        let objects = repo.thread_local().map(drop);
        assert!(matches!(objects, Err(OpenError::LeadsOut(_))));
        let written = sandbox.git(&other, &["for-each-ref", "refs/remotes"]);
        assert_eq!(written, "", "{name}");
    }
}

#[test]
fn a_trusted_link_counts_while_it_leads_where_it_led() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, other) = clone_and_other(&sandbox);
    let refs = work.join(".git/refs");
    let mine = sandbox.path("mine");
    fs::rename(&refs, &mine).unwrap();
    symlink(&mine, &refs).unwrap();
    let repo = trusting(&sandbox, &work);
    sandbox.commit(&work, "new", "new\n", "new");
    let new = id(&sandbox.head(&work));
    update(&repo, new).unwrap();
    assert!(mine.join("remotes/origin/main").is_file());
    repo.check_links().unwrap();
    fs::remove_file(&refs).unwrap();
    symlink(other.join(".git/refs"), &refs).unwrap();
    assert_refused(&repo, new);
    assert!(repo.check_links().is_err());
    // Without the link there is nothing that leads elsewhere.
    fs::remove_file(&refs).unwrap();
    fs::rename(&mine, &refs).unwrap();
    repo.check_links().unwrap();
    update(&repo, new).unwrap();
    let (remote, branch) = main_of(&repo);
    assert_eq!(repo.tracking_tip(&remote, &branch).unwrap(), Some(new));
    repo.thread_local().unwrap();
}

/// Guards against a stale tip of `packed-refs`: a loose ref that cannot be looked for is not absent.
#[test]
fn a_directory_that_cannot_be_opened_is_told() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = clone_and_other(&sandbox);
    sandbox.git(&work, &["pack-refs", "--all"]);
    let repo = open(&sandbox, &work);
    assert!(repo.ref_tip("refs/heads/main").unwrap().is_some());
    let git_dir = work.join(".git");
    fs::rename(&git_dir, work.join("away")).unwrap();
    fs::write(&git_dir, "gitdir: away\n").unwrap();
    let tip = repo.ref_tip("refs/heads/main");
    let Err(RefError::Read { source, .. }) = tip else {
        panic!("{tip:?}");
    };
    assert!(
        matches!(&source, RefProblem::File(FileError::Io(error)) if error.kind() == std::io::ErrorKind::NotADirectory),
        "{source:?}"
    );
    // The file is as new as a link would be.
    let objects = repo.thread_local().map(drop);
    let Err(error @ OpenError::LeadsOut(_)) = objects else {
        panic!("{objects:?}");
    };
    let (from, to) = (git_dir.display(), work.join("away"));
    assert_eq!(
        error.to_string(),
        format!(
            "`{from}` leads to `{}` now, and did not when the repository was opened",
            to.display()
        )
    );
    assert_eq!(
        error.advice().as_deref(),
        Some("leave it alone while a run goes on, and run again: sendoff run")
    );
    // The advice, obeyed.
    fs::remove_file(&git_dir).unwrap();
    fs::rename(to, &git_dir).unwrap();
    repo.thread_local().unwrap();
}

/// A git directory that a file names is held to as one that is there itself.
#[test]
fn what_a_git_file_names_is_neither_changed_nor_made_a_link() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, other) = clone_and_other(&sandbox);
    let linked = sandbox.path("linked");
    let add = ["worktree", "add", "-q", "-b", "side"];
    let path = linked.to_str().unwrap();
    sandbox.git(&work, &[&add[..], &[path]].concat());
    let file = linked.join(".git");
    let repo = open(&sandbox, &linked);
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("gitdir: {}/.git\n", other.display())).unwrap();
    let objects = repo.thread_local().map(drop);
    assert!(
        matches!(objects, Err(OpenError::LeadsOut(_))),
        "{objects:?}"
    );
    fs::write(&file, before).unwrap();
    swap(&work.join(".git"), &other.join(".git"));
    let links = repo.check_links();
    assert!(matches!(links, Err(OpenError::LeadsOut(_))), "{links:?}");
    let objects = repo.thread_local().map(drop);
    assert!(
        matches!(objects, Err(OpenError::LeadsOut(_))),
        "{objects:?}"
    );
    fs::remove_file(work.join(".git")).unwrap();
    fs::rename(work.join(".git.away"), work.join(".git")).unwrap();
    repo.thread_local().unwrap();
}

/// As by git, which reads refs through the link.
#[test]
fn a_condition_on_the_branch_follows_a_symbolic_branch_behind_a_trusted_link() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = clone_and_other(&sandbox);
    let condition = "[includeIf \"onbranch:main\"]\n\tpath = more\n";
    sandbox.write("home/.gitconfig", condition);
    sandbox.write("home/more", "[user]\n\tname = Somebody\n");
    let alias = ["symbolic-ref", "refs/heads/alias", "refs/heads/main"];
    sandbox.git(&work, &alias);
    sandbox.git(&work, &["symbolic-ref", "HEAD", "refs/heads/alias"]);
    let refs = work.join(".git/refs");
    let mine = sandbox.path("mine");
    fs::rename(&refs, &mine).unwrap();
    symlink(&mine, &refs).unwrap();
    assert_eq!(sandbox.git(&work, &["config", "user.name"]), "Somebody");
    let repo = trusting(&sandbox, &work);
    let name = repo.config().string("user.name");
    assert_eq!(name.as_deref(), Some("Somebody"));
}
