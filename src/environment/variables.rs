//! The lists of variables: what each is for, and what holds when it is not set.

use super::directories::{DELEGATION_RESULTS, MCP_SERVER};
use super::git_variables::GIT_VARIABLES;
use super::variable::{Variable, secret, variable};

/// Returns every variable that sendoff reads, in the order of the reference page.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    VARIABLES.iter().chain(GIT_VARIABLES)
}

/// Says whether a variable is neither git's nor the system's, which mean what other programs read in them.
pub(super) fn is_own(name: &str) -> bool {
    let is_others = name.starts_with("GIT_")
        || name.starts_with("XDG_")
        || ["HOME", "PATH", "LANG", "TERM"].contains(&name);
    !is_others && VARIABLES.iter().any(|variable| variable.name == name)
}

/// Says whether a variable is one of ours, and its value no path.
pub(super) fn is_own_text(name: &str) -> bool {
    is_own(name) && !OF_ANY_BYTES.contains(&name)
}

/// Sendoff's own variables, and the system's.
const VARIABLES: &[Variable] = &[
    variable(
        "SENDOFF",
        "`0` switches sendoff off: every run ends at once, with exit code 0. Text steps used alone reach nothing, and still work.",
        None,
    ),
    variable(
        "SENDOFF_LOG",
        "Which log lines go to stderr, such as `debug` or `sendoff::git=debug`.",
        None,
    ),
    secret(
        "SENDOFF_TOKEN",
        "The token for the origin that `forge.api-url` names, and for its git host.",
    ),
    secret(
        "GH_TOKEN",
        "The token for github.com and for the hosts of ghe.com.",
    ),
    secret("GITHUB_TOKEN", "The same, when `GH_TOKEN` is not set."),
    secret(
        "GITHUB_WEBHOOK_SECRET",
        "The secret of GitHub's webhooks, when `events.github-secret-file` names no file.",
    ),
    secret(
        "GITLAB_WEBHOOK_SECRET",
        "The same for GitLab: the secret token, or the signing token.",
    ),
    secret("GITEA_WEBHOOK_SECRET", "The same for Gitea and Forgejo."),
    variable(
        "NOTIFY_SOCKET",
        "Set by systemd: where `sendoff serve` says that it is ready, reads its policy again or ends.",
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
    variable(
        "XDG_DATA_HOME",
        "Where `install completions` writes those of bash and zsh.",
        Some("~/.local/share"),
    ),
    variable("HOME", "The user's home directory.", None),
    variable(
        "PATH",
        "Where ssh, credential helpers and other programs are looked for.",
        None,
    ),
    variable("NO_COLOR", "Set to anything: no colour.", None),
    variable(
        "CLICOLOR_FORCE",
        "Set to anything but 0: colour also where standard output is no terminal.",
        None,
    ),
    variable("TERM", "With `dumb` there is no colour.", None),
    variable(
        "VISUAL",
        "The editor of `policy edit`, as a command of the shell.",
        None,
    ),
    variable("EDITOR", "The same, where `VISUAL` names none.", Some("vi")),
    variable(
        "SENDOFF_PROBE",
        "Set by `sendoff doctor` for a hook that it runs: `sendoff hook` repeats it and does nothing else.",
        None,
    ),
    variable(
        "SENDOFF_ACTIVE",
        "Set by sendoff for the programs that it starts: a hook that one of them triggers ends at once.",
        None,
    ),
    variable(
        "COPILOT_AGENT_PROMPT",
        "Set by GitHub's cloud agent, which pushes by itself: `hook copilot` does nothing there.",
        None,
    ),
    agent_mark("CLAUDECODE"),
    agent_mark("CODEX_SANDBOX"),
    agent_mark("CODEX_SANDBOX_NETWORK_DISABLED"),
    agent_mark("CODEX_THREAD_ID"),
    agent_mark("CURSOR_AGENT"),
    agent_mark("GEMINI_CLI"),
    agent_mark("GOOSE_TERMINAL"),
    agent_mark("OPENCODE"),
    variable(
        "CLAUDE_CONFIG_DIR",
        "Where `install claude-code` finds Claude Code's settings.",
        Some("~/.claude"),
    ),
    variable(
        "CODEX_HOME",
        "Where `install codex` finds Codex's configuration.",
        Some("~/.codex"),
    ),
    variable(
        "COPILOT_HOME",
        "Where `install copilot` puts a hook of GitHub Copilot CLI.",
        Some("~/.copilot"),
    ),
    variable(
        "GIT_DIR",
        "The repository, where the directory is in none: git sets it for its hooks, too. `run` refuses when it names another one than the directory.",
        None,
    ),
    variable(
        "GIT_WORK_TREE",
        "The top of that repository's work tree, when it is not the working directory.",
        None,
    ),
    variable(
        "LANG",
        "The language and encoding of programs that are started.",
        None,
    ),
];

/// Declares a variable by which a coding agent marks the programs that it runs.
const fn agent_mark(name: &'static str) -> Variable {
    variable(
        name,
        "Set by a coding agent for the programs that it runs: `sendoff trust` records nothing there.",
        None,
    )
}

/// The variables by which coding agents mark the programs that they run.
pub(super) const OF_AGENTS: &[&str] = &[
    "CLAUDECODE",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_THREAD_ID",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "GOOSE_TERMINAL",
    "OPENCODE",
];

/// Other variables whose value is a path, or is read byte by byte: any bytes will do, as in those of agents.
pub(super) const OF_ANY_BYTES: &[&str] = &[
    "A2A_MCP_SERVER_PATH",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "CONFIGS_DIR",
    "COPILOT_HOME",
    "COPILOT_AGENT_PROMPT",
    "DELEGATION_RESULTS_FILE",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_DIR",
    "GIT_EXEC_PATH",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_PROXY_SSL_CERT",
    "GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED",
    "GIT_PROXY_SSL_KEY",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_CERT_PASSWORD_PROTECTED",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
    "GIT_WORK_TREE",
    "HOME",
    "LANG",
    "NETRC",
    "NO_COLOR",
    "PATH",
    "PWD",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// Variables that the programs of `exec` steps inherit.
pub(super) const PASSED_ON: &[&str] = &[
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

/// Variables that select a repository, its index or its objects: a program that is started is told by
/// its working directory, as git tells it.
pub(super) const OF_ONE_REPOSITORY: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Says whether a variable counts where the system's policy trusts no environment.
pub(super) fn counts_without_trust(name: &str) -> bool {
    variables().any(|variable| variable.is_secret && variable.name == name)
        || name.starts_with("SENDOFF")
        || OF_AGENTS.contains(&name)
        || ["WORKSPACE_ID", "NO_COLOR", "LANG"].contains(&name)
}
