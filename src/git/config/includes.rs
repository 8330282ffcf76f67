//! `include` and `includeIf`: which files are read in the place of a line, as git decides it.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, BString, ByteSlice};
use gix::glob::wildmatch;
use gix::glob::wildmatch::Mode;
use gix::refs::FullName;

use crate::git::discover::RepoPaths;
use crate::git::head::branch_for_includes;

use super::path::Beginnings;

/// What the conditions of includes are evaluated against.
#[derive(Debug)]
pub(super) struct IncludeContext<'a> {
    /// Where relative paths begin.
    pub(super) directory: &'a Path,
    /// What the prefixes of paths expand to.
    pub(super) beginnings: &'a Beginnings,
    /// The repository's directories, links resolved; none outside of a repository.
    pub(super) paths: Option<&'a RepoPaths>,
    /// Where the process was started, as it was entered.
    pub(super) entered: Option<&'a Path>,
    /// The URLs of all remotes.
    pub(super) remotes: &'a [BString],
}

impl IncludeContext<'_> {
    /// Returns the file that `path` names in the configuration file `from`.
    pub(super) fn included(&self, path: &BStr, from: Option<&Path>) -> Option<PathBuf> {
        let path = self.beginnings.expand(path.to_str().ok()?)?;
        if path.is_absolute() {
            return Some(path);
        }
        Some(from?.parent()?.join(path))
    }

    /// Says whether the condition of an `includeIf` in the file `from` holds.
    pub(super) fn holds(&self, condition: &BStr, from: Option<&Path>) -> bool {
        let after = |prefix: &str| condition.strip_prefix(prefix.as_bytes()).map(BStr::new);
        if let Some(pattern) = after("gitdir:") {
            return self.is_git_dir(pattern, from, Mode::empty());
        }
        if let Some(pattern) = after("gitdir/i:") {
            return self.is_git_dir(pattern, from, Mode::IGNORE_CASE);
        }
        if let Some(pattern) = after("onbranch:") {
            return self.is_branch(pattern);
        }
        if let Some(pattern) = after("hasconfig:remote.*.url:") {
            let mode = Mode::NO_MATCH_SLASH_LITERAL;
            return self
                .remotes
                .iter()
                .any(|url| wildmatch(pattern, url.as_bstr(), mode));
        }
        false
    }

    fn is_branch(&self, pattern: &BStr) -> bool {
        let branch = self.paths.and_then(branch_for_includes);
        let branch = branch.as_ref().map(FullName::as_bstr);
        let Some(branch) = branch.and_then(|name| name.strip_prefix(b"refs/heads/")) else {
            return false;
        };
        let pattern = with_all_below(pattern.to_owned());
        wildmatch(
            pattern.as_bstr(),
            branch.as_bstr(),
            Mode::NO_MATCH_SLASH_LITERAL,
        )
    }

    /// Compares with the real path first, then with the one that was entered.
    fn is_git_dir(&self, pattern: &BStr, from: Option<&Path>, case: Mode) -> bool {
        let Some((pattern, literal)) = self.git_dir_pattern(pattern, from) else {
            return false;
        };
        let mode = Mode::NO_MATCH_SLASH_LITERAL | case;
        let names = |path: &Path| {
            let text = path.as_os_str().as_bytes();
            let (Some(start), Some(begin)) = (pattern.get(..literal), text.get(..literal)) else {
                return false;
            };
            // What comes from a path is no pattern.
            let same = if case.is_empty() {
                start == begin
            } else {
                start.eq_ignore_ascii_case(begin)
            };
            let rest = (pattern.get(literal..), text.get(literal..));
            match rest {
                (Some(pattern), Some(text)) => {
                    same && wildmatch(pattern.as_bstr(), text.as_bstr(), mode)
                }
                _ => false,
            }
        };
        let real = self.paths.map(|paths| paths.git_dir.as_path());
        real.is_some_and(names) || self.entered_git_dir().as_deref().is_some_and(names)
    }

    /// Returns the git directory as it was entered. Git knows how only at the top of the work tree, where `.git` is the git
    /// directory: of a linked work tree, or one whose git directory lies elsewhere, it knows the real path alone.
    fn entered_git_dir(&self) -> Option<PathBuf> {
        let (paths, entered) = (self.paths?, self.entered?);
        let git_dir = entered.join(".git");
        let same = entered.canonicalize().ok() == paths.work_tree && git_dir.is_dir();
        same.then_some(git_dir)
    }

    /// Returns the whole pattern, and how many bytes at its beginning are a path and no pattern.
    fn git_dir_pattern(&self, pattern: &BStr, from: Option<&Path>) -> Option<(BString, usize)> {
        if let Some(below) = pattern.strip_prefix(b"./") {
            let file = from?.canonicalize().ok()?;
            let mut whole = BString::from(file.parent()?.as_os_str().as_bytes());
            whole.push(b'/');
            let literal = whole.len();
            whole.extend_from_slice(below);
            return Some((with_all_below(whole), literal));
        }
        let home = self.beginnings.home.as_ref();
        let whole = match (pattern.strip_prefix(b"~/"), home) {
            (Some(rest), Some(home)) => {
                let mut whole = home
                    .canonicalize()
                    .unwrap_or_else(|_| home.clone())
                    .into_os_string()
                    .into_vec();
                whole.push(b'/');
                whole.extend_from_slice(rest);
                BString::from(whole)
            }
            _ => match self.beginnings.expand(pattern.to_str().ok()?) {
                Some(path) => BString::from(path.into_os_string().into_vec()),
                None => pattern.to_owned(),
            },
        };
        let whole = if whole.starts_with(b"/") {
            whole
        } else {
            BString::from([b"**/".as_slice(), whole.as_slice()].concat())
        };
        Some((with_all_below(whole), 0))
    }
}

/// A pattern that ends in a slash means everything below.
fn with_all_below(mut pattern: BString) -> BString {
    if pattern.ends_with(b"/") {
        pattern.extend_from_slice(b"**");
    }
    pattern
}
