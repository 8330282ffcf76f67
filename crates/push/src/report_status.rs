//! The server's answer to a push, ref by ref.
//!
//! Git's `gitprotocol-pack`, "Report Status"; the option lines are those of `report-status-v2`.

use gix::bstr::{BString, ByteSlice};

use crate::pkt_line::{Line, Lines};

/// The most refs a report may speak of; we send few.
const MAX_REFS: usize = 10_000;
/// The longest report that is read, in bytes.
const MAX_REPORT: usize = 16 << 20;

/// What the server did. The texts are hostile: clean them before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportStatus {
    /// Whether the pack was taken.
    pub unpack: Unpack,
    /// What became of each ref.
    pub refs: Vec<RefStatus>,
}

/// What became of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpack {
    /// It was taken.
    Ok,
    /// It was not, and so no ref moved.
    Failed(BString),
}

/// What became of one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefStatus {
    /// The full name as we sent it.
    pub name: BString,
    /// `None` when the ref moved, else the reason why not.
    pub rejected: Option<BString>,
    /// What followed as `option` lines (report-status-v2), such as `refname refs/heads/other`.
    pub options: Vec<BString>,
}

/// The report is absent, cut short or nonsense: what the server did is not known, so ask it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server's report on the push is absent or garbled")]
pub struct Garbled;

impl ReportStatus {
    /// Reads the packet lines of a report, versions 1 and 2: the content of side band 1, or the whole
    /// answer where there is none.
    pub fn parse(buffer: &[u8]) -> Result<Self, Garbled> {
        if buffer.len() > MAX_REPORT {
            return Err(Garbled);
        }
        let mut lines = Lines::new(buffer);
        let Some(Line::Data(first)) = lines.read().map_err(|_| Garbled)? else {
            return Err(Garbled);
        };
        let mut status = Self {
            unpack: match chomp(first).strip_prefix(b"unpack ") {
                Some(b"ok") => Unpack::Ok,
                Some(reason) => Unpack::Failed(reason.into()),
                None => return Err(Garbled),
            },
            refs: Vec::new(),
        };
        loop {
            match lines.read().map_err(|_| Garbled)? {
                Some(Line::Data(line)) => status.read_line(chomp(line))?,
                Some(Line::Flush) => return Ok(status),
                None => return Err(Garbled),
            }
        }
    }

    /// Returns what the server says about a ref; `None` when it says nothing, which is no proof of anything.
    pub fn find(&self, name: &[u8]) -> Option<&RefStatus> {
        self.refs.iter().find(|status| status.name == name)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Garbled> {
        let (word, rest) = line.split_once_str(b" ").ok_or(Garbled)?;
        let (name, rejected): (&[u8], Option<BString>) = match word {
            b"ok" => (rest, None),
            b"ng" => match rest.split_once_str(b" ") {
                Some((name, reason)) => (name, Some(reason.into())),
                None => (rest, Some("failed".into())),
            },
            b"option" => {
                let last = self.refs.last_mut().ok_or(Garbled)?;
                last.options.push(rest.into());
                return Ok(());
            }
            _ => return Err(Garbled),
        };
        // A second word on the same ref could contradict the first.
        if name.is_empty() || self.refs.len() >= MAX_REFS || self.find(name).is_some() {
            return Err(Garbled);
        }
        self.refs.push(RefStatus {
            name: name.into(),
            rejected,
            options: Vec::new(),
        });
        Ok(())
    }
}

/// Returns the line without its end.
fn chomp(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::super::pkt_line;
    use super::*;
    use proptest::prelude::*;

    fn report(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            pkt_line::encode(line.as_bytes(), &mut out).unwrap();
        }
        pkt_line::encode_flush(&mut out);
        out
    }

    #[test]
    fn accepted_and_rejected_refs_are_told_apart() {
        let status = ReportStatus::parse(&report(&[
            "unpack ok\n",
            "ok refs/heads/a\n",
            "option refname refs/heads/b\n",
            "option forced-update\n",
            "ng refs/heads/c hook declined\n",
            "ng refs/heads/d\n",
        ]))
        .unwrap();
        assert_eq!(status.unpack, Unpack::Ok);
        let a = status.find(b"refs/heads/a").unwrap();
        assert_eq!(a.rejected, None);
        assert_eq!(a.options, ["refname refs/heads/b", "forced-update"]);
        let reason = |name: &[u8]| status.find(name).unwrap().rejected.clone().unwrap();
        assert_eq!(reason(b"refs/heads/c"), "hook declined");
        assert_eq!(reason(b"refs/heads/d"), "failed");
        assert_eq!(status.find(b"refs/heads/e"), None);
    }

    #[test]
    fn a_pack_that_was_not_taken_says_why() {
        let status = ReportStatus::parse(&report(&["unpack index-pack abnormal exit\n"])).unwrap();
        assert_eq!(
            status.unpack,
            Unpack::Failed("index-pack abnormal exit".into())
        );
    }

    #[test]
    fn every_shorter_report_is_garbled() {
        let whole = report(&["unpack ok\n", "ok refs/heads/a\n"]);
        assert!(ReportStatus::parse(&whole).is_ok());
        for end in 0..whole.len() {
            assert_eq!(
                ReportStatus::parse(&whole[..end]),
                Err(Garbled),
                "{end} bytes"
            );
        }
    }

    #[test]
    fn nonsense_is_garbled() {
        for lines in [
            &["ok refs/heads/a\n"][..],
            &["unpack ok\n", "option x y\n"],
            &["unpack ok\n", "maybe refs/heads/a\n"],
            &["unpack ok\n", "ok \n"],
            &["unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/a no\n"],
        ] {
            assert_eq!(
                ReportStatus::parse(&report(lines)),
                Err(Garbled),
                "{lines:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(ReportStatus::parse(&bytes));
        }
    }
}
