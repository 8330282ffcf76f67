//! Repositories to measure with, made by `git fast-import`, and git as the one to compare with.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use gix::ObjectId;
use sendoff_push::objects::Wanted;
use tempfile::TempDir;

/// A repository whose first commits the server has.
pub(crate) struct Workload {
    directory: TempDir,
    /// What is pushed.
    pub(crate) want: ObjectId,
    /// What the server has.
    pub(crate) has: Vec<ObjectId>,
}

impl Workload {
    /// Imports a fast-import stream with the marks 1 (what the server has) and 2 (what is pushed).
    pub(crate) fn import(stream: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        git(directory.path(), &["init", "-q", "--bare", "."], b"");
        let import = ["fast-import", "--quiet", "--export-marks=marks"];
        git(directory.path(), &import, stream);
        let marks = std::fs::read_to_string(directory.path().join("marks")).unwrap();
        let mark = |number: &str| {
            let line = marks.lines().find_map(|line| line.strip_prefix(number));
            ObjectId::from_hex(line.unwrap().trim().as_bytes()).unwrap()
        };
        Self {
            want: mark(":2 "),
            has: vec![mark(":1 ")],
            directory,
        }
    }

    /// A history of `commits` on 200 files in 20 directories; the server has the first one.
    pub(crate) fn history(commits: usize) -> Self {
        let made = Self::imported(commits);
        // As `git gc` leaves it: an import makes deltas in the other direction.
        let repack = [
            "-c",
            "repack.writeBitmaps=false",
            "repack",
            "-a",
            "-d",
            "-f",
            "-q",
        ];
        git(made.path(), &repack, b"");
        made
    }

    fn imported(commits: usize) -> Self {
        let mut stream = String::new();
        for number in 0..=commits {
            let time = 1_600_000_000 + 60 * number;
            let message = format!("change {number}");
            writeln!(stream, "commit refs/heads/main").unwrap();
            match number {
                0 => stream.push_str("mark :1\n"),
                last if last == commits => stream.push_str("mark :2\n"),
                _ => {}
            }
            writeln!(
                stream,
                "committer A U Thor <author@example.invalid> {time} +0000"
            )
            .unwrap();
            writeln!(stream, "data {}\n{message}", message.len()).unwrap();
            let files = if number == 0 {
                0..200
            } else {
                number % 200..number % 200 + 1
            };
            for file in files {
                let content = lines(file, number, 80);
                writeln!(stream, "M 100644 inline dir{}/file{file}.txt", file % 20).unwrap();
                writeln!(stream, "data {}\n{content}", content.len()).unwrap();
            }
        }
        Self::import(stream.as_bytes())
    }

    /// The same for a server that has nothing.
    pub(crate) fn whole_history(commits: usize) -> Self {
        Self {
            has: Vec::new(),
            ..Self::history(commits)
        }
    }

    /// The same as an import leaves it: each version a delta of the one before it.
    pub(crate) fn imported_history(commits: usize) -> Self {
        Self {
            has: Vec::new(),
            ..Self::imported(commits)
        }
    }

    /// One file in two versions; the server has the first.
    pub(crate) fn file(old: &str, new: &str) -> Self {
        let mut stream = String::new();
        for (mark, content) in [(1, old), (2, new)] {
            let head = "committer A U Thor <author@example.invalid>";
            writeln!(stream, "commit refs/heads/main\nmark :{mark}").unwrap();
            writeln!(stream, "{head} {} +0000\ndata 1\nx", 1_600_000_000 + mark).unwrap();
            writeln!(
                stream,
                "M 100644 inline file.txt\ndata {}\n{content}",
                content.len()
            )
            .unwrap();
        }
        let made = Self::import(stream.as_bytes());
        // As a commit leaves it: every object in a file of its own.
        let pack = made.path().join("objects/pack");
        let away = made.path().join("away");
        std::fs::rename(&pack, &away).unwrap();
        for entry in std::fs::read_dir(away).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "pack")
            {
                git(
                    made.path(),
                    &["unpack-objects", "-q"],
                    &std::fs::read(path).unwrap(),
                );
            }
        }
        made
    }

    /// Returns the repository's directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Opens it.
    pub(crate) fn repository(&self) -> gix::Repository {
        gix::open_opts(self.path(), gix::open::Options::isolated()).unwrap()
    }

    /// Returns what is asked of the walk.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            new: self.want,
            has: &self.has,
            old_tip: self.has.first().copied(),
        }
    }

    /// Runs git with what is pushed and what the server has on its standard input.
    pub(crate) fn git(&self, arguments: &[&str]) {
        let mut input = format!("{}\n", self.want);
        for id in &self.has {
            writeln!(input, "^{id}").unwrap();
        }
        git(self.path(), arguments, input.as_bytes());
    }
}

/// Returns lines of which one depends on `version`.
pub(crate) fn lines(seed: usize, version: usize, count: usize) -> String {
    let mut out = String::new();
    for line in 0..count {
        let changed = if line == version % count { version } else { 0 };
        let noise = (seed * 7919 + line * 104_729 + changed * 15_485_863) % 1_000_003;
        writeln!(out, "line {line} of {seed} holds {noise}").unwrap();
    }
    out
}

fn git(directory: &Path, arguments: &[&str], input: &[u8]) {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success(), "git {arguments:?}");
}
