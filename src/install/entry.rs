//! `Entry`: a call of `sendoff hook` in a file, as it was found.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::surfaces::{Installation, SURFACES, SurfaceDef};

use super::command::OurCommand;

/// What sendoff is installed for.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// git's hooks.
    Git,
    /// A program that manages git's hooks.
    Manager(Manager),
    /// A coding agent.
    Agent(&'static SurfaceDef),
    /// The completions of shells.
    Completions,
}

/// A program that manages git's hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// lefthook.
    Lefthook,
    /// husky.
    Husky,
    /// pre-commit.
    PreCommit,
    /// prek.
    Prek,
    /// hk.
    Hk,
}

impl Manager {
    /// Every manager.
    pub const ALL: [Self; 5] = [
        Self::Lefthook,
        Self::Husky,
        Self::PreCommit,
        Self::Prek,
        Self::Hk,
    ];

    /// Returns the name of its program.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lefthook => "lefthook",
            Self::Husky => "husky",
            Self::PreCommit => "pre-commit",
            Self::Prek => "prek",
            Self::Hk => "hk",
        }
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Target {}

/// Who shares the file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All repositories of this user.
    User,
    /// Everybody who works on the repository: a file that is committed.
    Project,
    /// This user in this repository.
    Local,
}

/// A call of `sendoff hook` in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is for.
    pub target: Target,
    /// Who shares it.
    pub scope: Scope,
    /// The file.
    pub path: PathBuf,
    /// The place in the file, such as `hook.sendoff`; empty where the file is ours.
    pub place: String,
    /// The command; `None` where that is missing.
    pub command: Option<OurCommand>,
    /// Why it does not work, as far as the file shows.
    pub fault: Option<Fault>,
}

/// Why an entry does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A section of git's configuration has an event and no command: git refuses to commit.
    NoCommand,
    /// A section of git's configuration has a command and no event: it is never called.
    NoEvent,
    /// `hook.<name>.enabled` is false.
    Disabled,
    /// The hook's file is not executable: git does not call it.
    NotExecutable,
    /// Another program renamed the file, so that git does not call it.
    Displaced,
}

impl Target {
    /// Returns every target, in the order of the reference.
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Target>> = LazyLock::new(|| {
            let installed = SURFACES.iter().filter(|surface| {
                !matches!(
                    surface.installation,
                    Installation::GitHook | Installation::ByCaller
                )
            });
            let agents = installed.map(Target::Agent);
            let managers = Manager::ALL.map(Target::Manager);
            let first = std::iter::once(Target::Git);
            let last = std::iter::once(Target::Completions);
            first.chain(managers).chain(agents).chain(last).collect()
        });
        &ALL
    }

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Manager(manager) => manager.name(),
            Self::Agent(surface) => surface.name,
            Self::Completions => "completions",
        }
    }
}

impl Scope {
    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Local => "local",
        }
    }
}
