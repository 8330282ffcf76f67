//! Which configuration files count, and how they are read: the user's, the system's, the repository's.

use std::path::{Path, PathBuf};

use gix::config::file::Metadata;
use gix::config::file::includes;
use gix::config::file::init;
use gix::config::{File, Source};
use gix::sec::Trust;

use super::discover::RepoPaths;
use super::files::read_bounded;
use super::open::OpenError;

/// In bytes. The user's own files are not bounded by it.
const LOCAL_LIMIT: u64 = 4 * 1024 * 1024;

/// Where the system's and the user's git configuration are.
#[derive(Debug, Clone, Default)]
pub struct ConfigFiles {
    /// The system's file.
    pub system: Option<PathBuf>,
    /// The user's files, later ones win.
    pub user: Vec<PathBuf>,
    /// What `~` means.
    pub home: Option<PathBuf>,
}

impl ConfigFiles {
    /// Returns the files that git reads: `/etc/gitconfig`, `git/config` below `config_home` (by
    /// default `~/.config`), `~/.gitconfig`.
    pub fn of_user(home: Option<&Path>, config_home: Option<&Path>) -> Self {
        let xdg = config_home
            .map(Path::to_owned)
            .or_else(|| Some(home?.join(".config")))
            .map(|directory| directory.join("git/config"));
        let own = home.map(|home| home.join(".gitconfig"));
        Self {
            system: Some(PathBuf::from("/etc/gitconfig")),
            user: xdg.into_iter().chain(own).collect(),
            home: home.map(Path::to_owned),
        }
    }
}

/// Reads the system's and the user's files, without their includes.
pub(super) fn read_trusted(files: &ConfigFiles) -> Result<File, OpenError> {
    let system = files.system.iter().map(|path| (path, Source::System));
    let user = files.user.iter().map(|path| (path, Source::User));
    let mut all = File::new(Metadata::from(Source::User).with(Trust::Full));
    for (path, source) in system.chain(user) {
        let metadata = Metadata::from(source).at(path).with(Trust::Full);
        let Some(mut content) = read_bounded(path, u64::MAX).map_err(|e| bad(path, e))? else {
            continue;
        };
        append(&mut all, parse(&mut content, metadata, path)?, path)?;
    }
    Ok(all)
}

/// Reads the repository's own files, without their includes.
pub(super) fn read_local(paths: &RepoPaths) -> Result<File, OpenError> {
    let mut all = File::new(Metadata::from(Source::Local).with(Trust::Reduced));
    let read = |path: PathBuf, source: Source, all: &mut File| {
        let metadata = Metadata::from(source).at(&path).with(Trust::Reduced);
        match read_bounded(&path, LOCAL_LIMIT).map_err(|e| bad(&path, e))? {
            Some(mut content) => append(all, parse(&mut content, metadata, &path)?, &path),
            None => Ok(()),
        }
    };
    read(paths.common_dir.join("config"), Source::Local, &mut all)?;
    if let Ok(Some(true)) = all.boolean("extensions.worktreeConfig") {
        let own = paths.git_dir.join("config.worktree");
        read(own, Source::Worktree, &mut all)?;
    }
    Ok(all)
}

fn parse(content: &mut Vec<u8>, metadata: Metadata, path: &Path) -> Result<File, OpenError> {
    let options = init::Options {
        includes: includes::Options::no_follow(),
        lossy: true,
        ignore_io_errors: true,
    };
    File::from_bytes_owned(content, metadata, options).map_err(|e| bad(path, e))
}

/// Puts `file` after `all`; `path` is for the error.
pub(super) fn append(all: &mut File, file: File, path: &Path) -> Result<(), OpenError> {
    all.append(file).map(drop).map_err(|e| bad(path, e))
}

/// Follows `include` and `includeIf` in `file`.
pub(super) fn follow_includes(
    file: &mut File,
    paths: &RepoPaths,
    home: Option<&Path>,
    branch: Option<&gix::refs::FullName>,
) -> Result<(), OpenError> {
    let interpolate = gix::config::path::interpolate::Context {
        git_install_dir: None,
        home_dir: home,
        home_for_user: None,
    };
    let conditional = includes::conditional::Context {
        git_dir: Some(&paths.git_dir),
        branch_name: branch.map(AsRef::as_ref),
    };
    let follow = includes::Options {
        err_on_max_depth_exceeded: false,
        ..includes::Options::follow(interpolate, conditional)
    };
    let options = init::Options {
        includes: follow,
        lossy: true,
        ignore_io_errors: true,
    };
    file.resolve_includes(options)
        .map_err(|e| bad(&paths.git_dir, e))
}

fn bad(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenError {
    OpenError::Config {
        path: path.to_owned(),
        source: source.into(),
    }
}
