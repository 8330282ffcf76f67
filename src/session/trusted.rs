//! What the user trusts in the repository of a session: keys of its policy, its git configuration, links to other
//! directories.

use std::path::Path;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::git::{Lead, Leads, LocalConfigTrust, Repo};
use crate::policy::{LeftOut, Loaded, PinnedFile, PolicyError, TrustHash, TrustedKeys};
use crate::reason::Code;
use crate::report::{Report, Verdict};
use crate::steps::STEPS;
use crate::trust::{
    AskedKey, TrustError, TrustRecord, TrustRecords, TrustedKey, TrustedLead, digest,
};

use super::Session;

/// Returns the record of what is trusted in a repository; `None` where there is none, or no state directory.
pub(super) fn record_of(
    repo: &Repo,
    environment: &Environment,
) -> Result<Option<TrustRecord>, TrustError> {
    match environment.state_directory() {
        Some(state) => TrustRecords::below(&state).of(repo.common_dir()),
        None => Ok(None),
    }
}

/// Says whether the user trusts every link by which a repository leads to other directories.
pub(super) fn is_trusted(leads: &Leads, environment: &Environment) -> bool {
    let state = environment.state_directory();
    let records = state.map(|state| TrustRecords::below(&state));
    // A record that cannot be read trusts nothing.
    let record = records.and_then(|records| records.of(&leads.common_dir).ok()?);
    let known = record.map(|record| record.git_dir).unwrap_or_default();
    let mut found = leads.found.iter();
    found.all(|lead| known.contains(&trusted_lead(lead)))
}

/// Returns the recorded form of a link.
pub(super) fn trusted_lead(lead: &Lead) -> TrustedLead {
    TrustedLead {
        from: lead.from.clone(),
        to: lead.to.clone(),
    }
}

/// Lets the trusted keys of the repository's policy count: with the value that was shown, and while the files that
/// they run are unchanged.
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

/// Returns a requested key as it would be trusted now.
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

/// Returns a repository opened by `open` with its own git configuration, where the user trusts its current content.
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

/// Returns the SHA-256 of the keys with power in the repository's own configuration, where that is read.
pub(super) fn config_digest(repo: &Repo) -> String {
    let lines = repo.config().powerful_local_lines();
    digest(
        lines
            .iter()
            .flat_map(|(key, value)| [key.as_bytes(), value.as_slice()]),
    )
}

impl Session {
    /// Returns advice that names the ignored keys of the repository's configuration, where one of them can be why a
    /// step failed.
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

    /// Adds the ignored keys to the advice of failed steps.
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

/// Failures of a push that ignored git configuration can cause: another login, route or address.
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
