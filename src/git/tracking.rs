//! Remote-tracking refs: which ref tracks a branch, the tips they hold, and the update after a push.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::lock::acquire::Fail;
use gix::refs::Target;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};

use crate::names::BranchName;

use super::Repo;
use super::refs::{RefError, RefProblem, full_name};
use super::remote::Remote;

/// The most tracked branches that are listed.
pub(super) const MAX_TIPS: usize = 200_000;
/// The most refspecs that are searched for one branch.
const MAX_SINGLE: usize = 10_000;
/// The most refspecs that are searched for many branches.
const MAX_PATTERNS: usize = 64;
/// How long to wait for another process that holds a ref's lock.
const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

impl Remote {
    /// Returns the full name of the ref that tracks `branch`, by the fetch refspecs.
    ///
    /// Nothing when the branch is not fetched, or to somewhere else than `refs/remotes/`.
    pub fn tracking_ref(&self, branch: &BranchName) -> Option<String> {
        let source = branch.full();
        let excluded = self.specs().any(|spec| {
            let pattern = spec.strip_prefix('^');
            pattern.is_some_and(|pattern| wildcard(pattern, &source).is_some())
        });
        if excluded {
            return None;
        }
        self.specs().find_map(|spec| {
            let (from, to) = spec.strip_prefix('+').unwrap_or(spec).split_once(':')?;
            let middle = wildcard(from, &source)?;
            let target = to.replacen('*', middle, 1);
            (target.starts_with("refs/remotes/") && full_name(&target).is_ok()).then_some(target)
        })
    }

    /// Returns the refspecs that are UTF-8: branch names are.
    fn specs(&self) -> impl Iterator<Item = &str> {
        self.fetch_specs
            .iter()
            .filter_map(|spec| spec.to_str().ok())
    }
}

/// The refspecs that track branches, each once: a file can repeat one ten thousand times.
struct TrackingSpecs<'r> {
    /// The refs that track one branch, and that branch.
    single: BTreeMap<&'r str, &'r str>,
    /// Patterns of branches and of the refs that track them.
    patterns: Vec<(&'r str, &'r str)>,
}

impl<'r> TrackingSpecs<'r> {
    fn of(remote: &'r Remote) -> Self {
        let mut found = Self {
            single: BTreeMap::new(),
            patterns: Vec::new(),
        };
        for spec in remote.specs() {
            let Some((from, to)) = spec.strip_prefix('+').unwrap_or(spec).split_once(':') else {
                continue;
            };
            if !to.starts_with("refs/remotes/") {
                continue;
            }
            if !to.contains('*') {
                if found.single.len() < MAX_SINGLE {
                    found.single.entry(to).or_insert(from);
                }
            } else if found.patterns.len() < MAX_PATTERNS && !found.patterns.contains(&(from, to)) {
                found.patterns.push((from, to));
            }
        }
        found
    }

    /// Returns the beginnings of the tracking refs, none within another.
    fn prefixes(&self) -> Vec<&'r str> {
        let beginning = |(_, to): &(&'r str, &'r str)| to.split('*').next().unwrap_or(to);
        let mut prefixes: Vec<&str> = self.patterns.iter().map(beginning).collect();
        prefixes.sort_unstable();
        prefixes.dedup_by(|next, kept| next.starts_with(*kept));
        prefixes
    }

    /// Returns the remote's branch of a tracking ref.
    fn branch(&self, full: &str) -> Option<BranchName> {
        self.patterns.iter().find_map(|(from, to)| {
            let source = from.replacen('*', wildcard(to, full)?, 1);
            BranchName::new(source.strip_prefix("refs/heads/")?).ok()
        })
    }
}

/// Returns what `*` in `pattern` matches of `name`, or `None` when they do not match.
fn wildcard<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(""),
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
    }
}

impl Repo {
    /// Returns the tip of the remote's `branch`, as its tracking ref has it.
    pub fn tracking_tip(
        &self,
        remote: &Remote,
        branch: &BranchName,
    ) -> Result<Option<ObjectId>, RefError> {
        match remote.tracking_ref(branch) {
            Some(full) => self.ref_tip_if_whole(&full),
            None => Ok(None),
        }
    }

    /// Returns the tracked branches of the remote with their tips, sorted by name. At most two hundred thousand of
    /// them, and only by some of the refspecs: for a certain branch, ask for its tip.
    pub fn remote_tips(&self, remote: &Remote) -> Result<Vec<(BranchName, ObjectId)>, RefError> {
        let specs = TrackingSpecs::of(remote);
        let mut tips = Vec::new();
        for (to, from) in &specs.single {
            let branch = from.strip_prefix("refs/heads/");
            let branch = branch.and_then(|name| BranchName::new(name).ok());
            tips.extend(branch.zip(self.ref_tip_if_whole(to)?));
        }
        // One after the other, however many refspecs there are.
        for prefix in specs.prefixes() {
            self.each_ref_below(prefix, &mut |found| {
                // A symbolic ref here is the remote's HEAD.
                let Target::Object(id) = found.target else {
                    return ControlFlow::Continue(());
                };
                let name = found.name.as_bstr().to_str().ok();
                tips.extend(
                    name.and_then(|name| specs.branch(name))
                        .map(|name| (name, id)),
                );
                if tips.len() < MAX_TIPS {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
        }
        tips.sort();
        tips.dedup();
        Ok(tips)
    }

    /// Moves the tracking ref of `branch` to `new`, as git does after a push; `at` is recorded in the reflog.
    ///
    /// Returns the name of the ref, or `None` when the branch is not tracked. Needs no identity.
    pub fn update_tracking(
        &self,
        remote: &Remote,
        branch: &BranchName,
        new: ObjectId,
        at: jiff::Timestamp,
    ) -> Result<Option<String>, RefError> {
        let Some(full) = remote.tracking_ref(branch) else {
            return Ok(None);
        };
        self.check_name_conflict(&full)?;
        self.check_writable(&full_name(&full)?)?;
        let edit = RefEdit {
            change: Change::Update {
                log: LogChange {
                    mode: RefLog::AndReference,
                    force_create_reflog: false,
                    message: "update by push".into(),
                },
                expected: PreviousValue::Any,
                new: Target::Object(new),
            },
            name: full_name(&full)?,
            deref: false,
        };
        let name = self.config().string("user.name");
        let email = self.config().string("user.email");
        let author = gix::actor::Signature {
            name: reflog_safe(name.as_deref().unwrap_or("sendoff")),
            email: reflog_safe(email.as_deref().unwrap_or("sendoff@localhost")),
            time: gix::date::Time::new(at.as_second(), 0),
        };
        let mut time = gix::date::parse::TimeBuf::default();
        let wait = Fail::AfterDurationWithBackoff(LOCK_TIMEOUT);
        let failed = |error: gix::Error| write_error(&full, &error);
        self.refs
            .transaction()
            .prepare([edit], wait, wait)
            .map_err(failed)?
            .commit(Some(author.to_ref(&mut time)))
            .map_err(failed)?;
        Ok(Some(full))
    }
}

impl Repo {
    /// Takes the tracking ref of `branch` away, as git does when it has deleted the branch.
    pub fn forget_tracking(&self, remote: &Remote, branch: &BranchName) -> Result<(), RefError> {
        let Some(full) = remote.tracking_ref(branch) else {
            return Ok(());
        };
        if self.ref_tip(&full)?.is_none() {
            return Ok(());
        }
        self.check_writable(&full_name(&full)?)?;
        let edit = RefEdit {
            change: Change::Delete {
                expected: PreviousValue::Any,
                log: RefLog::AndReference,
            },
            name: full_name(&full)?,
            deref: false,
        };
        let wait = Fail::AfterDurationWithBackoff(LOCK_TIMEOUT);
        let failed = |error: gix::Error| write_error(&full, &error);
        let prepared = self.refs.transaction().prepare([edit], wait, wait);
        prepared.map_err(failed)?.commit(None).map_err(failed)?;
        Ok(())
    }

    /// Refuses a new ref whose name is a prefix of another ref's, or the other way round: gitoxide
    /// does not check packed refs for that.
    fn check_name_conflict(&self, full: &str) -> Result<(), RefError> {
        if self.ref_tip(full)?.is_some() {
            return Ok(());
        }
        let conflict = |other: &str| RefError::Conflict {
            name: full.to_owned(),
            other: other.to_owned(),
        };
        for (end, _) in full.match_indices('/').skip(2) {
            let above = full.get(..end).unwrap_or_default();
            if self.ref_tip(above)?.is_some() {
                return Err(conflict(above));
            }
        }
        let below = format!("{full}/");
        let mut any = false;
        self.each_ref_below(&below, &mut |_| {
            any = true;
            ControlFlow::Break(())
        })?;
        if any { Err(conflict(&below)) } else { Ok(()) }
    }
}

/// Removes what would break a line of the reflog.
fn reflog_safe(text: &str) -> BString {
    let kept = text
        .chars()
        .filter(|c| !c.is_control() && !"<>".contains(*c));
    BString::from(kept.collect::<String>().trim())
}

/// Tells a lock that another process holds, which gitoxide reports as retryable, from other failures.
fn write_error(full: &str, error: &gix::Error) -> RefError {
    if error.is_retryable() {
        return RefError::Locked(full.to_owned());
    }
    RefError::Write {
        name: full.to_owned(),
        source: RefProblem::of(error),
    }
}
