//! The two streams of a git service, read and written to the beat of a pulse.

use std::io::{Read, Write};

use sendoff_push::commands::SideBand;
use sendoff_push::sideband::Answer;
use sendoff_push::{ADVERTISEMENT_CAP, ResponseFormat};

use super::idle_timeout::Pulse;

/// Why the lines of a service could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    End,
    Malformed,
}

/// Reads packet lines up to and including the flush.
pub(super) fn read_lines(stdout: &mut impl Read, pulse: &Pulse) -> Result<Vec<u8>, Broken> {
    let mut lines = Vec::new();
    loop {
        let mut length = [0; 4];
        if stdout.read_exact(&mut length).is_err() {
            // A server that refuses the conversation says so in one line, and hangs up.
            let refused = lines.get(4..8) == Some(b"ERR ");
            return if refused { Ok(lines) } else { Err(Broken::End) };
        }
        lines.extend_from_slice(&length);
        let length = length_of(length)?;
        pulse.heard(length);
        match length {
            0 => return Ok(lines),
            // A delimiter stands between the sections of protocol version 2.
            1 => {}
            5..=65_520 if lines.len() < ADVERTISEMENT_CAP => {
                let start = lines.len();
                lines.resize(start + length - 4, 0);
                let line = lines.get_mut(start..).unwrap_or_default();
                stdout.read_exact(line).map_err(|_| Broken::End)?;
            }
            _ => return Err(Broken::Malformed),
        }
    }
}

/// Reads the four digits before a line. A sign, which the standard library takes, is none.
fn length_of(digits: [u8; 4]) -> Result<usize, Broken> {
    let digit = |all: usize, byte: u8| {
        let value = char::from(byte).to_digit(16).ok_or(Broken::Malformed)?;
        Ok(all * 16 + value as usize)
    };
    digits.into_iter().try_fold(0, digit)
}

/// Reads the whole answer to a push.
pub(super) fn read_answer(
    stdout: &mut impl Read,
    pulse: &Pulse,
    form: ResponseFormat<'_>,
) -> Result<Answer, Broken> {
    let mut demux = form.demux();
    let mut buffer = vec![0; 64 * 1024];
    // Without side bands the hooks that follow the report run on until the service ends.
    while !demux.is_done() || form.side_band == SideBand::None {
        let read = stdout.read(&mut buffer).map_err(|_| Broken::End)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() && demux.is_done() {
            break;
        }
        if piece.is_empty() {
            return Err(Broken::End);
        }
        pulse.beat();
        demux.feed(piece).map_err(|_| Broken::Malformed)?;
    }
    Ok(demux.finish())
}

/// A pipe whose writes count as waiting for the other side, and the time between them as our work.
pub(super) struct Paced<'a> {
    inner: &'a mut (dyn Write + Send),
    pulse: &'a Pulse,
    pub(super) broken: bool,
}

impl<'a> Paced<'a> {
    /// Starts with our work.
    pub(super) fn new(inner: &'a mut (dyn Write + Send), pulse: &'a Pulse) -> Self {
        pulse.work_begins();
        Self {
            inner,
            pulse,
            broken: false,
        }
    }
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pulse.work_ends();
        let written = self.inner.write(bytes);
        self.pulse.work_begins();
        self.broken |= written.is_err();
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
