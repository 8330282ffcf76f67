//! Finding the `pre-push` hook, and whether its location is trusted.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::Repo;
use super::open_error::LocalConfigTrust;

/// The name of the hook's file.
const PRE_PUSH: &str = "pre-push";

/// The `pre-push` hook of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program.
    pub path: PathBuf,
    /// Where git starts it: the top of the work tree.
    pub directory: PathBuf,
    /// What git sets `GIT_DIR` to; none where a hook finds the repository by itself.
    pub git_dir: Option<PathBuf>,
    /// The variables that name object directories, as the caller set them.
    pub objects: Vec<(&'static str, OsString)>,
}

/// The result of looking where git looks for the hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrePush {
    /// There is no hook.
    None,
    /// There is one.
    Found(Hook),
    /// There is a file that is not executable; git does not run it either.
    NotExecutable(PathBuf),
    /// The repository's own `core.hooksPath` is outside the work tree, so nothing there is run.
    Outside(PathBuf),
}

/// Where git looks for the hooks of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HooksPlace {
    /// In the git directory that all work trees share.
    GitDirectory(PathBuf),
    /// Where the repository's own `core.hooksPath` says.
    OfRepository(PathBuf),
    /// Where the user's or the system's `core.hooksPath` says: in all repositories.
    OfUser(PathBuf),
}

impl Repo {
    /// Returns where git looks for hooks, by whichever configuration. Nothing there is run here.
    pub fn hooks_place(&self) -> HooksPlace {
        let top = self.work_tree().unwrap_or_else(|| self.git_dir());
        let config = self.config();
        let local = config.local.string("core.hooksPath");
        if let Some(local) = local.filter(|path| !path.is_empty()) {
            let path = config.expand(&local.to_str_lossy());
            return HooksPlace::OfRepository(top.join(path.unwrap_or_default()));
        }
        match config.path("core.hooksPath") {
            Some(path) => HooksPlace::OfUser(top.join(path)),
            None => HooksPlace::GitDirectory(self.common_dir().join("hooks")),
        }
    }

    /// Finds the `pre-push` hook: below `core.hooksPath`, else below the directory that all work
    /// trees share.
    ///
    /// The repository's own `core.hooksPath` counts only when it stays inside the work tree; the
    /// user's may lead anywhere. As for git, a relative one starts at the top of the work tree.
    pub fn pre_push_hook(&self) -> PrePush {
        let top = self.work_tree().unwrap_or_else(|| self.git_dir());
        let directory = match self.hooks_directory(top) {
            Ok(directory) => directory,
            Err(outside) => return PrePush::Outside(outside),
        };
        let path = directory.join(PRE_PUSH);
        match path.metadata() {
            Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 => {
                PrePush::Found(Hook {
                    path,
                    directory: top.to_owned(),
                    git_dir: self.git_dir_for_hooks(),
                    objects: self.objects.variables(),
                })
            }
            Ok(metadata) if metadata.is_file() => PrePush::NotExecutable(path),
            _ => PrePush::None,
        }
    }

    /// Returns where a directory is below the top of the work tree, as git writes it: with a slash at its end, empty for
    /// the top itself and for what is elsewhere.
    pub fn prefix(&self, directory: &Path) -> String {
        let below = directory.canonicalize().ok().and_then(|directory| {
            let below = directory.strip_prefix(self.work_tree()?).ok()?;
            Some(below.to_string_lossy().into_owned())
        });
        match below {
            Some(below) if !below.is_empty() => format!("{below}/"),
            _ => String::new(),
        }
    }

    fn hooks_directory(&self, top: &Path) -> Result<PathBuf, PathBuf> {
        let config = self.config();
        let local = config.local.string("core.hooksPath");
        if config.trust == LocalConfigTrust::Ignore
            && let Some(local) = local
        {
            let path = config.expand(&local.to_str_lossy()).unwrap_or_default();
            if path.as_os_str().is_empty() {
                return Ok(nowhere());
            }
            let wanted = top.join(path);
            // A symbolic link can lead outside as well as `..` does. A missing directory holds no hook.
            let Ok(real) = wanted.canonicalize() else {
                return Ok(wanted);
            };
            let inside = top.canonicalize().is_ok_and(|top| real.starts_with(top));
            return if inside { Ok(real) } else { Err(wanted) };
        }
        let path = config.path("core.hooksPath");
        Ok(match (path, config.string("core.hooksPath")) {
            (Some(path), _) => top.join(path),
            (None, Some(_)) => nowhere(),
            (None, None) => self.common_dir().join("hooks"),
        })
    }

    /// Git sets `GIT_DIR` where `.git` is a file: in a linked work tree and in a submodule.
    fn git_dir_for_hooks(&self) -> Option<PathBuf> {
        let top = self.work_tree()?;
        let is_directory = top.join(".git").is_dir();
        (!is_directory).then(|| self.git_dir().to_owned())
    }
}

/// Where git looks for hooks when `core.hooksPath` is set to nothing: in the root of the file system.
fn nowhere() -> PathBuf {
    PathBuf::from("/")
}
