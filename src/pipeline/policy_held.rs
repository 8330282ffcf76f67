//! Whether the policy that a run was planned with is the one that the remote has; and how that one is read.

use std::env;

use gix::ObjectId;

use crate::git::push::{TipSource, branch_tip, is_one_at_a_time, local_tip_file, tip_file};
use crate::git::{CommittedFile, Repo};
use crate::policy::{MAX_REPOSITORY_FILE_SIZE, REPOSITORY_FILE};

use super::blocking::interruptible;
use super::context::Context;
use super::hold::{Hold, Shipment};

/// Says why no pull request is opened under the policy in use; asks the remote where no push has heard of it.
pub async fn policy_held(cx: &Context<'_>, shipment: &Shipment, repo: &Repo) -> Result<(), Hold> {
    if let Some(hold) = cx.policy_base.hold() {
        return Err(hold);
    }
    let Some(branch) = cx.policy_base.branch().cloned() else {
        return Ok(());
    };
    let (base, told) = (cx.policy_base.clone(), cx.base_tip.get(&branch));
    let (repo, remote) = (repo.clone(), shipment.remote.clone());
    let options = shipment.push_options.clone();
    let state = cx.environment.state_directory();
    let directory = state.unwrap_or_else(env::temp_dir).join("objects");
    let asked = interruptible(move |stop| {
        let at = repo.work_tree().unwrap_or(repo.git_dir());
        let ask = || {
            branch_tip(&remote.url, at, &options, &branch, stop)
                .ok()
                .flatten()
        };
        let source = TipSource {
            remote: &remote,
            options: &options,
            directory: &directory,
            stop,
        };
        let read = |commit| {
            let found = tip_file(
                &repo,
                source,
                commit,
                REPOSITORY_FILE,
                MAX_REPOSITORY_FILE_SIZE,
            );
            found.map_err(|error| error.to_string())
        };
        base.check(told.or_else(ask), read)
    })
    .await;
    match asked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(changed)) => Err(changed.reason().into()),
        Err(error) => Err(error.reason.into()),
    }
}

/// Reads the policy of a commit while the push's connection is open: over ssh there is no second one, and only what is
/// here counts.
pub fn read_beside_push(
    repo: &Repo,
    source: TipSource<'_>,
    commit: ObjectId,
) -> Result<CommittedFile, String> {
    let (name, limit) = (REPOSITORY_FILE, MAX_REPOSITORY_FILE_SIZE);
    let found = if is_one_at_a_time(&source.remote.url) {
        local_tip_file(repo, commit, name, limit)
    } else {
        tip_file(repo, source, commit, name, limit)
    };
    found.map_err(|error| error.to_string())
}

/// Reads the policy of a commit that is here.
pub fn read_local(repo: &Repo, commit: ObjectId) -> Option<CommittedFile> {
    local_tip_file(repo, commit, REPOSITORY_FILE, MAX_REPOSITORY_FILE_SIZE).ok()
}
