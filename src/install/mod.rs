//! `sendoff install` and `sendoff uninstall`: what calls `sendoff hook` is written, found again and removed. All that
//! is foreign in a file stays as it is, byte by byte.

mod agent;
mod apply;
mod command;
mod completions;
mod content;
mod entry;
mod error;
pub mod git;
mod plan;
mod record;
mod shell;
mod suggest;
mod surroundings;

pub use apply::apply;
pub use command::{OurCommand, shell_word};
pub use content::Content;
pub use entry::{Entry, Fault, Manager, Scope, Target};
pub use error::InstallError;
pub use plan::{FileChange, Locking, Plan, Purpose};
pub use shell::Shell;
pub use suggest::suggest;
pub use surroundings::Surroundings;

/// Returns what an installation of `target` would change. Nothing is written.
pub fn plan_install(
    target: Target,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    match target {
        Target::Git => git::plan_install(scope, around),
        Target::Manager(manager) => git::plan_manager_install(manager, scope, around),
        Target::Completions => completions::install(around),
        Target::Agent(surface) => agent::plan_install(surface, scope, around),
    }
}

/// Returns what a removal of `target` would change: of this repository, unless a scope is named. Nothing is written.
pub fn plan_uninstall(
    target: Target,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    match target {
        Target::Git => git::plan_uninstall(scope, around),
        Target::Manager(manager) => git::plan_manager_uninstall(manager, around),
        Target::Completions => completions::uninstall(around),
        Target::Agent(surface) => agent::plan_uninstall(surface, scope, around),
    }
}

/// Returns the entries of `target` that are found here, whole or not, whoever wrote them.
pub fn find(target: Target, around: &Surroundings) -> Result<Vec<Entry>, InstallError> {
    match target {
        Target::Git => git::find(around),
        Target::Manager(_) => git::find_managed(target, around),
        Target::Completions => Ok(Vec::new()),
        Target::Agent(surface) => agent::find(surface, around),
    }
}
