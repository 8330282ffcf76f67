//! Clients and credentials: what a run may talk to, and with which token. Opens no connection.

use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;
use crate::forge::{Connection, FORGES, ForgeDef};
use crate::git::Repo;
use crate::git::credentials::{Helpers, Login};
use crate::git::push::{AllowFile, AllowGit, LoginHabit, PushOptions};
use crate::http::{Client, ClientOptions};
use crate::names::{Origin, RemoteUrl, RepositoryName, Scheme};
use crate::net::PlainHttp;
use crate::pipeline::{Hold, Shipment, interruptible};
use crate::platform::{Platform, TokenSource};
use crate::policy::{Forge, ForgeKind, Policy, Trigger};
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;

use super::Session;

/// The user name that forges take with a token as password.
const TOKEN_USER: &str = "x-access-token";
/// The reason for having no platform that is a fact and no mistake.
pub(super) const NO_PLATFORM: &str = "no-platform";

/// Makes the platform's client, or says why there is none.
pub(super) fn platform(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
) -> Result<Platform, Hold> {
    let settings = policy.platform();
    let absent = || {
        Hold::new(NO_PLATFORM, "no platform is configured").advise(
            "set PLATFORM_URL and WORKSPACE_ID, or `platform.url` and `platform.workspace-id` in the user's policy",
        )
    };
    let named = environment.text("PLATFORM_URL").map(reqwest::Url::parse);
    let url = match (&settings.url, named) {
        (Some(url), _) => url.as_url().clone(),
        (None, Some(Ok(url))) => url,
        (None, Some(Err(error))) => {
            return Err(Hold::new(
                "bad-platform-url",
                format!("PLATFORM_URL is no URL: {error}"),
            )
            .advise("set it to an address such as https://platform.example"));
        }
        (None, None) => return Err(absent()),
    };
    let workspace = settings
        .workspace_id
        .as_deref()
        .or_else(|| environment.text("WORKSPACE_ID"));
    let workspace = workspace.ok_or_else(absent)?;
    let token = settings
        .token_file
        .clone()
        .unwrap_or_else(|| environment.configs_directory().join(".auth_token"));
    let client = client(policy, known);
    Platform::new(client, url, workspace, TokenSource::File(token)).map_err(|error| {
        let hold = Hold::new(error.code(), error.to_string());
        Hold {
            advice: Some(error.advice().into()),
            ..hold
        }
    })
}

/// Makes the HTTP client of forge and platform.
fn client(policy: &Policy, known: &KnownSecrets) -> Client {
    let timeout = policy.limits().http_timeout.duration();
    Client::new(ClientOptions {
        known: known.clone(),
        ..ClientOptions::new(timeout)
    })
}

/// Says how the remote may be reached. Nothing in it comes from the repository.
pub(super) fn push_options(session: &Session, remote: &RemoteUrl) -> PushOptions {
    let policy = &session.loaded.policy;
    let environment = &session.environment;
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    // A server may echo the login that it got.
    session.known.add_login(remote.user(), remote.password());
    let options = PushOptions {
        push_timeout: policy.limits().push_timeout.duration(),
        push_size: policy.limits().push_size.bytes(),
        allow_file: if policy.remotes().allow_file {
            AllowFile::Yes
        } else {
            AllowFile::No
        },
        // The guard lets git:// through only when the policy lists it.
        allow_git: if policy.remotes().lists(remote) {
            AllowGit::Yes
        } else {
            AllowGit::No
        },
        // The guard has checked an unencrypted remote against the list, by its whole URL.
        plain_http: PlainHttp::to(remote.host().map(str::to_owned)),
        login: login(session, remote),
        login_habit: LoginHabit::new(session.remote_records().login(remote)),
        ssh_command: ssh_command(session),
        inheritance,
        known: session.known.clone(),
        ..PushOptions::default()
    };
    match session.repo() {
        Some(repo) => options.with_config(repo.config(), remote),
        None => options,
    }
}

/// Returns the ssh command of the environment. Under a hook or an agent it is somebody else's.
fn ssh_command(session: &Session) -> Option<String> {
    let from_person = session.trigger == Trigger::Manual;
    let command = session
        .environment
        .text("GIT_SSH_COMMAND")
        .filter(|_| from_person)?;
    Some(command.to_owned())
}

/// Returns the login to fall back on: the forge's token, when the remote is on the host that the
/// token is for. The helpers that the user configured are asked first.
pub(super) fn login(session: &Session, remote: &RemoteUrl) -> Option<Login> {
    if !matches!(remote.scheme(), Scheme::Https | Scheme::Http) || remote.password().is_some() {
        return None;
    }
    let token = token_of_variable(session, remote)?;
    Some(Login {
        user: TOKEN_USER.into(),
        password: token,
    })
}

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
            client: client(policy, &session.known),
            settings: policy.forge().clone(),
            remote: shipment.remote.url.clone(),
            repository: shipment.repository.clone(),
            token: token_of_variable(session, &shipment.remote.url),
            repo: session.repo().cloned(),
            inheritance: shipment.push_options.inheritance.clone(),
            known: session.known.clone(),
        }
    }

    /// Connects to the forge, or says why there is none. May ask a credential helper.
    pub(super) async fn connect(self) -> Result<Box<dyn crate::forge::Forge>, Hold> {
        let def = forge_of(&self.settings, &self.remote)?;
        if self.repository.owner.is_empty() {
            let sentence = format!("{} does not name an owner and a repository", self.remote);
            return Err(Hold::new("no-forge", sentence));
        }
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.token_of_helpers(def).await?,
        };
        let connection = Connection {
            client: self.client,
            api_url: self.settings.api_url.map(|url| url.as_url().clone()),
            remote: self.remote,
            repository: self.repository,
            token,
        };
        (def.connect)(connection).map_err(|error| {
            let hold = Hold::new(error.code(), error.to_string());
            Hold {
                advice: error.advice,
                ..hold
            }
        })
    }

    /// Asks the user's credential helpers for the forge's web host, as git would.
    async fn token_of_helpers(&self, def: &ForgeDef) -> Result<SecretString, Hold> {
        let absent = || {
            let variables: Vec<&str> = def.token_variables.iter().map(|(name, _)| *name).collect();
            let wanted = match &self.settings.api_url {
                Some(_) => "SENDOFF_TOKEN".to_owned(),
                None => variables.join(" or "),
            };
            Hold::new("no-token", "there is no token for the forge").advise(format!(
                "set {wanted}, or configure a git credential helper for its host"
            ))
        };
        let web = self.web_origin(def).ok_or_else(absent)?;
        let place = RemoteUrl::parse(web.as_str()).map_err(|_| absent())?;
        let config = self.repo.as_ref().ok_or_else(absent)?.config();
        let helpers =
            Helpers::from_config(config, &place, self.inheritance.clone()).remembering(&self.known);
        match interruptible(move |_| helpers.get(&web, None)).await {
            Ok(Ok(Some(login))) if !login.password.expose_secret().is_empty() => Ok(login.password),
            Ok(Ok(_)) => Err(absent()),
            Ok(Err(error)) => Err(Hold::new(
                "no-token",
                format!("the credential helper failed: {error}"),
            )),
            Err(error) => Err(Hold::new("no-token", error.to_string())),
        }
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
            "nothing-to-ship",
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
        Hold::new("no-forge", format!("no forge is known for {host}"))
            .advise("set `forge.kind` and `forge.api-url` in the user's policy")
    })
}

/// Returns the token of a variable, when the remote's forge is the one that the variable is for.
fn token_of_variable(session: &Session, remote: &RemoteUrl) -> Option<SecretString> {
    let host = remote.host()?;
    if let Some(api) = &session.loaded.policy.forge().api_url {
        let api_host = api.as_url().host_str().unwrap_or_default();
        let is_its_host = host.eq_ignore_ascii_case(api_host)
            || api_host
                .strip_prefix("api.")
                .is_some_and(|git| host.eq_ignore_ascii_case(git));
        return session
            .environment
            .secret("SENDOFF_TOKEN")
            .filter(|_| is_its_host);
    }
    let host = host.strip_prefix("ssh.").unwrap_or(host);
    let variables = FORGES.iter().flat_map(|def| def.token_variables);
    variables
        .filter(|(_, its_host)| host.eq_ignore_ascii_case(its_host))
        .find_map(|(variable, _)| session.environment.secret(variable))
}
