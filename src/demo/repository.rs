//! The demo's repositories: a bare one for the server, and a clone with a feature branch.

use std::io;
use std::path::{Path, PathBuf};

use crate::process::{Inheritance, Program, find_program};

/// Runs the git program, which makes the commits.
#[derive(Debug)]
pub(super) struct Git {
    program: PathBuf,
    inheritance: Inheritance,
    home: PathBuf,
}

impl Git {
    /// Finds git.
    pub(super) fn find(inheritance: &Inheritance, home: &Path) -> io::Result<Self> {
        let program = find_program("git", inheritance.search_path()).map_err(|_| {
            io::Error::other(
                "the git program is not installed; its server is part of the demonstration",
            )
        })?;
        Ok(Self {
            program,
            inheritance: inheritance.clone(),
            home: home.to_owned(),
        })
    }

    /// Runs git in `directory` and returns what it printed.
    pub(super) fn run(&self, directory: &Path, arguments: &[&str]) -> io::Result<String> {
        let output = Program::new(&self.program)
            .inherit(&self.inheritance)
            .variable("HOME", &self.home)
            .variable("GIT_CONFIG_NOSYSTEM", "1")
            .variable("GIT_CONFIG_GLOBAL", self.home.join(".gitconfig"))
            .directory(directory)
            .args(arguments.iter().copied())
            .run()
            .map_err(io::Error::other)?;
        if output.ended.is_success() {
            return Ok(String::from_utf8_lossy(&output.stdout.bytes)
                .trim_end()
                .to_owned());
        }
        let stderr = String::from_utf8_lossy(&output.stderr.bytes);
        Err(io::Error::other(format!(
            "git {}: {}",
            arguments.join(" "),
            stderr.trim_end()
        )))
    }

    /// Makes `work` with one commit on `main`, and `bare` as its copy on the server.
    pub(super) fn make(&self, work: &Path, bare: &Path, url: &str) -> io::Result<()> {
        std::fs::create_dir_all(work)?;
        self.run(work, &["init", "-q", "-b", "main"])?;
        self.commit(work, "README.md", "# Rocket\n", "Start the rocket")?;
        let (from, to) = (text(work)?, text(bare)?);
        self.run(work, &["clone", "-q", "--bare", from, to])?;
        self.run(bare, &["config", "http.receivepack", "true"])?;
        self.run(work, &["remote", "add", "origin", url])?;
        self.run(work, &["update-ref", "refs/remotes/origin/main", "main"])?;
        self.run(work, &["switch", "-q", "-c", "feature/countdown"])?;
        self.commit(
            work,
            "countdown.txt",
            "ten nine eight\n",
            "Count down before launch",
        )?;
        self.commit(
            work,
            "countdown.txt",
            "ten nine eight seven\n",
            "Count one more",
        )
    }

    /// Writes a file and commits it.
    fn commit(&self, work: &Path, file: &str, content: &str, message: &str) -> io::Result<()> {
        std::fs::write(work.join(file), content)?;
        self.run(work, &["add", file])?;
        self.run(work, &["commit", "-q", "-m", message]).map(drop)
    }
}

/// Returns a path as text, for an argument.
fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::other("the temporary directory's path is not UTF-8"))
}
