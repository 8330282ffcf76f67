//! Finds what of a repository leads to directories elsewhere, and does not prove that it belongs there.
//!
//! Git's `gitrepository-layout`: a `.git` file, `commondir`, `worktrees/NAME/gitdir`; `core.worktree` of `git-config`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::config::Config;
use super::discover::{RepoPaths, read_pointer};
use super::lead::{Lead, Leading, Leads};
use super::open_error::OpenError;

/// The directories in whose place a link is none of git's own doing, below the git directory that all work trees share.
const DIRECTORIES: [&str; 3] = ["objects", "objects/pack", "refs"];

/// Finds what leads elsewhere. A pointer that the other side returns is none of it, nor is what
/// `git init --separate-git-dir` makes, where the other side has no work tree to name.
pub(super) fn find_leads(paths: &RepoPaths, config: &Config) -> Result<Leads, OpenError> {
    let mut found: Vec<Lead> = links(paths).collect();
    let entry = paths.entry.symlink_metadata();
    if entry.is_ok_and(|entry| entry.is_file()) {
        found.extend(git_file(paths, config)?);
    }
    if paths.git_dir != paths.common_dir {
        check_common_dir(paths)?;
    }
    Ok(Leads {
        common_dir: paths.common_dir.clone(),
        found,
    })
}

/// Returns the symbolic links in the place of git's directories, as they are now.
pub(super) fn links(paths: &RepoPaths) -> impl Iterator<Item = Lead> + use<> {
    let below = DIRECTORIES.map(|name| paths.common_dir.join(name));
    let all = std::iter::once(paths.entry.clone()).chain(below);
    let all = all.filter(|path| path.is_symlink());
    // The git directories that files name had no link in any part of their paths when they were found.
    let mut named = vec![paths.git_dir.clone(), paths.common_dir.clone()];
    named.dedup();
    named.retain(|path| *path != paths.entry && real(path) != *path);
    all.chain(named).map(|from| Lead {
        to: real(&from),
        from,
        how: Leading::Link,
    })
}

/// Returns a path without links; as it is where there is nothing.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Returns the `.git` file, unless the git directory is its own.
fn git_file(paths: &RepoPaths, config: &Config) -> Result<Option<Lead>, OpenError> {
    let top = paths.entry.parent().unwrap_or(Path::new("/"));
    let (is_own, how) = if paths.git_dir == paths.common_dir {
        (is_work_tree(paths, config, top), Leading::GitFile)
    } else {
        let listed = read_pointer(&paths.git_dir.join("gitdir"))?;
        let listed = listed.map(|path| paths.git_dir.join(OsStr::from_bytes(&path)));
        let is_own = listed.is_some_and(|listed| is_same_entry(&listed, &paths.entry));
        (is_own, Leading::WorktreeFile)
    };
    Ok((!is_own).then(|| Lead {
        from: paths.entry.clone(),
        to: paths.git_dir.clone(),
        how,
    }))
}

/// Says whether a git directory is the one of the work tree `top`, or is one of which git notes no work tree: neither
/// bare nor inside of another one.
fn is_work_tree(paths: &RepoPaths, config: &Config, top: &Path) -> bool {
    match config.own_work_tree() {
        Some(named) => {
            let named = paths.git_dir.join(OsStr::from_bytes(named.as_bytes()));
            named.canonicalize().ok() == top.canonicalize().ok()
        }
        None => config.bare() == Some(false) && !paths.git_dir.ends_with(".git"),
    }
}

/// Says whether both are the same directory entry; neither needs to be there.
fn is_same_entry(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        Some((
            path.parent()?.canonicalize().ok()?,
            path.file_name()?.to_owned(),
        ))
    };
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// Refuses a `commondir` file, unless the git directory is below `worktrees` of what it names. Git makes no other.
fn check_common_dir(paths: &RepoPaths) -> Result<(), OpenError> {
    if real(&paths.git_dir).parent() == Some(&paths.common_dir.join("worktrees")) {
        return Ok(());
    }
    Err(OpenError::CommonDir {
        from: paths.git_dir.join("commondir"),
        to: paths.common_dir.clone(),
    })
}
