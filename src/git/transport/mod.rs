//! The connection to a remote's git service, on every transport, with a deadline without progress.

mod auth_cache;
mod child;
mod classify;
mod daemon;
mod endpoint;
mod error;
mod file;
mod http;
mod idle_timeout;
mod options;
mod remote_head;
mod service;
mod ssh;
mod stream;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::names::{RemoteUrl, Scheme};

use sendoff_push::{ClassifiedError, Connection};
use service::Service;

pub use auth_cache::{LoginHabit, LoginUse};
pub use daemon::AllowGit;
pub use error::TransportError;
pub use options::{AllowFile, PushOptions};
pub use remote_head::remote_head;

/// What is needed to reach a remote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// Where it is.
    pub(super) url: &'a RemoteUrl,
    /// What a relative path of a `file` remote starts from.
    pub(super) directory: &'a Path,
    /// How it may be reached.
    pub(super) options: &'a PushOptions,
    /// Set when the caller wants to end.
    pub(super) stop: &'a AtomicBool,
}

/// A connection to any service of a remote. A push needs less of it.
trait ServiceConnection: Connection {
    /// Sends a small request and returns the lines of the answer, up to its flush.
    fn request(&mut self, body: &[u8]) -> Result<Vec<u8>, Box<dyn ClassifiedError>>;
}

/// Prepares the connection of a push. HTTP connects with the first request.
pub(super) fn open_receive_pack(
    target: Target<'_>,
) -> Result<Box<dyn Connection + '_>, TransportError> {
    Ok(open(target, Service::ReceivePack)?)
}

/// Prepares a connection. HTTP connects with the first request.
fn open(
    target: Target<'_>,
    service: Service,
) -> Result<Box<dyn ServiceConnection + '_>, TransportError> {
    Ok(match target.url.scheme() {
        Scheme::Http | Scheme::Https => Box::new(http::HttpLink::open(target, service)?),
        Scheme::Ssh => Box::new(child::ChildLink::start(
            &ssh::program(target, service)?,
            target,
        )?),
        Scheme::File => Box::new(child::ChildLink::start(
            &file::program(target, service)?,
            target,
        )?),
        Scheme::Git => {
            let (socket, request) = daemon::connect(target, service)?;
            Box::new(child::ChildLink::over(socket, &request, target)?)
        }
    })
}
