//! `Settings`: the policy of the server, its secrets and rules. Read at the start and at SIGHUP.

use std::sync::Arc;

use crate::environment::Environment;
use crate::events::{HookSecrets, Rules, SecretError, Source, mistakes};
use crate::policy::PolicyError;
use crate::reason::Reason;
use crate::secrets::KnownSecrets;
use crate::session::Service;

/// The checked policy of the server.
#[derive(Debug)]
pub struct Settings {
    service: Arc<Service>,
    rules: Rules,
    secrets: Vec<(Source, HookSecrets)>,
}

/// Why the policy cannot be used by a server.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key has a value that cannot be used, or the command line's policy is wrong.
    #[error(transparent)]
    Policy(Box<PolicyError>),
    /// The policy of the system or the user is invalid, so what it says about senders and bots is not known.
    #[error("{}", .0.iter().map(Reason::to_string).collect::<Vec<_>>().join("; "))]
    Broken(Vec<Reason>),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl SettingsError {
    /// Returns what to do about it, where the error does not say.
    pub const fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Policy(_) => None,
            Self::Broken(_) => Some("`sendoff policy check` shows the place"),
            Self::Secret(error) => Some(error.advice()),
        }
    }
}

/// Reads the policy of system and user, and compiles its rules. Fails if it has a mistake.
pub(super) fn read_rules(
    environment: &Environment,
    known: &KnownSecrets,
) -> Result<(Service, Rules), SettingsError> {
    let service = Service::open(environment, known).map_err(SettingsError::Policy)?;
    if service.fails_closed() {
        return Err(SettingsError::Broken(service.notes()));
    }
    let invalid = |error| SettingsError::Policy(Box::new(error));
    if let Some(mistake) = mistakes(service.policy()).into_iter().next() {
        return Err(invalid(mistake));
    }
    let rules = Rules::of(service.policy()).map_err(invalid)?;
    Ok((service, rules))
}

impl Settings {
    /// Reads the policy of system and user, and the secrets that it names.
    pub fn read(environment: &Environment, known: &KnownSecrets) -> Result<Self, SettingsError> {
        let (service, rules) = read_rules(environment, known)?;
        let policy = service.policy();
        let secrets = Source::ALL.into_iter().map(|source| {
            let secrets = HookSecrets::load(source, policy.events(), service.environment())?;
            // The log and responses redact known secrets.
            secrets.iter().for_each(|secret| known.add(secret));
            Ok((source, secrets))
        });
        Ok(Self {
            rules,
            secrets: secrets.collect::<Result<_, SecretError>>()?,
            service: Arc::new(service),
        })
    }

    /// Returns the policy and the environment.
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Returns the rules.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the secrets of a forge.
    pub(super) fn secrets(&self, source: Source) -> HookSecrets {
        let mut all = self.secrets.iter();
        let found = all.find(|(of, _)| *of == source);
        found
            .map(|(_, secrets)| secrets.clone())
            .unwrap_or_default()
    }
}
