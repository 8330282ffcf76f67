//! What a push needs of a transport: a connection to the remote's `git-receive-pack`.

use std::fmt;
use std::io::{self, Write};

use crate::advertisement::AdvertisementReader;
use crate::commands::SideBand;
use crate::error::ClassifiedError;
use crate::sanitize::{NoRedaction, Redact};
use crate::sideband::{Answer, Demux};

/// The longest advertisement that a transport has to read, in bytes: a million refs.
pub const ADVERTISEMENT_CAP: usize = 128 << 20;

/// The way to one remote. Its methods can be called from another thread than that which reads the repository.
pub trait Transport: Sync {
    /// Returns the remote's name for people, as in `git fetch NAME`.
    fn remote(&self) -> &str;

    /// Prepares a connection to the remote's `git-receive-pack`, protocol version 0. Whatever the remote does, the connection
    /// ends in time, and soon after the request's `stop` was raised.
    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>>;

    /// Returns what removes secrets from the remote's messages; by default nothing does.
    fn redact(&self) -> &dyn Redact {
        &NoRedaction
    }
}

/// A connection to a remote's `git-receive-pack`. Dropping it leaves no connection and no child.
pub trait Connection: Send {
    /// Hands the advertisement to `reader` as it comes, as packet lines up to its flush; at most [`ADVERTISEMENT_CAP`].
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>>;

    /// Sends the request of a push, and returns the whole answer.
    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError>;

    /// Has the next request go over a new connection, because one that was kept had ended. Does nothing where a
    /// conversation is one connection.
    fn reconnect(&mut self) {}

    /// Ends a connection over which nothing was asked.
    fn close(self: Box<Self>);
}

/// What a push sends, and how its answer comes.
pub struct RequestBody<'a> {
    /// What comes before the pack: the commands and the push options.
    pub head: &'a [u8],
    /// Writes the pack. It fails when the writer does, or when the push gives up: what is sent ends there then, so that
    /// the remote takes nothing of it, and the transport's error is not looked at. Called again, it writes the pack from
    /// its beginning; the bytes can be others, the objects are the same.
    pub pack: &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    /// To be called when the last byte was handed to the system: from here on the remote works. So each time that the
    /// pack is sent.
    pub handed_over: &'a mut dyn FnMut(),
    /// How the answer is taken apart.
    pub form: ResponseFormat<'a>,
}

impl fmt::Debug for RequestBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("head", &self.head.len())
            .field("side_band", &self.form.side_band)
            .finish_non_exhaustive()
    }
}

/// How the answer to a push is taken apart.
#[derive(Debug, Clone, Copy)]
pub struct ResponseFormat<'a> {
    /// The channels that were agreed on.
    pub side_band: SideBand,
    /// What removes secrets from the messages.
    pub redact: &'a dyn Redact,
}

impl<'a> ResponseFormat<'a> {
    /// Begins to take an answer apart.
    pub fn demux(self) -> Demux<'a> {
        Demux::new(self.side_band, self.redact)
    }
}

/// A request that got no whole answer.
#[derive(Debug)]
pub struct SendError {
    /// Why.
    pub error: Box<dyn ClassifiedError>,
    /// Whether it can have had an effect.
    pub effect: Effect,
}

/// Whether a failed request can have had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The server did nothing.
    None,
    /// Only the server knows. The push asks it again.
    Unknown,
    /// Only the server knows: a connection that it had answered on before ended without a byte of this answer, as one
    /// that times out when the request is on its way. The push asks it again, and sends the request once more where
    /// the branch was not moved.
    ConnectionEnded,
}

impl SendError {
    /// The server did nothing.
    pub fn without_effect(error: impl Into<Box<dyn ClassifiedError>>) -> Self {
        Self {
            error: error.into(),
            effect: Effect::None,
        }
    }

    /// Only the server knows what it did.
    pub fn unknown(error: impl Into<Box<dyn ClassifiedError>>) -> Self {
        Self {
            error: error.into(),
            effect: Effect::Unknown,
        }
    }
}
