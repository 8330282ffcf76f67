//! `InstallContext`: the user, the repository and the program of an installation.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::git::{ConfigFiles, LocalConfigTrust, Repo};

use super::error::InstallError;
use super::shell::Shell;

/// What an installation depends on.
#[derive(Debug)]
pub struct InstallContext {
    /// The variables and directories.
    pub environment: Environment,
    /// The working directory of the command.
    pub directory: PathBuf,
    /// The repository there, if any.
    pub repo: Option<Repo>,
    /// The user's git configuration files.
    pub config_files: ConfigFiles,
    /// This program, by its absolute path.
    pub program: PathBuf,
    /// Makes the completions of a shell; `None` where the caller has none.
    pub completions: Option<fn(Shell) -> String>,
}

impl InstallContext {
    /// Makes the context for `directory`, by default the current one.
    pub fn new(
        environment: Environment,
        directory: Option<&Path>,
        program: PathBuf,
    ) -> Result<Self, InstallError> {
        let directory = match directory {
            Some(directory) => environment.cwd().join(directory),
            None => environment.cwd().to_owned(),
        };
        let refused = |error: &dyn std::error::Error| InstallError::Repository(error.to_string());
        let config_files =
            ConfigFiles::of_environment(&environment).map_err(|error| refused(&error))?;
        let mut files = config_files.clone();
        files.entered = files.entered.filter(|_| directory == environment.cwd());
        let repo = Repo::discover(&directory, LocalConfigTrust::Ignore, &files)
            .map_err(|error| refused(&error))?;
        Ok(Self {
            environment,
            directory,
            repo,
            config_files,
            program,
            completions: None,
        })
    }

    /// Returns the repository and the top of its work tree. Fails where there is none.
    pub(super) fn work_tree(&self) -> Result<(&Repo, &Path), InstallError> {
        let Some(repo) = &self.repo else {
            return Err(InstallError::NoRepository(self.directory.clone()));
        };
        match repo.work_tree() {
            Some(top) => Ok((repo, top)),
            None => Err(InstallError::Bare(repo.git_dir().to_owned())),
        }
    }

    /// Returns this program's path. Fails where it has control characters, which cannot be written into a one-line value.
    pub(super) fn program_text(&self) -> Result<&str, InstallError> {
        let text = self.program.to_str();
        text.filter(|text| !text.chars().any(char::is_control))
            .ok_or_else(|| InstallError::Program(self.program.clone()))
    }

    /// Returns the directory of the records.
    pub(super) fn records(&self) -> Option<PathBuf> {
        Some(self.environment.state_directory()?.join("installs"))
    }
}
