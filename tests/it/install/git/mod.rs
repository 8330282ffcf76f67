//! git's hooks, as files and in its configuration.

mod config;
mod hooks;
mod places;

use sendoff::install::{Fault, InstallContext, Target, find};

use crate::program::Said;
use crate::sandbox::environment;
use crate::world::World;

const INSTALL: &[&str] = &["install", "git", "--yes"];
const UNINSTALL: &[&str] = &["uninstall", "git", "--yes"];
const HOOKS: [&str; 4] = [
    "post-commit",
    "post-rewrite",
    "post-merge",
    "post-applypatch",
];

/// Looks for entries as `doctor` does.
fn found(world: &World) -> Vec<(String, Option<Fault>)> {
    let environment = environment(&world.sandbox, &world.work());
    let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
    let entries = find(Target::Git, &context).unwrap().into_iter();
    entries
        .map(|entry| {
            let name = entry.path.file_name().unwrap().to_str().unwrap();
            (
                format!("{name} {}", entry.place).trim().to_owned(),
                entry.fault,
            )
        })
        .collect()
}

fn assert_installed_already(said: &Said) {
    let is_told = said.stderr.starts_with("everything is installed already\n");
    assert!(is_told, "{}", said.stderr);
}
