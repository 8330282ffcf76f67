//! The platform's client, and how a remote may be reached. Opens no connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::environment::Environment;
use crate::forge::FORGES;
use crate::git::credentials::{Answers, Asking, Login, LoginSource, Netrc, asking_program};
use crate::git::push::{AllowFile, AllowGit, AuthCache, HeadRecord, PushOptions, ServiceCommands};
use crate::git::{GitNetwork, NetworkRules, Remote, Repo, is_false, program_inheritance};
use crate::http::{Client, ClientOptions};
use crate::names::{self, RemoteUrl, Scheme};
use crate::net::{LoopbackProxy, Network, PlainHttp};
use crate::pipeline::Hold;
use crate::platform::{Platform, TokenSource};
use crate::policy::{Forge, LayerKind, Limits, Policy, Trigger};
use crate::process::Inheritance;
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;

use super::Session;

/// The user name that forges take with a token as password.
const TOKEN_USER: &str = "x-access-token";
/// The variable for the origin that the policy names.
pub(super) const OWN_TOKEN: &str = "SENDOFF_TOKEN";

/// Makes the platform's client, or says why there is none.
pub(super) fn platform(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
) -> Result<Platform, Hold> {
    let settings = policy.platform();
    let named = environment.text("PLATFORM_URL").map(reqwest::Url::parse);
    let url = match (&settings.url, named) {
        (Some(url), _) => url.as_url().clone(),
        (None, Some(Ok(url))) => url,
        (None, Some(Err(error))) => {
            return Err(Hold::new(
                Code::BadPlatformUrl,
                format!("PLATFORM_URL is no URL: {error}"),
            )
            .advise("set it to an address such as https://platform.example"));
        }
        (None, None) => return Err(no_platform()),
    };
    let workspace = settings
        .workspace_id
        .as_deref()
        .or_else(|| environment.text("WORKSPACE_ID"));
    let workspace = workspace.ok_or_else(no_platform)?;
    let token = if token_is_bound(policy) {
        let named = settings.token_file.clone();
        let own = || environment.configs_directory().join(".auth_token");
        TokenSource::File(named.unwrap_or_else(own))
    } else {
        TokenSource::None
    };
    let client = client(policy, policy.limits(), known, network);
    Platform::new(client, url, workspace, token)
        .map_err(|error| Hold::new(error.code(), error.to_string()).advise(error.advice()))
}

/// Says whether the platform's token belongs to the platform's address: one that a layer of the policy
/// names goes only to an address that the same layer names, or one that is trusted more.
fn token_is_bound(policy: &Policy) -> bool {
    let rank = |origin: LayerKind| match origin {
        // A key of the command line and a file that it names are the same person's word.
        LayerKind::PolicyFile => LayerKind::Set,
        origin => origin,
    };
    let token = policy.origin_of("platform.token-file").map(rank);
    let url = policy.origin_of("platform.url").map(rank);
    match (token, url) {
        // The environment's own token goes where the environment or the policy says.
        (None, _) => true,
        (Some(token), Some(url)) => url <= token,
        (Some(_), None) => false,
    }
}

/// Says that the token of the policy is not sent, where that is so.
pub(super) fn unbound_token(policy: &Policy) -> Option<Reason> {
    let origin = policy.origin_of("platform.token-file")?;
    let message = format!(
        "the token that platform.token-file ({origin}) names is not sent: the platform's address comes from a place \
         that is trusted less"
    );
    (!token_is_bound(policy)).then(|| {
        Reason::new(Code::PlatformTokenUnbound, message)
            .advise("set `platform.url` beside `platform.token-file`")
    })
}

/// Says that no platform is configured, as the steps do that would talk to it.
pub(super) fn no_platform() -> Hold {
    Hold::new(Code::NoPlatform, "no platform is configured").advise(
        "set PLATFORM_URL and WORKSPACE_ID, or `platform.url` and `platform.workspace-id` in the user's policy",
    )
}

/// Makes the HTTP client of forge and platform.
pub(super) fn client(
    policy: &Policy,
    limits: &Limits,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
) -> Client {
    let timeout = limits.http_timeout.duration();
    Client::new(ClientOptions {
        known: known.clone(),
        network,
        plain_http: plain_http(policy),
        ..ClientOptions::new(timeout)
    })
}

/// Returns where the policy lets plain http go.
pub(super) fn plain_http(policy: &Policy) -> PlainHttp {
    PlainHttp::to(policy.network().allow_http.clone())
}

/// Returns where the proxy and TLS settings of forge and platform come from.
pub(super) fn network(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
    repo: Option<&Repo>,
    answers: &Answers,
    trigger: Option<Trigger>,
) -> GitNetwork {
    let rules = policy.network();
    let inheritance = program_inheritance(environment);
    let asker = Asker {
        environment,
        limit: policy.limits().helper_timeout.duration(),
        is_attended: trigger.is_some_and(|trigger| is_attended(environment, trigger)),
    };
    GitNetwork {
        asking: asker.asking(repo, inheritance.clone()),
        answers: answers.clone(),
        attended: asker.is_attended,
        helper_timeout: Some(asker.limit),
        config: repo.map(Repo::shared_config),
        rules: NetworkRules {
            proxy: rules.proxy.clone(),
            no_proxy: rules.no_proxy.clone(),
            ca_file: rules.ca_file.clone(),
        },
        ..GitNetwork::new(Arc::new(environment.clone()), inheritance, known.clone())
    }
}

/// The same for pushes, whose proxies are git's: for this machine as well.
fn push_network(session: &Session, remote: &Remote) -> GitNetwork {
    let (environment, policy) = (&session.environment, &session.loaded.policy);
    GitNetwork {
        remote: Some(remote.name.clone()),
        loopback: LoopbackProxy::AsConfigured,
        ..network(
            environment,
            policy,
            &session.known,
            session.repo(),
            &session.answers,
            Some(session.trigger),
        )
    }
}

/// Says how the remote may be reached. Nothing in it comes from the repository.
pub(super) fn push_options(session: &Session, target: &Remote) -> PushOptions {
    let remote = &target.url;
    let policy = &session.loaded.policy;
    let environment = &session.environment;
    let inheritance = program_inheritance(environment);
    let asker = Asker {
        environment,
        limit: policy.limits().helper_timeout.duration(),
        is_attended: is_attended(environment, session.trigger),
    };
    let login = login(session, remote);
    let login_source = login.as_ref().map(|(_, source)| source.clone());
    // A server may echo the login that it got.
    session.known.add_login(remote.user(), remote.password());
    let options = PushOptions {
        push_timeout: policy.branch_limits().push_timeout.duration(),
        push_size: policy.branch_limits().push_size.bytes(),
        commits: policy.branch_limits().commits.get(),
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
        login: login.map(|(login, _)| login),
        login_source: login_source.unwrap_or(LoginSource::Caller),
        netrc: netrc(environment, session.repo()),
        asking: asker
            .asking(session.repo(), inheritance.clone())
            .sharing(&session.asked),
        answers: session.answers.clone(),
        helper_timeout: Some(asker.limit),
        attended: asker.is_attended,
        auth_cache: AuthCache::new(session.remote_records().login(remote, session.clock.now())),
        head: HeadRecord::new(session.remote_records().head(remote, session.clock.now())),
        ssh_command: environment.text("GIT_SSH_COMMAND").map(str::to_owned),
        ssh_program: environment.text("GIT_SSH").map(PathBuf::from),
        ssh_variant: environment.text("GIT_SSH_VARIANT").map(str::to_owned),
        inheritance,
        network: Arc::new(push_network(session, target)),
        known: session.known.clone(),
        ..PushOptions::default()
    };
    let config = session.repo().map(Repo::config);
    let options = options.with_git_rules(environment, config, remote);
    match config {
        Some(config) => PushOptions {
            services: ServiceCommands::of_remote(config, &target.name),
            ..options.with_config(config, remote)
        },
        None => options,
    }
}

/// Returns the login of a variable that is for the remote's host.
pub(super) fn login(session: &Session, remote: &RemoteUrl) -> Option<(Login, LoginSource)> {
    if !matches!(remote.scheme(), Scheme::Https | Scheme::Http) {
        return None;
    }
    let settings = session.loaded.policy.forge();
    let (password, variable) = token_of_variable(&session.environment, settings, remote)?;
    let login = Login {
        user: TOKEN_USER.into(),
        password,
    };
    Some((login, LoginSource::Variable(variable)))
}

/// Returns the token of a variable that goes to the remote as a login: the remote is at the origin that the variable
/// is for.
fn token_of_variable(
    environment: &Environment,
    settings: &Forge,
    remote: &RemoteUrl,
) -> Option<(SecretString, &'static str)> {
    let origin = remote.origin()?;
    if settings.is_git_server(&origin) {
        return Some((environment.secret(OWN_TOKEN)?, OWN_TOKEN));
    }
    let is_its = |host: &str| names::Origin::https(host) == origin;
    variables_at(origin.host())
        .filter(|_| is_its(origin.host()))
        .find_map(|variable| Some((environment.secret(variable)?, variable)))
}

/// Returns the token of a variable for the API of the remote's forge, where the policy names no API.
pub(super) fn api_token(
    environment: &Environment,
    remote: &RemoteUrl,
) -> Option<(SecretString, &'static str)> {
    variables_for(remote).find_map(|variable| Some((environment.secret(variable)?, variable)))
}

/// Returns the variables that are for the remote's host, whatever the scheme.
pub(super) fn variables_for(remote: &RemoteUrl) -> impl Iterator<Item = &'static str> + use<> {
    let host = remote.host().unwrap_or_default().to_ascii_lowercase();
    variables_at(host.strip_prefix("ssh.").unwrap_or(&host))
}

/// Returns the variables that are for a host.
fn variables_at(host: &str) -> impl Iterator<Item = &'static str> + use<> {
    let variables = FORGES.iter().flat_map(|def| def.token_variables);
    let host = host.to_owned();
    variables
        .filter(move |(_, its_host)| is_host(its_host, &host))
        .map(|(variable, _)| *variable)
}

/// Compares with a host, or with `*.host`, which stands for each one directly below.
fn is_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => {
            let label = host
                .strip_suffix(above)
                .and_then(|label| label.strip_suffix('.'));
            label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        None => host == pattern,
    }
}

/// Returns the file of logins by host: `NETRC`, else `~/.netrc`.
pub(super) fn netrc(environment: &Environment, repo: Option<&Repo>) -> Option<Netrc> {
    let usual = || Some(environment.home()?.join(".netrc"));
    let named = environment.path_as_written("NETRC");
    named
        .map(|path| match repo {
            Some(repo) => repo.config().relative(&path),
            None => environment.cwd().join(path),
        })
        .or_else(usual)
        .map(Netrc::new)
}

/// Says whether a person sits there who asked for the run and can be asked.
fn is_attended(environment: &Environment, trigger: Trigger) -> bool {
    trigger == Trigger::Manual && environment.is_terminal()
}

/// What decides who is asked for a login that nobody keeps.
struct Asker<'a> {
    environment: &'a Environment,
    limit: Duration,
    is_attended: bool,
}

impl Asker<'_> {
    /// Says who is asked: the program that git would run, and by hand the terminal.
    fn asking(&self, repo: Option<&Repo>, inheritance: Inheritance) -> Asking {
        let environment = self.environment;
        let program = asking_program(environment, repo.map(Repo::config));
        let asking = Asking::new(inheritance, self.limit).by_program(program);
        let prompt = environment.text("GIT_TERMINAL_PROMPT");
        let refused = prompt.is_some_and(is_false);
        if self.is_attended && !refused {
            asking.at_terminal()
        } else {
            asking
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ServerUrl;

    fn variable(api: Option<&str>, url: &str) -> Option<&'static str> {
        let pairs = [("GH_TOKEN", "g"), ("SENDOFF_TOKEN", "s")];
        let environment = Environment::from_pairs("/", pairs);
        let settings = Forge {
            api_url: api.map(|api| ServerUrl::try_from(api.to_owned()).unwrap()),
            ..Forge::default()
        };
        let remote = RemoteUrl::parse(url).unwrap();
        token_of_variable(&environment, &settings, &remote).map(|(_, variable)| variable)
    }

    #[test]
    fn each_variable_is_for_its_own_host() {
        let own = Some("https://ghe.example/api/v3");
        for (api, url, wanted) in [
            (None, "https://github.com/o/r", Some("GH_TOKEN")),
            (None, "https://acme.ghe.com/o/r", Some("GH_TOKEN")),
            (None, "https://a.b.ghe.com/o/r", None),
            (None, "https://evilghe.com/o/r", None),
            (None, "https://ghe.example/o/r", None),
            (None, "https://github.com:8443/o/r", None),
            (None, "http://github.com/o/r", None),
            (own, "https://ghe.example/o/r", Some("SENDOFF_TOKEN")),
            (own, "https://github.com/o/r", Some("GH_TOKEN")),
            (own, "https://other.example/o/r", None),
            (own, "https://ghe.example:8443/o/r", None),
        ] {
            assert_eq!(variable(api, url), wanted, "{api:?} {url}");
        }
    }
}
