//! `sendoff install` and `sendoff uninstall`: writes, finds and removes the entries that call `sendoff hook`. Every other
//! byte of a file is kept.

mod agent;
mod apply;
mod command;
mod completions;
mod content;
mod context;
mod entry;
mod error;
pub mod git;
mod plan;
mod record;
mod removal;
mod shell;
mod suggest;

pub use apply::apply;
pub use command::{OurCommand, shell_word};
pub use content::Content;
pub use context::InstallContext;
pub use entry::{Entry, Fault, Manager, Scope, Target};
pub use error::InstallError;
pub use plan::{FileChange, Locking, Plan, Purpose};
pub use shell::Shell;
pub use suggest::suggest;

/// Returns the changes that an installation of `target` needs. Writes nothing.
pub fn plan_install(
    target: Target,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    match target {
        Target::Git => git::plan_install(scope, context),
        Target::Manager(manager) => git::plan_manager_install(manager, scope, context),
        Target::Completions => completions::install(context),
        Target::Agent(surface) => agent::plan_install(surface, scope, context),
    }
}

/// Returns the changes that a removal of `target` needs, in this repository unless a scope is given. Writes nothing.
pub fn plan_uninstall(
    target: Target,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    match target {
        Target::Git => git::plan_uninstall(scope, context),
        Target::Manager(manager) => git::plan_manager_uninstall(manager, context),
        Target::Completions => completions::uninstall(context),
        Target::Agent(surface) => agent::plan_uninstall(surface, scope, context),
    }
}

/// Returns the entries of `target`, also incomplete ones and those that were written by hand.
pub fn find(target: Target, context: &InstallContext) -> Result<Vec<Entry>, InstallError> {
    match target {
        Target::Git => git::find(context),
        Target::Manager(_) => git::find_managed(target, context),
        Target::Completions => Ok(Vec::new()),
        Target::Agent(surface) => agent::find(surface, context),
    }
}
