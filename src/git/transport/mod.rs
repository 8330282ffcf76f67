//! The connection to a remote's git service, on every transport, with a deadline without progress.

mod auth_cache;
mod child;
mod classify;
mod daemon;
mod endpoint;
mod file;
mod http;
mod idle_timeout;
mod options;
mod remote_head;
mod ssh;
mod stream;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use sendoff_push::{Link, PushError, Service};

use crate::names::{RemoteUrl, Scheme};

pub use auth_cache::{LoginHabit, LoginUse};
pub use daemon::AllowGit;
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

/// Prepares the connection. HTTP connects with the first request.
pub(super) fn open(target: Target<'_>, service: Service) -> Result<Box<dyn Link + '_>, PushError> {
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
