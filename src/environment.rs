//! Every environment variable, the directories and the working directory, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Where results of delegated tasks are, unless a variable says.
const DELEGATION_RESULTS: &str = "/tmp/delegation_results.jsonl";
/// Where the MCP server is, unless a variable says.
const MCP_SERVER: &str = "/app/a2a_mcp_server.py";

/// A variable that sendoff reads.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub doc: &'static str,
    /// What holds when it is not set.
    pub default: Option<&'static str>,
}

/// Every variable that sendoff reads, in the order of the reference page.
pub const VARIABLES: &[Variable] = &[
    variable(
        "SENDOFF",
        "`0` switches sendoff off: every run ends at once, with exit code 0. Text steps used alone reach nothing, and still work.",
        None,
    ),
    variable(
        "SENDOFF_LOG",
        "Which log lines go to stderr, such as `debug` or `sendoff::git=trace`.",
        None,
    ),
    variable(
        "SENDOFF_TOKEN",
        "The token for the origin that `forge.api-url` names, and for its git host.",
        None,
    ),
    variable("GH_TOKEN", "The token for github.com.", None),
    variable(
        "GITHUB_TOKEN",
        "The token for github.com, when `GH_TOKEN` is not set.",
        None,
    ),
    variable(
        "PLATFORM_URL",
        "The agents' platform, such as `https://platform.example`.",
        None,
    ),
    variable(
        "WORKSPACE_ID",
        "The workspace at the agents' platform.",
        None,
    ),
    variable(
        "CONFIGS_DIR",
        "The directory whose `.auth_token` holds the platform's token, and `system-prompt.md` the system prompt.",
        Some("/configs"),
    ),
    variable(
        "DELEGATION_RESULTS_FILE",
        "The file to which results of delegated tasks are appended, one JSON object a line.",
        Some(DELEGATION_RESULTS),
    ),
    variable(
        "A2A_MCP_SERVER_PATH",
        "The stdio MCP server through which an agent reaches other agents.",
        Some(MCP_SERVER),
    ),
    variable(
        "XDG_CONFIG_HOME",
        "Where the user's policy is: `sendoff/policy.toml` below it.",
        Some("~/.config"),
    ),
    variable(
        "XDG_STATE_HOME",
        "Where sendoff keeps its state: `sendoff` below it.",
        Some("~/.local/state"),
    ),
    variable("HOME", "The user's home directory.", None),
    variable(
        "PATH",
        "Where ssh and credential helpers are looked for.",
        None,
    ),
    variable("NO_COLOR", "Set to anything: no colour.", None),
    variable(
        "GIT_SSH_COMMAND",
        "The ssh command, when a person asked for the run.",
        None,
    ),
];

const fn variable(
    name: &'static str,
    doc: &'static str,
    default: Option<&'static str>,
) -> Variable {
    Variable { name, doc, default }
}

/// Variables that children inherit besides those named in [`VARIABLES`].
const PASSED_ON: &[&str] = &[
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
];

/// What the process was started with.
#[derive(Debug, Clone)]
pub struct Environment {
    cwd: PathBuf,
    values: BTreeMap<&'static str, OsString>,
    terminal: bool,
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
            values: pick(|name| std::env::var_os(name)),
            terminal: io::stderr().is_terminal(),
        }
    }

    /// Makes an environment from pairs, for tests and for the demonstration.
    pub fn from_pairs<'a>(
        cwd: impl Into<PathBuf>,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let given: BTreeMap<&str, &str> = pairs.into_iter().collect();
        Self {
            cwd: cwd.into(),
            values: pick(|name| given.get(name).map(|value| OsString::from(*value))),
            terminal: false,
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

    /// Says whether `SENDOFF=0` switched sendoff off.
    pub fn is_off(&self) -> bool {
        self.text("SENDOFF").is_some_and(|value| value == "0")
    }

    /// Returns the text of a variable; nothing when it is empty, absent or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)?
            .to_str()
            .filter(|value| !value.is_empty())
    }

    /// Returns a variable that holds a secret.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name)
            .map(|value| SecretString::from(value.trim()))
    }

    /// Returns every token that the environment holds, so that none of them is ever shown.
    pub fn tokens(&self) -> impl Iterator<Item = SecretString> {
        let names = VARIABLES.iter().map(|variable| variable.name);
        names
            .filter(|name| name.ends_with("_TOKEN"))
            .filter_map(|name| self.secret(name))
    }

    /// Returns the directory that a variable names, when it is absolute.
    fn directory(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.values.get(name)?);
        path.is_absolute().then_some(path)
    }

    /// Returns the home directory, when it is absolute.
    pub fn home(&self) -> Option<PathBuf> {
        self.directory("HOME")
    }

    /// Returns the directory of the user's policy: `$XDG_CONFIG_HOME/sendoff`.
    pub fn config_directory(&self) -> Option<PathBuf> {
        let base = self
            .directory("XDG_CONFIG_HOME")
            .or_else(|| Some(self.home()?.join(".config")));
        Some(base?.join("sendoff"))
    }

    /// Returns the directory of sendoff's state: `$XDG_STATE_HOME/sendoff`.
    pub fn state_directory(&self) -> Option<PathBuf> {
        let base = self
            .directory("XDG_STATE_HOME")
            .or_else(|| Some(self.home()?.join(".local/state")));
        Some(base?.join("sendoff"))
    }

    /// Returns the directory whose `.auth_token` holds the platform's token.
    pub fn configs_directory(&self) -> PathBuf {
        self.directory("CONFIGS_DIR")
            .unwrap_or_else(|| PathBuf::from("/configs"))
    }

    /// Returns the file to which results of delegated tasks are appended.
    pub fn delegation_results(&self) -> PathBuf {
        self.cwd
            .join(self.path("DELEGATION_RESULTS_FILE", DELEGATION_RESULTS))
    }

    /// Returns the stdio MCP server through which an agent reaches other agents, as it is given.
    pub fn mcp_server(&self) -> &Path {
        self.path("A2A_MCP_SERVER_PATH", MCP_SERVER)
    }

    fn path<'a>(&'a self, name: &str, default: &'a str) -> &'a Path {
        let named = self.values.get(name).filter(|value| !value.is_empty());
        named.map_or(Path::new(default), Path::new)
    }

    /// Returns the absolute directories of `PATH`, in order. Relative ones would be the repository's.
    pub fn search_path(&self) -> Vec<PathBuf> {
        let path = self
            .values
            .get("PATH")
            .map_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"), |p| p);
        std::env::split_paths(path)
            .filter(|directory| directory.is_absolute())
            .collect()
    }

    /// Returns what a child inherits: an allow-list, never a token.
    pub fn for_children(&self) -> Vec<(&'static str, &OsStr)> {
        let passed = PASSED_ON
            .iter()
            .filter_map(|name| Some((*name, self.values.get(name)?)));
        passed
            .map(|(name, value)| (name, value.as_os_str()))
            .collect()
    }
}

/// Collects the variables that are set, by a way to read one.
fn pick(read: impl Fn(&str) -> Option<OsString>) -> BTreeMap<&'static str, OsString> {
    let documented = VARIABLES.iter().map(|variable| variable.name);
    let names = documented.chain(PASSED_ON.iter().copied());
    names.filter_map(|name| Some((name, read(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_inherit_no_token() {
        let environment =
            Environment::from_pairs("/", [("GH_TOKEN", "CANARY"), ("HOME", "/home/u")]);
        let passed = environment.for_children();
        assert_eq!(passed, [("HOME", OsStr::new("/home/u"))]);
    }

    #[test]
    fn relative_directories_are_not_used() {
        let environment = Environment::from_pairs("/", [("HOME", "here"), ("PATH", ".:/bin:x")]);
        assert_eq!(environment.home(), None);
        assert_eq!(environment.search_path(), [PathBuf::from("/bin")]);
    }
}
