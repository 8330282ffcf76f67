//! What a test does for want of a tool: it says so, and in CI it fails.

use std::path::{Path, PathBuf};

/// Returns the path of a program; none where the test has to be left out for want of it.
///
/// # Panics
///
/// As [`left_out`].
#[must_use]
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        // Where servers are; not every user has it on the search path.
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
        .map(|directory| directory.join(name))
        .find(|file| is_program(file));
    if found.is_none() {
        left_out(name, "it is not installed");
    }
    found
}

/// Says that something is not tested for want of a tool, or of something else that a machine may lack.
///
/// # Panics
///
/// In CI (`CI` is set), unless `SENDOFF_MISSING` lists the name: `.ci/run` lists what could not be installed.
pub fn left_out(name: &str, why: &str) {
    let listed = std::env::var("SENDOFF_MISSING").unwrap_or_default();
    let is_listed = listed.split([',', ' ']).any(|listed| listed == name);
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    assert!(
        !is_ci || is_listed,
        "{name}: {why}; in CI a test is left out only where SENDOFF_MISSING lists `{name}`"
    );
    eprintln!("left out for want of {name}: {why}");
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
