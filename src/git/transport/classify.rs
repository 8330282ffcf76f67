//! Classifies failures: TLS errors inside socket errors, and what ssh or git's programs write to stderr.

use std::error::Error;
use std::io;

use sendoff_push::{is_read_only, sanitize_line};

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::secrets::KnownSecrets;

/// Turns an error of the HTTP client, whose text would name the URL, into one of the push.
pub(super) fn from_http(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if is_tls(&error) {
        return TransportError::Tls {
            source: error.into(),
        };
    }
    TransportError::Network {
        said: String::new(),
        source: Some(error.into()),
    }
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

/// Says whether an error came out of TLS. The library hides its own inside that of the socket.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        let mut socket = error.downcast_ref::<io::Error>();
        while let Some(inner) = socket.and_then(io::Error::get_ref) {
            if inner.downcast_ref::<rustls::Error>().is_some() {
                return true;
            }
            socket = inner.downcast_ref::<io::Error>();
        }
        next = error.source();
    }
    false
}

/// Returns a line without the prefixes that say only that it is an error.
fn without_prefix(line: &str) -> &str {
    let mut line = line;
    for word in ["remote: ", "fatal: ", "error: ", "ERROR: "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    line
}

/// Classifies the exit of ssh or of git's receive-pack by what it wrote to stderr.
pub(super) fn from_stderr(stderr: &[u8], scheme: Scheme, known: &KnownSecrets) -> TransportError {
    let lines: Vec<String> = stderr
        .split(|byte| *byte == b'\n')
        .map(|line| without_prefix(&sanitize_line(line, known)).to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let find = |words: &[&str]| {
        let lower = |line: &&String| {
            let line = line.to_ascii_lowercase();
            words.iter().any(|word| line.contains(word))
        };
        lines.iter().find(lower).cloned()
    };
    let ssh = scheme == Scheme::Ssh;
    if let Some(said) = find(&[
        "does not appear to be a git repository",
        "repository not found",
    ]) {
        return TransportError::Absent { said };
    }
    if let Some(said) = lines.iter().find(|line| is_read_only(line)) {
        let said = said.clone();
        return TransportError::ReadOnly { said };
    }
    if let Some(said) = find(&[
        "denied to ",
        "write access",
        "not allowed to push",
        "marked as read only",
    ]) {
        let host = "the remote".to_owned();
        return TransportError::Forbidden { host, said };
    }
    let login = [
        "permission denied",
        "host key verification failed",
        "too many authentication failures",
        "identification has changed",
    ];
    match find(&login) {
        Some(said) if ssh => TransportError::SshLogin { said },
        _ => TransportError::Network {
            said: lines.last().cloned().unwrap_or_default(),
            source: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use sendoff_push::ClassifiedError as _;

    use super::*;

    fn class(stderr: &str, scheme: Scheme) -> &'static str {
        from_stderr(stderr.as_bytes(), scheme, &KnownSecrets::default()).class()
    }

    #[test]
    fn messages_of_ssh_and_of_forges_are_classified() {
        for (stderr, expected) in [
            ("git@github.com: Permission denied (publickey).\n", "auth"),
            (
                "ERROR: Permission to o/r.git denied to u.\nfatal: Could not read from remote repository.\n",
                "auth",
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
            ("", "network"),
        ] {
            assert_eq!(class(stderr, Scheme::Ssh), expected, "{stderr}");
        }
        // Without ssh it is a matter of file modes, and no login helps.
        assert_eq!(class("fatal: permission denied\n", Scheme::File), "network");
    }
}
