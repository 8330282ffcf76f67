//! Git configuration by its author: the user's has power, the repository's is a source of facts.

mod entries;
mod facts;
mod files;
mod includes;
mod lines;
mod number;
mod old_headers;
mod path;
mod read;
mod scoped;
mod secrets;
mod variables;

use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice};
use gix::config::File;

use self::entries::Entries;
pub(super) use self::entries::{Entry, Scope, of_section};
use self::includes::IncludeContext;
use self::path::Beginnings;
use self::read::{read_local, read_trusted, remote_urls};
use super::discover::RepoPaths;
use super::open_error::{LocalConfigTrust, OpenError};

pub(in crate::git) use self::entries::truth;
pub use self::files::ConfigFiles;
pub use self::lines::{ConfigLine, config_lines};
pub(in crate::git) use self::number::integer;
pub use self::scoped::Matching;
pub(in crate::git) use self::secrets::tell_header;
pub use self::variables::ConfigVariableError;

/// Says whether a text is true, as git reads it.
pub fn is_true(text: &str) -> bool {
    truth(Some(BStr::new(text))) == Some(true)
}

/// Says whether a text is false, as git reads it.
pub fn is_false(text: &str) -> bool {
    truth(Some(BStr::new(text))) == Some(false)
}

/// Git's configuration for one repository.
#[derive(Debug)]
pub struct Config {
    /// System, user and environment; with [`LocalConfigTrust::Trust`] the repository's too.
    pub(super) trusted: Entries,
    /// The repository's own, without includes.
    pub(super) local: File,
    pub(super) trust: LocalConfigTrust,
    beginnings: Beginnings,
    directory: PathBuf,
    /// The user's patterns of ignored files, unless a key names others.
    ignored: Option<PathBuf>,
    /// The user's attributes of files, unless a key names others.
    attributes: Option<PathBuf>,
}

impl Config {
    /// Reads the system's and the user's files. Nothing of the repository is read yet.
    pub(super) fn of_user(paths: &RepoPaths, files: &ConfigFiles) -> Result<Self, OpenError> {
        let (beginnings, directory) = (files.beginnings(), files.relative_to(Some(paths)));
        let context = IncludeContext {
            directory: &directory,
            beginnings: &beginnings,
            paths: Some(paths),
            entered: files.entered.as_deref(),
            remotes: &[],
        };
        let trusted = read_trusted(files, None, &context)?;
        Ok(Self {
            trusted,
            local: File::default(),
            trust: LocalConfigTrust::Ignore,
            beginnings,
            directory,
            ignored: files.ignored.clone(),
            attributes: files.attributes.clone(),
        })
    }

    /// Reads the system's and the user's files where there is no repository.
    pub(super) fn outside(files: &ConfigFiles) -> Result<Self, OpenError> {
        let (beginnings, directory) = (files.beginnings(), files.relative_to(None));
        let context = IncludeContext {
            directory: &directory,
            beginnings: &beginnings,
            paths: None,
            entered: None,
            remotes: &[],
        };
        Ok(Self {
            trusted: read_trusted(files, None, &context)?,
            local: File::default(),
            trust: LocalConfigTrust::Ignore,
            beginnings,
            directory,
            ignored: files.ignored.clone(),
            attributes: files.attributes.clone(),
        })
    }

    /// Adds the repository's own files, once it is known to be the user's.
    pub(super) fn with_local(
        self,
        paths: &RepoPaths,
        trust: LocalConfigTrust,
        files: &ConfigFiles,
    ) -> Result<Self, OpenError> {
        let local = read_local(paths)?;
        let trusted = if trust == LocalConfigTrust::Ignore && !self.asks_for_remotes() {
            self.trusted
        } else {
            // The URLs of remotes are facts, which the repository's configuration may set.
            let remotes = remote_urls(self.trusted.all(), &local);
            let context = IncludeContext {
                directory: &self.directory,
                beginnings: &self.beginnings,
                paths: Some(paths),
                entered: files.entered.as_deref(),
                remotes: &remotes,
            };
            let trusted_local = (trust == LocalConfigTrust::Trust).then_some(&local);
            read_trusted(files, trusted_local, &context)?
        };
        Ok(Self {
            trusted,
            local,
            trust,
            beginnings: self.beginnings,
            directory: self.directory,
            ignored: self.ignored,
            attributes: self.attributes,
        })
    }

    /// Says whether a condition asks for the URLs of remotes.
    fn asks_for_remotes(&self) -> bool {
        self.trusted.named("includeif", "path").any(|entry| {
            let condition = entry.subsection.as_ref();
            condition.is_some_and(|condition| condition.starts_with(b"hasconfig:"))
        })
    }

    /// Returns every value of `key`, such as `core.sshCommand`, later files last.
    pub fn strings(&self, key: &str) -> Vec<String> {
        let found = self.trusted.of_key(key);
        found.map(|entry| text(entry.value())).collect()
    }

    /// Returns the value of `key` that counts.
    pub fn string(&self, key: &str) -> Option<String> {
        let last = self.trusted.of_key(key).next_back();
        last.map(|entry| text(entry.value()))
    }

    /// Returns the path that `key` names, its beginning expanded; `None` when it is not set or empty.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.string(key).filter(|text| !text.is_empty())?;
        self.expand(&text)
    }

    /// Returns the user's file of patterns of ignored files: `core.excludesFile`, or `git/ignore` beside the user's
    /// configuration.
    pub fn excludes_file(&self) -> Option<PathBuf> {
        self.user_file("core.excludesFile", self.ignored.as_ref())
    }

    /// Returns the user's file of attributes: `core.attributesFile`, or `git/attributes` beside the user's configuration.
    pub fn attributes_file(&self) -> Option<PathBuf> {
        self.user_file("core.attributesFile", self.attributes.as_ref())
    }

    /// Returns the file that a key names, else the `usual` one; set to nothing it names none.
    fn user_file(&self, key: &str, usual: Option<&PathBuf>) -> Option<PathBuf> {
        match self.string(key) {
            Some(path) => self.file(&path).filter(|_| !path.is_empty()),
            None => usual.cloned(),
        }
    }

    /// Expands the beginning of a path as git does: `~/`, `~user/`, `%(prefix)/`.
    pub fn expand(&self, path: &str) -> Option<PathBuf> {
        self.beginnings.expand(path)
    }

    /// Returns a path that a variable of git's or curl's names: a relative one is meant from the top of the work tree.
    pub fn relative(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// Returns the file that a value names.
    pub fn file(&self, value: &str) -> Option<PathBuf> {
        Some(self.relative(&self.expand(value)?))
    }

    /// Returns a program that is named by a path, such as `./ask`; one of a bare name is looked for.
    pub fn program(&self, path: &str) -> String {
        if path.contains('/') {
            self.directory.join(path).to_string_lossy().into_owned()
        } else {
            path.to_owned()
        }
    }

    /// Says whether the environment sets `key`.
    pub(super) fn is_in_environment(&self, key: &str) -> bool {
        let mut said = self.trusted.of_key(key);
        said.any(|entry| entry.scope == Scope::Command)
    }

    /// Says whether the repository's own configuration counts.
    pub fn trusts_repository(&self) -> bool {
        self.trust == LocalConfigTrust::Trust
    }

    /// Returns the truth of `key`; `None` when it is not set, or is no truth.
    pub fn bool(&self, key: &str) -> Option<bool> {
        let last = self.trusted.of_key(key).next_back()?;
        truth(last.value.as_ref().map(|value| value.as_bstr()))
    }

    /// Says whether the user lists the repository in `safe.directory`.
    pub(super) fn is_safe_directory(&self, paths: &RepoPaths) -> bool {
        let top = paths.top();
        let mut safe = false;
        let listed = self.trusted.of_key("safe.directory");
        for entry in listed.filter(|entry| entry.scope != Scope::Local) {
            let value = text(entry.value());
            safe = match value.as_str() {
                "" => false,
                "*" => true,
                // The working directory itself.
                "." => safe || paths.start == top,
                _ => {
                    let path = self.expand(&value);
                    safe || path.is_some_and(|path| names_directory(&path, top))
                }
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

fn text(value: &BStr) -> String {
    value.to_str_lossy().into_owned()
}
