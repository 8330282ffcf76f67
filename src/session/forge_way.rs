//! `ForgeWay`: which forge a shipment goes to, and with which token.

use secrecy::{ExposeSecret, SecretString};

use crate::forge::{Connection, FORGES, ForgeDef};
use crate::git::Repo;
use crate::git::credentials::Helpers;
use crate::http::Client;
use crate::names::{Origin, RemoteUrl, RepositoryName};
use crate::pipeline::{Hold, Shipment, interruptible};
use crate::policy::{Forge, ForgeKind};
use crate::process::Inheritance;
use crate::reason::Code;
use crate::secrets::KnownSecrets;

use super::Session;
use super::connect::{api_token, client};

/// What it takes to connect to the forge of a shipment. Owns it all, so that it can be used late.
#[derive(Debug, Clone)]
pub(super) struct ForgeWay {
    client: Client,
    settings: Forge,
    remote: RemoteUrl,
    repository: RepositoryName,
    token: Option<SecretString>,
    repo: Option<Repo>,
    inheritance: Inheritance,
    known: KnownSecrets,
}

impl ForgeWay {
    /// Collects it. Asks nobody.
    pub(super) fn of(session: &Session, shipment: &Shipment) -> Self {
        let policy = &session.loaded.policy;
        Self {
            client: client(policy.branch_limits(), &session.known),
            settings: policy.forge().clone(),
            remote: shipment.remote.url.clone(),
            repository: shipment.repository.clone(),
            token: api_token(session, &shipment.remote.url),
            repo: session.repo().cloned(),
            inheritance: shipment.push_options.inheritance.clone(),
            known: session.known.clone(),
        }
    }

    /// Connects to the forge, or says why there is none. May ask a credential helper.
    pub(super) async fn connect(self) -> Result<Box<dyn crate::forge::Forge>, Hold> {
        let def = self.forge()?;
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.token_of_helpers(def).await?,
        };
        self.connect_with(def, token)
    }

    /// Says why there is no forge, as far as that can be told without asking anybody. A credential
    /// helper may still have no token.
    pub(super) fn hold(self) -> Option<Hold> {
        let def = match self.forge() {
            Ok(def) => def,
            Err(hold) => return Some(hold),
        };
        match self.token.clone() {
            Some(token) => self.connect_with(def, token).err(),
            None => self.helpers(def).err(),
        }
    }

    /// Finds the forge, and checks that the remote names a repository there.
    fn forge(&self) -> Result<&'static ForgeDef, Hold> {
        let def = forge_of(&self.settings, &self.remote)?;
        if self.repository.owner.is_empty() {
            let sentence = format!("{} does not name an owner and a repository", self.remote);
            return Err(Hold::new(Code::NoForge, sentence));
        }
        Ok(def)
    }

    fn connect_with(
        self,
        def: &ForgeDef,
        token: SecretString,
    ) -> Result<Box<dyn crate::forge::Forge>, Hold> {
        let connection = Connection {
            client: self.client,
            api_url: self.settings.api_url.map(|url| url.as_url().clone()),
            remote: self.remote,
            repository: self.repository,
            token,
        };
        (def.connect)(connection).map_err(|error| error.reason.into())
    }

    /// Asks the user's credential helpers for the forge's web host, as git would.
    async fn token_of_helpers(&self, def: &ForgeDef) -> Result<SecretString, Hold> {
        let (helpers, web) = self.helpers(def)?;
        match interruptible(move |_| helpers.get(&web, None)).await {
            Ok(Ok(Some(login))) if !login.password.expose_secret().is_empty() => Ok(login.password),
            Ok(Ok(_)) => Err(self.no_token(def)),
            Ok(Err(error)) => Err(Hold::new(
                Code::NoToken,
                format!("the credential helper failed: {error}"),
            )),
            Err(error) => Err(Hold::new(Code::NoToken, error.to_string())),
        }
    }

    /// Returns the helpers, and the address that they are asked for; a hold when there are none.
    fn helpers(&self, def: &ForgeDef) -> Result<(Helpers, reqwest::Url), Hold> {
        let absent = || self.no_token(def);
        let web = self.web_origin(def).ok_or_else(absent)?;
        let place = RemoteUrl::parse(web.as_str()).map_err(|_| absent())?;
        let config = self.repo.as_ref().ok_or_else(absent)?.config();
        let helpers = Helpers::from_config(config, &place, self.inheritance.clone());
        if !helpers.is_configured() {
            return Err(absent());
        }
        Ok((helpers.remembering(&self.known), web))
    }

    fn no_token(&self, def: &ForgeDef) -> Hold {
        let variables: Vec<&str> = def.token_variables.iter().map(|(name, _)| *name).collect();
        let wanted = match &self.settings.api_url {
            Some(_) => "SENDOFF_TOKEN".to_owned(),
            None => variables.join(" or "),
        };
        Hold::new(Code::NoToken, "there is no token for the forge").advise(format!(
            "set {wanted}, or configure a git credential helper for its host"
        ))
    }

    /// Returns the address whose password the helpers keep: the web host, not the API's.
    fn web_origin(&self, def: &ForgeDef) -> Option<reqwest::Url> {
        let named = self
            .settings
            .api_url
            .as_ref()
            .map(|url| url.as_url().clone());
        let mut web = named.or_else(|| (def.api_url)(&self.remote))?;
        let host = web.host_str()?.to_owned();
        web.set_host(Some(host.strip_prefix("api.").unwrap_or(&host)))
            .ok()?;
        web.set_path("/");
        // A token that would go over http stays on this machine.
        let origin = Origin::of(&web)?;
        (origin.is_https() || origin.is_loopback()).then_some(web)
    }
}

/// Connects, when there is something to open a pull request for.
pub(super) async fn forge(way: Option<ForgeWay>) -> Result<Box<dyn crate::forge::Forge>, Hold> {
    match way {
        Some(way) => way.connect().await,
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
