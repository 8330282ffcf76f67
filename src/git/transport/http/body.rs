//! A request body that is written on one thread and sent on another, a few pieces apart.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::git::transport::idle_timeout::Pulse;

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

/// How far the sending of one request's body came. A connection that is left may keep the body.
#[derive(Debug, Clone)]
pub(super) struct Upload(Arc<UploadState>);

#[derive(Debug)]
struct UploadState {
    handed_over: AtomicBool,
    closed: AtomicBool,
    /// Dropped when the last byte was handed over: who listens hears of that.
    told: Mutex<Option<std::sync::mpsc::Sender<()>>>,
}

impl Upload {
    /// Begins; `told` is dropped when the last byte was handed over, or nobody wants the body any more.
    pub(super) fn new(told: Option<std::sync::mpsc::Sender<()>>) -> Self {
        Self(Arc::new(UploadState {
            handed_over: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            told: Mutex::new(told),
        }))
    }

    /// Says whether the last byte was handed over: then the server may have done what it was asked.
    pub(super) fn is_handed_over(&self) -> bool {
        self.0.handed_over.load(Ordering::Relaxed)
    }

    /// Nobody wants the body any more.
    pub(super) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.tell();
    }

    fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.0.handed_over.store(true, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let lock = self.0.told.lock();
        drop(lock.unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Closes an upload when it goes, also where its thread panics: somebody waits for that.
#[derive(Debug)]
pub(super) struct ClosedAtEnd(pub(super) Upload);

impl Drop for ClosedAtEnd {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The body of a request of known length. It is handed over piece by piece, so that the time in which
/// it is sent is not silence, and it is a stream, so that nobody sends it twice.
#[derive(Debug)]
pub(super) struct CollectedBody {
    rest: Bytes,
    upload: Upload,
    pulse: Pulse,
}

impl CollectedBody {
    pub(super) const fn new(body: Bytes, upload: Upload, pulse: Pulse) -> Self {
        Self {
            rest: body,
            upload,
            pulse,
        }
    }
}

impl Body for CollectedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.upload.is_closed() {
            return Poll::Ready(Some(Err(io::Error::other("nobody waits for the answer"))));
        }
        self.pulse.beat();
        let piece = next_piece(&mut self.rest);
        if self.rest.is_empty() {
            self.upload.complete();
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Takes a piece off the front.
fn next_piece(rest: &mut Bytes) -> Option<Bytes> {
    let length = rest.len().min(PIECE);
    (length > 0).then(|| rest.split_to(length))
}

/// The pieces that are still to come. A clone can close it: a connection that is left may keep its body.
#[derive(Debug, Clone)]
pub(super) struct Pieces(Arc<Source>);

#[derive(Debug)]
struct Source {
    receiver: Mutex<Receiver<Piece>>,
    unfinished: AtomicBool,
}

impl Pieces {
    pub(super) fn new(receiver: Receiver<Piece>) -> Self {
        Self(Arc::new(Source {
            receiver: Mutex::new(receiver),
            unfinished: AtomicBool::new(false),
        }))
    }

    /// Nobody wants them any more, and the writer hears of it.
    pub(super) fn close(&self) {
        self.receiver().close();
    }

    /// Says whether the writer gave up, so that the request was cut short by ourselves.
    pub(super) fn are_unfinished(&self) -> bool {
        self.0.unfinished.load(Ordering::Relaxed)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        let piece = ready!(self.receiver().poll_recv(cx));
        self.0.unfinished.store(piece.is_none(), Ordering::Relaxed);
        Poll::Ready(piece)
    }

    fn receiver(&self) -> MutexGuard<'_, Receiver<Piece>> {
        let lock = self.0.receiver.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a request whose length is not known: what was collected first, then what comes.
#[derive(Debug)]
pub(super) struct StreamedBody {
    first: Bytes,
    rest: Pieces,
    upload: Upload,
    done: bool,
    pulse: Pulse,
}

impl StreamedBody {
    pub(super) const fn new(first: Bytes, rest: Pieces, upload: Upload, pulse: Pulse) -> Self {
        Self {
            first,
            rest,
            upload,
            done: false,
            pulse,
        }
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        // It may go while it waits for a piece; the silence is that of the other side then.
        self.pulse.work_ends();
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
        if let Some(piece) = next_piece(&mut self.first) {
            self.pulse.beat();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        // While the next piece is being made, the silence is ours.
        self.pulse.work_begins();
        let piece = ready!(self.rest.poll(cx));
        self.pulse.work_ends();
        Poll::Ready(match piece {
            Some(Piece::Data(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => {
                self.done = true;
                self.upload.complete();
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
