//! A file of a manager of git's hooks: our block is put in and taken out, and the rest stays.

use std::path::Path;

use crate::install::command::OurCommand;
use crate::install::content::Content;
use crate::install::entry::{Manager, Target};
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Locking, Purpose};
use crate::install::record::Records;
use crate::install::surroundings::Surroundings;

use super::block;

/// The mode of a file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns the change that puts our block at the end of a file; nothing where it is there.
pub(super) fn with_block(
    path: &Path,
    manager: Manager,
    make: impl FnOnce(&str) -> Result<String, InstallError>,
) -> Result<Option<FileChange>, InstallError> {
    let before = Content::at(path)?;
    let (text, mode) = text_of(path, before.as_ref())?;
    let (rest, known) = split(path, text)?;
    let called = OurCommand::find(&rest);
    // Somebody wrote the call by hand.
    if called.is_some() {
        return Ok(None);
    }
    let block = make(&rest)?;
    if known.as_ref() == Some(&block) {
        return Ok(None);
    }
    let bytes = block::with(&rest, &block).into_bytes();
    Ok(Some(change(
        path,
        manager,
        before,
        Some(Content::File { bytes, mode }),
        Purpose::Install,
    )))
}

/// Returns the change that takes our block out of a file.
pub(super) fn without_block(
    path: &Path,
    manager: Manager,
    around: &Surroundings,
) -> Result<Option<FileChange>, InstallError> {
    let Some(now) = Content::at(path)? else {
        return Ok(None);
    };
    let Ok((text, mode)) = text_of(path, Some(&now)) else {
        return Ok(None);
    };
    let (rest, known) = split(path, text)?;
    if known.is_none() {
        return Ok(None);
    }
    let records = Records::read(around.records());
    let names = [Target::Git.name(), manager.name()];
    let has_ours = |content: &Content| {
        let text = content.text().and_then(block::split);
        text.is_some_and(|(_, block)| block.is_some())
    };
    let after = match records.original(path, &now, &names, has_ours) {
        Some(original) => original.content(),
        None if rest.is_empty() => None,
        None => Some(Content::File {
            bytes: rest.into_bytes(),
            mode,
        }),
    };
    Ok(Some(change(
        path,
        manager,
        Some(now),
        after,
        Purpose::Remove,
    )))
}

fn split(path: &Path, text: &str) -> Result<(String, Option<String>), InstallError> {
    block::split(text).ok_or_else(|| InstallError::ByHand {
        path: path.to_owned(),
        why: "its lines `# sendoff: begin` and `# sendoff: end` are not one pair".into(),
        advice: "remove them and what is between them, and run the command again".into(),
    })
}

fn text_of<'c>(path: &Path, content: Option<&'c Content>) -> Result<(&'c str, u32), InstallError> {
    match content {
        None => Ok(("", NEW_FILE_MODE)),
        Some(content @ Content::File { mode, .. }) => {
            let text = content.text();
            let text = text.ok_or_else(|| InstallError::read(path, "it is not UTF-8"))?;
            Ok((text, *mode))
        }
        Some(Content::Link(_)) => Err(InstallError::read(path, "it is a link")),
    }
}

fn change(
    path: &Path,
    manager: Manager,
    before: Option<Content>,
    after: Option<Content>,
    purpose: Purpose,
) -> FileChange {
    FileChange {
        target: Target::Manager(manager),
        path: path.to_owned(),
        before,
        after,
        locking: Locking::None,
        purpose,
    }
}
