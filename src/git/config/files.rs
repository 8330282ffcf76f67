//! Which configuration files count beside the repository's own, and what the environment says besides.

use std::path::{Path, PathBuf};

use gix::bstr::BStr;

use crate::environment::Environment;
use crate::git::discover::RepoPaths;
use crate::git::discovery_limits::DiscoveryLimits;
use crate::git::object_directories::ObjectDirectories;

use super::entries::{Entry, truth};
use super::path::Beginnings;
use super::variables::{self, ConfigVariableError};

/// Where the system's and the user's git configuration are, and what the caller says besides.
#[derive(Debug, Clone, Default)]
pub struct ConfigFiles {
    /// The system's file.
    pub system: Option<PathBuf>,
    /// The user's files, later ones win.
    pub user: Vec<PathBuf>,
    /// What `~` means.
    pub home: Option<PathBuf>,
    /// The user's patterns of ignored files, where `core.excludesFile` names no other.
    pub ignored: Option<PathBuf>,
    /// The user's attributes of files, where `core.attributesFile` names no other.
    pub attributes: Option<PathBuf>,
    /// How the start was entered, links kept: conditions of includes may name either.
    pub entered: Option<PathBuf>,
    /// How far up a repository is looked for.
    pub limits: DiscoveryLimits,
    /// Which object directories count in place of the repository's own, and beside it.
    pub objects: ObjectDirectories,
    /// Whose directories are the caller's own besides: those of who became root by `sudo`.
    pub sudo_user: Option<u32>,
    /// The working directory.
    directory: PathBuf,
    /// Where programs are looked for.
    search_path: Vec<PathBuf>,
    /// What stands in the environment itself.
    pub(super) command: Vec<Entry>,
}

impl ConfigFiles {
    /// Returns the files that git reads: `/etc/gitconfig`, `git/config` below `config_home` (by
    /// default `~/.config`), `~/.gitconfig`.
    pub fn of_user(home: Option<&Path>, config_home: Option<&Path>) -> Self {
        let config_home = config_home
            .map(Path::to_owned)
            .or_else(|| Some(home?.join(".config")));
        let below = |name: &str| config_home.as_ref().map(|directory| directory.join(name));
        let own = home.map(|home| home.join(".gitconfig"));
        Self {
            system: Some(PathBuf::from("/etc/gitconfig")),
            user: below("git/config").into_iter().chain(own).collect(),
            home: home.map(Path::to_owned),
            ignored: below("git/ignore"),
            attributes: below("git/attributes"),
            ..Self::default()
        }
    }

    /// Returns what git reads in this environment: the files, which `GIT_CONFIG_SYSTEM`,
    /// `GIT_CONFIG_NOSYSTEM` and `GIT_CONFIG_GLOBAL` may replace, and what `GIT_CONFIG_COUNT`,
    /// `GIT_CONFIG_PARAMETERS`, `GIT_CEILING_DIRECTORIES` and `GIT_DISCOVERY_ACROSS_FILESYSTEM` say.
    pub fn of_environment(environment: &Environment) -> Result<Self, ConfigVariableError> {
        // Git takes relative ones, too.
        let home = environment.path_as_written("HOME");
        let config_home = environment.path_as_written("XDG_CONFIG_HOME");
        let mut files = Self::of_user(home.as_deref(), config_home.as_deref());
        // Set to nothing, they name no file.
        if environment.raw("GIT_CONFIG_GLOBAL").is_some() {
            files.user = Vec::from_iter(environment.path_as_written("GIT_CONFIG_GLOBAL"));
        }
        if environment.raw("GIT_CONFIG_SYSTEM").is_some() {
            files.system = environment.path_as_written("GIT_CONFIG_SYSTEM");
        }
        let is_true = |name| {
            let text = environment.text(name).map(BStr::new);
            text.is_some_and(|text| truth(Some(text)) == Some(true))
        };
        if is_true("GIT_CONFIG_NOSYSTEM") {
            files.system = None;
        }
        files.entered = Some(environment.entered());
        files.limits = DiscoveryLimits::new(
            environment
                .raw("GIT_CEILING_DIRECTORIES")
                .unwrap_or_default(),
            is_true("GIT_DISCOVERY_ACROSS_FILESYSTEM"),
        );
        files.objects = ObjectDirectories::new(
            environment.path_as_written("GIT_OBJECT_DIRECTORY"),
            environment
                .raw("GIT_ALTERNATE_OBJECT_DIRECTORIES")
                .unwrap_or_default(),
        );
        files.sudo_user = environment
            .text("SUDO_UID")
            .and_then(|user| user.parse().ok());
        environment.cwd().clone_into(&mut files.directory);
        files.search_path = environment.search_path();
        files.command = variables::entries(environment)?;
        Ok(files)
    }

    /// Returns the directory that relative paths begin in: git goes to the top of the work tree before it reads any, but
    /// from within its own directory, and where there is no work tree.
    pub(in crate::git) fn relative_to(&self, paths: Option<&RepoPaths>) -> PathBuf {
        let top = paths.and_then(|paths| paths.work_tree.clone().map(|top| (top, &paths.git_dir)));
        // The start of the search is a real path already, and mostly this one.
        let searched = paths.map(|paths| &paths.start);
        let here = match searched.filter(|start| **start == self.directory) {
            Some(start) => Ok(start.clone()),
            None => self.directory.canonicalize(),
        };
        match (top, here) {
            (Some((top, git_dir)), Ok(here))
                if here.starts_with(&top) && !here.starts_with(git_dir) =>
            {
                top
            }
            _ => self.directory.clone(),
        }
    }

    /// Returns what the prefixes of paths expand to.
    pub(super) fn beginnings(&self) -> Beginnings {
        Beginnings {
            home: self.home.clone(),
            search_path: self.search_path.clone(),
        }
    }
}
