//! Decodes the content encoding of a response, chunk by chunk.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use sendoff_push::sanitize_line;
use sendoff_push::sideband::{Answer, Demux};

use crate::git::transport::TakeLines;
use crate::net::Response;
use crate::secrets::KnownSecrets;

/// The value of `Accept-Encoding`.
pub(super) const ACCEPTED_ENCODING: &str = "gzip";

/// How many characters of an encoding's name are shown.
const MAX_NAME_LENGTH: usize = 60;

/// The content encoding of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encoding {
    /// None.
    Identity,
    /// Compressed with gzip, once.
    Gzip,
    /// Any other, as the server names it.
    Other(Vec<u8>),
}

impl Encoding {
    /// Reads all `Content-Encoding` headers.
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
    sanitize_line(name, known)
        .chars()
        .take(MAX_NAME_LENGTH)
        .collect()
}

/// Writes the decoded body to `sink`. A sink that takes no more returns an error.
///
/// At most a few tens of kilobytes are buffered here, whatever the compression ratio.
pub(super) enum Decoder<W: Write> {
    Plain(W),
    Gzip(Box<MultiGzDecoder<W>>),
    /// Not supported: the sink gets nothing.
    Unread(W),
}

impl<W: Write> Decoder<W> {
    /// Chooses the decoder by the response's headers.
    pub(super) fn of(response: &Response, sink: W) -> Self {
        match Encoding::of(response.headers()) {
            Encoding::Identity => Self::Plain(sink),
            Encoding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Encoding::Other(_) => Self::Unread(sink),
        }
    }

    /// Decodes the next chunk completely into the sink.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.write_all(chunk),
            Self::Gzip(decoder) => {
                decoder.write_all(chunk)?;
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

    /// Returns the sink, mutable.
    pub(super) fn sink_mut(&mut self) -> &mut W {
        match self {
            Self::Plain(sink) | Self::Unread(sink) => sink,
            Self::Gzip(decoder) => decoder.get_mut(),
        }
    }

    /// Checks that the body is complete.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) | Self::Unread(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
        }
    }
}

/// Hands on a limited number of bytes.
pub(super) struct CappedSink<'t> {
    take: TakeLines<'t>,
    taken: usize,
    cap: usize,
}

impl<'t> CappedSink<'t> {
    pub(super) fn new(cap: usize, take: TakeLines<'t>) -> Self {
        Self {
            take,
            taken: 0,
            cap,
        }
    }

    /// Returns how many bytes were handed on.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }
}

impl Write for CappedSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.cap - self.taken;
        let taken = bytes.get(..room).unwrap_or(bytes);
        (self.take)(taken);
        self.taken += taken.len();
        if taken.len() < bytes.len() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Demultiplexes the response to a push, until it is complete.
pub(super) struct ReportReader<'a> {
    demux: Demux<'a>,
    heard: usize,
}

impl<'a> ReportReader<'a> {
    pub(super) const fn new(demux: Demux<'a>) -> Self {
        Self { demux, heard: 0 }
    }

    /// Returns how many bytes were decoded so far.
    pub(super) const fn heard(&self) -> usize {
        self.heard
    }

    pub(super) const fn is_done(&self) -> bool {
        self.demux.is_done()
    }

    /// Takes the content out.
    pub(super) fn finish(&mut self) -> Answer {
        self.demux.finish()
    }
}

impl Write for ReportReader<'_> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        if self.is_done() || self.demux.feed(chunk).is_err() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.heard += chunk.len();
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
