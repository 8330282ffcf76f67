//! How far up a repository is looked for, by the environment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What ends the way up from a directory, beside the root of the file system.
#[derive(Debug, Clone, Default)]
pub struct DiscoveryLimits {
    ceilings: Vec<PathBuf>,
    pub(super) across_file_systems: bool,
}

impl DiscoveryLimits {
    /// Reads the value of `GIT_CEILING_DIRECTORIES` as git does: paths with a colon between, those that are not absolute
    /// are left out, and links are resolved before an empty one only.
    pub(super) fn new(listed: &[u8], across_file_systems: bool) -> Self {
        let mut resolves = true;
        let mut ceilings = Vec::new();
        for path in listed.split(|byte| *byte == b':') {
            let path = Path::new(OsStr::from_bytes(path));
            if path.as_os_str().is_empty() {
                resolves = false;
            } else if path.is_absolute() {
                let resolved = resolves.then(|| path.canonicalize().ok()).flatten();
                ceilings.push(resolved.unwrap_or_else(|| path.to_owned()));
            }
        }
        Self {
            ceilings,
            across_file_systems,
        }
    }

    /// Returns the directory at which the search upwards from `start` ends; `start` itself is always searched.
    pub(super) fn ceiling_above(&self, start: &Path) -> Option<&Path> {
        let above = self.ceilings.iter();
        let above = above.filter(|ceiling| start != *ceiling && start.starts_with(ceiling));
        let nearest = above.max_by_key(|ceiling| ceiling.components().count());
        nearest.map(PathBuf::as_path)
    }
}
