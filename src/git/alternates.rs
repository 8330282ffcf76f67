//! The lists of alternates, checked before gitoxide reads them: it reads each list whole, and those of the
//! directories that they name too.

use std::path::Path;

use gix::odb::alternate::parse;

use crate::files::{Links, read};

use super::open_error::OpenError;

/// The largest list that is read, in bytes: it has room for hundreds of paths.
const LIST_LIMIT: u64 = 64 * 1024;
/// How many object directories may be named in all; git follows five one after the other.
const MAX_DIRECTORIES: usize = 100;

/// Refuses lists that are no regular files or too large, in a repository's own object directory and in all that the lists
/// lead to.
pub(super) fn check_alternates(objects: &Path) -> Result<(), OpenError> {
    let mut left = vec![objects.to_owned()];
    let mut looked_at = Vec::new();
    let mut seen = 0;
    while let Some(directory) = left.pop() {
        let list = directory.join("info/alternates");
        let special = |_| OpenError::SpecialFile(list.clone());
        let Some(bytes) = read(&list, LIST_LIMIT, Links::Followed).map_err(special)? else {
            continue;
        };
        // Lists that lead in a circle have an end.
        let real = directory.canonicalize().unwrap_or_default();
        if looked_at.contains(&real) {
            continue;
        }
        looked_at.push(real);
        // A list that cannot be parsed is reported by the code that reads it.
        let named = parse(&bytes).unwrap_or_default();
        seen += named.len();
        if seen > MAX_DIRECTORIES {
            return Err(OpenError::SpecialFile(list));
        }
        left.extend(named.iter().flat_map(|path| {
            // Relative to the directory of the list, and for gitoxide to the first.
            [directory.join(path), objects.join(path)]
        }));
    }
    Ok(())
}
