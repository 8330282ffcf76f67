//! `Service`: the policy, store and platform of a long-running process, outside of any repository.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::environment::Environment;
use crate::git::credentials::Answers;
use crate::git::program_inheritance;
use crate::net::{NetError, Network, RootFiles};
use crate::pipeline::Hold;
use crate::platform::Platform;
use crate::policy::{Loaded, Policy, PolicyError};
use crate::reason::Reason;
use crate::secrets::KnownSecrets;
use crate::store::LazyStore;

use super::caps::kept_by;
use super::held_secrets::tell_secrets;
use super::{Request, connect, environment_notes, load, platform_client};

/// The policy of the system and the user, and what is made of it. Nothing of it comes from a repository.
#[derive(Debug)]
pub struct Service {
    environment: Environment,
    known: KnownSecrets,
    loaded: Loaded,
    network: Arc<dyn Network>,
}

impl Service {
    /// Reads the policy. Mistakes in a layer are in [`notes`](Self::notes).
    pub fn open(environment: &Environment, known: &KnownSecrets) -> Result<Self, Box<PolicyError>> {
        tell_secrets(environment, known);
        let (loaded, environment) = load::outside(&Request::default(), environment.clone())?;
        if let Some(database) = &loaded.policy.store().platform_schedules {
            known.add_login(None, database.password());
        }
        let answers = Answers::default();
        let policy = &loaded.policy;
        let inheritance = program_inheritance(&environment);
        let network = connect::network(
            &environment,
            &inheritance,
            policy,
            known,
            None,
            &answers,
            None,
        );
        Ok(Self {
            environment,
            known: known.clone(),
            loaded,
            network: Arc::new(network),
        })
    }

    /// Returns the policy.
    pub const fn policy(&self) -> &Policy {
        &self.loaded.policy
    }

    /// Returns the variables and directories, as far as the system's policy lets them count.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the secrets that the process holds.
    pub const fn known(&self) -> &KnownSecrets {
        &self.known
    }

    /// Says whether the policy of the system or the user is broken, so that its content is unknown.
    pub const fn fails_closed(&self) -> bool {
        self.loaded.fail_closed
    }

    /// Says whether the schedules are in the platform's own table, so that the platform fires them.
    pub const fn fires_elsewhere(&self) -> bool {
        self.loaded.policy.store().platform_schedules.is_some()
    }

    /// Returns the notes on the policy and the environment: layers that are left out, keys that are locked.
    pub fn notes(&self) -> Vec<Reason> {
        let mut notes = load::notes(&self.loaded, None);
        notes.extend(environment_notes::notes(&self.environment));
        notes
    }

    /// Returns the store of the state directory, with the policy's caps. Opens nothing.
    pub fn store(&self) -> LazyStore {
        kept_by(&self.loaded.policy, &self.environment)
    }

    /// Returns the files of the certificate authorities that a connection to a host trusts.
    pub fn roots(&self, host: &str) -> Result<RootFiles, NetError> {
        let url = Url::parse(&format!("https://{host}/")).map_err(|_| NetError::Url)?;
        Ok(self.network.settings(&url)?.tls.roots)
    }

    /// Makes a client for one workspace of the platform, or says why there is none. Its agent may take `patience` to answer.
    pub fn platform(&self, workspace: &str, patience: Duration) -> Result<Platform, Hold> {
        platform_client::for_workspace(
            &self.environment,
            &self.loaded.policy,
            &self.known,
            self.network.clone(),
            workspace,
            patience,
        )
    }
}
