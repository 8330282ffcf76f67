//! The pushes of one step: the same commit to every push URL, and what is recorded locally.

use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use jiff::Timestamp;
use sendoff_push::advertisement::Advertisement;
use sendoff_push::{Action, BoxError, LastSeen, Progress, PushError, Pushed};

use crate::failpoint::{Point, reach};
use crate::git::push::{BranchPush, BranchPushError, Promised, RefCount, TipSource, branch_tip};
use crate::git::{Remote, Repo};
use crate::names::{BranchName, RemoteUrl};
use crate::pipeline::{AdvertisedBranches, Destination, Logins, PolicyBase, read_beside_push};
use crate::policy::PushPermit;
use crate::reason::{Code, Reason};

use super::destinations::question;
use super::forge_questions::AskForge;
use super::record::PushRecord;

/// The pushes to all destinations. Owns its data, because it runs on a thread of its own.
pub(super) struct Work {
    pub(super) repo: Repo,
    pub(super) permit: PushPermit,
    pub(super) new: ObjectId,
    pub(super) destinations: Vec<Destination>,
    pub(super) promised: Promised,
    pub(super) set_upstream: bool,
    /// Whether the remote is asked once more.
    pub(super) verify: bool,
    /// Whether a branch that was rewritten replaces what is recorded.
    pub(super) rewrite: bool,
    pub(super) record: PushRecord,
    pub(super) now: Timestamp,
    pub(super) logins: Logins,
    pub(super) advertised: AdvertisedBranches,
    pub(super) policy_base: PolicyBase,
    pub(super) ask_forge: AskForge,
}

/// Whether the forge knows the repository of a destination: it knows that of the first push URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownToForge {
    Yes,
    No,
}

/// The result of the push to one destination.
pub(super) struct DestinationOutcome {
    pub(super) url: RemoteUrl,
    pub(super) pushed: Result<Pushed, BranchPushError>,
    /// Why the remote does not show what it reported; `None` where it does, or was not asked.
    pub(super) unverified: Option<String>,
    /// What could not be recorded locally. The remote has the branch all the same.
    pub(super) not_recorded: Vec<String>,
}

impl Work {
    /// Pushes to every place, as git does: one that refuses does not keep it from the others.
    pub(super) fn push_to_all(
        &self,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) -> Vec<DestinationOutcome> {
        let places = self.destinations.iter().enumerate();
        places
            .map(|(number, place)| {
                let of_forge = match number {
                    0 => KnownToForge::Yes,
                    _ => KnownToForge::No,
                };
                let pushed = self.push_to(place, of_forge, progress, stop);
                reach(Point::PushReported);
                self.follow_up(place, pushed, stop)
            })
            .collect()
    }

    /// Pushes to one place.
    fn push_to(
        &self,
        place: &Destination,
        of_forge: KnownToForge,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) -> Result<Pushed, BranchPushError> {
        let last_seen = || self.last_seen(&place.remote);
        let question = question(&self.repo, &self.permit, self.new, place);
        let facts = || match (of_forge, question.facts(stop)) {
            (KnownToForge::Yes, facts) => self.ask_forge.complete(facts, stop),
            (KnownToForge::No, facts) => facts,
        };
        let delivery = BranchPush {
            permit: &self.permit,
            remote: &place.remote,
            new: self.new,
            options: &place.push_options,
            promised: &self.promised,
            last_seen: &last_seen,
            advertised: &|advertisement| {
                // Whatever login the remote wanted is known.
                self.logins.settle();
                self.advertised.keep(advertisement.branches());
            },
            remote_facts: &facts,
            links: &|| self.repo.check_links(),
            still_valid: &|advertisement| {
                self.ask_forge.check_goes_on(stop)?;
                match of_forge {
                    // The policy base is a branch of the same repository.
                    KnownToForge::Yes => self.policy_still_valid(place, advertisement, stop),
                    KnownToForge::No => Ok(()),
                }
            },
            progress,
            stop,
        };
        let repo = self.repo.thread_local()?;
        let pushed = match self.recorded(place) {
            Some(recorded) => delivery.push_rewritten(&repo, recorded),
            None => delivery.push(&repo),
        };
        pushed.map_err(|error| self.with_reflog(error))
    }

    /// Records a push that arrived, asks the remote once more where that is wanted, and moves the tracking ref.
    fn follow_up(
        &self,
        place: &Destination,
        pushed: Result<Pushed, BranchPushError>,
        stop: &AtomicBool,
    ) -> DestinationOutcome {
        if let Ok(pushed) = &pushed {
            self.record.keep(&place.remote.url, pushed);
        }
        reach(Point::KeepPushed);
        let unverified = match &pushed {
            Ok(pushed) if self.verify => self.verify(place, pushed, stop),
            _ => None,
        };
        reach(Point::PushVerified);
        let not_recorded = match &pushed {
            Ok(pushed) if unverified.is_none() => self.note_down(&place.remote, pushed),
            _ => Vec::new(),
        };
        reach(Point::PushNoted);
        DestinationOutcome {
            unverified,
            url: place.remote.url.clone(),
            pushed,
            not_recorded,
        }
    }

    /// Compares the policy in use with the one that the remote has now.
    fn policy_still_valid(
        &self,
        place: &Destination,
        advertisement: &Advertisement,
        stop: &AtomicBool,
    ) -> Result<(), BoxError> {
        let branch = self.policy_base.branch().map(BranchName::full);
        let tip = branch.and_then(|full| advertisement.find(full.as_bytes().as_bstr()));
        let source = TipSource {
            remote: &place.remote,
            options: &place.push_options,
            directory: &self.promised.directory,
            stop,
        };
        let read = |commit| {
            let found = read_beside_push(&self.repo, source, commit);
            found.or_else(|why| self.ask_forge.policy(commit, stop).ok_or(why))
        };
        Ok(self.policy_base.check(tip, read)?)
    }

    /// Returns what the place may lose: what was pushed to it from here.
    fn recorded(&self, place: &Destination) -> Option<ObjectId> {
        let record = self.rewrite.then_some(&self.record)?;
        record.tip(&place.remote.url)
    }

    /// Asks the remote once more, and says what is wrong when it does not show the pushed commit. What it
    /// said that it has already, it has just shown.
    fn verify(&self, place: &Destination, pushed: &Pushed, stop: &AtomicBool) -> Option<String> {
        if pushed.action == Action::UpToDate {
            return None;
        }
        let branch = self.permit.branch();
        let directory = self.repo.work_tree().unwrap_or(self.repo.git_dir());
        let asked = branch_tip(
            &place.remote.url,
            directory,
            &place.push_options,
            branch,
            RefCount::of(pushed.listed),
            stop,
        );
        let (remote, new) = (&place.remote.name, pushed.new.to_hex_with_len(8));
        match asked {
            Ok(Some(tip)) if tip == pushed.new => None,
            Ok(Some(tip)) => Some(format!(
                "{remote} reported that {branch} is at {new}, and shows it at {}",
                tip.to_hex_with_len(8)
            )),
            Ok(None) => Some(format!(
                "{remote} reported that {branch} is at {new}, and shows no such branch"
            )),
            Err(error) => Some(format!(
                "{remote} reported that {branch} is at {new}, and cannot be asked for it: {error}"
            )),
        }
    }

    /// Distinguishes a branch that was rewritten here, as by `git commit --amend` or `git reset`, from one that others pushed to.
    fn with_reflog(&self, mut error: BranchPushError) -> BranchPushError {
        if let BranchPushError::Push(PushError::Diverged {
            divergence, old, ..
        }) = &mut error
            && self.repo.branch_was_at(self.permit.branch(), *old)
        {
            *divergence = divergence.of_own_commit();
        }
        error
    }

    /// Returns what the remote is remembered to have. A memory that cannot be read is none.
    fn last_seen(&self, remote: &Remote) -> LastSeen {
        let branches = self.repo.remote_tips(remote).unwrap_or_default();
        let own = self.repo.tracking_tip(remote, self.permit.branch());
        LastSeen {
            branch: own.ok().flatten(),
            tips: branches.into_iter().map(|(_, tip)| tip).collect(),
        }
    }

    /// Moves the tracking ref and sets the upstream, and returns what of it did not work.
    fn note_down(&self, remote: &Remote, pushed: &Pushed) -> Vec<String> {
        let branch = self.permit.branch();
        let mut not_recorded = Vec::new();
        if let Err(error) = self
            .repo
            .update_tracking(remote, branch, pushed.new, self.now)
        {
            let why = Reason::of(Code::BadRef, &error);
            not_recorded.push(format!("the tracking ref was not moved: {why}"));
        }
        if self.set_upstream
            && let Err(error) = self.repo.set_upstream(remote, branch)
        {
            not_recorded.push(error.to_string());
        }
        not_recorded
    }
}
