//! What is kept about a remote from one run to the next, in the state directory: what its HEAD names, and whether it
//! requires a login. A record can only save a request.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::files::{self, Links};
use crate::git::push::AuthNeed;
use crate::names::{BranchName, RemoteUrl};

/// How long a verified HEAD is used without asking.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long a remote that required a login is assumed to require one, without being asked.
const WANTS_A_LOGIN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A record is one short line of JSON, in bytes.
const RECORD_LIMIT: u64 = 8 << 10;

/// What is kept about one remote.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    url: String,
    head: Option<VerifiedHead>,
    login: Option<Login>,
    /// When it did; absent in records of older versions.
    login_seen_at: Option<Timestamp>,
}

/// What the remote's HEAD named, and when.
#[derive(Debug, Serialize, Deserialize)]
struct VerifiedHead {
    branch: BranchName,
    verified_at: Timestamp,
}

/// Whether the remote wants a login.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Login {
    Wanted,
    NotWanted,
}

/// The records: one file a remote.
#[derive(Debug, Clone)]
pub(super) struct RemoteRecords {
    directory: Option<PathBuf>,
}

impl RemoteRecords {
    /// Opens the records below the state directory; without one nothing is kept.
    pub(super) fn below(state: Option<PathBuf>) -> Self {
        Self {
            directory: state.map(|state| state.join("remotes")),
        }
    }

    /// Returns what the HEAD of `url` names when it was verified within a day.
    pub(super) fn head(&self, url: &RemoteUrl, now: Timestamp) -> Option<BranchName> {
        let head = self.read(url)?.head?;
        let age = now.duration_since(head.verified_at);
        let is_fresh = age >= SignedDuration::ZERO && age < FRESH_FOR;
        is_fresh.then_some(head.branch)
    }

    /// Keeps a HEAD that the remote just gave. What cannot be kept has to be asked for again.
    pub(super) fn keep_head(&self, url: &RemoteUrl, head: &BranchName, now: Timestamp) {
        self.change(url, |record| {
            record.head = Some(VerifiedHead {
                branch: head.clone(),
                verified_at: now,
            });
        });
    }

    /// Returns whether `url` is assumed to require a login.
    ///
    /// A remote that gets a login with the first request never says whether it still requires one. So after 30 days
    /// it is asked without one; when it requires a login then, that holds for the next 30 days. A remote that starts
    /// to require a login says so by itself.
    pub(super) fn login(&self, url: &RemoteUrl, now: Timestamp) -> Option<AuthNeed> {
        let record = self.read(url)?;
        let age = record.login_seen_at.map(|at| now.duration_since(at));
        let is_fresh =
            age.is_some_and(|age| age >= SignedDuration::ZERO && age < WANTS_A_LOGIN_FOR);
        Some(match record.login? {
            Login::Wanted if is_fresh => AuthNeed::Required,
            Login::Wanted | Login::NotWanted => AuthNeed::NotRequired,
        })
    }

    /// Keeps whether `url` required a login.
    pub(super) fn keep_login(&self, url: &RemoteUrl, seen: AuthNeed, now: Timestamp) {
        self.change(url, |record| {
            record.login_seen_at = Some(now);
            record.login = Some(match seen {
                AuthNeed::Required => Login::Wanted,
                AuthNeed::NotRequired => Login::NotWanted,
            });
        });
    }

    fn read(&self, url: &RemoteUrl) -> Option<Record> {
        let path = self.path(url)?;
        let bytes = files::read(&path, RECORD_LIMIT, Links::Refused).ok()??;
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        (record.url == url.to_string()).then_some(record)
    }

    fn change(&self, url: &RemoteUrl, change: impl FnOnce(&mut Record)) {
        let mut record = self.read(url).unwrap_or_default();
        record.url = url.to_string();
        change(&mut record);
        let kept = self.path(url).map(|path| write(&path, &record));
        if let Some(Err(error)) = kept {
            tracing::debug!(%error, "the record of a remote was not kept");
        }
    }

    /// Returns where the record of `url` is kept. The name reveals nothing about the URL.
    fn path(&self, url: &RemoteUrl) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(file_name(url)?))
    }
}

/// Returns the name of a file about `url`.
pub(super) fn file_name(url: &RemoteUrl) -> Option<String> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    // With the user, because a server may show each user another repository. The password is not in it.
    hasher.update(url.to_string().as_bytes());
    let id = hasher.try_finalize().ok()?;
    Some(format!("{id}.json"))
}

/// Writes a record.
pub(super) fn write(path: &Path, record: &impl Serialize) -> std::io::Result<()> {
    files::replace(path, &serde_json::to_vec(record)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_login_that_was_wanted_is_shown_for_thirty_days() {
        let directory = tempfile::tempdir().unwrap();
        let records = RemoteRecords::below(Some(directory.path().to_owned()));
        let url = RemoteUrl::parse("https://git.example.test/o/r.git").unwrap();
        let clock = Clock::Fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let after = |hours: i64| clock.now() + SignedDuration::from_hours(hours);
        assert_eq!(records.login(&url, clock.now()), None);
        records.keep_login(&url, AuthNeed::Required, clock.now());
        for hours in [0, 1, 30 * 24 - 1] {
            assert_eq!(records.login(&url, after(hours)), Some(AuthNeed::Required));
        }
        // A clock that was wrong when it was written is no reason to show it for ever.
        for hours in [30 * 24, 300 * 24, -1] {
            assert_eq!(
                records.login(&url, after(hours)),
                Some(AuthNeed::NotRequired)
            );
        }
        // The remote said that it wants one still.
        records.keep_login(&url, AuthNeed::Required, after(30 * 24));
        assert_eq!(
            records.login(&url, after(31 * 24)),
            Some(AuthNeed::Required)
        );
        records.keep_login(&url, AuthNeed::NotRequired, after(0));
        for hours in [0, 300 * 24] {
            assert_eq!(
                records.login(&url, after(hours)),
                Some(AuthNeed::NotRequired)
            );
        }
    }

    #[test]
    fn a_record_without_a_date_is_asked_for_again() {
        let directory = tempfile::tempdir().unwrap();
        let records = RemoteRecords::below(Some(directory.path().to_owned()));
        let url = RemoteUrl::parse("https://git.example.test/o/r.git").unwrap();
        let record = r#"{"url":"https://git.example.test/o/r.git","head":null,"login":"wanted"}"#;
        let path = records.path(&url).unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, record).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(records.login(&url, now), Some(AuthNeed::NotRequired));
    }
}
