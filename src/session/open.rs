//! Opening a session: environment, repository and policy, and what is to be noted about them.

use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::environment::Environment;
use crate::git::credentials::{Answers, Asked};
use crate::git::{LocalConfigTrust, Repo, program_inheritance};
use crate::net::Network;
use crate::pipeline::{Hold, PolicyBase};
use crate::policy::{Loaded, LocalConfig, Policy, PolicyError};
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;

use super::caps::kept_by;
use super::held_secrets::{tell_configured_secrets, tell_secrets};
use super::load::RepositoryChoice;
use super::{Request, Session, Watch, connect, environment_notes, load, platform_client, trusted};

/// The repository, where there is one, or why it cannot be used.
type FoundRepo = Result<Option<Repo>, Hold>;

impl Session {
    /// Opens the repository and loads the policy. Only an error in what the command line names ends it here. A bad
    /// file elsewhere is reported, and holds what it could have forbidden.
    ///
    /// `watch` covers all of it: the policy outside of the repository is read first, for its deadline.
    pub fn open(
        request: Request,
        environment: Environment,
        watch: Watch,
    ) -> Result<Self, Box<PolicyError>> {
        tell_secrets(&environment, &request.known);
        let (loaded, environment) = load::outside(&request, environment)?;
        let place = RepositoryChoice::of(&request, &environment);
        watch.limit(loaded.policy.limits().deadline.duration());
        let (repo, loaded) = opened(loaded, &place, &environment)?;
        let found = repo.as_ref().ok().and_then(Option::as_ref);
        tell_configured_secrets(found, &loaded.policy, &environment, &request.known);
        let answers = Answers::default();
        let inheritance = program_inheritance(&environment);
        let (policy, known) = (&loaded.policy, &request.known);
        let network: Arc<dyn Network> = Arc::new(connect::network(
            &environment,
            &inheritance,
            policy,
            known,
            found,
            &answers,
            Some(request.trigger),
        ));
        let mut notes = request.notes;
        notes.extend(load::notes(&loaded, found));
        notes.extend(notes_on_environment(&environment, policy, known, &network));
        let store = request
            .store
            .unwrap_or_else(|| kept_by(policy, &environment));
        Ok(Self {
            store,
            undo: None,
            environment,
            inheritance,
            clock: Clock::System,
            trigger: request.trigger,
            watch: Arc::new(watch),
            known: request.known,
            network,
            task: request.task,
            task_kept: request.task_kept,
            branch: request.branch,
            branch_turn: request.branch_turn,
            makes_up_for: request.makes_up_for,
            place,
            repo,
            loaded,
            without_base: None,
            single: None,
            policy_base: PolicyBase::default(),
            first_look: Mutex::default(),
            notes,
            receipts: request.receipts,
            answers,
            asked: Asked::default(),
        })
    }
}

/// Opens the repository, and reads the policy inside of it.
fn opened(
    loaded: Loaded,
    place: &RepositoryChoice,
    environment: &Environment,
) -> Result<(FoundRepo, Loaded), Box<PolicyError>> {
    let repo = load::discover(place, environment, LocalConfigTrust::Ignore);
    let found = repo.as_ref().ok().and_then(Option::as_ref);
    let loaded = load::inside(loaded, found, environment)?;
    let trusts = loaded.policy.git().local_config == LocalConfig::Trust;
    let repo = with_own_config(repo, place, environment, trusts);
    Ok((repo, loaded))
}

/// Opens a repository again with its own git configuration, where the policy or the user trusts that.
fn with_own_config(
    repo: FoundRepo,
    place: &RepositoryChoice,
    environment: &Environment,
    is_trusted: bool,
) -> FoundRepo {
    if is_trusted {
        return load::discover(place, environment, LocalConfigTrust::Trust);
    }
    let found = repo.as_ref().ok().and_then(Option::as_ref);
    let trusted = found.and_then(|found| {
        trusted::with_trusted_config(found, environment, |trust| {
            load::discover(place, environment, trust).ok().flatten()
        })
    });
    trusted.map_or(repo, |trusted| Ok(Some(trusted)))
}

/// Returns the notes on what the environment names: variables and directories that do not count, and the platform, where it
/// cannot be used or its token belongs to no address.
fn notes_on_environment(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
    network: &Arc<dyn Network>,
) -> Vec<Reason> {
    let platform = platform_client::platform(environment, policy, known, Arc::clone(network));
    let platform = match platform {
        Ok(_) => platform_client::unbound_token(policy),
        Err(hold) if hold.reason.code == Code::NoPlatform => None,
        Err(hold) => Some(hold.reason),
    };
    let mut notes = Vec::new();
    notes.extend(environment_notes::notes(environment));
    notes.extend(platform);
    notes
}
