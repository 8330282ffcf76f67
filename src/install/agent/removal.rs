//! Taking our entry out of a file that somebody else may have written to.

use std::path::PathBuf;

use crate::install::content::Content;
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Locking, Purpose};
use crate::install::record::Records;
use crate::install::surroundings::Surroundings;

use super::place::Place;

/// Plans the removal from a file that is `now` so: what it was before we came where it is as we left it, else what
/// `without` leaves of it. `has_ours` says whether a text has our entry.
pub(super) fn removal(
    place: &Place,
    around: &Surroundings,
    path: PathBuf,
    now: Content,
    has_ours: impl FnOnce(&str) -> bool,
    without: impl FnOnce() -> Result<Content, InstallError>,
) -> Result<FileChange, InstallError> {
    let records = Records::read(around.records());
    let has_ours = |content: &Content| content.text().is_some_and(has_ours);
    let original = records.original(&path, &now, &[place.surface.name], has_ours);
    let after = match original {
        Some(original) => original.content(),
        None => Some(without()?),
    };
    Ok(FileChange {
        target: place.target(),
        path,
        before: Some(now),
        after,
        locking: Locking::None,
        purpose: Purpose::Remove,
    })
}
