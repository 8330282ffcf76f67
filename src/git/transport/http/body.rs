//! The request body: written on one thread and sent on another, through a bounded channel.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::git::transport::idle_timeout::IdleTimeout;
use crate::threads::lock;

use super::spool::{CHUNK_SIZE, Spooled};

/// A message from the writer to the body.
#[derive(Debug)]
pub(super) enum Chunk {
    /// Bytes of the request.
    Data(Bytes),
    /// The request is complete. A body that ends without was cut short.
    End,
}

/// The writing end of the channel.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    sender: Sender<Chunk>,
    buffer: BytesMut,
    broken: bool,
}

impl ChunkWriter {
    pub(super) fn new(sender: Sender<Chunk>) -> Self {
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

    /// Sends what is buffered, and the mark that the request is complete.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.send(Chunk::End)
    }

    fn send(&mut self, chunk: Chunk) -> io::Result<()> {
        self.sender.blocking_send(chunk).map_err(|_| {
            self.broken = true;
            io::ErrorKind::BrokenPipe.into()
        })
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_SIZE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = self.buffer.split().freeze();
        self.send(Chunk::Data(chunk))
    }
}

/// How much of one request's body was sent. An abandoned connection can outlive the request.
#[derive(Debug, Clone)]
pub(super) struct Upload(Arc<UploadState>);

#[derive(Debug)]
struct UploadState {
    handed_over: AtomicBool,
    closed: AtomicBool,
    /// Dropped when the last byte was handed to the connection: the receiver sees the channel close.
    told: Mutex<Option<std::sync::mpsc::Sender<()>>>,
}

impl Upload {
    /// Starts; `told` is dropped when the last byte was handed to the connection, or the body is no longer needed.
    pub(super) fn new(told: Option<std::sync::mpsc::Sender<()>>) -> Self {
        Self(Arc::new(UploadState {
            handed_over: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            told: Mutex::new(told),
        }))
    }

    /// Says whether the last byte was handed over: then the server may have carried out the request.
    pub(super) fn is_handed_over(&self) -> bool {
        self.0.handed_over.load(Ordering::Relaxed)
    }

    /// The body is no longer needed.
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
        drop(lock(&self.0.told).take());
    }
}

/// Closes an upload when it is dropped, also when its thread panics: another thread waits for that.
#[derive(Debug)]
pub(super) struct CloseOnDrop(pub(super) Upload);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The body of a request of known length. It is handed over chunk by chunk, so that the time in which
/// it is sent does not count as idle, and it is a stream, so that the HTTP library does not send it twice.
#[derive(Debug)]
pub(super) struct CollectedBody {
    rest: Spooled,
    upload: Upload,
    idle: IdleTimeout,
}

impl CollectedBody {
    pub(super) const fn new(body: Spooled, upload: Upload, idle: IdleTimeout) -> Self {
        Self {
            rest: body,
            upload,
            idle,
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
            return Poll::Ready(Some(Err(io::Error::other(
                "the response is no longer needed",
            ))));
        }
        self.idle.reset();
        let chunk = self.rest.next_chunk();
        if self.rest.is_empty() {
            self.upload.complete();
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len())
    }
}

/// The receiving end of the channel. A clone can close it: an abandoned connection can outlive the request.
#[derive(Debug, Clone)]
pub(super) struct ChunkReceiver(Arc<ChunkSource>);

#[derive(Debug)]
struct ChunkSource {
    receiver: Mutex<Receiver<Chunk>>,
    unfinished: AtomicBool,
}

impl ChunkReceiver {
    pub(super) fn new(receiver: Receiver<Chunk>) -> Self {
        Self(Arc::new(ChunkSource {
            receiver: Mutex::new(receiver),
            unfinished: AtomicBool::new(false),
        }))
    }

    /// Closes the channel, which ends the writer.
    pub(super) fn close(&self) {
        self.receiver().close();
    }

    /// Says whether the writer gave up, so that we cut the request short.
    pub(super) fn are_unfinished(&self) -> bool {
        self.0.unfinished.load(Ordering::Relaxed)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let chunk = ready!(self.receiver().poll_recv(cx));
        self.0.unfinished.store(chunk.is_none(), Ordering::Relaxed);
        Poll::Ready(chunk)
    }

    fn receiver(&self) -> MutexGuard<'_, Receiver<Chunk>> {
        lock(&self.0.receiver)
    }
}

/// The body of a request of unknown length: what was buffered first, then the channel.
#[derive(Debug)]
pub(super) struct StreamedBody {
    first: Spooled,
    rest: ChunkReceiver,
    upload: Upload,
    done: bool,
    idle: IdleTimeout,
}

impl StreamedBody {
    pub(super) const fn new(
        first: Spooled,
        rest: ChunkReceiver,
        upload: Upload,
        idle: IdleTimeout,
    ) -> Self {
        Self {
            first,
            rest,
            upload,
            done: false,
            idle,
        }
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        // It may be dropped while it waits for a chunk; from then on we wait for the other side.
        self.idle.resume();
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
        if let Some(chunk) = self.first.next_chunk() {
            self.idle.reset();
            return Poll::Ready(Some(chunk.map(Frame::data)));
        }
        // The time in which the next chunk is made does not count as idle.
        self.idle.pause();
        let chunk = ready!(self.rest.poll(cx));
        self.idle.resume();
        Poll::Ready(match chunk {
            Some(Chunk::Data(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Chunk::End) => {
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
