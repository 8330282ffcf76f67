//! `TwinFixture`: a repository whose push is done twice, by us and by `git push`, so that the remotes can be compared.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::{Sandbox, succeed, text};

/// A repository, and the remote that it was pushed to before.
#[derive(Debug)]
pub struct TwinFixture {
    /// Where both are.
    pub sandbox: Sandbox,
    /// What is pushed from, relative to the sandbox.
    work: Cell<&'static str>,
}

/// What came of our push.
#[derive(Debug)]
pub struct Sent {
    /// How many objects the pack had.
    pub objects: u64,
    /// How many bytes the pack had.
    pub bytes: u64,
    /// The commit that the branch is at, as hexadecimal digits.
    pub new: String,
    /// Whether the branch was there already.
    pub is_up_to_date: bool,
}

/// What `git push` is told.
#[derive(Debug, Default)]
pub struct GitPush {
    /// The URL of the copy `gits`.
    pub url: String,
    /// The value of `GIT_SSH_COMMAND`.
    pub ssh: Option<String>,
}

impl TwinFixture {
    /// Makes a repository whose remote has its `main` and `feature`; HEAD is at `feature`, with nothing ahead.
    #[must_use]
    pub fn new(format: &str) -> Self {
        let sandbox = Sandbox::new();
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
        Self {
            sandbox,
            work: Cell::new("work"),
        }
    }

    /// Goes on in another work tree of the sandbox.
    pub fn use_work(&self, name: &'static str) {
        self.work.set(name);
    }

    /// Runs git in the work tree.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git(self.work(), arguments)
    }

    /// Runs git in the remote.
    pub fn server(&self, arguments: &[&str]) -> String {
        self.sandbox.git(self.seed(), arguments)
    }

    /// Returns the work tree.
    pub fn work(&self) -> PathBuf {
        self.sandbox.path(self.work.get())
    }

    /// Returns the remote.
    pub fn seed(&self) -> PathBuf {
        self.copy("seed")
    }

    /// Returns the bare repository of a name, beside the seed.
    pub fn copy(&self, name: &str) -> PathBuf {
        self.sandbox.path(&format!("remotes/{name}.git"))
    }

    /// Returns the branch that HEAD names.
    pub fn branch(&self) -> String {
        self.git(&["symbolic-ref", "--short", "HEAD"])
    }

    /// Writes a file and commits everything.
    pub fn commit(&self, file: &str, content: impl AsRef<[u8]>) -> String {
        self.write(file, content);
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Writes a file of the work tree.
    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = format!("{}/{file}", self.work.get());
        self.sandbox.write(&path, content);
    }

    /// Commits with a date of its own, in seconds.
    pub fn commit_at(&self, seconds: i64, message: &str) {
        let date = format!("@{seconds} +0000");
        let mut git = self.sandbox.command("git");
        git.current_dir(self.work())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        succeed(git.args(["commit", "-q", "--allow-empty", "-m", message]));
    }

    /// Makes many commits, quickly.
    pub fn commit_many(&self, commits: usize) {
        let tip = self.git(&["rev-parse", "HEAD"]);
        let mut stream = String::new();
        for n in 0..commits {
            let content = text(&n.to_string(), 20 + n % 7);
            let (seconds, length) = (1_770_000_000 + n, content.len());
            writeln!(
                stream,
                "commit refs/heads/feature\ncommitter A <a@example.invalid> {seconds} +0000\ndata 1\nx"
            )
            .unwrap();
            if n == 0 {
                writeln!(stream, "from {tip}").unwrap();
            }
            let (directory, file) = (n % 5, n % 30);
            writeln!(
                stream,
                "M 100644 inline long/{directory}/{file}.txt\ndata {length}\n{content}"
            )
            .unwrap();
        }
        self.feed(&["fast-import", "--quiet"], stream.as_bytes());
        self.git(&["reset", "-q", "--hard", "feature"]);
    }

    /// Gives git something to read; returns what it says.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> String {
        let said = self.sandbox.feed(&self.work(), arguments, input);
        String::from_utf8(said).unwrap().trim().to_owned()
    }

    /// Pushes to the seed, before it is copied.
    pub fn share(&self, refspec: &str) {
        let seed = self.seed();
        self.git(&["push", "-q", seed.to_str().unwrap(), refspec]);
    }

    /// Goes on in a clone of the seed.
    pub fn clone(&self, arguments: &[&str]) {
        let seed = format!("file://{}", self.seed().display());
        let mut all = vec!["clone", "-q", "-b", "feature"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(&[&seed, "clone"]);
        self.sandbox.git(self.sandbox.path(""), &all);
        self.use_work("clone");
    }

    /// Pushes HEAD to the copies `ours` and `gits` of the seed, and compares them. `over` names the transport.
    ///
    /// # Panics
    ///
    /// Where refs or objects differ, or ours needs more than git's: objects, or 2 % and 64 bytes.
    pub fn compare(&self, over: &str, ours: &dyn Fn() -> Sent, git_push: &GitPush) {
        for name in ["ours", "gits"] {
            let copy = self.copy(name);
            if copy.exists() {
                fs::remove_dir_all(&copy).unwrap();
            }
            let mut cp = self.sandbox.command("cp");
            succeed(cp.arg("-r").arg(self.seed()).arg(copy));
        }
        let sent = ours();
        // Git would have to fetch something of a partial clone to tell.
        if self.git(&["config", "--default=", "remote.origin.promisor"]) != "true" {
            let pack = self.sandbox.git_pack(&self.work(), &self.seed());
            let objects = u32::from_be_bytes(pack[8..12].try_into().unwrap()).into();
            let bytes = pack.len() as u64;
            assert!(sent.objects <= objects, "{over}: {sent:?}, git {objects}");
            let most = (bytes + 64).max(bytes + bytes / 50);
            assert!(sent.bytes <= most, "{over}: {sent:?}, git {bytes}");
        }
        let branch = self.branch();
        let mut git = self.sandbox.command("git");
        git.current_dir(self.work());
        if let Some(ssh) = &git_push.ssh {
            git.env("GIT_SSH_COMMAND", ssh);
        }
        let refspec = format!("HEAD:refs/heads/{branch}");
        succeed(git.args(["push", &git_push.url, &refspec]));
        self.compare_copies(over);
        let tip = self.sandbox.git(self.copy("ours"), &["rev-parse", &branch]);
        assert_eq!(sent.new, tip, "{over}");
        assert!(ours().is_up_to_date, "{over}");
    }

    fn compare_copies(&self, over: &str) {
        let both = |arguments: &[&str]| {
            let see = |name: &str| self.sandbox.git(self.copy(name), arguments);
            (see("ours"), see("gits"))
        };
        let (ours, gits) = both(&["for-each-ref"]);
        assert_eq!(ours, gits, "{over}: refs");
        let (ours, gits) = both(&["rev-list", "--objects", "--all"]);
        assert_eq!(ours, gits, "{over}: reachable objects");
        let all = [
            "cat-file",
            "--batch-all-objects",
            "--batch-check",
            "--unordered",
        ];
        let (ours, gits) = both(&all);
        let (ours, gits) = (ours.lines().count(), gits.lines().count());
        assert!(ours <= gits, "{over}: {ours} objects, git has {gits}");
        let checked = self
            .sandbox
            .git(self.copy("ours"), &["fsck", "--full", "--strict"]);
        assert_eq!(checked, "", "{over}");
    }
}

impl Sandbox {
    /// Returns the value of a branch of the bare repository `remote`, and of all its branches: what somebody would
    /// remember who pushed there before.
    pub fn tips(&self, remote: &std::path::Path, branch: &str) -> (Option<String>, Vec<String>) {
        let format = "--format=%(objectname) %(refname:short)";
        let refs = self.git(remote, &["for-each-ref", format, "refs/heads"]);
        let refs = refs.lines().filter_map(|line| line.split_once(' '));
        let of_branch = refs.clone().find(|(_, name)| *name == branch);
        (
            of_branch.map(|(tip, _)| tip.to_owned()),
            refs.map(|(tip, _)| tip.to_owned()).collect(),
        )
    }
}
