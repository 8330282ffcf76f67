//! What a push asks of a transport: a conversation with the remote's service. Who lifts this module writes these.

use std::io::Write;

use super::answer::{Answer, Demux};
use super::clean::{AsItIs, Hide};
use super::commands::SideBand;
use super::error::PushError;

/// The longest advertisement that a transport has to read, in bytes: a million refs.
pub const ADVERTISEMENT_CAP: usize = 128 << 20;

/// The service that a remote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Takes pushes. Always protocol version 0.
    ReceivePack,
    /// Gives fetches. Asked in protocol version 2.
    UploadPack,
}

impl Service {
    /// Returns its name in URLs and media types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReceivePack => "git-receive-pack",
            Self::UploadPack => "git-upload-pack",
        }
    }

    /// Returns the protocol version to ask for, as git writes it.
    pub const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::ReceivePack => None,
            Self::UploadPack => Some("version=2"),
        }
    }
}

/// The way to one remote. It may be asked from another thread than that which reads the repository.
pub trait Transport: Sync {
    /// Returns the remote's name for people, as in `git fetch NAME`.
    fn remote(&self) -> &str;

    /// Prepares a conversation with a service of the remote. Whatever the remote does, the conversation ends in time, and
    /// soon after the order's `stop` was raised.
    fn open(&self, service: Service) -> Result<Box<dyn Link + '_>, PushError>;

    /// Returns what takes out of the remote's words what nobody may see, such as secrets; by default nothing is.
    fn hide(&self) -> &dyn Hide {
        &AsItIs
    }
}

/// A conversation with a remote's service. Dropping it leaves no connection and no child.
pub trait Link: Send {
    /// Returns what the service says first, as packet lines up to its flush; at most [`ADVERTISEMENT_CAP`].
    fn advertise(&mut self) -> Result<Vec<u8>, PushError>;

    /// Sends a small request and returns the lines of the answer, up to its flush.
    fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, PushError>;

    /// Sends the request of a push, and returns the whole answer.
    fn exchange(&mut self, request: PushRequest<'_>) -> Result<Answer, Failed>;

    /// Ends a conversation in which nothing was asked.
    fn leave(self: Box<Self>);
}

/// What a push sends, and how its answer comes.
pub struct PushRequest<'a> {
    /// What comes before the pack.
    pub head: &'a [u8],
    /// Writes the pack; the error is ours, or that of the connection when it was lost.
    pub pack: &'a mut dyn FnMut(&mut dyn Write) -> Result<(), PushError>,
    /// To be called when the last byte was handed to the system: from here on the remote works.
    pub handed_over: &'a mut dyn FnMut(),
    /// How the answer is taken apart.
    pub form: AnswerForm<'a>,
}

/// How the answer to a push is taken apart.
#[derive(Debug, Clone, Copy)]
pub struct AnswerForm<'a> {
    /// The channels that were agreed on.
    pub side_band: SideBand,
    /// What takes out of its words what nobody may see.
    pub hide: &'a dyn Hide,
}

impl<'a> AnswerForm<'a> {
    /// Begins to take an answer apart.
    pub fn demux(self) -> Demux<'a> {
        Demux::new(self.side_band, self.hide)
    }
}

impl std::fmt::Debug for PushRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushRequest")
            .field("head", &self.head.len())
            .field("side_band", &self.form.side_band)
            .finish_non_exhaustive()
    }
}

/// Whether a failed request can have had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The server did nothing.
    None,
    /// Only the server knows. The push asks it again.
    Unknown,
}

/// A request that got no whole answer.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: Box<PushError>,
    /// Whether it can have had an effect.
    pub effect: Effect,
}

impl Failed {
    /// The server did nothing.
    pub fn without_effect(error: PushError) -> Self {
        Self {
            error: Box::new(error),
            effect: Effect::None,
        }
    }

    /// Only the server knows what it did.
    pub fn unknown(error: PushError) -> Self {
        Self {
            error: Box::new(error),
            effect: Effect::Unknown,
        }
    }
}
