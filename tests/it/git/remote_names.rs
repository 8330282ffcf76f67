//! Names of remotes as people and repositories write them, and the refspecs of their sections.

use sendoff::git::RemoteError;
use sendoff::names::BranchName;
use sendoff_testing::supervise;

use super::open;
use super::remote::{B, chosen};
use crate::sandbox::Sandbox;

#[test]
fn a_name_that_stands_in_no_ref_is_a_remote_as_for_git() {
    supervise!();
    for odd in [
        "my fork", "fork~1", "a\\b", "x.lock", "foo*", "a?b", "fork@{0}",
    ] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        let key = |key: &str| format!("remote.{odd}.{key}");
        let remote = || open(&sandbox, &work).remote(None, None);
        sandbox.git(&work, &["config", &key("url"), "https://h.test/o/r"]);
        let fetch = "+refs/heads/*:refs/remotes/fork/*";
        sandbox.git(&work, &["config", &key("fetch"), fetch]);
        let by_git = sandbox.git(&work, &["remote", "get-url", "--push", odd]);
        let found = remote().unwrap();
        assert_eq!((found.name.as_str(), found.url.to_string()), (odd, by_git));
        assert_eq!(
            open(&sandbox, &work).remote_head_hint(&found).unwrap(),
            None
        );
        // Where the refspec follows the name, git refuses both.
        let fetch = format!("+refs/heads/*:refs/remotes/{odd}/*");
        sandbox.git(&work, &["config", &key("fetch"), &fetch]);
        let mut git = sandbox.command("git");
        let git = git.args(["push", "--dry-run", "--", odd, "main"]);
        let said = git.current_dir(&work).output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(
            said.contains(&format!("fatal: invalid refspec '{fetch}'")),
            "{said}"
        );
        let error = remote().unwrap_err();
        let shown = fetch.escape_debug();
        assert_eq!(
            error.to_string(),
            format!("`{shown}` is no refspec: the remote `{odd}` cannot be used")
        );
        // The advice works.
        let advice = error.advice().unwrap();
        assert!(advice.contains("git config --rename-section"), "{advice}");
        let section = format!("remote.{odd}");
        sandbox.git(
            &work,
            &["config", "--rename-section", &section, "remote.new"],
        );
        let fetch = "+refs/heads/*:refs/remotes/new/*";
        sandbox.git(&work, &["config", "remote.new.fetch", fetch]);
        assert_eq!(remote().unwrap().name.as_str(), "new");
    }
    // These would be an option, an address or no text.
    for odd in ["-fork", "fork:x", "..", "a\u{202e}b"] {
        let url = (format!("remote.{odd}.url"), "https://h.test/o/r");
        let error = chosen(&[(&url.0, url.1)]).unwrap_err();
        assert!(matches!(error, RemoteError::Name(_)), "{odd}: {error}");
    }
    let several = [("remote.my fork.url", "https://a.test/o/r"), B];
    let advice = chosen(&several).unwrap_err().advice().unwrap();
    assert_eq!(advice, "choose one with `git config remote.pushDefault b`");
    let several = [
        ("remote.my fork.url", "https://a.test/o/r"),
        ("remote.z.url", B.1),
    ];
    let advice = chosen(&several).unwrap_err().advice().unwrap();
    assert_eq!(
        advice,
        "choose one with `git config remote.pushDefault 'my fork'`"
    );
}

/// Guards against names in advice that a shell runs: the name of a remote comes with the repository.
#[test]
fn advice_with_an_odd_name_runs_nothing_but_git() {
    supervise!();
    for odd in [
        "a b$(touch made)",
        "x; touch made #",
        "x`touch made`y",
        "it's | touch made",
        "a \"b\" $HOME",
    ] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        sandbox.git(&work, &["config", "branch.main.remote", odd]);
        let remote = || open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()));
        let paste = |advice: &str, command: &str| {
            let mut shell = sandbox.command("sh");
            let shell = shell.args(["-c", command]).current_dir(&work);
            let said = shell.output().unwrap();
            assert!(!work.join("made").exists(), "{advice}");
            said.status.success()
        };
        // Git refuses to add such a remote, but as one word.
        let advice = remote().unwrap_err().advice().unwrap();
        let command = advice.strip_prefix("add it with `").unwrap();
        let command = command.strip_suffix('`').unwrap();
        paste(&advice, &command.replace("URL", "https://h.test/o/r"));
        // What is renamed is the section that the repository has.
        let key = |key: &str| format!("remote.{odd}.{key}");
        sandbox.git(&work, &["config", &key("url"), "https://h.test/o/r"]);
        let fetch = format!("+refs/heads/*:refs/remotes/{odd} ..x/*");
        sandbox.git(&work, &["config", &key("fetch"), &fetch]);
        let advice = remote().unwrap_err().advice().unwrap();
        let command = advice.split_once(": ").unwrap().1;
        let command = command.rsplit_once(", and correct").unwrap().0;
        assert!(
            paste(&advice, &command.replace("remote.NAME", "remote.new")),
            "{advice}"
        );
        let url = sandbox.git(&work, &["config", "remote.new.url"]);
        assert_eq!(url.trim(), "https://h.test/o/r", "{odd}");
    }
}

#[test]
fn a_refspec_that_git_refuses_is_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (spec, is_refused) in [
        ("+refs/heads/*:refs/remotes/or..igin/*", true),
        ("+refs/heads/*/*:refs/remotes/o/*/*", true),
        ("+refs/heads/*:refs/remotes/origin", true),
        ("refs/heads/a:refs/remotes/origin/*", true),
        ("a:b:c", true),
        ("a b", true),
        ("a..b", true),
        ("a~1:refs/remotes/origin/a", true),
        ("refs/heads/*", true),
        ("^refs/heads/x:y", true),
        ("^", true),
        ("+^refs/heads/x", true),
        ("^0123456789012345678901234567890123456789", true),
        (
            "^0123456789012345678901234567890123456789012345678901234567890123",
            false,
        ),
        ("0123456789012345678901234567890123456789", false),
        ("refs/heads/a:@", true),
        ("@:x", false),
        ("refs/heads/a:", false),
        (":refs/remotes/origin/a", false),
        ("main", false),
        ("^refs/heads/x", false),
        ("+refs/heads/a*b:refs/remotes/origin/c*", false),
        ("+refs/*:refs/*", false),
        ("main:kept", false),
        ("", false),
    ] {
        sandbox.git(&work, &["config", "remote.origin.url", "/none"]);
        sandbox.git(&work, &["config", "remote.origin.fetch", spec]);
        let mut git = sandbox.command("git");
        let git = git.args(["push", "--dry-run", "origin", "main"]);
        let said = git.current_dir(&work).output().unwrap().stderr;
        let by_git = String::from_utf8(said).unwrap().contains("invalid refspec");
        assert_eq!(by_git, is_refused, "{spec}");
        match open(&sandbox, &work).remote(None, None) {
            Ok(_) => assert!(!is_refused, "{spec}"),
            Err(error) => {
                let text = format!("`{spec}` is no refspec: the remote `origin` cannot be used");
                assert_eq!(error.to_string(), text);
                let advice = error.advice().unwrap();
                assert_eq!(advice, "correct `remote.origin.fetch`: git config --edit");
            }
        }
    }
}
