//! Objects by their ids, from upload-pack: what a partial clone left out.

use std::io::Write;

use gix::protocol::transport::packetline::PacketLineRef;
use gix::protocol::transport::packetline::decode::{Stream, streaming};
use sendoff_push::{ClassifiedError, sanitize_line};

use crate::git::transport::TransportError;
use crate::git::transport::service::Service;
use crate::secrets::KnownSecrets;

use super::fetch_request::{Wanted, request_v0, request_v2};
use super::ref_lines::RefLines;
use super::{Target, open};

/// The most bytes of an answer that are kept until a packet line is whole.
const MAX_LINE: usize = 65_520;

/// Whether more of an answer follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// There is more to come.
    More,
    /// That was all.
    Whole,
}

/// Takes an answer piece by piece.
pub(super) type Take<'t> = dyn FnMut(&[u8]) -> Result<Taken, Box<dyn ClassifiedError>> + 't;

/// Fetches objects and what they reach, but for what is left out, and writes the pack to `out`.
pub(in crate::git) fn fetch_objects(
    target: Target<'_>,
    wanted: Wanted<'_>,
    out: &mut dyn Write,
) -> Result<(), Box<dyn ClassifiedError>> {
    let mut connection = open(target, Service::UploadPack)?;
    let mut greeting = RefLines::of_greeting();
    connection.hello(&mut |piece| greeting.feed(piece))?;
    let said = greeting.finish().ok_or(TransportError::Garbled)?;
    let body = if said.iter().any(|line| line == b"version 2") {
        request_v2(&said, wanted)
    } else {
        request_v0(&said, wanted)
    };
    let body = body.map_err(|error| TransportError::Request(error.into()))?;
    let mut pack = PackStream {
        pending: Vec::new(),
        out,
        known: &target.options.known,
        in_pack: false,
        // Protocol v0 says first where the history ends.
        flushes: usize::from(wanted.filter.is_shallow()),
    };
    connection.stream(&body, &mut |piece| pack.feed(piece))?;
    connection.close();
    Ok(())
}

/// Takes the pack out of an answer.
struct PackStream<'a> {
    pending: Vec<u8>,
    out: &'a mut dyn Write,
    known: &'a KnownSecrets,
    in_pack: bool,
    /// How many sections may end before the pack begins.
    flushes: usize,
}

impl PackStream<'_> {
    fn feed(&mut self, piece: &[u8]) -> Result<Taken, Box<dyn ClassifiedError>> {
        self.pending.extend_from_slice(piece);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Stream::Complete {
            line,
            bytes_consumed,
        } = streaming(rest).map_err(|_| TransportError::Garbled)?
        {
            rest = rest.get(bytes_consumed..).unwrap_or_default();
            match line {
                PacketLineRef::Data(data) => self.line(data)?,
                PacketLineRef::Flush if self.in_pack => return Ok(Taken::Whole),
                PacketLineRef::Flush if self.flushes > 0 => self.flushes -= 1,
                // The end of a section of protocol v2.
                PacketLineRef::Delimiter if !self.in_pack => {}
                _ => return Err(TransportError::Garbled.into()),
            }
        }
        if rest.len() > MAX_LINE {
            return Err(TransportError::Garbled.into());
        }
        self.pending = rest.to_vec();
        Ok(Taken::More)
    }

    fn line(&mut self, data: &[u8]) -> Result<(), Box<dyn ClassifiedError>> {
        if let Some(said) = data.strip_prefix(b"ERR ") {
            return Err(self.refused(said));
        }
        match data.split_first() {
            Some((1, bytes)) => {
                self.in_pack = true;
                let written = self.out.write_all(bytes);
                written.map_err(|error| FetchError::Write(error).into())
            }
            Some((2, _)) => Ok(()),
            Some((3, said)) => Err(self.refused(said)),
            _ if self.in_pack => Err(TransportError::Garbled.into()),
            // `NAK` of protocol v0, `packfile` and the lines of other sections of v2.
            _ => Ok(()),
        }
    }

    fn refused(&self, said: &[u8]) -> Box<dyn ClassifiedError> {
        FetchError::Refused {
            said: sanitize_line(said, self.known),
        }
        .into()
    }
}

/// Why objects did not come, where the transport is not the cause.
#[derive(Debug, thiserror::Error)]
pub(in crate::git) enum FetchError {
    /// The server has not what was asked for, or does not give it by its id.
    #[error("the server does not give what was asked for: {said}")]
    Refused {
        /// What it said, sanitized.
        said: String,
    },
    /// The pack cannot be written, or is larger than it may be.
    #[error("the objects cannot be kept")]
    Write(#[source] std::io::Error),
}

impl ClassifiedError for FetchError {
    fn class(&self) -> &'static str {
        "missing-objects"
    }

    fn advice(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pieces: &[&[u8]]) -> (Result<Taken, Box<dyn ClassifiedError>>, Vec<u8>) {
        let (mut out, known) = (Vec::new(), KnownSecrets::default());
        let mut pack = PackStream {
            pending: Vec::new(),
            out: &mut out,
            known: &known,
            in_pack: false,
            flushes: 0,
        };
        let mut last = Ok(Taken::More);
        for piece in pieces {
            last = pack.feed(piece);
        }
        (last, out)
    }

    #[test]
    fn the_pack_is_taken_out_of_both_protocols_in_pieces_of_any_size() {
        for answer in [
            b"000dpackfile\n0009\x01PACK0008\x02hi\n0009\x01tail0000".as_slice(),
            b"0008NAK\n0009\x01PACK0009\x01tail0000".as_slice(),
        ] {
            let (last, out) = fed(&[answer]);
            assert_eq!(last.unwrap(), Taken::Whole);
            assert_eq!(out, b"PACKtail");
            let bytes: Vec<&[u8]> = answer.chunks(1).collect();
            assert_eq!(fed(&bytes).1, b"PACKtail");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for (answer, class) in [
            (b"0013ERR not our ref".as_slice(), "missing-objects"),
            (b"0009\x01PACK000c\x03too bad".as_slice(), "missing-objects"),
            (b"0009\x01PACK0001".as_slice(), "bad-response"),
            (b"0009\x01PACK0008what".as_slice(), "bad-response"),
            (b"0000".as_slice(), "bad-response"),
            (b"zzzz".as_slice(), "bad-response"),
        ] {
            let (last, _) = fed(&[answer]);
            let shown = String::from_utf8_lossy(answer);
            assert_eq!(last.unwrap_err().class(), class, "{shown}");
        }
    }
}
