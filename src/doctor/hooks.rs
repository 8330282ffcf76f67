//! Checks of how git calls us: its configuration, and the hook that it runs.

use std::time::Duration;

use uuid::Uuid;

use crate::environment::PROBE;
use crate::install::{Entry, Fault, InstallContext, Scope, Target, find};
use crate::process::{Inheritance, Program};

use super::{Check, agents};

/// How long the hook may take. It does what it does after each commit.
const HOOK_DEADLINE: Duration = Duration::from_secs(30);
/// The name of the check of git's configuration.
const SECTION: &str = "hook.sendoff";
/// The name of the check of the hook.
const HOOK: &str = "post-commit";

/// Makes the checks.
pub(super) fn checks(context: &InstallContext) -> Vec<Check> {
    let mut checks = Vec::new();
    match find(Target::Git, context) {
        Ok(entries) => {
            checks.push(section(&entries));
            if context
                .repo
                .as_ref()
                .is_some_and(|repo| repo.work_tree().is_some())
            {
                checks.push(hook(context, &entries));
            }
        }
        Err(error) => {
            checks.push(
                Check::fail(SECTION, error.to_string()).advise("sendoff install git --dry-run"),
            );
        }
    }
    checks.extend(agents::checks(context));
    checks
}

/// Checks that no section of git's configuration is half-written.
fn section(entries: &[Entry]) -> Check {
    let in_config = |entry: &&Entry| !entry.place.is_empty();
    let faulty = entries
        .iter()
        .filter(in_config)
        .find(|entry| matches!(entry.fault, Some(Fault::NoCommand)));
    if let Some(entry) = faulty {
        let message = format!(
            "{} in {} has an event and no command: git 2.54 and newer refuses to commit",
            entry.place,
            entry.path.display()
        );
        let remove = format!(
            "git config --file '{}' --remove-section {}",
            entry.path.display(),
            entry.place
        );
        let advice = match entry.scope {
            // An installation in this repository leaves the user's file alone.
            Scope::User => remove,
            Scope::Local | Scope::Project => format!("sendoff install git --yes, or: {remove}"),
        };
        return Check::fail(SECTION, message).advise(advice);
    }
    let odd = entries
        .iter()
        .filter(in_config)
        .find(|entry| entry.fault.is_some());
    match odd {
        Some(entry) => {
            let what = if entry.fault == Some(Fault::Disabled) {
                "is switched off"
            } else {
                "has a command and no event: git never calls it"
            };
            let message = format!("{} in {} {what}", entry.place, entry.path.display());
            Check::warn(SECTION, message).advise(match entry.scope {
                Scope::User => "sendoff install git --scope user --yes",
                Scope::Local | Scope::Project => "sendoff install git --yes",
            })
        }
        None => Check::pass(SECTION, "no section of git's configuration is half-written"),
    }
}

/// Runs the hook that git runs after a commit, with a mark that lets `sendoff hook` answer and stop.
fn hook(context: &InstallContext, entries: &[Entry]) -> Check {
    let environment = &context.environment;
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    let top = context.repo.as_ref().and_then(|repo| repo.work_tree());
    let git = match inheritance.find("git") {
        Ok(git) => git,
        Err(error) => return Check::warn(HOOK, format!("the hook cannot be tried: {error}")),
    };
    let token = Uuid::now_v7().simple().to_string();
    let ran = Program::new(git)
        .args(["hook", "run", "--ignore-missing", HOOK])
        .inherit(&inheritance)
        .variable(PROBE, &token)
        .directory(top.unwrap_or(&context.directory))
        .deadline(HOOK_DEADLINE)
        .run();
    let output = match ran {
        Ok(output) => output,
        Err(error) => {
            return Check::warn(HOOK, format!("git's {HOOK} hook cannot be tried: {error}"));
        }
    };
    let said = [output.stdout.bytes, output.stderr.bytes].concat();
    let said = String::from_utf8_lossy(&said);
    let answer = said
        .lines()
        .find_map(|line| line.split_once(&format!("{token} ")));
    if let Some((_, program)) = answer {
        let program = program.trim();
        if program == context.program.display().to_string() {
            return Check::pass(HOOK, format!("git's {HOOK} hook reaches {program}"));
        }
        let message = format!(
            "git's {HOOK} hook reaches {program}, and this is {}",
            context.program.display()
        );
        return Check::warn(HOOK, message).advise("sendoff install git --yes");
    }
    // What git says of itself, and not what the hook said.
    if said.contains("is not a git command") {
        return Check::warn(
            HOOK,
            format!("this git is older than 2.36: the {HOOK} hook cannot be tried"),
        )
        .advise("commit, then: sendoff status");
    }
    unreached(entries)
}

/// Says why git's hook does not reach us, as far as the files tell.
fn unreached(entries: &[Entry]) -> Check {
    let ours = entries.iter().find(|entry| {
        let command = entry.command.as_ref();
        command.is_some_and(|command| command.surface == "git-post-commit")
    });
    let Some(entry) = ours else {
        return Check::warn(HOOK, "git does not call sendoff after a commit")
            .advise("sendoff install git");
    };
    let path = entry.path.display();
    let command = entry.command.as_ref();
    let why = match (&entry.fault, command) {
        (Some(Fault::Displaced), _) => {
            format!("{path} was moved away by another program, which does not call it")
        }
        (Some(Fault::NotExecutable), _) => format!("{path} is not executable"),
        (Some(_), _) => format!("{} in {path} is not whole", entry.place),
        (None, Some(command)) if !command.may_exist() => {
            format!(
                "{path} calls {}, which is not there",
                command.program.display()
            )
        }
        (None, _) => format!("{path} calls sendoff, and the call does not arrive"),
    };
    Check::fail(
        HOOK,
        format!("git's {HOOK} hook does not reach sendoff: {why}"),
    )
    .advise("sendoff install git --yes")
}
