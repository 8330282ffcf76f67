//! Trees of files that many tests begin with: a shell script makes each once, and every test gets a copy.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::sandbox::{Sandbox, succeed};

/// One script at a time: most tests wait for the same one when a run begins.
static MAKING: Mutex<()> = Mutex::new(());

/// The version of git, since another one may write other files.
static GIT: LazyLock<String> = LazyLock::new(|| succeed(Command::new("git").arg("--version")));

/// Copies what is at `relative` in what a script makes to an existing directory.
pub(crate) fn copy(script: &str, relative: &str, to: &Path) {
    copy_tree(&made(script).join(relative), to).unwrap();
}

/// Returns the directory with what a script makes, which nothing may change.
fn made(script: &str) -> PathBuf {
    let directory = directory_of(script);
    if directory.exists() {
        return directory;
    }
    let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if directory.exists() {
        return directory;
    }
    let sandbox = Sandbox::new();
    succeed(sandbox.command("sh").args(["-euc", script]));
    // The home is the sandbox's own.
    fs::remove_dir_all(sandbox.home()).unwrap();
    let cache = directory.parent().unwrap();
    fs::create_dir_all(cache).unwrap();
    let draft = tempfile::Builder::new().tempdir_in(cache).unwrap();
    copy_tree(&sandbox.path(""), draft.path()).unwrap();
    // Another process may have been faster, and made the same.
    if fs::rename(draft.path(), &directory).is_ok() {
        let _moved = draft.keep();
    }
    directory
}

/// Returns where cargo's target directory keeps what a script makes.
fn directory_of(script: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (script, &*GIT, Sandbox::GIT_CONFIG).hash(&mut hasher);
    let program = std::env::current_exe().unwrap();
    // TARGET/PROFILE/deps/PROGRAM
    let profile = program.parent().unwrap().parent().unwrap();
    profile
        .join("fixtures")
        .join(format!("{:016x}", hasher.finish()))
}

/// Copies what is in a directory, with modes and links.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&source, &target)?;
            fs::set_permissions(&target, fs::metadata(&source)?.permissions())?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
