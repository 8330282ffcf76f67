//! Whether the policy that a run was planned with is the one that the remote has; and how that one is read.

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

/// Says why no pull request is opened under the policy in use; asks the remote where no push has heard of it, and `forge`
/// where the remote does not say.
pub async fn policy_held(
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
    let told = cx.base_tip.get(&branch);
    let state = cx.environment.state_directory();
    let place = Place {
        repo: repo.clone(),
        remote: shipment.remote.clone(),
        options: shipment.push_options.clone(),
        directory: state.unwrap_or_else(env::temp_dir).join("objects"),
    };
    let (asked, compared) = (place.clone(), base.clone());
    let asked = interruptible(move |stop| {
        let place = &asked;
        let at = place.repo.work_tree().unwrap_or(place.repo.git_dir());
        let ask = || {
            branch_tip(
                &place.remote.url,
                at,
                &place.options,
                &branch,
                RefCount::Any,
                stop,
            )
            .ok()?
        };
        let tip = told.or_else(ask)?;
        let is_news = compared.is_news(tip);
        Some((tip, is_news.then(|| place.read_beside_push(tip, stop))))
    });
    let asked = asked.await.map_err(|error| Hold::from(error.reason))?;
    let Some((tip, found)) = asked else {
        return settled(base.check(None, |_| Err(String::new())));
    };
    let found = match found {
        Some(Err(why)) => {
            let told = policy_from_forge(forge, &shipment.repository, tip, base.in_use()).await;
            match told {
                Err(_) if is_one_at_a_time(&place.remote.url) => {
                    let fetched = interruptible(move |stop| place.read(tip, stop)).await;
                    fetched.map_err(|error| Hold::from(error.reason))?
                }
                told => told.map_err(|_| why),
            }
        }
        found => found.unwrap_or_else(|| Err("it was not read".into())),
    };
    settled(base.check(Some(tip), |_| found))
}

/// Makes the end of a step of a policy that has changed.
fn settled(checked: Result<(), PolicyChanged>) -> Result<(), Hold> {
    checked.map_err(|changed| changed.reason().into())
}

/// Where the policy of a commit is read, on a thread of its own.
#[derive(Debug, Clone)]
struct Place {
    repo: Repo,
    remote: Remote,
    options: PushOptions,
    directory: PathBuf,
}

impl Place {
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
