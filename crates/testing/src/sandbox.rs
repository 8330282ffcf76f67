//! A hermetic place for one test: its own HOME, no system or user git configuration, no network.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fixture;

/// A work tree with one commit on `main`.
const REPOSITORY: &str = "
    git init -q -b main repository && cd repository
    echo hello > README
    git add --all && git commit -q -m start
";

/// A temporary directory with a home in it. Removed when dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// The user's git configuration. No template: it would be most of the files of a small repository.
    pub(crate) const GIT_CONFIG: &str = "[user]\n\tname = A U Thor\n\temail = author@example.invalid\n[init]\n\tdefaultBranch = main\n\ttemplateDir =\n[commit]\n\tgpgsign = false\n[gc]\n\tauto = 0\n[protocol \"file\"]\n\tallow = always\n";

    /// Makes an empty sandbox.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("sendoff-test")
            .tempdir()
            .unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        let sandbox = Self { root };
        sandbox.write("home/.gitconfig", Self::GIT_CONFIG);
        sandbox
    }

    /// Copies into the sandbox what a shell script makes in an empty one.
    ///
    /// The script runs once, in the root of a sandbox of its own, and what it makes is kept in the target directory
    /// until script or git change. So it must not write its sandbox's path into a file, and its home is not kept.
    pub fn add(&self, script: &str) {
        fixture::copy(script, "", self.root.path());
    }

    /// Makes a repository with one commit on `main` at `relative`, and returns its work tree.
    pub fn repository(&self, relative: &str) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(&path).unwrap();
        fixture::copy(REPOSITORY, "repository", &path);
        path
    }

    /// Returns a path below the sandbox.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    /// Returns the home directory.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a file below the sandbox, and the directories that it needs.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a file that can be run, and the directories that it needs.
    ///
    /// A process of its own writes it: a test on another thread may start a program while a file is open here, and that
    /// child holds the file open for writing until it is the other program. To run it fails meanwhile (`ETXTBSY`).
    pub fn executable(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root.path().join(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut draft = tempfile::NamedTempFile::new_in(self.root.path()).unwrap();
        draft.write_all(content.as_ref()).unwrap();
        let draft = draft.into_temp_path();
        let mut install = self.command("install");
        succeed(install.args(["-m", "755"]).arg(&draft).arg(&path));
        path
    }

    /// Returns a command with the sandbox's environment and nothing else.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables())
            .current_dir(self.root.path());
        command
    }

    /// Returns the variables that every program in the sandbox gets.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |relative: &str| self.path(relative).to_str().unwrap().to_owned();
        let mut variables = vec![
            ("HOME", path("home")),
            ("XDG_CONFIG_HOME", path("home/.config")),
            ("XDG_STATE_HOME", path("home/.local/state")),
            ("CONFIGS_DIR", path("configs")),
            ("PATH", std::env::var("PATH").unwrap()),
            ("LANG", "C.UTF-8".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z".into()),
            ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z".into()),
            ("NO_COLOR", "1".into()),
        ];
        if !is_root() {
            // Else a test could not find the processes of its sandbox by their environment.
            variables.push(("SENDOFF_WATCHED", "1".into()));
        }
        variables
    }

    /// Returns the search path of programs in the sandbox, with a directory before it.
    pub fn search_path_from(&self, directory: &Path) -> String {
        let path = std::env::var("PATH").unwrap();
        format!("{}:{path}", directory.display())
    }

    /// Runs git in `directory` and returns its trimmed stdout. Panics when git fails.
    pub fn git(&self, directory: impl AsRef<Path>, arguments: &[&str]) -> String {
        let mut git = self.command("git");
        let said = succeed(git.args(arguments).current_dir(directory));
        said.trim_end().to_owned()
    }

    /// Makes a named pipe, and returns its path.
    pub fn pipe(&self, relative: impl AsRef<Path>) -> PathBuf {
        let path = self.root.path().join(relative);
        succeed(self.command("mkfifo").arg(&path));
        path
    }

    /// Writes one file and commits it; returns the commit's id.
    pub fn commit(&self, work: &Path, file: &str, content: &str, message: &str) -> String {
        let path = work.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.git(work, &["add", "--all"]);
        self.git(work, &["commit", "-q", "-m", message]);
        self.head(work)
    }

    /// Returns the id of a work tree's HEAD.
    pub fn head(&self, work: &Path) -> String {
        let directory = work.join(".git");
        let read = |name: &str| fs::read_to_string(directory.join(name)).ok();
        // A branch that was just written is a file; git needs a process to say the same.
        let head = read("HEAD").and_then(|head| read(head.strip_prefix("ref: ")?.trim_end()));
        match head {
            Some(id) => id.trim_end().to_owned(),
            None => self.git(work, &["rev-parse", "HEAD"]),
        }
    }
}

/// Says whether the tests run as root, who sees every process.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Runs a program and returns its stdout. Panics with its stderr when it fails.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
