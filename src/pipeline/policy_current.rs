//! Checks whether the remote still has the policy that a run was planned with, and reads the remote's policy.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;

use crate::forge::Forge;
use crate::git::push::{
    PushOptions, RefCount, TipSource, branch_tip, is_one_at_a_time, local_tip_file, tip_file,
};
use crate::git::{CommittedFile, Remote, Repo};
use crate::policy::{MAX_REPOSITORY_FILE_SIZE, REPOSITORY_FILE};

use super::blocking::interruptible;
use super::context::Context;
use super::hold::{Hold, Shipment};
use super::policy_base::PolicyChanged;
use super::policy_from_forge::policy_from_forge;

/// Checks that the remote still has the policy in use; the error says why no pull request is opened.
///
/// The tip of the policy base is from this run's push, else requested from the remote. A policy that cannot be read from the
/// remote is read through `forge`.
pub async fn check_policy_current(
    cx: &Context<'_>,
    shipment: &Shipment,
    repo: &Repo,
    forge: &dyn Forge,
) -> Result<(), Hold> {
    let base = cx.policy_base;
    if let Some(hold) = base.hold() {
        return Err(hold);
    }
    let Some(branch) = base.branch().cloned() else {
        return Ok(());
    };
    let told = cx.advertised.get(&branch);
    let state = cx.environment.state_directory();
    let reader = PolicyReader {
        repo: repo.clone(),
        remote: shipment.remote.clone(),
        options: shipment.push_options.clone(),
        directory: state.unwrap_or_else(env::temp_dir).join("objects"),
    };
    let (asked, compared) = (reader.clone(), base.clone());
    let asked = interruptible(move |stop| {
        let reader = &asked;
        let at = reader.repo.work_tree().unwrap_or(reader.repo.git_dir());
        let ask = || {
            branch_tip(
                &reader.remote.url,
                at,
                &reader.options,
                &branch,
                RefCount::Any,
                stop,
            )
            .ok()?
        };
        let tip = told.or_else(ask)?;
        let is_news = compared.is_news(tip);
        Some((tip, is_news.then(|| reader.read_beside_push(tip, stop))))
    });
    let asked = asked.await.map_err(|error| Hold::from(error.reason))?;
    let Some((tip, found)) = asked else {
        return settled(base.check(None, |_| Err(String::new())));
    };
    let found = match found {
        Some(Err(why)) => {
            let told = policy_from_forge(forge, &shipment.repository, tip, base.in_use()).await;
            match told {
                Err(_) if is_one_at_a_time(&reader.remote.url) => {
                    let fetched = interruptible(move |stop| reader.read(tip, stop)).await;
                    fetched.map_err(|error| Hold::from(error.reason))?
                }
                told => told.map_err(|_| why),
            }
        }
        found => found.unwrap_or_else(|| Err("it was not read".into())),
    };
    settled(base.check(Some(tip), |_| found))
}

/// Converts the error for a policy that has changed.
fn settled(checked: Result<(), PolicyChanged>) -> Result<(), Hold> {
    checked.map_err(|changed| changed.reason().into())
}

/// Reads the policy of a commit. Owns its parts, because it is used on a thread of its own.
#[derive(Debug, Clone)]
struct PolicyReader {
    repo: Repo,
    remote: Remote,
    options: PushOptions,
    directory: PathBuf,
}

impl PolicyReader {
    fn read(&self, commit: ObjectId, stop: &AtomicBool) -> Result<CommittedFile, String> {
        let (name, limit) = (REPOSITORY_FILE, MAX_REPOSITORY_FILE_SIZE);
        let found = tip_file(&self.repo, self.source(stop), commit, name, limit);
        found.map_err(|error| error.to_string())
    }

    fn read_beside_push(
        &self,
        commit: ObjectId,
        stop: &AtomicBool,
    ) -> Result<CommittedFile, String> {
        read_beside_push(&self.repo, self.source(stop), commit)
    }

    fn source<'a>(&'a self, stop: &'a AtomicBool) -> TipSource<'a> {
        TipSource {
            remote: &self.remote,
            options: &self.options,
            directory: &self.directory,
            stop,
        }
    }
}

/// Reads the policy of a commit while the push's connection is open. Over ssh only the clone is read, because a second
/// connection can require another touch of a key.
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

/// Reads the policy of a commit from the clone; `None` where it cannot be read.
pub fn read_local(repo: &Repo, commit: ObjectId) -> Option<CommittedFile> {
    local_tip_file(repo, commit, REPOSITORY_FILE, MAX_REPOSITORY_FILE_SIZE).ok()
}
