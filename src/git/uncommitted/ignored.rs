//! Whether names beside tracked files are ignored, by the files of patterns alone: gitoxide's walk is not needed to know of a
//! few names at known places.

use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::glob::pattern::Case;
use gix::ignore::Search;
use gix::ignore::search::Ignore;

use super::MAX_RULES_SIZE;
use crate::files::{self, Directory, Links};
use crate::git::Repo;
use crate::git::config::truth;

/// As git reads them.
const PARSED: Ignore = Ignore {
    support_precious: false,
};

/// A name beside tracked files.
pub(super) struct Beside {
    /// From the top of the work tree.
    pub(super) path: BString,
    pub(super) is_directory: bool,
}

/// The files of patterns of a work tree, read where they are asked for.
pub(super) struct Patterns<'r> {
    ours: &'r Repo,
    top: &'r Directory,
    /// The patterns that hold everywhere.
    common: Option<Search>,
}

impl<'r> Patterns<'r> {
    /// `top` is the top of the work tree.
    pub(super) const fn new(ours: &'r Repo, top: &'r Directory) -> Self {
        Self {
            ours,
            top,
            common: None,
        }
    }

    /// Says whether git ignores all of `names`, which lie in one `directory` of tracked files; nothing where a file of patterns
    /// is not read.
    pub(super) fn ignore_all(&mut self, directory: &[u8], names: &[Beside]) -> Option<bool> {
        let mut patterns = match &self.common {
            Some(common) => common.clone(),
            None => self.common.insert(common(self.ours)?).clone(),
        };
        let ends = memchr::memchr_iter(b'/', directory).map(|at| at + 1);
        for end in std::iter::once(0).chain(ends) {
            let mut path = directory.get(..end)?.to_owned();
            path.extend_from_slice(b".gitignore");
            let path = path.to_path().ok()?;
            if let Some(content) = self.top.read(path, MAX_RULES_SIZE).ok()? {
                add(&mut patterns, &content, path, Some(Path::new("")))?;
            }
        }
        let ignores_case = self.ours.config().fact("core.ignoreCase");
        let case = match ignores_case.map(|said| truth(Some(said.as_bstr()))) {
            Some(Some(true)) => Case::Fold,
            _ => Case::Sensitive,
        };
        let is_ignored = |beside: &Beside| {
            let path = BStr::new(&beside.path);
            let found =
                patterns.pattern_matching_relative_path(path, Some(beside.is_directory), case);
            // Where names are decomposed, they are not what the patterns have.
            path.is_ascii() && found.is_some_and(|found| !found.pattern.is_negative())
        };
        Some(names.iter().all(is_ignored))
    }
}

/// Reads the patterns that hold everywhere in a work tree: the user's, and then those of the repository.
fn common(ours: &Repo) -> Option<Search> {
    let mut patterns = Search::default();
    let exclude = ours.common_dir().join("info/exclude");
    for path in ours.config().excludes_file().into_iter().chain([exclude]) {
        if let Some(content) = files::read(&path, MAX_RULES_SIZE, Links::Followed).ok()? {
            add(&mut patterns, &content, &path, None)?;
        }
    }
    Some(patterns)
}

fn add(patterns: &mut Search, content: &[u8], path: &Path, root: Option<&Path>) -> Option<()> {
    patterns
        .add_patterns_buffer(content, path, root, PARSED)
        .ok()
}
