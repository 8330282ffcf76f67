//! A push as this house delivers it: the transports, the logins, the hook and the look at submodules.

mod around;
mod hook;
mod submodules;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullName;
use sendoff_push::advertisement::Advertisement;
use sendoff_push::commands::{RefUpdate, RequestError};
use sendoff_push::{
    Cause, Hide, LastSeen, Link, Local, Progress, PushError, PushOrder, Pushed, Service, Transport,
};

use crate::git::transport::Target;
use crate::git::{Remote, transport};
use crate::policy::{PushPermit, RemoteFacts};
use crate::secrets::KnownSecrets;

pub use around::Around;
pub use submodules::Submodules;

pub use crate::git::transport::{
    AllowFile, AllowGit, LoginHabit, LoginUse, PushOptions, remote_head,
};

/// One push: a commit, a permit for a branch, and the way to its remote.
pub struct Delivery<'a> {
    /// The leave to update one branch, which is the destination.
    pub permit: &'a PushPermit,
    /// Where to.
    pub remote: &'a Remote,
    /// The commit that the branch is to be at.
    pub new: ObjectId,
    /// How the remote may be reached, and what is done around the push.
    pub options: &'a PushOptions,
    /// Tells what the remote was seen to have; asked at most once, while the remote is being asked.
    pub last_seen: &'a dyn Fn() -> LastSeen,
    /// Tells what is known of the remote; asked once, right before anything is sent.
    pub remote_facts: &'a dyn Fn() -> RemoteFacts,
    /// Who hears how far it has come.
    pub progress: &'a dyn Progress,
    /// Set from elsewhere when the push should end.
    pub stop: &'a AtomicBool,
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("remote", &self.remote)
            .field("branch", &self.permit.branch())
            .field("new", &self.new)
            .finish_non_exhaustive()
    }
}

impl Delivery<'_> {
    /// Pushes as [`sendoff_push::push`] does.
    pub fn push(&self, repo: &gix::Repository) -> Result<Pushed, PushError> {
        self.ordered(repo, |order| sendoff_push::push(repo, order))
    }

    /// Pushes as [`sendoff_push::push_with_lease`] does.
    pub fn push_with_lease(
        &self,
        repo: &gix::Repository,
        expected: Option<ObjectId>,
    ) -> Result<Pushed, PushError> {
        self.ordered(repo, |order| {
            sendoff_push::push_with_lease(repo, order, expected)
        })
    }

    fn ordered(
        &self,
        repo: &gix::Repository,
        push: impl FnOnce(&PushOrder<'_>) -> Result<Pushed, PushError>,
    ) -> Result<Pushed, PushError> {
        let name = self.permit.branch().full();
        let branch = FullName::try_from(name.as_str())
            .map_err(|_| PushError::Request(RequestError::Name(name.into())))?;
        let way = Way {
            remote: self.remote,
            directory: repo.workdir().unwrap_or_else(|| repo.git_dir()).to_owned(),
            options: self.options,
            stop: self.stop,
        };
        let confirm = |destination: &[u8], _: &Advertisement| {
            let confirmed = self.permit.confirm(destination, &(self.remote_facts)());
            confirmed.map_err(Cause::from)
        };
        push(&PushOrder {
            branch: branch.as_ref(),
            transport: &way,
            local: &Here {
                delivery: self,
                repo,
            },
            new: self.new,
            push_options: &self.options.around.push_options,
            push_size: self.options.push_size,
            last_seen: self.last_seen,
            confirm: &confirm,
            agent: concat!("sendoff/", env!("CARGO_PKG_VERSION")),
            progress: self.progress,
            stop: self.stop,
        })
    }
}

impl Hide for KnownSecrets {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Self::hide(self, text)
    }
}

/// The way to the remote, over the transport that its URL names.
struct Way<'a> {
    remote: &'a Remote,
    /// What a relative path of a `file` remote starts from.
    directory: PathBuf,
    options: &'a PushOptions,
    stop: &'a AtomicBool,
}

impl Transport for Way<'_> {
    fn remote(&self) -> &str {
        self.remote.name.as_str()
    }

    fn open(&self, service: Service) -> Result<Box<dyn Link + '_>, PushError> {
        let target = Target {
            url: &self.remote.url,
            directory: &self.directory,
            options: self.options,
            stop: self.stop,
        };
        transport::open(target, service)
    }

    fn hide(&self) -> &dyn Hide {
        &self.options.known
    }
}

/// What is done on this side first, as the policy wants it.
struct Here<'a> {
    delivery: &'a Delivery<'a>,
    repo: &'a gix::Repository,
}

impl Local for Here<'_> {
    fn has_hook(&self) -> bool {
        self.delivery.options.around.hook.is_some()
    }

    fn run_hook(&self, update: Option<&RefUpdate>) -> Result<(), PushError> {
        hook::run(self.delivery, update)
    }

    fn check(&self, commits: &mut dyn Iterator<Item = ObjectId>) -> Result<(), PushError> {
        match self.delivery.options.around.submodules {
            Submodules::Check => submodules::check(self.repo, commits, self.delivery.stop),
            Submodules::Ignore => Ok(()),
        }
    }
}
