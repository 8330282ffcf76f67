//! `sendoff install` and `sendoff uninstall`: what calls `sendoff hook` is written and removed.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::exit::Exit;
use crate::install::{
    FileChange, InstallError, Plan, Scope, Surroundings, Target, apply, plan_install,
    plan_uninstall, suggest,
};
use crate::secrets::{clean, redact};

use super::completions;
use super::confirm::is_wanted;
use super::output::{eprint, print};
use super::start::{Start, check_directory};

/// Examples, variables and exit codes.
const INSTALL_HELP: &str = "\
Examples:
  sendoff install                      show what could call sendoff here, and ask
  sendoff install git --yes            let git call sendoff in this repository

Environment:
  PATH                  where git is looked for, to ask its version
  XDG_STATE_HOME, HOME  where the state directory is, with the record of what was written
  XDG_DATA_HOME         where completions of bash and zsh go
  CLAUDE_CONFIG_DIR     where Claude Code's settings are
  CODEX_HOME            where Codex's configuration is
  COPILOT_HOME          where Copilot's hooks are

Exit codes: 0 done, or there already, 1 refused or failed, 64 command line, or nobody agreed.";

/// Examples, variables and exit codes.
const UNINSTALL_HELP: &str = "\
Examples:
  sendoff uninstall git --yes    remove the hooks of this repository
  sendoff uninstall --all        show everything that would be removed, and ask

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the record of what was written

Exit codes: 0 done, or nothing to remove, 1 refused or failed, 64 command line, or nobody agreed.";

/// What comes after the installation of git's hooks.
const AFTER_GIT: &str = "\
After the next commit on a branch of yours sendoff ships it in the background: push, then pull request; \
`sendoff plan post-commit` shows what would happen now.
To switch it off for one command: SENDOFF=0 git commit ...
To remove it: sendoff uninstall git";

/// What there is to say where nothing could call us.
const NOTHING_FOUND: &str = "there is no work tree of git and no directory of an agent here; \
`sendoff install --help` lists what can be named";

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
    /// What is to call sendoff [default: git and the agents that are found here]
    #[arg(value_name = "TARGET")]
    targets: Vec<Target>,
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
    /// What no longer is to call sendoff
    #[arg(value_name = "TARGET", required_unless_present = "all")]
    targets: Vec<Target>,
    /// Remove everything: of you, and of the repository here
    #[arg(long, conflicts_with_all = ["targets", "scope"])]
    all: bool,
    #[command(flatten)]
    common: Common,
}

/// What both commands take
#[derive(Debug, clap::Args)]
struct Common {
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
        let wanted = Wanted {
            verb: "install",
            words: words(&self.targets),
            make: plan_install,
            is_found: self.targets.is_empty(),
        };
        let ended = self
            .common
            .run(start, &wanted, |around| match self.targets.as_slice() {
                [] => suggest(around)
                    .into_iter()
                    .map(|target| (target, None))
                    .collect(),
                named => named
                    .iter()
                    .map(|target| (*target, self.common.scope))
                    .collect(),
            });
        match ended {
            Ok((Ended::Changed | Ended::AsItWas, targets)) if targets.contains(&Target::Git) => {
                eprint(AFTER_GIT);
                Exit::Done
            }
            Ok(_) => Exit::Done,
            Err(exit) => exit,
        }
    }
}

impl UninstallArgs {
    pub(super) fn run(self, start: &Start) -> Exit {
        let words = if self.all {
            " --all".to_owned()
        } else {
            words(&self.targets)
        };
        let wanted = Wanted {
            verb: "uninstall",
            words,
            make: plan_uninstall,
            is_found: self.all,
        };
        let ended = self.common.run(start, &wanted, |_| {
            if self.all {
                let everything = Target::all().iter().map(|target| (*target, None));
                return everything
                    .chain([(Target::Git, Some(Scope::User))])
                    .collect();
            }
            self.targets
                .iter()
                .map(|target| (*target, self.common.scope))
                .collect()
        });
        ended.map_or_else(|exit| exit, |_| Exit::Done)
    }
}

/// Returns targets as they stand on the command line, each after a blank.
fn words(targets: &[Target]) -> String {
    let names = targets.iter().flat_map(|target| [" ", target.name()]);
    names.collect()
}

/// What is asked for.
struct Wanted {
    verb: &'static str,
    /// What stands after the verb.
    words: String,
    make: MakePlan,
    /// Whether the targets were found and not named: one that is refused does not stop the others.
    is_found: bool,
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
    fn run(
        &self,
        start: &Start,
        wanted: &Wanted,
        targets: impl FnOnce(&Surroundings) -> Vec<(Target, Option<Scope>)>,
    ) -> Result<(Ended, Vec<Target>), Exit> {
        check_directory(self.directory.as_ref(), &start.environment)?;
        let around = self.look(start).map_err(|error| told(&error))?;
        let targets = targets(&around);
        let plan = wanted
            .plan(&targets, &around)
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
        let done = apply(&plan, &around, |change| eprint(&clean(&change.summary())));
        done.map_err(|error| told(&error))?;
        tell(&plan);
        Ok((Ended::Changed, targets))
    }

    fn look(&self, start: &Start) -> Result<Surroundings, InstallError> {
        let program = std::env::current_exe().map_err(|error| {
            InstallError::Repository(format!("sendoff's own program cannot be found: {error}"))
        })?;
        let environment = start.environment.clone();
        let around = Surroundings::look(environment, self.directory.as_deref(), program)?;
        Ok(Surroundings {
            completions: Some(completions::script),
            ..around
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
        around: &Surroundings,
    ) -> Result<Plan, InstallError> {
        let mut plan = Plan::default();
        for (target, scope) in targets {
            match (self.make)(*target, *scope, around) {
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
