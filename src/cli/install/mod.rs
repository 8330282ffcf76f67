//! `sendoff install` and `sendoff uninstall`: what calls `sendoff hook` is written and removed.

mod changes;

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::exit::Exit;
use crate::install::{Scope, Target, plan_install, plan_uninstall, suggest};

use super::output::eprint;
use super::start::Start;

use self::changes::{Ended, Wanted};

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

/// Let git and coding agents call sendoff when work is done
///
/// Git 2.54 and newer gets a hook in the repository's configuration, an older one files: an existing hook is kept and runs
/// first. core.hooksPath is read and never set. Where husky or lefthook would replace that file, an entry for them is
/// written. An agent gets a handler at the end of its own list, or a file in its directory for hooks or plugins; in your
/// own directory unless --scope says otherwise. Nothing is written twice, nothing of others is changed, and `uninstall`
/// restores everything.
#[derive(Debug, clap::Args)]
#[command(after_long_help = INSTALL_HELP)]
pub(super) struct InstallArgs {
    /// What is to call sendoff [default: git and the agents that are found here]
    #[arg(value_name = "TARGET")]
    targets: Vec<Target>,
    #[command(flatten)]
    common: Common,
}

/// Remove what `install` wrote, and restore what was there before
///
/// A file that is unchanged since `install` gets its old content back. From one that was changed, only our entry is
/// removed.
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
    /// Do it without asking for confirmation
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
            .run(start, &wanted, |context| match self.targets.as_slice() {
                [] => suggest(context)
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
