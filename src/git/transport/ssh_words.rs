//! What ssh, the servers behind it and git's programs write when something fails, in lower case.

/// What ssh itself writes when there is no connection, or it was lost.
pub(super) const DISCONNECTED: &[&str] = &[
    "ssh: ",
    "connect to host",
    "could not resolve",
    "name or service not known",
    "connection refused",
    "connection timed out",
    "operation timed out",
    "connection reset",
    "connection closed by",
    "closed by remote host",
    "kex_exchange_identification",
    "banner exchange",
    "broken pipe",
    "network is unreachable",
    "no route to host",
    "the remote hung up",
];

/// What ssh writes at the end of a connection that something else has ended.
const ENDS: &[&str] = &[
    "connection closed by",
    "connection reset by",
    "stdio forwarding failed",
];

/// Says whether a connection was lost before the server's ssh had said anything: what a shell wrote is of this machine.
pub(super) fn is_before_login(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    // Older ones write `ssh_exchange_identification`.
    line.contains("_exchange_identification") || line.contains("banner exchange")
}

/// Returns the line that says more than `said` does: why the command that makes the way there ended, where there is no more of
/// a connection than that; which setting it is; which address of this machine.
pub(super) fn cause(said: String, messages: &[String], remarks: &[String]) -> String {
    let at = messages.iter().position(|line| *line == said);
    let better = if messages.iter().any(|line| is_before_login(line)) {
        // It writes while ssh does: the order of their lines says nothing. What it writes may be in ssh's words: `ProxyJump`
        // runs one more of them.
        let is_end = |line: &str| {
            let lower = line.to_ascii_lowercase();
            is_before_login(line) || ENDS.iter().any(|words| lower.contains(words))
        };
        messages.iter().find(|line| !is_end(line))
    } else if said.contains(": terminating, ") {
        at.and_then(|at| messages.get(at.checked_sub(1)?))
    } else if said.ends_with(": failure") {
        remarks.iter().find(|line| line.starts_with("bind "))
    } else {
        None
    };
    better.cloned().unwrap_or(said)
}

/// What ssh itself writes when it cannot log in.
pub(super) const NO_LOGIN: &[&str] = &[
    "permission denied (",
    "host key verification failed",
    "too many authentication failures",
    "identification has changed",
    "no supported authentication methods",
];

/// What servers write when there is no such repository, or it is not shown to the login.
pub(super) const NOT_FOUND: &[&str] = &[
    "does not appear to be a git repository",
    "not found",
    "could not be found",
    "cannot find",
    "does not exist",
    "no such repository",
    "no longer exists",
    "invalid gitfile format",
];

/// What git writes of a repository or a configuration that it cannot read until somebody mends it.
pub(super) const BROKEN: &[&str] = &[
    "failed to expand user dir",
    "unable to parse command-line config",
    "bad config line",
    "bad boolean config value",
    "bad numeric config value",
    "expected git repo version",
    "unknown repository extension",
];

/// What git writes of a repository that another user owns.
pub(super) const NOT_OWNED: &[&str] = &["dubious ownership"];

/// What servers write when the key or the account is not valid.
pub(super) const INVALID_LOGIN: &[&str] = &[
    "expired",
    "saml sso",
    "single sign-on",
    "authentication",
    "not authenticated",
    "revoked",
    "blocked",
    "suspended",
    "two-factor",
    "account is disabled",
    "account has been disabled",
    "account is locked",
    "account has been locked",
    "deactivated",
    "account is not active",
    "inactive",
];

/// What stands in the place of a shell writes for an account that may not log in, mostly on its output.
pub(super) const WITHOUT_SHELL: &[&str] = &[
    "account is currently not available",
    "account is not available",
    "not allowed to log in",
    "shell access is disabled",
    "shells are disabled",
];

/// Says whether the account has no shell that runs a command.
pub(super) fn is_without_shell(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    WITHOUT_SHELL.iter().any(|words| line.contains(words))
}

/// What servers write when the login lacks the permission.
pub(super) const DENIED: &[&str] = &[
    "denied",
    "not authorized",
    "not authorised",
    "not allowed",
    "not permitted",
    "permission",
    "write access",
    "forbidden",
    "marked as read only",
];

/// What servers write when they cannot serve anybody now.
pub(super) const FAILING: &[&str] = &[
    "internal api",
    "internal server error",
    "internal error",
    "temporarily unavailable",
    "service unavailable",
    "not available at this time",
    "under maintenance",
    "maintenance mode",
    "overloaded",
    "booting up",
    "come back later",
    "try again later",
    "retry later",
    "too many requests",
    "too many connections",
    "rate limit",
    "no space left",
];

/// What a shell writes when the server has no git where it looks for programs.
pub(super) const NO_GIT: &[&str] = &[
    "receive-pack: command not found",
    "receive-pack: not found",
    "upload-pack: command not found",
    "upload-pack: not found",
    "receive-pack: no such file or directory",
    "upload-pack: no such file or directory",
    "unknown command: git",
];

/// What ssh writes when its own configuration keeps it from connecting.
pub(super) const SSH_SETUP: &[&str] = &[
    "bad configuration option",
    "bad owner or permissions",
    "unable to negotiate",
    "unsupported option",
    "missing argument",
    "illegal option",
    "percent_expand",
    "cannot execute command-line and remote command",
    "subsystem request failed",
    "usage: ssh ",
    "bad port '",
    "controlpath ",
    "unix_listener: ",
    "mm_receive_fd",
    "proxy dialer",
];

/// Says whether a line is a remark of ssh's on a connection that may be fine.
pub(super) fn is_remark(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let begins = [
        "warning: permanently added",
        "** ",
        "debug1: ",
        "debug2: ",
        "debug3: ",
        "load pubkey ",
        "pseudo-terminal will not be allocated",
        "authenticated to ",
        "transferred: ",
        "bytes per second: ",
        "openssh_",
        "failed to add the host to the list of known hosts",
        "could not create directory",
        "bind ",
        "bind: ",
        "channel_setup_fwd_listener",
        "could not request local forwarding",
        "warning: remote port forwarding failed",
        "x11 forwarding request failed",
        "controlsocket ",
    ];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// Causes of a refusal that more permissions do not fix, and what to do about each.
const DENIED_ADVICE: &[(&str, &str)] = &[
    (
        "dubious ownership",
        "have the server list the repository for the user who serves it: git config --global --add safe.directory PATH",
    ),
    (
        "single sign-on",
        "authorise the token or the key for the organisation's single sign-on",
    ),
    (
        "saml",
        "authorise the token or the key for the organisation's single sign-on",
    ),
    (
        "ip allow list",
        "run from an address on the organisation's IP allow list, or have an owner add this one",
    ),
    (
        "two-factor",
        "use a token that two-factor authentication allows, as the server's message says",
    ),
    (
        "suspended",
        "use the login of an account that is not suspended, or ask the forge's support",
    ),
    (
        "expired",
        "renew what has expired, as the server's message says",
    ),
    ("dmca", CLOSED),
    ("legal", CLOSED),
    ("disabled", CLOSED),
    ("blocked", CLOSED),
];

const CLOSED: &str = "see the page of the repository: the forge or its owner has closed it";

/// Returns what to do about a refusal, where more permissions do not help.
pub(super) fn denied_advice(said: &str) -> Option<&'static str> {
    let said = said.to_ascii_lowercase();
    let mut known = DENIED_ADVICE.iter();
    known
        .find(|(words, _)| said.contains(words))
        .map(|(_, advice)| *advice)
}

/// Says whether a refusal is for lack of a permission.
pub(super) fn is_want_of_right(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    DENIED.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_before_the_login_is_told_by_the_line_of_its_cause() {
        const LOST: &str = "kex_exchange_identification: Connection closed by remote host";
        const CLOSED: &str = "Connection closed by UNKNOWN port 65535";
        let jump = "channel 0: open failed: connect failed: Connection refused";
        let forwarding = "stdio forwarding failed";
        let nc = "nc: connect to h port 22 (tcp) failed: Connection refused";
        let host = "ssh: connect to host jump port 22: No route to host";
        let cases: [(&[&str], &str); 5] = [
            (&[jump, forwarding, LOST, CLOSED], jump),
            (&[LOST, CLOSED, forwarding, jump], jump),
            (&[nc, LOST, CLOSED], nc),
            (&[host, LOST], host),
            (&[LOST, CLOSED], LOST),
        ];
        for (lines, telling) in cases {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(cause(LOST.to_owned(), &lines, &[]), telling);
        }
    }
}
