//! Every push is done twice, by us and by `git push`, and the remotes are compared.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::{Action, PushOptions};

use crate::sandbox::Sandbox;

use super::rig::{bare, branch_of, login, noise, options, push_head, server};
use super::sshd::Ssh;

/// How the two remotes are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Http,
    HttpWithPassword,
    File,
    Ssh,
}

type Urls = Box<dyn Fn(&str) -> (String, String)>;

/// Where a twin push goes, and how git is told.
struct Route {
    options: PushOptions,
    /// The URL of a bare repository by its name, for us and for git.
    urls: Urls,
    git_ssh: Option<String>,
    _server: Box<dyn std::any::Any>,
}

fn route(sandbox: &Sandbox, over: Over) -> Route {
    let mut options = options(sandbox);
    let root = sandbox.path("remotes");
    let paths = move |name: &str| {
        root.join(format!("{name}.git"))
            .to_str()
            .unwrap()
            .to_owned()
    };
    match over {
        Over::File => Route {
            options,
            urls: Box::new(move |name| (paths(name), paths(name))),
            git_ssh: None,
            _server: Box::new(()),
        },
        Over::Http | Over::HttpWithPassword => {
            let password = over == Over::HttpWithPassword;
            let wanted = password.then(|| ("me".to_owned(), SecretString::from("pw")));
            options.login = password.then(|| login("me", "pw"));
            let server = server(
                sandbox,
                GitServerOptions {
                    login: wanted,
                    ..GitServerOptions::default()
                },
            );
            let url = server.url();
            let for_git = if password {
                url.replace("http://", "http://me:pw@")
            } else {
                url.clone()
            };
            Route {
                options,
                urls: Box::new(move |name| {
                    (format!("{url}/{name}.git"), format!("{for_git}/{name}.git"))
                }),
                git_ssh: None,
                _server: Box::new(server),
            }
        }
        Over::Ssh => {
            let ssh = Ssh::start(sandbox);
            options.ssh_command = Some(ssh.command.clone());
            let place = ssh.place.clone();
            Route {
                options,
                urls: Box::new(move |name| {
                    let url = format!("{place}{}", paths(name));
                    (url.clone(), url)
                }),
                git_ssh: Some(ssh.command.clone()),
                _server: Box::new(ssh),
            }
        }
    }
}

/// A repository with a remote that has `main` and `feature`; HEAD is at `feature`, with nothing ahead.
fn start(sandbox: &Sandbox) -> PathBuf {
    let work = sandbox.repository("work");
    let lines: Vec<String> = (0..200).map(|n| format!("line {n}\n")).collect();
    sandbox.commit(&work, "src/lib.rs", &lines.concat(), "library");
    sandbox.commit(&work, "docs/guide.md", "guide\n", "guide");
    sandbox.git(&work, &["checkout", "-q", "-b", "feature"]);
    sandbox.commit(&work, "feature.txt", "begin\n", "begin");
    let seed = bare(sandbox, "seed");
    sandbox.git(
        &work,
        &["push", "-q", seed.to_str().unwrap(), "main", "feature"],
    );
    work
}

/// Pushes to two copies of the seed over each way, and compares them.
fn compare(sandbox: &Sandbox, work: &Path, ways: &[Over]) {
    let branch = branch_of(sandbox, work);
    for over in ways {
        for name in ["ours", "gits"] {
            let copy = sandbox.path(&format!("remotes/{name}.git"));
            if copy.exists() {
                std::fs::remove_dir_all(&copy).unwrap();
            }
            let status = sandbox
                .command("cp")
                .args(["-r", "remotes/seed.git"])
                .arg(&copy)
                .status();
            assert!(status.unwrap().success());
        }
        let route = route(sandbox, *over);
        let pushed = push_head(sandbox, work, &(route.urls)("ours").0, &route.options);
        let pushed = pushed.unwrap_or_else(|error| panic!("{over:?}: {error:?}"));
        let mut git = sandbox.command("git");
        git.current_dir(work);
        if let Some(ssh) = &route.git_ssh {
            git.env("GIT_SSH_COMMAND", ssh);
        }
        let refspec = format!("HEAD:refs/heads/{branch}");
        let output = git
            .args(["push", &(route.urls)("gits").1, &refspec])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );

        let see = |name: &str, arguments: &[&str]| {
            sandbox.git(sandbox.path(&format!("remotes/{name}.git")), arguments)
        };
        let both = |arguments: &[&str]| (see("ours", arguments), see("gits", arguments));
        let (ours, gits) = both(&["for-each-ref"]);
        assert_eq!(ours, gits, "{over:?}: refs");
        let (ours, gits) = both(&["rev-list", "--objects", "--all"]);
        assert_eq!(ours, gits, "{over:?}: reachable objects");
        let all = [
            "cat-file",
            "--batch-all-objects",
            "--batch-check",
            "--unordered",
        ];
        let (ours, gits) = both(&all);
        assert!(
            ours.lines().count() <= gits.lines().count(),
            "{over:?}: more objects than git sends"
        );
        assert_eq!(see("ours", &["fsck", "--full", "--strict"]), "");
        assert_eq!(pushed.new.to_string(), see("ours", &["rev-parse", &branch]));

        let again = push_head(sandbox, work, &(route.urls)("ours").0, &route.options).unwrap();
        assert_eq!(again.action, Action::UpToDate, "{over:?}");
    }
}

const ALL: &[Over] = &[Over::Http, Over::HttpWithPassword, Over::File, Over::Ssh];
const FAST: &[Over] = &[Over::Http, Over::File];

#[test]
fn linear_commits_arrive_over_every_transport() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    for n in 0..4 {
        sandbox.commit(
            &work,
            "feature.txt",
            &format!("begin\n{n}\n"),
            &format!("step {n}"),
        );
    }
    compare(&sandbox, &work, ALL);
}

#[test]
fn a_merge_of_main_arrives() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "main"]);
    sandbox.commit(&work, "main.txt", "news\n", "news on main");
    let seed = sandbox.path("remotes/seed.git");
    sandbox.git(&work, &["push", "-q", seed.to_str().unwrap(), "main"]);
    sandbox.git(&work, &["checkout", "-q", "feature"]);
    sandbox.commit(&work, "feature.txt", "more\n", "more");
    sandbox.git(&work, &["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    compare(&sandbox, &work, ALL);
}

#[test]
fn an_orphan_branch_arrives() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "--orphan", "lonely"]);
    sandbox.git(&work, &["rm", "-rfq", "."]);
    sandbox.commit(&work, "alone.txt", "alone\n", "alone");
    compare(&sandbox, &work, FAST);
}

#[test]
fn a_revert_arrives() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.commit(&work, "src/lib.rs", "all new\n", "rewrite");
    sandbox.git(&work, &["revert", "--no-edit", "HEAD"]);
    compare(&sandbox, &work, FAST);
}

#[test]
fn renames_and_modes_arrive() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["mv", "src", "lib"]);
    sandbox.git(&work, &["mv", "docs/guide.md", "GUIDE.md"]);
    sandbox.git(&work, &["update-index", "--chmod=+x", "feature.txt"]);
    std::os::unix::fs::symlink("README", work.join("link")).unwrap();
    sandbox.git(&work, &["add", "link"]);
    sandbox.git(&work, &["commit", "-q", "-m", "move"]);
    compare(&sandbox, &work, FAST);
}

#[test]
fn a_file_that_becomes_a_directory_and_the_other_way_arrive() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["rm", "-rq", "docs", "feature.txt"]);
    sandbox.commit(&work, "feature.txt/inner", "inside\n", "file to directory");
    sandbox.commit(&work, "docs", "flat\n", "directory to file");
    compare(&sandbox, &work, FAST);
}

#[test]
fn a_submodule_link_arrives_without_its_commit() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    let absent = "1234567890123456789012345678901234567890";
    let info = format!("160000,{absent},vendor/sub");
    sandbox.git(&work, &["update-index", "--add", "--cacheinfo", &info]);
    sandbox.git(&work, &["commit", "-q", "-m", "link"]);
    compare(&sandbox, &work, FAST);
}

#[test]
fn an_empty_commit_arrives() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["commit", "-q", "--allow-empty", "-m", "nothing"]);
    compare(&sandbox, &work, FAST);
}

#[test]
fn a_new_branch_at_an_old_commit_sends_no_object() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.git(&work, &["checkout", "-q", "-b", "old", "main~1"]);
    compare(&sandbox, &work, ALL);
}

#[test]
fn a_shallow_clone_pushes_what_is_new() {
    let sandbox = Sandbox::new();
    start(&sandbox);
    let seed = format!("file://{}", sandbox.path("remotes/seed.git").display());
    let root = sandbox.path("");
    sandbox.git(
        &root,
        &[
            "clone", "-q", "--depth", "1", "-b", "feature", &seed, "shallow",
        ],
    );
    let work = sandbox.path("shallow");
    sandbox.commit(&work, "feature.txt", "from the shallow\n", "shallow");
    compare(&sandbox, &work, FAST);
}

#[test]
fn a_linked_worktree_pushes_its_own_branch() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    let linked = sandbox.path("linked");
    sandbox.git(
        &work,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "side",
            linked.to_str().unwrap(),
        ],
    );
    sandbox.commit(&linked, "side.txt", "side\n", "side");
    compare(&sandbox, &linked, FAST);
}

#[test]
fn one_changed_line_of_a_large_file_is_a_small_push_over_every_transport() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    let mut lines: Vec<String> = (0..150_000)
        .map(|n| format!("row {n} of a long table\n"))
        .collect();
    sandbox.commit(&work, "table.txt", &lines.concat(), "table");
    let seed = sandbox.path("remotes/seed.git");
    sandbox.git(&work, &["push", "-q", seed.to_str().unwrap(), "feature"]);
    lines[75_000] = "changed\n".into();
    sandbox.commit(&work, "table.txt", &lines.concat(), "one row");
    compare(&sandbox, &work, ALL);
}

#[test]
fn a_push_larger_than_what_is_collected_is_streamed_over_every_transport() {
    let sandbox = Sandbox::new();
    let work = start(&sandbox);
    sandbox.commit(&work, "noise.txt", &noise(400_000), "noise");
    compare(&sandbox, &work, ALL);
}
