//! What git and the forges say when they decline, from a real receive-pack, as people read it.
//!
//! The reasons that only a forge's own server gives come from git's `proc-receive` hook, which may
//! put any reason into the report.

mod rows;

use std::fmt::Write as _;
use std::path::Path;

use sendoff::demo::git_server::{FaultKind, GitServerOptions, RequestFault};

use crate::sandbox::Sandbox;
use crate::world::World;

use rows::{Hook, ROWS};
use sendoff_testing::supervise;

use super::rig::{ahead, options, push_head, rendered, script, server};
use super::sshd::Ssh;

/// Makes the bare repository `name` decline as the row says.
fn decline(sandbox: &Sandbox, name: &str, hook: Hook, said: &str) {
    let directory = format!("remotes/{name}.git/hooks");
    let words = sandbox.write(&format!("said-{name}"), format!("{said}\n"));
    let say = match said {
        "" => String::new(),
        _ => format!("cat '{}' >&2; ", words.display()),
    };
    match hook {
        Hook::PreReceive => {
            script(
                sandbox,
                &format!("{directory}/pre-receive"),
                &(say + "exit 1"),
            );
        }
        Hook::Update => {
            script(sandbox, &format!("{directory}/update"), &(say + "exit 1"));
        }
        Hook::Server(reason) => {
            let line = format!("ng refs/heads/feature {reason}");
            let answer = format!("000eversion=1\n0000{:04x}{line}0000", line.len() + 4);
            let answer = sandbox.write(&format!("answer-{name}"), answer);
            let text = format!("{say}cat '{}'; exec cat > /dev/null", answer.display());
            script(sandbox, &format!("{directory}/proc-receive"), &text);
            let bare = sandbox.path(&format!("remotes/{name}.git"));
            let refs = ["config", "receive.procReceiveRefs", "refs/heads"];
            sandbox.git(bare, &refs);
        }
    }
}

fn feature(sandbox: &Sandbox, remote: &Path) -> String {
    sandbox.git(remote, &["rev-parse", "refs/heads/feature"])
}

#[test]
fn the_words_of_git_and_the_forges_become_a_class_and_an_advice() {
    supervise!();
    let sandbox = Sandbox::new();
    let mut all = String::new();
    for (number, (title, hook, said, class)) in ROWS.iter().enumerate() {
        let name = format!("r{number}");
        let (work, remote) = ahead(&sandbox, &name);
        decline(&sandbox, &name, *hook, said);
        let before = feature(&sandbox, &remote);
        let url = remote.to_str().unwrap();
        let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
        assert_eq!(error.class(), *class, "{title}: {error:?}");
        assert_eq!(error.is_transient(), *class == "lock", "{title}");
        assert_eq!(feature(&sandbox, &remote), before, "{title}: a ref moved");
        writeln!(all, "# {title}\n{}\n", rendered(&sandbox, &error)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_a_remote_says_is_the_same_over_every_transport() {
    supervise!();
    let (_, hook, said, class) = ROWS[5];
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    decline(&sandbox, "r", hook, said);
    let ssh = Ssh::start(&sandbox);
    let web = server(&sandbox, GitServerOptions::default());
    let mut options = options(&sandbox);
    options.ssh_command = Some(ssh.command.clone());
    let mut texts = Vec::new();
    for url in [
        remote.display().to_string(),
        format!("{}/r.git", web.url()),
        format!("{}{}", ssh.place, remote.display()),
    ] {
        let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
        assert_eq!(error.class(), class, "{url}: {error:?}");
        texts.push(rendered(&sandbox, &error));
    }
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
}

#[test]
fn what_a_forge_says_before_git_speaks_becomes_a_class_and_an_advice() {
    supervise!();
    let rows = [
        (
            "GitHub: archived",
            403,
            "This repository was archived so it is read-only.\n",
            "read-only",
        ),
        (
            "GitLab: a mirror",
            403,
            "You can't push code to a read-only GitLab instance.",
            "read-only",
        ),
        (
            "Gitea: archived",
            403,
            "This repo is archived. You can view files and clone it, but cannot push or open issues/pull-requests.",
            "read-only",
        ),
        (
            "GitHub: a token without the right",
            403,
            "Permission to o/r.git denied to me.\n",
            "auth",
        ),
        (
            "GitHub: an organisation with single sign-on",
            403,
            "The `o' organization has enabled or enforced SAML SSO. To access\nthis repository, you must use the HTTPS remote with a personal access token\nor SSH with an SSH key and passphrase\nthat has been authorized for this organization.",
            "auth",
        ),
    ];
    let mut all = String::new();
    for (title, status, said, class) in rows {
        for path_end in ["/info/refs", "/git-receive-pack"] {
            let sandbox = Sandbox::new();
            let (work, _) = ahead(&sandbox, "r");
            let fault = RequestFault {
                path_end,
                after: 0,
                times: usize::MAX,
                kind: FaultKind::Status(status, said),
            };
            let faults = GitServerOptions {
                faults: vec![fault],
                ..GitServerOptions::default()
            };
            let web = server(&sandbox, faults);
            let url = format!("{}/r.git", web.url());
            let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
            assert_eq!(error.class(), class, "{title}: {error:?}");
            assert!(!error.is_transient());
            if path_end == "/info/refs" {
                writeln!(all, "# {title}\n{}\n", rendered(&sandbox, &error)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_a_forge_says_over_ssh_becomes_a_class_and_an_advice() {
    supervise!();
    let more = "\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.";
    let rows = [
        (
            "ERROR: This repository was archived so it is read-only.",
            "read-only",
        ),
        (
            "remote: ERROR: You can't push code to a read-only GitLab instance.",
            "read-only",
        ),
        ("ERROR: Permission to o/r.git denied to me.", "denied"),
        (
            "ERROR: The key you are authenticating with has been marked as read only.",
            "denied",
        ),
        ("ERROR: Repository not found.", "not-found"),
    ];
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut all = String::new();
    for (said, class) in rows {
        let words = sandbox.write("words", format!("{said}{more}\n"));
        let text = format!("cat '{}' >&2; exit 128", words.display());
        let mut options = options(&sandbox);
        options.ssh_command = Some(script(&sandbox, "forge", &text).display().to_string());
        let error = push_head(&sandbox, &work, "git@forge.test:o/r.git", &options).unwrap_err();
        assert_eq!(error.class(), class, "{said}: {error:?}");
        writeln!(all, "{}\n", rendered(&sandbox, &error)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_report_shows_class_words_and_advice() {
    supervise!();
    let world = World::new();
    let (_, _, said, _) = ROWS[5];
    let words = world.sandbox.write("words", said);
    let hook = format!("cat '{}' >&2; exit 1", words.display());
    script(
        &world.sandbox,
        "served/acme/rocket.git/hooks/pre-receive",
        &hook,
    );
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "failed");
    assert_eq!(step["reason"], "secret-protection");
    assert_eq!(report["exit_code"], 1);
    let shown = serde_json::json!({
        "summary": step["summary"],
        "reason": step["reason"],
        "advice": step["advice"],
        "messages": step["outputs"]["messages"],
    });
    let people = world.run(&["run", "post-commit"]);
    assert_eq!(people.code, Some(1));
    let json = serde_json::to_string_pretty(&shown).unwrap();
    let text = world.normalise(&format!("{json}\n\n{}", people.stdout));
    let text: String = text
        .lines()
        .filter(|line| !line.contains("pull request #"))
        .fold(String::new(), |all, line| all + line + "\n");
    insta::assert_snapshot!(text);
}

/// The server's configuration keeps branches of this name to itself, which no message tells.
#[test]
fn a_hidden_branch_is_told_and_the_advice_works() {
    supervise!();
    let world = World::new();
    let hide = ["config", "receive.hideRefs", "refs/heads/feature"];
    world.sandbox.git(world.bare(), &hide);
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["reason"], "rejected", "{report}");
    let advice = step["advice"].as_str().unwrap();
    assert_eq!(
        advice,
        "the server keeps branches of this name to itself (`transfer.hideRefs` or `receive.hideRefs` there): rename the \
         branch, git branch -m NAME, or ask who runs the server"
    );
    world.sandbox.git(world.work(), &["branch", "-m", "fix/x"]);
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
}
