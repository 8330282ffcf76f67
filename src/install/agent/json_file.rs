//! Installing and removing a handler in an agent's JSON file.

use crate::install::content::Content;
use crate::install::context::InstallContext;
use crate::install::entry::Entry;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};
use crate::surfaces::{JsonHook, Removal, Shape};

use super::agent_place::AgentPlace;
use super::cst_value::JsonEditError;
use super::handler_list::HandlerList;

/// The mode of a file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns our handlers in the file.
pub(super) fn find(place: &AgentPlace, hook: &JsonHook) -> Result<Vec<Entry>, InstallError> {
    let Ok(path) = place.file() else {
        return Ok(Vec::new());
    };
    let Some(content) = Content::at(&path)? else {
        return Ok(Vec::new());
    };
    let list = content
        .text()
        .and_then(|text| HandlerList::parse(text, hook).ok());
    let calls = list.and_then(|list| list.calls().ok()).unwrap_or_default();
    let key = || format!("hooks.{}", hook.event);
    let entries = calls.into_iter();
    Ok(entries
        .map(|command| place.entry(path.clone(), key(), command))
        .collect())
}

/// Plans the installation.
pub(super) fn install(
    place: &AgentPlace,
    hook: &JsonHook,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let command = place.command(context)?;
    let by_hand = |why: &str| by_hand(place, hook, &command, why);
    let path = place.file().map_err(|error| by_hand(&error.about_it()))?;
    let before = Content::at(&path)?;
    let (text, mode) = Content::to_edit(before.as_ref(), NEW_FILE_MODE).map_err(by_hand)?;
    let list = HandlerList::parse(text, hook).map_err(|error| by_hand(&error.to_string()))?;
    let calls = list.calls().map_err(|error| by_hand(&error.to_string()))?;
    let is_whole = match calls.as_slice() {
        // A working handler that the user has reviewed is not changed.
        [only] if hook.removal == Removal::KeepsPlace && only.may_exist() => true,
        [only] => command.contains(&*only.program.to_string_lossy()),
        _ => false,
    };
    let mut plan = Plan::default();
    if is_whole {
        return Ok(plan);
    }
    let mut after = list
        .with(&command)
        .map_err(|error| by_hand(&error.to_string()))?;
    if before.is_none() && !after.ends_with('\n') {
        after.push('\n');
    }
    let after = Content::file(after, mode);
    let change = FileChange::install(place.target(), path, before, after);
    plan.changes.push(change);
    plan.todo.extend(hook.todo.map(ToOwned::to_owned));
    Ok(plan)
}

/// Plans the removal.
pub(super) fn uninstall(
    place: &AgentPlace,
    hook: &JsonHook,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let Ok(path) = place.file() else {
        return Ok(plan);
    };
    let Some(now @ Content::File { mode, .. }) = Content::at(&path)? else {
        return Ok(plan);
    };
    let by_hand = |error: JsonEditError| InstallError::ByHand {
        path: place.shown().to_owned(),
        why: error.to_string(),
        advice: format!(
            "remove the handler that calls `sendoff hook {}` with an editor",
            place.surface.name
        ),
    };
    let text = now.text().unwrap_or_default();
    let parsed = HandlerList::parse(text, hook);
    let list = match parsed.and_then(|list| Ok((list.calls()?, list))) {
        Ok((calls, _)) if calls.is_empty() => return Ok(plan),
        Ok((_, list)) => list,
        // A file that does not parse and does not name sendoff has no entry of ours.
        Err(_) if !text.contains("sendoff") => return Ok(plan),
        Err(error) => return Err(by_hand(error)),
    };
    let has_ours = |text: &str| {
        let calls = HandlerList::parse(text, hook).and_then(|list| list.calls());
        calls.is_ok_and(|calls| !calls.is_empty())
    };
    let change = place.removal(context, path, now.clone(), has_ours, || {
        Ok(Content::file(list.without().map_err(by_hand)?, mode))
    })?;
    plan.changes.push(change);
    Ok(plan)
}

/// Makes the error for a file that must be edited by hand, with the lines to paste.
fn by_hand(place: &AgentPlace, hook: &JsonHook, command: &str, why: &str) -> InstallError {
    let handler = (hook.handler)(command);
    let element = match hook.shape {
        Shape::Group => serde_json::json!({ "hooks": [handler] }),
        Shape::Handler => handler,
    };
    InstallError::ByHand {
        path: place.shown().to_owned(),
        why: why.to_owned(),
        advice: format!(
            "correct it, or put this at the end of its list `hooks.{}`:\n{element}",
            hook.event
        ),
    }
}
