//! What a push would find before it sends anything: whether the remote is there, accepts the login, and which
//! protocol it speaks.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::hash::Kind;
use sendoff_push::ClassifiedError;
use sendoff_push::advertisement::AdvertisementReader;

use crate::names::{BranchName, RemoteUrl};

use super::options::PushOptions;
use super::service::Service;
use super::{Target, TransportError, open};

/// A remote that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// What was spoken, such as `HTTP/2.0` or `ssh`.
    pub spoken: String,
    /// Whether the remote has the branch that was asked for.
    pub has_branch: bool,
}

/// Connects to the destination of a push and reads its advertisement. Nothing is sent.
///
/// `directory` is what a relative path of a `file` remote starts from; `stop` ends the conversation.
pub fn probe(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    kind: Kind,
    branch: &BranchName,
    stop: &AtomicBool,
) -> Result<Reached, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    let mut connection = open(target, Service::ReceivePack)?;
    let full = branch.full();
    let mut reader = AdvertisementReader::new(kind, full.as_bytes());
    connection.advertise(&mut reader)?;
    let spoken = connection
        .spoken()
        .unwrap_or_else(|| url.scheme().as_str().to_owned());
    connection.close();
    let said = reader.finish().map_err(|_| TransportError::Garbled)?;
    Ok(Reached {
        spoken,
        has_branch: said.find(full.as_bytes()).is_some(),
    })
}
