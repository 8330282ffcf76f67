//! Codex's `notify`: one array in a TOML file, which can call only one program.

use toml_edit::{Array, Document, Value};

use crate::install::command::OurCommand;
use crate::install::content::Content;
use crate::install::context::InstallContext;
use crate::install::entry::Entry;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};

use super::agent_place::AgentPlace;
use super::split_bom;

/// The key.
const NOTIFY: &str = "notify";
/// The mode of a file that is new: Codex keeps it to the user.
const NEW_FILE_MODE: u32 = 0o600;

/// Why our line cannot be removed.
const NO_LINE: &str = "its `notify` shares a line with other text";

/// Inserts a line before all others, because below a table header it would belong to that table.
fn with(text: &str, line: &str) -> String {
    let (bom, rest) = split_bom(text);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    format!("{bom}{line}{end}{rest}")
}

/// Removes the lines of our call, if there is one. Returns `None` where other text is on these lines.
fn without(text: &str) -> Option<String> {
    let (bom, text) = split_bom(text);
    let document = Document::parse(text).ok()?;
    if call(&document).is_none() {
        return Some(format!("{bom}{text}"));
    }
    let (key, value) = document.as_table().get_key_value(NOTIFY)?;
    let (key, value) = (key.span()?, value.span()?);
    let begin = text.get(..key.start)?.rfind('\n').map_or(0, |at| at + 1);
    let after = text.get(value.end..)?;
    let end = after.find('\n').map_or(text.len(), |at| value.end + at + 1);
    let around = [text.get(begin..key.start)?, text.get(value.end..end)?];
    let is_alone = around.iter().all(|part| part.trim().is_empty());
    is_alone.then(|| format!("{bom}{}{}", &text[..begin], &text[end..]))
}

/// Returns our call in a document.
fn call(document: &Document<&str>) -> Option<OurCommand> {
    let array = document.get(NOTIFY)?.as_array()?;
    let words: Vec<&str> = array.iter().filter_map(Value::as_str).collect();
    OurCommand::among(&words)
}

/// Returns our call in the file.
pub(super) fn find(place: &AgentPlace) -> Result<Vec<Entry>, InstallError> {
    let Ok(path) = place.file() else {
        return Ok(Vec::new());
    };
    let content = Content::at(&path)?;
    let text = content.as_ref().and_then(Content::text);
    let document = text.and_then(|text| Document::parse(text).ok());
    let command = document.and_then(|document| call(&document));
    let entry = command.map(|command| place.entry(path, NOTIFY.into(), command));
    Ok(entry.into_iter().collect())
}

/// Plans the installation.
pub(super) fn install(place: &AgentPlace, context: &InstallContext) -> Result<Plan, InstallError> {
    let program = place.program(context)?;
    let words = [program.as_str(), "hook", place.surface.name];
    let array = Value::from(Array::from_iter(words)).to_string();
    let line = format!("{NOTIFY} = {}", array.trim());
    let by_hand = |why: &str, advice: String| InstallError::ByHand {
        path: place.shown().to_owned(),
        why: why.to_owned(),
        advice,
    };
    let advice = || format!("correct it, or put this line before its first table:\n{line}");
    let path = place
        .file()
        .map_err(|error| by_hand(&error.to_string(), advice()))?;
    let before = Content::at(&path)?;
    let (text, mode) =
        Content::to_edit(before.as_ref(), NEW_FILE_MODE).map_err(|why| by_hand(why, advice()))?;
    let document = Document::parse(text)
        .map_err(|error| by_hand(&format!("it is not TOML: {}", error.message()), advice()))?;
    let mut plan = Plan::default();
    match (call(&document), document.get(NOTIFY)) {
        (Some(known), _) if known.may_exist() => return Ok(plan),
        (Some(_), _) | (None, None) => {}
        (None, Some(_)) => {
            return Err(by_hand(
                "its `notify` calls another program, and there is room for one",
                format!(
                    "let that program make the call as well: sendoff hook {} \"$1\"",
                    place.surface.name
                ),
            ));
        }
    }
    let after = with(
        &without(text).ok_or_else(|| by_hand(NO_LINE, advice()))?,
        &line,
    );
    let after = Content::file(after, mode);
    let change = FileChange::install(place.target(), path, before, after);
    plan.changes.push(change);
    Ok(plan)
}

/// Plans the removal.
pub(super) fn uninstall(
    place: &AgentPlace,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    let Ok(path) = place.file() else {
        return Ok(plan);
    };
    let Some(now @ Content::File { mode, .. }) = Content::at(&path)? else {
        return Ok(plan);
    };
    let text = now.text().unwrap_or_default();
    let by_hand = |why: &str| InstallError::ByHand {
        path: place.shown().to_owned(),
        why: why.to_owned(),
        advice: "remove the key `notify` with an editor".into(),
    };
    match Document::parse(text) {
        Ok(document) if call(&document).is_some() => {}
        Err(error) if text.contains("sendoff") => {
            return Err(by_hand(&format!("it is not TOML: {}", error.message())));
        }
        _ => return Ok(plan),
    }
    let has_ours =
        |text: &str| Document::parse(text).is_ok_and(|document| call(&document).is_some());
    let change = place.removal(context, path, now.clone(), has_ours, || {
        let rest = without(text).ok_or_else(|| by_hand(NO_LINE))?;
        Ok(Content::file(rest, mode))
    })?;
    plan.changes.push(change);
    Ok(plan)
}
