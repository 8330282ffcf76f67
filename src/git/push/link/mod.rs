//! The connection to a remote's git service, on every transport, with a deadline without progress.

mod answer;
mod child;
mod clean;
mod daemon;
mod file;
mod habit;
mod http;
mod http_answer;
mod http_body;
mod http_decode;
mod http_post;
mod login;
mod options;
mod peer;
mod pulse;
mod ssh;
mod stream;

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::names::RemoteUrl;
use crate::names::Scheme;

use super::commands::SideBand;
use super::error::PushError;

pub(super) use answer::Answer;
pub(super) use clean::clean_line;
pub use daemon::AllowGit;
pub use habit::{LoginHabit, LoginUse};
pub use options::{AllowFile, PushOptions};
pub(super) use pulse::Interruption;

/// The longest advertisement that is read, in bytes: a million refs.
const ADVERTISEMENT_CAP: usize = 128 << 20;

/// The service that the remote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Takes pushes. Always protocol version 0.
    ReceivePack,
    /// Gives fetches. Asked in protocol version 2.
    UploadPack,
}

impl Service {
    /// Returns its name in URLs and media types.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ReceivePack => "git-receive-pack",
            Self::UploadPack => "git-upload-pack",
        }
    }

    /// Returns the protocol version to ask for, as git writes it.
    const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::ReceivePack => None,
            Self::UploadPack => Some("version=2"),
        }
    }
}

/// Whether a failed request can have had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The server did nothing.
    None,
    /// Only the server knows.
    Unknown,
}

/// A request that got no whole answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Box<PushError>,
    pub(super) effect: Effect,
}

impl Failed {
    /// The server did nothing.
    pub(super) fn without_effect(error: PushError) -> Self {
        Self {
            error: Box::new(error),
            effect: Effect::None,
        }
    }

    /// Only the server knows what it did.
    pub(super) fn unknown(error: PushError) -> Self {
        Self {
            error: Box::new(error),
            effect: Effect::Unknown,
        }
    }
}

/// What is needed to reach a remote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// Where it is.
    pub(super) url: &'a RemoteUrl,
    /// What a relative path of a `file` remote starts from.
    pub(super) directory: &'a Path,
    /// How it may be reached.
    pub(super) options: &'a PushOptions,
    /// Set when the caller wants to end.
    pub(super) stop: &'a AtomicBool,
}

/// What a push sends, and how its answer comes.
pub(super) struct PushRequest<'a> {
    /// What comes before the pack.
    pub(super) head: &'a [u8],
    /// Writes the pack; the error is ours, or that of the connection when it was lost.
    pub(super) pack: &'a mut dyn FnMut(&mut dyn Write) -> Result<(), PushError>,
    /// How the answer is taken apart.
    pub(super) side_band: SideBand,
}

/// A conversation with a remote's service. Dropping it leaves no connection and no child.
#[derive(Debug)]
pub(super) enum Link<'a> {
    /// Smart HTTP.
    Http(Box<http::HttpLink<'a>>),
    /// A program on this machine, ssh, or a socket.
    Child(Box<child::ChildLink<'a>>),
}

impl<'a> Link<'a> {
    /// Prepares the connection. HTTP connects with the first request.
    pub(super) fn open(target: Target<'a>, service: Service) -> Result<Self, PushError> {
        match target.url.scheme() {
            Scheme::Http | Scheme::Https => http::HttpLink::open(target, service)
                .map(Box::new)
                .map(Self::Http),
            Scheme::Ssh => child::ChildLink::start(&ssh::program(target, service)?, target)
                .map(Box::new)
                .map(Self::Child),
            Scheme::File => child::ChildLink::start(&file::program(target, service)?, target)
                .map(Box::new)
                .map(Self::Child),
            Scheme::Git => {
                let (socket, request) = daemon::connect(target, service)?;
                child::ChildLink::over(socket, &request, target)
                    .map(Box::new)
                    .map(Self::Child)
            }
        }
    }

    /// Returns what the service says first, up to its flush.
    pub(super) fn advertise(&mut self) -> Result<Vec<u8>, PushError> {
        match self {
            Self::Http(link) => link.advertise(),
            Self::Child(link) => link.advertise(),
        }
    }

    /// Sends the request, and returns the whole answer.
    pub(super) fn exchange(&mut self, request: PushRequest<'_>) -> Result<Answer, Failed> {
        match self {
            Self::Http(link) => link.exchange(request),
            Self::Child(link) => link.exchange(request),
        }
    }

    /// Sends a small request and returns the lines of the answer, up to its flush.
    pub(super) fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, PushError> {
        match self {
            Self::Http(link) => link.request(body),
            Self::Child(link) => link.request(body),
        }
    }

    /// Ends a conversation in which nothing was asked.
    pub(super) fn leave(self) {
        if let Self::Child(link) = self {
            link.leave();
        }
    }
}
