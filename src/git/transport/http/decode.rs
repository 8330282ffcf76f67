//! The body of an answer with its compression taken off, piece by piece.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use sendoff_push::sanitize_line;
use sendoff_push::sideband::{Answer, Demux};

use crate::secrets::KnownSecrets;

/// What we say that we understand.
pub(super) const ENCODING: &str = "gzip";

/// How much of an encoding's name is shown, in letters.
const NAME: usize = 60;

/// How a body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    Identity,
    /// Compressed with gzip, once.
    Gzip,
    /// In any other way, as the server names it.
    Other(Vec<u8>),
}

impl Encoding {
    /// Looks into all the lines of the headers that name one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(CONTENT_ENCODING).into_iter();
        let names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let names: Vec<&[u8]> = names
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
            .collect();
        match names.as_slice() {
            [] => Self::Identity,
            [name] if is_gzip(name) => Self::Gzip,
            names => Self::Other(names.join(b", ".as_slice())),
        }
    }
}

fn is_gzip(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip")
}

/// Returns the name of an encoding as it may be shown.
pub(super) fn shown(name: &[u8], known: &KnownSecrets) -> String {
    sanitize_line(name, known).chars().take(NAME).collect()
}

/// Hands on to `sink` what the server wrote. A sink that has enough says so with an error.
///
/// Nothing that a server compressed is held here but a few tens of kilobytes, whatever it stands for.
pub(super) enum Decoder<W: Write> {
    Plain(W),
    Gzip(Box<MultiGzDecoder<W>>),
    /// Nobody here can read it: the sink gets nothing.
    Unread(W),
}

impl<W: Write> Decoder<W> {
    /// Looks into the headers for how the body is written.
    pub(super) fn of(response: &Response, sink: W) -> Self {
        match Encoding::of(response.headers()) {
            Encoding::Identity => Self::Plain(sink),
            Encoding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Encoding::Other(_) => Self::Unread(sink),
        }
    }

    /// Takes the next piece; the sink has everything that can be known of it when this returns.
    pub(super) fn feed(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.write_all(piece),
            Self::Gzip(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()
            }
            Self::Unread(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Returns the sink.
    pub(super) fn sink(&self) -> &W {
        match self {
            Self::Plain(sink) | Self::Unread(sink) => sink,
            Self::Gzip(decoder) => decoder.get_ref(),
        }
    }

    /// Returns the sink, to take out what it has.
    pub(super) fn sink_mut(&mut self) -> &mut W {
        match self {
            Self::Plain(sink) | Self::Unread(sink) => sink,
            Self::Gzip(decoder) => decoder.get_mut(),
        }
    }

    /// The body is over; a compressed one has to be complete.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) | Self::Unread(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
        }
    }
}

/// Keeps what comes, up to so many bytes.
pub(super) struct Gathered {
    bytes: Vec<u8>,
    cap: usize,
}

impl Gathered {
    pub(super) const fn new(cap: usize) -> Self {
        Self {
            bytes: Vec::new(),
            cap,
        }
    }

    /// Takes out what came.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.cap - self.bytes.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.bytes.extend_from_slice(taken);
        if taken.len() < bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes the answer to a push apart, and nothing more when it is complete.
pub(super) struct Reported<'a> {
    demux: Demux<'a>,
    heard: usize,
}

impl<'a> Reported<'a> {
    pub(super) const fn new(demux: Demux<'a>) -> Self {
        Self { demux, heard: 0 }
    }

    /// Returns how many bytes of the answer came so far.
    pub(super) const fn heard(&self) -> usize {
        self.heard
    }

    pub(super) const fn is_done(&self) -> bool {
        self.demux.is_done()
    }

    /// Takes out what came.
    pub(super) fn finish(&mut self) -> Answer {
        self.demux.finish()
    }
}

impl Write for Reported<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.is_done() || self.demux.feed(piece).is_err() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.heard += piece.len();
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
