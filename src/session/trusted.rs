//! What the user trusts in the repository of a session: keys of its policy, remotes, keys of its git configuration.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::environment::Environment;
use crate::git::{Lead, Leads, LocalConfigTrust, Repo};
use crate::names::RemoteUrl;
use crate::pipeline::{Hold, Shipment};
use crate::policy::{LeftOut, Loaded, PinnedFile, PolicyError, Trigger, TrustHash, TrustedKeys};
use crate::reason::{Code, Reason};
use crate::report::{Report, Verdict};
use crate::steps::STEPS;
use crate::trust::{
    AskedKey, TrustError, TrustRecord, TrustRecords, TrustedKey, TrustedLead, digest, remote_id,
};

use super::Session;

/// Returns the record of what is trusted in a repository; none where there is none, or nowhere to keep one.
pub(super) fn record_of(
    repo: &Repo,
    environment: &Environment,
) -> Result<Option<TrustRecord>, TrustError> {
    match environment.state_directory() {
        Some(state) => TrustRecords::below(&state).of(repo.common_dir()),
        None => Ok(None),
    }
}

/// Says whether the user trusts everything by which a repository leads elsewhere.
pub(super) fn is_trusted(leads: &Leads, environment: &Environment) -> bool {
    let state = environment.state_directory();
    let records = state.map(|state| TrustRecords::below(&state));
    // A record that cannot be read trusts nothing.
    let record = records.and_then(|records| records.of(&leads.common_dir).ok()?);
    let known = record.map(|record| record.git_dir).unwrap_or_default();
    let mut found = leads.found.iter();
    found.all(|lead| known.contains(&trusted_lead(lead)))
}

/// Returns what is recorded of a lead.
pub(super) fn trusted_lead(lead: &Lead) -> TrustedLead {
    TrustedLead {
        from: lead.from.clone(),
        to: lead.to.clone(),
    }
}

/// Lets the keys of the repository's policy count that the user trusts: with the value that was shown, and as long as
/// the files that they run are what they were.
pub(super) fn with_trusted_keys(
    loaded: Loaded,
    repo: Option<&Repo>,
    environment: &Environment,
) -> Result<Loaded, Box<PolicyError>> {
    let Some((repo, work_tree)) = repo.and_then(|repo| Some((repo, repo.work_tree()?))) else {
        return Ok(loaded);
    };
    if loaded.left_out.is_empty() {
        return Ok(loaded);
    }
    // A record that cannot be read trusts nothing.
    let record = record_of(repo, environment).ok().flatten();
    let known = record.map(|record| record.keys).unwrap_or_default();
    let listed = &loaded.policy.trust().steps;
    let trusted: Vec<TrustedKey> = loaded
        .left_out
        .iter()
        .filter_map(|asked| {
            let mut recorded = known.iter();
            let recorded =
                recorded.find(|known| known.is_unchanged(&asked.key, &asked.value, work_tree));
            recorded.cloned().or_else(|| {
                let asked = (!listed.is_empty()).then(|| as_trusted(asked, work_tree))?;
                is_listed(&asked, listed).then_some(asked)
            })
        })
        .collect();
    if trusted.is_empty() {
        return Ok(loaded);
    }
    let files = trusted.iter().flat_map(|known| &known.files);
    let files = files.map(|file| PinnedFile {
        path: file.path.clone(),
        hash: file.hash.clone(),
    });
    let files = files.collect();
    let keys = trusted.into_iter().map(|known| (known.key, known.value));
    let keys = keys.collect::<TrustedKeys>().with_files(files);
    loaded.with_trusted(keys, STEPS).map_err(Box::new)
}

/// Returns a key that is asked for as it would be trusted now.
fn as_trusted(asked: &LeftOut, work_tree: &Path) -> TrustedKey {
    let asked = AskedKey {
        key: asked.key.clone(),
        value: asked.value.clone(),
        command: asked.command.clone(),
    };
    asked.trusted(work_tree, Timestamp::UNIX_EPOCH)
}

/// Says whether the system's policy lists a key as trusted.
pub(super) fn is_listed(key: &TrustedKey, listed: &[TrustHash]) -> bool {
    let hash = key.whole_hash();
    listed.iter().any(|listed| listed.as_str() == hash)
}

/// Returns a repository with its own configuration counting, as `open` opens it, where the user trusts what that says now.
pub(super) fn with_trusted_config(
    found: &Repo,
    environment: &Environment,
    open: impl FnOnce(LocalConfigTrust) -> Option<Repo>,
) -> Option<Repo> {
    if found.config().ignored_local_keys().is_empty() {
        return None;
    }
    let record = record_of(found, environment).ok()??;
    let trusted = record.git_config?;
    let repo = open(LocalConfigTrust::Trust)?;
    (config_digest(&repo) == trusted.hash).then_some(repo)
}

/// Returns the SHA-256 of what the repository's own configuration says with power, where it is read.
pub(super) fn config_digest(repo: &Repo) -> String {
    let lines = repo.config().powerful_local_lines();
    digest(
        lines
            .iter()
            .flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]),
    )
}

/// Returns every repository that a push would go to.
fn remote_ids(shipment: &Shipment) -> Vec<(String, &RemoteUrl)> {
    let also = shipment.also.iter().map(|place| &place.remote.url);
    let urls = std::iter::once(&shipment.remote.url).chain(also);
    urls.map(|url| (remote_id(url), url)).collect()
}

/// Returns where a repository was pushed to. What was recorded of another git directory of the same work tree counts for one
/// that has no record: otherwise whoever can write a `.git` file would choose the remote anew.
fn known_remotes(repo: &Repo, environment: &Environment) -> Result<Vec<String>, TrustError> {
    let own = record_of(repo, environment)?;
    let own = own.map(|record| record.remotes).unwrap_or_default();
    let (Some(state), Some(usual)) = (environment.state_directory(), usual_git_dir(repo)) else {
        return Ok(own);
    };
    if !own.is_empty() {
        return Ok(own);
    }
    let before = TrustRecords::below(&state).of(&usual)?;
    Ok(before.map(|record| record.remotes).unwrap_or_default())
}

/// Returns where the git directory of a work tree usually is, if it is not there.
fn usual_git_dir(repo: &Repo) -> Option<PathBuf> {
    let usual = repo.work_tree()?.canonicalize().ok()?.join(".git");
    (repo.common_dir().canonicalize().ok()? != usual).then_some(usual)
}

/// Records the remotes for the work tree as well, whose git directory is elsewhere.
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
    /// add another.
    pub(super) fn check_remotes(&self, repo: &Repo, shipment: &Shipment) -> Result<(), Hold> {
        if !self.loaded.policy.remotes().allowed.is_empty() || self.may_add_remotes() {
            return Ok(());
        }
        let known = known_remotes(repo, &self.environment).map_err(|error| {
            let reason = Reason::of(Code::TrustRecord, &error);
            Hold::broken(reason).advise("see what became of the file; without it all is asked anew")
        })?;
        if known.is_empty() {
            return Ok(());
        }
        let mut remotes = remote_ids(shipment).into_iter();
        match remotes.find(|(id, _)| !known.contains(id)) {
            None => Ok(()),
            Some((_, url)) => {
                let message = format!("this repository was never pushed to {url}");
                let advice = format!(
                    "if that is meant, run on a terminal: sendoff trust remote {}",
                    url.without_login()
                );
                Err(Hold::broken(Reason::new(Code::RemoteUnknown, message)).advise(advice))
            }
        }
    }

    /// Says whether a run of this session may add remotes by itself: one by hand, or by a script of the caller, which
    /// could call `git push` as well. One below an agent may not.
    fn may_add_remotes(&self) -> bool {
        self.trigger == Trigger::Manual && self.environment.agent_mark().is_none()
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
            Ok(record) => record.map(|record| record.remotes).unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, "the remotes are not recorded");
                return None;
            }
        };
        if let Some(usual) = usual_git_dir(repo) {
            record_beside(&records, &usual, shipment);
        }
        let new: Vec<(String, &RemoteUrl)> = remote_ids(shipment)
            .into_iter()
            .filter(|(id, _)| !known.contains(id))
            .collect();
        let (_, added) = new.first()?;
        let ids = new.iter().map(|(id, _)| id.clone());
        let kept = records.change(repo.common_dir(), |record| record.remotes.extend(ids));
        if let Err(error) = kept {
            tracing::debug!(%error, "the remotes are not recorded");
            return None;
        }
        let message = format!("{added} is recorded as a remote of this repository");
        let note = Reason::new(Code::RemoteAdded, message);
        // The first one is no news.
        (!known.is_empty()).then_some(note)
    }

    /// Names the ignored keys of the repository's configuration where one of them may be why a step did not succeed.
    fn advice_on_ignored_keys(&self, code: Code) -> Option<String> {
        if !OF_CONFIGURATION.contains(&code) {
            return None;
        }
        let ignored = self.repo()?.config().ignored_local_keys();
        (!ignored.is_empty()).then(|| {
            format!(
                "the repository's own {} did not count; if it has to, run on a terminal: sendoff trust git-config",
                ignored.join(", ")
            )
        })
    }

    /// Adds what may have been missing to the advice of steps that did not succeed.
    pub(super) fn tell_ignored_keys(&self, report: &mut Report) {
        let steps = report.steps.iter_mut();
        for step in steps.filter(|step| step.verdict != Verdict::Done) {
            let more = step
                .reason
                .and_then(|code| self.advice_on_ignored_keys(code));
            if let Some(more) = more {
                let advice = step.advice.take();
                step.advice = Some(match advice {
                    Some(advice) => format!("{advice}; {more}"),
                    None => more,
                });
            }
        }
    }
}

/// What may become of a push for want of git configuration: another login, way or address.
const OF_CONFIGURATION: &[Code] = &[
    Code::Auth,
    Code::AuthScheme,
    Code::Denied,
    Code::Forbidden,
    Code::Network,
    Code::NoRemote,
    Code::NoToken,
    Code::NotFound,
    Code::PlainHttp,
    Code::Proxy,
    Code::RemoteUrl,
    Code::Tls,
    Code::Unsupported,
];
