//! What the client asks of receive-pack: the ref updates, and the capabilities that it will use.
//!
//! Git's `gitprotocol-pack`, "Reference Update Request and Packfile Transfer", and `gitprotocol-capabilities`.

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::hash::Kind;

use crate::advertisement::Advertisement;
use crate::pkt_line;
use crate::pkt_line::PktLineError;

/// One ref that the server is asked to move. It does so only when the ref is still at `old`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name, `refs/heads/…`.
    pub name: BString,
    /// What the server advertised; the null id when the ref is to be created.
    pub old: ObjectId,
    /// What it is to be.
    pub new: ObjectId,
}

/// The form in which the server will report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// `report-status-v2`: with option lines.
    V2,
    /// `report-status`.
    V1,
    /// None: the server cannot report.
    None,
}

/// The channel on which the server will answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideBand {
    /// Packets of up to 65520 bytes.
    Large,
    /// Packets of up to 1000 bytes.
    Small,
    /// The report stands alone.
    None,
}

/// Whether deltas name their base by its distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeltaBase {
    /// By distance, which takes fewer bytes.
    Offset,
    /// By id; every server reads it.
    Id,
}

/// What both sides will use, chosen from what the server can.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a capability that the server has or has not"
)]
pub struct Negotiated {
    /// How the server reports.
    pub report: ReportKind,
    /// Where it answers.
    pub side_band: SideBand,
    /// How deltas name their base.
    pub delta_base: DeltaBase,
    /// Whether the pack may hold deltas against objects that only the server has.
    pub thin: bool,
    /// Whether the server can be asked for no progress.
    pub quiet: bool,
    /// Whether push options may follow the commands.
    pub push_options: bool,
    /// The hash, when the server names it.
    object_format: Option<Kind>,
    /// Whether the server wants to know who asks.
    agent: bool,
}

/// Why no request can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is nothing to ask for.
    #[error("there is no ref to update")]
    NoUpdates,
    /// The name would break the line, or is none.
    #[error("`{}` cannot be sent as a ref name", .0.escape_ascii())]
    Name(BString),
    /// A line is too long.
    #[error(transparent)]
    Line(#[from] PktLineError),
}

impl Negotiated {
    /// Chooses from what `advertisement` offers.
    pub fn from_advertisement(advertisement: &Advertisement) -> Self {
        let has = |name: &str| advertisement.has_capability(name);
        Self {
            report: if has("report-status-v2") {
                ReportKind::V2
            } else if has("report-status") {
                ReportKind::V1
            } else {
                ReportKind::None
            },
            side_band: if has("side-band-64k") {
                SideBand::Large
            } else if has("side-band") {
                SideBand::Small
            } else {
                SideBand::None
            },
            delta_base: if has("ofs-delta") {
                DeltaBase::Offset
            } else {
                DeltaBase::Id
            },
            thin: !has("no-thin"),
            quiet: has("quiet"),
            push_options: has("push-options"),
            object_format: has("object-format").then_some(advertisement.object_format),
            agent: has("agent"),
        }
    }

    /// Returns the capabilities as they follow the first command, each with a space in front.
    fn to_line(&self, extras: RequestExtras<'_>) -> String {
        let mut line = String::new();
        match self.report {
            ReportKind::V2 => line.push_str(" report-status-v2"),
            ReportKind::V1 => line.push_str(" report-status"),
            ReportKind::None => {}
        }
        match self.side_band {
            SideBand::Large => line.push_str(" side-band-64k"),
            SideBand::Small => line.push_str(" side-band"),
            SideBand::None => {}
        }
        if self.delta_base == DeltaBase::Offset {
            line.push_str(" ofs-delta");
        }
        if self.quiet {
            line.push_str(" quiet");
        }
        if !extras.push_options.is_empty() {
            line.push_str(" push-options");
        }
        if let Some(kind) = self.object_format {
            line.push_str(" object-format=");
            line.push_str(&kind.to_string());
        }
        if self.agent {
            line.push_str(" agent=");
            // As git does with its own: a space would begin another capability.
            let printable = |c: char| if c.is_ascii_graphic() { c } else { '.' };
            line.extend(extras.agent.chars().map(printable));
        }
        line
    }
}

/// What goes with the commands.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestExtras<'a> {
    /// The commits whose parents the client does not have.
    pub shallow: &'a [ObjectId],
    /// The push options. The server must take some.
    pub push_options: &'a [String],
    /// The name of the program.
    pub agent: &'a str,
}

/// Returns the request up to the pack: the `shallow` boundary, the commands, a flush; push options and another flush
/// behind them.
pub fn encode_request(
    updates: &[RefUpdate],
    negotiated: &Negotiated,
    extras: RequestExtras<'_>,
) -> Result<Vec<u8>, RequestError> {
    let (first, rest) = updates.split_first().ok_or(RequestError::NoUpdates)?;
    let mut out = Vec::new();
    for id in extras.shallow {
        pkt_line::encode(format!("shallow {id}").as_bytes(), &mut out)?;
    }
    let mut line = command(first)?;
    line.push(0);
    line.extend_from_slice(negotiated.to_line(extras).as_bytes());
    pkt_line::encode(&line, &mut out)?;
    for update in rest {
        pkt_line::encode(&command(update)?, &mut out)?;
    }
    pkt_line::encode_flush(&mut out);
    for option in extras.push_options {
        pkt_line::encode(option.as_bytes(), &mut out)?;
    }
    if !extras.push_options.is_empty() {
        pkt_line::encode_flush(&mut out);
    }
    Ok(out)
}

/// Returns one command. The name is checked again: a line break or a zero would end it early.
fn command(update: &RefUpdate) -> Result<Vec<u8>, RequestError> {
    if gix::validate::reference::name(update.name.as_bstr()).is_err() {
        return Err(RequestError::Name(update.name.clone()));
    }
    let mut line = format!("{} {} ", update.old, update.new).into_bytes();
    line.extend_from_slice(&update.name);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> ObjectId {
        ObjectId::from_hex(&[digit; 40]).unwrap()
    }

    fn negotiated(capabilities: &str) -> Negotiated {
        let line = format!("{} refs/heads/main\0{capabilities}\n", id(b'1'));
        let mut buffer = Vec::new();
        pkt_line::encode(line.as_bytes(), &mut buffer).unwrap();
        pkt_line::encode_flush(&mut buffer);
        Negotiated::from_advertisement(
            &Advertisement::parse(&buffer, Kind::Sha1, b"refs/heads/main").unwrap(),
        )
    }

    fn update(name: &str) -> RefUpdate {
        RefUpdate {
            name: name.into(),
            old: ObjectId::null(Kind::Sha1),
            new: id(b'2'),
        }
    }

    #[test]
    fn the_request_is_shallow_lines_then_commands_then_a_flush() {
        let all = negotiated(
            "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=git/2.47.3",
        );
        let request = encode_request(
            &[update("refs/heads/a"), update("refs/heads/b")],
            &all,
            RequestExtras {
                shallow: &[id(b'3')],
                agent: "an agent/1",
                ..RequestExtras::default()
            },
        )
        .unwrap();
        let (zero, two, three) = ("0".repeat(40), "2".repeat(40), "3".repeat(40));
        let line = |text: String| format!("{:04x}{text}", text.len() + 4);
        let expected = [
            line(format!("shallow {three}")),
            line(format!(
                "{zero} {two} refs/heads/a\0 report-status-v2 side-band-64k ofs-delta quiet object-format=sha1 agent=an.agent/1"
            )),
            line(format!("{zero} {two} refs/heads/b")),
            "0000".into(),
        ]
        .concat();
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }

    #[test]
    fn an_old_server_gets_only_what_it_can() {
        let old = negotiated("report-status side-band no-thin");
        assert_eq!(old.report, ReportKind::V1);
        assert_eq!(old.side_band, SideBand::Small);
        assert_eq!(old.delta_base, DeltaBase::Id);
        assert!(!old.thin);
        assert_eq!(
            old.to_line(RequestExtras::default()),
            " report-status side-band"
        );
    }

    #[test]
    fn a_name_that_would_break_the_line_is_refused() {
        let plain = negotiated("report-status");
        for name in ["refs/heads/a\nb", "refs/heads/a\0b", "refs/heads/..", ""] {
            let request = encode_request(&[update(name)], &plain, RequestExtras::default());
            assert_eq!(request, Err(RequestError::Name(name.into())));
        }
        assert_eq!(
            encode_request(&[], &plain, RequestExtras::default()),
            Err(RequestError::NoUpdates)
        );
    }
}
