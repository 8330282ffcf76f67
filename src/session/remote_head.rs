//! What the remote's HEAD names: asked for at most once a day, kept in the state directory.
//!
//! The kept value can only add protection and choose a base; it never removes anything.

use jiff::Timestamp;

use crate::git::Repo;
use crate::git::push::{PushOptions, remote_head};
use crate::names::{BranchName, RemoteUrl};
use crate::pipeline::{Shipment, interruptible};

use super::Session;
use super::remote_records::RemoteRecords;

/// What is asked of which remote. Owns it all, so that it can be asked late.
#[derive(Debug, Clone)]
pub(super) struct Question {
    repo: Repo,
    url: RemoteUrl,
    options: PushOptions,
    kept: RemoteRecords,
    now: Timestamp,
}

impl Question {
    /// Collects it. Asks nobody.
    pub(super) fn of(session: &Session, shipment: &Shipment) -> Option<Self> {
        Some(Self {
            repo: session.repo()?.clone(),
            url: shipment.remote.url.clone(),
            options: shipment.push_options.clone(),
            kept: session.remote_records(),
            now: session.clock.now(),
        })
    }
}

/// Returns the branch that the remote's HEAD names: kept from within a day, else asked for now.
///
/// Nothing when the remote cannot be asked: built-in and configured protection hold all the same.
pub(super) async fn ask(question: Option<Question>) -> Option<BranchName> {
    let Question {
        repo,
        url,
        options,
        kept,
        now,
    } = question?;
    if let Some(head) = kept.head(&url, now) {
        return Some(head);
    }
    let place = url.clone();
    let asked = interruptible(move |stop| {
        let directory = repo.work_tree().unwrap_or(repo.git_dir()).to_owned();
        remote_head(&place, &directory, &options, stop)
    });
    match asked.await {
        Ok(Ok(head)) => {
            if let Some(head) = &head {
                kept.keep_head(&url, head, now);
            }
            head
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the remote did not say what its HEAD names");
            None
        }
        Err(error) => {
            tracing::debug!(%error, "asking for the remote's HEAD failed");
            None
        }
    }
}
