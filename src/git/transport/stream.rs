//! Reading and writing the two streams of a git service, with the idle timeout.

use std::io::{Read, Write};

use sendoff_push::commands::SideBand;
use sendoff_push::sideband::Answer;
use sendoff_push::{ADVERTISEMENT_CAP, ClassifiedError, ResponseFormat};

use super::fetch::{Take, Taken};
use super::idle_timeout::IdleTimeout;

/// Why packet lines could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadError {
    Ended,
    Malformed,
    /// What came first begins with no length of a line.
    NoLength([u8; 4]),
}

/// Reads packet lines up to and including the flush, and hands each on.
pub(super) fn read_lines(
    stdout: &mut impl Read,
    idle: &IdleTimeout,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), ReadError> {
    let (mut line, mut total, mut refused) = (Vec::new(), 0_usize, false);
    loop {
        let mut digits = [0; 4];
        if stdout.read_exact(&mut digits).is_err() {
            // A server that refuses the request sends one `ERR` line and closes the connection.
            return if refused {
                Ok(())
            } else {
                Err(ReadError::Ended)
            };
        }
        let length = length_of(digits).map_err(|error| match total {
            0 => ReadError::NoLength(digits),
            _ => error,
        })?;
        idle.received(length);
        match length {
            0 => {
                take(&digits);
                return Ok(());
            }
            // A delimiter stands between the sections of protocol version 2.
            1 => take(&digits),
            5..=65_520 if total < ADVERTISEMENT_CAP => {
                line.clear();
                line.extend_from_slice(&digits);
                line.resize(length, 0);
                let data = line.get_mut(4..).unwrap_or_default();
                stdout.read_exact(data).map_err(|_| ReadError::Ended)?;
                refused |= total == 0 && line.get(4..8) == Some(b"ERR ");
                total += length;
                take(&line);
            }
            _ => return Err(ReadError::Malformed),
        }
    }
}

/// Reads the four hexadecimal digits before a line. No sign is allowed, as the standard library does.
fn length_of(digits: [u8; 4]) -> Result<usize, ReadError> {
    let digit = |all: usize, byte: u8| {
        let value = char::from(byte).to_digit(16).ok_or(ReadError::Malformed)?;
        Ok(all * 16 + value as usize)
    };
    digits.into_iter().try_fold(0, digit)
}

/// Reads the whole response to a push.
pub(super) fn read_answer(
    stdout: &mut impl Read,
    idle: &IdleTimeout,
    form: ResponseFormat<'_>,
) -> Result<Answer, ReadError> {
    let mut demux = form.demux();
    let mut buffer = vec![0; 64 * 1024];
    // Without a side band, hooks that run after the report go on until the service exits.
    while !demux.is_done() || form.side_band == SideBand::None {
        let read = stdout.read(&mut buffer).map_err(|_| ReadError::Ended)?;
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() && demux.is_done() {
            break;
        }
        if chunk.is_empty() {
            return Err(ReadError::Ended);
        }
        idle.reset();
        demux.feed(chunk).map_err(|_| ReadError::Malformed)?;
    }
    Ok(demux.finish())
}

/// Hands on a response until it is whole.
pub(super) fn read_stream(
    stdout: &mut impl Read,
    idle: &IdleTimeout,
    take: &mut Take<'_>,
) -> Result<Result<(), ReadError>, Box<dyn ClassifiedError>> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stdout.read(&mut buffer).unwrap_or_default();
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(Err(ReadError::Ended));
        }
        idle.reset();
        if take(chunk)? == Taken::Whole {
            return Ok(Ok(()));
        }
    }
}

/// A writer whose writes count as waiting for the other side, and the time between them as our work.
pub(super) struct TimedWriter<'a> {
    inner: &'a mut (dyn Write + Send),
    idle: &'a IdleTimeout,
    pub(super) broken: bool,
}

impl<'a> TimedWriter<'a> {
    /// Starts paused.
    pub(super) fn new(inner: &'a mut (dyn Write + Send), idle: &'a IdleTimeout) -> Self {
        idle.pause();
        Self {
            inner,
            idle,
            broken: false,
        }
    }
}

impl Write for TimedWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.idle.resume();
        let written = self.inner.write(bytes);
        self.idle.pause();
        self.broken |= written.is_err();
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
