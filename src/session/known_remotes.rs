//! The remotes that a repository was pushed to before. An agent's pushes must not go to another one.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::git::Repo;
use crate::names::RemoteUrl;
use crate::pipeline::{Hold, Shipment};
use crate::policy::Trigger;
use crate::reason::{Code, Reason};
use crate::trust::{TrustError, TrustRecord, TrustRecords, remote_id};

use super::Session;
use super::trusted::record_of;

/// Returns every repository that a push would go to, or was redirected to.
fn remote_ids(shipment: &Shipment) -> Vec<(String, RemoteUrl)> {
    let first = (&shipment.remote, &shipment.push_options);
    let also = shipment.also.iter();
    let also = also.map(|place| (&place.remote, &place.push_options));
    let places = std::iter::once(first).chain(also);
    let urls = places.flat_map(|(remote, options)| {
        std::iter::once(remote.url.clone()).chain(options.redirect_places.followed())
    });
    urls.map(|url| (remote_id(&url), url)).collect()
}

/// Says whether a run of this session may add remotes by itself: one by hand, or by a script of the caller, which
/// could call `git push` as well. One below an agent may not.
pub(super) fn may_add(trigger: Trigger, environment: &Environment) -> bool {
    trigger == Trigger::Manual && environment.agent_mark().is_none()
}

/// Says whether a push to one repository may be led to another one: it was pushed to before, or the first push of all
/// shows where it is. What objects are fetched from may be led to another such place.
pub(super) fn may_be_led_to(repo: &Repo, environment: &Environment, from: &str, to: &str) -> bool {
    let Ok(known) = known_remotes(repo, environment) else {
        return false;
    };
    let lists = |ids: &[String], id: &str| ids.iter().any(|listed| listed == id);
    let is_promisor = !lists(&known.remotes, from) && lists(&known.promisors, from);
    known.remotes.is_empty()
        || lists(&known.remotes, to)
        || (is_promisor && lists(&known.promisors, to))
}

/// Returns the record of where a repository was pushed to. What was recorded of another git directory of the same work tree
/// counts for one that has no record: otherwise whoever can write a `.git` file would choose the remote anew.
fn known_remotes(repo: &Repo, environment: &Environment) -> Result<TrustRecord, TrustError> {
    let own = record_of(repo, environment)?.unwrap_or_default();
    let (Some(state), Some(usual)) = (environment.state_directory(), usual_git_dir(repo)) else {
        return Ok(own);
    };
    if !own.remotes.is_empty() {
        return Ok(own);
    }
    let before = TrustRecords::below(&state).of(&usual)?;
    Ok(before.unwrap_or_default())
}

fn unknown_remote(message: String, url: &RemoteUrl) -> Reason {
    let reason = Reason::new(Code::RemoteUnknown, message);
    let url = url.without_login();
    reason.advise(format!(
        "if that is meant, run on a terminal: sendoff trust remote {url}"
    ))
}

/// Returns where the git directory of a work tree usually is, if it is not there.
fn usual_git_dir(repo: &Repo) -> Option<PathBuf> {
    let work_tree = repo.work_tree()?;
    if repo.common_dir() == work_tree.join(".git") {
        return None;
    }
    let usual = work_tree.canonicalize().ok()?.join(".git");
    (repo.common_dir().canonicalize().ok()? != usual).then_some(usual)
}

/// Records the remotes also for the usual git directory of a work tree whose git directory is elsewhere.
fn record_beside(records: &TrustRecords, usual: &Path, shipment: &Shipment) {
    let known = records.of(usual).ok().flatten();
    let known = known.map(|record| record.remotes).unwrap_or_default();
    let ids = remote_ids(shipment).into_iter().map(|(id, _)| id);
    let new: Vec<String> = ids.filter(|id| !known.contains(id)).collect();
    if new.is_empty() {
        return;
    }
    let kept = records.change(usual, |record| record.remotes.extend(new));
    if let Err(error) = kept {
        tracing::debug!(%error, "the remotes of the work tree are not recorded");
    }
}

impl Session {
    /// Holds a push to a repository that this one was never pushed to. The first one is taken as it is, and a run by hand may
    /// add another. The same holds for where a partial clone's objects are fetched from: whoever names another place there
    /// could let the user's login fetch what only the user may read, and have it pushed.
    pub(super) fn check_remotes(&self, repo: &Repo, shipment: &mut Shipment) -> Result<(), Hold> {
        if !self.loaded.policy.remotes().allowed.is_empty() || self.may_add_remotes() {
            return Ok(());
        }
        let known = known_remotes(repo, &self.environment).map_err(|error| {
            let reason = Reason::of(Code::TrustRecord, &error);
            Hold::broken(reason).advise("see what became of the file; without it all is asked anew")
        })?;
        if known.remotes.is_empty() {
            return Ok(());
        }
        let mut remotes = remote_ids(shipment).into_iter();
        if let Some((_, url)) = remotes.find(|(id, _)| !known.remotes.contains(id)) {
            let message = format!("this repository was never pushed to {url}");
            return Err(Hold::broken(unknown_remote(message, &url)));
        }
        for promisor in &mut shipment.promisors {
            let url = &promisor.remote.url;
            let id = remote_id(url);
            if !known.remotes.contains(&id) && !known.promisors.contains(&id) {
                let message = format!("nothing was ever fetched from {url} to push it");
                promisor.access = Err(unknown_remote(message, url));
            }
        }
        Ok(())
    }

    fn may_add_remotes(&self) -> bool {
        may_add(self.trigger, &self.environment)
    }

    /// Records where the branch is pushed to, and returns what the report has to say about that.
    pub(super) fn record_remotes(&self, shipment: &Shipment) -> Option<Reason> {
        let repo = self.repo()?;
        if !self.loaded.policy.remotes().allowed.is_empty() {
            return None;
        }
        let Some(state) = self.environment.state_directory() else {
            let reason = Reason::new(
                Code::Unpinned,
                "there is no state directory, so the repository's remotes are not recorded",
            );
            let reason = reason.advise("set HOME, or list them in `remotes.allowed`");
            return self.trigger.is_agent().then_some(reason);
        };
        let records = TrustRecords::below(&state);
        let known = match records.of(repo.common_dir()) {
            Ok(record) => record.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, "the remotes are not recorded");
                return None;
            }
        };
        if let Some(usual) = usual_git_dir(repo) {
            record_beside(&records, &usual, shipment);
        }
        let new: Vec<(String, RemoteUrl)> = remote_ids(shipment)
            .into_iter()
            .filter(|(id, _)| !known.remotes.contains(id))
            .collect();
        // The push did not need them: where somebody else may have added one it stays unknown.
        let may_add = known.remotes.is_empty() || self.may_add_remotes();
        let promisors = shipment.promisors.iter().filter(|_| may_add);
        let promisors: Vec<String> = promisors
            .flat_map(|promisor| {
                let options = promisor.access.as_ref().ok();
                let followed = options.and_then(|options| options.redirect_places.followed());
                std::iter::once(remote_id(&promisor.remote.url))
                    .chain(followed.as_ref().map(remote_id))
            })
            .filter(|id| !known.remotes.contains(id) && !known.promisors.contains(id))
            .collect();
        if new.is_empty() && promisors.is_empty() {
            return None;
        }
        let ids = new.iter().map(|(id, _)| id.clone());
        let kept = records.change(repo.common_dir(), |record| {
            record.remotes.extend(ids);
            record.promisors.extend(promisors);
        });
        if let Err(error) = kept {
            tracing::debug!(%error, "the remotes are not recorded");
            return None;
        }
        let (_, added) = new.first()?;
        let message = format!("{added} is recorded as a remote of this repository");
        let note = Reason::new(Code::RemoteAdded, message);
        // The first remote needs no note.
        (!known.remotes.is_empty()).then_some(note)
    }
}
