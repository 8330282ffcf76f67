//! A place to measure in: a home, a clone with something to push, its remote, and the two that are compared.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use sendoff::demo::git_server::GitServer;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff::process::Inheritance;
use tempfile::TempDir;

use crate::workload::Workload;

/// The branch that is pushed.
const BRANCH: &str = "feature";
/// What a person has to allow for these rows, and what would be more than a push.
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

/// What git is asked for beside us.
enum Beside {
    Push,
    RevParse,
    RevList,
}

/// A place to measure in.
pub(crate) struct Bed {
    root: TempDir,
    server: Option<GitServer>,
    beside: Beside,
    /// What the remote holds before a push.
    pristine: BTreeSet<PathBuf>,
}

impl Bed {
    /// Clones a remote that has what the workload's server has, and fetches what is pushed.
    pub(crate) fn of(workload: &Workload) -> Self {
        let root = tempfile::tempdir().unwrap();
        let bed = Self {
            root,
            server: None,
            beside: Beside::RevParse,
            pristine: BTreeSet::new(),
        };
        for directory in ["home/.config/sendoff", "served"] {
            fs::create_dir_all(bed.path(directory)).unwrap();
        }
        fs::write(bed.path("home/.config/sendoff/policy.toml"), POLICY).unwrap();
        let git = |directory: &str, words: &str| bed.run(&bed.path(directory), words);
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
        let url = bed.path("served/r.git");
        git("clone", &format!("remote add origin {}", url.display()));
        git("clone", "fetch -q origin");
        git("clone", &format!("checkout -q -f {BRANCH}"));
        bed
    }

    /// Pushes are compared.
    pub(crate) fn to(mut self, remote: Remote) -> Self {
        self.beside = Beside::Push;
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

    /// Another branch is checked out.
    pub(crate) fn on(self, branch: &str) -> Self {
        self.run(&self.path("clone"), &format!("checkout -q {branch}"));
        self
    }

    /// The base has everything.
    pub(crate) fn with_base_at_tip(self) -> Self {
        let words = format!("update-ref refs/remotes/origin/main {BRANCH}");
        self.run(&self.path("clone"), &words);
        self
    }

    /// The branch is where the base was so many commits after the first one.
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
        self.beside = Beside::RevList;
        self
    }

    /// The clone has a commit-graph.
    pub(crate) fn with_commit_graph(self) -> Self {
        self.run(&self.path("clone"), "commit-graph write --reachable");
        self
    }

    /// The remote has so many branches more.
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

    /// Times us.
    pub(crate) fn ours(&self) -> Duration {
        let mut command = self.command(env!("CARGO_BIN_EXE_sendoff"));
        command.args(["run", "post-commit"]);
        self.time(command)
    }

    /// Times git.
    pub(crate) fn git(&self) -> Duration {
        let mut command = self.command("git");
        match self.beside {
            Beside::Push => command.args(["push", "-q", "origin", BRANCH]),
            Beside::RevParse => command.args(["rev-parse", "HEAD"]),
            Beside::RevList => command.args(["rev-list", "--count", "origin/main..HEAD"]),
        };
        self.time(command)
    }

    /// Runs it from a remote that has nothing of it, and sees to it that a push arrived.
    fn time(&self, mut command: Command) -> Duration {
        let clone = self.path("clone");
        let pushes = matches!(self.beside, Beside::Push);
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

    /// Returns the files of the remote's objects.
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

    /// Runs git with words that hold no space, and returns what it says.
    fn run(&self, directory: &Path, words: &str) -> String {
        let mut command = self.command("git");
        command.args(words.split(' ')).current_dir(directory);
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {words}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        said.trim().to_owned()
    }
}
