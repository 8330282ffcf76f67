//! `TransportError`: why a remote could not be reached or did not answer as git does; its class and its advice.

use std::time::Duration;

use sendoff_push::{BoxError, ClassifiedError, Rejection};

/// Why a transport failed. Texts of the server are sanitized before they get in here, and no message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The scheme is not spoken.
    #[error("sendoff does not push over `{0}`")]
    Scheme(&'static str),
    /// A repository on this machine, which nobody allowed.
    #[error("the remote is a directory, and pushing there would run its hooks on this machine")]
    FileRemote,
    /// Unencrypted, and not on this machine.
    #[error("the remote is reached over unencrypted http")]
    PlainHttp,
    /// The proxy or the certificate authorities cannot be used.
    #[error("the connection cannot be set up")]
    Connection(#[source] BoxError),
    /// The HTTP client cannot be made.
    #[error("no HTTP connection can be made")]
    Client(#[source] BoxError),
    /// The system refuses what waiting needs.
    #[error("the system gives no means to wait for the network")]
    Runtime(#[source] BoxError),
    /// ssh or git's receive-pack cannot be started.
    #[error("the program for the connection cannot be started")]
    Start(#[source] BoxError),
    /// A helper did not work.
    #[error("no login could be had from the credential helpers")]
    Credential(#[source] BoxError),
    /// The server wants a login and nobody knows one.
    #[error("{host} wants a login, and no credential helper knows one")]
    NoLogin {
        /// The host.
        host: String,
    },
    /// The server wants another login.
    #[error("{host} refused the login")]
    LoginRefused {
        /// The host.
        host: String,
    },
    /// The server wants another login than the one in a header that the user configured.
    #[error("{host} refused the login in `http.extraHeader`")]
    HeaderRefused {
        /// The host.
        host: String,
    },
    /// The login is good, and may not do this.
    #[error("{host} does not allow this push{}", tail(.said))]
    Forbidden {
        /// The host.
        host: String,
        /// What the server said.
        said: String,
    },
    /// Nobody may push there: it is archived, or a mirror.
    #[error("the remote takes no pushes{}", tail(.said))]
    ReadOnly {
        /// What the server said.
        said: String,
    },
    /// ssh was not let in.
    #[error("ssh was not let in{}", tail(.said))]
    SshLogin {
        /// What ssh said.
        said: String,
    },
    /// There is no such repository, or it is not shown to us.
    #[error("there is no such repository at {place}")]
    NotFound {
        /// The host.
        place: String,
    },
    /// The same, in the words of ssh or of git's program on the remote.
    #[error("there is no such repository{}", tail(.said))]
    Absent {
        /// What it said.
        said: String,
    },
    /// The answer is no answer of a git server.
    #[error("{host} does not answer as a git server does")]
    NotGit {
        /// The host.
        host: String,
    },
    /// The answer is compressed in a way that is not read here.
    #[error("{host} answers in the encoding `{encoding}`, which sendoff does not read")]
    Encoding {
        /// The host.
        host: String,
        /// What the server calls it, sanitized.
        encoding: String,
    },
    /// A redirect to another origin, or one too many.
    #[error("a redirect was refused")]
    Redirect(#[source] BoxError),
    /// A redirect to something else than was asked for.
    #[error("the server redirects the request to another service")]
    RedirectElsewhere,
    /// A status that stands for nothing in git's protocol.
    #[error("{host} answered with status {code}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        code: u16,
    },
    /// The server cannot answer now.
    #[error("{host} is not available now (status {code})")]
    Unavailable {
        /// The host.
        host: String,
        /// The status.
        code: u16,
        /// How long it asks to be left alone: a day at most.
        retry_after: Option<Duration>,
    },
    /// The connection failed.
    #[error("the connection failed{}", tail(.said))]
    Network {
        /// What the program for the connection said.
        said: String,
        /// Why.
        #[source]
        source: Option<BoxError>,
    },
    /// The server's certificate is not one that we trust.
    #[error("no encrypted connection could be made")]
    Tls {
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The other side closed the connection while the request was written.
    #[error("the connection was lost")]
    Lost,
    /// Nothing moved for too long.
    #[error("the remote was silent for {0:?}")]
    Timeout(Duration),
    /// The caller wanted to end.
    #[error("the push was stopped")]
    Stopped,
    /// The answer cannot be understood.
    #[error("the remote's answer is garbled")]
    Garbled,
    /// The first request cannot be written.
    #[error("the push cannot be asked for")]
    Request(#[source] BoxError),
    /// An ssh that takes other arguments than OpenSSH's.
    #[error("the ssh program is of the kind `{0}`, which sendoff does not know to call")]
    SshVariant(&'static str),
    /// Larger than the server takes.
    #[error("the push is larger than the server takes{}", tail(.said))]
    TooLarge {
        /// What the server said.
        said: String,
    },
}

impl ClassifiedError for TransportError {
    fn class(&self) -> &'static str {
        match self {
            Self::Scheme(_) | Self::SshVariant(_) => "unsupported",
            Self::FileRemote => "file-remote",
            Self::PlainHttp => "plain-http",
            Self::Connection(_) | Self::Client(_) | Self::Tls { .. } => "tls",
            Self::Runtime(_) => "internal",
            Self::Start(_) => "no-program",
            Self::Credential(_)
            | Self::NoLogin { .. }
            | Self::LoginRefused { .. }
            | Self::HeaderRefused { .. }
            | Self::Forbidden { .. }
            | Self::SshLogin { .. } => "auth",
            Self::ReadOnly { .. } => Rejection::ReadOnly.class(),
            Self::NotFound { .. } | Self::Absent { .. } => "not-found",
            Self::Redirect(_) | Self::RedirectElsewhere => "redirect-refused",
            Self::Unavailable { .. } | Self::Network { .. } | Self::Lost => "network",
            Self::Timeout(_) => "timeout",
            Self::Stopped => "stopped",
            Self::NotGit { .. }
            | Self::Encoding { .. }
            | Self::Status { .. }
            | Self::Garbled
            | Self::Request(_) => "bad-response",
            Self::TooLarge { .. } => Rejection::TooLarge.class(),
        }
    }

    fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Network { .. }
                // A clock that is set right again heals a certificate that is not valid yet.
                | Self::Tls { .. }
                | Self::Lost
                | Self::Timeout(_)
                | Self::Stopped
        )
    }

    fn advice(&self) -> Option<String> {
        let fixed = match self {
            Self::PlainHttp => "use https or ssh",
            Self::Scheme(_) => "use an https or ssh URL for the remote",
            Self::Connection(_) | Self::Client(_) | Self::Tls { .. } => {
                "check the CA certificates and `http.*` in your git configuration"
            }
            Self::Start(_) => "install the program, or put it on the search path",
            Self::Credential(_) | Self::NoLogin { .. } => {
                "set up a credential helper in your global git configuration, or pass a token"
            }
            Self::LoginRefused { .. } => "renew the token or password that git's helper keeps",
            Self::HeaderRefused { .. } => {
                "renew the `Authorization` of `http.extraHeader` in your git configuration, or take it out"
            }
            Self::Forbidden { .. } => "ask for write access, or use a token that has it",
            Self::ReadOnly { .. } => return Rejection::ReadOnly.advice(),
            Self::SshLogin { .. } => "make `ssh -o BatchMode=yes` to the host work first",
            Self::NotFound { .. } | Self::Absent { .. } => {
                "check the remote's URL, and that your login may see the repository"
            }
            Self::Redirect(_) | Self::RedirectElsewhere => {
                "set the remote's URL to the address that the repository has now"
            }
            Self::NotGit { .. } | Self::Status { .. } => {
                "check the remote's URL; a proxy or a login page may be in the way"
            }
            Self::Encoding { .. } => {
                "a proxy may be in the way; `http.extraHeader = Accept-Encoding: identity` in your git configuration asks for no compression"
            }
            Self::Network { .. } | Self::Unavailable { .. } | Self::Lost | Self::Timeout(_) => {
                "check that the remote can be reached, then run again: nothing is lost"
            }
            Self::SshVariant(_) => {
                "use OpenSSH: unset `core.sshCommand`, or set `ssh.variant = ssh` if it is one"
            }
            Self::TooLarge { .. } => "push fewer commits, or keep large files out of the history",
            Self::FileRemote
            | Self::Runtime(_)
            | Self::Stopped
            | Self::Garbled
            | Self::Request(_) => return None,
        };
        Some(fixed.to_owned())
    }
}

/// Returns `: text`, or nothing for an empty text.
fn tail(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}
