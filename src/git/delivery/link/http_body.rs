//! A request body that is written on one thread and sent on another, a few pieces apart.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use tokio::sync::mpsc::{Receiver, Sender};

use super::pulse::Pulse;

/// How large the pieces are, in bytes.
const PIECE: usize = 64 * 1024;

/// What goes from the writer to the body.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes of the request.
    Data(Bytes),
    /// The request is complete. A body that ends without was cut short.
    End,
}

/// The writing end.
#[derive(Debug)]
pub(super) struct PieceWriter {
    sender: Sender<Piece>,
    buffer: BytesMut,
    broken: bool,
}

impl PieceWriter {
    pub(super) fn new(sender: Sender<Piece>) -> Self {
        Self {
            sender,
            buffer: BytesMut::new(),
            broken: false,
        }
    }

    /// Says whether the sending end is gone.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Sends what is left, and the mark that nothing is missing.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.send(Piece::End)
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| {
            self.broken = true;
            io::ErrorKind::BrokenPipe.into()
        })
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = self.buffer.split().freeze();
        self.send(Piece::Data(piece))
    }
}

/// The body of a request whose length is not known: what was collected first, then what comes.
#[derive(Debug)]
pub(super) struct StreamedBody {
    first: Option<Bytes>,
    rest: Receiver<Piece>,
    done: bool,
    pulse: Pulse,
}

impl StreamedBody {
    pub(super) const fn new(first: Bytes, rest: Receiver<Piece>, pulse: Pulse) -> Self {
        Self {
            first: Some(first),
            rest,
            done: false,
            pulse,
        }
    }
}

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        // While the next piece is being made, the silence is ours.
        self.pulse.work_begins();
        let piece = ready!(self.rest.poll_recv(cx));
        self.pulse.work_ends();
        Poll::Ready(match piece {
            Some(Piece::Data(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                self.done = true;
                None
            }
            None => {
                self.done = true;
                Some(Err(io::Error::other("the pack was not finished")))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }
}
