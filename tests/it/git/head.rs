//! Tests of `git::head`: what stands in `HEAD`, and what must not.

use std::path::Path;

use sendoff::git::Head;
use sendoff::git::HeadError;
use sendoff::names::BranchName;
use sendoff_testing::supervise;

use super::{id, open};
use crate::sandbox::Sandbox;

#[test]
fn a_branch_an_unborn_branch_and_a_detached_head_are_told_apart() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    let head = open(&sandbox, &work).head().unwrap();
    assert!(matches!(&head, Head::Branch { name, id } if name.as_str() == "main" && *id == tip));

    sandbox.git(&work, &["checkout", "-q", "--detach"]);
    let head = open(&sandbox, &work).head().unwrap();
    assert_eq!(head, Head::Detached { id: tip });
    assert_eq!(head.branch(), None);

    sandbox.git(&work, &["checkout", "-q", "--orphan", "new"]);
    let head = open(&sandbox, &work).head().unwrap();
    assert!(matches!(&head, Head::Unborn { name } if name.as_str() == "new"));
    assert_eq!(head.id(), None);
}

/// Guards against "commit something first" on a branch that git pushes: it searches an edited file by other steps.
#[test]
fn a_branch_is_found_in_packed_refs_that_only_claim_to_be_sorted() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    for branch in ["a", "b", "zz"] {
        sandbox.git(&work, &["branch", branch]);
    }
    sandbox.git(&work, &["pack-refs", "--all"]);
    let path = work.join(".git/packed-refs");
    let text = std::fs::read_to_string(&path).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    assert!(header.contains("sorted"), "{header}");
    let lines: Vec<&str> = lines.lines().collect();
    let mut by_git = 0;
    // Every order of the four.
    for order in 0..24 {
        let (mut left, mut order, mut text) = (lines.clone(), order, header.to_owned() + "\n");
        while !left.is_empty() {
            let next = order % left.len();
            order /= left.len();
            text += left.remove(next);
            text += "\n";
        }
        std::fs::write(&path, &text).unwrap();
        let mut git = sandbox.command("git");
        let git = git.args(["rev-parse", "-q", "--verify", "HEAD"]);
        by_git += u32::from(git.current_dir(&work).output().unwrap().status.success());
        let repo = open(&sandbox, &work);
        assert_eq!(repo.head().unwrap().id(), Some(tip), "{text}");
        let main = repo.branch(&BranchName::new("main").unwrap()).unwrap();
        assert_eq!(main.unwrap().id(), Some(tip), "{text}");
    }
    assert!((1..24).contains(&by_git), "{by_git}");
}

/// Guards that an id in capital digits is one, wherever git reads it as one: in HEAD, in a ref's file, in packed refs.
#[test]
fn an_id_may_be_written_in_capital_digits() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let hex = sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_ne!(hex, hex.to_uppercase());
    let git_dir = work.join(".git");
    let is_read = || {
        assert_eq!(sandbox.git(&work, &["rev-parse", "HEAD"]), hex);
        let repo = open(&sandbox, &work);
        assert_eq!(repo.head().unwrap().id(), Some(id(&hex)));
    };
    std::fs::write(git_dir.join("refs/heads/main"), hex.to_uppercase() + "\n").unwrap();
    is_read();
    sandbox.git(&work, &["pack-refs", "--all"]);
    let packed = git_dir.join("packed-refs");
    let text = std::fs::read_to_string(&packed).unwrap();
    assert!(text.contains(&hex), "{text}");
    std::fs::write(&packed, text.replace(&hex, &hex.to_uppercase())).unwrap();
    is_read();
    std::fs::write(git_dir.join("HEAD"), hex.to_uppercase() + "\n").unwrap();
    is_read();
}

#[test]
fn packed_and_symbolic_branches_are_followed() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let tip = id(&sandbox.git(&work, &["rev-parse", "HEAD"]));
    sandbox.git(&work, &["pack-refs", "--all"]);
    assert_eq!(open(&sandbox, &work).head().unwrap().id(), Some(tip));
    sandbox.git(
        &work,
        &["symbolic-ref", "refs/heads/alias", "refs/heads/main"],
    );
    sandbox.git(&work, &["symbolic-ref", "HEAD", "refs/heads/alias"]);
    let head = open(&sandbox, &work).head().unwrap();
    // Git pushes the branch that the other one stands for, and so may a protected one not hide behind an alias.
    assert!(matches!(&head, Head::Branch { name, id } if name.as_str() == "main" && *id == tip));
    for elsewhere in ["refs/remotes/origin/main", "refs/tags/v1"] {
        sandbox.git(&work, &["update-ref", elsewhere, "refs/heads/main"]);
        sandbox.git(&work, &["symbolic-ref", "refs/heads/alias", elsewhere]);
        let error = open(&sandbox, &work).head().unwrap_err();
        assert!(matches!(error, HeadError::NotABranch(_)), "{error}");
    }
    // In a circle.
    sandbox.write("r/.git/refs/heads/alias", "ref: refs/heads/alias\n");
    assert!(matches!(
        open(&sandbox, &work).head(),
        Err(HeadError::Ref(_))
    ));
}

#[test]
fn a_head_that_git_would_not_write_is_an_error_and_leads_nowhere() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let long = format!("ref: refs/heads/{}\n", "x".repeat(5000));
    let huge = "ref: refs/heads/x".repeat(60_000);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"ref: ../../etc/passwd\n".to_vec(), "not a branch"),
        (
            b"ref: refs/heads/../../../etc/passwd\n".to_vec(),
            "not a branch name",
        ),
        (b"ref: refs/tags/v1\n".to_vec(), "not a branch"),
        (b"ref: refs/heads/\xff\xfe\n".to_vec(), "not UTF-8"),
        (b"garbage".to_vec(), "neither"),
        (b"".to_vec(), "neither"),
        (b"ref:".to_vec(), "not a branch"),
        (b"ref: refs/heads/a b\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a..b\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a@{b\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a~b\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a\x1bb\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a\x7fb\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a\nb\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/a.lock\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads//.x\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/x/\n".to_vec(), "not a branch name"),
        (b"ref: refs/heads/-x\n".to_vec(), "not a branch name"),
        (huge.into_bytes(), "longer"),
    ];
    for (content, wanted) in cases {
        std::fs::write(work.join(".git/HEAD"), &content).unwrap();
        let error = open(&sandbox, &work).head().unwrap_err();
        let shown = content[..content.len().min(40)].escape_ascii();
        assert!(error.to_string().contains(wanted), "{shown}: {error}");
        assert!(!error.to_string().chars().any(char::is_control), "{shown}");
        assert!(error.to_string().len() < 400, "{shown}");
    }
    // No file system holds such a name, but a name it is.
    std::fs::write(work.join(".git/HEAD"), long).unwrap();
    assert!(open(&sandbox, &work).head().is_err());
}

#[test]
fn blanks_at_the_end_of_a_head_mean_nothing_as_to_git() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let tip = sandbox.git(&work, &["rev-parse", "HEAD"]);
    for end in ["", "\r\n", "  \n\n", "\t"] {
        let head = |text: String| {
            std::fs::write(work.join(".git/HEAD"), text).unwrap();
            let by_git = sandbox.git(&work, &["rev-parse", "HEAD"]);
            assert_eq!(by_git, tip);
            open(&sandbox, &work).head().unwrap()
        };
        let branch = head(format!("ref: refs/heads/main{end}"));
        assert_eq!(branch.branch().unwrap().as_str(), "main", "{end:?}");
        let detached = head(format!("{tip}{end}"));
        assert_eq!(detached, Head::Detached { id: id(&tip) }, "{end:?}");
    }
}

#[test]
fn a_damaged_packed_refs_is_an_error() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["pack-refs", "--all"]);
    for garbage in [
        &b"garbage line\n"[..],
        b"\xff\xff\xff refs/heads/main\n",
        b"\n\n\n",
    ] {
        std::fs::write(work.join(".git/packed-refs"), garbage).unwrap();
        let head = open(&sandbox, &work).head();
        let harmless = matches!(head, Err(HeadError::Ref(_)) | Ok(Head::Unborn { .. }));
        assert!(harmless, "{}: {head:?}", garbage.escape_ascii());
    }
}

#[test]
fn odd_but_legal_names_come_through_as_they_are() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for name in [
        "#1",
        "%0aset",
        "a\"b",
        "$(id)",
        "`id`",
        "\u{1f680}",
        "a\u{202e}b",
        "heads/main",
    ] {
        sandbox.git(&work, &["checkout", "-q", "-B", name, "main"]);
        let head = open(&sandbox, &work).head().unwrap();
        assert_eq!(head.branch().unwrap().as_str(), name);
        assert!(head.id().is_some());
    }
}

#[test]
fn a_branch_is_not_mistaken_for_a_tag_or_a_tracking_ref_of_the_same_name() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["tag", "same"]);
    sandbox.git(&work, &["update-ref", "refs/remotes/same", "HEAD"]);
    sandbox.git(&work, &["checkout", "-q", "-b", "same"]);
    let tip = id(&sandbox.commit(&work, "a", "1", "on the branch"));
    assert_eq!(open(&sandbox, &work).head().unwrap().id(), Some(tip));
}

#[test]
fn a_symbolic_link_as_head_is_read_as_git_does() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let path = work.join(".git/HEAD");
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("refs/heads/main", &path).unwrap();
    let head = open(&sandbox, Path::new(&work)).head().unwrap();
    assert_eq!(head.branch().unwrap().as_str(), "main");
}
