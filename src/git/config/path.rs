//! Paths in git's configuration: `~/`, `~user/` and `%(prefix)/` at their beginning.

use std::fs;
use std::path::{Path, PathBuf};

/// What the prefixes of paths expand to.
#[derive(Debug, Clone, Default)]
pub(super) struct Beginnings {
    /// What `~` means.
    pub(super) home: Option<PathBuf>,
    /// Where programs are looked for: git's is two levels below `%(prefix)`.
    pub(super) search_path: Vec<PathBuf>,
}

impl Beginnings {
    /// Returns the path that `text` names; `None` where it names a home that is not known.
    pub(super) fn expand(&self, text: &str) -> Option<PathBuf> {
        if let Some(rest) = text.strip_prefix("%(prefix)/") {
            return Some(self.prefix().join(rest));
        }
        let Some(rest) = text.strip_prefix('~') else {
            return Some(PathBuf::from(text));
        };
        let (user, below) = rest.split_once('/').unwrap_or((rest, ""));
        let home = if user.is_empty() {
            self.home.clone()?
        } else {
            home_of(user)?
        };
        Some(if below.is_empty() {
            home
        } else {
            home.join(below)
        })
    }

    /// Returns where git is installed.
    fn prefix(&self) -> PathBuf {
        let found = self
            .search_path
            .iter()
            .find(|directory| directory.join("git").is_file());
        let prefix = found.and_then(|directory| directory.parent());
        prefix.unwrap_or(Path::new("/usr")).to_owned()
    }
}

/// Looks up the home directory of another user.
fn home_of(user: &str) -> Option<PathBuf> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginnings_of_paths_are_expanded_as_git_does() {
        let beginnings = Beginnings {
            home: Some("/home/u".into()),
            search_path: Vec::new(),
        };
        let expand = |text: &str| beginnings.expand(text);
        assert_eq!(expand("~/x/y"), Some("/home/u/x/y".into()));
        assert_eq!(expand("~"), Some("/home/u".into()));
        assert_eq!(
            expand("%(prefix)/etc/ca.pem"),
            Some("/usr/etc/ca.pem".into())
        );
        assert_eq!(
            expand("~root/x").map(|path| path.ends_with("x")),
            Some(true)
        );
        assert_eq!(expand("~nobody-is-called-so/x"), None);
        assert_eq!(expand("relative"), Some("relative".into()));
        assert_eq!(Beginnings::default().expand("~/x"), None);
    }
}
