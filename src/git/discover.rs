//! Discovery of the repository from a directory alone; `GIT_DIR` and similar variables are not read.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::files::{Directory, Found, Links, open, read};

use super::alternates::check_alternates;
use super::discovery_limits::DiscoveryLimits;
use super::open_error::OpenError;

/// The largest `.git` or `commondir` file that is read, in bytes.
const POINTER_FILE_LIMIT: u64 = 16 * 1024;
/// The largest `HEAD` file that gitoxide may read, in bytes; git itself writes fewer than 300.
const HEAD_FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// The files of refs that gitoxide reads whole, and that must not be links: an error may quote them.
const OWN_FILES: [&str; 2] = ["packed-refs", "shallow"];
/// The largest of them, in bytes: the file is mapped, and counts as memory where it is read. It has room for a
/// million refs.
const OWN_FILE_LIMIT: u64 = 96 << 20;
/// The largest that is not sorted, in bytes: gitoxide sorts it in memory, several times its size. Git has sorted the file
/// since 2.15.
const UNSORTED_LIMIT: u64 = 16 << 20;
/// How packed refs begin that are sorted, and the longest such line.
const SORTED: &[u8] = b" sorted ";
const PACKED_HEADER: usize = 256;

/// The commit-graph in one file, and the directory of one in parts. Gitoxide opens them without a check that they are
/// regular; tools that share objects put links there. They are mapped, of any size.
const COMMIT_GRAPH: &str = "objects/info/commit-graph";
const COMMIT_GRAPHS: &str = "objects/info/commit-graphs";
/// The list of the parts, which is read whole, and its largest size in bytes.
const CHAIN: &str = "commit-graph-chain";
const CHAIN_LIMIT: u64 = 64 * 1024;

/// The directories of a repository.
#[derive(Debug, Clone)]
pub(super) struct RepoPaths {
    /// What gitoxide is asked to open: a `.git` file or directory, or a bare repository.
    pub(super) entry: PathBuf,
    /// The git directory of this work tree.
    pub(super) git_dir: PathBuf,
    /// The git directory that all work trees share.
    pub(super) common_dir: PathBuf,
    /// Where the search began.
    pub(super) start: PathBuf,
    /// The work tree's top; none for a bare repository, or when the start is inside the git directory.
    pub(super) work_tree: Option<PathBuf>,
}

/// Finds the repository that `start` is in, or nothing when it is in none.
///
/// Like git it looks at each directory upwards, and does not cross into another file system unless `limits` says so.
pub(super) fn find(start: &Path, limits: &DiscoveryLimits) -> Result<Option<RepoPaths>, OpenError> {
    let Ok(start) = start.canonicalize() else {
        return Ok(None);
    };
    let Ok(device) = start.metadata().map(|metadata| metadata.dev()) else {
        return Ok(None);
    };
    let ceiling = limits.ceiling_above(&start);
    for directory in start.ancestors() {
        let is_within = limits.across_file_systems
            || directory == start
            || directory
                .metadata()
                .is_ok_and(|metadata| metadata.dev() == device);
        if !is_within || Some(directory) == ceiling {
            return Ok(None);
        }
        let entry = directory.join(".git");
        if let Some(git_dir) = git_dir_behind(&entry)? {
            let top = Some(directory.to_owned());
            return resolve(entry, git_dir, &start, top).map(Some);
        }
        if looks_like_git_dir(directory) {
            let git_dir = directory.to_owned();
            return resolve(git_dir.clone(), git_dir, &start, None).map(Some);
        }
    }
    Ok(None)
}

/// Returns the repository at a git directory that the caller names, as git does to its hooks; `None` when it is none.
pub(super) fn named(
    git_dir: &Path,
    work_tree: Option<&Path>,
) -> Result<Option<RepoPaths>, OpenError> {
    let Ok(git_dir) = git_dir.canonicalize() else {
        return Ok(None);
    };
    if !looks_like_git_dir(&git_dir) {
        return Ok(None);
    }
    let work_tree = work_tree.and_then(|top| top.canonicalize().ok());
    let start = work_tree.clone().unwrap_or_else(|| git_dir.clone());
    resolve(git_dir.clone(), git_dir, &start, work_tree).map(Some)
}

fn resolve(
    entry: PathBuf,
    git_dir: PathBuf,
    start: &Path,
    work_tree: Option<PathBuf>,
) -> Result<RepoPaths, OpenError> {
    let common_dir = common_dir_of(&git_dir)?;
    Ok(RepoPaths {
        start: start.to_owned(),
        entry,
        git_dir,
        common_dir,
        work_tree,
    })
}

/// Returns the git directory that `.git` is or points to; `None` when it is neither.
fn git_dir_behind(entry: &Path) -> Result<Option<PathBuf>, OpenError> {
    let Ok(metadata) = entry.metadata() else {
        return Ok(None);
    };
    if metadata.is_dir() {
        return Ok(looks_like_git_dir(entry).then(|| entry.to_owned()));
    }
    let content = read_pointer(entry)?.unwrap_or_default();
    let target = content
        .strip_prefix(b"gitdir:")
        .map(<[u8]>::trim_ascii_start)
        .ok_or_else(|| OpenError::Pointer(entry.to_owned()))?;
    let parent = entry.parent().unwrap_or(Path::new("/"));
    let named = parent.join(OsStr::from_bytes(target));
    match named.canonicalize() {
        Ok(git_dir) if looks_like_git_dir(&git_dir) => Ok(Some(git_dir)),
        _ if !is_of_worktree(&named) => Err(OpenError::Pointer(entry.to_owned())),
        Ok(git_dir) => Err(broken_worktree(&git_dir, entry)),
        Err(_) => Err(OpenError::WorktreePointer(entry.to_owned())),
    }
}

/// Says whether a path is that of the git directory of a linked work tree.
fn is_of_worktree(git_dir: &Path) -> bool {
    let parent = git_dir.parent().and_then(Path::file_name);
    parent.is_some_and(|name| name == "worktrees")
}

/// Says which file of a linked work tree's git directory is broken, where its repository is in its place.
fn broken_worktree(git_dir: &Path, entry: &Path) -> OpenError {
    let repository = git_dir.ancestors().nth(2);
    if !repository.is_some_and(looks_like_git_dir) {
        return OpenError::WorktreePointer(entry.to_owned());
    }
    let (name, content) = match git_dir.join("HEAD").symlink_metadata() {
        Ok(_) => ("commondir", "../.."),
        Err(_) => ("HEAD", "ref: refs/heads/NAME"),
    };
    OpenError::WorktreeFile {
        file: git_dir.join(name),
        content,
    }
}

/// Says whether `directory` holds what git requires of a git directory.
fn looks_like_git_dir(directory: &Path) -> bool {
    if directory.join("HEAD").symlink_metadata().is_err() {
        return false;
    }
    let common = common_dir_of(directory).unwrap_or_else(|_| directory.to_owned());
    common.join("objects").is_dir() && common.join("refs").is_dir()
}

fn common_dir_of(git_dir: &Path) -> Result<PathBuf, OpenError> {
    let pointer = git_dir.join("commondir");
    let Some(content) = read_pointer(&pointer)? else {
        return Ok(git_dir.to_owned());
    };
    git_dir
        .join(OsStr::from_bytes(&content))
        .canonicalize()
        .map_err(|_| OpenError::Pointer(pointer))
}

/// Reads a file that holds one path, without its line end.
pub(super) fn read_pointer(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let content = read(path, POINTER_FILE_LIMIT, Links::Followed)
        .map_err(|_| OpenError::Pointer(path.to_owned()))?;
    Ok(content.map(|mut content| {
        while content.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            content.pop();
        }
        content
    }))
}

impl RepoPaths {
    /// Refuses special files, and those that are too large, where gitoxide reads a file whole.
    pub(super) fn check_files(&self) -> Result<(), OpenError> {
        check_head(&self.git_dir.join("HEAD"))?;
        let special = |path: PathBuf| OpenError::SpecialFile(path);
        let common =
            Directory::open(&self.common_dir).map_err(|_| special(self.common_dir.clone()))?;
        for name in OWN_FILES {
            match common.look(Path::new(name)) {
                Ok(Found::Nothing) => {}
                Ok(Found::File(size)) if size <= UNSORTED_LIMIT => {}
                Ok(Found::File(size)) if size <= OWN_FILE_LIMIT && self.is_sorted(name) => {}
                _ => return Err(special(self.common_dir.join(name))),
            }
        }
        check_file(&self.common_dir.join(COMMIT_GRAPH), u64::MAX)?;
        check_parts(&self.common_dir.join(COMMIT_GRAPHS))?;
        check_alternates(&self.common_dir.join("objects"))
    }

    /// Says whether the file of packed refs says that it is sorted.
    fn is_sorted(&self, name: &str) -> bool {
        let path = self.common_dir.join(name);
        let Ok(Some(file)) = open(&path, Links::Refused) else {
            return false;
        };
        let mut head = Vec::new();
        if file
            .take(PACKED_HEADER as u64)
            .read_to_end(&mut head)
            .is_err()
        {
            return false;
        }
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = [line, b" "].concat();
        line.starts_with(b"#") && line.windows(SORTED.len()).any(|part| part == SORTED)
    }

    /// Returns the directory that has to be the user's, or safe.
    pub(super) fn top(&self) -> &Path {
        self.work_tree.as_ref().unwrap_or(&self.git_dir)
    }

    /// Refuses directories of other users, unless `is_safe` accepts them. Those of `sudo_user` are root's own, as for git.
    pub(super) fn check_owner(
        &self,
        sudo_user: Option<u32>,
        is_safe: impl FnOnce() -> bool,
    ) -> Result<(), OpenError> {
        let me = rustix::process::geteuid().as_raw();
        let also = sudo_user.filter(|_| me == 0);
        let mut all = vec![self.top(), &self.entry, &self.git_dir, &self.common_dir];
        // Mostly the last three are one.
        all.dedup();
        let foreign = all.into_iter().find(|path| {
            // The link itself counts, as it decides what is opened.
            path.symlink_metadata().map_or(true, |metadata| {
                metadata.uid() != me && Some(metadata.uid()) != also
            })
        });
        match foreign {
            Some(path) if !is_safe() => Err(OpenError::NotOwned {
                path: path.to_owned(),
                top: self.top().to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Refuses a HEAD that is neither a regular file nor what very old repositories have: a link to a ref's name.
fn check_head(path: &Path) -> Result<(), OpenError> {
    match path.read_link() {
        Ok(target) if target.starts_with("refs") => Ok(()),
        Ok(_) => Err(OpenError::SpecialFile(path.to_owned())),
        Err(_) => check_file(path, HEAD_FILE_LIMIT).map(|_| ()),
    }
}

/// Refuses a commit-graph one of whose parts is no regular file.
fn check_parts(directory: &Path) -> Result<(), OpenError> {
    if !check_file(&directory.join(CHAIN), CHAIN_LIMIT)? {
        return Ok(());
    }
    for entry in directory.read_dir().into_iter().flatten().flatten() {
        check_file(&entry.path(), u64::MAX)?;
    }
    Ok(())
}

/// Says whether there is a file.
fn check_file(path: &Path, limit: u64) -> Result<bool, OpenError> {
    match path.metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() <= limit => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        _ => Err(OpenError::SpecialFile(path.to_owned())),
    }
}
