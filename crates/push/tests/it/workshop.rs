//! A client, the server it came from, and git's own answer to what we ask of the native push.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::commands::DeltaBase;
use sendoff_push::objects::{Selection, Wanted, select};
use sendoff_push::pack;
use sendoff_push::pack::{PackError, PackOptions, PackStats, Thin};
use sendoff_push::progress::NoProgress;
use sendoff_testing::{Sandbox, text};

/// What `git push` lets its pack hold.
pub(crate) const OPTIONS: PackOptions = PackOptions {
    delta_base: DeltaBase::Offset,
    thin: Thin::Allowed,
};

/// A client at `client` and the bare repository `server` that it pushes to.
pub(crate) struct Workshop {
    pub(crate) sandbox: Sandbox,
    clock: Cell<u64>,
    client: Cell<&'static str>,
}

impl Workshop {
    /// Makes a client with a few files on `main`, and pushes them.
    pub(crate) fn new() -> Self {
        Self::with_format("sha1")
    }

    /// The same with another hash.
    pub(crate) fn with_format(format: &str) -> Self {
        let workshop = Self {
            sandbox: Sandbox::new(),
            clock: Cell::new(1_700_000_060),
            client: Cell::new("client"),
        };
        let mut script = format!(
            "git init -q --bare --object-format={format} server
            git init -q -b main --object-format={format} client
            cd client && mkdir -p src/deep/er docs\n"
        );
        for (file, lines) in [
            ("README", 5),
            ("src/lib.txt", 60),
            ("src/deep/er/x.txt", 30),
            ("docs/a.md", 10),
        ] {
            let content = text(file, lines);
            write!(script, "cat > {file} <<'END'\n{content}END\n").unwrap();
        }
        script.push_str(
            "export GIT_AUTHOR_DATE='1700000060 +0000' GIT_COMMITTER_DATE='1700000060 +0000'
            git add --all && git commit -q -m start
            git remote add origin ../server
            git push -q ../server main",
        );
        workshop.sandbox.add(&script);
        workshop
    }

    /// Goes on in another repository than `client`.
    pub(crate) fn use_client(&self, client: &'static str) {
        self.client.set(client);
    }

    /// Returns the client's work tree.
    pub(crate) fn client(&self) -> PathBuf {
        self.sandbox.path(self.client.get())
    }

    /// Returns the server's repository.
    pub(crate) fn server(&self) -> PathBuf {
        self.sandbox.path("server")
    }

    /// Runs git in the client and returns its trimmed stdout.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.run(&self.client(), arguments, b"");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git anywhere. Panics when it fails.
    pub(crate) fn run(
        &self,
        directory: &std::path::Path,
        arguments: &[&str],
        input: &[u8],
    ) -> Output {
        let output = self.try_run(directory, arguments, input);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Runs git anywhere, with the time of the last commit.
    pub(crate) fn try_run(
        &self,
        directory: &std::path::Path,
        arguments: &[&str],
        input: &[u8],
    ) -> Output {
        let date = format!("{} +0000", self.clock.get());
        let mut child = self
            .sandbox
            .command("git")
            .args(arguments)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // Git may end before it has read everything.
            drop(stdin.write_all(&input));
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    /// Sets the time of the next commits, in seconds.
    pub(crate) fn set_clock(&self, seconds: u64) {
        self.clock.set(seconds);
    }

    /// Writes a file of the client.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        self.sandbox
            .write(&format!("{}/{file}", self.client.get()), content);
    }

    /// Commits everything, a minute after the commit before; returns the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 60);
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes with git.
    pub(crate) fn push(&self, refspec: &str) {
        self.git(&["push", "-q", "../server", refspec]);
    }

    /// Returns what the server would advertise.
    pub(crate) fn remote_has(&self) -> Vec<ObjectId> {
        let output = self.run(
            &self.server(),
            &["for-each-ref", "--format=%(objectname)"],
            b"",
        );
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(id).collect()
    }

    /// Returns what git says the server lacks of HEAD.
    pub(crate) fn rev_list(&self) -> BTreeSet<ObjectId> {
        let listed = self.sandbox.rev_list(&self.client(), &self.server());
        listed.iter().map(|hex| id(hex)).collect()
    }

    /// Returns the pack that `git push` would send.
    pub(crate) fn git_pack(&self) -> Vec<u8> {
        self.sandbox.git_pack(&self.client(), &self.server())
    }

    /// Returns the client as the push sees it.
    pub(crate) fn repository(&self) -> gix::Repository {
        gix::open_opts(self.client(), gix::open::Options::isolated()).unwrap()
    }

    /// Lists what the server lacks of HEAD.
    pub(crate) fn select(&self, old_tip: Option<ObjectId>) -> Selection {
        let want = id(&self.git(&["rev-parse", "HEAD"]));
        let stop = AtomicBool::new(false);
        select(
            &self.repository(),
            Wanted {
                new: want,
                has: &self.remote_has(),
                old_tip,
            },
            &NoProgress,
            &stop,
        )
        .unwrap()
    }

    /// Writes the pack of a selection.
    pub(crate) fn pack(&self, selection: &Selection, options: PackOptions) -> (Vec<u8>, PackStats) {
        let mut out = Vec::new();
        let stop = AtomicBool::new(false);
        let stats = self.try_pack(selection, options, &mut out, &stop).unwrap();
        assert_eq!(stats.bytes, out.len() as u64);
        assert_eq!(stats.objects, u64::from(objects_in(&out)));
        (out, stats)
    }

    /// Writes the pack of a selection as far as it can be written.
    pub(crate) fn try_pack(
        &self,
        selection: &Selection,
        options: PackOptions,
        out: &mut Vec<u8>,
        stop: &AtomicBool,
    ) -> Result<PackStats, PackError> {
        let repo = self.repository();
        pack::write(out, &repo, selection, options, &NoProgress, stop)
    }

    /// Returns the file of a loose object of the client.
    pub(crate) fn loose_file(&self, id: &str) -> PathBuf {
        let (directory, file) = id.split_at(2);
        self.client()
            .join(".git/objects")
            .join(directory)
            .join(file)
    }

    /// Gives the server a pack as receive-pack would take it, moves a branch to HEAD, and checks everything.
    pub(crate) fn receive(&self, pack: &[u8]) {
        let server = self.server();
        self.run(
            &server,
            &["index-pack", "--strict", "--fix-thin", "--stdin"],
            pack,
        );
        let head = self.git(&["rev-parse", "HEAD"]);
        self.run(&server, &["update-ref", "refs/heads/received", &head], b"");
        self.run(
            &server,
            &["fsck", "--full", "--strict", "--no-dangling"],
            b"",
        );
        self.run(
            &server,
            &["rev-list", "--objects", "--quiet", "received"],
            b"",
        );
    }
}

/// Returns how many objects the header of a pack names.
pub(crate) fn objects_in(pack: &[u8]) -> u32 {
    assert_eq!(&pack[..8], b"PACK\0\0\0\x02");
    u32::from_be_bytes(pack[8..12].try_into().unwrap())
}

/// Reads an id.
pub(crate) fn id(hex: &str) -> ObjectId {
    ObjectId::from_hex(hex.trim().as_bytes()).unwrap()
}
