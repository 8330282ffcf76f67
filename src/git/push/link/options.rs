//! `PushOptions`: how a remote may be reached, and for how long.

use std::path::PathBuf;
use std::time::Duration;

use crate::git::credentials::Helpers;
use crate::git::credentials::Login;
use crate::net::PlainHttp;
use crate::process::Inheritance;

/// Whether a repository on this machine may be pushed to: its hooks would run here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AllowFile {
    /// It may not.
    #[default]
    No,
    /// The user, the system or the command line allowed it.
    Yes,
}

/// How a remote may be reached, and for how long. Nothing in it may come from a repository.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long nothing may move.
    pub push_timeout: Duration,
    /// The largest pack that is sent, in bytes.
    pub push_size: u64,
    /// Whether `file` remotes are allowed.
    pub allow_file: AllowFile,
    /// Where http may go unencrypted.
    pub plain_http: PlainHttp,
    /// A PEM file with certificate authorities to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// The user's ssh command line, for a shell; `ssh` otherwise.
    pub ssh_command: Option<String>,
    /// The login for this remote's origin, when it is known; sent with the first request.
    pub login: Option<Login>,
    /// Who is asked for a login when the server wants one.
    pub helpers: Helpers,
    /// What child programs get.
    pub inheritance: Inheritance,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            push_timeout: Duration::from_mins(1),
            push_size: u64::MAX,
            allow_file: AllowFile::default(),
            plain_http: PlainHttp::default(),
            extra_roots: None,
            ssh_command: None,
            login: None,
            helpers: Helpers::default(),
            inheritance: Inheritance::default(),
        }
    }
}
