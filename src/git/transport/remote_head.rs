//! The branch that the remote's HEAD names, from upload-pack: receive-pack does not advertise it.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::protocol::transport::packetline::PacketLineRef;
use gix::protocol::transport::packetline::decode::{Stream, streaming};
use sendoff_push::{ClassifiedError, pkt_line};

use crate::git::transport::TransportError;
use crate::git::transport::service::Service;
use crate::names::{BranchName, RemoteUrl};

use super::options::PushOptions;
use super::{Target, open};

/// Asks the remote which branch its HEAD names. Nothing when it names none, or one with an invalid name.
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
    let said = listed(target, "HEAD")?;
    Ok(match &said {
        Listed::Asked(_) => said.lines().iter().find_map(|line| symref_v2(line)),
        Listed::Advertised(_) => said.lines().iter().find_map(|line| symref_v0(line)),
    })
}

/// The refs that a remote lists, a line each.
pub(super) enum Listed {
    /// What was asked for, by protocol v2.
    Asked(Vec<Vec<u8>>),
    /// All of them, by protocol v0.
    Advertised(Vec<Vec<u8>>),
}

impl Listed {
    /// Returns the lines.
    pub(super) fn lines(&self) -> &[Vec<u8>] {
        match self {
            Self::Asked(lines) | Self::Advertised(lines) => lines,
        }
    }
}

/// Asks upload-pack for the refs whose names begin with `prefix`.
pub(super) fn listed(target: Target<'_>, prefix: &str) -> Result<Listed, Box<dyn ClassifiedError>> {
    let mut connection = open(target, Service::UploadPack)?;
    let hello = connection.advertise()?;
    let said = owned_lines(&hello).ok_or(TransportError::Garbled)?;
    if said.iter().any(|line| line == b"version 2") {
        let answer = connection.request(&ls_refs(prefix)?)?;
        connection.close();
        let refs = owned_lines(&answer).ok_or(TransportError::Garbled)?;
        return Ok(Listed::Asked(refs));
    }
    connection.close();
    Ok(Listed::Advertised(said))
}

pub(super) fn owned_lines(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let lines = lines(bytes)?;
    Some(lines.into_iter().map(<[u8]>::to_vec).collect())
}

/// Returns the request for the refs with a prefix, with what symbolic ones name.
fn ls_refs(prefix: &str) -> Result<Vec<u8>, TransportError> {
    let mut out = Vec::new();
    let mut add = |line: &str| pkt_line::encode(line.as_bytes(), &mut out);
    let added = add("command=ls-refs\n")
        .and_then(|()| add(concat!("agent=sendoff/", env!("CARGO_PKG_VERSION"), "\n")));
    added.map_err(|_| TransportError::Garbled)?;
    out.extend_from_slice(b"0001");
    let mut add = |line: &str| pkt_line::encode(line.as_bytes(), &mut out);
    let prefix = format!("ref-prefix {prefix}\n");
    let added = add("symrefs\n").and_then(|()| add(&prefix));
    added.map_err(|_| TransportError::Garbled)?;
    pkt_line::encode_flush(&mut out);
    Ok(out)
}

/// Splits packet lines, without their line ends; nothing when one is malformed.
fn lines(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Ok(Stream::Complete {
            line,
            bytes_consumed,
        }) = streaming(rest)
        else {
            return None;
        };
        if let PacketLineRef::Data(data) = line {
            lines.push(data.strip_suffix(b"\n").unwrap_or(data));
        }
        rest = rest.get(bytes_consumed..)?;
    }
    Some(lines)
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

    const ID: &str = "1111111111111111111111111111111111111111";

    #[test]
    fn both_protocols_name_the_branch() {
        let two = format!("{ID} HEAD symref-target:refs/heads/trunk peeled:{ID}");
        assert_eq!(symref_v2(two.as_bytes()).unwrap().as_str(), "trunk");
        let zero = format!("{ID} HEAD\0multi_ack symref=HEAD:refs/heads/a/b agent=git/2");
        assert_eq!(symref_v0(zero.as_bytes()).unwrap().as_str(), "a/b");
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
        assert_eq!(lines(b"0003"), None);
    }
}
