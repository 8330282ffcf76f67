//! Tests of `git`: facts about repositories that real git made.

mod config;
mod config_as_git;
mod directories;
mod discovery_limits;
mod head;
mod open;
mod pr_template;
mod range;
mod range_random;
mod remote;
mod remote_names;
mod remote_rewrites;
mod state;
mod tracking;
mod uncommitted;
mod uncommitted_clean;
mod uncommitted_hostile;
mod uncommitted_patterns;
mod uncommitted_times;
mod upstream;

use std::path::Path;

use sendoff::git::ConfigFiles;
use sendoff::git::LocalConfigTrust;
use sendoff::git::Repo;

use crate::sandbox::Sandbox;

/// The configuration files of the sandbox's user, and no system file.
fn files(sandbox: &Sandbox) -> ConfigFiles {
    let home = sandbox.home();
    let mut files = ConfigFiles::of_user(Some(&home), Some(&home.join(".config")));
    files.system = None;
    files
}

/// Opens the repository at `path` as every run does.
fn open(sandbox: &Sandbox, path: &Path) -> Repo {
    Repo::discover(path, LocalConfigTrust::Ignore, &files(sandbox))
        .expect("the repository can be opened")
        .expect("there is a repository")
}

/// Parses an id that git printed.
fn id(hex: &str) -> gix::ObjectId {
    gix::ObjectId::from_hex(hex.as_bytes()).unwrap()
}
