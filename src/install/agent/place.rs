//! `Place`: where an agent looks in one scope, and the words of the call there.

use std::path::{Path, PathBuf};

use crate::install::command::shell_word;
use crate::install::content::resolve;
use crate::install::entry::{Scope, Target};
use crate::install::error::InstallError;
use crate::install::surroundings::Surroundings;
use crate::surfaces::{Base, Places, SurfaceDef};

/// Where an agent looks in one scope.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) surface: &'static SurfaceDef,
    pub(super) scope: Scope,
    /// The file, or the directory of several files.
    path: PathBuf,
    /// What a link must not lead out of.
    top: PathBuf,
}

impl Place {
    /// Returns the place of a scope. Fails where the agent has none, and where it cannot be told.
    pub(super) fn of(
        surface: &'static SurfaceDef,
        places: &Places,
        scope: Scope,
        around: &Surroundings,
    ) -> Result<Self, InstallError> {
        let none = |advice: &str| InstallError::Scope {
            what: format!(
                "{} reads nothing of ours in the scope `{}`",
                surface.name,
                scope.name()
            ),
            advice: format!(
                "install it in another one: sendoff install {} --scope {advice}",
                surface.name
            ),
        };
        let (path, top) = match scope {
            Scope::User => user_directory(places, around)?,
            Scope::Project => {
                let (_, top) = around.work_tree()?;
                let project = places.project.ok_or_else(|| none("user"))?;
                (top.join(project), top.to_owned())
            }
            Scope::Local => {
                let (_, top) = around.work_tree()?;
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

    /// Returns the file, where a link leads to.
    pub(super) fn file(&self) -> Result<PathBuf, InstallError> {
        resolve(&self.path, &self.top)
    }

    /// Returns a file below the directory, where a link leads to.
    pub(super) fn below(&self, name: &str) -> Result<PathBuf, InstallError> {
        resolve(&self.path.join(name), &self.top)
    }

    /// Returns the file as it is named, for those who read.
    pub(super) fn shown(&self) -> &Path {
        &self.path
    }

    /// Returns the program for this scope. In a file that is committed it has no path, as that is another one elsewhere.
    pub(super) fn program(&self, around: &Surroundings) -> Result<String, InstallError> {
        match self.scope {
            Scope::Project => Ok("sendoff".into()),
            Scope::User | Scope::Local => Ok(around.program_text()?.to_owned()),
        }
    }

    /// Returns the command of the shell for this scope. A colleague without sendoff hears nothing of it.
    pub(super) fn command(&self, around: &Surroundings) -> Result<String, InstallError> {
        let call = format!(
            "{} hook {}",
            shell_word(&self.program(around)?),
            self.surface.name
        );
        Ok(match self.scope {
            Scope::Project => format!("if command -v sendoff >/dev/null 2>&1; then {call}; fi"),
            Scope::User | Scope::Local => call,
        })
    }
}

/// Returns the user's directory of an agent, and what a link in it must not lead out of.
fn user_directory(
    places: &Places,
    around: &Surroundings,
) -> Result<(PathBuf, PathBuf), InstallError> {
    let environment = &around.environment;
    let named = places
        .variable
        .and_then(|name| environment.named_path(name));
    if let Some(named) = named {
        // It need not be there yet, and what is named is meant.
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
