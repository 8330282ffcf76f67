//! The transports: http(s), ssh, git:// and paths, each a connection to a git service with an idle timeout.

mod auth_cache;
mod branch_tip;
mod child;
mod classify;
mod configured;
mod daemon;
mod endpoint;
mod error;
mod error_advice;
mod error_class;
mod fetch;
mod fetch_request;
mod file;
mod git_rules;
mod head_record;
mod http;
mod idle_timeout;
mod kept_client;
mod local_options;
mod message_lines;
mod options;
mod probe;
mod redirect_places;
mod ref_lines;
mod remote_head;
mod service;
mod ssh;
mod ssh_cause;
mod ssh_command;
mod ssh_exit;
mod ssh_login;
mod ssh_probe;
mod ssh_settings;
mod ssh_words;
mod stderr;
mod stream;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::names::{RemoteUrl, Scheme};

use fetch::Take;
use sendoff_push::{ClassifiedError, Connection};
use service::Service;

pub use auth_cache::{AuthCache, AuthNeed};
pub use branch_tip::{RefCount, branch_tip};
pub use error::TransportError;
pub(super) use fetch::fetch_objects;
pub(super) use fetch_request::{Filter, Wanted};
pub use head_record::HeadRecord;
pub use kept_client::KeptClient;
pub use local_options::{HookTerminal, LocalOptions, Submodules};
pub use options::{AllowFile, AllowGit, ProactiveLogin, PushOptions, Redirects};
pub use probe::{Reached, probe};
pub use redirect_places::{RedirectPlaces, RedirectRule};
pub(super) use remote_head::head_of;
pub use remote_head::{head_tip, remote_head};
pub use service::ServiceCommands;

/// A remote, and how to reach it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// Its URL.
    pub(super) url: &'a RemoteUrl,
    /// What a relative path of a `file` remote starts from.
    pub(super) directory: &'a Path,
    /// How it may be reached.
    pub(super) options: &'a PushOptions,
    /// Set when the caller stops the push.
    pub(super) stop: &'a AtomicBool,
}

/// Takes packet lines as they come, in pieces of any size.
type TakeLines<'t> = &'t mut dyn FnMut(&[u8]);

/// A connection to any service of a remote. A push needs less of it.
trait ServiceConnection: Connection {
    /// Hands on what the service says first, up to its flush.
    fn hello(&mut self, take: TakeLines<'_>) -> Result<(), Box<dyn ClassifiedError>>;

    /// Sends a small request and hands on the lines of the answer, up to its flush.
    fn request(&mut self, body: &[u8], take: TakeLines<'_>)
    -> Result<(), Box<dyn ClassifiedError>>;

    /// Returns the version of HTTP that the service answered with, where it is HTTP.
    fn spoken(&self) -> Option<String> {
        None
    }

    /// Sends a request and hands on the answer as it comes in, until that is whole.
    fn stream(&mut self, body: &[u8], take: &mut Take<'_>) -> Result<(), Box<dyn ClassifiedError>>;
}

/// Opens the connection of a push. HTTP connects with the first request.
pub(super) fn open_receive_pack(
    target: Target<'_>,
) -> Result<Box<dyn Connection + '_>, TransportError> {
    Ok(open(target, Service::ReceivePack)?)
}

/// Opens a connection. HTTP connects with the first request.
fn open(
    target: Target<'_>,
    service: Service,
) -> Result<Box<dyn ServiceConnection + '_>, TransportError> {
    if let Some(configured_in) = &target.options.forbidden_by {
        return Err(TransportError::Protocol {
            scheme: target.url.scheme().as_str().to_owned(),
            configured_in: configured_in.clone(),
        });
    }
    Ok(match target.url.scheme() {
        Scheme::Http | Scheme::Https => Box::new(http::HttpConnection::open(target, service)?),
        Scheme::Ssh => Box::new(child::StreamConnection::start(
            &ssh::program(target, service)?,
            target,
        )?),
        Scheme::File => Box::new(child::StreamConnection::start(
            &file::program(target, service)?,
            target,
        )?),
        Scheme::Git => Box::new(daemon::connect(target, service)?),
    })
}
