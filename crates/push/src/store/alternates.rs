//! The object directories that a repository's own leads to: `objects/info/alternates`, and what the caller names besides.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gix::config::Source;
use gix::odb::alternate::parse;

use super::StoreError;

/// The configuration key by which the opener of a repository names further object directories, as git takes them from
/// `GIT_ALTERNATE_OBJECT_DIRECTORIES`. Only values that were given at opening count, none of a file.
pub const OBJECT_DIRECTORY_KEY: &str = "sendoff-push.objectDirectory";

/// How many lists are followed one after the other; git follows five.
const MAX_DEPTH: usize = 5;
/// The largest list that is read, in bytes.
const LIST_LIMIT: u64 = 64 * 1024;

/// Returns the object directories that the opener of a repository named.
#[expect(
    clippy::disallowed_methods,
    reason = "values of files do not count here, whoever is trusted"
)]
pub(super) fn named(repo: &gix::Repository) -> Vec<PathBuf> {
    let config = repo.config_snapshot();
    let given = config
        .plumbing()
        .strings_filter(OBJECT_DIRECTORY_KEY, |section| {
            section.source == Source::Api
        });
    let given = given.unwrap_or_default().into_iter();
    given
        .filter_map(|path| gix::path::from_bstring(path).ok())
        .collect()
}

/// Returns `first`, and then all that their lists lead to: those that are there, each once.
pub(super) fn with_alternates(first: Vec<PathBuf>) -> Result<Vec<PathBuf>, StoreError> {
    // Nearly every repository has one directory and no list: its path need not be resolved, which takes a call for each part.
    if let [only] = first.as_slice()
        && only.is_dir()
        && listed(only).map_err(StoreError::Alternates)?.is_empty()
    {
        return Ok(first);
    }
    let mut found: Vec<PathBuf> = Vec::new();
    let mut seen = Vec::new();
    let mut left: VecDeque<_> = first.into_iter().map(|path| (0, path)).collect();
    while let Some((depth, path)) = left.pop_front() {
        let Ok(real) = path.canonicalize() else {
            continue;
        };
        // Lists that lead in a circle lead nowhere new.
        if seen.contains(&real) || !real.is_dir() {
            continue;
        }
        seen.push(real);
        if depth <= MAX_DEPTH {
            let listed = listed(&path).map_err(StoreError::Alternates)?;
            left.extend(listed.into_iter().map(|next| (depth + 1, next)));
        }
        found.push(path);
    }
    Ok(found)
}

/// Returns the directories that the list of one names; relative ones are relative to it.
fn listed(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut text = Vec::new();
    match File::open(directory.join("info/alternates")) {
        Ok(file) => file.take(LIST_LIMIT).read_to_end(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let listed = parse(&text).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(listed.iter().map(|path| directory.join(path)).collect())
}
