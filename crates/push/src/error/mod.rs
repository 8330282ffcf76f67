//! `PushError`: why a push did not happen, in a sentence; its class and its advice stand beside it.

mod advice;
mod class;
mod from;
mod known;
mod words;

use std::error::Error;
use std::time::Duration;

use gix::ObjectId;

use super::advertisement::AdvertisementError;
use super::commands::RequestError;
use super::rejection::Rejection;
pub use known::Known;
use words::{place, size, tail};

/// What is behind an error: of the repository, of a transport, of what is done on this side.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a push did not happen, or is not known to have happened.
///
/// No message holds a secret; texts of the server are cleaned before they get in here.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The permit does not hold for this remote.
    #[error("the policy does not allow this push")]
    Policy(#[source] Cause),
    /// The scheme is not spoken.
    #[error("sendoff does not push over `{0}`")]
    Scheme(&'static str),
    /// A repository on this machine, which nobody allowed.
    #[error("the remote is a directory, and pushing there would run its hooks on this machine")]
    FileRemote,
    /// Unencrypted, and not on this machine.
    #[error("the remote is reached over unencrypted http")]
    PlainHttp,
    /// The pack would be larger than the policy lets out.
    #[error("the push is larger than {}, the most that the policy lets out", size(*limit))]
    PushSize {
        /// In bytes.
        limit: u64,
    },
    /// The proxy or the certificate authorities cannot be used.
    #[error("the connection cannot be set up")]
    Connection(#[source] Cause),
    /// The HTTP client cannot be made.
    #[error("no HTTP connection can be made")]
    Client(#[source] Cause),
    /// The system refuses what waiting needs.
    #[error("the system gives no means to wait for the network")]
    Runtime(#[source] Cause),
    /// ssh or git's receive-pack cannot be started.
    #[error("the program for the connection cannot be started")]
    Start(#[source] Cause),
    /// A helper did not work.
    #[error("no login could be had from the credential helpers")]
    Credential(#[source] Cause),
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
    /// The same, in the words of ssh's or git's program over there.
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
        /// What the server calls it, cleaned.
        encoding: String,
    },
    /// A redirect to another origin, or one too many.
    #[error("a redirect was refused")]
    Redirect(#[source] Cause),
    /// A redirect to something else than was asked for.
    #[error("the server sends the request on to another question")]
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
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The connection failed.
    #[error("the connection failed{}", tail(.said))]
    Network {
        /// What the program for the connection said.
        said: String,
        /// Why.
        #[source]
        source: Option<Cause>,
    },
    /// The server's certificate is not one that we trust.
    #[error("no encrypted connection could be made")]
    Tls {
        /// Why.
        #[source]
        source: Cause,
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
    /// The advertisement cannot be used.
    #[error("the remote cannot be pushed to")]
    Advertisement(#[source] AdvertisementError),
    /// The remote itself has only a part of the history.
    #[error("the remote is a shallow repository, so what it lacks cannot be told")]
    ShallowRemote,
    /// The request cannot be written.
    #[error("the push cannot be asked for")]
    Request(#[source] RequestError),
    /// The remote refused the conversation.
    #[error("the remote refused: {said}")]
    Fatal {
        /// What it said, cleaned.
        said: String,
    },
    /// The user's `pre-push` hook said no.
    #[error("the pre-push hook declined the push ({ended})")]
    HookDeclined {
        /// How it ended.
        ended: String,
        /// What it said, line by line, cleaned.
        messages: Vec<String>,
    },
    /// The user's `pre-push` hook could not be run to its end.
    #[error("the pre-push hook did not work")]
    Hook(#[source] Cause),
    /// The user's `pre-push` hook took longer than it may.
    #[error("the pre-push hook did not work")]
    HookTimeout(#[source] Cause),
    /// Pointers of git-lfs would leave without their files.
    #[error("the push holds pointers of git-lfs, such as {}, and no pre-push hook ran to send their files", .file.to_hex_with_len(12))]
    Lfs {
        /// One of the pointers.
        file: ObjectId,
    },
    /// A submodule's commit that nobody else has.
    #[error("the submodule `{}` is at {}, which none of its remotes is known to have", .path.escape_debug(), .id.to_hex_with_len(12))]
    Submodule {
        /// Where the submodule is.
        path: String,
        /// The commit of the submodule.
        id: ObjectId,
    },
    /// An ssh that takes other arguments than OpenSSH's.
    #[error("the ssh program is of the kind `{0}`, which sendoff does not know to call")]
    SshVariant(&'static str),
    /// The server takes no push options.
    #[error("the remote takes no push options")]
    NoPushOptions,
    /// The branch over there has commits that we do not send on.
    #[error("`{branch}` on the remote is at {}, which is no ancestor of {}", .old.to_hex_with_len(12), .new.to_hex_with_len(12))]
    Diverged {
        /// The branch.
        branch: String,
        /// The remote's name.
        remote: String,
        /// Where it is over there.
        old: ObjectId,
        /// What was to be pushed.
        new: ObjectId,
        /// What is known of the commit over there.
        known: Known,
    },
    /// The branch over there is not where the caller expected it.
    #[error("`{branch}` on the remote is {}, and not where it was left", place(*.found))]
    LeaseBroken {
        /// The branch.
        branch: String,
        /// The remote's name.
        remote: String,
        /// Where it is over there; none when it is gone.
        found: Option<ObjectId>,
    },
    /// The remote took the request and declined the ref.
    #[error("the remote rejected `{branch}`: {reason}")]
    Rejected {
        /// The branch.
        branch: String,
        /// What kind of refusal that is.
        kind: Rejection,
        /// The reason in the report, cleaned.
        reason: String,
        /// What the remote said beside, line by line, cleaned.
        messages: Vec<String>,
    },
    /// The remote could not take the pack.
    #[error("the remote could not take the pack: {reason}")]
    Unpack {
        /// What kind of refusal that is.
        kind: Rejection,
        /// The reason in the report, cleaned.
        reason: String,
        /// What the remote said beside, line by line, cleaned.
        messages: Vec<String>,
    },
    /// Larger than the server takes.
    #[error("the push is larger than the server takes{}", tail(.said))]
    TooLarge {
        /// What the server said.
        said: String,
    },
    /// The repository cannot be read.
    #[error("what to send cannot be read from the repository")]
    Objects {
        /// The stable class.
        class: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// It was sent, and the remote cannot be asked what became of it.
    #[error("it is not known whether the push arrived")]
    UnknownOutcome {
        /// Why the answer is missing.
        #[source]
        source: Box<Self>,
    },
}
