//! The branch that the remote's HEAD names, from upload-pack: receive-pack does not advertise it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::{ClassifiedError, pkt_line};

use crate::git::transport::TransportError;
use crate::git::transport::service::Service;
use crate::names::{BranchName, RemoteUrl};
use crate::policy::RemoteHead;

use super::options::PushOptions;
use super::ref_lines::{RefLines, Spoken};
use super::{Target, open};

/// Asks the remote which branch its HEAD names. Returns `None` when it names none, or one with an invalid name.
///
/// `directory` is what a relative path of a `file` remote starts from; `stop` ends the connection.
pub fn remote_head(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    stop: &AtomicBool,
) -> Result<Option<BranchName>, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    Ok(listed(target, Service::UploadPack, b"HEAD")?.head())
}

/// Asks the remote what its HEAD is.
pub(in crate::git) fn head_of(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    stop: &AtomicBool,
) -> Result<RemoteHead, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    let said = listed(target, Service::UploadPack, b"HEAD")?;
    Ok(said.remote_head())
}

/// Asks the remote which branch its HEAD names, and at which commit that is. Returns `None` when it names none that exists.
pub fn head_tip(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    stop: &AtomicBool,
) -> Result<Option<(BranchName, ObjectId)>, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    let said = listed(target, Service::UploadPack, b"HEAD")?;
    let mut lines = said.lines().iter();
    let tip = lines.find_map(|line| tip_of(line, b"HEAD"));
    Ok(said.head().zip(tip))
}

/// What a remote says of one ref, a line each.
pub(super) enum Listed {
    /// As it was asked for, by protocol v2.
    Asked {
        /// The lines of the ref.
        lines: Vec<Vec<u8>>,
        /// Whether the remote lists a HEAD whose branch does not exist yet, too.
        with_unborn: bool,
    },
    /// The first line of all of them and those of the ref, by protocol v0.
    Advertised(Vec<Vec<u8>>),
}

impl Listed {
    /// Returns the lines.
    pub(super) fn lines(&self) -> &[Vec<u8>] {
        match self {
            Self::Asked { lines, .. } | Self::Advertised(lines) => lines,
        }
    }

    /// Returns what the remote's HEAD is. Where the remote lists one without a branch too, a HEAD that it does not list is
    /// hidden, and nobody knows what it names; elsewhere it leads to a branch that does not exist.
    fn remote_head(&self) -> RemoteHead {
        if let Some(tip) = self.lines().iter().find_map(|line| tip_of(line, b"HEAD")) {
            return match self.head() {
                Some(branch) => RemoteHead::Names(branch),
                None => RemoteHead::At(tip),
            };
        }
        match self {
            Self::Asked {
                lines,
                with_unborn: true,
            } if !lines.iter().any(|line| is_unborn_head(line)) => RemoteHead::Unknown,
            Self::Asked { .. } => RemoteHead::NamesNone,
            // Git says in the capabilities what a hidden HEAD names, and nothing of one whose branch does not exist.
            Self::Advertised(_) => self.head().map_or(RemoteHead::NamesNone, RemoteHead::Names),
        }
    }

    /// Returns the branch that HEAD names.
    fn head(&self) -> Option<BranchName> {
        let mut lines = self.lines().iter();
        match self {
            Self::Asked { .. } => lines.find_map(|line| symref_v2(line)),
            Self::Advertised(_) => lines.find_map(|line| symref_v0(line)),
        }
    }
}

/// Asks upload-pack for a ref by its full name.
pub(super) fn listed(
    target: Target<'_>,
    service: Service,
    name: &[u8],
) -> Result<Listed, Box<dyn ClassifiedError>> {
    let mut connection = open(target, service)?;
    let mut said = RefLines::of(name);
    connection.hello(&mut |piece| said.feed(piece))?;
    let spoken = said.spoken();
    let lines = said.finish().ok_or(TransportError::Garbled)?;
    if spoken != Spoken::Zero {
        let with_unborn = spoken == Spoken::TwoWithUnborn;
        let mut answer = RefLines::of(name);
        connection.request(&ls_refs(name, with_unborn)?, &mut |piece| {
            answer.feed(piece);
        })?;
        connection.close();
        let lines = answer.finish().ok_or(TransportError::Garbled)?;
        return Ok(Listed::Asked { lines, with_unborn });
    }
    connection.close();
    Ok(Listed::Advertised(lines))
}

/// Returns the request for the refs with a prefix, with what symbolic ones name.
fn ls_refs(prefix: &[u8], with_unborn: bool) -> Result<Vec<u8>, TransportError> {
    let mut out = Vec::new();
    let mut add = |line: &str| pkt_line::encode(line.as_bytes(), &mut out);
    let added = add("command=ls-refs\n")
        .and_then(|()| add(concat!("agent=sendoff/", env!("CARGO_PKG_VERSION"), "\n")));
    added.map_err(|_| TransportError::Garbled)?;
    out.extend_from_slice(b"0001");
    let mut add = |line: &[u8]| pkt_line::encode(line, &mut out);
    let prefix = [b"ref-prefix ", prefix, b"\n"].concat();
    let added = add(b"symrefs\n").and_then(|()| add(&prefix));
    added.map_err(|_| TransportError::Garbled)?;
    if with_unborn {
        add(b"unborn\n").map_err(|_| TransportError::Garbled)?;
    }
    pkt_line::encode_flush(&mut out);
    Ok(out)
}

/// Reads `<id> <name>`, with what may follow the name.
pub(super) fn tip_of(line: &[u8], name: &[u8]) -> Option<ObjectId> {
    let mut words = line.split(|byte| matches!(byte, b' ' | 0));
    let id = words.next()?;
    (words.next()? == name)
        .then(|| ObjectId::from_hex(id).ok())
        .flatten()
}

/// Reads `unborn HEAD symref-target:refs/heads/main`.
fn is_unborn_head(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    words.next() == Some(b"unborn") && words.next() == Some(b"HEAD")
}

/// Reads `<id> HEAD symref-target:refs/heads/main`.
fn symref_v2(line: &[u8]) -> Option<BranchName> {
    let mut words = line.split(|byte| *byte == b' ');
    let _id = words.next()?;
    if words.next()? != b"HEAD" {
        return None;
    }
    branch(words.find_map(|word| word.strip_prefix(b"symref-target:"))?)
}

/// Reads the capability `symref=HEAD:refs/heads/main` behind the first ref.
fn symref_v0(line: &[u8]) -> Option<BranchName> {
    let zero = line.iter().position(|byte| *byte == 0)?;
    let mut words = line.get(zero + 1..)?.split(|byte| *byte == b' ');
    branch(words.find_map(|word| word.strip_prefix(b"symref=HEAD:"))?)
}

fn branch(full: &[u8]) -> Option<BranchName> {
    BranchName::from_bytes(full.strip_prefix(b"refs/heads/")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::transport::ref_lines::MAX_LINES;

    const ID: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn both_protocols_name_the_branch() {
        let two = format!("{ID} HEAD symref-target:refs/heads/trunk peeled:{ID}");
        assert_eq!(symref_v2(two.as_bytes()).unwrap().as_str(), "trunk");
        let zero = format!("{ID} HEAD\0multi_ack symref=HEAD:refs/heads/a/b agent=git/2");
        assert_eq!(symref_v0(zero.as_bytes()).unwrap().as_str(), "a/b");
    }

    #[test]
    fn a_head_is_told_from_none_and_from_a_hidden_one() {
        let head = |line: &str, with_unborn| {
            let lines = match line {
                "" => Vec::new(),
                line => vec![line.as_bytes().to_vec()],
            };
            Listed::Asked { lines, with_unborn }.remote_head()
        };
        let names = format!("{ID} HEAD symref-target:refs/heads/trunk");
        let trunk = RemoteHead::Names(BranchName::new("trunk").unwrap());
        let detached = RemoteHead::At(ObjectId::from_hex(ID.as_bytes()).unwrap());
        assert_eq!(head(&names, true), trunk);
        assert_eq!(head(&format!("{ID} HEAD"), true), detached);
        let unborn = "unborn HEAD symref-target:refs/heads/none";
        assert_eq!(head(unborn, true), RemoteHead::NamesNone);
        assert_eq!(head("", true), RemoteHead::Unknown);
        assert_eq!(head("", false), RemoteHead::NamesNone);
    }

    /// Guards servers that speak the old protocol: they list no hidden HEAD.
    #[test]
    fn the_old_protocol_tells_what_a_hidden_head_names() {
        let head = |capabilities: &str| {
            let first = format!("{ID} refs/heads/a\0multi_ack{capabilities} agent=git/2");
            Listed::Advertised(vec![first.into_bytes()]).remote_head()
        };
        let trunk = RemoteHead::Names(BranchName::new("trunk").unwrap());
        assert_eq!(head(" symref=HEAD:refs/heads/trunk"), trunk);
        assert_eq!(head(""), RemoteHead::NamesNone);
    }

    #[test]
    fn hostile_targets_name_nothing() {
        for target in [
            "refs/tags/v1",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/-x",
            "HEAD",
        ] {
            let line = format!("{ID} HEAD symref-target:{target}");
            assert_eq!(symref_v2(line.as_bytes()), None, "{target}");
        }
        assert_eq!(
            symref_v2(format!("{ID} refs/heads/x symref-target:refs/heads/y").as_bytes()),
            None
        );
        let mut lines = RefLines::of(b"HEAD");
        lines.feed(b"0003");
        assert_eq!(lines.finish(), None);
    }

    /// Guards the memory: of a million refs only the one that was asked for is held.
    #[test]
    fn only_lines_of_the_ref_are_kept() {
        let mut lines = RefLines::of(b"HEAD");
        let mut line = Vec::new();
        for text in [
            "HEAD\0symref=HEAD:refs/heads/a",
            "refs/heads/HEAD",
            "refs/heads/a",
        ] {
            line.clear();
            pkt_line::encode(format!("{ID} {text}\n").as_bytes(), &mut line).unwrap();
            lines.feed(&line);
        }
        for _ in 0..100 {
            lines.feed(b"0009HEAD\n");
            lines.feed(b"000ax HEAD");
        }
        lines.feed(b"0000");
        let kept = lines.finish().unwrap();
        assert_eq!(kept.len(), MAX_LINES);
        assert_eq!(symref_v0(&kept[0]).unwrap().as_str(), "a");
    }
}
