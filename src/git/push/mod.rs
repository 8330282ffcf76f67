//! A push as sendoff does it: with a permit, over its transports, after the hook and the check of submodules.

mod error;
mod head;
mod pre_push;
mod promisor;
mod submodules;
mod tip_file;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::refs::{FullName, FullNameRef};
use sendoff_push::advertisement::Advertisement;
use sendoff_push::commands::{RefUpdate, RequestError};
use sendoff_push::{
    Borrowed, BoxError, ClassifiedError, Connection, LastSeen, LocalChecks, Progress, Promisor,
    PushError, PushOutcome, PushRequest, Pushed, Redact, Transport,
};

use crate::git::transport::Target;
use crate::git::{OpenError, Remote, transport};
use crate::policy::{PushPermit, RemoteFacts};
use crate::secrets::KnownSecrets;

use self::promisor::PromisedObjects;

pub use error::{BranchPushError, LocalCheckError};
pub use head::{HeadQuestion, is_one_at_a_time};
pub use promisor::{Promised, PromisorRemote};
pub use tip_file::{TipFileError, TipSource, local_tip_file, tip_file};

pub use crate::git::transport::{
    AllowFile, AllowGit, AuthCache, AuthNeed, HeadRecord, HookTerminal, KeptClient, LocalOptions,
    PushOptions, Reached, RedirectPlaces, RedirectRule, RefCount, ServiceCommands, Submodules,
    TransportError, branch_tip, head_tip, probe, remote_head,
};

/// The push of one commit to one branch that a permit names.
pub struct BranchPush<'a> {
    /// The permit to update one branch, which is the destination.
    pub permit: &'a PushPermit,
    /// The remote.
    pub remote: &'a Remote,
    /// The commit that the branch is to be at.
    pub new: ObjectId,
    /// How the remote may be reached, and what is done before anything is sent.
    pub options: &'a PushOptions,
    /// Where objects are found that a partial clone left out.
    pub promised: &'a Promised,
    /// Tells what the remote was seen to have; asked at most once, while the remote is being asked.
    pub last_seen: &'a dyn Fn() -> LastSeen,
    /// Called when the remote has listed its refs, before anything is sent.
    pub advertised: &'a dyn Fn(&Advertisement),
    /// Tells what is known of this destination. Asked right before anything is sent, and only where the destination has the
    /// branch: one that it does not list is the default branch of nothing.
    pub remote_facts: &'a (dyn Fn() -> RemoteFacts + Sync),
    /// Refuses links in the place of git's directories that came since the repository was opened: asked after a hook has run, and
    /// when it is known what is sent, before the pack is written.
    pub links: &'a dyn Fn() -> Result<(), OpenError>,
    /// Compares what the push was begun with with what the remote advertises, right before anything is sent.
    pub still_valid: &'a dyn Fn(&Advertisement) -> Result<(), BoxError>,
    /// Receives the progress.
    pub progress: &'a dyn Progress,
    /// Set from another thread to stop the push.
    pub stop: &'a AtomicBool,
}

impl fmt::Debug for BranchPush<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BranchPush")
            .field("remote", &self.remote)
            .field("branch", &self.permit.branch())
            .field("new", &self.new)
            .finish_non_exhaustive()
    }
}

impl BranchPush<'_> {
    /// Pushes as [`sendoff_push::push`] does.
    pub fn push(&self, repo: &gix::Repository) -> Result<Pushed, BranchPushError> {
        self.request(repo, |request| sendoff_push::push(repo, request))
    }

    /// Pushes as [`sendoff_push::push_with_lease`] does.
    pub fn push_with_lease(
        &self,
        repo: &gix::Repository,
        expected: Option<ObjectId>,
    ) -> Result<Pushed, BranchPushError> {
        self.request(repo, |request| {
            sendoff_push::push_with_lease(repo, request, expected)
        })
    }

    /// Pushes as [`sendoff_push::push_rewritten`] does.
    pub fn push_rewritten(
        &self,
        repo: &gix::Repository,
        recorded: ObjectId,
    ) -> Result<Pushed, BranchPushError> {
        self.request(repo, |request| {
            sendoff_push::push_rewritten(repo, request, recorded)
        })
    }

    /// Deletes as [`sendoff_push::delete_with_lease`] does.
    pub fn delete_with_lease(
        &self,
        repo: &gix::Repository,
        expected: ObjectId,
    ) -> Result<Pushed, BranchPushError> {
        self.request(repo, |request| {
            sendoff_push::delete_with_lease(repo, request, expected)
        })
    }

    fn request(
        &self,
        repo: &gix::Repository,
        push: impl FnOnce(&PushRequest<'_>) -> Result<PushOutcome, PushError>,
    ) -> Result<Pushed, BranchPushError> {
        let name = self.permit.branch().full();
        let branch = FullName::try_from(name.as_str())
            .map_err(|_| PushError::Request(RequestError::Name(name.into())))?;
        let transport = UrlTransport {
            remote: self.remote,
            directory: repo.workdir().unwrap_or_else(|| repo.git_dir()).to_owned(),
            options: self.options,
            stop: self.stop,
            branch: branch.as_ref(),
            new: self.new,
            remote_facts: self.remote_facts,
        };
        let confirm = |destination: &[u8], advertisement: &Advertisement| {
            let facts = match advertisement.find(destination.as_bstr()) {
                Some(tip) => (self.remote_facts)().of_branch_at(tip),
                None => RemoteFacts::without_head(),
            };
            self.permit.confirm(destination, &facts)?;
            (self.still_valid)(advertisement)
        };
        let limit = self.options.push_size;
        let checks = Checks {
            push: self,
            repo,
            promised: PromisedObjects::new(repo, self.promised, limit, self.stop),
        };
        let outcome = push(&PushRequest {
            branch: branch.as_ref(),
            transport: &transport,
            local: &checks,
            new: self.new,
            push_options: &self.options.local.push_options,
            push_size: self.options.push_size,
            borrowed: Borrowed::Held,
            last_seen: self.last_seen,
            confirm: &confirm,
            agent: concat!("sendoff/", env!("CARGO_PKG_VERSION")),
            progress: self.progress,
            stop: self.stop,
        })?;
        match outcome {
            PushOutcome::Pushed(pushed) => Ok(pushed),
            PushOutcome::Rejected(rejected) => Err(BranchPushError::Rejected(rejected)),
        }
    }
}

impl Redact for KnownSecrets {
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Self::hide(self, text)
    }
}

/// The transport that the remote's URL names.
struct UrlTransport<'a> {
    remote: &'a Remote,
    /// What a relative path of a `file` remote starts from.
    directory: PathBuf,
    options: &'a PushOptions,
    stop: &'a AtomicBool,
    branch: &'a FullNameRef,
    new: ObjectId,
    remote_facts: &'a (dyn Fn() -> RemoteFacts + Sync),
}

impl Transport for UrlTransport<'_> {
    fn remote(&self) -> &str {
        self.remote.name.as_str()
    }

    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>> {
        let target = Target {
            url: &self.remote.url,
            directory: &self.directory,
            options: self.options,
            stop: self.stop,
        };
        if head::may_be_asked_alone(&self.options.head, &self.remote.url) {
            let open = || Ok(transport::open_receive_pack(target)?);
            return head::open_after_question(self.branch, self.new, self.remote_facts, &open);
        }
        Ok(transport::open_receive_pack(target)?)
    }

    fn redact(&self) -> &dyn Redact {
        &self.options.known
    }
}

/// The hook and the check of submodules, as the policy asks for them.
struct Checks<'a> {
    push: &'a BranchPush<'a>,
    repo: &'a gix::Repository,
    promised: PromisedObjects<'a>,
}

impl LocalChecks for Checks<'_> {
    fn advertised(&self, advertisement: &Advertisement) {
        (self.push.advertised)(advertisement);
    }

    fn has_hook(&self) -> bool {
        self.push.options.local.hook.is_some()
    }

    fn run_hook(&self, update: Option<&RefUpdate>) -> Result<(), Box<dyn ClassifiedError>> {
        pre_push::run(self.push, update)?;
        Ok((self.push.links)().map_err(LocalCheckError::Links)?)
    }

    fn promisor(&self) -> Option<&dyn Promisor> {
        self.promised.is_some().then_some(&self.promised)
    }

    fn check(
        &self,
        commits: &mut dyn Iterator<Item = ObjectId>,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        (self.push.links)().map_err(LocalCheckError::Links)?;
        // The guard counted by the tracking refs, which can differ from what the remote has.
        let limit = self.push.options.commits;
        let commits: Vec<ObjectId> = commits.take(limit.saturating_add(1)).collect();
        if commits.len() > limit {
            return Err(LocalCheckError::TooManyCommits { limit }.into());
        }
        let mut commits = commits.into_iter();
        match self.push.options.local.submodules {
            Submodules::Check => {
                let fetched = self.promised.repository();
                let repo = fetched.as_ref().unwrap_or(self.repo);
                Ok(submodules::check(repo, &mut commits, self.push.stop)?)
            }
            Submodules::Ignore => Ok(()),
        }
    }
}
