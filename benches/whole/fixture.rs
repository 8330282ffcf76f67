//! The fixture of a measurement: a home, a clone with something to push, its remote, and both programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sendoff::demo::git_server::{GitServer, GitServerOptions};
use sendoff::environment::Environment;
use sendoff::process::Inheritance;
use tempfile::TempDir;

use crate::workload::Workload;

/// The branch that is pushed.
const BRANCH: &str = "feature";
/// The user's policy: allows what these rows need, and leaves out the pull request.
const POLICY: &str = "[branches]\nbase = \"main\"\n[remotes]\nallow-file = true\n\
                      [limits]\ncommits = 100000\n[steps.pr-create]\nenabled = false\n";

/// How the remote is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remote {
    /// Smart HTTP, by git's own `http-backend`.
    Http,
    /// A path.
    Path,
}

/// The git command that sendoff is compared with.
enum GitCommand {
    Push,
    RevParse,
    RevList,
}

/// The fixture of one row.
pub(crate) struct Fixture {
    root: TempDir,
    server: Option<GitServer>,
    compared_with: GitCommand,
    /// The remote's object files before a push.
    pristine: BTreeSet<PathBuf>,
}

impl Fixture {
    /// Makes a remote with the commits that the workload's server has, and a clone with those to push.
    pub(crate) fn of(workload: &Workload) -> Self {
        let root = tempfile::tempdir().unwrap();
        let fixture = Self {
            root,
            server: None,
            compared_with: GitCommand::RevParse,
            pristine: BTreeSet::new(),
        };
        for directory in ["home/.config/sendoff", "served"] {
            fs::create_dir_all(fixture.path(directory)).unwrap();
        }
        fs::write(fixture.path("home/.config/sendoff/policy.toml"), POLICY).unwrap();
        let git = |directory: &str, words: &str| fixture.run(&fixture.path(directory), words);
        git(".", "init -q --bare -b main served/r.git");
        git("served/r.git", "config http.receivepack true");
        git(".", "init -q -b main clone");
        git("clone", "config user.name A");
        git("clone", "config user.email a@example.invalid");
        let from = workload.path().to_str().unwrap();
        git("clone", &format!("fetch -q {from} {}", workload.want));
        git("clone", &format!("branch -q {BRANCH} {}", workload.want));
        for has in &workload.has {
            git("clone", &format!("branch -q -f main {has}"));
            git("clone", "push -q ../served/r.git main");
        }
        let url = fixture.path("served/r.git");
        git("clone", &format!("remote add origin {}", url.display()));
        git("clone", "fetch -q origin");
        git("clone", &format!("checkout -q -f {BRANCH}"));
        fixture
    }

    /// Measures pushes to a remote.
    pub(crate) fn to(mut self, remote: Remote) -> Self {
        self.compared_with = GitCommand::Push;
        if remote == Remote::Http {
            let variables = self.variables();
            let pairs = variables
                .iter()
                .map(|(name, value)| (*name, value.as_str()));
            let environment = Environment::from_pairs(self.root.path(), pairs);
            let inheritance =
                Inheritance::new(environment.search_path(), environment.for_children());
            let served = self.path("served");
            let server = GitServer::start(&served, &inheritance, GitServerOptions::default());
            let server = server.unwrap();
            let url = format!("remote set-url origin {}/r.git", server.url());
            self.run(&self.path("clone"), &url);
            self.server = Some(server);
        }
        self.pristine = self.objects();
        self
    }

    /// Checks out another branch.
    pub(crate) fn on(self, branch: &str) -> Self {
        self.run(&self.path("clone"), &format!("checkout -q {branch}"));
        self
    }

    /// Moves the base to the branch's tip.
    pub(crate) fn with_base_at_tip(self) -> Self {
        let words = format!("update-ref refs/remotes/origin/main {BRANCH}");
        self.run(&self.path("clone"), &words);
        self
    }

    /// Moves the branch to commit number `left` of the base.
    pub(crate) fn with_old_branch(mut self, left: usize) -> Self {
        let clone = self.path("clone");
        let tip = self.run(&clone, &format!("rev-parse {BRANCH}"));
        self.run(
            &clone,
            &format!("update-ref refs/remotes/origin/main {tip}"),
        );
        let all = self.run(&clone, "rev-list --reverse --first-parent HEAD");
        let old = all.lines().nth(left).unwrap();
        self.run(&clone, &format!("checkout -q -f -B {BRANCH} {old}"));
        self.compared_with = GitCommand::RevList;
        self
    }

    /// Writes a commit-graph in the clone.
    pub(crate) fn with_commit_graph(self) -> Self {
        self.run(&self.path("clone"), "commit-graph write --reachable");
        self
    }

    /// Adds `count` branches to the remote.
    pub(crate) fn with_branches(self, count: usize) -> Self {
        let bare = self.path("served/r.git");
        let tip = self.run(&bare, "rev-parse main");
        let mut refs = String::from("# pack-refs with: peeled fully-peeled sorted \n");
        for number in 0..count {
            writeln!(refs, "{tip} refs/heads/team/{number:06}").unwrap();
        }
        fs::write(bare.join("packed-refs"), refs).unwrap();
        self
    }

    /// Measures one run of sendoff.
    pub(crate) fn time_sendoff(&self) -> Duration {
        let mut command = self.command(env!("CARGO_BIN_EXE_sendoff"));
        command.args(["run", "post-commit"]);
        self.time(command)
    }

    /// Measures one run of git.
    pub(crate) fn time_git(&self) -> Duration {
        let mut command = self.command("git");
        match self.compared_with {
            GitCommand::Push => command.args(["push", "-q", "origin", BRANCH]),
            GitCommand::RevParse => command.args(["rev-parse", "HEAD"]),
            GitCommand::RevList => command.args(["rev-list", "--count", "origin/main..HEAD"]),
        };
        self.time(command)
    }

    /// Restores the remote, runs the command, and checks that a push arrived.
    fn time(&self, mut command: Command) -> Duration {
        let clone = self.path("clone");
        let pushes = matches!(self.compared_with, GitCommand::Push);
        if pushes {
            let bare = self.path("served/r.git");
            self.run(&bare, &format!("update-ref -d refs/heads/{BRANCH}"));
            for file in self.objects().difference(&self.pristine) {
                fs::remove_file(file).unwrap();
            }
            let tracking = format!("update-ref -d refs/remotes/origin/{BRANCH}");
            self.run(&clone, &tracking);
        }
        command.current_dir(&clone).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let status = command.status().unwrap();
        let took = begin.elapsed();
        assert!(status.success(), "{command:?} ended with {status}");
        if pushes {
            let bare = self.path("served/r.git");
            let there = self.run(&bare, &format!("rev-parse refs/heads/{BRANCH}"));
            assert_eq!(there, self.run(&clone, "rev-parse HEAD"));
        }
        took
    }

    /// Returns the remote's object files.
    fn objects(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.path("served/r.git/objects")];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.insert(path);
                }
            }
        }
        found
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("HOME", self.path("home").to_str().unwrap().to_owned()),
            ("PATH", std::env::var("PATH").unwrap()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
        ]
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables());
        command
    }

    /// Runs git with the words of `words`, and returns its output.
    fn run(&self, directory: &Path, words: &str) -> String {
        let mut command = self.command("git");
        command.args(words.split(' ')).current_dir(directory);
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {words}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        said.trim().to_owned()
    }
}
