//! Installing and removing a handler in an agent's JSON file.

use crate::install::content::Content;
use crate::install::entry::Entry;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};
use crate::install::surroundings::Surroundings;
use crate::surfaces::{JsonHook, Removal, Shape};

use super::cst_value::Unclear;
use super::handler_list::HandlerList;
use super::place::Place;
use super::removal::removal;

/// The mode of a file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns our handlers in the file.
pub(super) fn find(place: &Place, hook: &JsonHook) -> Result<Vec<Entry>, InstallError> {
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
    let entries = calls.into_iter().map(|command| Entry {
        target: place.target(),
        scope: place.scope,
        path: path.clone(),
        place: format!("hooks.{}", hook.event),
        command: Some(command),
        fault: None,
    });
    Ok(entries.collect())
}

/// Plans the installation.
pub(super) fn install(
    place: &Place,
    hook: &JsonHook,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let command = place.command(around)?;
    let by_hand = |why: &str| by_hand(place, hook, &command, why);
    let path = place.file().map_err(|error| by_hand(&error.about_it()))?;
    let before = Content::at(&path)?;
    let (text, mode) = match &before {
        None => ("", NEW_FILE_MODE),
        Some(content @ Content::File { mode, .. }) => (
            content.text().ok_or_else(|| by_hand("it is not UTF-8"))?,
            *mode,
        ),
        Some(Content::Link(_)) => return Err(by_hand("it is a link")),
    };
    let list = HandlerList::parse(text, hook).map_err(|error| by_hand(&error.to_string()))?;
    let calls = list.calls().map_err(|error| by_hand(&error.to_string()))?;
    let is_whole = match calls.as_slice() {
        // One that was reviewed there stays as it is while it works.
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
    let change = FileChange::install(place.target(), path, before, after, mode);
    plan.changes.push(change);
    plan.todo.extend(hook.todo.map(ToOwned::to_owned));
    Ok(plan)
}

/// Plans the removal.
pub(super) fn uninstall(
    place: &Place,
    hook: &JsonHook,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let Ok(path) = place.file() else {
        return Ok(plan);
    };
    let Some(now @ Content::File { mode, .. }) = Content::at(&path)? else {
        return Ok(plan);
    };
    let by_hand = |error: Unclear| InstallError::ByHand {
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
        // What we could not have written into.
        Err(_) if !text.contains("sendoff") => return Ok(plan),
        Err(error) => return Err(by_hand(error)),
    };
    let has_ours = |text: &str| {
        let calls = HandlerList::parse(text, hook).and_then(|list| list.calls());
        calls.is_ok_and(|calls| !calls.is_empty())
    };
    let change = removal(place, around, path, now.clone(), has_ours, || {
        let bytes = list.without().map_err(by_hand)?.into_bytes();
        Ok(Content::File { bytes, mode })
    })?;
    plan.changes.push(change);
    Ok(plan)
}

/// Says that the file must be edited by hand, with what to paste.
fn by_hand(place: &Place, hook: &JsonHook, command: &str, why: &str) -> InstallError {
    let handler = (hook.handler)(command);
    let element = match hook.shape {
        Shape::Group => serde_json::json!({ "hooks": [handler] }),
        Shape::Handler => handler,
    };
    InstallError::ByHand {
        path: place.shown().to_owned(),
        why: why.to_owned(),
        advice: format!(
            "mend it, or put this at the end of its list `hooks.{}`:\n{element}",
            hook.event
        ),
    }
}
