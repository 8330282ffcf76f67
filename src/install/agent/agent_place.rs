//! `AgentPlace`: an agent's file or directory in one scope, and the command that is written there.

use std::path::{Path, PathBuf};

use crate::install::command::{OurCommand, shell_word};
use crate::install::content::{Content, resolve};
use crate::install::context::InstallContext;
use crate::install::entry::{Entry, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::FileChange;
use crate::install::removal::removal;
use crate::surfaces::{Base, Places, SurfaceDef};

/// An agent's file or directory in one scope.
#[derive(Debug)]
pub(super) struct AgentPlace {
    pub(super) surface: &'static SurfaceDef,
    pub(super) scope: Scope,
    /// The file, or the directory of several files.
    path: PathBuf,
    /// The directory that links must not lead out of.
    top: PathBuf,
}

impl AgentPlace {
    /// Returns the place of a scope. Fails where the agent has none, or its directory is not known.
    pub(super) fn of(
        surface: &'static SurfaceDef,
        places: &Places,
        scope: Scope,
        context: &InstallContext,
    ) -> Result<Self, InstallError> {
        let none = |advice: &str| InstallError::Scope {
            what: format!(
                "{} has no file for hooks in the scope `{}`",
                surface.name,
                scope.name()
            ),
            advice: format!(
                "install it in another one: sendoff install {} --scope {advice}",
                surface.name
            ),
        };
        let (path, top) = match scope {
            Scope::User => user_directory(places, context)?,
            Scope::Project => {
                let (_, top) = context.work_tree()?;
                let project = places.project.ok_or_else(|| none("user"))?;
                (top.join(project), top.to_owned())
            }
            Scope::Local => {
                let (_, top) = context.work_tree()?;
                let local = places.local.ok_or_else(|| none("user"))?;
                return Ok(Self {
                    surface,
                    scope,
                    path: top.join(local),
                    top: top.to_owned(),
                });
            }
        };
        let path = if places.file.is_empty() {
            path
        } else {
            path.join(places.file)
        };
        Ok(Self {
            surface,
            scope,
            path,
            top,
        })
    }

    /// Returns the target of the changes.
    pub(super) const fn target(&self) -> Target {
        Target::Agent(self.surface)
    }

    /// Returns the file, with links resolved.
    pub(super) fn file(&self) -> Result<PathBuf, InstallError> {
        resolve(&self.path, &self.top)
    }

    /// Returns a file below the directory, with links resolved.
    pub(super) fn below(&self, name: &str) -> Result<PathBuf, InstallError> {
        resolve(&self.path.join(name), &self.top)
    }

    /// Makes the entry for a call in `path`, at `key`.
    pub(super) fn entry(&self, path: PathBuf, key: String, command: OurCommand) -> Entry {
        Entry {
            target: self.target(),
            scope: self.scope,
            path,
            place: key,
            command: Some(command),
            fault: None,
        }
    }

    /// Plans the removal of our entry from a text file, see [`removal`].
    pub(super) fn removal(
        &self,
        context: &InstallContext,
        path: PathBuf,
        now: Content,
        has_ours: impl FnOnce(&str) -> bool,
        without: impl FnOnce() -> Result<Content, InstallError>,
    ) -> Result<FileChange, InstallError> {
        let names = [self.surface.name];
        let has_ours = |content: &Content| content.text().is_some_and(has_ours);
        let without = || without().map(Some);
        removal(self.target(), &names, context, path, now, has_ours, without)
    }

    /// Returns the path with links unresolved, for messages.
    pub(super) fn shown(&self) -> &Path {
        &self.path
    }

    /// Returns the program for this scope. A committed file has its name only, because the path differs between machines.
    pub(super) fn program(&self, context: &InstallContext) -> Result<String, InstallError> {
        match self.scope {
            Scope::Project => Ok("sendoff".into()),
            Scope::User | Scope::Local => Ok(context.program_text()?.to_owned()),
        }
    }

    /// Returns the shell command for this scope. In a committed file it does nothing where sendoff is not installed.
    pub(super) fn command(&self, context: &InstallContext) -> Result<String, InstallError> {
        let call = format!(
            "{} hook {}",
            shell_word(&self.program(context)?),
            self.surface.name
        );
        Ok(match self.scope {
            Scope::Project => format!("if command -v sendoff >/dev/null 2>&1; then {call}; fi"),
            Scope::User | Scope::Local => call,
        })
    }
}

/// Returns the user's directory of an agent, and the directory that links in it must not lead out of.
fn user_directory(
    places: &Places,
    context: &InstallContext,
) -> Result<(PathBuf, PathBuf), InstallError> {
    let environment = &context.environment;
    let named = places
        .variable
        .and_then(|name| environment.named_path(name));
    if let Some(named) = named {
        // A directory that the user named is trusted. It need not exist yet.
        let there = named.ancestors().find(|path| path.exists());
        let top = there.unwrap_or(Path::new("/")).to_owned();
        return Ok((named, top));
    }
    let home = environment.home().ok_or(InstallError::NoHome)?;
    let (base, top) = match places.base {
        Base::Home => (home.clone(), home),
        Base::Config => {
            let base = environment.config_home().ok_or(InstallError::NoHome)?;
            let top = if base.starts_with(&home) {
                home
            } else {
                base.clone()
            };
            (base, top)
        }
    };
    Ok((base.join(places.user), top))
}
