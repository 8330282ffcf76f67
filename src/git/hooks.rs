//! Finding the `pre-push` hook, and whether its location is trusted.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::Repo;
use super::config::truth;
use super::open_error::LocalConfigTrust;

/// The name of the hook's file.
const PRE_PUSH: &str = "pre-push";
/// How many hooks of the configuration are named at most.
const MAX_NAMED_HOOKS: usize = 10;

/// The `pre-push` hook of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program.
    pub path: PathBuf,
    /// Its path from `directory`, where git runs it by that.
    pub relative: Option<PathBuf>,
    /// Where git starts it: the top of the work tree.
    pub directory: PathBuf,
    /// What git sets of the variables that name the repository.
    pub place: Vec<(&'static str, OsString)>,
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
    /// There is one that the caller may not execute; git does not run it either.
    NotExecutable(PathBuf),
    /// The repository's own `core.hooksPath` leads to a hook that is neither inside the work tree nor inside what all work
    /// trees share: it is not run.
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
        let local = self.own_hooks_path();
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
    /// The repository's own `core.hooksPath` counts only when it stays inside the work tree, or inside what all work trees
    /// share; the user's may lead anywhere. As for git, a relative one starts at the top of the work tree.
    pub fn pre_push_hook(&self) -> PrePush {
        let top = self.work_tree().unwrap_or_else(|| self.git_dir());
        let (directory, below) = match self.hooks_directory(top) {
            Ok(found) => found,
            Err(outside) => return PrePush::Outside(outside),
        };
        let path = directory.join(PRE_PUSH);
        // Git runs whatever the caller may execute, and stops where that is a directory.
        match access(&path, Access::EXEC_OK) {
            Ok(()) => PrePush::Found(Hook {
                relative: below.map(|below| below.join(PRE_PUSH)),
                path,
                directory: top.to_owned(),
                place: self.place_for_hooks(),
                objects: self.objects.variables(),
            }),
            Err(Errno::ACCESS) => PrePush::NotExecutable(path),
            Err(_) => PrePush::None,
        }
    }

    /// Returns the names of the hooks that the configuration outside of the repository lists for a push, as git reads
    /// `hook.<name>.event` and `hook.<name>.enabled` from version 2.54 on. They are not run.
    pub fn configured_pre_push_hooks(&self) -> Vec<String> {
        let entries = |key| self.config().trusted.named("hook", key);
        let mut names: Vec<BString> = Vec::new();
        for entry in entries("event") {
            let Some(name) = entry.subsection.as_ref() else {
                continue;
            };
            // An empty value takes back what was listed before.
            if entry.value().is_empty() {
                names.retain(|known| known != name);
            } else if entry.value() == PRE_PUSH && !names.contains(name) {
                names.push(name.clone());
            }
        }
        // The last value of each counts.
        names.retain(|name| {
            let mut of_name =
                entries("enabled").filter(|entry| entry.subsection.as_ref() == Some(name));
            let last = of_name.next_back();
            let value = last.map(|entry| truth(entry.value.as_ref().map(|value| value.as_bstr())));
            value.flatten() != Some(false)
        });
        let shown = |name: BString| format!("hook.{}", name.to_str_lossy().escape_debug());
        names.into_iter().take(MAX_NAMED_HOOKS).map(shown).collect()
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

    /// Returns where the hooks are, and that path from the top of the work tree where git names them so. `Err` is the place
    /// outside that the repository's own configuration names.
    fn hooks_directory(&self, top: &Path) -> Result<(PathBuf, Option<PathBuf>), PathBuf> {
        let config = self.config();
        if config.trust == LocalConfigTrust::Ignore
            && let Some(local) = self.own_hooks_path()
        {
            let path = config.expand(&local.to_str_lossy()).unwrap_or_default();
            if path.as_os_str().is_empty() {
                return Ok((nowhere(), None));
            }
            let wanted = top.join(&path);
            // A symbolic link can lead outside as well as `..` does. A missing directory holds no hook, also where somebody
            // makes it meanwhile.
            let real = match wanted.canonicalize() {
                Ok(real) => real,
                Err(error) if is_missing(error.kind()) => return Ok((no_directory(), None)),
                Err(_) => return Err(wanted),
            };
            let below = |place: &Path| {
                let place = place.canonicalize().ok()?;
                real.strip_prefix(place).ok().map(Path::to_owned)
            };
            // What was checked is what is run, without its links.
            if let Some(below) = below(top) {
                let relative = path.is_relative().then(|| started_here(&below));
                return Ok((real.clone(), relative));
            }
            let is_shared = self.shared_places().any(|place| below(place).is_some());
            if is_shared {
                return Ok((real, None));
            }
            // A directory without the hook, or no directory at all, as `/dev/null`, leads nowhere, also where somebody makes the
            // hook meanwhile.
            return match access(wanted.join(PRE_PUSH), Access::EXISTS) {
                Err(Errno::NOENT | Errno::NOTDIR) => Ok((no_directory(), None)),
                _ => Err(wanted),
            };
        }
        let path = config.path("core.hooksPath");
        Ok(match (path, config.string("core.hooksPath")) {
            (Some(path), _) => (top.join(&path), path.is_relative().then_some(path)),
            (None, Some(_)) => (nowhere(), None),
            (None, None) => (self.common_dir().join("hooks"), self.own_hooks_below_top()),
        })
    }

    /// Returns the repository's own `core.hooksPath`, unless the environment has another one.
    fn own_hooks_path(&self) -> Option<BString> {
        let config = self.config();
        let is_said = config.is_in_environment("core.hooksPath");
        config.local.string("core.hooksPath").filter(|_| !is_said)
    }

    /// Returns what all work trees share: the git directory, and for a linked one the main work tree, where tools keep hooks.
    fn shared_places(&self) -> impl Iterator<Item = &Path> {
        let shared = self.common_dir();
        let config = self.config();
        // Where the git directory lies elsewhere, what is around it is any directory, perhaps the home directory.
        let has_main = self.git_dir() != shared
            && shared.ends_with(".git")
            && !shared.is_symlink()
            && config.bare() != Some(true)
            && config.own_work_tree().is_none();
        let main = shared.parent().filter(|_| has_main);
        std::iter::once(shared).chain(main)
    }

    /// Returns where the hooks of the git directory are from the top of the work tree; none where git names them by an absolute
    /// path.
    fn own_hooks_below_top(&self) -> Option<PathBuf> {
        if self.git_dir() != self.common_dir() {
            return None;
        }
        match self.work_tree() {
            Some(top) if self.git_dir() == top.join(".git") => Some(".git/hooks".into()),
            Some(_) => None,
            None => Some("hooks".into()),
        }
    }

    /// Git sets `GIT_DIR` where `.git` is a file, in a linked work tree and in a submodule, and where there is no work tree.
    fn place_for_hooks(&self) -> Vec<(&'static str, OsString)> {
        let Some(top) = self.work_tree() else {
            return vec![
                ("GIT_DIR", ".".into()),
                ("GIT_IMPLICIT_WORK_TREE", "0".into()),
            ];
        };
        if top.join(".git").is_dir() {
            return Vec::new();
        }
        vec![("GIT_DIR", self.git_dir().into())]
    }
}

/// Names the top of the work tree itself as git does: a program without a slash is looked up on the search path.
fn started_here(below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        below.to_owned()
    }
}

/// Says whether there is nothing at a path.
const fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A place in which nobody can put a hook.
fn no_directory() -> PathBuf {
    PathBuf::from("/dev/null")
}

/// Where git looks for hooks when `core.hooksPath` is set to nothing: in the root of the file system.
fn nowhere() -> PathBuf {
    PathBuf::from("/")
}
