//! Hooks as files: ours where there is none, else a wrapper that runs the existing hook and then ours.

use std::path::{Path, PathBuf};

use crate::install::command::{OurCommand, shell_word};
use crate::install::content::Content;
use crate::install::entry::{Entry, Fault, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};

use super::{HOOKS, Hook};

/// The suffix of the hook that the wrapper runs.
const PREVIOUS: &str = ".sendoff-prev";
/// The suffix that pre-commit and prek give a hook that they run before their own.
const LEGACY: &str = ".legacy";
/// The suffix that lefthook gives a hook that it replaces and does not run.
const OLD: &str = ".old";

/// The kinds of hook files that we write.
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

/// Returns the text of a hook that runs the previous one, and ends with its exit code.
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

/// Returns the kind of a file that we wrote; `None` for another file.
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

/// Returns our call in a file, whoever wrote it.
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
        let new = Content::program(plain(hook, program));
        plan.changes
            .push(FileChange::install(Target::Git, path, None, new));
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
            // The hook of another program, which runs ours first.
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
        let change = FileChange::install(Target::Git, path, Some(current), new);
        plan.changes.push(change);
    }
    // The copy of the previous hook can exist already.
    plan.changes.retain(|change| change.before != change.after);
    Ok(plan)
}

/// Plans the copy of the current hook that the wrapper runs.
fn keep(directory: &Path, hook: &Hook, current: &Content) -> Result<FileChange, InstallError> {
    let path = named(directory, hook, PREVIOUS);
    let before = Content::at(&path)?;
    if before.as_ref().is_some_and(|before| before != current) {
        return Err(InstallError::ByHand {
            path,
            why: "it exists, and the current hook would have to be renamed to it".into(),
            advice: "check whether you need it, rename or remove it, and run the command again"
                .into(),
        });
    }
    let after = current.clone();
    Ok(FileChange::install(Target::Git, path, before, after))
}

/// Plans the removal of the hooks of a directory.
pub(super) fn uninstall(directory: &Path) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for hook in HOOKS {
        plan.extend(uninstall_one(directory, hook)?);
    }
    Ok(plan)
}

fn uninstall_one(directory: &Path, hook: &Hook) -> Result<Plan, InstallError> {
    let removed = |path, before, after| FileChange::remove(Target::Git, path, before, after);
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
            Some(Ours::Plain) => plan.changes.push(removed(path, current, None)),
            Some(Ours::Wrapper) => {
                gives_back = true;
                plan.changes.push(removed(path, current, kept.clone()));
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
        Some(kept) if gives_back => plan.changes.push(removed(kept_path, kept, None)),
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

/// Reads a hook, and follows a link as git does.
fn through_link(path: &Path) -> Result<Option<Content>, InstallError> {
    match Content::at(path)? {
        Some(Content::Link(_)) => match path.canonicalize() {
            Ok(real) => Content::at(&real),
            Err(_) => Ok(None),
        },
        found => Ok(found),
    }
}
