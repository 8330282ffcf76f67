//! `TrustReview`: what the repository asks the user to trust, what is trusted already, and how that changes.

use crate::git::{Leads, LocalConfigTrust, OpenError, Repo};
use crate::names::RemoteUrl;
use crate::policy::{LayerKind, LeftOut, TrustedKeys};
use crate::steps::STEPS;
use crate::trust::{AskedKey, TrustRecords, TrustedConfig, TrustedKey, remote_id};

pub use crate::trust::TrustRecord;

use super::Session;
use super::load::{Opening, RepositoryChoice, discover, open};
use super::trusted::{config_digest, is_listed, trusted_lead};

/// The keys of a repository's policy that need the user's trust.
#[derive(Debug, Clone, Default)]
pub struct TrustReview {
    /// Each key, in the order of the layers.
    pub keys: Vec<ReviewedKey>,
    /// The trusted keys that the policy no longer has.
    pub unused: Vec<TrustedKey>,
}

/// A key that a repository's policy asks for.
#[derive(Debug, Clone)]
pub struct ReviewedKey {
    /// The dotted key, or that of a whole step.
    pub key: String,
    /// The value as TOML, on one line, keys sorted.
    pub value: String,
    /// The copy of the policy that it stands in.
    pub layer: LayerKind,
    /// The key as it would be trusted.
    pub trusted: TrustedKey,
    /// Whether it is trusted.
    pub state: KeyState,
}

/// Whether a key is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It never was.
    New,
    /// It is.
    Trusted,
    /// It was, with another value or another program.
    Changed {
        /// What was trusted.
        was: TrustedKey,
        /// The programs that changed since.
        files: Vec<String>,
    },
}

impl TrustReview {
    /// Returns the keys that are not trusted.
    pub fn asked(&self) -> impl Iterator<Item = &ReviewedKey> {
        let keys = self.keys.iter();
        keys.filter(|key| key.state != KeyState::Trusted)
    }
}

/// The keys of the repository's own git configuration that have power: they run programs, or change logins or URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigReview {
    /// Each line: key and value.
    pub lines: Vec<(String, String)>,
    /// Whether it is trusted.
    pub is_trusted: bool,
    hash: String,
}

impl Session {
    /// Returns what the repository's policy asks for. No server is asked.
    pub fn trust_review(&self) -> Result<TrustReview, String> {
        let record = self.trust_record()?;
        let work_tree = self.trust_repo()?.work_tree();
        let work_tree = work_tree.ok_or("the repository has no work tree")?;
        let loaded = self
            .shown_with_policy_base()
            .map_err(|error| error.one_line())?;
        // As if nothing were trusted, so that everything that is asked for shows.
        let loaded = loaded.with_trusted(TrustedKeys::default(), STEPS);
        let mut asked = loaded.map_err(|error| error.one_line())?.left_out;
        asked.dedup_by(|next, first| next.key == first.key && next.value == first.value);
        let now = self.clock.now();
        let listed = &self.loaded.policy.trust().steps;
        let review = |asked: LeftOut| {
            let (key, value) = (asked.key, asked.value);
            let known = record.keys.iter().find(|known| known.key == key);
            let state = match known {
                None => KeyState::New,
                Some(known) if known.is_unchanged(&key, &value, work_tree) => KeyState::Trusted,
                Some(known) => KeyState::Changed {
                    was: known.clone(),
                    files: changed_files(known, work_tree),
                },
            };
            let trusted = AskedKey {
                key: key.clone(),
                value: value.clone(),
                command: asked.command,
            };
            let trusted = trusted.trusted(work_tree, now);
            let state = match state {
                _ if is_listed(&trusted, listed) => KeyState::Trusted,
                state => state,
            };
            ReviewedKey {
                layer: asked.layer,
                trusted,
                key,
                value,
                state,
            }
        };
        let keys: Vec<ReviewedKey> = asked.into_iter().map(review).collect();
        let is_used = |known: &&TrustedKey| keys.iter().any(|key| key.key == known.key);
        let unused = record.keys.iter().filter(|known| !is_used(known));
        Ok(TrustReview {
            unused: unused.cloned().collect(),
            keys,
        })
    }

    /// Trusts what a review shows.
    pub fn trust_keys(&self, review: &TrustReview) -> Result<(), String> {
        self.change_trust(|record| {
            for key in review.asked() {
                record.keys.retain(|known| known.key != key.key);
                record.keys.push(key.trusted.clone());
            }
        })
    }

    /// Trusts another remote, by its URL; returns how it is recorded.
    pub fn trust_remote(&self, url: &RemoteUrl) -> Result<String, String> {
        let id = remote_id(url);
        self.change_trust(|record| {
            if !record.remotes.contains(&id) {
                record.remotes.push(id.clone());
            }
        })?;
        Ok(id)
    }

    /// Returns the keys of the repository's own git configuration that have power.
    pub fn config_review(&self) -> Result<ConfigReview, String> {
        let repo = self.trust_repo()?;
        let top = repo.work_tree().unwrap_or(repo.git_dir()).to_owned();
        let place = RepositoryChoice::Directory(top);
        let open = discover(&place, &self.environment, LocalConfigTrust::Trust);
        let repo = open.map_err(|hold| hold.reason.message)?;
        let repo = repo.ok_or("there is no repository here")?;
        let hash = config_digest(&repo);
        let record = self.trust_record()?;
        let lines = repo.config().powerful_local_lines().into_iter();
        Ok(ConfigReview {
            lines: lines.map(|(key, value)| (key, value.to_string())).collect(),
            is_trusted: record.git_config.is_some_and(|known| known.hash == hash),
            hash,
        })
    }

    /// Trusts what a review of the git configuration shows.
    pub fn trust_git_config(&self, review: &ConfigReview) -> Result<(), String> {
        let keys = review.lines.iter().map(|(key, _)| key.clone()).collect();
        let trusted = TrustedConfig {
            hash: review.hash.clone(),
            keys,
            trusted_at: self.clock.now(),
        };
        self.change_trust(|record| record.git_config = Some(trusted))
    }

    /// Returns by which links the repository leads to other directories; `None` where it does not, or they are
    /// trusted.
    pub fn lead_review(&self) -> Result<Option<Leads>, String> {
        if self.repo.is_ok() {
            return Ok(None);
        }
        let (trust, environment) = (LocalConfigTrust::Ignore, &self.environment);
        match open(&self.place, environment, trust, None) {
            Err(Opening::Failed(OpenError::LeadsOut(leads))) => Ok(Some(leads)),
            Err(Opening::Failed(error)) => Err(chain(&error)),
            Err(Opening::Held(hold)) => Err(hold.reason.message),
            Ok(_) => Ok(None),
        }
    }

    /// Trusts the links that a review shows.
    pub fn trust_leads(&self, leads: &Leads) -> Result<(), String> {
        let changed = self.trust_records()?.change(&leads.common_dir, |record| {
            for lead in leads.found.iter().map(trusted_lead) {
                record.git_dir.retain(|known| known.from != lead.from);
                record.git_dir.push(lead);
            }
        });
        changed.map_err(|error| chain(&error))
    }

    /// Returns what is trusted in the repository.
    pub fn trust_record(&self) -> Result<TrustRecord, String> {
        let record = self.trust_records()?.of(self.trust_repo()?.common_dir());
        let record = record.map_err(|error| chain(&error))?;
        Ok(record.unwrap_or_default())
    }

    /// Revokes trust in a key, in a remote by its URL, in `git-config`, in `git-dir`, or in everything. Returns how
    /// many entries were removed.
    pub fn revoke_trust(&self, what: Option<&str>) -> Result<usize, String> {
        let before = count(&self.trust_record()?);
        let common_dir = self.trust_repo()?.common_dir();
        self.change_trust(|record| match what {
            None => *record = TrustRecord::default(),
            Some("git-config") => record.git_config = None,
            Some("git-dir") => record.git_dir.clear(),
            Some(what) => {
                let id = RemoteUrl::parse(what).map(|url| remote_id(&url)).ok();
                record.keys.retain(|known| known.key != what);
                for known in [&mut record.remotes, &mut record.promisors] {
                    known.retain(|known| known != what && Some(known) != id.as_ref());
                }
            }
        })?;
        let now = self
            .trust_records()?
            .of(common_dir)
            .map_err(|error| chain(&error))?;
        Ok(before.saturating_sub(now.map_or(0, |record| count(&record))))
    }

    fn change_trust(&self, change: impl FnOnce(&mut TrustRecord)) -> Result<(), String> {
        let records = self.trust_records()?;
        let changed = records.change(self.trust_repo()?.common_dir(), change);
        changed.map_err(|error| chain(&error))
    }

    fn trust_records(&self) -> Result<TrustRecords, String> {
        let state = self.environment.state_directory();
        let state = state.ok_or("there is no state directory: set HOME")?;
        Ok(TrustRecords::below(&state))
    }

    fn trust_repo(&self) -> Result<&Repo, String> {
        let repo = self.repo.as_ref();
        let repo = repo.map_err(|hold| hold.reason.message.clone())?;
        repo.as_ref()
            .ok_or_else(|| "there is no git repository here".to_owned())
    }
}

fn changed_files(known: &TrustedKey, work_tree: &std::path::Path) -> Vec<String> {
    let files = known.files.iter().filter(|file| file.is_changed(work_tree));
    files.map(|file| file.path.clone()).collect()
}

fn count(record: &TrustRecord) -> usize {
    let config = usize::from(record.git_config.is_some());
    let places = record.remotes.len() + record.promisors.len() + record.git_dir.len();
    record.keys.len() + places + config
}

fn chain(error: &dyn std::error::Error) -> String {
    crate::reason::Reason::of(crate::reason::Code::TrustRecord, error).message
}
