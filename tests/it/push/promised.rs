//! Partial clones that are pushed to a fork: what the clone left out comes from its promisor, as with git.

use std::path::PathBuf;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use secrecy::SecretString;
use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::supervise;

use crate::sandbox::{Sandbox, succeed};

use super::daemon::{Daemon, HERE, PUSHABLE};
use super::rig::server;
use super::sshd::Ssh;

/// An upstream repository that is ahead of a fork, and a partial clone of the upstream.
struct Partial {
    sandbox: Sandbox,
    fork: PathBuf,
    work: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Partial {
    /// Both repositories are at `place`/NAME.git.
    /// Git writes `remote.origin.promisor` and `partialclonefilter` into the clone.
    fn clone(sandbox: Sandbox, filter: &str, place: &str) -> Self {
        Self::clone_with(sandbox, filter, place, Vec::new())
    }

    fn clone_with(
        sandbox: Sandbox,
        filter: &str,
        place: &str,
        variables: Vec<(&'static str, String)>,
    ) -> Self {
        let source = sandbox.repository("source");
        let bare = |name: &str| sandbox.path(&format!("remotes/{name}.git"));
        let cloned = |name: &str| {
            let to = bare(name);
            sandbox.git(
                &source,
                &["clone", "-q", "--bare", ".", to.to_str().unwrap()],
            );
        };
        sandbox.commit(&source, "base.txt", "base\n", "base");
        cloned("fork");
        let noise = sendoff_testing::noise(7, 100_000);
        sandbox.write("source/dir/gone.bin", noise);
        sandbox.git(&source, &["add", "."]);
        sandbox.commit(&source, "dir/sub/new.txt", "new\n", "more");
        sandbox.git(&source, &["rm", "-qr", "dir"]);
        sandbox.commit(&source, "base.txt", "changed\n", "gone again");
        cloned("up");
        for (key, value) in [("allowFilter", "true"), ("allowAnySHA1InWant", "true")] {
            sandbox.git(bare("up"), &["config", &format!("uploadpack.{key}"), value]);
        }
        let work = sandbox.path("partial");
        let (filter, url) = (format!("--filter={filter}"), format!("{place}/up.git"));
        let mut git = sandbox.command("git");
        git.envs(variables.iter().map(|(name, value)| (name, value)));
        succeed(git.args(["clone", "-q", &filter, &url, "partial"]));
        let url = format!("{place}/fork.git");
        sandbox.git(&work, &["remote", "add", "fork", &url]);
        sandbox.git(&work, &["config", "remote.pushDefault", "fork"]);
        sandbox.git(&work, &["switch", "-q", "-c", "feature"]);
        sandbox.git(&work, &["commit", "-q", "--allow-empty", "-m", "work"]);
        Self {
            fork: bare("fork"),
            sandbox,
            work,
            variables,
        }
    }

    /// A clone over paths.
    fn over_paths(filter: &str) -> Self {
        let sandbox = Sandbox::new();
        let place = format!("file://{}", sandbox.path("remotes").display());
        Self::clone(sandbox, filter, &place)
    }

    fn command(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .envs(self.sandbox.variables())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.work);
        command
    }

    /// Runs the push and returns what it said.
    fn push(&self, more: &[&str]) -> String {
        let mut ours = self.command(Command::cargo_bin("sendoff").unwrap());
        ours.args(["step", "push", "--set", "remotes.allow-file=true"]);
        let said = ours.args(more).output().unwrap();
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
    }

    /// Lets a script serve what is fetched from the remote of the clone.
    fn serve(&self, script: &str) {
        let program = self.sandbox.executable("bin/serve", script);
        let program = program.to_str().unwrap();
        let key = "remote.origin.uploadpack";
        self.sandbox
            .git(&self.work, &["config", "--global", key, program]);
    }

    fn tip(&self, branch: &str) -> String {
        let full = format!("refs/heads/{branch}");
        let tip = ["for-each-ref", "--format=%(objectname)", &full];
        self.sandbox.git(&self.fork, &tip)
    }

    /// What the clone has, without fetching anything.
    fn objects(&self) -> String {
        self.sandbox.git(&self.work, &["count-objects", "-v"])
    }

    /// Pushes with us and with git: the fork has all of it, and our push left the clone as it was.
    fn both_arrive(&self) {
        let before = self.objects();
        let said = self.push(&[]);
        assert_eq!(self.objects(), before, "{said}");
        let head = self.sandbox.head(&self.work);
        assert_eq!(self.tip("feature"), head, "{said}");
        self.sandbox.git(&self.fork, &["fsck", "--strict"]);
        let left = self.sandbox.path("home/.local/state/sendoff/objects");
        let left = std::fs::read_dir(left).into_iter().flatten().count();
        assert_eq!(left, 0, "{said}");
        let mut git = self.command(Command::new("git"));
        succeed(git.args(["push", "-q", "fork", "HEAD:by-git"]));
        assert_eq!(self.tip("by-git"), head);
    }

    fn is_held(&self, said: &str, words: &[&str]) {
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert_eq!(self.tip("feature"), "", "{said}");
    }
}

#[test]
fn files_and_directories_that_the_clone_left_out_reach_a_fork() {
    supervise!();
    for filter in ["blob:none", "tree:0", "blob:limit=1k"] {
        Partial::over_paths(filter).both_arrive();
    }
}

#[test]
fn they_come_over_http_with_the_login_of_the_push() {
    supervise!();
    let sandbox = Sandbox::new();
    let login = Some(("me".to_owned(), SecretString::from("pw")));
    let options = GitServerOptions {
        login,
        ..GitServerOptions::default()
    };
    let git = server(&sandbox, options);
    let helper = "!f() { echo username=me; echo password=pw; }; f";
    sandbox.git(
        sandbox.home(),
        &["config", "--global", "credential.helper", helper],
    );
    let url = git.url();
    Partial::clone(sandbox, "blob:none", &url).both_arrive();
}

#[test]
fn they_come_over_ssh() {
    supervise!();
    let sandbox = Sandbox::new();
    let ssh = Ssh::start(&sandbox);
    let place = format!("{}{}", ssh.place, sandbox.path("remotes").display());
    let variables = vec![("GIT_SSH_COMMAND", ssh.command.clone())];
    Partial::clone_with(sandbox, "blob:none", &place, variables).both_arrive();
}

#[test]
fn they_come_from_gits_daemon() {
    supervise!();
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("remotes")).unwrap();
    let daemon = Daemon::start(&sandbox, "remotes", HERE, PUSHABLE);
    let place = daemon.url("");
    let policy = format!("[remotes]\nallowed = [\"{place}**\"]\n");
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    let place = place.trim_end_matches('/').to_owned();
    Partial::clone(sandbox, "blob:none", &place).both_arrive();
}

/// Takes a commit out of the clone, which stays a partial one.
const WITHOUT: &str = "set -e; cd .git/objects; cat pack/*.pack > /dev/null; \
    git cat-file --batch-all-objects --batch-check='%(objectname)' | grep -v \"$1\" | \
    git pack-objects -q --missing=allow-promisor pack/kept > name; \
    for one in pack/pack-*; do rm -f \"$one\"; done; rm -rf ??; touch pack/kept-$(cat name).promisor";

#[test]
fn a_commit_that_is_missing_for_the_proof_that_nothing_is_lost_is_fetched() {
    supervise!();
    // What is not here: the commit between, and the one that the fork has as well.
    for behind in ["main~1", "main~2"] {
        let partial = Partial::over_paths("blob:none");
        let (sandbox, work) = (&partial.sandbox, &partial.work);
        let url = format!("file://{}", partial.fork.display());
        sandbox.git(work, &["push", "-q", &url, "main~2:refs/heads/feature"]);
        let id = sandbox.git(work, &["rev-parse", behind]);
        let mut sh = partial.command(Command::new("sh"));
        succeed(sh.args(["-c", WITHOUT, "sh", &id]));
        let absent = ["rev-list", "--missing=print", "--objects", "feature"];
        assert!(sandbox.git(work, &absent).contains(&format!("?{id}")));
        partial.both_arrive();
    }
}

/// A program in the place of git's own that speaks the old protocol only.
fn old_server(partial: &Partial) {
    partial.serve("#!/bin/sh\nunset GIT_PROTOCOL\nexec git upload-pack \"$@\"\n");
}

#[test]
fn they_come_by_the_first_protocol() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    old_server(&partial);
    partial.both_arrive();
}

#[test]
fn a_server_that_gives_no_objects_by_their_ids_is_named_and_the_advice_works() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    old_server(&partial);
    let upstream = partial.sandbox.path("remotes/up.git");
    let key = "uploadpack.allowAnySHA1InWant";
    partial.sandbox.git(upstream, &["config", key, "false"]);
    let said = partial.push(&[]);
    partial.is_held(
        &said,
        &[
            "this partial clone lacks objects to push, and they cannot be fetched from origin",
            "not our ref",
            "git fetch --refetch --no-filter origin",
        ],
    );
    let advice = ["fetch", "-q", "--refetch", "--no-filter", "origin"];
    partial.sandbox.git(&partial.work, &advice);
    let said = partial.push(&[]);
    assert_eq!(
        partial.tip("feature"),
        partial.sandbox.head(&partial.work),
        "{said}"
    );
}

#[test]
fn nothing_is_fetched_for_the_remote_of_the_clone_itself() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    partial
        .sandbox
        .git(&partial.work, &["config", "remote.pushDefault", "origin"]);
    partial
        .sandbox
        .commit(&partial.work, "base.txt", "mine\n", "mine");
    // Whoever asks here is told that nothing may be fetched.
    let mut partial = partial;
    partial.variables.push(("GIT_NO_LAZY_FETCH", "1".into()));
    let said = partial.push(&[]);
    let upstream = partial.sandbox.path("remotes/up.git");
    let tip = partial.sandbox.git(upstream, &["rev-parse", "feature"]);
    assert_eq!(tip, partial.sandbox.head(&partial.work), "{said}");
}

#[test]
fn a_caller_who_forbids_fetching_is_obeyed_and_named() {
    supervise!();
    let mut partial = Partial::over_paths("blob:none");
    partial.variables.push(("GIT_NO_LAZY_FETCH", "true".into()));
    let said = partial.push(&[]);
    partial.is_held(
        &said,
        &[
            "GIT_NO_LAZY_FETCH forbids to fetch them",
            "unset GIT_NO_LAZY_FETCH",
        ],
    );
    let mut git = partial.command(Command::new("git"));
    let as_git = git
        .args(["push", "-q", "fork", "HEAD:by-git"])
        .output()
        .unwrap();
    assert!(!as_git.status.success(), "{as_git:?}");
    // The advice.
    partial.variables.clear();
    partial.both_arrive();
}

#[test]
fn a_promisor_that_the_policy_does_not_allow_is_not_asked() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    let elsewhere = partial.sandbox.path("elsewhere.git");
    let upstream = partial.sandbox.path("remotes/up.git");
    std::fs::rename(upstream, &elsewhere).unwrap();
    let elsewhere = format!("file://{}", elsewhere.display());
    partial
        .sandbox
        .git(&partial.work, &["remote", "set-url", "origin", &elsewhere]);
    let fork = format!("file://{}", partial.fork.display());
    let only = format!("remotes.allowed=[\"{fork}\"]");
    let said = partial.push(&["--set", &only]);
    partial.is_held(
        &said,
        &[
            "elsewhere.git is not among the remotes that the policy allows",
            "add its URL to `remotes.allowed`",
        ],
    );
    // The advice.
    let both = format!("remotes.allowed=[\"{fork}\", \"{elsewhere}\"]");
    let said = partial.push(&["--set", &both]);
    assert_eq!(
        partial.tip("feature"),
        partial.sandbox.head(&partial.work),
        "{said}"
    );
}

/// Guards what the user's login can read: a file of the repository names the place, a commit the object.
#[test]
fn an_agents_promisor_is_not_asked_for_what_it_alone_has() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    let (sandbox, work) = (&partial.sandbox, &partial.work);
    let hook = |partial: &Partial| {
        let mut ours = partial.command(Command::cargo_bin("sendoff").unwrap());
        let allowed = ["--set", "remotes.allow-file=true"];
        ours.args(["run", "post-commit", "--trigger", "git-post-commit"]);
        let said = ours.args(allowed).output().unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    // The first run takes the remotes as they are: the fork, and the promisor of the clone.
    let said = hook(&partial);
    assert_eq!(partial.tip("feature"), sandbox.head(work), "{said}");
    // A repository that only the user can read, and a commit that names a file of it.
    let private = sandbox.repository("private");
    sandbox.commit(&private, "secret.txt", "of nobody else\n", "secret");
    let key = "uploadpack.allowAnySHA1InWant";
    sandbox.git(&private, &["config", key, "true"]);
    let blob = sandbox.git(&private, &["rev-parse", "HEAD:secret.txt"]);
    let url = format!("file://{}", private.display());
    sandbox.git(work, &["config", "remote.more.url", &url]);
    sandbox.git(work, &["config", "remote.more.promisor", "true"]);
    let index = format!("100644,{blob},secret.txt");
    let add = ["update-index", "--add", "--cacheinfo", &index];
    sandbox.git(work, &add);
    let tree = sandbox.git(work, &["write-tree", "--missing-ok"]);
    let before = partial.tip("feature");
    let commit = sandbox.git(work, &["commit-tree", &tree, "-p", "feature", "-m", "take"]);
    sandbox.git(work, &["update-ref", "refs/heads/feature", &commit]);
    let said = hook(&partial);
    let shown = private.display();
    let held = format!("nothing was ever fetched from {shown} to push it");
    assert!(said.contains(&held), "{said}");
    let advice = format!("sendoff trust remote {shown}");
    assert!(said.contains(&advice), "{said}");
    assert_eq!(partial.tip("feature"), before);
    // The control: the caller's own word.
    let said = partial.push(&[]);
    assert_eq!(partial.tip("feature"), commit, "{said}");
}

#[test]
fn no_more_is_fetched_than_may_be_pushed() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    let said = partial.push(&["--set", "limits.push-size=50KB"]);
    partial.is_held(
        &said,
        &[
            "they are larger than the most that is sent",
            "raise `limits.push-size`",
        ],
    );
    partial.push(&["--set", "limits.push-size=200KB"]);
    assert_eq!(partial.tip("feature"), partial.sandbox.head(&partial.work));
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next_one() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    let left = "home/.local/state/sendoff/objects/objects-left/pack/x.pack";
    partial.sandbox.write(left, "old");
    partial.both_arrive();
}

#[test]
fn a_promisor_that_sends_something_else_brings_nothing_in() {
    supervise!();
    let partial = Partial::over_paths("blob:none");
    // It answers each request with a pack of another object.
    let script = "#!/bin/sh\n\
        line() { printf '%04x%s' $((${#1} + 4)) \"$1\"; }\n\
        line 'version 2\n'; line 'fetch=filter\n'; printf 0000\n\
        dd bs=1 count=40 >/dev/null 2>&1\n\
        line 'packfile\n'\n\
        git init -q \"$HOME/evil\" 2>/dev/null; cd \"$HOME/evil\"\n\
        echo evil | git hash-object -w --stdin | git pack-objects -q --stdout > pack\n\
        printf '%04x\\001' $(($(wc -c < pack) + 5)); cat pack; printf 0000\n";
    partial.serve(script);
    let said = partial.push(&[]);
    partial.is_held(&said, &["is missing from the repository"]);
}
