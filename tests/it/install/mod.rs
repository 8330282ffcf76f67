//! `sendoff install` and `uninstall`: what is written works, is written once, and leaves nothing behind.

mod agents;
mod corpus;
mod corpus_json;
mod corpus_toml;
mod everything;
mod git;
pub(crate) mod killed;
mod managers;
mod pasted;
mod properties;
mod refused;
mod setups;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::program::{Said, run};
use crate::world::World;

/// What lies below a directory: for each path its mode, and its bytes or where the link leads.
type Tree = BTreeMap<String, (u32, Vec<u8>)>;

/// Returns all files and links below a directory, but git's objects and index, which a commit changes.
fn tree(top: &Path) -> Tree {
    fn collect(top: &Path, directory: &Path, all: &mut Tree) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            if metadata.is_dir() {
                all.insert(format!("{name}/"), (0, Vec::new()));
                collect(top, &path, all);
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                all.insert(name, (0, target.into_os_string().into_encoded_bytes()));
            } else {
                let mode = metadata.permissions().mode() & 0o7777;
                all.insert(name, (mode, fs::read(&path).unwrap()));
            }
        }
    }
    let mut all = Tree::new();
    collect(top, top, &mut all);
    all
}

/// Runs the program in the clone.
fn sendoff(world: &World, arguments: &[&str]) -> Said {
    world.run(arguments)
}

/// Runs the program in the clone, and expects it to succeed.
fn done(world: &World, arguments: &[&str]) -> Said {
    let said = sendoff(world, arguments);
    assert_eq!(
        said.code,
        Some(0),
        "{arguments:?}: {}{}",
        said.stdout,
        said.stderr
    );
    said
}

/// Puts a git on the search path that says it is 2.54, and returns the variables with it. The real one does the work.
fn with_newer_git(world: &World) -> Vec<(&'static str, String)> {
    let script = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo git version 2.54.0; exit; fi\nPATH=${PATH#*:} exec git \"$@\"\n";
    world.sandbox.executable("newer/git", script);
    let newer = world.sandbox.path("newer");
    let mut all = world.variables();
    all.push(("PATH", world.sandbox.search_path_from(&newer)));
    all
}

/// Runs the program in the clone beside the newer git.
fn beside_newer_git(world: &World, arguments: &[&str]) -> Said {
    run(
        &world.sandbox,
        &world.work(),
        arguments,
        &with_newer_git(world),
        b"",
    )
}

/// Commits in a work tree, and waits until what was handed over is out. Returns what git said.
fn commit(world: &World, work: &Path) -> String {
    let output = world
        .sandbox
        .command("git")
        .args(["commit", "-q", "--allow-empty", "-m", "Ship it"])
        .current_dir(work)
        .envs(world.variables())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    world.run_in(work, &["status", "--wait", "60s"], &world.variables());
    said
}
