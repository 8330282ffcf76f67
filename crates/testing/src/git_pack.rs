//! What git itself would send: the objects and the pack to compare ours with.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::Sandbox;

/// The arguments with which `git push` makes its pack.
pub const PACK_OBJECTS: &[&str] = &[
    "pack-objects",
    "--revs",
    "--thin",
    "--delta-base-offset",
    "--stdout",
    "-q",
];

impl Sandbox {
    /// Gives git something to read; returns what it says.
    pub fn feed(&self, work: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> Vec<u8> {
        let mut child = self
            .command("git")
            .current_dir(work)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        drop(writer.join());
        assert!(output.status.success(), "git {arguments:?}");
        output.stdout
    }

    /// Returns the pack that `git push` of HEAD would send to the bare repository `remote`.
    pub fn git_pack(&self, work: &Path, remote: &Path) -> Vec<u8> {
        let mut arguments = PACK_OBJECTS.to_vec();
        if self.git(work, &["rev-parse", "--is-shallow-repository"]) == "true" {
            arguments.push("--shallow");
        }
        self.feed(work, &arguments, self.lacking(work, remote))
    }

    /// Returns the ids of the objects that `remote` lacks of HEAD, as git lists them.
    pub fn rev_list(&self, work: &Path, remote: &Path) -> Vec<String> {
        let arguments = ["rev-list", "--objects", "--stdin"];
        let listed = self.feed(work, &arguments, self.lacking(work, remote));
        let listed = String::from_utf8(listed).unwrap();
        let ids = listed.lines().filter_map(|line| line.split(' ').next());
        ids.map(str::to_owned).collect()
    }

    /// Returns HEAD without what the remote has, as far as it is here, as git reads revisions.
    fn lacking(&self, work: &Path, remote: &Path) -> String {
        let tips = self.git(remote, &["for-each-ref", "--format=%(objectname)"]);
        let known = self.feed(work, &["cat-file", "--batch-check"], format!("{tips}\n"));
        let mut revisions = String::from("HEAD\n");
        for line in String::from_utf8(known).unwrap().lines() {
            if let (Some((id, _)), false) = (line.split_once(' '), line.ends_with("missing")) {
                revisions.extend(["^", id, "\n"]);
            }
        }
        revisions
    }
}
