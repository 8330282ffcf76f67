//! `Served`: a work tree that is one commit ahead of a repository behind a web server.

use std::path::PathBuf;

use secrecy::SecretString;
use sendoff::demo::git_server::{FaultKind, GitServer, GitServerOptions, RequestFault};
use sendoff::git::push::{BranchPushError, PushOptions};
use sendoff_push::Pushed;

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, server};

/// How the path of the advertisement ends.
pub(super) const INFO: &str = "/info/refs";
/// How the path of a push ends.
pub(super) const POST: &str = "/git-receive-pack";

/// What [`ahead`] makes, and a server over it. The server ends before its files go.
pub(super) struct Served {
    pub(super) server: GitServer,
    pub(super) work: PathBuf,
    pub(super) remote: PathBuf,
    pub(super) sandbox: Sandbox,
}

impl Served {
    /// Starts the server over `r.git`.
    pub(super) fn start(options: GitServerOptions) -> Self {
        let sandbox = Sandbox::new();
        let (work, remote) = ahead(&sandbox, "r");
        Self {
            server: server(&sandbox, options),
            work,
            remote,
            sandbox,
        }
    }

    /// Returns the repository's URL.
    pub(super) fn url(&self) -> String {
        format!("{}/r.git", self.server.url())
    }

    /// Returns the options of a push from this sandbox.
    pub(super) fn options(&self) -> PushOptions {
        options(&self.sandbox)
    }

    /// Pushes HEAD to the branch of the same name.
    pub(super) fn push(&self, options: &PushOptions) -> Result<Pushed, BranchPushError> {
        push_head(&self.sandbox, &self.work, &self.url(), options)
    }

    /// Returns where `feature` is over there.
    pub(super) fn tip(&self) -> String {
        self.sandbox.git(&self.remote, &["rev-parse", "feature"])
    }

    /// The log as `METHOD end-of-path status`, with a mark for a login and for chunks.
    pub(super) fn talk(&self) -> Vec<String> {
        let log = self.server.log().into_iter().map(|entry| {
            let end = entry.path.split_once(".git/").unwrap().1.to_owned();
            let status = entry
                .status
                .map_or("-".to_owned(), |status| status.to_string());
            let login = if entry.has_credentials { " login" } else { "" };
            let chunks = if entry.is_chunked { " chunked" } else { "" };
            format!("{} {end} {status}{login}{chunks}", entry.method)
        });
        log.collect()
    }
}

/// A server that wants a login.
pub(super) fn guarded() -> GitServerOptions {
    GitServerOptions {
        login: Some(("me".into(), SecretString::from("pw"))),
        ..GitServerOptions::default()
    }
}

/// A server that goes wrong at paths of this end, after so many requests and for so many.
pub(super) fn faulty(
    path_end: &'static str,
    after: usize,
    times: usize,
    kind: FaultKind,
) -> GitServerOptions {
    let fault = RequestFault {
        path_end,
        after,
        times,
        kind,
    };
    GitServerOptions {
        faults: vec![fault],
        ..GitServerOptions::default()
    }
}
