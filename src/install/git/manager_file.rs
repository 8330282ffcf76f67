//! Inserts and removes our block in the file of a manager of git's hooks.

use std::path::Path;

use crate::install::command::OurCommand;
use crate::install::content::Content;
use crate::install::context::InstallContext;
use crate::install::entry::{Manager, Target};
use crate::install::error::InstallError;
use crate::install::plan::FileChange;
use crate::install::removal::removal;

use super::block;

/// The mode of a file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns the change that appends our block to a file; `None` where it exists.
pub(super) fn with_block(
    path: &Path,
    manager: Manager,
    make: impl FnOnce(&str) -> Result<String, InstallError>,
) -> Result<Option<FileChange>, InstallError> {
    let before = Content::at(path)?;
    let (text, mode) = Content::to_edit(before.as_ref(), NEW_FILE_MODE)
        .map_err(|why| InstallError::read(path, why))?;
    let (rest, known) = split(path, text)?;
    let called = OurCommand::find(&rest);
    // The call is there already, written by hand.
    if called.is_some() {
        return Ok(None);
    }
    let block = make(&rest)?;
    if known.as_ref() == Some(&block) {
        return Ok(None);
    }
    let after = Content::file(block::with(&rest, &block), mode);
    let target = Target::Manager(manager);
    let change = FileChange::install(target, path.to_owned(), before, after);
    Ok(Some(change))
}

/// Returns the change that removes our block from a file; `None` where there is none.
pub(super) fn without_block(
    path: &Path,
    manager: Manager,
    context: &InstallContext,
) -> Result<Option<FileChange>, InstallError> {
    let Some(now) = Content::at(path)? else {
        return Ok(None);
    };
    let Ok((text, mode)) = Content::to_edit(Some(&now), NEW_FILE_MODE) else {
        return Ok(None);
    };
    let (rest, known) = split(path, text)?;
    if known.is_none() {
        return Ok(None);
    }
    let names = [Target::Git.name(), manager.name()];
    let has_ours = |content: &Content| {
        let text = content.text().and_then(block::split);
        text.is_some_and(|(_, block)| block.is_some())
    };
    let without = || Ok((!rest.is_empty()).then(|| Content::file(rest, mode)));
    let (target, path) = (Target::Manager(manager), path.to_owned());
    removal(target, &names, context, path, now, has_ours, without).map(Some)
}

fn split(path: &Path, text: &str) -> Result<(String, Option<String>), InstallError> {
    block::split(text).ok_or_else(|| InstallError::ByHand {
        path: path.to_owned(),
        why: "its lines `# sendoff: begin` and `# sendoff: end` are not one pair".into(),
        advice: "remove them and what is between them, and run the command again".into(),
    })
}
