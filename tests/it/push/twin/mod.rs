//! Every push is done twice, by us and by `git push`, and the remotes are compared.
//!
//! A scenario is one line of a table: what the repository is like, and over which transports it is tried.

mod history;
mod route;
mod storage;
mod trees;

use std::path::{Path, PathBuf};

use sendoff_push::{Action, LastSeen};

use crate::sandbox::{Sandbox, succeed};

pub(super) use route::Over;
use route::route;

use super::git_pack::feed;
use super::git_pack::git_pack;
use super::rig::{About, branch_of, push_about, push_head, seen_of};

/// Every transport.
const ALL: &[Over] = &[Over::Http, Over::HttpWithPassword, Over::File, Over::Ssh];
/// For what no transport can change: one that speaks in requests, and one that streams.
pub(super) const FAST: &[Over] = &[Over::Http, Over::File];
/// For what only the repositories' own form decides.
pub(super) const ONE: &[Over] = &[Over::File];

/// Makes one test of each line: its name, the transports, and what is done to a repository before it is pushed.
macro_rules! scenarios {
    ($($name:ident, $ways:ident, $build:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let shop = crate::push::twin::Shop::new("sha1");
                let build: fn(&crate::push::twin::Shop) = $build;
                build(&shop);
                shop.compare($ways);
            }
        )*
    };
}
use scenarios;

pub(super) use history::long;

/// A repository and the remote that it was pushed to before.
pub(super) struct Shop {
    pub(super) sandbox: Sandbox,
    /// What is pushed from, relative to the sandbox.
    work: std::cell::Cell<&'static str>,
}

impl Shop {
    /// Makes a repository whose remote has its `main` and `feature`.
    pub(super) fn new(format: &str) -> Self {
        let sandbox = Sandbox::new();
        start(&sandbox, format);
        Self {
            sandbox,
            work: std::cell::Cell::new("work"),
        }
    }

    /// Runs git in the work tree.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git(self.work(), arguments)
    }

    /// Runs git in the remote.
    pub(super) fn server(&self, arguments: &[&str]) -> String {
        self.sandbox.git(self.seed(), arguments)
    }

    pub(super) fn work(&self) -> PathBuf {
        self.sandbox.path(self.work.get())
    }

    pub(super) fn seed(&self) -> PathBuf {
        self.sandbox.path("remotes/seed.git")
    }

    /// Writes a file and commits everything.
    pub(super) fn commit(&self, file: &str, content: impl AsRef<[u8]>) -> String {
        self.write(file, content);
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = format!("{}/{file}", self.work.get());
        self.sandbox.write(&path, content);
    }

    /// Commits with a date of its own, in seconds.
    pub(super) fn commit_at(&self, seconds: i64, message: &str) {
        let date = format!("@{seconds} +0000");
        let status = self
            .sandbox
            .command("git")
            .current_dir(self.work())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .args(["commit", "-q", "--allow-empty", "-m", message])
            .status();
        assert!(status.unwrap().success());
    }

    /// Gives git something to read; returns what it says.
    pub(super) fn feed(&self, arguments: &[&str], input: &[u8]) -> String {
        let said = feed(&self.sandbox, &self.work(), arguments, input);
        String::from_utf8(said).unwrap().trim().to_owned()
    }

    /// Pushes to the seed, before it is copied.
    pub(super) fn share(&self, refspec: &str) {
        let seed = self.seed();
        self.git(&["push", "-q", seed.to_str().unwrap(), refspec]);
    }

    /// Goes on in a clone of the seed.
    pub(super) fn clone(&self, arguments: &[&str]) {
        let seed = format!("file://{}", self.seed().display());
        let mut all = vec!["clone", "-q", "-b", "feature"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(&[&seed, "clone"]);
        self.sandbox.git(self.sandbox.path(""), &all);
        self.work.set("clone");
    }

    /// Pushes over each way, and compares.
    pub(super) fn compare(&self, ways: &[Over]) {
        compare(&self.sandbox, &self.work(), ways);
    }
}

/// A repository with a remote that has `main` and `feature`; HEAD is at `feature`, with nothing ahead.
fn start(sandbox: &Sandbox, format: &str) {
    sandbox.add(&format!(
        "git init -q -b main --object-format={format} work
        git init -q --bare -b main --object-format={format} remotes/seed.git
        cd work
        echo hello > README && git add --all && git commit -q -m start
        mkdir src && seq -f 'line %g' 0 199 > src/lib.rs && git add --all && git commit -q -m library
        mkdir docs && echo guide > docs/guide.md && git add --all && git commit -q -m guide
        git checkout -q -b feature
        echo begin > feature.txt && git add --all && git commit -q -m begin
        git push -q ../remotes/seed.git main feature"
    ));
}

/// Pushes to two copies of the seed over each way, and compares them.
fn compare(sandbox: &Sandbox, work: &Path, ways: &[Over]) {
    let branch = branch_of(sandbox, work);
    let gits_pack = git_pack(sandbox, work);
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
        // Over http nothing was seen before, so that everything waits for the answer.
        let seen = match over {
            Over::Http => LastSeen::default(),
            _ => seen_of(sandbox, &sandbox.path("remotes/ours.git"), &branch),
        };
        let about = About {
            seen,
            ..About::default()
        };
        let url = (route.urls)("ours").0;
        let pushed = push_about(sandbox, work, &url, &route.options, &about);
        let pushed = pushed.unwrap_or_else(|error| panic!("{over:?}: {error:?}"));
        if let Some((objects, bytes)) = gits_pack {
            assert!(
                pushed.objects <= objects,
                "{over:?}: {} objects, git {objects}",
                pushed.objects
            );
            let most = (bytes + 64).max(bytes + bytes / 50);
            assert!(
                pushed.bytes <= most,
                "{over:?}: {} bytes, git {bytes}",
                pushed.bytes
            );
        }
        let mut git = sandbox.command("git");
        git.current_dir(work);
        if let Some(ssh) = &route.git_ssh {
            git.env("GIT_SSH_COMMAND", ssh);
        }
        let refspec = format!("HEAD:refs/heads/{branch}");
        succeed(git.args(["push", &(route.urls)("gits").1, &refspec]));

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
