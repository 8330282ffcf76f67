//! Hooks as files: ours where there is none, else a wrapper that runs the one that was there and then ours.

use std::path::{Path, PathBuf};

use crate::install::command::{OurCommand, shell_word};
use crate::install::content::Content;
use crate::install::entry::{Entry, Fault, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Locking, Plan, Purpose};

use super::{HOOKS, Hook};

/// What is added to the name of a hook that the wrapper runs.
const PREVIOUS: &str = ".sendoff-prev";
/// What pre-commit and prek add to the name of a hook that they run before their own.
const LEGACY: &str = ".legacy";
/// What lefthook adds to the name of a hook that it puts aside and does not run.
const OLD: &str = ".old";

/// A hook's file that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ours {
    /// It only calls us.
    Plain,
    /// It runs the previous hook first.
    Wrapper,
}

/// Returns the text of a hook that only calls us.
fn plain(hook: &Hook, program: &str) -> String {
    format!(
        "#!/bin/sh\n# Written by `sendoff install git`; `sendoff uninstall git` removes it.\n\
         exec {} hook {}{} </dev/null\n",
        shell_word(program),
        hook.surface,
        hook.arguments
    )
}

/// Returns the text of a hook that runs the previous one, and ends as that does.
fn wrapper(hook: &Hook, program: &str) -> String {
    let previous = format!("\"${{0%/*}}/{}{PREVIOUS}\"", hook.event);
    format!(
        "#!/bin/sh\n# Written by `sendoff install git`; `sendoff uninstall git` puts back the hook that was here before,\n\
         # {}{PREVIOUS}. It runs first, and its exit code counts.\n\
         code=0\n\
         if [ -x {previous} ]; then {previous} \"$@\" || code=$?; fi\n\
         {} hook {}{} </dev/null || :\n\
         exit $code\n",
        hook.event,
        shell_word(program),
        hook.surface,
        hook.arguments
    )
}

/// Says whether a file is one that we wrote, and how.
fn ours(content: &Content, hook: &Hook) -> Option<Ours> {
    let text = content.text()?;
    let command = OurCommand::find(text)?;
    let program = command.program.to_str()?;
    if text == plain(hook, program) || text == hook.copied {
        Some(Ours::Plain)
    } else if text == wrapper(hook, program) {
        Some(Ours::Wrapper)
    } else {
        None
    }
}

/// Says whether somebody wrote our call into a hook of their own.
fn calls_us(content: &Content, hook: &Hook) -> Option<OurCommand> {
    let command = OurCommand::find(content.text()?)?;
    (command.surface == hook.surface).then_some(command)
}

/// Returns the files in `directory` that call us.
pub(super) fn find(directory: &Path) -> Result<Vec<Entry>, InstallError> {
    let mut entries = Vec::new();
    for hook in HOOKS {
        for (suffix, is_called) in [("", true), (LEGACY, true), (OLD, false)] {
            let path = named(directory, hook, suffix);
            let Some(content) = through_link(&path)? else {
                continue;
            };
            let Some(command) = calls_us(&content, hook) else {
                continue;
            };
            let fault = if is_called {
                (!content.is_executable()).then_some(Fault::NotExecutable)
            } else {
                Some(Fault::Displaced)
            };
            entries.push(Entry {
                target: Target::Git,
                scope: Scope::Local,
                path,
                place: String::new(),
                command: Some(command),
                fault,
            });
        }
    }
    Ok(entries)
}

/// Plans the hooks of a directory.
pub(super) fn install(directory: &Path, program: &str) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for hook in HOOKS {
        plan.extend(install_one(directory, hook, program)?);
    }
    Ok(plan)
}

fn install_one(directory: &Path, hook: &Hook, program: &str) -> Result<Plan, InstallError> {
    let path = named(directory, hook, "");
    let legacy = Content::at(&named(directory, hook, LEGACY))?;
    let mut plan = Plan::default();
    let Some(current) = Content::at(&path)? else {
        let text = plain(hook, program);
        plan.changes
            .push(change(path, None, Some(Content::program(text))));
        return Ok(plan);
    };
    let new = match ours(&current, hook) {
        Some(Ours::Plain) => plain(hook, program),
        Some(Ours::Wrapper) => wrapper(hook, program),
        None => {
            let linked = through_link(&path)?;
            let called = linked.as_ref().and_then(|content| calls_us(content, hook));
            if called.is_some() {
                plan.notes.push(format!(
                    "{} calls sendoff already, and stays as it is",
                    path.display()
                ));
                return Ok(plan);
            }
            // Another program's hook that runs ours first.
            if legacy
                .as_ref()
                .is_some_and(|content| ours(content, hook).is_some())
            {
                return Ok(plan);
            }
            plan.changes.push(keep(directory, hook, &current)?);
            wrapper(hook, program)
        }
    };
    let new = Content::program(new);
    if new != current {
        plan.changes.push(change(path, Some(current), Some(new)));
    }
    // Those without a change are left out.
    plan.changes.retain(|change| change.before != change.after);
    Ok(plan)
}

/// Keeps the hook that is there beside the wrapper.
fn keep(directory: &Path, hook: &Hook, current: &Content) -> Result<FileChange, InstallError> {
    let path = named(directory, hook, PREVIOUS);
    let before = Content::at(&path)?;
    if before.as_ref().is_some_and(|before| before != current) {
        return Err(InstallError::ByHand {
            path,
            why: "it is in the way: the hook that is there now would get this name".into(),
            advice: "look whether you need it, rename or remove it, and run the command again"
                .into(),
        });
    }
    Ok(change(path, before, Some(current.clone())))
}

/// Plans the removal of the hooks of a directory.
pub(super) fn uninstall(directory: &Path) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for hook in HOOKS {
        plan.extend(uninstall_one(directory, hook)?);
    }
    for change in &mut plan.changes {
        change.purpose = Purpose::Remove;
    }
    Ok(plan)
}

fn uninstall_one(directory: &Path, hook: &Hook) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let kept_path = named(directory, hook, PREVIOUS);
    let kept = Content::at(&kept_path)?;
    let mut gives_back = false;
    for suffix in ["", LEGACY, OLD] {
        let path = named(directory, hook, suffix);
        let Some(current) = Content::at(&path)? else {
            continue;
        };
        match ours(&current, hook) {
            Some(Ours::Plain) => plan.changes.push(change(path, Some(current), None)),
            Some(Ours::Wrapper) => {
                gives_back = true;
                plan.changes.push(change(path, Some(current), kept.clone()));
            }
            None if Some(&current) == kept.as_ref() => gives_back = true,
            None if suffix.is_empty() => {
                let linked = through_link(&path)?;
                if linked.is_some_and(|content| calls_us(&content, hook).is_some()) {
                    plan.notes.push(format!(
                        "{} calls sendoff and was not written by `sendoff install`: remove the call with an editor",
                        path.display()
                    ));
                }
            }
            None => {}
        }
    }
    match kept {
        Some(kept) if gives_back => plan.changes.push(change(kept_path, Some(kept), None)),
        Some(_) => plan.notes.push(format!(
            "another program replaced the hook that runs {}: both stay as they are",
            kept_path.display()
        )),
        None => {}
    }
    Ok(plan)
}

fn named(directory: &Path, hook: &Hook, suffix: &str) -> PathBuf {
    directory.join(format!("{}{suffix}", hook.event))
}

/// Reads a hook as git runs it: through a link.
fn through_link(path: &Path) -> Result<Option<Content>, InstallError> {
    match Content::at(path)? {
        Some(Content::Link(_)) => match path.canonicalize() {
            Ok(real) => Content::at(&real),
            Err(_) => Ok(None),
        },
        found => Ok(found),
    }
}

fn change(path: PathBuf, before: Option<Content>, after: Option<Content>) -> FileChange {
    FileChange {
        target: Target::Git,
        path,
        before,
        after,
        locking: Locking::None,
        purpose: Purpose::Install,
    }
}
