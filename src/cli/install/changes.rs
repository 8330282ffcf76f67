//! What both commands do: plan the changes, show them, ask, and make them.

use crate::exit::Exit;
use crate::install::{FileChange, InstallContext, InstallError, Plan, Scope, Target, apply};
use crate::secrets::{clean, redact};

use super::super::completions;
use super::super::confirm::is_wanted;
use super::super::output::{eprint, print};
use super::super::start::{Start, check_directory};
use super::Common;

/// The message where nothing is found that could call sendoff.
const NOTHING_FOUND: &str = "there is no work tree of git and no directory of an agent here; \
`sendoff install --help` lists what can be named";

/// Makes the plan of one target.
pub(super) type MakePlan = fn(Target, Option<Scope>, &InstallContext) -> Result<Plan, InstallError>;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) verb: &'static str,
    /// What stands after the verb.
    pub(super) words: String,
    pub(super) make: MakePlan,
    /// Whether the targets were found and not named: one that is refused does not stop the others.
    pub(super) is_found: bool,
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Files were written or removed.
    Changed,
    /// There was nothing to do.
    AsItWas,
    /// The changes were shown.
    Shown,
}

impl Common {
    /// Plans the changes, shows or asks, and makes them.
    pub(super) fn run(
        &self,
        start: &Start,
        wanted: &Wanted,
        targets: impl FnOnce(&InstallContext) -> Vec<(Target, Option<Scope>)>,
    ) -> Result<(Ended, Vec<Target>), Exit> {
        check_directory(self.directory.as_ref(), &start.environment)?;
        let context = self.look(start).map_err(|error| told(&error))?;
        let targets = targets(&context);
        let plan = wanted
            .plan(&targets, &context)
            .map_err(|error| told(&error))?;
        let targets: Vec<Target> = targets.into_iter().map(|(target, _)| target).collect();
        if plan.is_empty() {
            tell(&plan);
            if self.dry_run {
                return Ok((Ended::Shown, targets));
            }
            eprint(match wanted.verb {
                "install" if targets.is_empty() => NOTHING_FOUND,
                "install" => "everything is installed already",
                _ => "there is nothing to remove",
            });
            return Ok((Ended::AsItWas, targets));
        }
        if self.dry_run {
            let diffs: String = plan.changes.iter().map(FileChange::diff).collect();
            tell(&plan);
            return match print(&clean(&redact(&diffs))).exit() {
                Exit::Done => Ok((Ended::Shown, targets)),
                failed => Err(failed),
            };
        }
        let terminal = start.environment.is_terminal();
        let summary: Vec<String> = plan.changes.iter().map(FileChange::summary).collect();
        if !self.yes && !is_wanted(&clean(&summary.join("\n")), terminal, &self.command(wanted)) {
            return Err(Exit::Usage);
        }
        let done = apply(&plan, &context, |change| eprint(&clean(&change.summary())));
        done.map_err(|error| told(&error))?;
        tell(&plan);
        Ok((Ended::Changed, targets))
    }

    fn look(&self, start: &Start) -> Result<InstallContext, InstallError> {
        let program = std::env::current_exe().map_err(|error| {
            InstallError::Repository(format!("sendoff's own program cannot be found: {error}"))
        })?;
        let environment = start.environment.clone();
        let context = InstallContext::new(environment, self.directory.as_deref(), program)?;
        Ok(InstallContext {
            completions: Some(completions::script),
            ..context
        })
    }

    /// Returns the command that does it without a question.
    fn command(&self, wanted: &Wanted) -> String {
        let scope = self
            .scope
            .map_or_else(String::new, |scope| format!(" --scope {}", scope.name()));
        format!("sendoff {}{}{scope} --yes", wanted.verb, wanted.words)
    }
}

impl Wanted {
    fn plan(
        &self,
        targets: &[(Target, Option<Scope>)],
        context: &InstallContext,
    ) -> Result<Plan, InstallError> {
        let mut plan = Plan::default();
        for (target, scope) in targets {
            match (self.make)(*target, *scope, context) {
                Ok(mut more) => {
                    // git and its managers can name the same file.
                    more.changes.retain(|change| {
                        plan.changes.iter().all(|known| known.path != change.path)
                    });
                    more.notes.retain(|note| !plan.notes.contains(note));
                    plan.extend(more);
                }
                Err(error) if self.is_found => {
                    plan.notes
                        .push(format!("{} is left as it is: {error}", target.name()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(plan)
    }
}

/// Prints what to know, and what is left to do.
fn tell(plan: &Plan) {
    for note in &plan.notes {
        eprint(&clean(&format!("note: {note}")));
    }
    for todo in &plan.todo {
        eprint(&clean(&format!("to do: {todo}")));
    }
}

/// Prints why nothing is done.
fn told(error: &InstallError) -> Exit {
    eprint(&clean(&format!("sendoff: {error}")));
    if let Some(advice) = error.advice() {
        eprint(&clean(&format!("  {advice}")));
    }
    Exit::Failed
}
