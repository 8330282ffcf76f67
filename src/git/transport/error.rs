//! `TransportError`: why a remote could not be reached or did not answer as a git server does; class and transience.

use std::time::Duration;

use sendoff_push::BoxError;

use crate::net::{NetError, ProxyLoginRefused, TlsFault, TlsPlace};
use crate::reason::Reason;

use super::ssh_settings::Obstacle;

/// Why a transport failed. Texts of the server are sanitized before they get in here, and no message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The scheme is not supported.
    #[error("sendoff does not push over `{0}`")]
    Scheme(&'static str),
    /// A repository on this machine, which the policy does not allow.
    #[error("the remote is a directory, and pushing there would run its hooks on this machine")]
    FileRemote,
    /// Unencrypted, and not on this machine.
    #[error("the remote is reached over unencrypted http")]
    PlainHttp,
    /// The proxy, the certificate authorities or the client's certificate cannot be used.
    #[error("the connection cannot be set up")]
    Setup(#[source] NetError),
    /// The proxy wants a login, or another one.
    #[error("the proxy {proxy} {refusal}")]
    ProxyLogin {
        /// The scheme of its URL.
        scheme: String,
        /// Its host and port.
        proxy: String,
        /// What it does.
        refusal: ProxyLoginRefused,
    },
    /// The system refuses what the runtime needs.
    #[error("the system provides no I/O events to wait for the network")]
    Runtime(#[source] BoxError),
    /// ssh or git's receive-pack cannot be started.
    #[error("the program for the connection cannot be started")]
    Start(#[source] BoxError),
    /// A helper failed.
    #[error("the credential helpers gave no login")]
    Credential(#[source] BoxError),
    /// The server requires a login, and no source has one.
    #[error("{host} wants a login, and no credential helper knows one")]
    NoLogin {
        /// The host.
        host: String,
        /// The variables that hold a token for this host.
        variables: Vec<&'static str>,
    },
    /// The server refused the login.
    #[error("{host} refused the login of {from}{}", tail(.said))]
    LoginRefused {
        /// The host.
        host: String,
        /// Where the login comes from.
        from: String,
        /// Where it is renewed, in one line.
        renewal: String,
        /// The server's message.
        said: String,
    },
    /// The server offers no scheme of authentication that is implemented.
    #[error("{host} wants a login by {schemes}, which sendoff does not speak")]
    AuthScheme {
        /// The host.
        host: String,
        /// What it offers.
        schemes: String,
    },
    /// The server refused the login in a header that the user configured.
    #[error("{host} refused the login in `http.extraHeader`")]
    HeaderRefused {
        /// The host.
        host: String,
    },
    /// The login is valid and lacks the permission.
    #[error("{host} does not allow this push{}", tail(.said))]
    Forbidden {
        /// The host.
        host: String,
        /// The server's message.
        said: String,
    },
    /// The repository is read-only: archived, or a mirror.
    #[error("the remote takes no pushes{}", tail(.said))]
    ReadOnly {
        /// The server's message.
        said: String,
    },
    /// ssh could not log in.
    #[error("ssh was not let in{}", tail(.said))]
    SshLogin {
        /// ssh's message.
        said: String,
        /// What to do about it.
        advice: String,
    },
    /// The configuration of ssh keeps it from connecting.
    #[error("ssh did not connect{}", tail(.said))]
    SshSetup {
        /// ssh's message.
        said: String,
    },
    /// A setting of ssh changes what is sent, or keeps it from the server.
    #[error("{}", .0.message())]
    SshObstacle(Obstacle),
    /// ssh connected, and the server cannot serve anybody now.
    #[error("the server is not available now{}", tail(.said))]
    Failing {
        /// The server's message.
        said: String,
    },
    /// There is no such repository, or the login may not see it.
    #[error("there is no such repository at {place}{}", tail(.said))]
    NotFound {
        /// The host.
        place: String,
        /// The server's message.
        said: String,
    },
    /// ssh connected, or git's program was started, and it refused.
    #[error("{}{}", refusal(.class), tail(.said))]
    Refused {
        /// The stable class: `auth`, `not-found`, `no-program` or `denied`.
        class: &'static str,
        /// The line that says why.
        said: String,
        /// All its lines, sanitized.
        messages: Vec<String>,
    },
    /// The response is not one of a git server.
    #[error("{host} does not answer as a git server does")]
    NotGit {
        /// The host.
        host: String,
    },
    /// The response has an unsupported content encoding.
    #[error("{host} answers in the encoding `{encoding}`, which sendoff does not read")]
    Encoding {
        /// The host.
        host: String,
        /// What the server calls it, sanitized.
        encoding: String,
    },
    /// A redirect to another origin, or too many redirects.
    #[error("a redirect was refused")]
    Redirect(#[source] BoxError),
    /// A redirect to a repository that the push may not go to.
    #[error("the server redirects the request: {0}")]
    RedirectPlace(Reason),
    /// A redirect to another service than the one requested.
    #[error("the server redirects the request to another service")]
    RedirectElsewhere,
    /// The URL says http, and the server speaks TLS.
    #[error("the server at {place} speaks TLS, and the URL says `http`")]
    TlsPort {
        /// The server.
        place: TlsPlace,
    },
    /// A redirect, which the user's configuration does not want followed.
    #[error("the server redirects the request, and `http.followRedirects` is false")]
    RedirectsOff,
    /// The scheme is not allowed by git's own rules.
    #[error("{configured_in} does not allow `{scheme}`")]
    Protocol {
        /// The scheme.
        scheme: String,
        /// The key or variable.
        configured_in: String,
    },
    /// A status that git's protocol does not use.
    #[error("{host} answered with status {code}{}", tail(.said))]
    Status {
        /// The host.
        host: String,
        /// The status.
        code: u16,
        /// The server's message.
        said: String,
    },
    /// The server is not available now.
    #[error("{host} is not available now (status {code}){}", tail(.said))]
    Unavailable {
        /// The host.
        host: String,
        /// The status.
        code: u16,
        /// The server's message.
        said: String,
        /// How long it asks to wait: a day at most.
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
    /// The connection was cut while a pack of unknown length was sent.
    #[error("the connection broke while the pack was sent in chunks")]
    Stream {
        /// Why.
        #[source]
        source: Option<BoxError>,
    },
    /// A request that is sent with its length cannot be kept.
    #[error("the pack cannot be kept in a temporary file")]
    Spool(#[source] BoxError),
    /// The TLS handshake failed, such as for a certificate that is not trusted.
    #[error("no encrypted connection to {place} could be made")]
    Tls {
        /// Why.
        #[source]
        fault: TlsFault,
        /// The server.
        place: TlsPlace,
    },
    /// The other side closed the connection while the request was written.
    #[error("the connection was lost")]
    Lost,
    /// The idle timeout is over.
    #[error("the remote was silent for {0:?}")]
    Timeout(Duration),
    /// The caller stopped the push.
    #[error("the push was stopped")]
    Stopped,
    /// The ssh command that the caller names could not be run.
    #[error("the ssh command of {named_in} could not be run{}", tail(.said))]
    SshCommand {
        /// The variable or key that names it.
        named_in: &'static str,
        /// What the shell said.
        said: String,
    },
    /// The command that the server runs for the key could not be run.
    #[error("the server could not run its command for this login{}", tail(.said))]
    ServerCommand {
        /// What the server's shell said.
        said: String,
    },
    /// One of both could not be run; the message does not tell which.
    #[error(
        "the ssh command of {named_in}, or the server's command for this login, could not be run{}", tail(.said)
    )]
    SomeCommand {
        /// The variable or key that names the ssh command.
        named_in: &'static str,
        /// What a shell said.
        said: String,
    },
    /// Behind ssh something writes text where git's protocol begins.
    #[error("the remote's response is malformed{}", tail(.said))]
    Talk {
        /// The first line of it.
        said: String,
    },
    /// The response is malformed.
    #[error("the remote's response is malformed")]
    Garbled,
    /// The first request cannot be written.
    #[error("the push cannot be asked for")]
    Request(#[source] BoxError),
    /// The ssh program takes no option for the port that the URL names.
    #[error("the ssh program takes no options, and the remote's URL names a port")]
    SshPort,
    /// Larger than the server accepts.
    #[error("the push is larger than the server accepts{}", tail(.said))]
    TooLarge {
        /// The server's message.
        said: String,
    },
}

/// Returns what a refusal of its class says first.
fn refusal(class: &str) -> &'static str {
    match class {
        "not-found" => "there is no such repository",
        "auth" => "the server refused the login",
        "no-program" => "the server has no git",
        _ => "the server denies access",
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
