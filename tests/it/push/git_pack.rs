//! What git itself would send: the objects and the pack to compare ours with.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::sandbox::Sandbox;

/// The arguments with which `git push` makes its pack.
const PACK_OBJECTS: &[&str] = &[
    "pack-objects",
    "--revs",
    "--thin",
    "--delta-base-offset",
    "--stdout",
    "-q",
];

/// Returns objects and bytes of the pack that git would send to the seed; none where git would have to
/// fetch something to tell.
pub(super) fn git_pack(sandbox: &Sandbox, work: &Path) -> Option<(u64, u64)> {
    if sandbox.git(work, &["config", "--default=", "remote.origin.promisor"]) == "true" {
        return None;
    }
    let seed = sandbox.path("remotes/seed.git");
    let tips = sandbox.git(&seed, &["for-each-ref", "--format=%(objectname)"]);
    let known = feed(sandbox, work, &["cat-file", "--batch-check"], &tips);
    let mut revisions = String::from("HEAD\n");
    for line in String::from_utf8(known).unwrap().lines() {
        if !line.ends_with("missing") {
            revisions.push('^');
            revisions.push_str(line.split(' ').next().unwrap());
            revisions.push('\n');
        }
    }
    let mut arguments = PACK_OBJECTS.to_vec();
    if sandbox.git(work, &["rev-parse", "--is-shallow-repository"]) == "true" {
        arguments.push("--shallow");
    }
    let pack = feed(sandbox, work, &arguments, &revisions);
    let objects = u32::from_be_bytes(pack[8..12].try_into().unwrap());
    Some((objects.into(), pack.len() as u64))
}

/// Gives git something to read; returns what it says.
pub(super) fn feed(
    sandbox: &Sandbox,
    work: &Path,
    arguments: &[&str],
    input: impl AsRef<[u8]>,
) -> Vec<u8> {
    let mut child = sandbox
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
