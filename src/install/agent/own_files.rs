//! Files of our own where an agent looks for hooks or plugins.

use crate::install::command::OurCommand;
use crate::install::content::Content;
use crate::install::context::InstallContext;
use crate::install::entry::Entry;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};
use crate::surfaces::{OwnFile, OwnFiles};

use super::agent_place::AgentPlace;

/// The mode of our files.
const MODE: u32 = 0o644;

/// The placeholder for the shell command.
const COMMAND: &str = "{command}";
/// The placeholder for the program alone.
const PROGRAM: &str = "{program}";

/// Returns the text in the place of a placeholder in a file of ours; `None` when the rest was changed.
fn command_in<'t>(file: &OwnFile, text: &'t str) -> Option<&'t str> {
    for placeholder in [COMMAND, PROGRAM] {
        if let Some((before, after)) = file.text.split_once(placeholder) {
            return text.strip_prefix(before)?.strip_suffix(after);
        }
    }
    (text == file.text).then_some("")
}

/// Returns the call in a file of ours; `None` for a file without a placeholder.
fn call_in(file: &OwnFile, text: &str, surface: &str) -> Option<OurCommand> {
    let command: String = serde_json::from_str(command_in(file, text)?).ok()?;
    if file.text.contains(PROGRAM) {
        return Some(OurCommand {
            program: command.into(),
            surface: surface.to_owned(),
        });
    }
    OurCommand::find(&command)
}

/// Returns the calls in our files.
pub(super) fn find(place: &AgentPlace, own: &OwnFiles) -> Result<Vec<Entry>, InstallError> {
    let mut entries = Vec::new();
    for file in own.files {
        let Ok(path) = place.below(file.name) else {
            continue;
        };
        let content = Content::at(&path)?;
        let text = content.as_ref().and_then(Content::text);
        if let Some(command) = text.and_then(|text| call_in(file, text, place.surface.name)) {
            entries.push(place.entry(path, String::new(), command));
        }
    }
    Ok(entries)
}

/// Plans the installation.
pub(super) fn install(
    place: &AgentPlace,
    own: &OwnFiles,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let quoted = |text: String| serde_json::Value::String(text).to_string();
    let command = quoted(place.command(context)?);
    let program = quoted(place.program(context)?);
    for file in own.files {
        let text = file
            .text
            .replace(COMMAND, &command)
            .replace(PROGRAM, &program);
        let path = place.below(file.name)?;
        let before = Content::at(&path)?;
        match &before {
            None => {}
            Some(now) if now.text() == Some(&text) => continue,
            Some(now)
                if now
                    .text()
                    .is_some_and(|now| command_in(file, now).is_some()) => {}
            Some(_) => {
                return Err(InstallError::ByHand {
                    path,
                    why: "it exists, and differs from what `sendoff install` writes".into(),
                    advice:
                        "check whether you need it, remove or rename it, and run the command again"
                            .into(),
                });
            }
        }
        let after = Content::file(text, MODE);
        let change = FileChange::install(place.target(), path, before, after);
        plan.changes.push(change);
    }
    if !plan.is_empty() {
        plan.todo.extend(own.todo.map(ToOwned::to_owned));
    }
    Ok(plan)
}

/// Plans the removal.
pub(super) fn uninstall(place: &AgentPlace, own: &OwnFiles) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for file in own.files {
        let Ok(path) = place.below(file.name) else {
            continue;
        };
        let Some(now) = Content::at(&path)? else {
            continue;
        };
        if now.text().is_none_or(|now| command_in(file, now).is_none()) {
            plan.notes.push(format!(
                "{} is not as `sendoff install` wrote it, and stays: remove it by hand if you do not need it",
                path.display()
            ));
            continue;
        }
        let change = FileChange::remove(place.target(), path, now, None);
        plan.changes.push(change);
    }
    Ok(plan)
}
