//! Whether names beside tracked files are ignored, by the files of patterns alone: gitoxide's walk is not needed to know of a
//! few names at known places.

use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::glob::pattern::Case;
use gix::ignore::Search;
use gix::ignore::search::Ignore;

use super::rule_files::IGNORE;
use crate::files::{self, Directory, Links};
use crate::git::Repo;
use crate::git::config::truth;

/// As git reads them.
const PARSED: Ignore = Ignore {
    support_precious: false,
};

/// The most bytes of patterns that hold in one directory. Of more, only a count can say what they ignore.
const MAX_PATTERNS: u64 = 64 << 10;
/// How deep a directory may lie whose patterns are looked for.
const MAX_DEPTH: usize = 16;
/// The most steps that comparing one name with the patterns may take: a few milliseconds.
const MAX_STEPS: usize = 4 << 20;
/// What a further `**/` in a pattern multiplies the steps of comparing it with: it is tried at each byte of a path.
const STEPS_OF_ANY_DEPTH: usize = 64;

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
    common: Option<Holding>,
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

    /// Says whether git ignores all of `names`, which lie in one `directory` of tracked files; nothing where that takes more
    /// than a look, a file of patterns is not read, or `is_over` says so.
    pub(super) fn ignore_all(
        &mut self,
        directory: &[u8],
        names: &[Beside],
        is_over: &dyn Fn() -> bool,
    ) -> Option<bool> {
        let mut holding = match &self.common {
            Some(common) => common.clone(),
            None => self.common.insert(Holding::everywhere(self.ours)?).clone(),
        };
        let ends = memchr::memchr_iter(b'/', directory).map(|at| at + 1);
        for (depth, end) in std::iter::once(0).chain(ends).enumerate() {
            if depth > MAX_DEPTH || is_over() {
                return None;
            }
            let mut path = directory.get(..end)?.to_owned();
            path.extend_from_slice(IGNORE);
            let path = path.to_path().ok()?;
            if let Some(content) = self.top.read(path, MAX_PATTERNS).ok()? {
                holding.add(&content, path, Some(Path::new("")))?;
            }
        }
        let ignores_case = self.ours.config().fact_or_true("core.ignoreCase");
        let case = match ignores_case.map(|said| truth(Some(said.as_bstr()))) {
            Some(Some(true)) => Case::Fold,
            _ => Case::Sensitive,
        };
        for name in names {
            if is_over() {
                return None;
            }
            if !holding.ignore(name, case)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// The patterns that hold in a directory.
#[derive(Clone, Default)]
struct Holding {
    search: Search,
    size: u64,
    /// How many steps each byte of a path takes.
    steps: usize,
}

impl Holding {
    /// Reads the patterns that hold everywhere in a work tree: the user's, and then those of the repository.
    fn everywhere(ours: &Repo) -> Option<Self> {
        let mut patterns = Self::default();
        let exclude = ours.common_dir().join("info/exclude");
        for path in ours.config().excludes_file().into_iter().chain([exclude]) {
            if let Some(content) = files::read(&path, MAX_PATTERNS, Links::Followed).ok()? {
                patterns.add(&content, &path, None)?;
            }
        }
        Some(patterns)
    }

    /// Adds the patterns of a file, which come before those that were added; nothing where they are too many.
    fn add(&mut self, content: &[u8], path: &Path, root: Option<&Path>) -> Option<()> {
        self.size += content.len() as u64;
        self.steps = self.steps.saturating_add(steps(content));
        if self.size > MAX_PATTERNS {
            return None;
        }
        let added = self.search.add_patterns_buffer(content, path, root, PARSED);
        added.ok()
    }

    /// Says whether a name is ignored; nothing where that takes too many steps to know.
    fn ignore(&self, name: &Beside, case: Case) -> Option<bool> {
        if self.steps.saturating_mul(name.path.len()) > MAX_STEPS {
            return None;
        }
        let path = BStr::new(&name.path);
        let found = self
            .search
            .pattern_matching_relative_path(path, Some(name.is_directory), case);
        // Where names are decomposed, they are not what the patterns have.
        Some(path.is_ascii() && found.is_some_and(|found| !found.pattern.is_negative()))
    }
}

/// Returns how many steps each byte of a path takes that is compared with the patterns of a file.
fn steps(content: &[u8]) -> usize {
    let of_line = |line: &[u8]| {
        // The first one is tried like any other `*`.
        let any_depth = line.find_iter(b"**/").skip(1);
        any_depth.fold(line.len(), |steps, _| {
            steps.saturating_mul(STEPS_OF_ANY_DEPTH)
        })
    };
    let patterns = content.lines().filter(|line| !line.starts_with(b"#"));
    patterns.map(of_line).fold(0, usize::saturating_add)
}
