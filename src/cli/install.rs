//! `sendoff install` and `sendoff uninstall`: what calls `sendoff hook` is written and removed.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::exit::Exit;
use crate::install::{
    FileChange, InstallError, Plan, Scope, Surroundings, Target, apply, plan_install,
    plan_uninstall,
};
use crate::secrets::{clean, redact};

use super::confirm::is_wanted;
use super::output::{eprint, print};
use super::start::{Start, check_directory};

/// Examples, variables and exit codes.
const INSTALL_HELP: &str = "\
Examples:
  sendoff install git --yes                let git call sendoff in this repository
  sendoff install claude-code --dry-run    show what would be written for Claude Code

Environment:
  PATH                  where git is looked for, to ask its version
  XDG_STATE_HOME, HOME  where the state directory is, with the record of what was written
  CLAUDE_CONFIG_DIR     where Claude Code's settings are
  CODEX_HOME            where Codex's configuration is
  COPILOT_HOME          where Copilot's hooks are

Exit codes: 0 done, or there already, 1 refused or failed, 64 command line, or nobody agreed.";

/// Examples, variables and exit codes.
const UNINSTALL_HELP: &str = "\
Examples:
  sendoff uninstall git --dry-run    show what would be removed
  sendoff uninstall git --yes        remove the hooks of this repository

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the record of what was written

Exit codes: 0 done, or nothing to remove, 1 refused or failed, 64 command line, or nobody agreed.";

/// Let git and coding agents call sendoff when work is done
///
/// Git 2.54 and newer gets a hook in the repository's configuration, an older one files: a hook that is there already
/// is kept and runs first. core.hooksPath is heeded and never set. Where husky or lefthook would put that file aside, their
/// own entry is written. An agent gets a handler at the end of its own list, or
/// a file where it looks for hooks or plugins; in your own directory unless --scope says otherwise. Nothing is written
/// twice, nothing of others is changed, and `uninstall` puts everything back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = INSTALL_HELP)]
pub(super) struct InstallArgs {
    #[command(flatten)]
    common: Common,
}

/// Remove what `install` wrote, and put back what was there before
///
/// A file that is still as `install` left it gets the very bytes that it had. From one that changed since, only our
/// entry is taken out.
#[derive(Debug, clap::Args)]
#[command(after_long_help = UNINSTALL_HELP)]
pub(super) struct UninstallArgs {
    #[command(flatten)]
    common: Common,
}

/// What both commands take
#[derive(Debug, clap::Args)]
struct Common {
    /// What calls sendoff
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<Target>,
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Who shares it: you in all repositories, everybody in this one, or you in this one
    #[arg(long, value_name = "SCOPE")]
    scope: Option<Scope>,
    /// Show the changes as a diff, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do it without a question
    #[arg(short, long)]
    yes: bool,
}

impl ValueEnum for Target {
    fn value_variants<'a>() -> &'a [Self] {
        Self::all()
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::User, Self::Project, Self::Local]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Makes the plan of one target.
type MakePlan = fn(Target, Option<Scope>, &Surroundings) -> Result<Plan, InstallError>;

impl InstallArgs {
    pub(super) fn run(self, start: &Start) -> Exit {
        let targets = self.common.targets.clone();
        match self.common.run(start, "install", plan_install) {
            Ok(Ended::Changed | Ended::AsItWas) => {}
            Ok(Ended::Shown) => return Exit::Done,
            Err(exit) => return exit,
        }
        if targets.contains(&Target::Git) {
            eprint(
                "After the next commit on a branch of yours sendoff ships it in the background: push, then pull request; \
                 `sendoff plan post-commit` shows what would happen now.\n\
                 To switch it off for one command: SENDOFF=0 git commit ...\n\
                 To remove it: sendoff uninstall git",
            );
        }
        Exit::Done
    }
}

impl UninstallArgs {
    pub(super) fn run(self, start: &Start) -> Exit {
        match self.common.run(start, "uninstall", plan_uninstall) {
            Ok(_) => Exit::Done,
            Err(exit) => exit,
        }
    }
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Files were written or removed.
    Changed,
    /// There was nothing to do.
    AsItWas,
    /// The changes were shown.
    Shown,
}

impl Common {
    fn run(self, start: &Start, verb: &str, make: MakePlan) -> Result<Ended, Exit> {
        check_directory(self.directory.as_ref(), &start.environment)?;
        let (around, plan) = self.plan(start, make).map_err(|error| told(&error))?;
        if plan.is_empty() {
            let nothing = match verb {
                "install" => "everything is installed already",
                _ => "there is nothing to remove",
            };
            if !self.dry_run {
                eprint(nothing);
            }
            tell(&plan);
            return Ok(if self.dry_run {
                Ended::Shown
            } else {
                Ended::AsItWas
            });
        }
        if self.dry_run {
            let diffs: String = plan.changes.iter().map(FileChange::diff).collect();
            tell(&plan);
            return match print(&clean(&redact(&diffs))).exit() {
                Exit::Done => Ok(Ended::Shown),
                failed => Err(failed),
            };
        }
        let terminal = start.environment.is_terminal();
        let summary: Vec<String> = plan.changes.iter().map(FileChange::summary).collect();
        if !self.yes && !is_wanted(&clean(&summary.join("\n")), terminal, &self.command(verb)) {
            return Err(Exit::Usage);
        }
        let done = apply(&plan, &around, |change| eprint(&clean(&change.summary())));
        done.map_err(|error| told(&error))?;
        tell(&plan);
        Ok(Ended::Changed)
    }

    fn plan(&self, start: &Start, make: MakePlan) -> Result<(Surroundings, Plan), InstallError> {
        let program = std::env::current_exe().map_err(|error| {
            InstallError::Repository(format!("sendoff's own program cannot be found: {error}"))
        })?;
        let around = Surroundings::look(
            start.environment.clone(),
            self.directory.as_deref(),
            program,
        )?;
        let mut plan = Plan::default();
        for target in &self.targets {
            plan.extend(make(*target, self.scope, &around)?);
        }
        Ok((around, plan))
    }

    /// Returns the command that does it without a question.
    fn command(&self, verb: &str) -> String {
        let mut command = format!("sendoff {verb}");
        for target in &self.targets {
            command = format!("{command} {}", target.name());
        }
        if let Some(scope) = self.scope {
            command = format!("{command} --scope {}", scope.name());
        }
        format!("{command} --yes")
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
