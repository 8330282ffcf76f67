//! Removes our entry from a file that others may have edited since.

use std::path::PathBuf;

use super::content::Content;
use super::context::InstallContext;
use super::entry::Target;
use super::error::InstallError;
use super::plan::FileChange;
use super::record::Records;

/// Plans the removal of our entry from a file with the content `now`.
///
/// A file that is as `names` left it becomes what it was before, from the records. From another one only our entry is
/// removed: `without` returns the rest, `None` where the file is to be deleted. `has_ours` says whether a content has our entry.
pub(super) fn removal(
    target: Target,
    names: &[&str],
    context: &InstallContext,
    path: PathBuf,
    now: Content,
    has_ours: impl FnOnce(&Content) -> bool,
    without: impl FnOnce() -> Result<Option<Content>, InstallError>,
) -> Result<FileChange, InstallError> {
    let records = Records::read(context.records());
    let after = match records.original(&path, &now, names, has_ours) {
        Some(original) => original.content(),
        None => without()?,
    };
    Ok(FileChange::remove(target, path, now, after))
}
