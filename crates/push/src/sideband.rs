//! The server's answer to a push: the side bands taken apart.
//!
//! Git's `gitprotocol-capabilities`, "side-band, side-band-64k"; `ERR` lines are in `gitprotocol-pack`.

use gix::protocol::transport::packetline::PacketLineRef;

use crate::commands::SideBand;
use crate::pkt_line::{self, LineSplitter, PktLineError};
use crate::remote_messages::RemoteMessages;
use crate::sanitize::{Redact, sanitize_line};

/// The longest report that is kept, in bytes.
const REPORT_CAP: usize = 16 << 20;
/// The longest answer that is listened to, messages included, in bytes.
const ANSWER_CAP: usize = 256 << 20;

/// What the server answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The packet lines of the report.
    pub report: Vec<u8>,
    /// Its messages for people, line by line, sanitized.
    pub messages: Vec<String>,
    /// The error with which it ended the conversation, sanitized.
    pub fatal: Option<String>,
}

/// The answer is no sequence of packet lines, or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl From<PktLineError> for Malformed {
    fn from(_: PktLineError) -> Self {
        Self
    }
}

/// Takes the answer apart while it comes in, in pieces of any size.
#[derive(Debug)]
pub struct Demux<'a> {
    splitter: LineSplitter,
    heard: usize,
    taken: Taken<'a>,
}

/// What was taken so far.
#[derive(Debug)]
struct Taken<'a> {
    side_band: SideBand,
    redact: &'a dyn Redact,
    report: Vec<u8>,
    messages: RemoteMessages<'a>,
    fatal: Option<String>,
    done: bool,
}

impl<'a> Demux<'a> {
    /// Begins. `redact` removes secrets from the messages.
    pub fn new(side_band: SideBand, redact: &'a dyn Redact) -> Self {
        Self {
            splitter: LineSplitter::default(),
            heard: 0,
            taken: Taken {
                side_band,
                redact,
                report: Vec::new(),
                messages: RemoteMessages::new(redact),
                fatal: None,
                done: false,
            },
        }
    }

    /// Says whether the answer is complete.
    pub const fn is_done(&self) -> bool {
        self.taken.done
    }

    /// Takes the next piece. What follows the end of the answer is ignored.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        self.heard = self.heard.saturating_add(piece.len());
        if self.heard > ANSWER_CAP {
            return Err(Malformed);
        }
        if self.taken.done {
            return Ok(());
        }
        let taken = &mut self.taken;
        let fed = self.splitter.feed(piece, &mut |line| taken.take(line));
        if self.taken.done { Ok(()) } else { fed }
    }

    /// Returns what was received so far.
    pub fn finish(&mut self) -> Answer {
        let taken = &mut self.taken;
        Answer {
            report: std::mem::take(&mut taken.report),
            messages: taken.messages.finish(),
            fatal: taken.fatal.take(),
        }
    }
}

impl Taken<'_> {
    fn take(&mut self, line: PacketLineRef<'_>) -> Result<(), Malformed> {
        match line {
            _ if self.done => Ok(()),
            PacketLineRef::Data(data) if self.side_band == SideBand::None => self.take_alone(data),
            PacketLineRef::Data(data) => self.take_band(data),
            PacketLineRef::Flush => {
                self.done = true;
                if self.side_band == SideBand::None {
                    self.report(pkt_line::FLUSH)?;
                }
                Ok(())
            }
            PacketLineRef::Delimiter | PacketLineRef::ResponseEnd => Err(Malformed),
        }
    }

    fn take_alone(&mut self, data: &[u8]) -> Result<(), Malformed> {
        if let Some(text) = data.strip_prefix(b"ERR ") {
            self.end(text);
            return Ok(());
        }
        let mut line = Vec::with_capacity(data.len() + 4);
        pkt_line::encode(data, &mut line)?;
        self.report(&line)
    }

    fn take_band(&mut self, data: &[u8]) -> Result<(), Malformed> {
        match data.split_first() {
            Some((1, report)) => self.report(report)?,
            Some((2, text)) => self.messages.hear(text),
            Some((3, text)) => self.end(text),
            // A server can give up before it multiplexes.
            _ => self.end(data.strip_prefix(b"ERR ").ok_or(Malformed)?),
        }
        Ok(())
    }

    /// Takes the error with which the server ends the answer.
    fn end(&mut self, text: &[u8]) {
        self.fatal = Some(sanitize_line(text, self.redact));
        self.done = true;
    }

    fn report(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        if self.report.len() + bytes.len() > REPORT_CAP {
            return Err(Malformed);
        }
        self.report.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sanitize::NoRedaction;
    use super::*;
    use proptest::prelude::*;

    fn packet(data: &[u8]) -> Vec<u8> {
        let mut out = format!("{:04x}", data.len() + 4).into_bytes();
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn bands_are_taken_apart_and_messages_become_lines() {
        let mut input = packet(b"\x01000eunpack ok\n");
        input.extend(packet(b"\x02first li"));
        input.extend(packet(b"\x02ne\nsecond\rthird"));
        input.extend(packet(b"\x010000"));
        input.extend(b"0000ignored");
        // Whatever the pieces, the answer is the same.
        for size in [1, 3, 7, 1000] {
            let mut demux = Demux::new(SideBand::Large, &NoRedaction);
            for piece in input.chunks(size) {
                demux.feed(piece).unwrap();
            }
            assert!(demux.is_done());
            let answer = demux.finish();
            assert_eq!(answer.report, b"000eunpack ok\n0000");
            assert_eq!(answer.messages, ["first line", "second", "third"]);
            assert_eq!(answer.fatal, None);
        }
    }

    #[test]
    fn without_side_bands_the_report_stands_alone() {
        let mut demux = Demux::new(SideBand::None, &NoRedaction);
        demux.feed(b"000eunpack ok\n0000").unwrap();
        assert!(demux.is_done());
        assert_eq!(demux.finish().report, b"000eunpack ok\n0000");
    }

    #[test]
    fn band_three_and_error_lines_end_the_conversation() {
        for data in [&b"\x03no \x1b[31mway\n"[..], b"ERR no way"] {
            let mut demux = Demux::new(SideBand::Large, &NoRedaction);
            demux.feed(&packet(data)).unwrap();
            assert!(demux.is_done());
            assert_eq!(demux.finish().fatal.as_deref(), Some("no way"));
        }
    }

    #[test]
    fn other_bands_and_hostile_lengths_are_malformed() {
        for input in [
            &b"0006\x00x"[..],
            b"0006\x04x",
            b"0004",
            b"0003",
            b"zzzz",
            b"0001",
        ] {
            let mut demux = Demux::new(SideBand::Large, &NoRedaction);
            assert_eq!(demux.feed(input), Err(Malformed), "{input:?}");
        }
        let mut demux = Demux::new(SideBand::Large, &NoRedaction);
        demux.feed(b"0005\x010005\x02").unwrap();
        assert_eq!(demux.finish(), Answer::default());
    }

    proptest! {
        #[test]
        fn no_input_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut demux = Demux::new(SideBand::Large, &NoRedaction);
            let _ = demux.feed(&bytes);
            for line in demux.finish().messages {
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
