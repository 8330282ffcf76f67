//! What the repository's own configuration says about the repository: remotes, branches, its format.

use std::collections::BTreeSet;

use gix::bstr::{BString, ByteSlice};

use super::Config;
use super::entries::{Entry, Scope, of_section, truth};

/// Extensions that change nothing for a reader, or that gitoxide knows.
const KNOWN_EXTENSIONS: &[&str] = &["noop", "partialclone", "preciousobjects", "worktreeconfig"];
/// The same, of the second format of repositories only: in the first git refuses them, and ignores what it
/// does not know.
const OF_SECOND_FORMAT: &[&str] = &["objectformat", "refstorage", "relativeworktrees", "noop-v1"];

impl Config {
    /// Returns `core.bare` as the repository has it.
    pub(in crate::git) fn bare(&self) -> Option<bool> {
        self.local.boolean("core.bare").ok().flatten()
    }

    /// Returns the work tree that the repository names as its own: `core.worktree`.
    pub(in crate::git) fn own_work_tree(&self) -> Option<BString> {
        self.local.string("core.worktree")
    }

    /// Returns the values of a key that only states a fact, in git's order: the system's and the user's, the repository's, the
    /// environment's.
    ///
    /// `section` is `remote` or `branch`. An empty value clears those before it.
    pub(in crate::git) fn facts(&self, section: &str, name: &str, key: &str) -> Vec<BString> {
        let mut values = self.all_facts(section, name, key);
        let start = values.iter().rposition(|value| value.is_empty());
        values.split_off(start.map_or(0, |at| at + 1))
    }

    /// Returns the value that counts of such a key with one value. An empty one counts, too.
    pub(in crate::git) fn last_fact(
        &self,
        section: &str,
        name: &str,
        key: &str,
    ) -> Option<BString> {
        self.all_facts(section, name, key).pop()
    }

    fn all_facts(&self, section: &str, name: &str, key: &str) -> Vec<BString> {
        let local = self
            .local
            .strings_by(section, name, key)
            .unwrap_or_default();
        let said = |scopes: fn(Scope) -> bool| {
            let found = self.trusted.named(section, key).filter(move |entry| {
                scopes(entry.scope) && entry.subsection.as_ref().is_some_and(|found| found == name)
            });
            found.map(|entry| entry.value().to_owned())
        };
        let mut values: Vec<BString> = said(|scope| scope < Scope::Local).collect();
        values.extend(local);
        values.extend(said(|scope| scope == Scope::Command));
        values
    }

    /// Returns the value of a key with one value, such as `remote.pushDefault`, that only states a fact: the
    /// environment's, else the repository's, else the user's.
    pub(in crate::git) fn fact(&self, key: &str) -> Option<BString> {
        self.last_said(key, "", self.local.string(key))
    }

    /// Returns the same of a key that means true where it has no value.
    pub(in crate::git) fn fact_or_true(&self, key: &str) -> Option<BString> {
        let alone = || {
            let is_true = self.local.boolean(key).ok().flatten() == Some(true);
            is_true.then(|| "true".into())
        };
        self.last_said(key, "true", self.local.string(key).or_else(alone))
    }

    /// Returns what the environment says, else `local`, else what the user says; `alone` where there is no value.
    fn last_said(&self, key: &str, alone: &str, local: Option<BString>) -> Option<BString> {
        let last = |command: bool| {
            let found = self.trusted.of_key(key);
            let mut found = found.filter(|entry| (entry.scope == Scope::Command) == command);
            let value = |entry: &Entry| entry.value.clone().unwrap_or_else(|| alone.into());
            found.next_back().map(value)
        };
        last(true).or(local).or_else(|| last(false))
    }

    /// Says whose configuration has a key such as `remote.<name>.url` without a value, which git refuses; nobody's mostly.
    pub(in crate::git) fn without_value(
        &self,
        section: &str,
        name: &str,
        key: &str,
    ) -> Option<Scope> {
        let mut parts = self.local.sections_by_name(section).into_iter().flatten();
        let is_own = parts.any(|part| {
            let is_named = part.header().subsection_name().is_some_and(|it| it == name);
            is_named
                && of_section(part, Scope::Local)
                    .any(|entry| entry.name == key && entry.value.is_none())
        });
        if is_own {
            return Some(Scope::Local);
        }
        let mut said = self.trusted.named(section, key);
        let bare = said.find(|entry| {
            let is_named = entry.subsection.as_ref().is_some_and(|it| it == name);
            is_named && entry.value.is_none()
        });
        bare.map(|entry| entry.scope)
    }

    /// Returns the names of all remotes that have a URL.
    pub(in crate::git) fn remote_names(&self) -> BTreeSet<BString> {
        let urls = ["url", "pushurl"];
        let users = urls
            .iter()
            .flat_map(|key| self.trusted.named("remote", key));
        let mut names: BTreeSet<BString> =
            users.filter_map(|entry| entry.subsection.clone()).collect();
        for part in self.local.sections_by_name("remote").into_iter().flatten() {
            let has_url = urls.iter().any(|key| part.contains_value_name(key));
            if let Some(name) = part.header().subsection_name().filter(|_| has_url) {
                names.insert(name.to_owned());
            }
        }
        names
    }

    /// Returns the names of the remotes that promised objects, in the order in which git asks them.
    pub(in crate::git) fn promisors(&self) -> Vec<BString> {
        let mut names: Vec<BString> = Vec::new();
        for part in self.local.sections_by_name("remote").into_iter().flatten() {
            let promised = part.value_implicit("promisor");
            let promised =
                promised.and_then(|value| truth(value.as_ref().map(|value| value.as_bstr())));
            let is_one = promised == Some(true) || part.contains_value_name("partialclonefilter");
            if let Some(name) = part.header().subsection_name().filter(|_| is_one)
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
        // The remote of the clone comes last.
        if let Some(name) = self.local.string("extensions.partialClone") {
            names.retain(|known| *known != *name);
            names.push(name);
        }
        names
    }

    /// Says whether the repository is of git's first format.
    pub(in crate::git) fn is_of_first_format(&self) -> bool {
        let version = self.local.integer("core.repositoryFormatVersion");
        matches!(version, Ok(None | Some(0)))
    }

    /// Returns the version of the repository's format, where git does not know it.
    pub(in crate::git) fn unknown_format_version(&self) -> Option<i64> {
        let version = self.local.integer("core.repositoryFormatVersion");
        version.ok().flatten().filter(|version| *version > 1)
    }

    /// Returns the name of an extension that neither gitoxide nor we know, or that git refuses in the
    /// repository's format.
    pub(in crate::git) fn unknown_extension(&self) -> Option<String> {
        let first = self.is_of_first_format();
        let is_refused = |name: &String| {
            let name = name.to_ascii_lowercase();
            let second = OF_SECOND_FORMAT.contains(&name.as_str());
            if first {
                second
            } else {
                !second && !KNOWN_EXTENSIONS.contains(&name.as_str())
            }
        };
        let parts = self.local.sections_by_name("extensions");
        parts
            .into_iter()
            .flatten()
            .flat_map(|part| part.value_names().collect::<Vec<String>>())
            .find(is_refused)
            .map(|name| name.escape_debug().to_string())
    }

    /// Returns how the repository keeps its refs, when that is not as files.
    pub(in crate::git) fn ref_format(&self) -> Option<String> {
        let format = self.local.string("extensions.refStorage")?;
        let format = format.to_string();
        (format != "files").then(|| format.escape_debug().to_string())
    }
}
