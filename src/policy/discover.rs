//! The places of the layers, and the requirements on their files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

use crate::files::{FileError, Links, open};

use super::error::PolicyError;

/// The largest policy of the system, the user or the command line, in bytes.
const MAX_FILE_SIZE: u64 = 1024 * 1024;
/// The largest policy of a repository, in bytes.
pub const MAX_REPOSITORY_FILE_SIZE: u64 = 64 * 1024;
/// The repository's policy, at the root of its tree.
pub const REPOSITORY_FILE: &str = ".sendoff.toml";

/// The places of the layers. [`Default`] has only the built-in layer.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The system's policy.
    pub system: Option<PathBuf>,
    /// The user's policy.
    pub user: Option<PathBuf>,
    /// The repository's policy, when it is known.
    pub repository: Option<RepositoryFile>,
    /// `--policy FILE`.
    pub policy_file: Option<PathBuf>,
    /// Each `--set KEY=VALUE`.
    pub set: Vec<String>,
}

impl Places {
    /// Returns the usual places; `config_directory` is the user's, `$XDG_CONFIG_HOME/sendoff`.
    pub fn usual(config_directory: Option<&Path>) -> Self {
        Self {
            system: Some(PathBuf::from("/etc/sendoff/policy.toml")),
            user: config_directory.map(|directory| directory.join("policy.toml")),
            ..Self::default()
        }
    }
}

/// The bytes of a repository's policy, from the work tree or a commit.
#[derive(Debug, Clone)]
pub struct RepositoryFile {
    /// Its name in messages.
    pub path: PathBuf,
    /// Its content; at most one byte more than allowed.
    pub bytes: Vec<u8>,
}

impl RepositoryFile {
    /// Reads `.sendoff.toml` at the root of a work tree; `None` when it does not exist.
    ///
    /// Reads only a regular file: a link could lead to a file that the repository's author cannot read.
    pub fn read(work_tree: &Path) -> Result<Option<Self>, PolicyError> {
        let path = work_tree.join(REPOSITORY_FILE);
        let refused = |message: String| {
            let name = path.display().to_string();
            PolicyError::new(message)
                .advise("make it a regular file, or take it away")
                .in_layer(super::LayerKind::Repository, &name)
        };
        match open(&path, Links::Refused) {
            Ok(None) => Ok(None),
            Ok(Some(file)) => {
                let bytes = bounded(file, MAX_REPOSITORY_FILE_SIZE)
                    .map_err(|error| refused(unreadable(&error)))?;
                Ok(Some(Self { path, bytes }))
            }
            Err(FileError::Link) => Err(refused("it is a symbolic link".into())),
            Err(error) => Err(refused(problem(&error))),
        }
    }
}

/// Reads a policy that must belong to the user or to root; `None` when it does not exist.
pub(super) fn read_owned(path: &Path) -> Result<Option<String>, PolicyError> {
    let file = open(path, Links::Followed).map_err(|error| PolicyError::new(problem(&error)))?;
    let Some(file) = file else {
        // The file could have protected a branch.
        return if path.is_symlink() {
            Err(PolicyError::new("it is a link that leads nowhere")
                .advise("put the file back, or take the link away"))
        } else {
            Ok(None)
        };
    };
    let metadata = file
        .metadata()
        .map_err(|error| PolicyError::new(unreadable(&error)))?;
    let target = path
        .canonicalize()
        .map_err(|error| PolicyError::new(unreadable(&error)))?;
    if !is_read_only(&file) {
        check_owner(&target, &metadata)?;
    }
    // A user who can write to the directory can replace the file.
    let directories = [path.parent(), target.parent()];
    for directory in directories.into_iter().flatten() {
        let opened = File::open(directory).map_err(|error| PolicyError::new(unreadable(&error)))?;
        let metadata = opened
            .metadata()
            .map_err(|error| PolicyError::new(unreadable(&error)))?;
        if !is_read_only(&opened) {
            check_owner(directory, &metadata)?;
        }
    }
    let bytes =
        bounded(file, MAX_FILE_SIZE).map_err(|error| PolicyError::new(unreadable(&error)))?;
    text(&bytes, MAX_FILE_SIZE).map(|text| Some(text.to_owned()))
}

/// Reads a policy that was named on the command line.
pub(super) fn read_named(path: &Path) -> Result<String, PolicyError> {
    let refused =
        |message: String| PolicyError::new(message).advise("check the argument of --policy");
    // Opening a pipe would block.
    let opened = open(path, Links::Followed).map_err(|error| refused(problem(&error)))?;
    let file = opened.ok_or_else(|| refused("there is no such file".into()))?;
    let bytes =
        bounded(file, MAX_FILE_SIZE).map_err(|error| PolicyError::new(unreadable(&error)))?;
    text(&bytes, MAX_FILE_SIZE).map(str::to_owned)
}

/// Checks size and encoding before parsing.
pub(super) fn text(bytes: &[u8], limit: u64) -> Result<&str, PolicyError> {
    if bytes.len() as u64 > limit {
        let message = format!("the policy is larger than {} KiB", limit / 1024);
        return Err(PolicyError::new(message).advise("make it smaller"));
    }
    let encoding = || PolicyError::new("the policy is not UTF-8 text").advise("save it as UTF-8");
    if bytes.contains(&0) {
        return Err(encoding());
    }
    std::str::from_utf8(bytes).map_err(|_| encoding())
}

/// Reads at most one byte more than `limit`, so that a larger file is detected but not read.
fn bounded(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Says whether a file is on a read-only mount, such as a `ConfigMap` or a read-only bind: there owner and mode do
/// not say who can change it.
fn is_read_only(file: &File) -> bool {
    rustix::fs::fstatvfs(file).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Checks that only the user and root can write there.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), PolicyError> {
    let me = rustix::process::geteuid().as_raw();
    let shown = path.display();
    if metadata.uid() != 0 && metadata.uid() != me {
        let message = format!("{shown} belongs to neither you nor root");
        return Err(PolicyError::new(message).advise(format!("run: chown {me} '{shown}'")));
    }
    let mode = metadata.mode();
    // In a directory with the sticky bit, users cannot replace files of others.
    let sticky = metadata.is_dir() && mode & 0o1000 != 0;
    if mode & 0o002 != 0 && !sticky {
        let message = format!("{shown} is world-writable");
        return Err(PolicyError::new(message).advise(format!("run: chmod o-w '{shown}'")));
    }
    // A group with the number of the owner is the owner's private one.
    let private = metadata.gid() == metadata.uid();
    if mode & 0o020 != 0 && !private && !sticky {
        let message = format!("{shown} is group-writable");
        return Err(PolicyError::new(message).advise(format!("run: chmod g-w '{shown}'")));
    }
    Ok(())
}

/// Says why a file is not opened.
fn problem(error: &FileError) -> String {
    match error {
        FileError::Io(error) => unreadable(error),
        error => error.to_string(),
    }
}

/// Makes the error for a file that cannot be read.
fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}
