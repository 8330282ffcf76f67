//! `ForgeConnector`: which forge a shipment goes to, and with which token.

use std::time::Duration;

use secrecy::SecretString;

use crate::environment::Environment;
use crate::forge::{Connection, FORGES, ForgeDef, ForgeError};
use crate::git::credentials::{Answers, CredentialError, Helpers, Login, LoginSource, Sources};
use crate::git::push::PushOptions;
use crate::git::{Remote, Repo};
use crate::http::Client;
use crate::names::{Origin, RemoteUrl, RepositoryName, Scheme};
use crate::pipeline::{Hold, Shipment, StepError, interruptible};
use crate::policy::{Forge, ForgeKind};
use crate::process::Inheritance;
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;

use super::connect::client;
use super::forge_tokens::ForgeWithTokens;
use super::logins::{OWN_TOKEN, api_token, netrc, variables_for};
use super::{Session, identity, remote_guards};

/// The parameters of a connection to the forge of a shipment. Owns them, so that the connection can be made later.
#[derive(Debug, Clone)]
pub(super) struct ForgeConnector {
    client: Client,
    settings: Forge,
    /// The remote's URL; after `identified`, with the forge's main host name.
    remote: RemoteUrl,
    /// The repository that the pull request goes to.
    repository: RepositoryName,
    /// Why the shipment goes to no forge.
    refused: Option<Hold>,
    environment: Environment,
    repo: Option<Repo>,
    inheritance: Inheritance,
    helper_timeout: Duration,
    known: KnownSecrets,
    answers: Answers,
}

impl ForgeConnector {
    /// Collects the parameters without a request or a child process.
    pub(super) fn of(session: &Session, shipment: &Shipment) -> Self {
        let connector = Self::to(session, &shipment.remote, &shipment.push_options);
        Self {
            repository: shipment
                .base_repository()
                .map_or_else(|| shipment.repository.clone(), |base| base.name.clone()),
            refused: shipment.target.as_ref().err().cloned(),
            ..connector
        }
    }

    /// Collects the parameters for a remote, without a shipment.
    pub(super) fn to(session: &Session, remote: &Remote, options: &PushOptions) -> Self {
        let policy = &session.loaded.policy;
        Self {
            client: client(
                policy,
                policy.branch_limits(),
                &session.known,
                session.network.clone(),
            ),
            settings: policy.forge().clone(),
            remote: remote.url.clone(),
            repository: remote_guards::repository(remote),
            refused: None,
            environment: session.environment.clone(),
            repo: session.repo().cloned(),
            inheritance: options.inheritance.clone(),
            helper_timeout: policy.limits().helper_timeout.duration(),
            known: session.known.clone(),
            answers: session.answers.clone(),
        }
    }

    /// Connects to the forge, or says why there is none. May ask a credential helper.
    pub(super) async fn connect(self) -> Result<Box<dyn crate::forge::Forge>, Hold> {
        let failed = |error: StepError| Hold::from(error.reason);
        let connector = interruptible(move |_| self.identified()).await;
        let connector = connector.map_err(failed)?;
        let def = connector.forge()?;
        let mut sources = connector.sources(def)?;
        let asked = interruptible(move |_| {
            let found = first(&mut sources);
            (found, sources)
        });
        let (found, sources) = asked.await.map_err(failed)?;
        let (token, source) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return Err(connector.no_token(def)),
            Err(error) => {
                let reason = Reason::of(Code::NoToken, &error);
                return Err(Hold::from(reason)
                    .advise("check `credential.helper` in your git configuration"));
            }
        };
        let forge = connector.connect_with(def, token).map_err(held)?;
        let connect = move |token| connector.connect_with(def, token);
        let forge = ForgeWithTokens::new(Box::new(connect), forge, source, sources);
        Ok(Box::new(forge))
    }

    /// Returns why there is no forge, as far as that is known without asking a program or a server: a credential
    /// helper can still turn out to have no token.
    pub(super) fn hold(self) -> Option<Hold> {
        let connector = self.identified();
        let def = match connector.forge() {
            Ok(def) => def,
            Err(hold) => return Some(hold),
        };
        let mut sources = match connector.sources(def) {
            Ok(sources) => sources,
            Err(hold) => return Some(hold),
        };
        match sources.known().and_then(|found| found.token()) {
            Some(token) => connector.connect_with(def, token).err().map(held),
            None if sources.may_know() => None,
            None => Some(connector.no_token(def)),
        }
    }

    /// Replaces the host of the remote's URL by the forge's main host name. May ask ssh for its configuration.
    fn identified(self) -> Self {
        let api = self.settings.api_url.as_ref();
        let known = api.and_then(|api| api.as_url().host_str());
        Self {
            remote: identity::of(&self.remote, known, &self.environment),
            ..self
        }
    }

    /// Finds the forge, and checks that the remote names a repository there.
    fn forge(&self) -> Result<&'static ForgeDef, Hold> {
        if let Some(hold) = &self.refused {
            return Err(hold.clone());
        }
        let def = forge_of(&self.settings, &self.remote)?;
        if self.repository.owner.is_empty() {
            let sentence = format!("{} does not name an owner and a repository", self.remote);
            return Err(Hold::new(Code::NoForge, sentence));
        }
        Ok(def)
    }

    fn connect_with(
        &self,
        def: &ForgeDef,
        token: SecretString,
    ) -> Result<Box<dyn crate::forge::Forge>, ForgeError> {
        (def.connect)(Connection {
            client: self.client.clone(),
            api_url: self.api_url(def),
            remote: self.remote.clone(),
            repository: self.repository.clone(),
            token,
        })
    }

    /// Returns the API that the policy names, unless the remote is at a well-known forge on another host. An API on
    /// this machine can stand for any forge.
    fn api_url(&self, def: &ForgeDef) -> Option<url::Url> {
        let url = self.settings.api_url.as_ref()?.as_url();
        let host = self.remote.host().unwrap_or_default();
        let is_local = Origin::of(url).is_some_and(|origin| origin.is_loopback());
        let is_elsewhere =
            (def.recognises)(&self.remote) && !self.settings.has_remotes_at(host) && !is_local;
        (!is_elsewhere).then(|| url.clone())
    }

    /// Returns the tokens for the forge, in the order of those for the push.
    fn sources(&self, def: &ForgeDef) -> Result<Sources, Hold> {
        let web = self.web_origin(def).ok_or_else(|| self.no_token(def))?;
        // A login in the remote's URL is for its own origin.
        let origin = self.remote.origin();
        let is_web = origin.is_some() && origin == Origin::of(&web);
        let user = self.remote.user().filter(|_| is_web);
        let password = self.remote.password().filter(|_| is_web);
        let variable = self.token_of_variable(def);
        let variable = variable.map(|(password, name)| {
            let login = Login {
                user: String::new(),
                password,
            };
            (login, LoginSource::Variable(name))
        });
        Ok(Sources::new(web.clone(), user, password)
            .given(variable)
            .helpers(self.helpers(&web))
            .netrc(netrc(&self.environment, self.repo.as_ref())))
    }

    /// Returns the token of the variable for the API. An API that the policy names has a variable of its own. Over
    /// ssh any host can be an alias of the forge's.
    fn token_of_variable(&self, def: &ForgeDef) -> Option<(SecretString, &'static str)> {
        if self.api_url(def).is_none() {
            return api_token(&self.environment, &self.remote);
        }
        let host = self.remote.host()?;
        let is_its = self.settings.has_remotes_at(host) || self.remote.scheme() == Scheme::Ssh;
        let token = self.environment.secret(OWN_TOKEN).filter(|_| is_its)?;
        Some((token, OWN_TOKEN))
    }

    /// Returns the user's credential helpers for the forge's web host.
    fn helpers(&self, web: &url::Url) -> Helpers {
        let place = RemoteUrl::parse(web.as_str()).ok();
        let config = self.repo.as_ref().map(Repo::config);
        let helpers = match (place, config) {
            (Some(place), Some(config)) => {
                Helpers::from_config(config, &place, self.inheritance.clone())
            }
            _ => Helpers::default(),
        };
        helpers
            .remembering(&self.known)
            .sharing(&self.answers)
            .deadline(self.helper_timeout)
    }

    fn no_token(&self, def: &ForgeDef) -> Hold {
        let variables = match self.api_url(def) {
            Some(_) => vec![OWN_TOKEN],
            None => variables_for(&self.remote).collect(),
        };
        let connector = if variables.is_empty() {
            let host = self.remote.host().unwrap_or("its host");
            format!(
                "set SENDOFF_TOKEN, and `forge.api-url` in your own policy to the API of {host}"
            )
        } else {
            format!("set {}", variables.join(" or "))
        };
        Hold::new(Code::NoToken, "there is no token for the forge").advise(format!(
            "{connector}, or configure a git credential helper for its host"
        ))
    }

    /// Returns the address whose password the helpers keep: the web host, not the API's.
    fn web_origin(&self, def: &ForgeDef) -> Option<url::Url> {
        let named = self.api_url(def);
        let mut web = named.or_else(|| (def.api_url)(&self.remote))?;
        let host = web.host_str()?.to_owned();
        web.set_host(Some(host.strip_prefix("api.").unwrap_or(&host)))
            .ok()?;
        web.set_path("/");
        // Over http a token is sent to this machine only.
        let origin = Origin::of(&web)?;
        (origin.is_https() || origin.is_loopback()).then_some(web)
    }
}

/// Returns the first login that can be a token, and where it comes from.
fn first(sources: &mut Sources) -> Result<Option<(SecretString, LoginSource)>, CredentialError> {
    while let Some(found) = sources.kept()? {
        if let Some(token) = found.token() {
            return Ok(Some((token, found.source)));
        }
    }
    Ok(None)
}

fn held(error: ForgeError) -> Hold {
    Hold::from(error.reason)
}

/// Connects, when there is something to open a pull request for.
pub(super) async fn forge(
    connector: Option<ForgeConnector>,
) -> Result<Box<dyn crate::forge::Forge>, Hold> {
    match connector {
        Some(connector) => connector.connect().await,
        None => Err(Hold::new(
            Code::NothingToShip,
            "there is nothing to open a pull request for",
        )),
    }
}

/// Finds the kind of forge: the policy's, else by the remote's host.
fn forge_of(settings: &Forge, remote: &RemoteUrl) -> Result<&'static ForgeDef, Hold> {
    let named = match settings.kind {
        ForgeKind::Auto => None,
        ForgeKind::Github => Some("github"),
    };
    let found = FORGES.iter().find(|def| match named {
        Some(name) => def.name == name,
        None => (def.recognises)(remote),
    });
    found.ok_or_else(|| {
        let host = remote.host().unwrap_or("a path");
        Hold::new(Code::NoForge, format!("no forge is known for {host}"))
            .advise("set `forge.kind` and `forge.api-url` in the user's policy")
    })
}
