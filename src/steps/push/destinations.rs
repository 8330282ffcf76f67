//! Where a push goes: its destinations, what is asked of them, and where promised objects come from.

use std::env;

use gix::ObjectId;

use crate::environment::Environment;
use crate::git::push::{HeadQuestion, KeptClient, LocalOptions, Promised};
use crate::git::{Repo, is_true};
use crate::pipeline::{Destination, Shipment};
use crate::policy::PushPermit;
use crate::reason::{Code, Reason};

/// Returns the destinations, in git's order.
pub(super) fn destinations(
    shipment: &Shipment,
    local: &LocalOptions,
    verify: bool,
) -> Vec<Destination> {
    let first = Destination {
        remote: shipment.remote.clone(),
        push_options: shipment.push_options.clone(),
    };
    let all = std::iter::once(first).chain(shipment.also.iter().cloned());
    all.map(|mut destination| {
        destination.push_options.local = local.clone();
        destination.push_options.kept_client = verify.then(KeptClient::default);
        destination
    })
    .collect()
}

/// Prepares the question for what the destination's HEAD names. As far as is known locally, the destination has the
/// branch at another commit: then the answer is needed, and is asked for beside the handshake.
pub(super) fn question(
    repo: &Repo,
    permit: &PushPermit,
    new: ObjectId,
    place: &Destination,
) -> HeadQuestion {
    let (url, options) = (&place.remote.url, &place.push_options);
    let directory = repo.work_tree().unwrap_or(repo.git_dir());
    let question = HeadQuestion::new(url, directory, options);
    let seen = repo.tracking_tip(&place.remote, permit.branch()).ok();
    if seen.flatten().is_some_and(|seen| seen != new) {
        question.begin();
    }
    question
}

/// Returns where the objects are fetched that a partial clone left out.
pub(super) fn promised(shipment: &Shipment, environment: &Environment) -> Promised {
    let mut remotes = shipment.promisors.clone();
    let forbidden = environment.text("GIT_NO_LAZY_FETCH");
    if forbidden.is_some_and(is_true) {
        for remote in &mut remotes {
            let reason = Reason::new(
                Code::MissingObjects,
                "GIT_NO_LAZY_FETCH forbids to fetch them",
            );
            remote.access = Err(reason.advise("unset GIT_NO_LAZY_FETCH"));
        }
    }
    let state = environment.state_directory();
    Promised {
        remotes,
        directory: state.unwrap_or_else(env::temp_dir).join("objects"),
    }
}
