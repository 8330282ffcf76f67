//! Every environment variable, the directories and the working directory, read once.

mod directories;
mod distrust;
mod git_variables;
mod inherited;
mod others;
mod value;
mod variable;
mod variables;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use self::inherited::ACTIVE;
use self::value::{is_no_token, trimmed, unquoted};
use self::variables::{OF_AGENTS, OF_ANY_BYTES, is_own, is_own_text};

pub use self::variable::Variable;
pub use self::variables::variables;

/// The variable with the mark of `sendoff doctor`.
pub const PROBE: &str = "SENDOFF_PROBE";

/// The variables that name a proxy.
const PROXIES: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// What the process was started with. Clones share the variables.
#[derive(Debug, Clone)]
pub struct Environment {
    cwd: PathBuf,
    values: Arc<BTreeMap<OsString, OsString>>,
    terminal: bool,
    unheard: Vec<String>,
}

impl Environment {
    /// Reads the process's environment. The only place that does.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where variables are read, once"
    )]
    ///
    /// A working directory that was removed counts as `/`: what needs none still goes out.
    pub fn read() -> Self {
        Self {
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            values: Arc::new(std::env::vars_os().collect()),
            terminal: io::stderr().is_terminal(),
            unheard: Vec::new(),
        }
    }

    /// Makes an environment from pairs, for tests and for the demonstration.
    pub fn from_pairs<'a>(
        cwd: impl Into<PathBuf>,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let pairs = pairs.into_iter();
        Self {
            cwd: cwd.into(),
            values: Arc::new(
                pairs
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            ),
            terminal: false,
            unheard: Vec::new(),
        }
    }

    /// Returns the working directory.
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Says whether stderr is a terminal, so that progress can be shown.
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Returns the variable by which a coding agent marks the programs that it runs; none where no agent runs this one.
    pub fn agent_mark(&self) -> Option<&'static str> {
        let mut marks = OF_AGENTS.iter().copied();
        marks.find(|name| self.raw(name).is_some_and(|value| !value.is_empty()))
    }

    /// Says whether `SENDOFF=0` switched sendoff off.
    pub fn is_off(&self) -> bool {
        self.text("SENDOFF").is_some_and(|value| value == "0")
    }

    /// Says whether a program that sendoff started asks: its hooks have nothing to add.
    pub fn is_active(&self) -> bool {
        self.text(ACTIVE).is_some()
    }

    /// Returns the mark of `sendoff doctor`, which runs a hook to see whether it reaches us.
    pub fn probe(&self) -> Option<&str> {
        self.text(PROBE)
    }

    /// Returns the repository that git names to its hooks.
    pub fn git_dir(&self) -> Option<PathBuf> {
        self.named_path("GIT_DIR")
    }

    /// Returns the top of the work tree that git names to its hooks.
    pub fn git_work_tree(&self) -> Option<PathBuf> {
        self.named_path("GIT_WORK_TREE")
    }

    /// Returns the same environment for work in another directory.
    #[must_use]
    pub fn at(mut self, directory: PathBuf) -> Self {
        self.cwd = directory;
        self
    }

    /// Returns how the working directory was entered: `PWD` where it names that directory, links kept.
    pub fn entered(&self) -> PathBuf {
        let same = |path: &PathBuf| {
            let place = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
            let named = (*path != self.cwd).then(|| place(path));
            named.is_none_or(|named| named.is_some() && named == place(&self.cwd))
        };
        let named = self.directory("PWD").filter(same);
        named.unwrap_or_else(|| self.cwd.clone())
    }

    /// Returns a variable without the blanks around it, and one of ours without quotation marks around it; `None` when it is
    /// absent or blank. A blank beyond ASCII can be a part of what is another program's, and of a path.
    fn value(&self, name: &str) -> Option<&OsStr> {
        let trim = if is_own_text(name) {
            trimmed
        } else {
            <[u8]>::trim_ascii
        };
        let value = trim(self.raw(name)?);
        let value = if is_own(name) {
            trim(unquoted(name, value))
        } else {
            value
        };
        (!value.is_empty()).then(|| OsStr::from_bytes(value))
    }

    /// Returns the bytes of a variable as they are.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.values
            .get(OsStr::new(name))
            .map(|value| value.as_bytes())
    }

    /// Returns the text of a variable; `None` when it is blank, absent or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.to_str()
    }

    /// Returns the names of the variables that are set to something other than text, and so count as unset.
    pub fn unreadable(&self) -> impl Iterator<Item = &'static str> {
        let values = self.values.iter();
        let no_text: Vec<&OsStr> = values
            .filter(|(_, value)| value.to_str().is_none())
            .map(|(name, _)| name.as_os_str())
            .collect();
        let names = variables().map(|variable| variable.name);
        let texts = names.filter(|name| !OF_ANY_BYTES.contains(name) && !OF_AGENTS.contains(name));
        texts.filter(move |name| no_text.contains(&OsStr::new(name)))
    }

    /// Returns the names of the variables for tokens whose value no token has, such as one with a comment behind it.
    pub fn doubtful_tokens(&self) -> impl Iterator<Item = &'static str> {
        let tokens = variables().filter(|variable| variable.is_token());
        let names = tokens.map(|variable| variable.name);
        names.filter(|name| self.text(name).is_some_and(is_no_token))
    }

    /// Returns a variable that holds a secret.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    /// Returns every token that the environment holds, so that none of them is ever shown.
    pub fn tokens(&self) -> impl Iterator<Item = SecretString> {
        let secrets = variables().filter(|variable| variable.is_secret);
        secrets.filter_map(|variable| self.secret(variable.name))
    }

    /// Returns the proxies that the environment names, whether or not one of them is used.
    pub fn proxies(&self) -> impl Iterator<Item = &str> {
        PROXIES.iter().filter_map(|name| self.text(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_trimmed_and_a_blank_one_is_none() {
        let pairs = [
            ("WORKSPACE_ID", "w1\n"),
            ("CONFIGS_DIR", " /etc/c\r\n"),
            ("GH_TOKEN", " \t"),
            ("PLATFORM_URL", "\u{feff}http://p\r\n"),
            ("SENDOFF", "\"0\""),
            ("SENDOFF_TOKEN", "\u{a0}\"t\u{200b}\"\u{a0}"),
            ("GIT_SSH_COMMAND", " \"/opt/my ssh\"\n"),
            ("GIT_DIR", "\"/w\""),
            ("GIT_WORK_TREE", "/w/Projekt\u{a0}\n"),
            ("HOME", "'/h'"),
            ("DELEGATION_RESULTS_FILE", "\"/r\u{a0}\""),
        ];
        let environment = Environment::from_pairs("/", pairs);
        assert_eq!(environment.text("WORKSPACE_ID"), Some("w1"));
        assert_eq!(environment.text("PLATFORM_URL"), Some("http://p"));
        assert_eq!(environment.configs_directory(), PathBuf::from("/etc/c"));
        assert!(environment.secret("GH_TOKEN").is_none());
        assert!(environment.is_off());
        assert_eq!(environment.text("SENDOFF_TOKEN"), Some("t"));
        // A shell takes the quotation marks of a command of git's away.
        let command = environment.text("GIT_SSH_COMMAND");
        assert_eq!(command, Some("\"/opt/my ssh\""));
        assert_eq!(environment.git_dir(), Some(PathBuf::from("/\"/w\"")));
        let top = environment.git_work_tree();
        assert_eq!(top, Some(PathBuf::from("/w/Projekt\u{a0}")));
        assert_eq!(environment.home(), None);
        let results = environment.delegation_results();
        assert_eq!(results, PathBuf::from("/r\u{a0}"));
    }
}
