//! `PushRecord`: what this machine pushed from a repository and a branch. Leases and `undo` rely on it.

use gix::ObjectId;
use jiff::Timestamp;
use sendoff_push::{Action, Pushed};

use crate::git::Repo;
use crate::names::{BranchName, RemoteUrl, RunId};
use crate::pipeline::Context;
use crate::store::{LazyStore, PushedRow, Slot};

/// The record of one branch, for one run.
#[derive(Debug, Clone)]
pub(super) struct PushRecord {
    store: LazyStore,
    slot: Slot,
    run_id: RunId,
    now: Timestamp,
}

impl PushRecord {
    /// Names the record of a branch.
    pub(super) fn of(cx: &Context<'_>, repo: &Repo, branch: &BranchName) -> Self {
        Self {
            store: cx.store.clone(),
            slot: Slot {
                repository: repo.common_dir().to_owned(),
                branch: branch.to_string(),
            },
            run_id: cx.run_id,
            now: cx.clock.now(),
        }
    }

    /// Returns what was pushed last to a URL.
    pub(super) fn tip(&self, url: &RemoteUrl) -> Option<ObjectId> {
        let store = self.store.existing()?;
        let row = store.last_pushed(&self.slot, &url.without_login()).ok()??;
        ObjectId::from_hex(row.new.as_bytes()).ok()
    }

    /// Records that a push arrived. Without a record it has arrived all the same, and a later rewrite is refused.
    pub(super) fn keep(&self, url: &RemoteUrl, pushed: &Pushed) {
        if matches!(pushed.action, Action::UpToDate | Action::Deleted) {
            return;
        }
        let row = PushedRow {
            run_id: self.run_id.to_string(),
            slot: self.slot.clone(),
            remote: url.without_login(),
            old: pushed.old.map(|id| id.to_string()),
            new: pushed.new.to_string(),
            pushed_at: self.now,
        };
        let kept = match self.store.get() {
            Ok(store) => store.keep_pushed(&row).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = kept {
            tracing::debug!(error, "the push is not recorded");
        }
    }
}
