//! Tests of `git::range`: the same commits as `git rev-list`, bounded, and cheap.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sendoff::git::RangeError;
use sendoff::git::Repo;
use sendoff_testing::supervise;

use super::{id, open};
use crate::sandbox::Sandbox;

/// Feeds `stream` to `git fast-import`.
pub(super) fn import(sandbox: &Sandbox, work: &Path, stream: &[u8]) {
    let mut command = sandbox.command("git");
    command
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(work)
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stream).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Makes an empty repository.
pub(super) fn empty(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let work = sandbox.path(name);
    std::fs::create_dir_all(&work).unwrap();
    sandbox.git(&work, &["init", "-q"]);
    work
}

/// Asserts that `tip` is ahead of `bases` as git says, in git's order.
fn assert_like_git(sandbox: &Sandbox, work: &Path, tip: &str, bases: &[&str]) {
    let repo = open(sandbox, work);
    let resolve = |name: &str| id(&sandbox.git(work, &["rev-parse", name]));
    let hidden: Vec<_> = bases.iter().map(|base| resolve(base)).collect();
    let mut arguments = vec!["rev-list", "--reverse", "--date-order", tip, "--not"];
    arguments.extend(bases);
    let wanted = sandbox.git(work, &arguments);
    let ahead = repo.ahead(resolve(tip), &hidden, 1000).unwrap();
    let ours: Vec<_> = ahead.commits.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ours.join("\n"), wanted, "{tip} --not {bases:?}");
    assert_eq!(ahead.total, ours.len());
    assert!(!ahead.truncated);
}

#[test]
fn commits_and_merges_are_told_oldest_first() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["checkout", "-q", "-b", "side"]);
    sandbox.commit(&work, "a", "1", "first\nline\n\nbody one");
    sandbox.commit(&work, "b", "1", "second");
    sandbox.git(&work, &["checkout", "-q", "main"]);
    sandbox.commit(&work, "c", "1", "on main");
    assert_like_git(&sandbox, &work, "side", &["main"]);
    assert_like_git(&sandbox, &work, "main", &["side"]);
    assert_like_git(&sandbox, &work, "main", &["main"]);
    sandbox.git(&work, &["checkout", "-q", "side"]);
    sandbox.git(&work, &["merge", "-q", "--no-edit", "main"]);
    assert_like_git(&sandbox, &work, "side", &["main"]);
    assert_like_git(&sandbox, &work, "side", &["main~1", "side~1"]);
    assert_like_git(&sandbox, &work, "main", &["side"]);
    sandbox.git(&work, &["commit-graph", "write", "--reachable"]);
    sandbox.commit(&work, "d", "1", "beyond the graph");
    assert_like_git(&sandbox, &work, "side", &["main"]);
    assert_like_git(&sandbox, &work, "main~1", &["side"]);

    let repo = open(&sandbox, &work);
    let tip = repo.head().unwrap().id().unwrap();
    let base = id(&sandbox.git(&work, &["rev-parse", "main"]));
    let ahead = repo.ahead(tip, &[base], 2).unwrap();
    assert_eq!((ahead.total, ahead.truncated), (4, true));
    let first = &ahead.commits[0];
    assert_eq!(first.subject, "first line");
    assert_eq!(
        (first.body.as_str(), first.author.as_str()),
        ("body one", "A U Thor")
    );
}

/// Guards the end of a run whose branch takes too long to look at.
#[test]
fn walks_end_when_somebody_stops_them() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "1", "a");
    let stop = Arc::new(AtomicBool::new(false));
    let repo = open(&sandbox, &work).stopped_by(Arc::clone(&stop));
    let tip = repo.head().unwrap().id().unwrap();
    let commits = repo.ahead(tip, &[], 9).unwrap().commits;
    let changed = repo.changed_files(&commits).unwrap().unwrap();
    assert_eq!(changed.count(9).unwrap(), 2);
    stop.store(true, Ordering::Release);
    let stopped = |found: Result<usize, RangeError>| {
        let is_stopped = matches!(found, Err(RangeError::Stopped));
        assert!(is_stopped, "{found:?}");
    };
    stopped(repo.ahead(tip, &[], 9).map(|ahead| ahead.total));
    stopped(changed.count(9));
    stopped(changed.among(&["a"]).map(|found| found.len()));
}

#[test]
fn an_orphan_branch_is_ahead_as_a_whole() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["checkout", "-q", "--orphan", "alone"]);
    sandbox.commit(&work, "a", "1", "alone");
    assert_like_git(&sandbox, &work, "alone", &["main"]);
    assert_like_git(&sandbox, &work, "main", &["alone"]);
}

#[test]
fn a_base_that_is_not_here_hides_nothing_and_a_tip_that_is_not_here_is_an_error() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let repo = open(&sandbox, &work);
    let tip = repo.head().unwrap().id().unwrap();
    let absent = id(&"1".repeat(40));
    assert_eq!(repo.ahead(tip, &[absent], 9).unwrap().total, 1);
    assert_eq!(repo.ahead(tip, &[], 9).unwrap().total, 1);
    assert!(matches!(
        repo.ahead(absent, &[tip], 9),
        Err(RangeError::Missing(_))
    ));
    let tree = id(&sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]));
    assert!(matches!(
        repo.ahead(tree, &[tip], 9),
        Err(RangeError::Corrupt(_))
    ));
}

#[test]
fn a_missing_parent_is_an_error_but_not_at_a_shallow_boundary() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let middle = sandbox.commit(&work, "a", "1", "middle");
    sandbox.commit(&work, "a", "2", "last");
    let url = format!("file://{}", work.display());
    sandbox.git(
        sandbox.path(""),
        &["clone", "-q", "--depth=1", &url, "shallow"],
    );
    let clone = sandbox.path("shallow");
    sandbox.git(&clone, &["checkout", "-q", "-b", "side"]);
    sandbox.commit(&clone, "b", "1", "mine");
    assert_like_git(&sandbox, &clone, "side", &["main"]);
    assert_eq!(all_ahead(&open(&sandbox, &clone)).unwrap(), 2);

    let path = format!("r/.git/objects/{}/{}", &middle[..2], &middle[2..]);
    std::fs::remove_file(sandbox.path(&path)).unwrap();
    let error = all_ahead(&open(&sandbox, &work)).unwrap_err();
    assert!(matches!(error, RangeError::Missing(one) if one == id(&middle)));
}

fn all_ahead(repo: &Repo) -> Result<usize, RangeError> {
    let tip = repo.head().unwrap().id().unwrap();
    Ok(repo.ahead(tip, &[], 10)?.total)
}

#[test]
fn a_merge_of_five_thousand_is_walked() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = empty(&sandbox, "r");
    let mut stream = String::from("reset refs/heads/main\n");
    let mut commit = |reference: &str, mark: usize, text: &str, parents: &str| {
        writeln!(
            stream,
            "commit {reference}\nmark :{mark}\ncommitter A <a@b> {mark} +0000\ndata {}\n{text}\n{parents}",
            text.len()
        )
        .unwrap();
    };
    commit("refs/heads/main", 1, "root", "");
    let mut merge = String::from("from :1\n");
    for mark in 2..5002 {
        commit("refs/heads/x", mark, &format!("side {mark}"), "from :1\n");
        writeln!(merge, "merge :{mark}").unwrap();
    }
    commit("refs/heads/all", 6000, "all of them", &merge);
    import(&sandbox, &work, stream.as_bytes());
    let repo = open(&sandbox, &work);
    let tip = |name: &str| {
        repo.ref_tip(&format!("refs/heads/{name}"))
            .unwrap()
            .unwrap()
    };
    let ahead = repo.ahead(tip("all"), &[tip("main")], 1).unwrap();
    assert_eq!((ahead.total, ahead.truncated), (5001, true));
    assert_eq!(ahead.commits[0].subject, "side 2");
}

#[test]
fn a_hundred_thousand_commits_ahead_cost_the_text_of_one() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = empty(&sandbox, "r");
    let mut stream = Vec::new();
    for number in 0..100_000 {
        let text = format!("commit {number}");
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@b> {number} +0000\ndata {}\n{text}\n",
            text.len()
        )
        .unwrap();
    }
    import(&sandbox, &work, &stream);
    let repo = open(&sandbox, &work);
    let tip = repo.ref_tip("refs/heads/main").unwrap().unwrap();
    let ahead = repo.ahead(tip, &[], 1).unwrap();
    assert_eq!(ahead.total, 100_000);
    assert_eq!(ahead.commits[0].subject, "commit 0");
    assert_eq!(ahead.commits.len(), 1);
}

#[test]
fn a_hostile_message_is_cut_and_cleaned() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let tree = sandbox.git(&work, &["rev-parse", "HEAD^{tree}"]);
    let mut raw = format!("tree {tree}\nauthor \u{1b}[2J <a> 0 +0000\ncommitter C <c> 0 +0000\n\n")
        .into_bytes();
    raw.extend_from_slice(b"evil\x1b]0;title\x07\n\n");
    raw.extend(std::iter::repeat_n(b'x', 20 * 1024 * 1024));
    let path = sandbox.write("raw", raw);
    let hash = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--literally",
        path.to_str().unwrap(),
    ];
    let commit = id(&sandbox.git(&work, &hash));
    let ahead = open(&sandbox, &work).ahead(commit, &[], 9).unwrap();
    let text = &ahead.commits[0];
    assert_eq!(text.subject, "evil]0;title");
    assert_eq!(text.author, "[2J");
    assert!(text.body.len() <= 64 * 1024);
}

#[test]
fn ids_of_another_hash_are_absent_and_not_looked_for() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let repo = open(&sandbox, &work);
    let tip = repo.head().unwrap().id().unwrap();
    let long = id(&"1".repeat(64));
    assert_eq!(repo.ahead(tip, &[long], 9).unwrap().total, 1);
    assert!(matches!(
        repo.ahead(long, &[tip], 9),
        Err(RangeError::Missing(_))
    ));
    assert_eq!(repo.pr_template(long), sendoff::git::PrTemplate::None);
    sandbox.write("r/.git/HEAD", format!("{long}\n"));
    assert!(open(&sandbox, &work).head().is_err());
    sandbox.write("r/.git/refs/heads/long", format!("{long}\n"));
    assert!(repo.ref_tip("refs/heads/long").is_err());
}

#[test]
fn a_repository_with_sha256_ids_is_read() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.path("r");
    std::fs::create_dir(&work).unwrap();
    sandbox.git(
        &work,
        &["init", "-q", "-b", "main", "--object-format=sha256"],
    );
    sandbox.commit(&work, "a", "1", "one");
    sandbox.commit(&work, "a", "2", "two");
    sandbox.git(&work, &["branch", "side"]);
    sandbox.commit(&work, "a", "3", "three");
    assert_like_git(&sandbox, &work, "main", &["side"]);
    sandbox.git(&work, &["commit-graph", "write", "--reachable"]);
    assert_like_git(&sandbox, &work, "main", &["side"]);
}
