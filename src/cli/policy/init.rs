//! `sendoff policy init`: writes a preset as a new policy file.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::preset;

use super::super::output::{eprint, print};
use super::super::render;

/// Which policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Repository,
    User,
}

impl Target {
    /// Returns the policy that `--repo` asks for, or that its absence does.
    pub(super) const fn of(repo: bool) -> Self {
        if repo { Self::Repository } else { Self::User }
    }
}

/// Prints a preset as it would be written.
pub(super) fn print_preset(name: &str, target: Target) -> Exit {
    let text = preset(name).unwrap_or_default();
    if target == Target::User {
        return print(text).exit();
    }
    match crate::session::preset_for_repository(text) {
        Ok(carried) => print(&carried.text).exit(),
        Err(error) => render::policy_error(&error),
    }
}

/// Writes a preset.
pub(super) fn init(
    name: &str,
    target: Target,
    directory: Option<&Path>,
    environment: &Environment,
) -> Exit {
    let text = preset(name).unwrap_or_default();
    let path = match path_of(target, directory, environment) {
        Ok(path) => path,
        Err(message) => {
            eprint(&message);
            return Exit::Failed;
        }
    };
    let mut left_out = Vec::new();
    let mut text = text.to_owned();
    if target == Target::Repository {
        match crate::session::preset_for_repository(&text) {
            Ok(carried) => (text, left_out) = (carried.text, carried.left_out),
            Err(error) => return render::policy_error(&error),
        }
    }
    if let Err(error) = create(&path, &text) {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            eprint(&format!(
                "{} already exists; not overwritten",
                path.display()
            ));
            return Exit::Failed;
        }
        eprint(&format!("{} cannot be written: {error}", path.display()));
        return Exit::Failed;
    }
    let printed = print(&format!(
        "{} is written from the preset `{name}`",
        path.display()
    ));
    if !left_out.is_empty() {
        eprint(&format!(
            "a repository's policy cannot carry these keys, which are comments there; put them into the user's or \
             the system's: {}",
            left_out.join(", ")
        ));
    }
    printed.exit()
}

/// Returns where a policy is, or says why nowhere.
pub(super) fn path_of(
    target: Target,
    directory: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, String> {
    match target {
        Target::Repository => crate::session::repository_policy(directory, environment),
        Target::User => environment
            .config_directory()
            .map(|directory| directory.join("policy.toml"))
            .ok_or_else(|| {
                "HOME is not set, so there is no directory for the user's policy".to_owned()
            }),
    }
}

/// The mode of a policy's directory: a policy that others can change is invalid.
const DIRECTORY_MODE: u32 = 0o755;
/// The mode of a policy.
const FILE_MODE: u32 = 0o644;

/// Writes a new file. Fails when it exists.
pub(super) fn create(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(directory)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.write_all(text.as_bytes())
}
