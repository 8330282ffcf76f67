//! Classifies failures: TLS errors inside socket errors, and what ssh or git's programs write to stderr.

use std::error::Error as _;

use sendoff_push::{is_read_only, sanitize_line};

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::net::{TlsFault, TlsPlace};
use crate::secrets::KnownSecrets;

/// How many lines of a server's message are kept.
const MAX_MESSAGES: usize = 40;

/// Turns an error of the HTTP client, whose text would name the URL, into one of the push.
pub(super) fn from_http(error: reqwest::Error) -> TransportError {
    if let Some(fault) = TlsFault::of(&error) {
        tracing::debug!(%error, "TLS failed");
        let place = error.url().map_or_else(TlsPlace::default, TlsPlace::of);
        return TransportError::Tls { fault, place };
    }
    let is_plain = error.url().is_some_and(|url| url.scheme() == "http");
    let said = if is_plain && is_no_http(&error) {
        "what answers there does not speak HTTP; where it speaks TLS, the URL has to say `https`"
    } else {
        ""
    };
    let error = error.without_url();
    TransportError::Network {
        said: said.to_owned(),
        source: Some(error.into()),
    }
}

/// Says whether the answer does not begin as HTTP does, like that of a TLS server to a client that does not speak
/// TLS.
fn is_no_http(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        // The library's type for it is not ours to name.
        if error.to_string().contains("invalid HTTP version") {
            return true;
        }
        next = error.source();
    }
    false
}

/// Says whether an established connection was lost.
pub(super) fn is_disconnect(error: &TransportError) -> bool {
    let TransportError::Network { source, .. } = error else {
        return false;
    };
    let client = source
        .as_ref()
        .and_then(|e| e.downcast_ref::<reqwest::Error>());
    client.is_some_and(|error| !error.is_connect())
}

/// Returns a line without the prefixes that say only that it is an error.
fn without_prefix(line: &str) -> &str {
    let mut line = line;
    for word in ["remote: ", "fatal: ", "error: ", "ERROR: ", "FATAL: "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    line.trim()
}

/// What ssh itself writes when there is no connection, or it was lost.
const DISCONNECTED: &[&str] = &[
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

/// What ssh itself writes when it cannot log in.
const NO_LOGIN: &[&str] = &[
    "permission denied (",
    "host key verification failed",
    "too many authentication failures",
    "identification has changed",
    "no supported authentication methods",
];

/// What servers write when there is no such repository, or it is not shown to the login.
const NOT_FOUND: &[&str] = &[
    "does not appear to be a git repository",
    "not found",
    "could not be found",
    "cannot find",
    "does not exist",
    "no such repository",
];

/// What servers write when the key or the account is not valid.
const INVALID_LOGIN: &[&str] = &[
    "expired",
    "saml sso",
    "single sign-on",
    "authentication",
    "not authenticated",
    "revoked",
    "blocked",
    "suspended",
    "two-factor",
];

/// What servers write when the login lacks the right.
const DENIED: &[&str] = &[
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

/// How far a connection had come when the program at its other end exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its service had not advertised anything: a server that says something refuses.
    Opening,
    /// Its service had begun, so that an unknown message means a failure.
    Working,
}

/// Classifies the exit of ssh or of git's receive-pack by what it wrote to stderr.
pub(super) fn from_stderr(
    stderr: &[u8],
    scheme: Scheme,
    stage: Stage,
    known: &KnownSecrets,
) -> TransportError {
    let messages: Vec<String> = stderr
        .split(|byte| *byte == b'\n')
        .map(|line| without_prefix(without_prefix(&sanitize_line(line, known))).to_owned())
        .filter(|line| line.chars().any(char::is_alphanumeric) && line != "remote:")
        .take(MAX_MESSAGES)
        .collect();
    let find = |words: &[&str]| {
        let says = |line: &&String| {
            let line = line.to_ascii_lowercase();
            words.iter().any(|word| line.contains(word))
        };
        messages.iter().find(says).cloned()
    };
    let is_ssh = scheme == Scheme::Ssh;
    if let Some(said) = messages.iter().find(|line| is_read_only(line)) {
        let said = said.clone();
        return TransportError::ReadOnly { said };
    }
    if let Some(said) = find(NO_LOGIN).filter(|_| is_ssh) {
        return TransportError::SshLogin { said };
    }
    let lost = |said: Option<String>| TransportError::Network {
        said: said.unwrap_or_default(),
        source: None,
    };
    if let Some(said) = find(DISCONNECTED) {
        return lost(Some(said));
    }
    let (class, said) = if let Some(said) = find(NOT_FOUND) {
        ("not-found", said)
    } else if let Some(said) = find(INVALID_LOGIN) {
        ("auth", said)
    } else if let Some(said) = find(DENIED).filter(|_| is_ssh) {
        ("denied", said)
    } else if let Some(said) = messages
        .first()
        .filter(|_| is_ssh && stage == Stage::Opening)
    {
        // ssh connected: whatever the server's program wrote is why it refused.
        ("denied", said.clone())
    } else {
        return lost(messages.last().cloned());
    };
    TransportError::Refused {
        class,
        said,
        messages,
    }
}

#[cfg(test)]
mod tests {
    use sendoff_push::ClassifiedError as _;

    use super::*;

    fn class(stderr: &str, scheme: Scheme) -> &'static str {
        let known = KnownSecrets::default();
        from_stderr(stderr.as_bytes(), scheme, Stage::Opening, &known).class()
    }

    #[test]
    fn messages_of_ssh_and_of_forges_are_classified() {
        for (stderr, expected) in [
            ("git@github.com: Permission denied (publickey).\n", "auth"),
            (
                "ERROR: Permission to o/r.git denied to u.\nfatal: Could not read from remote repository.\n",
                "denied",
            ),
            ("Host key verification failed.\r\n", "auth"),
            (
                "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n",
                "not-found",
            ),
            (
                "fatal: '/x' does not appear to be a git repository\n",
                "not-found",
            ),
            (
                "ssh: Could not resolve hostname h: Name or service not known\n",
                "network",
            ),
            (
                "ssh: connect to host h port 22: Connection refused\n",
                "network",
            ),
            (
                "remote: \nremote: ========\nremote: \nremote: ERROR: The project you were looking for could not be found or you don't have permission to view it.\nremote: \n",
                "not-found",
            ),
            (
                "remote: \nremote: ERROR: Your SSH key has expired.\nremote: \n",
                "auth",
            ),
            (
                "ERROR: The 'o' organization has enabled or enforced SAML SSO.\nTo access this repository, you must use the HTTPS remote.\n",
                "auth",
            ),
            (
                "remote: TF401019: The Git repository with name or identifier r does not exist or you do not have permissions for the operation you are attempting.\n",
                "not-found",
            ),
            ("Gitea: Cannot find repository: o/r\n", "not-found"),
            (
                "Forgejo: User: 2:bob with Key: 3:laptop is not authorized to write to o/r.\n",
                "denied",
            ),
            (
                "FATAL: W any r bob DENIED by fallthru\n(or you mis-spelled the reponame)\n",
                "denied",
            ),
            ("repository access denied.\n", "denied"),
            ("fatal: Project not found: o/r\n", "not-found"),
            ("This service is closed on Sundays.\n", "denied"),
            (
                "kex_exchange_identification: Connection closed by remote host\n",
                "network",
            ),
            ("", "network"),
        ] {
            assert_eq!(class(stderr, Scheme::Ssh), expected, "{stderr}");
        }
        // Without ssh it is a matter of file modes, and no login helps.
        assert_eq!(class("fatal: permission denied\n", Scheme::File), "network");
    }

    #[test]
    fn all_lines_of_a_refusal_are_kept_and_the_telling_one_is_shown() {
        let stderr = "remote: \nremote: ====\nremote: ERROR: Your SSH key has expired.\nremote: Renew it at https://h/keys.\n";
        let known = KnownSecrets::default();
        let error = from_stderr(stderr.as_bytes(), Scheme::Ssh, Stage::Opening, &known);
        assert_eq!(
            error.to_string(),
            "the server refused the login: Your SSH key has expired."
        );
        let TransportError::Refused { messages, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            messages,
            ["Your SSH key has expired.", "Renew it at https://h/keys."]
        );
    }
}
