//! Codex's `notify`: one array in a TOML file, which is ours only when nobody else has it.

use toml_edit::{Array, Document, Value};

use crate::install::command::OurCommand;
use crate::install::content::Content;
use crate::install::entry::Entry;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Plan};
use crate::install::surroundings::Surroundings;

use super::place::Place;
use super::removal::removal;

/// The key.
const NOTIFY: &str = "notify";
/// The bytes that some editors put before a text.
const BOM: &str = "\u{feff}";
/// The mode of a file that is new: Codex keeps it to the user.
const NEW_FILE_MODE: u32 = 0o600;

/// Why a line of ours is not taken out.
const NO_LINE: &str = "its `notify` shares a line with other text";

/// Puts a line before all others: below a table it would be that table's.
fn with(text: &str, line: &str) -> String {
    let (bom, rest) = match text.strip_prefix(BOM) {
        Some(rest) => (BOM, rest),
        None => ("", text),
    };
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    format!("{bom}{line}{end}{rest}")
}

/// Takes the lines of our call away, if it is there. Nothing where other text stands on them.
fn without(text: &str) -> Option<String> {
    let (bom, text) = match text.strip_prefix(BOM) {
        Some(rest) => (BOM, rest),
        None => ("", text),
    };
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
pub(super) fn find(place: &Place) -> Result<Vec<Entry>, InstallError> {
    let Ok(path) = place.file() else {
        return Ok(Vec::new());
    };
    let content = Content::at(&path)?;
    let text = content.as_ref().and_then(Content::text);
    let document = text.and_then(|text| Document::parse(text).ok());
    let command = document.and_then(|document| call(&document));
    let entry = command.map(|command| Entry {
        target: place.target(),
        scope: place.scope,
        path,
        place: NOTIFY.into(),
        command: Some(command),
        fault: None,
    });
    Ok(entry.into_iter().collect())
}

/// Plans the installation.
pub(super) fn install(place: &Place, around: &Surroundings) -> Result<Plan, InstallError> {
    let program = place.program(around)?;
    let words = [program.as_str(), "hook", place.surface.name];
    let array = Value::from(Array::from_iter(words)).to_string();
    let line = format!("{NOTIFY} = {}", array.trim());
    let by_hand = |why: &str, advice: String| InstallError::ByHand {
        path: place.shown().to_owned(),
        why: why.to_owned(),
        advice,
    };
    let mend = || format!("mend it, or put this line before its first table:\n{line}");
    let path = place
        .file()
        .map_err(|error| by_hand(&error.to_string(), mend()))?;
    let before = Content::at(&path)?;
    let (text, mode) = match &before {
        None => ("", NEW_FILE_MODE),
        Some(content @ Content::File { mode, .. }) => (
            content
                .text()
                .ok_or_else(|| by_hand("it is not UTF-8", mend()))?,
            *mode,
        ),
        Some(Content::Link(_)) => return Err(by_hand("it is a link", mend())),
    };
    let document = Document::parse(text)
        .map_err(|error| by_hand(&format!("it is not TOML: {}", error.message()), mend()))?;
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
        &without(text).ok_or_else(|| by_hand(NO_LINE, mend()))?,
        &line,
    );
    let change = FileChange::install(place.target(), path, before, after, mode);
    plan.changes.push(change);
    Ok(plan)
}

/// Plans the removal.
pub(super) fn uninstall(place: &Place, around: &Surroundings) -> Result<Plan, InstallError> {
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
    let change = removal(place, around, path, now.clone(), has_ours, || {
        let bytes = without(text).ok_or_else(|| by_hand(NO_LINE))?.into_bytes();
        Ok(Content::File { bytes, mode })
    })?;
    plan.changes.push(change);
    Ok(plan)
}
