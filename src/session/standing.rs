//! `Standing`: the state of a work tree, which a worker polls.

use std::path::PathBuf;
use std::time::Duration;

use crate::environment::Environment;
use crate::git::{LocalConfigTrust, Operation, Repo};
use crate::pipeline::Hold;
use crate::policy::Limits;
use crate::secrets::KnownSecrets;
use crate::store::{Place, Slot};

use super::{NamedRepository, Request, load};

/// The state of a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// This operation is in progress.
    During(Operation),
    /// HEAD is on this branch, and nothing is in progress.
    On(Slot),
    /// Neither: HEAD is detached, or there is no repository.
    Elsewhere,
}

/// Returns the state of the work tree of a place.
pub fn standing(place: &Place, environment: &Environment) -> Standing {
    let Ok(Some(repo)) = open(place, environment) else {
        return Standing::Elsewhere;
    };
    if let Some(operation) = repo.operation() {
        return Standing::During(operation);
    }
    match repo.head() {
        Ok(head) => head.branch().map_or(Standing::Elsewhere, |branch| {
            Standing::On(Slot {
                repository: repo.common_dir().to_owned(),
                branch: branch.to_string(),
            })
        }),
        Err(_) => Standing::Elsewhere,
    }
}

/// Returns the repository at a place, by the names that slots have for it: that of all its work trees, and that of this one
/// while an operation hides the branch.
pub fn repository_names(place: &Place, environment: &Environment) -> Option<[PathBuf; 2]> {
    let repo = open(place, environment).ok().flatten()?;
    Some([repo.common_dir().to_owned(), repo.git_dir().to_owned()])
}

/// The times that the policy sets for a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShipTimes {
    /// How long a commit must be the newest before it is pushed.
    pub settle: Duration,
    /// How long a transient failure is tried again.
    pub deadline: Duration,
}

/// Returns the times of the policy that holds at a place.
pub fn ship_times(place: &Place, environment: &Environment, known: &KnownSecrets) -> ShipTimes {
    let request = Request {
        directory: Some(place.directory.clone()),
        known: known.clone(),
        ..Request::default()
    };
    let repo = open(place, environment).ok().flatten();
    let loaded = load::outside(&request, environment.clone())
        .and_then(|(loaded, _)| load::inside(loaded, repo.as_ref(), environment));
    let usual = || ShipTimes {
        settle: Duration::ZERO,
        deadline: Limits::default().deadline.duration(),
    };
    loaded.map_or_else(
        |_| usual(),
        |loaded| ShipTimes {
            settle: crate::steps::push_settle(&loaded.policy),
            deadline: loaded.policy.limits().deadline.duration(),
        },
    )
}

fn open(place: &Place, environment: &Environment) -> Result<Option<Repo>, Hold> {
    let place = match &place.git_dir {
        Some(git_dir) => load::RepositoryChoice::Named(NamedRepository {
            git_dir: git_dir.clone(),
            work_tree: place.work_tree.clone(),
        }),
        None => load::RepositoryChoice::Directory(place.directory.clone()),
    };
    load::discover(&place, environment, LocalConfigTrust::Ignore)
}
