//! Requests the policy at the policy base from a remote, or from its forge where the remote sends no objects.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use gix::ObjectId;

use crate::git::push::{
    PushOptions, RefCount, TipSource, branch_tip, head_tip, is_one_at_a_time, tip_file,
};
use crate::git::{CommittedFile, Remote, Repo};
use crate::names::{BranchName, RepositoryName};
use crate::pipeline::{PolicyCopy, Shipment, policy_from_forge, read_local};
use crate::policy::{MAX_REPOSITORY_FILE_SIZE, REPOSITORY_FILE};
use crate::process::allow_programs;
use crate::reason::{Code, Reason};

use super::Session;
use super::forge_connector::ForgeConnector;
use super::runtime::runtime;

impl Session {
    /// Asks the remote for its policy, on a thread of its own that is left behind when it takes too long.
    pub(super) fn ask_for_policy(
        &self,
        repo: &Repo,
        shipment: &Shipment,
        named: Option<&BranchName>,
    ) -> Result<Option<PolicyCopy>, String> {
        allow_programs();
        let state = self.environment.state_directory();
        let question = Question {
            repo: repo.clone(),
            remote: shipment.remote.clone(),
            options: shipment.push_options.clone(),
            forge: ForgeConnector::to(self, &shipment.remote, &shipment.push_options),
            repository: shipment.repository.clone(),
            named: named.cloned(),
            directory: state.unwrap_or_else(std::env::temp_dir).join("objects"),
        };
        let limit = self.loaded.policy.limits().http_timeout.duration();
        let (tell, answer) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let asking = Arc::clone(&stop);
        let started = thread::Builder::new()
            .name("policy-base".into())
            // The receiver can be gone.
            .spawn(move || drop(tell.send(question.ask(&asking))));
        if let Err(error) = started {
            return Err(error.to_string());
        }
        answer.recv_timeout(limit).unwrap_or_else(|_| {
            stop.store(true, Ordering::Relaxed);
            Err("the remote did not answer in time (limits.http-timeout)".into())
        })
    }
}

/// A request for the policy of a remote.
struct Question {
    repo: Repo,
    remote: Remote,
    options: PushOptions,
    forge: ForgeConnector,
    repository: RepositoryName,
    named: Option<BranchName>,
    directory: PathBuf,
}

impl Question {
    /// Asks for the tip of the policy base, and reads its policy. Returns `None` where the remote has no such branch.
    fn ask(&self, stop: &AtomicBool) -> Result<Option<PolicyCopy>, String> {
        let at = self.repo.work_tree().unwrap_or(self.repo.git_dir());
        let (url, options) = (&self.remote.url, &self.options);
        let found = match &self.named {
            Some(branch) => {
                let tip = branch_tip(url, at, options, branch, RefCount::Any, stop);
                tip.map(|tip| Some((branch.clone(), tip?)))
            }
            None => head_tip(url, at, options, stop),
        };
        let found = found.map_err(|error| error.to_string())?;
        if let Some((branch, _)) = found.as_ref().filter(|_| self.named.is_none()) {
            options.head.learn(branch.clone());
        }
        found.map_or(Ok(None), |(branch, tip)| {
            self.read(branch, tip, stop).map(Some)
        })
    }

    fn read(
        &self,
        branch: BranchName,
        tip: ObjectId,
        stop: &AtomicBool,
    ) -> Result<PolicyCopy, String> {
        let source = TipSource {
            remote: &self.remote,
            options: &self.options,
            directory: &self.directory,
            stop,
        };
        let fetch = || {
            let (name, limit) = (REPOSITORY_FILE, MAX_REPOSITORY_FILE_SIZE);
            let found = tip_file(&self.repo, source, tip, name, limit);
            found.map_err(|error| Reason::of(Code::Network, &error).message)
        };
        let found = if is_one_at_a_time(&self.remote.url) {
            // Each connection can cost a touch of a security key.
            let here = read_local(&self.repo, tip);
            let told = here.map_or_else(|| self.ask_forge(tip), Ok);
            told.or_else(|_| fetch())
        } else {
            fetch().or_else(|why| {
                self.ask_forge(tip)
                    .map_err(|forge| format!("{why}; {forge}"))
            })
        };
        Ok(PolicyCopy::new(branch, tip, found?))
    }

    /// Asks the forge for the policy of a commit that the remote has.
    fn ask_forge(&self, tip: ObjectId) -> Result<CommittedFile, String> {
        let runtime = runtime().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let forge = self.forge.clone().connect().await;
            let forge = forge.map_err(|hold| hold.reason.message)?;
            policy_from_forge(&*forge, &self.repository, tip, None).await
        })
    }
}
