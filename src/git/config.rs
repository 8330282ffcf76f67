//! Git configuration by who wrote it: the user's has power, the repository's is a source of facts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use gix::config::File;

use crate::names::RemoteUrl;

use super::config_files::{ConfigFiles, append, follow_includes, read_local, read_trusted};
use super::discover::RepoPaths;
use super::open::{LocalConfigTrust, OpenError};
use super::url_match::{Rank, rank};

/// Git's configuration for one repository.
#[derive(Debug)]
pub struct Config {
    /// System and user; with [`LocalConfigTrust::Trust`] the repository's too.
    trusted: File,
    /// The repository's own, without includes.
    pub(super) local: File,
    pub(super) trust: LocalConfigTrust,
    /// What `~` means.
    home: Option<PathBuf>,
}

/// Which of the values below matching `<section>.<url>` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Those that no earlier value matched more closely, as for `http.<url>.*`: of a key with one
    /// value the last counts, of `extraHeader` all.
    Best,
    /// All, in the order of the files, as for `credential.<url>.*`.
    All,
}

/// Extensions that change nothing for a reader, or that gitoxide knows.
const KNOWN_EXTENSIONS: &[&str] = &[
    "noop",
    "partialclone",
    "preciousobjects",
    "objectformat",
    "refstorage",
    "worktreeconfig",
    "relativeworktrees",
    "noop-v1",
];

impl Config {
    /// Reads the system's and the user's files. Nothing of the repository is read yet.
    pub(super) fn of_user(
        paths: &RepoPaths,
        files: &ConfigFiles,
        branch: Option<&gix::refs::FullName>,
    ) -> Result<Self, OpenError> {
        let mut trusted = read_trusted(files)?;
        follow_includes(&mut trusted, paths, files.home.as_deref(), branch)?;
        Ok(Self {
            trusted,
            local: File::default(),
            trust: LocalConfigTrust::Ignore,
            home: files.home.clone(),
        })
    }

    /// Adds the repository's own files, once it is known to be the user's.
    pub(super) fn with_local(
        self,
        paths: &RepoPaths,
        trust: LocalConfigTrust,
        files: &ConfigFiles,
        branch: Option<&gix::refs::FullName>,
    ) -> Result<Self, OpenError> {
        let local = read_local(paths)?;
        let trusted = match trust {
            LocalConfigTrust::Ignore => self.trusted,
            LocalConfigTrust::Trust => {
                // Includes are followed once all files are there: conditions look at all of them.
                let mut all = read_trusted(files)?;
                append(&mut all, local.clone(), &paths.common_dir.join("config"))?;
                follow_includes(&mut all, paths, files.home.as_deref(), branch)?;
                all
            }
        };
        Ok(Self {
            trusted,
            local,
            trust,
            home: self.home,
        })
    }

    /// Returns `core.bare` as the repository has it.
    pub(super) fn bare(&self) -> Option<bool> {
        self.local.boolean("core.bare").ok().flatten()
    }

    /// Returns every value of `key`, such as `core.sshCommand`, later files last.
    pub fn strings(&self, key: &str) -> Vec<String> {
        texts(&self.trusted.strings(key).unwrap_or_default())
    }

    /// Returns the value of `key` that counts.
    pub fn string(&self, key: &str) -> Option<String> {
        self.trusted.string(key).map(|value| text(&value))
    }

    /// Returns the path that `key` names, `~/` expanded; nothing when it is not set or empty.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.string(key).filter(|text| !text.is_empty())?;
        match text.strip_prefix("~/") {
            Some(rest) => Some(self.home.as_ref()?.join(rest)),
            None => Some(PathBuf::from(text)),
        }
    }

    /// Returns the truth of `key`; nothing when it is not set, or is no truth.
    pub fn bool(&self, key: &str) -> Option<bool> {
        self.trusted.boolean(key).ok().flatten()
    }

    /// Returns the values of `<section>.<name>` and of each `<section>.<url>.<name>` that matches
    /// `url` by git's rules: scheme, host (`*` for one label), port, path prefix, user.
    pub fn scoped(
        &self,
        section: &str,
        name: &str,
        url: &RemoteUrl,
        matching: Matching,
    ) -> Vec<String> {
        let mut best: Option<Rank> = None;
        let mut found = Vec::new();
        for part in self.trusted.sections_by_name(section).into_iter().flatten() {
            let rank = match part.header().subsection_name() {
                None => Some(Rank::default()),
                Some(pattern) => pattern.to_str().ok().and_then(|text| rank(text, url)),
            };
            let values = part.values(name);
            let Some(rank) = rank.filter(|_| !values.is_empty()) else {
                continue;
            };
            match best {
                Some(known) if matching == Matching::Best && rank < known => continue,
                _ => {}
            }
            best = Some(rank);
            found.extend(texts(&values));
        }
        found
    }

    /// Returns `url` rewritten by the longest `url.<base>.<key>` that it begins with.
    pub(super) fn rewritten(&self, url: &str, key: &str) -> Option<String> {
        let mut best: Option<(usize, String)> = None;
        for part in self.trusted.sections_by_name("url").into_iter().flatten() {
            let Some(base) = part.header().subsection_name() else {
                continue;
            };
            for prefix in part.values(key) {
                let longer = best
                    .as_ref()
                    .is_none_or(|(length, _)| prefix.len() > *length);
                if let Some(rest) = url.as_bytes().strip_prefix(prefix.as_slice())
                    && longer
                {
                    best = Some((prefix.len(), format!("{base}{}", rest.as_bstr())));
                }
            }
        }
        best.map(|(_, url)| url)
    }

    /// Returns the values of a key that is a fact and no power: the repository's, else the user's.
    ///
    /// `section` is `remote` or `branch`. An empty value clears those before it.
    pub(super) fn facts(&self, section: &str, name: &str, key: &str) -> Vec<BString> {
        let of = |file: &File| {
            let mut values = Vec::new();
            for value in file.strings_by(section, name, key).unwrap_or_default() {
                if value.is_empty() {
                    values.clear();
                } else {
                    values.push(value);
                }
            }
            values
        };
        let local = of(&self.local);
        if local.is_empty() {
            of(&self.trusted)
        } else {
            local
        }
    }

    /// Returns `remote.pushDefault`.
    pub(super) fn push_default(&self) -> Option<BString> {
        self.local
            .string("remote.pushDefault")
            .or_else(|| self.trusted.string("remote.pushDefault"))
    }

    /// Returns the names of all remotes that have a URL.
    pub(super) fn remote_names(&self) -> BTreeSet<BString> {
        let mut names = BTreeSet::new();
        for file in [&self.trusted, &self.local] {
            for part in file.sections_by_name("remote").into_iter().flatten() {
                let has_url =
                    part.contains_value_name("url") || part.contains_value_name("pushurl");
                if let Some(name) = part.header().subsection_name().filter(|_| has_url) {
                    names.insert(name.to_owned());
                }
            }
        }
        names
    }

    /// Says whether a remote promised objects.
    pub(super) fn has_promisor(&self) -> bool {
        let mut remotes = self.local.sections_by_name("remote").into_iter().flatten();
        self.local.string("extensions.partialClone").is_some()
            || remotes.any(|part| {
                part.contains_value_name("promisor")
                    || part.contains_value_name("partialclonefilter")
            })
    }

    /// Says whether the repository is of git's first format, without an extension that counts.
    pub(super) fn is_of_first_format(&self) -> bool {
        let version = self.local.integer("core.repositoryFormatVersion");
        let plain = matches!(version, Ok(None | Some(0)));
        let mut extensions = self.local.sections_by_name("extensions").into_iter();
        plain && extensions.next().is_none()
    }

    /// Returns the name of an extension that neither gitoxide nor we know.
    pub(super) fn unknown_extension(&self) -> Option<String> {
        let parts = self.local.sections_by_name("extensions");
        parts
            .into_iter()
            .flatten()
            .flat_map(|part| part.value_names().collect::<Vec<String>>())
            .find(|name| !KNOWN_EXTENSIONS.contains(&name.to_ascii_lowercase().as_str()))
            .map(|name| name.escape_debug().to_string())
    }

    /// Returns how the repository keeps its refs, when that is not as files.
    pub(super) fn ref_format(&self) -> Option<String> {
        let format = self.local.string("extensions.refStorage")?;
        let format = format.to_string();
        (format != "files").then(|| format.escape_debug().to_string())
    }

    /// Says whether the user lists `top` in `safe.directory`.
    pub(super) fn is_safe_directory(&self, top: &Path, home: Option<&Path>) -> bool {
        let own = |source: &gix::config::file::Metadata| {
            source.source.kind() != gix::config::source::Kind::Repository
        };
        let mut safe = false;
        for value in self
            .trusted
            .strings_filter("safe.directory", own)
            .unwrap_or_default()
        {
            let value = text(&value);
            let path = match (value.strip_prefix("~/"), home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => Path::new(&value).to_owned(),
            };
            safe = match value.as_str() {
                "" => false,
                "*" => true,
                _ => safe || names_directory(&path, top),
            };
        }
        safe
    }
}

/// Says whether an entry of `safe.directory` names `top`, or a directory above it by `/*`.
fn names_directory(entry: &Path, top: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match entry.parent().filter(|_| entry.ends_with("*")) {
        Some(parent) => parent.is_absolute() && top.starts_with(real(parent)),
        None => entry.is_absolute() && real(entry) == top,
    }
}

fn text(value: &BString) -> String {
    value.to_str_lossy().into_owned()
}

fn texts(values: &[BString]) -> Vec<String> {
    values.iter().map(text).collect()
}
